"""Jobs as they were when a run of them was made, whatever has become of their code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dagster._core.records.job_snapshot import GraphDefSnap, JobLineageSnap, JobSnap, OpDefSnap
    from dagster._core.storage.runs.base import RunStorage


class HistoricalJob(NamedTuple):
    """A job as it was when a run of it was made.

    Args:
        job_snapshot: The job.
        identifying_job_snapshot_id: The id under which it is stored.
        parent_job_snapshot: The job that it was a selected part of; None if it was a whole one.
    """

    job_snapshot: JobSnap
    identifying_job_snapshot_id: str
    parent_job_snapshot: JobSnap | None = None

    @property
    def name(self) -> str:
        """The name of the job."""
        return self.job_snapshot.name

    @property
    def description(self) -> str | None:
        """What the job does."""
        return self.job_snapshot.description

    @property
    def owners(self) -> Sequence[str] | None:
        """Who cares for the job."""
        return self.job_snapshot.owners

    @property
    def op_selection(self) -> Sequence[str] | None:
        """The clauses that selected the part; None if it was a whole job."""
        lineage = self._lineage
        return lineage.op_selection if lineage is not None else None

    @property
    def resolved_op_selection(self) -> frozenset[str] | None:
        """The handles that they meant; None if it was a whole job."""
        lineage = self._lineage
        if lineage is None or lineage.resolved_op_selection is None:
            return None
        return frozenset(lineage.resolved_op_selection)

    @property
    def _lineage(self) -> JobLineageSnap | None:
        return self.job_snapshot.lineage_snapshot

    def get_graph_name(self) -> str:
        """Return the name of its graph."""
        return self.job_snapshot.graph_def_name

    def get_node_def_snap(self, node_def_name: str) -> OpDefSnap | GraphDefSnap:
        """Return the definition of an op or graph inside, by name.

        Raises:
            KeyError: If there is none.
        """
        return self.job_snapshot.get_node_def_snap(node_def_name)


def load_historical_job(run_storage: RunStorage, snapshot_id: str) -> HistoricalJob:
    """Return a job as it is stored. See :meth:`DagsterInstance.get_historical_job`."""
    snapshot = run_storage.get_job_snapshot(snapshot_id)
    lineage = snapshot.lineage_snapshot
    parent = run_storage.get_job_snapshot(lineage.parent_snapshot_id) if lineage is not None else None
    return HistoricalJob(snapshot, snapshot_id, parent)
