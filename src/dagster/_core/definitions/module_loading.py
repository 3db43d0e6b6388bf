"""Definitions of all jobs that stand in modules."""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

import dagster._check as check
from dagster._core.definitions.definitions_object import Definitions
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.repository.contents import JobOrPipeline, is_pipeline


def load_definitions_from_modules(
    modules: Iterable[ModuleType],
    resources: Mapping[str, Any] | None = None,
    loggers: Mapping[str, Any] | None = None,
    executor: Any = None,
) -> Definitions:
    """Return :class:`Definitions` of all jobs that are attributes of modules.

    From the "definitions and repositories" part of the API documents.

    Args:
        modules: The modules. A job that several of them import counts once.
        resources: As of Definitions.
        loggers: As of Definitions.
        executor: As of Definitions.

    Raises:
        DagsterInvalidDefinitionError: When the result is resolved, if two jobs have one name.
    """
    found: dict[int, JobOrPipeline] = {}
    for module in modules:
        check.inst_param(module, "each of modules", ModuleType)
        for value in vars(module).values():
            if isinstance(value, JobDefinition) or is_pipeline(value):
                found[id(value)] = value
    return Definitions(
        jobs=list(found.values()), resources=resources, loggers=loggers, executor=executor
    )


def load_definitions_from_module(
    module: ModuleType,
    resources: Mapping[str, Any] | None = None,
    loggers: Mapping[str, Any] | None = None,
    executor: Any = None,
) -> Definitions:
    """Return :class:`Definitions` of a module's jobs; see :func:`load_definitions_from_modules`."""
    return load_definitions_from_modules([module], resources, loggers, executor)


def load_definitions_from_current_module(
    resources: Mapping[str, Any] | None = None,
    loggers: Mapping[str, Any] | None = None,
    executor: Any = None,
) -> Definitions:
    """Return :class:`Definitions` of the jobs that stand above the call in the calling module."""
    caller = sys._getframe(1).f_globals["__name__"]  # noqa: SLF001 - whose module it is
    return load_definitions_from_modules([sys.modules[caller]], resources, loggers, executor)


def load_definitions_from_package_module(
    package_module: ModuleType,
    resources: Mapping[str, Any] | None = None,
    loggers: Mapping[str, Any] | None = None,
    executor: Any = None,
) -> Definitions:
    """Return :class:`Definitions` of the jobs of a package and all modules below it.

    Args:
        package_module: The package.
        resources: As of Definitions.
        loggers: As of Definitions.
        executor: As of Definitions.
    """
    check.inst_param(package_module, "package_module", ModuleType)
    return load_definitions_from_modules(_modules_below(package_module), resources, loggers, executor)


def load_definitions_from_package_name(
    package_name: str,
    resources: Mapping[str, Any] | None = None,
    loggers: Mapping[str, Any] | None = None,
    executor: Any = None,
) -> Definitions:
    """Return :class:`Definitions` of the jobs of a package, by its dotted name."""
    from importlib import import_module

    module = import_module(check.str_param(package_name, "package_name"))
    return load_definitions_from_package_module(module, resources, loggers, executor)


def _modules_below(package: ModuleType) -> list[ModuleType]:
    from importlib import import_module

    def fail(name: str) -> None:
        import_module(name)  # walk_packages is silent about packages that do not load

    prefix = f"{package.__name__}."
    found = pkgutil.walk_packages(getattr(package, "__path__", ()), prefix, onerror=fail)
    return [package, *(import_module(item.name) for item in found if not item.name.endswith("__main__"))]
