"""What has changed since a run: its log and those before it, held against the code and config of today."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.job.resolved_config import ResolvedRunConfig
from dagster._core.instance.instance import DagsterInstance
from dagster._core.plan.changed_steps import HISTORY_EVENT_TYPES, ChangePlan, RunHistory, plan_changes
from dagster._core.plan.fingerprint import StepFingerprints
from dagster._core.plan.fingerprint_changes import config_differences
from dagster._core.plan.plan import ExecutionPlan
from dagster._core.plan.step import ExecutionStep
from dagster._core.records.run import DagsterRun
from dagster._core.runner.rerun import lineage_of
from dagster._process.collection import paused_collection


@paused_collection()
def load_history(instance: DagsterInstance, run: DagsterRun, plan: ExecutionPlan) -> RunHistory:
    """Return what a run and those before it did, from their logs.

    Args:
        instance: The instance that has them.
        run: The run.
        plan: The plan of the new run.
    """
    history = RunHistory(plan)
    for ancestor in lineage_of(instance, run):
        entries = instance.all_logs(ancestor.run_id, of_type=set(HISTORY_EVENT_TYPES))
        events = [entry.dagster_event for entry in entries if entry.dagster_event is not None]
        history.add_run(ancestor.run_id, events)
    return history


def plan_from_changed(
    parent: DagsterRun,
    plan: ExecutionPlan,
    job_def: JobDefinition,
    config: ResolvedRunConfig,
    instance: DagsterInstance,
    tags: Mapping[str, Any] | None = None,
    only: Iterable[str] | None = None,
) -> ChangePlan:
    """Work out what has changed since a run. Nothing is stored and nothing runs.

    Args:
        parent: The run.
        plan: The whole plan of the new run.
        job_def: The job.
        config: The validated run config of the new run.
        instance: The instance that has the run.
        tags: The tags of the new run, beside those of the job.
        only: The steps to run or to look at, of a run that is stored. Default: what has changed.
    """
    history = load_history(instance, parent, plan)
    fingerprints = StepFingerprints(plan, job_def, config, {**job_def.run_tags, **(tags or {})})
    fingerprints.read_code()
    return plan_changes(
        plan, history, fingerprints.of, _config_comparer(job_def, config, instance), only
    )


def _config_comparer(
    job_def: JobDefinition, config: ResolvedRunConfig, instance: DagsterInstance
) -> Callable[[ExecutionStep, str], Sequence[str]]:
    """Return what tells how the config of a step differs from that in a run, as far as it can be read."""
    former: dict[str, ResolvedRunConfig | None] = {}
    secrets: set[str] = set(_from_environment(config.original))

    def compare(step: ExecutionStep, run_id: str) -> Sequence[str]:
        if run_id not in former:
            former[run_id] = _former_config(job_def, instance, run_id)
            old = former[run_id]
            if old is not None:
                secrets.update(_from_environment(old.original))
        old = former[run_id]
        if old is None:
            return ()
        handle = step.node_handle.to_string()
        return config_differences(old.for_op(handle).config, config.for_op(handle).config, secrets)

    return compare


def _former_config(
    job_def: JobDefinition, instance: DagsterInstance, run_id: str
) -> ResolvedRunConfig | None:
    run = instance.get_run_by_id(run_id)
    if run is None:
        return None
    try:
        return job_def.for_run(run.run_config).resolve_run_config(run.run_config)
    except Exception:  # noqa: BLE001 - it does not fit the schema of today, which is of users
        return None


def _from_environment(config: Any) -> Iterator[str]:
    """Yield the values that a run config takes from environment variables: they are not for messages."""
    if isinstance(config, Mapping):
        name = config.get("env")
        if len(config) == 1 and isinstance(name, str) and name in os.environ:
            yield os.environ[name]
        for value in config.values():
            yield from _from_environment(value)
    elif isinstance(config, (list, tuple)):
        for value in config:
            yield from _from_environment(value)
