"""Where definitions are found: code locations, repositories, schedules and sensors, and what names them.

An *origin* says how something is reached, and changes when the code moves; a *selector* is its name in
the workspace, and stays.
"""

from __future__ import annotations

from typing import Any

import dagster._check as check
from dagster._core.records.content_id import content_id
from dagster._wire.record import Record


class RepositorySelector(Record, frozen=True):
    """The name of a repository in the workspace.

    Args:
        location_name: The code location.
        repository_name: The repository in it.
    """

    location_name: str
    repository_name: str

    @property
    def selector_id(self) -> str:
        """An id made of the names."""
        return content_id(self)


class InstigatorSelector(Record, frozen=True):
    """The name of a schedule or sensor in the workspace.

    Args:
        location_name: The code location.
        repository_name: The repository in it.
        name: The schedule or sensor in that.
    """

    location_name: str
    repository_name: str
    name: str

    @property
    def instigator_name(self) -> str:
        """The schedule or sensor."""
        return self.name

    def get_id(self) -> str:
        """Return an id made of the names."""
        return content_id(self)


class RegisteredCodeLocationOrigin(Record, frozen=True):
    """A code location known by its name alone.

    Args:
        location_name: The name.
    """

    location_name: str

    def get_id(self) -> str:
        """Return an id made of the name."""
        return content_id(self)


class RemoteRepositoryOrigin(Record, frozen=True):
    """How a repository is reached.

    Args:
        code_location_origin: How its code location is reached: a record with a ``location_name``.
        repository_name: The repository.
    """

    code_location_origin: Any
    repository_name: str

    def __post_init__(self) -> None:
        check.str_param(self.repository_name, "repository_name")

    @property
    def location_name(self) -> str:
        """The name of its code location."""
        return self.code_location_origin.location_name

    def get_id(self) -> str:
        """Return an id that changes when the code moves."""
        return content_id(self)

    def get_selector(self) -> RepositorySelector:
        """Return its name in the workspace."""
        return RepositorySelector(self.location_name, self.repository_name)

    def get_selector_id(self) -> str:
        """Return the id of its name."""
        return self.get_selector().selector_id

    def get_label(self) -> str:
        """Return how people are told of it."""
        return f"{self.repository_name}@{self.location_name}"

    def get_job_origin(self, job_name: str) -> RemoteJobOrigin:
        """Return how a job in it is reached."""
        return RemoteJobOrigin(self, job_name)

    def get_instigator_origin(self, instigator_name: str) -> RemoteInstigatorOrigin:
        """Return how a schedule or sensor in it is reached."""
        return RemoteInstigatorOrigin(self, instigator_name)


class RemoteJobOrigin(Record, frozen=True):
    """How a job is reached.

    Args:
        repository_origin: How its repository is reached.
        job_name: The job.
    """

    repository_origin: RemoteRepositoryOrigin
    job_name: str

    def __post_init__(self) -> None:
        check.inst_param(self.repository_origin, "repository_origin", RemoteRepositoryOrigin)
        check.str_param(self.job_name, "job_name")

    @property
    def location_name(self) -> str:
        """The name of its code location."""
        return self.repository_origin.location_name

    def get_id(self) -> str:
        """Return an id that changes when the code moves."""
        return content_id(self)


class RemoteInstigatorOrigin(Record, frozen=True):
    """How a schedule or sensor is reached.

    Args:
        repository_origin: How its repository is reached.
        instigator_name: The schedule or sensor.
    """

    repository_origin: RemoteRepositoryOrigin
    instigator_name: str

    def __post_init__(self) -> None:
        check.inst_param(self.repository_origin, "repository_origin", RemoteRepositoryOrigin)
        check.str_param(self.instigator_name, "instigator_name")

    @property
    def location_name(self) -> str:
        """The name of its code location."""
        return self.repository_origin.location_name

    def get_id(self) -> str:
        """Return an id that changes when the code moves."""
        return content_id(self)

    def get_selector(self) -> InstigatorSelector:
        """Return its name in the workspace."""
        repository = self.repository_origin
        return InstigatorSelector(
            repository.location_name, repository.repository_name, self.instigator_name
        )


class JobPythonOrigin(Record, frozen=True):
    """Where a process finds the code of a job.

    Args:
        job_name: The job.
        job_code: What loads it, as JSON: a ``ReconstructableJob``. Text, so that hosts can read the
            record without knowing how code is loaded.
        executable_path: The Python that it was loaded with.
    """

    job_name: str
    job_code: str
    executable_path: str | None = None

    def get_id(self) -> str:
        """Return an id that changes when the code moves."""
        return content_id(self)
