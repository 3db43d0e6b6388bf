"""RepositoryDefinition: a named collection of jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster._check as check
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.naming import check_valid_name
from dagster._core.definitions.repository.contents import JobOrPipeline
from dagster._core.definitions.repository.data import RepositoryData
from dagster._core.definitions.resource.definition import ResourceDefinition
from dagster._core.records.metadata import MetadataValue, normalize_metadata

#: The name of the repository that Definitions are.
SINGLETON_REPOSITORY_NAME = "__repository__"


class RepositoryDefinition:
    """A named collection of jobs. Most are made with :func:`repository` or :class:`Definitions`.

    From the "definitions and repositories" part of the API documents.

    Args:
        name: Letters, digits and underscores.
        repository_data: Where it finds its jobs.
        description: For people.
        metadata: Metadata of the repository.
    """

    def __init__(
        self,
        name: str,
        repository_data: RepositoryData,
        description: str | None = None,
        *,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self._name = check_valid_name(name, "repository name")
        self._data: RepositoryData = check.inst_param(repository_data, "repository_data", RepositoryData)
        self._description = check.opt_str_param(description, "description")
        self._metadata = normalize_metadata(metadata)

    @property
    def name(self) -> str:
        """The name of the repository."""
        return self._name

    @property
    def description(self) -> str | None:
        """A human-readable description of the repository."""
        return self._description

    @property
    def metadata(self) -> Mapping[str, MetadataValue]:
        """Metadata of the repository."""
        return self._metadata

    @property
    def job_names(self) -> list[str]:
        """The names of all jobs."""
        return list(self._data.get_job_names())

    def has_job(self, name: str) -> bool:
        """Return whether there is a job of a name.

        Args:
            name: The name.
        """
        return self._data.has_job(name)

    def get_job(self, name: str) -> JobDefinition:
        """Return a job by name. If it is given as a function, it is made now and kept.

        Args:
            name: The name.

        Raises:
            DagsterInvariantViolationError: If there is none, with the nearest name.
        """
        return self._data.get_job(name)

    def get_maybe_subset_job_def(
        self, job_name: str, op_selection: Sequence[str] | None = None
    ) -> JobDefinition:
        """Return a job by name, or a part of its ops."""
        return self.get_job(job_name).get_subset(op_selection=op_selection)

    def get_all_jobs(self) -> Sequence[JobDefinition]:
        """Return all jobs. Those given as functions are made now and kept."""
        return list(self._data.get_all_jobs())

    def get_top_level_resources(self) -> Mapping[str, ResourceDefinition]:
        """Return the resources that jobs get which do not give them themselves."""
        return self._data.get_top_level_resources()

    def load_all_definitions(self) -> None:
        """Make every job, so that what is wrong with one is known."""
        self._data.load_all_definitions()

    def validate_loadable(self) -> None:
        """Refuse a repository in which something is wrong.

        Raises:
            DagsterInvalidDefinitionError: The first thing that is wrong.
        """
        self.load_all_definitions()

    # The older names

    @property
    def pipeline_names(self) -> list[str]:
        """The names of all jobs and pipelines."""
        return list(self._data.get_pipeline_names())

    def has_pipeline(self, name: str) -> bool:
        """Return whether there is a job or pipeline of a name."""
        return self._data.has_pipeline(name)

    def get_pipeline(self, name: str) -> JobOrPipeline:
        """Return a job or pipeline by name.

        Raises:
            DagsterInvariantViolationError: If there is none, with the nearest name.
        """
        return self._data.get_pipeline(name)

    def get_all_pipelines(self) -> Sequence[JobOrPipeline]:
        """Return all jobs and pipelines."""
        return list(self._data.get_all_pipelines())

    def __repr__(self) -> str:
        return f"RepositoryDefinition({self._name!r})"
