"""RepositoryData: where a repository finds its jobs."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.repository.contents import (
    Defaults,
    JobOrPipeline,
    JobTable,
    duplicate_message,
    is_pipeline,
    job_or_pipeline_of,
    table_of_dict,
    table_of_list,
    wrong_kind,
)
from dagster._core.definitions.resource.definition import ResourceDefinition
from dagster._core.errors import DagsterInvalidDefinitionError, DagsterInvariantViolationError
from dagster._text import unknown


class RepositoryData(ABC):  # noqa: B024 - which of two members to implement is the subclass's choice
    """Where a repository finds its jobs. Users subclass it to make them in ways of their own.

    An implementer overrides :meth:`get_all_jobs` (or, in the older vocabulary,
    :meth:`get_all_pipelines`); the other members follow from it, and can be overridden to make one job
    without making all. The same name must always give the same job.

    From the "definitions and repositories" part of the API documents.

    Examples:
        >>> class YamlRepositoryData(RepositoryData):
        ...     def __init__(self, directory):
        ...         self._directory = directory
        ...
        ...     def get_all_jobs(self):
        ...         return [make_job(path) for path in sorted(Path(self._directory).glob("*.yaml"))]
        >>> @repository
        ... def yaml_jobs():
        ...     return YamlRepositoryData("jobs")
    """

    def get_all_jobs(self) -> Sequence[JobDefinition]:
        """Return all jobs. Default: the pipelines of :meth:`get_all_pipelines` that are jobs; none."""
        if type(self).get_all_pipelines is RepositoryData.get_all_pipelines:
            return []
        return [item for item in self.get_all_pipelines() if not is_pipeline(item)]

    def get_all_pipelines(self) -> Sequence[JobOrPipeline]:
        """Return all jobs and all pipelines of the older vocabulary."""
        return self.get_all_jobs()

    def get_pipeline_names(self) -> Sequence[str]:
        """Return the names of all jobs and pipelines."""
        return [item.name for item in self.get_all_pipelines()]

    def get_job_names(self) -> Sequence[str]:
        """Return the names of all jobs."""
        return [item.name for item in self.get_all_jobs()]

    def has_pipeline(self, pipeline_name: str) -> bool:
        """Whether there is a job or pipeline of a name."""
        return pipeline_name in self.get_pipeline_names()

    def has_job(self, job_name: str) -> bool:
        """Whether there is a job of a name."""
        return job_name in self.get_job_names()

    def get_pipeline(self, pipeline_name: str) -> JobOrPipeline:
        """Return a job or pipeline by name.

        Raises:
            DagsterInvariantViolationError: If there is none.
        """
        for item in self.get_all_pipelines():
            if item.name == pipeline_name:
                return item
        raise DagsterInvariantViolationError(
            f"Could not find job '{pipeline_name}': "
            + unknown("job", pipeline_name, self.get_pipeline_names())
        )

    def get_job(self, job_name: str) -> JobDefinition:
        """Return a job by name.

        Raises:
            DagsterInvariantViolationError: If there is none, or it is a pipeline.
        """
        found = self.get_pipeline(job_name)
        if is_pipeline(found):
            raise DagsterInvariantViolationError(
                f"'{job_name}' is a pipeline, not a job. Use get_pipeline('{job_name}'), and "
                "get_mode_job(mode) of it for the job that a mode makes."
            )
        return found

    def get_top_level_resources(self) -> Mapping[str, ResourceDefinition]:
        """Return the resources that jobs get which do not give them themselves."""
        return {}

    def load_all_definitions(self) -> None:
        """Make every job, so that what is wrong with one is known."""
        self.get_all_pipelines()


class CachingRepositoryData(RepositoryData):
    """Jobs of a list or a dict; those given as functions are made when they are first asked for.

    Args:
        table: The jobs.
        defaults: What jobs get that do not say it themselves.
    """

    def __init__(self, table: JobTable, defaults: Defaults) -> None:
        self._table = table
        self._defaults = defaults

    @staticmethod
    def from_list(
        repository_definitions: Iterable[Any],
        defaults: Defaults | None = None,
        what: str = "Bad return value from repository construction function",
    ) -> CachingRepositoryData:
        """Return the data of a list of jobs, graphs and pipelines.

        Raises:
            DagsterInvalidDefinitionError: If an item is something else, or two have one name.
        """
        defaults = defaults or Defaults()
        return CachingRepositoryData(table_of_list(repository_definitions, defaults, what), defaults)

    @staticmethod
    def from_dict(
        repository_definitions: Mapping[str, Any],
        defaults: Defaults | None = None,
        what: str = "Bad return value from repository construction function",
    ) -> CachingRepositoryData:
        """Return the data of ``{"jobs": {name: job or function}, "pipelines": {...}}``.

        Raises:
            DagsterInvalidDefinitionError: If there is another key, or two jobs of one name.
        """
        defaults = defaults or Defaults()
        return CachingRepositoryData(table_of_dict(repository_definitions, defaults, what), defaults)

    def get_all_pipelines(self) -> Sequence[JobOrPipeline]:
        return [self._table.get(name) for name in self._table.names]

    def get_pipeline_names(self) -> Sequence[str]:
        return self._table.names

    def get_all_jobs(self) -> Sequence[JobDefinition]:
        return [self._table.get(name) for name in self.get_job_names()]

    def get_job_names(self) -> Sequence[str]:
        return [name for name in self._table.names if name not in self._table.pipeline_names]

    def get_pipeline(self, pipeline_name: str) -> JobOrPipeline:
        if pipeline_name in self._table.names:
            return self._table.get(pipeline_name)
        return super().get_pipeline(pipeline_name)

    def get_top_level_resources(self) -> Mapping[str, ResourceDefinition]:
        return self._defaults.resource_defs


class CheckedRepositoryData(RepositoryData):
    """The data of a user's own class, with graphs made jobs and defaults applied.

    Args:
        data: The user's.
        defaults: What jobs get that do not say it themselves.
    """

    def __init__(self, data: RepositoryData, defaults: Defaults) -> None:
        self._data = data
        self._defaults = defaults
        self._made: dict[str, tuple[Any, JobOrPipeline]] = {}

    def _checked(self, given: Any) -> JobOrPipeline:
        made = job_or_pipeline_of(given)
        if made is None:
            raise DagsterInvalidDefinitionError(
                f"The jobs of {type(self._data).__name__} must be of type JobDefinition, GraphDefinition or "
                f"PipelineDefinition. Got {wrong_kind(given)}."
            )
        # As long as the user's class gives the same object, what is made of it is the same too.
        known = self._made.get(made.name)
        if known is None or known[0] is not given:
            known = self._made[made.name] = (given, self._defaults.apply(made))
        return known[1]

    def get_all_pipelines(self) -> Sequence[JobOrPipeline]:
        found: dict[str, JobOrPipeline] = {}
        given_by_name: dict[str, Any] = {}
        for given in self._data.get_all_pipelines():
            checked = self._checked(given)
            name = checked.name
            if given_by_name.setdefault(name, given) is not given:
                what = f"The jobs of {type(self._data).__name__}"
                raise DagsterInvalidDefinitionError(
                    duplicate_message(what, name, given_by_name[name], given)
                )
            found[name] = checked
        return list(found.values())

    def get_pipeline_names(self) -> Sequence[str]:
        return self._data.get_pipeline_names()

    def get_job_names(self) -> Sequence[str]:
        return self._data.get_job_names()

    def has_pipeline(self, pipeline_name: str) -> bool:
        return self._data.has_pipeline(pipeline_name)

    def has_job(self, job_name: str) -> bool:
        return self._data.has_job(job_name)

    def get_pipeline(self, pipeline_name: str) -> JobOrPipeline:
        return self._checked(self._data.get_pipeline(pipeline_name))

    def get_top_level_resources(self) -> Mapping[str, ResourceDefinition]:
        return {**self._defaults.resource_defs, **self._data.get_top_level_resources()}
