"""Submitting, launching and resuming runs: what is reported around the coordinator and the launcher."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster._core.events.event_type import DagsterEventType
from dagster._core.instance.events import build_run_event, error_data
from dagster._core.instance.runs import require_run
from dagster._core.launcher.base import LaunchRunContext, ResumeRunContext
from dagster._core.records.run import DagsterRun
from dagster._core.run_coordinator.base import SubmitRunContext

if TYPE_CHECKING:
    from dagster._core.instance.instance import DagsterInstance

RESUME_MESSAGE = "Launching a new run worker to resume run"


def submit(instance: DagsterInstance, run_id: str, workspace: Any) -> DagsterRun:
    """Hand a run to the coordinator. See :meth:`DagsterInstance.submit_run`."""
    run = require_run(instance.get_run_by_id(run_id), run_id)
    try:
        return instance.run_coordinator.submit_run(SubmitRunContext(run, workspace))
    except Exception as exc:
        _report_failure(instance, run, exc, "Run could not be submitted.")
        raise


def launch(instance: DagsterInstance, run_id: str, workspace: Any) -> DagsterRun:
    """Have the worker of a run started. See :meth:`DagsterInstance.launch_run`."""
    run = require_run(instance.get_run_by_id(run_id), run_id)
    launcher = instance.run_launcher
    instance.report_dagster_event(
        build_run_event(run, DagsterEventType.RUN_STARTING, f'Starting run for "{run.job_name}".'),
        run_id,
    )
    run = require_run(instance.get_run_by_id(run_id), run_id)
    try:
        launcher.launch_run(LaunchRunContext(run, workspace))
    except Exception as exc:
        _report_failure(instance, run, exc, "Run could not be launched.")
        raise
    return run


def resume(instance: DagsterInstance, run_id: str, workspace: Any, attempt_number: int) -> DagsterRun:
    """Have another worker started for a run. See :meth:`DagsterInstance.resume_run`."""
    run = require_run(instance.get_run_by_id(run_id), run_id)
    launcher = instance.run_launcher
    instance.report_engine_event(RESUME_MESSAGE, run)
    try:
        launcher.resume_run(ResumeRunContext(run, workspace, attempt_number))
    except Exception as exc:
        _report_failure(instance, run, exc, "Run could not be resumed.")
        raise
    return run


def count_resumed(instance: DagsterInstance, run_id: str) -> int:
    """Return how often another worker was started for a run."""
    entries = instance.all_logs(run_id, of_type=DagsterEventType.ENGINE_EVENT)
    return sum(entry.message == RESUME_MESSAGE for entry in entries)


def _report_failure(instance: DagsterInstance, run: DagsterRun, exc: Exception, message: str) -> None:
    instance.report_engine_event(message, run, error_data(exc))
    instance.report_run_failed(run, f"{message} {exc}")
