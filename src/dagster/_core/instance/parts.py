"""The parts of an instance, each made when it is first needed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.ephemeral import EphemeralStorage
from dagster._serdes.config_class import ConfigurableClassData

#: What is told the instance that it works for.
_KNOWS_INSTANCE = frozenset({"run_coordinator", "run_launcher", "secrets_loader"})
#: Loaded by name, when they are needed.
_COORDINATOR = ConfigurableClassData(
    "dagster._core.run_coordinator.default", "DefaultRunCoordinator", "{}"
)
_NO_LOGS = ConfigurableClassData(
    "dagster._core.storage.noop_compute_log_manager", "NoOpComputeLogManager", "{}"
)
_OF_STORAGE = {
    "run_storage": "run_storage",
    "event_storage": "event_log_storage",
    "schedule_storage": "schedule_storage",
}


class InstanceParts:
    """The storages, the coordinator and everything else that an instance consists of.

    Args:
        given: Parts that are there already, by name; None is not there.
        make: Makes a part, by name, that was not given. None if there is no such part.
        adopt: Told of each part, with its name, that wants to know its instance or its settings.
    """

    __slots__ = ("_adopt", "_given", "_lock", "_made", "_make")

    def __init__(
        self,
        given: Mapping[str, Any],
        make: Callable[[InstanceParts, str], Any],
        adopt: Callable[[str, Any], None],
    ) -> None:
        self._made: dict[str, Any] = {}
        self._make = make
        self._adopt = adopt
        self._lock = threading.RLock()
        self._given = {name: part for name, part in given.items() if part is not None}
        for name, part in self._given.items():
            self._keep(name, part)

    def get(self, name: str) -> Any:
        """Return a part, or None if the instance has no such part."""
        made = self._made
        if name not in made:
            with self._lock:
                if name not in made:
                    self._keep(name, self._make(self, name))
        return made[name]

    def loaded(self, name: str) -> Any:
        """Return a part if it was needed before, or None."""
        return self._made.get(name)

    def dispose(self) -> None:
        """Free what the parts hold. Those that were made are made again when they are needed again."""
        with self._lock:
            made, self._made = self._made, dict(self._given)
        # Whoever watches logs asks the database until the event storage is disposed of. Then the last made
        # first: it may rest on those before.
        first = [made.pop("event_storage")] if "event_storage" in made else []
        for part in (*first, *reversed(made.values())):
            dispose = getattr(part, "dispose", None)
            if dispose is not None:
                dispose()

    def _keep(self, name: str, part: Any) -> None:
        knows_instance = name in _KNOWS_INSTANCE and hasattr(part, "register_instance")
        if knows_instance or (name == "event_storage" and part is not None):
            self._adopt(name, part)
        self._made[name] = part


def part_of_ref(ref: InstanceRef) -> Callable[[InstanceParts, str], Any]:
    """Return what makes the parts that a reference describes."""

    def make(parts: InstanceParts, name: str) -> Any:
        if name in _OF_STORAGE:
            data = getattr(ref, f"{name}_data")
            whole = parts.get("storage") if data is None or ref.storage_data is not None else None
            if whole is not None:
                return getattr(whole, _OF_STORAGE[name])
        return getattr(ref, name)

    return make


def part_of_buffer(buffer: EphemeralStorage) -> Callable[[InstanceParts, str], Any]:
    """Return what makes the parts of an instance that keeps everything in memory."""

    def make(_parts: InstanceParts, name: str) -> Any:
        if name in _OF_STORAGE:
            return getattr(buffer.storages, _OF_STORAGE[name])
        if name == "run_coordinator":
            return _COORDINATOR.rehydrate()
        if name == "compute_log_manager":
            return _NO_LOGS.rehydrate()
        return None

    return make


def no_part(_parts: InstanceParts, _name: str) -> None:
    """Make nothing: the instance has the parts that it was given."""
