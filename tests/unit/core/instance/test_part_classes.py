"""Plug-ins that a ``dagster.yaml`` chooses are told of with everything else that is wrong with it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dagster._config.resolve import resolve_to_config_type
from dagster._config.snapshot import build_config_schema_snapshot
from dagster._core.errors import DagsterInvalidConfigError
from dagster._core.instance.dagster_yaml import dagster_yaml_schema, load_dagster_yaml
from dagster._core.instance.instance import DagsterInstance
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster_mysql.urls import mysql_config
from dagster_postgres.urls import postgres_config

PLUGINS = """
from dagster._core.launcher import RunLauncher
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._serdes import ConfigurableClass
from dagster._config.source import IntSource, StringSource


class Part(ConfigurableClass):
    inst_data = None

    @classmethod
    def config_type(cls):
        return {"region": StringSource, "tries": IntSource}

    @classmethod
    def from_config_value(cls, inst_data, config_value):
        raise AssertionError("nothing is made while a file is read")


class Launcher(RunLauncher, Part):
    pass


class Undecided(RunLauncher, Part):
    @classmethod
    def config_type(cls):
        raise RuntimeError("no idea")
"""


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"plugins_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(PLUGINS)
    monkeypatch.syspath_prepend(tmp_path)
    return name


def problems(tmp_path: Path, text: str) -> list[str]:
    (tmp_path / "dagster.yaml").write_text(text)
    with pytest.raises(DagsterInvalidConfigError) as caught:
        load_dagster_yaml(str(tmp_path))
    start = f"{tmp_path / 'dagster.yaml'}, "
    messages = [error.message for error in caught.value.errors]
    assert all(message.startswith(start) for message in messages), messages
    return [message.removeprefix(start) for message in messages]


def test_the_problems_of_all_parts_are_told_with_those_of_the_file(tmp_path: Path, plugins: str) -> None:
    found = problems(
        tmp_path,
        f"""\
run_quue: {{}}
run_launcher:
  module: {plugins}
  class: Launcher
  config:
    regoin: eu
    tries: many
run_coordinator:
  module: no_such_package.coordinators
  class: Coordinator
scheduler:
  module: dagster._core.scheduler
  class: DagsterDemonScheduler
compute_logs:
  module: dagster._core.run_coordinator
  class: DefaultRunCoordinator
secrets:
  custom:
    module: json
    class: JSONEncoder
storage:
  custom:
    module: {plugins}
    class: Launcher
