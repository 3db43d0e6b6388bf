"""NoOpComputeLogManager: nothing is captured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import IO, Any, Self

from dagster._core.storage.compute_log_manager import (
    CapturedLogContext,
    CapturedLogMetadata,
    CapturedLogSubscription,
    ComputeIOType,
    ComputeLogManager,
)
from dagster._serdes.config_class import ConfigurableClass, ConfigurableClassData


class NoOpComputeLogManager(ComputeLogManager, ConfigurableClass):
    """When enabled for a Dagster instance, stdout and stderr will not be available for any step.

    From the "Internals" document. In ``dagster.yaml``::

        compute_logs:
          module: dagster._core.storage.noop_compute_log_manager
          class: NoOpComputeLogManager

    Args:
        inst_data: Where the object comes from.
    """

    captures = False

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    @classmethod
    def config_type(cls) -> Any:
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        return cls(inst_data, **config_value)

    def capture_logs(self, log_key: Sequence[str]) -> AbstractContextManager[CapturedLogContext]:
        """Capture nothing."""
        return nullcontext(CapturedLogContext(log_key))

    def open_log_stream(
        self, log_key: Sequence[str], io_type: ComputeIOType
    ) -> AbstractContextManager[IO[bytes] | None]:
        """Give None: there is nothing to write to."""
        return nullcontext(None)

    def is_capture_complete(self, log_key: Sequence[str]) -> bool:
        """Return True: nothing will come."""
        return True

    def get_log_data_for_type(
        self, log_key: Sequence[str], io_type: ComputeIOType, offset: int, max_bytes: int | None
    ) -> tuple[bytes | None, int]:
        """Return nothing."""
        return None, 0

    def get_log_metadata(self, log_key: Sequence[str]) -> CapturedLogMetadata:
        """Return no places."""
        return CapturedLogMetadata()

    def delete_logs(
        self, log_key: Sequence[str] | None = None, prefix: Sequence[str] | None = None
    ) -> None:
        """Do nothing: nothing is kept."""

    def delete_logs_of_runs(self, run_ids: Sequence[str]) -> None:
        """Do nothing: nothing is kept."""

    def get_log_keys_for_log_key_prefix(
        self, log_key_prefix: Sequence[str], io_type: ComputeIOType
    ) -> Sequence[list[str]]:
        """Return no keys."""
        return []

    def subscribe(self, log_key: Sequence[str], cursor: str | None = None) -> CapturedLogSubscription:
        """Return a subscription that is complete."""
        subscription = CapturedLogSubscription(self, log_key, cursor)
        subscription.complete()
        return subscription
