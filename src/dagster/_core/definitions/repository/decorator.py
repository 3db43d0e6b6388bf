"""``@repository``: a function that returns jobs becomes a repository."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, overload

import dagster._check as check
from dagster._core.definitions.executor import ExecutorDefinition
from dagster._core.definitions.logger import LoggerDefinition
from dagster._core.definitions.place import at_place
from dagster._core.definitions.repository.contents import Defaults, callable_name
from dagster._core.definitions.repository.data import (
    CachingRepositoryData,
    CheckedRepositoryData,
    RepositoryData,
)
from dagster._core.definitions.repository.definition import RepositoryDefinition
from dagster._core.definitions.resource.definition import ResourceDefinition
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._text import expected


@overload
def repository(definitions_fn: Callable[[], Any], /) -> RepositoryDefinition: ...


@overload
def repository(
    definitions_fn: None = ...,
    *,
    name: str | None = ...,
    description: str | None = ...,
    metadata: Mapping[str, Any] | None = ...,
    default_executor_def: ExecutorDefinition | None = ...,
    default_logger_defs: Mapping[str, LoggerDefinition] | None = ...,
    _top_level_resources: Mapping[str, ResourceDefinition] | None = ...,
) -> Callable[[Callable[[], Any]], RepositoryDefinition]: ...


def repository(
    definitions_fn: Callable[[], Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    default_executor_def: ExecutorDefinition | None = None,
    default_logger_defs: Mapping[str, LoggerDefinition] | None = None,
    _top_level_resources: Mapping[str, ResourceDefinition] | None = None,
) -> RepositoryDefinition | Callable[[Callable[[], Any]], RepositoryDefinition]:
    """Make a repository of a function that returns jobs.

    From the "definitions and repositories" part of the API documents.

    The function takes no arguments and returns a list of jobs, graphs (which become jobs) and pipelines;
    or a dict ``{"jobs": {name: job}, "pipelines": {name: pipeline}}``, in which a function that returns
    a job may stand for it and is called when the job is first asked for; or a :class:`RepositoryData`.

    Args:
        definitions_fn: The function.
        name: Default: the function's name.
        description: Default: the docstring.
        metadata: Metadata of the repository.
        default_executor_def: The executor of jobs that name none.
        default_logger_defs: The loggers of jobs that name none.

    Raises:
        DagsterInvalidDefinitionError: If the function returns something else, or two jobs have one name.

    Examples:
        >>> @repository
        ... def all_jobs():
        ...     return [daily_job, weekly_job]
        >>> @repository
        ... def lazy_jobs():
        ...     return {"jobs": {"daily_job": lambda: make_job("daily_job")}}
    """
    if isinstance(definitions_fn, str):  # the older generation gave the name by position
        return repository(name=definitions_fn, description=description, metadata=metadata)
    check.opt_inst_param(default_executor_def, "default_executor_def", ExecutorDefinition)
    check.opt_mapping_param(default_logger_defs, "default_logger_defs", str, LoggerDefinition)
    defaults = Defaults(_top_level_resources, default_executor_def, default_logger_defs)

    def decorate(fn: Callable[[], Any]) -> RepositoryDefinition:
        check.callable_param(fn, "definitions_fn")
        repository_def = RepositoryDefinition(
            name or callable_name(fn),
            repository_data=_data_of(fn(), defaults, f"{callable_name(fn)}{at_place(fn)}"),
            description=description or fn.__doc__,
            metadata=metadata,
        )
        for attribute in ("__module__", "__name__", "__qualname__", "__doc__"):
            setattr(repository_def, attribute, getattr(fn, attribute, None))
        repository_def.__wrapped__ = fn  # pyright: ignore[reportAttributeAccessIssue] - as functools.wraps does
        return repository_def

    return decorate if definitions_fn is None else decorate(definitions_fn)


def _data_of(returned: Any, defaults: Defaults, where: str) -> RepositoryData:
    what = f"Bad return value from repository construction function {where}"
    if isinstance(returned, RepositoryData):
        return CheckedRepositoryData(returned, defaults)
    if isinstance(returned, Mapping):
        return CachingRepositoryData.from_dict(returned, defaults, what)
    if isinstance(returned, (list, tuple)):
        data = CachingRepositoryData.from_list(returned, defaults, what)
        data.load_all_definitions()  # nothing in it waits to be made: what is wrong is told now
        return data
    raise DagsterInvalidDefinitionError(
        f"{what}: "
        + expected("what it returns", 'a list, a dict {"jobs": {...}} or a RepositoryData', returned)
    )
