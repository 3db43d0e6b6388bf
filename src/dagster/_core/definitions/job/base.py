"""IJob: a job, or the way to load one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster._core.definitions.job.definition import JobDefinition
    from dagster._core.definitions.reconstructable import ReconstructableJob


class IJob(ABC):
    """A job, or the way to load one in another process."""

    @abstractmethod
    def get_definition(self) -> JobDefinition:
        """Return the job."""

    @abstractmethod
    def get_subset(self, *, op_selection: Sequence[str] | None = None) -> IJob:
        """Return the job with a part of its ops."""

    @property
    def op_selection(self) -> Sequence[str] | None:
        """The clauses that selected the ops, if there are any."""
        return self.get_definition().op_selection

    @property
    def is_reconstructable(self) -> bool:
        """Whether another process can load it."""
        return self.for_other_process() is not None

    def for_other_process(self) -> ReconstructableJob | None:
        """Return the way in which another process loads it; None if there is none."""
        return None


class InMemoryJob(IJob):
    """A job that is here.

    Args:
        job_def: The job.
    """

    __slots__ = ("_job_def",)

    def __init__(self, job_def: JobDefinition) -> None:
        self._job_def = job_def

    def get_definition(self) -> JobDefinition:
        return self._job_def

    def get_subset(self, *, op_selection: Sequence[str] | None = None) -> InMemoryJob:
        return InMemoryJob(self._job_def.get_subset(op_selection=op_selection))


class PreparedJob(IJob):
    """A job as one run has it, which knows the way to load the whole.

    Args:
        origin: The job as it was given.
        job_def: The job as the run has it.
    """

    __slots__ = ("_job_def", "origin")

    def __init__(self, origin: IJob, job_def: JobDefinition) -> None:
        self.origin = origin
        self._job_def = job_def

    def get_definition(self) -> JobDefinition:
        return self._job_def

    def get_subset(self, *, op_selection: Sequence[str] | None = None) -> IJob:
        return self.origin.get_subset(op_selection=op_selection)

    def for_other_process(self) -> ReconstructableJob | None:
        return self.origin.for_other_process()
