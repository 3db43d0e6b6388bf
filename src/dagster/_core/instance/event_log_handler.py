"""A handler of Python's logging that writes into the logs of runs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from dagster._core.events.log_entry import EventLogEntry
from dagster._core.events.log_record import DagsterLogRecord

if TYPE_CHECKING:
    from dagster._core.instance.instance import DagsterInstance


class EventLogHandler(logging.Handler):
    """Writes the messages of runs into the logs of an instance.

    Loggers of a run give it records that know their run. Others belong to no log and are left out.

    Args:
        instance: The instance.
    """

    def __init__(self, instance: DagsterInstance) -> None:
        super().__init__(logging.DEBUG)
        self._instance = instance

    def emit(self, record: logging.LogRecord) -> None:
        """Write a message into the log of its run."""
        if not isinstance(record, DagsterLogRecord):
            return
        meta, event = record.__dict__["dagster_meta"], record.dagster_event
        if meta["run_id"] is None:
            return
        self._instance.handle_new_event(
            EventLogEntry(
                error_info=record.error_info,
                level=record.levelno,
                user_message="" if event is not None else meta["orig_message"],
                run_id=meta["run_id"],
                timestamp=record.created,
                step_key=meta["step_key"],
                job_name=meta["job_name"],
                dagster_event=event,
            )
        )
