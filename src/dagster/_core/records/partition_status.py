"""How a partition of an asset stands."""

from __future__ import annotations

from enum import Enum


class AssetPartitionStatus(Enum):
    """How a partition of an asset stands. None stands for one of which nothing is known.

    From the "Internals" document.
    """

    MATERIALIZED = "MATERIALIZED"
    IN_PROGRESS = "IN_PROGRESS"
    FAILED = "FAILED"
