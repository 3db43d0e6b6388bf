"""Pools over several processes of which some are killed: never more holders than slots, and none at the end."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dagster import DagsterInstance
from tests.storage.services import POSTGRESQL, own_schema

pytestmark = pytest.mark.slow

PROGRAM = "tests.acceptance.pooled_job"
SLOTS = 2
#: How many processes run jobs at the same time, by executor.
PROCESSES = {"in_process": 4, "multiprocess": 2}
HOLDERS = 40
LEASE = 1.0


@pytest.fixture(params=["sqlite", POSTGRESQL])
def home(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    config: dict[str, Any] = {"concurrency": {"pools": {"default_limit": 50}}}
    if request.param == "sqlite":
        (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(config))
        yield tmp_path
        return
    with own_schema(POSTGRESQL) as url:
        config["storage"] = {"postgres": {"postgres_url": url.render_as_string(hide_password=False)}}
        (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(config))
        yield tmp_path


@pytest.mark.parametrize("executor", PROCESSES)
def test_holders_that_are_killed(executor: str, home: Path, tmp_path: Path) -> None:
    witnesses = tmp_path / "witnesses"
    witnesses.mkdir()

    def count(name: str) -> int:
        path = witnesses / name
        return path.stat().st_size if path.exists() else 0

    with DagsterInstance.get() as instance:
        storage = instance.event_log_storage
        storage.set_concurrency_slots("db", SLOTS)
        running: list[subprocess.Popen[bytes]] = []
        codes: list[int] = []
        command = [sys.executable, "-m", PROGRAM, str(witnesses), str(SLOTS), str(LEASE), executor]
        try:
            while count("held") < HOLDERS or running:
                while len(running) < PROCESSES[executor] and count("held") < HOLDERS:
                    running.append(subprocess.Popen(command, cwd=Path(__file__).parents[2]))
                codes.append(running.pop(0).wait(timeout=60))
        finally:
            for process in running:
                process.kill()
                process.wait()
        assert set(codes) == {0, -9}
        # Of steps with processes of their own, every second that is killed is killed without its run.
        assert codes.count(-9) == count("held") // (10 if executor == "in_process" else 20)
        assert count("exceeded") == 0

        # Nothing is held: the whole pool can be had, at the latest when the last lease has ended.
        storage.pool_lease_seconds = LEASE
        give_up = time.monotonic() + 20 * LEASE
        for number in range(SLOTS):
            while not storage.claim_concurrency_slot("db", "the test", f"step {number}").is_claimed:
                assert time.monotonic() < give_up, storage.get_concurrency_info("db")
        storage.free_concurrency_slots_for_run("the test")
        assert storage.get_concurrency_info("db").claimed_slots == []
        # The places of steps that waited when their run was killed hold nobody up, and are forgotten later.
        waited = {step.run_id for step in storage.get_concurrency_info("db").pending_steps}
        assert storage.get_concurrency_run_ids() == waited
        assert executor == "multiprocess" or waited == set()
