from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from dagster._core.errors import DagsterInvalidConfigError, DagsterInvariantViolationError
from dagster._core.instance.dagster_yaml import load_dagster_yaml
from dagster._core.instance.ref import InstanceRef


def load(tmp_path: Path, text: str, overrides: Any = None) -> dict[str, Any]:
    (tmp_path / "dagster.yaml").write_text(text)
    return load_dagster_yaml(str(tmp_path), overrides=overrides)


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(DagsterInvalidConfigError) as caught:
        load(tmp_path, text)
    messages = [error.message for error in caught.value.errors]
    assert all(str(tmp_path / "dagster.yaml") in message for message in messages)
    return messages


def test_nothing_is_a_config(tmp_path: Path) -> None:
    assert load_dagster_yaml(str(tmp_path)) == {}
    assert load(tmp_path, "") == {}
    assert load(tmp_path, "# only a comment\n") == {}
    assert load(tmp_path, "run_queue:\n") == {}


def test_the_documents_example(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        """
storage:
  postgres:
    postgres_db:
      username: my_username
      password: my_password
      hostname: my_hostname
      db_name: my_database
      port: 5432
""",
    )
    assert config["storage"]["postgres"]["postgres_db"]["scheme"] == "postgresql"
    ref = InstanceRef.from_dir(str(tmp_path))
    assert ref.storage_data is not None
    assert (ref.storage_data.module_name, ref.storage_data.class_name) == (
        "dagster_postgres",
        "DagsterPostgresStorage",
    )
    assert ref.run_storage_data is None


def test_all_problems_at_once_with_their_lines(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """\
run_monitoring:
  enabled: true
  start_timeout_second: 10
run_quue:
  max_concurrent_runs: 3
concurrency:
  pools:
    granularity: task
run_retries:
  max_retries: many
""",
    )
    assert len(found) == 4
    assert any("line 3" in m and 'Did you mean "start_timeout_seconds"?' in m for m in found)
    assert any("line 4" in m and 'Did you mean "run_queue"?' in m for m in found)
    assert any("line 8" in m and '"run" or "op"' in m for m in found)
    assert any("line 10" in m and "max_retries" in m for m in found)


def test_a_problem_in_a_list_has_its_line(tmp_path: Path) -> None:
    (found,) = problems(
        tmp_path,
        """\
run_queue:
  tag_concurrency_limits:
    - key: a
      limit: 1
    - key: b
      limit: two
""",
    )
    assert "line 6" in found


def test_what_is_no_yaml_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(DagsterInvariantViolationError, match=r"dagster\.yaml, line 3"):
        load(tmp_path, "a: 1\nb: [\n")


def test_what_is_no_mapping_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DagsterInvariantViolationError, match=r"a mapping of keys.*got: list"):
        load(tmp_path, "- a\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "storage:\n  sqlite:\n    base_dir: /x\nrun_storage:\n  module: m\n  class: C\n",
            'incompatible with "run_storage"',
        ),
        (
            "run_queue:\n  max_concurrent_runs: 1\nrun_coordinator:\n  module: m\n  class: C\n",
            'incompatible with "run_coordinator"',
        ),
        (
            "run_queue:\n  max_concurrent_runs: 1\nconcurrency:\n  runs:\n    max_concurrent_runs: 2\n",
            "both under concurrency",
        ),
        (
            "concurrency:\n  default_op_concurrency_limit: 1\n  pools:\n    default_limit: 2\n",
            "Keep the latter",
        ),
        ("storage:\n  postgres:\n    should_autocreate_tables: true\n", "got: neither"),
        ("storage:\n  sqlite:\n    base_dir: /x\n  mysql:\n    mysql_url: y\n", "storage"),
    ],
)
def test_what_excludes_each_other(tmp_path: Path, text: str, message: str) -> None:
    assert any(message in found for found in problems(tmp_path, text))


def test_environment_variables_stay_names(tmp_path: Path) -> None:
    config = load(tmp_path, "storage:\n  postgres:\n    postgres_url:\n      env: NOT_SET_ANYWHERE\n")
    assert config["storage"]["postgres"]["postgres_url"] == {"env": "NOT_SET_ANYWHERE"}


def test_overrides_go_before_the_file(tmp_path: Path) -> None:
    text = "run_monitoring:\n  enabled: false\n  poll_interval_seconds: 7\n"
    config = load(tmp_path, text, {"run_monitoring": {"enabled": True}})
    assert config["run_monitoring"] == {"enabled": True, "poll_interval_seconds": 7}


