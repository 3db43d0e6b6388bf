"""Definitions: everything of a code location in one object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import dagster._check as check
from dagster._core.definitions.executor import ExecutorDefinition
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.logger import LoggerDefinition
from dagster._core.definitions.place import at_place
from dagster._core.definitions.repository.contents import (
    Defaults,
    JobOrPipeline,
    callable_name,
    job_or_pipeline_of,
    later,
    wrong_kind,
)
from dagster._core.definitions.repository.data import CachingRepositoryData
from dagster._core.definitions.repository.definition import (
    SINGLETON_REPOSITORY_NAME,
    RepositoryDefinition,
)
from dagster._core.definitions.resource.wrap import wrap_resources_for_execution
from dagster._core.errors import DagsterInvalidDefinitionError, DagsterInvariantViolationError
from dagster._core.records.metadata import MetadataValue, normalize_metadata
from dagster._text import expected


class BindResourcesToJobs(list[JobOrPipeline]):
    """A list of jobs whose missing resources come from :class:`Definitions`.

    Every list of jobs is one by now; the class is there for code that names it.
    """


class Definitions:
    """Everything of a code location: jobs, and the resources, executor and loggers that they share.

    From the "definitions and repositories" part of the API documents.

    A job gets a resource from here for each key that it does not give itself; the executor and loggers
    if it names none. That is done, and checked, when it is first asked for: see
    :meth:`validate_loadable`.

    Args:
        assets: Not in this version: None or empty.
        schedules: Not in this version: None or empty.
        sensors: Not in this version: None or empty.
        jobs: Jobs; graphs become jobs.
        resources: Resources by key: definitions, ConfigurableResources, or plain objects.
        executor: The executor of jobs that name none.
        loggers: The loggers of jobs that name none.
        asset_checks: Not in this version: None or empty.
        metadata: Metadata of the code location.
        component_tree: Not in this version: None.

    Raises:
        DagsterInvalidDefinitionError: If something is not what it should be.

    Examples:
        >>> defs = Definitions(jobs=[load_job], resources={"database": Database(url=EnvVar("URL"))})
    """

    def __init__(
        self,
        assets: Iterable[Any] | None = None,
        schedules: Iterable[Any] | None = None,
        sensors: Iterable[Any] | None = None,
        jobs: Iterable[Any] | None = None,
        resources: Mapping[str, Any] | None = None,
        executor: ExecutorDefinition | Any | None = None,
        loggers: Mapping[str, LoggerDefinition] | None = None,
        asset_checks: Iterable[Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        component_tree: Any = None,
    ) -> None:
        _refuse_later(
            assets=assets,
            schedules=schedules,
            sensors=sensors,
            asset_checks=asset_checks,
            component_tree=component_tree,
        )
        self.jobs: Sequence[JobOrPipeline] = _checked_jobs(jobs)
        self.resources: Mapping[str, Any] = dict(check.opt_mapping_param(resources, "resources", str))
        self.executor: ExecutorDefinition | None = _checked_executor(executor)
        self.loggers: Mapping[str, LoggerDefinition] = dict(
            check.opt_mapping_param(loggers, "loggers", str, LoggerDefinition)
        )
        self.metadata: Mapping[str, MetadataValue] = normalize_metadata(metadata)
        self._repository_def: RepositoryDefinition | None = None

    def get_repository_def(self) -> RepositoryDefinition:
        """Return the repository that these definitions are, with resources bound to the jobs.

        Raises:
            DagsterInvalidDefinitionError: If a job lacks a resource, or two have one name.
        """
        if self._repository_def is None:
            defaults = Defaults(
                wrap_resources_for_execution(self.resources), self.executor, self.loggers
            )
            data = CachingRepositoryData.from_list(self.jobs, defaults, "Definitions")
            data.load_all_definitions()
            self._repository_def = RepositoryDefinition(
                SINGLETON_REPOSITORY_NAME, data, metadata=self.metadata
            )
        return self._repository_def

    def has_resolved_repository_def(self) -> bool:
        """Whether the resources have been bound to the jobs."""
        return self._repository_def is not None

    def get_job_def(self, name: str) -> JobDefinition:
        """Return a job by name, with the resources of these definitions.

        Args:
            name: The name.

        Raises:
            DagsterInvariantViolationError: If there is none, with the nearest name.
        """
        return self.get_repository_def().get_job(check.str_param(name, "name"))

    def resolve_job_def(self, name: str) -> JobDefinition:
        """Return a job by name, with the resources of these definitions; see :meth:`get_job_def`."""
        return self.get_job_def(name)

    def resolve_all_job_defs(self) -> Sequence[JobDefinition]:
        """Return all jobs, with the resources of these definitions."""
        return self.get_repository_def().get_all_jobs()

    def with_resources(self, resources: Mapping[str, Any] | None) -> Definitions:
        """Return these definitions with more resources; those of a key that is there are replaced."""
        return self._copy(resources={**self.resources, **(resources or {})})

    def with_definition_metadata_update(
        self, update: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    ) -> Definitions:
        """Return these definitions with the metadata that a function makes of theirs."""
        return self._copy(metadata=update(self.metadata))

    def _copy(self, **changes: Any) -> Definitions:
        arguments: dict[str, Any] = {
            "jobs": self.jobs,
            "resources": self.resources,
            "executor": self.executor,
            "loggers": self.loggers,
            "metadata": self.metadata,
        }
        return Definitions(**{**arguments, **changes})

    @staticmethod
    def validate_loadable(defs: Definitions) -> None:
        """Refuse definitions in which something is wrong, as a code location would when it loads them.

        For unit tests and CI: jobs that lack a resource and jobs of one name are found without running
        anything.

        Args:
            defs: The definitions.

        Raises:
            DagsterInvalidDefinitionError: The first thing that is wrong.
        """
        check.inst_param(defs, "defs", Definitions)
        defs.get_repository_def().validate_loadable()

    @staticmethod
    def merge(*def_sets: Definitions) -> Definitions:
        """Return one object with the definitions of several.

        Args:
            *def_sets: The definitions.

        Raises:
            DagsterInvariantViolationError: If two give different resources, loggers or metadata for one
                key, or both give an executor and not the same one.
        """
        check.sequence_param(def_sets, "def_sets", Definitions)
        executors = [(i, d.executor) for i, d in enumerate(def_sets) if d.executor is not None]
        for index, executor in executors[1:]:
            if executor is not executors[0][1]:
                raise DagsterInvariantViolationError(
                    f"Definitions objects {executors[0][0]} and {index} both have an executor. Merged "
                    "definitions have one: give it in one of them only."
                )
        return Definitions(
            jobs=_merged_jobs(def_sets),
            resources=_merged("resources", [d.resources for d in def_sets]),
            executor=executors[0][1] if executors else None,
            loggers=_merged("loggers", [d.loggers for d in def_sets]),
            metadata=_merged("metadata", [d.metadata for d in def_sets]),
        )

    @staticmethod
    def merge_unbound_defs(*def_sets: Definitions) -> Definitions:
        """Return one object with the definitions of several; see :meth:`merge`."""
        return Definitions.merge(*def_sets)

    def __repr__(self) -> str:
        names = [job_def.name for job_def in self.jobs]
        return f"Definitions(jobs={names}, resources={sorted(self.resources)})"


def _refuse_later(**arguments: Any) -> None:
    for name, value in arguments.items():
        if value is not None and (name == "component_tree" or list(value)):
            raise DagsterInvalidDefinitionError(f"Definitions: {later(name)}")


def _checked_jobs(jobs: Iterable[Any] | None) -> list[JobOrPipeline]:
    if jobs is None:
        return []
    if isinstance(jobs, (str, Mapping)) or not isinstance(jobs, Iterable):
        raise DagsterInvalidDefinitionError(expected("jobs of Definitions", "a list of jobs", jobs))
    checked: list[JobOrPipeline] = []
    made_of: dict[int, JobOrPipeline] = {}
    for index, item in enumerate(jobs):
        made = made_of.get(id(item)) or job_or_pipeline_of(item)
        if made is None:
            raise DagsterInvalidDefinitionError(
                f"Definitions: each of jobs must be a JobDefinition or GraphDefinition. Got "
                f"{wrong_kind(item)} at index {index}."
            )
        made_of[id(item)] = made
        checked.append(made)
    return checked


def _checked_executor(executor: Any) -> ExecutorDefinition | None:
    if executor is None or isinstance(executor, ExecutorDefinition):
        return executor
    # An Executor, which is of a higher layer: told by what it does.
    if not isinstance(executor, type) and hasattr(executor, "execute") and hasattr(executor, "retries"):
        return ExecutorDefinition.hardcoded_executor(executor)
    raise DagsterInvalidDefinitionError(
        expected("executor of Definitions", "an ExecutorDefinition or an Executor", executor)
    )


def _merged_jobs(def_sets: Sequence[Definitions]) -> list[JobOrPipeline]:
    by_id = {id(job_def): job_def for defs in def_sets for job_def in defs.jobs}
    return list(by_id.values())


def _merged(what: str, mappings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    origin: dict[str, int] = {}
    for index, mapping in enumerate(mappings):
        for key, value in mapping.items():
            if key in result and result[key] is not value and not _equal(result[key], value):
                raise DagsterInvariantViolationError(
                    f"Definitions objects {origin[key]} and {index} have different {what} with same key "
                    f"'{key}'. Give it in one of them only, or the same object in both."
                )
            result[key] = value
            origin.setdefault(key, index)
    return result


def _equal(one: Any, other: Any) -> bool:
    # Resources may be anything; some (data frames, arrays) have no plain truth of their equality.
    try:
        return type(one) is type(other) and bool(one == other)
    except Exception:  # noqa: BLE001 - see above
        return False


class LazyDefinitions:
    """What ``@definitions`` makes of a function: calling it builds the definitions, once.

    Args:
        fn: Returns the definitions.
    """

    def __init__(self, fn: Callable[[], Definitions]) -> None:
        self._fn = fn
        self._built: Definitions | None = None
        for attribute in ("__module__", "__name__", "__qualname__", "__doc__"):
            setattr(self, attribute, getattr(fn, attribute, None))
        self.__wrapped__ = fn

    def __call__(self) -> Definitions:
        """Return the definitions.

        Raises:
            DagsterInvariantViolationError: If the function returns something else.
        """
        if self._built is None:
            built = self._fn()
            if not isinstance(built, Definitions):
                raise DagsterInvariantViolationError(
                    expected(
                        f"what {callable_name(self._fn)}{at_place(self._fn)} returns",
                        "Definitions",
                        built,
                    )
                )
            self._built = built
        return self._built


def definitions(fn: Callable[[], Definitions]) -> LazyDefinitions:
    """Have a function build :class:`Definitions` when they are loaded, not when its module is imported.

    From the "definitions and repositories" part of the API documents.

    Args:
        fn: Takes nothing and returns Definitions.

    Raises:
        DagsterInvalidDefinitionError: If the function takes arguments.
    """
    check.callable_param(fn, "fn")
    code = getattr(fn, "__code__", None)
    if code is not None and code.co_argcount - len(getattr(fn, "__defaults__", None) or ()) > 0:
        raise DagsterInvalidDefinitionError(
            f"The function {callable_name(fn)}{at_place(fn)} decorated with @definitions must take no "
            f"arguments, but takes {', '.join(code.co_varnames[: code.co_argcount])}."
        )
    return LazyDefinitions(fn)


def create_repository_using_definitions_args(
    name: str,
    assets: Iterable[Any] | None = None,
    schedules: Iterable[Any] | None = None,
    sensors: Iterable[Any] | None = None,
    jobs: Iterable[Any] | None = None,
    resources: Mapping[str, Any] | None = None,
    executor: ExecutorDefinition | Any | None = None,
    loggers: Mapping[str, LoggerDefinition] | None = None,
    asset_checks: Iterable[Any] | None = None,
) -> RepositoryDefinition:
    """Make a repository with the arguments of :class:`Definitions`, under a name of its own.

    For code that has several repositories in one code location.

    Args:
        name: The name of the repository.
        assets: As of Definitions, like all others.
    """
    defs = Definitions(
        assets=assets,
        schedules=schedules,
        sensors=sensors,
        jobs=jobs,
        resources=resources,
        executor=executor,
        loggers=loggers,
        asset_checks=asset_checks,
    )
    defaults = Defaults(wrap_resources_for_execution(defs.resources), defs.executor, defs.loggers)
    data = CachingRepositoryData.from_list(defs.jobs, defaults, f"Repository '{name}'")
    data.load_all_definitions()
    return RepositoryDefinition(name, data)
