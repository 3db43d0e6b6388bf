from __future__ import annotations

from pathlib import Path

import pytest

from dagster._core.errors import DagsterHomeNotSetError, DagsterInvariantViolationError
from dagster._core.instance.instance import DagsterInstance


def test_without_dagster_home_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    with pytest.raises(DagsterHomeNotSetError) as caught:
        DagsterInstance.get()
    text = str(caught.value)
    assert text.startswith("The environment variable $DAGSTER_HOME is not set.")
    assert "export DAGSTER_HOME" in text
    assert "DagsterInstance.ephemeral()" in text


def test_an_empty_dagster_home_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "")
    with pytest.raises(DagsterHomeNotSetError):
        DagsterInstance.get()


def test_it_must_be_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "dagster_home")
    with pytest.raises(DagsterInvariantViolationError, match='"dagster_home" must be an absolute path'):
        DagsterInstance.get()


def test_it_must_exist(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "nowhere"))
    with pytest.raises(DagsterInvariantViolationError, match=r"does not exist.*mkdir -p"):
        DagsterInstance.get()


def test_it_must_be_a_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    monkeypatch.setenv("DAGSTER_HOME", str(path))
    with pytest.raises(DagsterInvariantViolationError, match="there is a file"):
        DagsterInstance.get()


def test_get_gives_the_instance_of_dagster_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text("run_retries: {enabled: true}\n")
    with DagsterInstance.get() as instance:
        assert instance.is_persistent
        assert instance.root_directory == str(tmp_path)
        assert instance.run_retries_enabled
