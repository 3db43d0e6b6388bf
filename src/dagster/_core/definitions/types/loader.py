"""Loaders: how a type makes a value out of run config when no step provides it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from inspect import Parameter, signature
from typing import Any

import dagster._check as check
from dagster._config.config_type import ConfigType, digest
from dagster._config.resolve import resolve_to_config_type
from dagster._core.errors import DagsterInvalidDefinitionError

_POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


def positional_count(fn: Callable[..., Any]) -> int | None:
    """Return how many positional arguments a function needs, or None when any number will do."""
    try:
        parameters = signature(fn).parameters.values()
    except (TypeError, ValueError):  # builtins written in C may have no signature
        return None
    if any(p.kind is Parameter.VAR_POSITIONAL for p in parameters):
        return None
    return sum(1 for p in parameters if p.kind in _POSITIONAL and p.default is Parameter.empty)


def accepts_positional(fn: Callable[..., Any], count: int) -> bool:
    """Whether a function can be called with exactly ``count`` positional arguments."""
    try:
        signature(fn).bind(*range(count))
    except TypeError:
        return False
    except ValueError:
        return True
    return True


class DagsterTypeLoader(ABC):
    """Makes a value of a type out of run config.

    From the "Execution" document, section "Run Config Schema". Subclass it, or decorate a function
    with :func:`dagster_type_loader`. An implementer guarantees that ``schema_type`` never changes and
    that ``construct_from_config_value`` takes whatever that schema lets through.
    """

    @property
    @abstractmethod
    def schema_type(self) -> ConfigType:
        """The config type that the config of an input must satisfy."""

    def construct_from_config_value(self, context: Any, config_value: Any) -> Any:
        """Return the value for a validated piece of config.

        Args:
            context: A DagsterTypeLoaderContext: resources, log, the step.
            config_value: What the run config holds for the input, validated, with defaults applied.
        """
        return config_value

    def required_resource_keys(self) -> AbstractSet[str]:
        """Return the keys of the resources that loading needs."""
        return frozenset()

    @property
    def loader_version(self) -> str | None:
        """The version of the loading code, for memoization, or None."""
        return None

    def compute_loaded_input_version(self, config_value: Any) -> str | None:
        """Return the version of the value that a piece of config would load, or None if unknown."""
        return None


class DagsterTypeLoaderFromDecorator(DagsterTypeLoader):
    """What :func:`dagster_type_loader` makes of a function."""

    def __init__(
        self,
        config_type: ConfigType,
        func: Callable[[Any, Any], Any],
        required_resource_keys: AbstractSet[str] | None = None,
        loader_version: str | None = None,
        external_version_fn: Callable[[Any], Any] | None = None,
    ) -> None:
        self._config_type = config_type
        self._func = func
        self._required_resource_keys = frozenset(
            check.opt_set_param(required_resource_keys, "required_resource_keys", str)
        )
        self._loader_version = check.opt_str_param(loader_version, "loader_version")
        self._external_version_fn = check.opt_callable_param(external_version_fn, "external_version_fn")

    @property
    def schema_type(self) -> ConfigType:
        return self._config_type

    def construct_from_config_value(self, context: Any, config_value: Any) -> Any:
        return self._func(context, config_value)

    def required_resource_keys(self) -> AbstractSet[str]:
        return self._required_resource_keys

    @property
    def loader_version(self) -> str | None:
        return self._loader_version

    def compute_loaded_input_version(self, config_value: Any) -> str | None:
        parts: list[str] = []
        if self._loader_version is not None:
            parts.append(self._loader_version)
        if self._external_version_fn is not None:
            external = self._external_version_fn(config_value)
            if external is not None:
                parts.append(str(external))
        return digest("\x00".join(parts)) if parts else None


def dagster_type_loader(
    config_schema: Any,
    required_resource_keys: AbstractSet[str] | None = None,
    loader_version: str | None = None,
    external_version_fn: Callable[[Any], Any] | None = None,
) -> Callable[[Callable[[Any, Any], Any]], DagsterTypeLoaderFromDecorator]:
    """Make a type loader of a function ``(context, config_value) -> value``.

    From the "Execution" document, section "Run Config Schema".

    Args:
        config_schema: The schema of the config that the function gets.
        required_resource_keys: Keys of the resources that the function uses. Default none.
        loader_version: A version of the code of the function, for memoization.
        external_version_fn: From the config value, the version of what lies outside (a file, a table).

    Returns:
        A decorator that gives a :class:`DagsterTypeLoader`, for ``DagsterType(loader=...)``.

    Raises:
        DagsterInvalidConfigDefinitionError: ``config_schema`` is not a config schema.
        DagsterInvalidDefinitionError: The function does not take two positional arguments.
    """
    config_type = resolve_to_config_type(config_schema)

    def decorate(func: Callable[[Any, Any], Any]) -> DagsterTypeLoaderFromDecorator:
        check.callable_param(func, "func")
        if not accepts_positional(func, 2):
            raise DagsterInvalidDefinitionError(
                f"@dagster_type_loader '{getattr(func, '__name__', func)}' decorated function does not "
                "take the positional parameters 'context' and 'config_value'. Write it as "
                "`def load(context, config_value): ...`."
            )
        return DagsterTypeLoaderFromDecorator(
            config_type, func, required_resource_keys, loader_version, external_version_fn
        )

    return decorate
