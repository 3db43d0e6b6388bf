"""The classes that a ``dagster.yaml`` chooses: whether they are there, fit their key, and take their config."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple

from dagster._config.errors import DagsterEvaluationErrorReason, EvaluationError
from dagster._config.evaluate import validate_config
from dagster._core.errors import DagsterImportError, DagsterInvalidDefinitionError
from dagster._serdes.config_class import ConfigurableClass, ConfigurableClassData, raised_where

#: What the class under a key is to be derived from: its module and its name. They are loaded by name,
#: because nobody pays for parts that are not configured.
_BASES: Mapping[str, tuple[str, str]] = {
    "local_artifact_storage": ("dagster._core.storage.root", "LocalArtifactStorage"),
    "compute_logs": ("dagster._core.storage.compute_log_manager", "ComputeLogManager"),
    "storage": ("dagster._core.storage.base_storage", "DagsterStorage"),
    "run_storage": ("dagster._core.storage.runs.base", "RunStorage"),
    "event_log_storage": ("dagster._core.storage.event_log.base", "EventLogStorage"),
    "schedule_storage": ("dagster._core.storage.schedules.base", "ScheduleStorage"),
    "scheduler": ("dagster._core.scheduler.scheduler", "Scheduler"),
    "run_coordinator": ("dagster._core.run_coordinator.base", "RunCoordinator"),
    "run_launcher": ("dagster._core.launcher.base", "RunLauncher"),
    "instance_class": ("dagster._core.instance.instance", "DagsterInstance"),
    "custom_instance_class": ("dagster._core.instance.instance", "DagsterInstance"),
}


class ChosenClass(NamedTuple):
    """A class that a ``dagster.yaml`` chooses.

    Args:
        path: Where it is chosen: keys from the root on.
        module_name: Its module.
        class_name: Its name.
        config: Its config as it was given.
    """

    path: Sequence[str]
    module_name: str
    class_name: str
    config: Mapping[str, Any]

    @property
    def full_name(self) -> str:
        """Its module and name."""
        return f"{self.module_name}.{self.class_name}"


def chosen_classes(config: Mapping[str, Any], class_keys: Iterable[str]) -> Iterator[ChosenClass]:
    """Yield the classes that a config chooses; what cannot be read as a choice is passed over.

    Args:
        config: The config, as it was given.
        class_keys: The keys under which ``module``, ``class`` and ``config`` stand. They also stand under
            ``custom`` in ``storage`` and in ``secrets``.
    """
    places: list[tuple[list[str], Any]] = [([key], config.get(key)) for key in class_keys]
    for key in ("storage", "secrets"):
        given = config.get(key)
        if isinstance(given, Mapping):
            places.append(([key, "custom"], given.get("custom")))
    for path, given in places:
        if not isinstance(given, Mapping):
            continue
        module_name, class_name = given.get("module"), given.get("class")
        own = given.get("config", {})
        if isinstance(module_name, str) and isinstance(class_name, str) and isinstance(own, Mapping):
            yield ChosenClass(path, module_name, class_name, own)


def class_errors(chosen: ChosenClass) -> list[EvaluationError]:
    """Return everything that is wrong with a class and its config. The module of the class is imported.

    Environment variables are not looked up: that is for the process which makes something of the class.

    Args:
        chosen: The class.
    """
    data = ConfigurableClassData(chosen.module_name, chosen.class_name, "")
    try:
        cls = data.load_class()
    except DagsterImportError as exc:
        # With a cause, the module raised it; without one, the module is there and has no such class.
        field = "class" if exc.__cause__ is None else "module"
        return [_error(chosen, field, str(exc))]
    except DagsterInvalidDefinitionError as exc:
        return [_error(chosen, "class", str(exc))]
    misplaced = _misplaced(chosen, cls)
    return [misplaced] if misplaced is not None else _config_errors(chosen, cls)


def _misplaced(chosen: ChosenClass, cls: type[ConfigurableClass]) -> EvaluationError | None:
    """Return what is wrong with a class that is derived from something else than its key asks for."""
    key = chosen.path[0]
    base = _BASES.get(key)
    if base is None or issubclass(cls, _loaded(base)):
        return None
    fits = [
        other
        for other, (module, name) in _BASES.items()
        if module in sys.modules and issubclass(cls, _loaded((module, name)))
    ]
    hint = (
        f"It belongs under {fits[0]}:."
        if fits
        else f"Derive it from that, too, or choose another class under {key}:."
    )
    return _error(
        chosen,
        "class",
        f"expected {chosen.full_name} to be a {base[1]} ({'.'.join(base)}), got: {cls.__name__}, which is "
        f"not derived from it. {hint}",
    )


def _loaded(base: tuple[str, str]) -> Any:
    return getattr(import_module(base[0]), base[1])


def _config_errors(chosen: ChosenClass, cls: type[ConfigurableClass]) -> list[EvaluationError]:
    try:
        result = validate_config(cls.config_type(), chosen.config)
    except Exception as exc:  # noqa: BLE001 - of somebody's class: one more thing to tell
        return [
            _error(
                chosen,
                "class",
                f"The config of {chosen.full_name} cannot be checked: its config_type() {raised_where(exc)}.",
            )
        ]
    return [error.below([*chosen.path, "config"]) for error in result.errors]


def _error(chosen: ChosenClass, field: str, message: str) -> EvaluationError:
    return EvaluationError(
        list(chosen.path), DagsterEvaluationErrorReason.FAILED_POST_PROCESSING, message, [field]
    )
