"""The ``dagster.yaml`` examples of the "Internals" document."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster import DagsterInstance


@pytest.mark.parametrize("package", ["dagster._core", "dagster.core"])
@pytest.mark.parametrize(
    ("key", "module", "name", "file"),
    [
        ("run_storage", "storage.runs", "SqliteRunStorage", "runs.db"),
        ("event_log_storage", "storage.event_log", "SqliteEventLogStorage", "index.db"),
        ("event_log_storage", "storage.event_log", "ConsolidatedSqliteEventLogStorage", None),
    ],
)
def test_a_storage_in_a_directory_of_its_own(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    key: str,
    module: str,
    name: str,
    file: str | None,
) -> None:
    home, base_dir = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    (home / "dagster.yaml").write_text(
        f"{key}:\n  module: {package}.{module}\n  class: {name}\n  config:\n    base_dir: {base_dir}\n"
    )
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with DagsterInstance.get() as instance:
        run = instance.create_run(job_name="a")
        instance.report_engine_event("hello", run)
        storage = getattr(instance, key)
        assert type(storage).__name__ == name
        assert storage.inst_data.config_dict == {"base_dir": str(base_dir)}
        assert f"class: {name}" in instance.info_str()
    assert list(base_dir.iterdir())
    assert file is None or (base_dir / file).exists()
    with DagsterInstance.get() as instance:
        assert instance.get_run_by_id(run.run_id) == run
        assert [entry.message for entry in instance.all_logs(run.run_id)] == ["hello"]


def test_a_whole_storage_in_a_directory_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("storage:\n  sqlite:\n    base_dir:\n      env: MY_STORAGE\n")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    monkeypatch.setenv("MY_STORAGE", str(tmp_path / "kept"))
    with DagsterInstance.get() as instance:
        instance.create_run(job_name="a")
        assert instance.root_directory == str(home)
    assert (tmp_path / "kept").is_dir()
