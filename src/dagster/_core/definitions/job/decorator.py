"""``@job``: a function that calls ops becomes a job."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, overload

import dagster._check as check
from dagster._core.definitions.executor import ExecutorDefinition
from dagster._core.definitions.graph.decorator import build_graph
from dagster._core.definitions.hook import HookDefinition
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.logger import LoggerDefinition
from dagster._core.records.retry import RetryPolicy


@overload
def job(compose_fn: Callable[..., Any], /) -> JobDefinition: ...


@overload
def job(
    *,
    name: str | None = ...,
    description: str | None = ...,
    resource_defs: Mapping[str, object] | None = ...,
    config: Any = ...,
    tags: Mapping[str, Any] | None = ...,
    run_tags: Mapping[str, Any] | None = ...,
    metadata: Mapping[str, Any] | None = ...,
    logger_defs: Mapping[str, LoggerDefinition] | None = ...,
    executor_def: ExecutorDefinition | None = ...,
    hooks: AbstractSet[HookDefinition] | None = ...,
    op_retry_policy: RetryPolicy | None = ...,
    input_values: Mapping[str, object] | None = ...,
    owners: Sequence[str] | None = ...,
) -> Callable[[Callable[..., Any]], JobDefinition]: ...


def job(
    compose_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    resource_defs: Mapping[str, object] | None = None,
    config: Any = None,
    tags: Mapping[str, Any] | None = None,
    run_tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    logger_defs: Mapping[str, LoggerDefinition] | None = None,
    executor_def: ExecutorDefinition | None = None,
    hooks: AbstractSet[HookDefinition] | None = None,
    op_retry_policy: RetryPolicy | None = None,
    input_values: Mapping[str, object] | None = None,
    owners: Sequence[str] | None = None,
) -> JobDefinition | Callable[[Callable[..., Any]], JobDefinition]:
    """Make a job of a function that calls ops and graphs.

    The function runs once, now: the calls in it only say what is connected to what.

    Args:
        compose_fn: The function.
        name: Default: the function's name.
        description: Default: the docstring.
        resource_defs: Resources by key.
        config: Run config that every run has (a dict or RunConfig), or a ConfigMapping.
        tags: Tags of the job, and of its runs if ``run_tags`` is not given.
        run_tags: Tags of the runs.
        metadata: Metadata of the job.
        logger_defs: Loggers by name. Default: the console.
        executor_def: How to run the steps. Default: in this process.
        hooks: Hooks on every op.
        op_retry_policy: For ops that have none of their own.
        input_values: Values of the function's parameters.
        owners: Who cares for it.

    Raises:
        DagsterInvalidDefinitionError: If something it needs is missing or contradicts.
    """

    def decorate(fn: Callable[..., Any]) -> JobDefinition:
        graph_def = build_graph(fn, decorator="@job", name=name, description=description)
        job_def = JobDefinition(
            graph_def=graph_def,
            resource_defs=resource_defs,
            config=config,
            tags=tags,
            run_tags=run_tags,
            metadata=metadata,
            logger_defs=logger_defs,
            executor_def=executor_def,
            hook_defs=hooks,
            op_retry_policy=op_retry_policy,
            input_values=input_values,
            owners=owners,
        )
        # Lets `reconstructable` find the module and the name that the job can be loaded from.
        for attribute in ("__module__", "__name__", "__qualname__", "__doc__", "__wrapped__"):
            value = fn if attribute == "__wrapped__" else getattr(fn, attribute, None)
            object.__setattr__(job_def, attribute, value)
        return job_def

    return decorate if compose_fn is None else decorate(check.callable_param(compose_fn, "compose_fn"))
