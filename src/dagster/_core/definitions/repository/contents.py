"""What is in a repository: jobs under their names, some of them not made yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dagster._core.definitions.executor import ExecutorDefinition
from dagster._core.definitions.graph.definition import GraphDefinition
from dagster._core.definitions.graph.invocation import PendingNodeInvocation
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.logger import LoggerDefinition
from dagster._core.definitions.node import NodeDefinition
from dagster._core.definitions.place import at_place
from dagster._core.definitions.resource.definition import ResourceDefinition
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._text import expected, shown, unknown

#: A job, or a pipeline of the older vocabulary: anything with a name and ``get_mode_job(mode)``.
JobOrPipeline = Any

_JOB_LIKE = (JobDefinition, GraphDefinition, PendingNodeInvocation)

#: Keys of a repository that is given as a dict; what stands under the others comes with later versions.
_JOB_KEYS = ("jobs", "pipelines")
_LATER_KEYS = ("assets", "asset_checks", "partition_sets", "schedules", "sensors")


def is_pipeline(value: object) -> bool:
    """Return whether this is a pipeline of the older vocabulary, each of whose modes is a job."""
    return not isinstance(value, type) and callable(getattr(value, "get_mode_job", None))


def job_or_pipeline_of(value: Any) -> JobOrPipeline | None:
    """Return what stands for a value in a repository; None if nothing can.

    A graph, also one with an alias, tags or hooks, becomes a job.
    """
    if isinstance(value, JobDefinition) or is_pipeline(value):
        return value
    if isinstance(value, GraphDefinition):
        return value.to_job()
    if isinstance(value, PendingNodeInvocation) and isinstance(value.node_def, GraphDefinition):
        return value.to_job()
    return None


def wrong_kind(value: Any) -> str:
    """Return what a value is that cannot be in a repository, and what to do with it."""
    inner = value.node_def if isinstance(value, PendingNodeInvocation) else value
    if isinstance(inner, NodeDefinition):
        return (
            f"{inner.describe_node()}: an op runs as part of a job, so call it in a function with @job"
        )
    name = getattr(value, "__name__", None)
    if callable(value) and name is not None:
        return f"function {name}: call it, or decorate it with @job"
    return f"{shown(value)} ({type(value).__name__})"


class Defaults:
    """What jobs get that do not say it themselves.

    Args:
        resource_defs: Resources by key.
        executor_def: The executor.
        logger_defs: Loggers by name.
    """

    __slots__ = ("executor_def", "logger_defs", "resource_defs")

    def __init__(
        self,
        resource_defs: Mapping[str, ResourceDefinition] | None = None,
        executor_def: ExecutorDefinition | None = None,
        logger_defs: Mapping[str, LoggerDefinition] | None = None,
    ) -> None:
        self.resource_defs = resource_defs or {}
        self.executor_def = executor_def
        self.logger_defs = logger_defs

    def apply(self, job_def: JobOrPipeline) -> JobOrPipeline:
        """Return a job with what it does not say itself. Pipelines have modes for that.

        Raises:
            DagsterInvalidDefinitionError: If the job then lacks a resource.
        """
        if is_pipeline(job_def):
            return job_def
        if self.resource_defs.keys() - job_def.given_resource_defs.keys():
            job_def = job_def.with_top_level_resources(self.resource_defs)
        if self.executor_def is not None and not job_def.has_specified_executor:
            job_def = job_def.with_executor_def(self.executor_def)
        if self.logger_defs and not job_def.has_specified_loggers:
            job_def = job_def.with_logger_defs(self.logger_defs)
        job_def.validate_resource_requirements_satisfied()
        return job_def


class JobTable:
    """Jobs and pipelines by name; those given as functions are made when they are asked for.

    Args:
        entries: Jobs, pipelines, or functions that return one, by name.
        defaults: What jobs get that do not say it themselves.
        what: The repository, for messages.
        pipelines: The names of those that are pipelines.
    """

    __slots__ = ("_defaults", "_entries", "_made", "_what", "pipeline_names")

    def __init__(
        self,
        entries: Mapping[str, Any],
        defaults: Defaults,
        what: str,
        pipelines: Iterable[str] = (),
    ) -> None:
        self._entries = entries
        self.pipeline_names = frozenset(pipelines)
        self._defaults = defaults
        self._what = what
        self._made: dict[str, JobOrPipeline] = {}

    @property
    def names(self) -> list[str]:
        return list(self._entries)

    def get(self, name: str) -> JobOrPipeline:
        """Return a job or pipeline, making it if that has not been done.

        Raises:
            DagsterInvalidDefinitionError: If its function returns something else, or a job of another
                name.
        """
        if name not in self._made:
            self._made[name] = self._make(name, self._entries[name])
        return self._made[name]

    def _make(self, name: str, entry: Any) -> JobOrPipeline:
        made = job_or_pipeline_of(entry)
        if made is None:
            returned = entry()
            made = job_or_pipeline_of(returned)
            if made is None:
                raise DagsterInvalidDefinitionError(
                    f"{self._what}: bad constructor for job '{name}'{at_place(entry)}: "
                    + expected("what it returns", "a JobDefinition or GraphDefinition", returned)
                )
        if made.name != name:
            raise DagsterInvalidDefinitionError(
                f"{self._what}: bad constructor for job '{name}': name in JobDefinition does not match: got "
                f"'{made.name}'{at_place(made)}. Use that name as the key, or give the job this one."
            )
        return self._defaults.apply(made)


def table_of_list(items: Iterable[Any], defaults: Defaults, what: str) -> JobTable:
    """Return the table of a list of jobs, graphs and pipelines.

    Raises:
        DagsterInvalidDefinitionError: If an item is something else, or two have one name.
    """
    entries: dict[str, JobOrPipeline] = {}
    sources: dict[str, Any] = {}
    wrong: list[str] = []
    for index, item in enumerate(items):
        made = job_or_pipeline_of(item)
        if made is None:
            wrong.append(f"{wrong_kind(item)} at index {index}")
            continue
        known = sources.get(made.name)
        if known is item:
            continue
        if known is not None:
            raise DagsterInvalidDefinitionError(duplicate_message(what, made.name, known, item))
        sources[made.name] = item
        entries[made.name] = made
    if wrong:
        raise DagsterInvalidDefinitionError(
            f"{what}: all elements of list must be of type JobDefinition, GraphDefinition or "
            f"PipelineDefinition. Got {'; '.join(wrong)}."
        )
    pipelines = [name for name, made in entries.items() if is_pipeline(made)]
    return JobTable(entries, defaults, what, pipelines)


def duplicate_message(what: str, name: str, first: Any, second: Any) -> str:
    """Return the refusal of two jobs of one name, with the places of both."""
    same = at_place(first) and at_place(first) == at_place(second)
    if same:
        hint = "Both are made of the same graph: give one of them another name, as in to_job(name=...)."
    else:
        hint = "Give one of them another name."
    return (
        f"{what}: duplicate job definition found for job '{name}': one{at_place(first)} and another"
        f"{at_place(second)}. {hint}"
    )


def table_of_dict(contents: Mapping[str, Any], defaults: Defaults, what: str) -> JobTable:
    """Return the table of a dict of the form ``{"jobs": {name: job or function}}``.

    Raises:
        DagsterInvalidDefinitionError: If there is another key, or two jobs of one name.
    """
    entries: dict[str, Any] = {}
    pipelines: list[str] = []
    for key, items in contents.items():
        if key in _LATER_KEYS and not items:
            continue
        if key in _LATER_KEYS:
            raise DagsterInvalidDefinitionError(f"{what}: {later(key)}")
        if key not in _JOB_KEYS:
            raise DagsterInvalidDefinitionError(
                f"{what}: {unknown('key', str(key), [*_JOB_KEYS, *_LATER_KEYS])} The form is "
                '{"jobs": {name: job}}.'
            )
        if not isinstance(items, Mapping):
            raise DagsterInvalidDefinitionError(
                f"{what}: " + expected(f'the value of "{key}"', "a dict of jobs by name", items)
            )
        for name, item in items.items():
            if not (isinstance(item, _JOB_LIKE) or is_pipeline(item) or _is_maker(item)):
                raise DagsterInvalidDefinitionError(
                    f"{what}: expected job '{name}' to be a job, a graph, or a function that returns one, "
                    f"got: {wrong_kind(item)}"
                )
            if name in entries and entries[name] is not item:
                raise DagsterInvalidDefinitionError(duplicate_message(what, name, entries[name], item))
            entries[name] = item
            # What a function makes is not known before it is asked: the key says what it is.
            if is_pipeline(item) or (key == "pipelines" and not isinstance(item, _JOB_LIKE)):
                pipelines.append(name)
    return JobTable(entries, defaults, what, pipelines)


def _is_maker(value: Any) -> bool:
    """Return whether a value may be a function that returns a job; ops are called only in graphs."""
    return callable(value) and not isinstance(value, NodeDefinition)


def later(what: str) -> str:
    """Return the refusal of something that this version does not have yet."""
    return f"{what} were given, which this version of Dagwerk does not have yet. It runs ops, graphs and jobs."


def callable_name(function: Callable[..., Any]) -> str:
    """Return a function's name; its class's if it has none."""
    return getattr(function, "__name__", type(function).__name__)
