"""What the machine can do: the floor under the other numbers."""

from __future__ import annotations

import json
import timeit

import msgspec


class Event(msgspec.Struct, frozen=True):
    """As much as an event carries."""

    event_type: str
    step_key: str
    message: str
    timestamp: float
    payload: object


def nothing() -> None:
    """Do nothing."""


def one_step(log: list[Event]) -> None:
    """Append the seven events of a trivial step."""
    append = log.append
    append(Event("start", "step", "", 0.0, None))
    append(Event("loaded", "step", "", 0.0, None))
    append(Event("input", "step", "", 0.0, None))
    append(Event("output", "step", "", 0.0, None))
    append(Event("stored", "step", "", 0.0, None))
    append(Event("handled", "step", "", 0.0, None))
    append(Event("success", "step", "", 0.0, None))


if __name__ == "__main__":
    call = min(timeit.repeat(nothing, number=100_000, repeat=5)) / 100_000
    log: list[Event] = []
    step = min(timeit.repeat(lambda: one_step(log), number=10_000, repeat=5)) / 10_000
    print(json.dumps({"seconds per call": call, "seconds per step": step}))
