"""``validate_run_config``: what a run with some config would get, without running anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster._check as check
from dagster._core.definitions.graph.definition import GraphDefinition
from dagster._core.definitions.job.base import IJob
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.job.resolved_config import ResolvedRunConfig
from dagster._core.definitions.repository.contents import is_pipeline
from dagster._core.definitions.resource.config import apply_resource_config
from dagster._core.definitions.resource.requirement import needed_resource_keys
from dagster._core.definitions.run_config import RunConfig, convert_config_input
from dagster._core.errors import DagsterInvalidInvocationError
from dagster._text import expected


def validate_run_config(
    job_def: Any = None,
    run_config: Mapping[str, Any] | RunConfig | None = None,
    mode: str | None = None,
    *,
    pipeline_def: Any = None,
) -> Mapping[str, Any]:
    """Validate run config against a job, or a pipeline of the older vocabulary, without running it.

    From the "config" part of the API documents.

    Args:
        job_def: The job or pipeline.
        run_config: Run config: a dict or :class:`RunConfig`.
        mode: The mode of a pipeline. Default: its only one.
        pipeline_def: The older name of ``job_def``.

    Returns:
        The config as the run would use it, with defaults: under ``ops`` (``solids`` of a pipeline) each
        node by its dotted handle, under ``execution`` the executor by its name, and ``resources`` and
        ``loggers`` by key.

    Raises:
        DagsterInvalidConfigError: With every problem and its path.
    """
    target = job_def if job_def is not None else pipeline_def
    job = _job_of(target, mode)
    given = convert_config_input(run_config) or {}
    job = job.for_run(given)
    return _as_dict(job, job.resolve_run_config(given))


def _job_of(target: Any, mode: str | None) -> JobDefinition:
    if isinstance(target, IJob):
        target = target.get_definition()
    if is_pipeline(target):
        return target.get_mode_job(mode)
    if mode is not None:
        raise DagsterInvalidInvocationError(
            f"Mode '{mode}' was given for a job; only pipelines have modes."
        )
    if not isinstance(target, JobDefinition):
        raise check.ParameterCheckError(expected("job_def", "a JobDefinition", target))
    return target


def _as_dict(job: JobDefinition, config: ResolvedRunConfig) -> dict[str, Any]:
    ops: dict[str, Any] = {}
    for handle in job.graph.iterate_node_handles():
        name = handle.to_string()
        entry = config.for_op(name)
        is_graph = isinstance(job.graph.get_node(handle).definition, GraphDefinition)
        ops[name] = {
            "config": None if is_graph else entry.config,
            "inputs": dict(entry.inputs),
            "outputs": entry.outputs or None,
        }
    result: dict[str, Any] = {
        f"{job.node_word}s": ops,
        "execution": {job.executor_def.name: config.executor},
        "resources": {
            key: {
                "config": apply_resource_config(
                    definition, config.resources.get(key), f'Error in config for resource "{key}"'
                )
            }
            for key, definition in _needed_resources(job).items()
        },
        "loggers": {name: {"config": value} for name, value in config.loggers.items()},
    }
    if config.inputs:
        result["inputs"] = config.inputs
    return result


def _needed_resources(job: JobDefinition) -> dict[str, Any]:
    """Return the resources that a run would set up: those asked for, and what these need."""
    needed = needed_resource_keys(job.resource_defs, job.required_resource_keys)
    return {key: job.resource_defs[key] for key in sorted(needed) if key in job.resource_defs}