""",
    )
    expected = {
        "line 1: ": 'Did you mean "run_queue"?',
        "line 6: ": 'at path run_launcher → config. Did you mean "region"?',
        "line 5: ": 'Missing required config entry "region" at path run_launcher → config.',
        "line 7: ": "at path run_launcher → config → tries: expected IntSource",
        "line 9: ": 'Module "no_such_package.coordinators" of class "Coordinator" cannot be imported',
        "line 13: ": 'Did you mean "DagsterDaemonScheduler"?',
        "line 16: ": "to be a ComputeLogManager (dagster._core.storage.compute_log_manager.ComputeLogManager), got: "
        "DefaultRunCoordinator, which is not derived from it. It belongs under run_coordinator:.",
        "line 20: ": "expected json.JSONEncoder to be a ConfigurableClass",
        "line 24: ": f"expected {plugins}.Launcher to be a DagsterStorage",
    }
    assert len(found) == len(expected), found
    for line, message in expected.items():
        assert any(text.startswith(line) and message in text for text in found), (line, found)


def test_environment_variables_are_looked_up_when_the_part_is_made(tmp_path: Path, plugins: str) -> None:
    (tmp_path / "dagster.yaml").write_text(
        f"run_launcher: {{module: {plugins}, class: Launcher, "
        "config: {region: {env: NOT_SET_ANYWHERE}, tries: {env: NOR_THIS}}}\n"
    )
    instance = DagsterInstance.from_config(str(tmp_path))
    with instance, pytest.raises(DagsterInvalidConfigError, match="NOT_SET_ANYWHERE"):
        _ = instance.run_launcher


def test_a_config_without_any_config_is_checked_too(tmp_path: Path, plugins: str) -> None:
    found = problems(tmp_path, f"run_launcher:\n  module: {plugins}\n  class: Launcher\n")
    assert len(found) == 1
    assert found[0].startswith("line 1: Missing required config entries"), found


def test_a_module_that_breaks_is_told_with_its_line(tmp_path: Path, plugins: str) -> None:
    (tmp_path / f"broken_{plugins}.py").write_text("a = 1\nb = a / 0\n")
    (tmp_path / f"unreadable_{plugins}.py").write_text("def\n")
    found = problems(
        tmp_path,
        f"run_launcher: {{module: broken_{plugins}, class: A}}\n"
        f"scheduler: {{module: unreadable_{plugins}, class: B}}\n"
        f"run_coordinator: {{module: {plugins}, class: Undecided}}\n",
    )
    assert any(f"raised ZeroDivisionError: division by zero ({tmp_path}" in text for text in found)
    assert any("py, line 2)" in text for text in found)
    assert any("raised SyntaxError: invalid syntax" in text for text in found)


def test_a_config_type_that_breaks_is_told(tmp_path: Path, plugins: str) -> None:
    (found,) = problems(tmp_path, f"run_launcher: {{module: {plugins}, class: Undecided}}\n")
    assert "its config_type() raised RuntimeError: no idea (" in found


def test_what_cannot_be_read_as_a_choice_is_told_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        "run_launcher: {module: 3, class: L}\nscheduler: often\n"
        "compute_logs: {module: m, class: C, config: 5}\nsecrets: {custm: {}}\nstorage: 7\n",
    )
    assert len(found) == 5, found
    assert len(problems(tmp_path, "storage: {postgres: }\n")) == 1


def test_a_file_of_overrides_has_no_lines(tmp_path: Path, plugins: str) -> None:
    launcher = {"module": plugins, "class": "Launcher", "config": {"region": "eu", "tries": "x"}}
    with pytest.raises(DagsterInvalidConfigError) as caught:
        InstanceRef.from_dir(str(tmp_path), overrides={"run_launcher": launcher})
    (error,) = caught.value.errors
    assert "dagster.yaml: Invalid value at path run_launcher → config → tries" in error.message


@pytest.mark.parametrize(
    ("kind", "of_class"),
    [
        ("sqlite", DagsterSqliteStorage.config_type()),
        ("postgres", postgres_config()),
        ("mysql", mysql_config()),
    ],
)
def test_a_shorthand_takes_what_its_class_takes(kind: str, of_class: Any) -> None:
    storage: Any = dagster_yaml_schema().fields["storage"].config_type
    in_file = build_config_schema_snapshot(storage.fields[kind].config_type)
    assert in_file == build_config_schema_snapshot(resolve_to_config_type(of_class))


def _loaded_by_get(home: Path) -> set[str]:
    program = (
        "import json, sys\n"
        "from dagster import DagsterInstance\n"
        "DagsterInstance.get().dispose()\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"DAGSTER_HOME": str(home), "PYTHONPATH": ":".join([str(home), *filter(None, sys.path)])},
    )
    return set(json.loads(done.stdout))


def test_only_the_parts_that_are_configured_are_imported(tmp_path: Path, plugins: str) -> None:
    (tmp_path / "dagster.yaml").write_text("run_monitoring: {enabled: false}\n")
    before = _loaded_by_get(tmp_path)
    assert not {"sqlalchemy", "dagster._core.instance.part_classes"} & before
    (tmp_path / "dagster.yaml").write_text(
        f"run_launcher: {{module: {plugins}, class: Launcher, config: {{region: eu, tries: 1}}}}\n"
        "storage: {postgres: {postgres_url: 'postgresql://nobody@nowhere/nothing'}}\n"
    )
    after = _loaded_by_get(tmp_path)
    assert plugins in after
    assert not {"sqlalchemy", "dagster_postgres"} & after


def test_a_worker_does_not_look_at_the_parts_again(tmp_path: Path, plugins: str) -> None:
    (tmp_path / "dagster.yaml").write_text(
        f"run_launcher: {{module: {plugins}, class: Launcher, config: {{region: eu, tries: 1}}}}\n"
    )
    text = InstanceRef.from_dir(str(tmp_path)).to_json()
    del sys.modules[plugins]
    with DagsterInstance.from_ref(InstanceRef.from_json(text)):
        assert plugins not in sys.modules
