"""Materializers: how a type writes a value where the ``outputs`` of the run config say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from typing import Any

import dagster._check as check
from dagster._config.config_type import ConfigType
from dagster._config.resolve import resolve_to_config_type
from dagster._core.definitions.types.loader import accepts_positional
from dagster._core.errors import DagsterInvalidDefinitionError, DagsterInvariantViolationError
from dagster._core.records.user_events import AssetMaterialization, Materialization
from dagster._text import shown


class DagsterTypeMaterializer(ABC):
    """Writes a value of a type to where run config says, and tells what it wrote.

    From the "Execution" document, section "Run Config Schema", key ``outputs``. Subclass it, or
    decorate a function with :func:`dagster_type_materializer`.
    """

    @property
    @abstractmethod
    def schema_type(self) -> ConfigType:
        """The config type that an entry of ``outputs`` must satisfy."""

    @abstractmethod
    def materialize_runtime_values(self, context: Any, config_value: Any, runtime_value: Any) -> Any:
        """Write the value; return or yield the materializations.

        Args:
            context: The step's context: resources, log.
            config_value: The entry of ``outputs``, validated.
            runtime_value: The value that the step gave.

        Returns:
            One AssetMaterialization (or Materialization), a list of them, or an iterator of them.
        """

    def required_resource_keys(self) -> AbstractSet[str]:
        """Return the keys of the resources that writing needs."""
        return frozenset()


class DagsterTypeMaterializerFromDecorator(DagsterTypeMaterializer):
    """What :func:`dagster_type_materializer` makes of a function."""

    def __init__(
        self,
        config_type: ConfigType,
        func: Callable[[Any, Any, Any], Any],
        required_resource_keys: AbstractSet[str] | None = None,
    ) -> None:
        self._config_type = config_type
        self._func = func
        self._required_resource_keys = frozenset(
            check.opt_set_param(required_resource_keys, "required_resource_keys", str)
        )

    @property
    def schema_type(self) -> ConfigType:
        return self._config_type

    def materialize_runtime_values(self, context: Any, config_value: Any, runtime_value: Any) -> Any:
        return self._func(context, config_value, runtime_value)

    def required_resource_keys(self) -> AbstractSet[str]:
        return self._required_resource_keys


def dagster_type_materializer(
    config_schema: Any, required_resource_keys: AbstractSet[str] | None = None
) -> Callable[[Callable[[Any, Any, Any], Any]], DagsterTypeMaterializerFromDecorator]:
    """Make a type materializer of a function ``(context, config_value, value) -> materializations``.

    From the "Execution" document, section "Run Config Schema".

    Args:
        config_schema: The schema of the config that the function gets.
        required_resource_keys: Keys of the resources that the function uses. Default none.

    Returns:
        A decorator that gives a :class:`DagsterTypeMaterializer`, for ``DagsterType(materializer=...)``.

    Raises:
        DagsterInvalidConfigDefinitionError: ``config_schema`` is not a config schema.
        DagsterInvalidDefinitionError: The function does not take three positional arguments.
    """
    config_type = resolve_to_config_type(config_schema)

    def decorate(func: Callable[[Any, Any, Any], Any]) -> DagsterTypeMaterializerFromDecorator:
        check.callable_param(func, "func")
        if not accepts_positional(func, 3):
            raise DagsterInvalidDefinitionError(
                f"@dagster_type_materializer '{getattr(func, '__name__', func)}' decorated function does "
                "not take the positional parameters 'context', 'config_value' and 'runtime_value'. Write "
                "it as `def materialize(context, config_value, value): ...`."
            )
        return DagsterTypeMaterializerFromDecorator(config_type, func, required_resource_keys)

    return decorate


def materialize_value(
    materializer: DagsterTypeMaterializer, context: Any, config_value: Any, value: Any
) -> list[AssetMaterialization | Materialization]:
    """Run a materializer to its end and return all that it wrote, in order.

    Raises:
        DagsterInvariantViolationError: It gave something that is not a materialization.
    """
    given = materializer.materialize_runtime_values(context, config_value, value)
    if isinstance(given, (AssetMaterialization, Materialization)):
        return [given]
    if not isinstance(given, (list, tuple, Iterator)):
        raise DagsterInvariantViolationError(_not_materialization(materializer, given))
    written: list[AssetMaterialization | Materialization] = []
    for item in given:
        if not isinstance(item, (AssetMaterialization, Materialization)):
            raise DagsterInvariantViolationError(_not_materialization(materializer, item))
        written.append(item)
    return written


def _not_materialization(materializer: DagsterTypeMaterializer, given: object) -> str:
    func = getattr(materializer, "_func", None)
    name = getattr(func, "__name__", type(materializer).__name__)
    return (
        f'Type materializer "{name}" gave {shown(given)} of type {type(given).__name__}. '
        "It must return an AssetMaterialization, return a list of them, or yield them."
    )