PARTS = """
from dagster import DagsterInstance
from dagster._config.shapes import Permissive
from dagster._core.launcher import RunLauncher
from dagster._serdes import ConfigurableClass

class Part(ConfigurableClass):
    @classmethod
    def config_type(cls): return Permissive()

class Launcher(RunLauncher, Part): pass
class Instance(DagsterInstance, Part): pass
"""
EVERYTHING = """
local_artifact_storage: {module: dagster.core.storage.root, class: LocalArtifactStorage, config: {base_dir: /x}}
compute_logs: {module: dagster.core.storage.noop_compute_log_manager, class: NoOpComputeLogManager}
scheduler: {module: dagster.core.scheduler, class: DagsterDaemonScheduler}
run_coordinator: {module: dagster.core.run_coordinator, class: DefaultRunCoordinator}
run_launcher: {module: everything_parts, class: Launcher, config: {a: 1}}
storage: {mysql: {mysql_db: {username: u, password: p, hostname: h, db_name: d}}}
telemetry: {enabled: false}
nux: {enabled: false}
instance_class: {module: everything_parts, class: Instance}
python_logs: {managed_python_loggers: [root], python_log_level: INFO, dagster_handler_config: {handlers: {}}}
run_monitoring: {enabled: true, start_timeout_seconds: 1, cancel_timeout_seconds: 1, max_runtime_seconds: 1,
  max_resume_run_attempts: 1, poll_interval_seconds: 1, cancellation_thread_poll_interval_seconds: 1,
  free_slots_after_run_end_seconds: 1}
run_retries: {enabled: true, max_retries: 2, retry_on_asset_or_op_failure: false}
code_servers: {local_startup_timeout: 1, reload_timeout: 1, wait_for_local_processes_on_shutdown: true}
secrets: {custom: {module: everything_parts, class: Part}}
defs_state_storage: {module: everything_parts, class: Part}
retention: {schedule: {purge_after_days: 1}, sensor: {purge_after_days: {skipped: 1, failure: 2, success: -1}},
  auto_materialize: {purge_after_days: 3}, event_log: {purge_after_days: 90}}
backfills: {use_threads: true, num_workers: 1, num_submit_workers: 1}
sensors: {use_threads: true}
schedules: {use_threads: true}
auto_materialize: {enabled: {env: X}, run_tags: {a: b}, use_sensors: true, minimum_interval_seconds: 5}
freshness: {enabled: true}
concurrency: {pools: {default_limit: 1, granularity: op, op_granularity_run_buffer: 1},
  runs: {max_concurrent_runs: 5, tag_concurrency_limits: [{key: a, limit: 1, value: {applyLimitPerUniqueValue: true}}]}}
"""


def test_every_key_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "everything_parts.py").write_text(PARTS)
    monkeypatch.syspath_prepend(tmp_path)
    config = load(tmp_path, EVERYTHING)
    assert len(config) == 22
    ref = InstanceRef.from_dir(str(tmp_path))
    assert ref.settings["run_retries"]["max_retries"] == 2
    assert ref.run_launcher_data is not None
    assert ref.run_launcher_data.config_dict == {"a": 1}
    assert ref.secrets_loader_data is not None
    assert ref.custom_instance_class_data is not None


def test_the_file_may_have_another_name_and_place(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "other.yaml").write_text("nux: {enabled: false}\n")
    ref = InstanceRef.from_dir("/base", config_dir=str(tmp_path / "conf"), config_filename="other.yaml")
    assert ref.settings == {"nux": {"enabled": False}}
    assert ref.local_artifact_storage.base_dir == "/base"


def test_mistakes_are_told_in_the_order_of_their_lines(tmp_path: Path) -> None:
    text = "nux: 7\nrun_coordinatr: {}\ntelemetry: {enabled: maybe}\nretention: {event_log: {purge_after_days: x}}\n"
    with pytest.raises(DagsterInvalidConfigError) as caught:
        load(tmp_path, text, {"scheduler": {"module": "no_such_module", "class": "Scheduler"}})
    lines = re.findall(r"Error \d: .*?dagster\.yaml(?:, line (\d))?:", str(caught.value))
    assert lines == ["", "1", "2", "3", "4"]
