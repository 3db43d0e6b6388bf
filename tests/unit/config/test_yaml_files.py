from __future__ import annotations

import sys

import pytest

from dagster._config.yaml_files import (
    config_from_files,
    config_from_pkg_resources,
    config_from_yaml_strings,
    dump_yaml,
    load_yaml,
    merge_dicts,
)
from dagster._core.errors import DagsterInvariantViolationError


def test_merge_dicts():
    first = {"a": {"x": 1, "y": [1]}, "b": 1}
    second = {"a": {"y": [2], "z": {"q": 1}}, "b": {"c": 1}}
    merged = merge_dicts(first, second, {"b": {"d": 2}})
    assert merged == {"a": {"x": 1, "y": [2], "z": {"q": 1}}, "b": {"c": 1, "d": 2}}
    merged["a"]["z"]["q"] = 9
    merged["a"]["y"].append(3)
    assert first == {"a": {"x": 1, "y": [1]}, "b": 1}
    assert second["a"] == {"y": [2], "z": {"q": 1}}
    assert merge_dicts() == {}


def test_files_and_globs_are_merged_in_order(tmp_path):
    (tmp_path / "b.yaml").write_text("ops: {x: {config: {n: 2, from: b}}}")
    (tmp_path / "a.yaml").write_text("ops: {x: {config: {n: 1, from: a, only: a}}}")
    (tmp_path / "last.yml").write_text("ops: {x: {config: {n: 3}}}\nloggers: {}\n")
    config = config_from_files([str(tmp_path / "*.yaml"), str(tmp_path / "last.yml")])
    assert config == {"ops": {"x": {"config": {"n": 3, "from": "b", "only": "a"}}}, "loggers": {}}


def test_a_path_with_brackets_is_a_path(tmp_path):
    path = tmp_path / "run[1].yaml"
    path.write_text("a: 1")
    assert config_from_files([str(path)]) == {"a": 1}


def test_no_file(tmp_path):
    pattern = str(tmp_path / "nothing*.yaml")
    with pytest.raises(DagsterInvariantViolationError) as raised:
        config_from_files([pattern])
    assert f'File or glob pattern "{pattern}" for "config_files" produced no results.' in str(
        raised.value
    )


def test_bad_yaml_names_file_line_and_column(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("ops:\n  a: 1\n  b: [1, 2\nc: 3\n")
    with pytest.raises(DagsterInvariantViolationError) as raised:
        config_from_files([str(path)])
    message = str(raised.value)
    assert message.startswith(
        f"Encountered error attempting to parse yaml: file {path}, line 4, column "
    )
    with pytest.raises(DagsterInvariantViolationError, match=r"yaml_strings\[1\], line 1, column"):
        config_from_yaml_strings(["a: 1", "{]"])


@pytest.mark.parametrize("text", ["- a\n- b\n", "3", "just text"])
def test_the_root_is_a_mapping(tmp_path, text):
    path = tmp_path / "list.yaml"
    path.write_text(text)
    with pytest.raises(DagsterInvariantViolationError, match="to parse to a mapping, got: "):
        config_from_files([str(path)])


def test_unreadable_file(tmp_path):
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"a: \xff\xfe\xe9")
    with pytest.raises(DagsterInvariantViolationError, match=r"Cannot read config file .*latin\.yaml"):
        config_from_files([str(path)])


def test_empty_documents_are_empty_configs():
    assert config_from_yaml_strings(["", "# nothing", "a: 1"]) == {"a": 1}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2013-01-01", "2013-01-01"),
        ("2013-01-01 10:00:00", "2013-01-01 10:00:00"),
        ("1e-3", 0.001),
        ("1E6", 1e6),
        ("-2e5", -2e5),
        ("1.5e3", 1500.0),
        ("12", 12),
        ("1e", "1e"),
        ("true", True),
        ("null", None),
        ("'1e3'", "1e3"),
    ],
)
def test_scalars(text, value):
    result = load_yaml(text)
    assert result == value
    assert type(result) is type(value)


def test_only_plain_data_is_loaded():
    with pytest.raises(DagsterInvariantViolationError, match="could not determine a constructor"):
        config_from_yaml_strings(["a: !!python/object/apply:os.getcwd []"])


def test_package_resources(tmp_path, monkeypatch):
    package = tmp_path / "dagwerk_test_package"
    (package / "environments").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "environments" / "__init__.py").write_text("")
    (package / "environments" / "a.yaml").write_text("a: {x: 1}")
    (package / "b.yaml").write_text("a: {y: 2}")
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        config = config_from_pkg_resources(
            [("dagwerk_test_package.environments", "a.yaml"), ("dagwerk_test_package", "b.yaml")]
        )
        assert config == {"a": {"x": 1, "y": 2}}
        with pytest.raises(DagsterInvariantViolationError, match=r'file "no\.yaml" of package'):
            config_from_pkg_resources([("dagwerk_test_package", "no.yaml")])
        with pytest.raises(DagsterInvariantViolationError, match='package "dagwerk_no_such_package"'):
            config_from_pkg_resources([("dagwerk_no_such_package", "no.yaml")])
    finally:
        for name in [name for name in sys.modules if name.startswith("dagwerk_test_package")]:
            del sys.modules[name]


def test_dump_yaml():
    value = {"b": {"x": [1, "2013-01-01"]}, "a": "ü"}
    text = dump_yaml(value)
    assert text.index("b:") < text.index("a:")
    assert "ü" in text
    assert load_yaml(text) == value
