"""Jobs of test_persistent_runs.py. Also a program: executes one of them on the instance of DAGSTER_HOME,
or prints as JSON what a process finds there that had no part in the run."""

from __future__ import annotations

import json
import os
import signal
import sys

from dagster import (
    AssetMaterialization,
    DagsterInstance,
    execute_job,
    in_process_executor,
    job,
    op,
    reconstructable,
)


@op
def load(context) -> list[int]:
    context.log.info("loading")
    context.log_event(AssetMaterialization(["shop", "orders"], partition="monday"))
    return [1, 2, 3]


@op
def total(values: list[int]) -> int:
    return sum(values)


@op
def fail(values: list[int]) -> None:
    raise ValueError(f"not {len(values)}")


@op
def die(values: list[int]) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@job(tags={"team": "core"})
def good():
    total(load())


@job
def bad():
    fail(load())


@job(executor_def=in_process_executor)
def killed():
    die(load())


def execute(name: str) -> None:
    """Execute a job and print the id of its run."""
    with (
        DagsterInstance.get() as instance,
        execute_job(reconstructable(globals()[name]), instance=instance) as result,
    ):
        print(result.run_id)


def report() -> None:
    """Print what is known of every run and asset."""
    with DagsterInstance.get() as instance:
        runs = [
            {
                "job": record.dagster_run.job_name,
                "status": record.dagster_run.status.value,
                "tags": dict(record.dagster_run.tags),
                "ended": record.end_time is not None,
                "events": [
                    entry.dagster_event.event_type.name if entry.dagster_event else entry.user_message
                    for entry in instance.all_logs(record.dagster_run.run_id)
                ],
                "steps": {
                    step.step_key: step.status.value
                    for step in instance.get_run_step_stats(record.dagster_run.run_id)
                },
                "counts": [
                    (stats := instance.get_run_stats(record.dagster_run.run_id)).steps_succeeded,
                    stats.steps_failed,
                    stats.materializations,
                ],
                "has_snapshot": instance.has_snapshot(record.dagster_run.job_snapshot_id),
            }
            for record in instance.get_run_records()
        ]
        assets = [
            [
                record.asset_entry.asset_key.to_user_string(),
                record.asset_entry.last_materialization_record.run_id,
                record.asset_entry.last_materialization_record.partition_key,
            ]
            for record in instance.get_asset_records()
        ]
        print(json.dumps({"runs": runs, "assets": assets}))


if __name__ == "__main__":
    report() if sys.argv[1] == "report" else execute(sys.argv[1])
