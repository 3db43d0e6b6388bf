from __future__ import annotations

import pickle

import pytest

from dagster._config.env_var import EnvVar, IntEnvVar, holds_env_var


def test_it_reads_the_variable_when_asked(monkeypatch):
    monkeypatch.setenv("DAGWERK_A", "text")
    assert EnvVar("DAGWERK_A").get_value() == "text"
    assert EnvVar("DAGWERK_NONE").get_value() is None
    assert EnvVar("DAGWERK_NONE").get_value("else") == "else"
    monkeypatch.setenv("DAGWERK_A", "42")
    assert EnvVar.int("DAGWERK_A").get_value() == 42
    assert EnvVar.int("DAGWERK_NONE").get_value() is None
    assert EnvVar.int("DAGWERK_NONE").get_value(7) == 7


def test_a_variable_that_is_no_number_is_named(monkeypatch):
    monkeypatch.setenv("DAGWERK_A", "many")
    with pytest.raises(ValueError, match='"DAGWERK_A" cannot be used: expected a whole number'):
        EnvVar.int("DAGWERK_A").get_value()


@pytest.mark.parametrize("use", [str, lambda v: f"{v}", "{}".format])
def test_its_text_is_refused_with_what_to_do(use):
    with pytest.raises(RuntimeError, match=r'variable EnvVar\("X"\).*call `get_value`'):
        use(EnvVar("X"))
    with pytest.raises(RuntimeError, match=r'variable EnvVar\.int\("X"\)'):
        use(EnvVar.int("X"))


def test_its_number_is_refused():
    with pytest.raises(RuntimeError, match="Attempted to directly retrieve"):
        int(EnvVar.int("X"))


def test_it_is_equal_by_name_and_pickles():
    assert EnvVar("X") == EnvVar("X")
    assert EnvVar.int("X") == IntEnvVar.create("X") != EnvVar.int("Y")
    assert len({EnvVar.int("X"), EnvVar.int("X")}) == 1
    assert bool(EnvVar.int("X"))
    copy = pickle.loads(pickle.dumps([EnvVar("X"), EnvVar.int("Y")]))
    assert [type(item) for item in copy] == [EnvVar, IntEnvVar]
    assert [item.env_var_name for item in copy] == ["X", "Y"]


def test_it_is_found_inside_lists_and_dicts():
    assert holds_env_var({"a": [{"b": (EnvVar("X"),)}]})
    assert holds_env_var(EnvVar.int("X"))
    assert not holds_env_var({"a": ["X", 3, None]})
