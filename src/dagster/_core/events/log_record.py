"""The log record that loggers and handlers get: a standard record that knows its run and step."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from dagster._text import shown

if TYPE_CHECKING:
    from dagster._core.events.event import DagsterEvent
    from dagster._core.records.error_info import SerializableErrorInfo

#: Attributes of a record that ``extra`` may not overwrite, as in the standard library.
RESERVED = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}


class DagsterLogRecord(logging.LogRecord):
    """A log record of a run.

    ``__dict__`` holds plain values only, so that the JSON formatters that users write over it
    (``json.dumps(record.__dict__)``) work for every record. The event and the error themselves live in
    slots, beside it.

    * ``msg`` is the whole line for handlers that know nothing of runs: job, run, process, step, event
      type and message, separated by dashes.
    * ``orig_message``, ``run_id``, ``job_name`` and ``step_key`` are there for format strings.
    * ``dagster_meta`` has these and the rest of the documented fields.
    * ``dagster_event`` is the :class:`DagsterEvent` or None; ``error_info`` the error or None.
    """

    __slots__ = ("dagster_event", "error_info")

    dagster_event: DagsterEvent | None
    error_info: SerializableErrorInfo | None

    def complete(
        self,
        meta: dict[str, Any],
        event: DagsterEvent | None,
        error: SerializableErrorInfo | None,
    ) -> None:
        """Fill in what a record of a run has beyond a standard one."""
        self.dagster_event = event
        self.error_info = error
        fields = self.__dict__
        fields["msg"] = full_message(meta, event)
        fields["args"] = ()
        fields["dagster_meta"] = meta
        fields["orig_message"] = meta["orig_message"]
        fields["run_id"] = meta["run_id"]
        fields["job_name"] = meta["job_name"]
        fields["step_key"] = meta["step_key"]


class PlainEvent(dict[str, Any]):
    """An event as plain values for JSON; the event's own attributes still read as attributes."""

    __slots__ = ("_event",)

    def __init__(self, event: DagsterEvent) -> None:
        try:
            plain = msgspec.to_builtins(event, str_keys=True, enc_hook=shown)
        except Exception:  # noqa: BLE001 - odd metadata of the user's must not cost the message
            plain = {"event_type_value": event.event_type_value, "message": event.message}
        super().__init__(plain)
        self._event = event

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._event, name)

    def __reduce__(self) -> tuple[Any, ...]:
        return (dict, (dict(self),))


def event_type_label(event: DagsterEvent) -> str:
    """Return the type of an event in today's words: ``RUN_START`` for the stored ``PIPELINE_START``."""
    value = event.event_type_value
    if value.startswith("PIPELINE_") and value != "PIPELINE_INIT_FAILURE":
        return f"RUN_{value[9:]}"
    return value


def log_metadata(
    run_id: str | None,
    job_name: str | None,
    run_tags: Mapping[str, str],
    tags: Mapping[str, Any],
    message: str,
    timestamp: float,
    event: DagsterEvent | None,
) -> dict[str, Any]:
    """Return ``dagster_meta``: the documented fields of a log line of a run."""
    return {
        "run_id": run_id,
        "job_name": job_name,
        "job_tags": dict(run_tags),
        "op_name": tags.get("op_name"),
        "step_key": (event and event.step_key) or tags.get("step_key"),
        "resource_name": tags.get("resource_name"),
        "resource_fn_name": tags.get("resource_fn_name"),
        "orig_message": message,
        "log_message_id": os.urandom(16).hex(),
        "log_timestamp": datetime.fromtimestamp(timestamp, UTC).isoformat(),
        "dagster_event": None if event is None else PlainEvent(event),
    }


def full_message(meta: Mapping[str, Any], event: DagsterEvent | None) -> str:
    """Return the line for handlers that know nothing of runs."""
    parts = [meta["job_name"], meta["run_id"]]
    if event is not None:
        parts.append(event.pid)
        parts.append(meta["step_key"])
        parts.append(event_type_label(event))
    else:
        parts.append(meta["step_key"])
    parts.append(meta["orig_message"])
    return " - ".join([str(part) for part in parts if part])
