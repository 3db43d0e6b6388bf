"""Config mappings: a graph or job with a config of its own, from which that of its ops is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast, overload

import dagster._check as check
from dagster._config.config_function import ConfigFunction, config_class_of
from dagster._config.errors import DagsterEvaluationErrorReason, EvaluationError
from dagster._config.evaluate import apply_defaults, process_config
from dagster._config.field import Field
from dagster._config.resolve import as_field
from dagster._core.errors import DagsterInvalidConfigError, DagsterInvalidDefinitionError
from dagster._text import shown


class ConfigMapping:
    """Makes the config of the ops of a graph or job from a simpler one.

    From the API reference.

    Args:
        config_fn: Takes the outer config and returns the inner one: for a job its run config, for a graph
            the config of its nodes by name.
        config_schema: The schema of the outer config. Default: any config, or what the annotation of the
            argument says when that is a pydantic config class.
        receive_processed_config_values: Whether ``config_fn`` gets environment variables resolved and
            enums as Python values. False: it gets names as they were written. Default: True.

    Raises:
        DagsterInvalidDefinitionError: When there is both a schema and an annotation.
    """

    __slots__ = (
        "_config_class",
        "_function",
        "config_fn",
        "config_schema",
        "receive_processed_config_values",
    )

    def __init__(
        self,
        config_fn: Callable[[Any], Any],
        config_schema: Any = None,
        receive_processed_config_values: bool | None = None,
    ) -> None:
        self.config_fn: Callable[[Any], Any] = check.callable_param(config_fn, "config_fn")
        self._function = ConfigFunction(config_fn, "a config mapping")
        config_class = config_class_of(config_fn)
        if config_class is not None:
            if config_schema is not None:
                raise DagsterInvalidDefinitionError(
                    f"The config mapping function has a parameter annotated with {config_class.__name__} and "
                    "a config_schema besides. Use one of them."
                )
            config_schema = config_class
        self.config_schema: Field | None = None if config_schema is None else as_field(config_schema)
        self.receive_processed_config_values = (
            True
            if receive_processed_config_values is None
            else check.bool_param(receive_processed_config_values, "receive_processed_config_values")
        )

    def resolve_from_unvalidated_config(self, config: Any, of: str = "") -> Mapping[str, Any]:
        """Return the inner config for an outer one as the user wrote it.

        Args:
            config: The outer config.
            of: What the mapping belongs to, for messages: ``job 'x'``.

        Raises:
            DagsterInvalidConfigError: When the outer config does not fit the schema, or the function
                returns something else than a mapping.
            DagsterConfigMappingFunctionError: When the function raises.
        """
        if self.config_schema is None:
            return self.resolve_from_validated_config(config)
        evaluate = process_config if self.receive_processed_config_values else apply_defaults
        result = evaluate(self.config_schema, config)
        return self.resolve_from_validated_config(
            result.value_or_raise(
                f"Error in config mapping{f' of {of}' if of else ''}: the outer config is invalid.",
                config,
            )
        )

    def resolve_from_validated_config(self, config: Any) -> Mapping[str, Any]:
        """Return the inner config for an outer one that has been evaluated already.

        Args:
            config: The outer config.

        Raises:
            DagsterInvalidConfigError: When the function returns something else than a mapping.
            DagsterConfigMappingFunctionError: When the function raises.
        """
        inner = self._function(config)
        if not isinstance(inner, Mapping):
            name = getattr(self.config_fn, "__name__", "")
            raise DagsterInvalidConfigError(
                "Error in config mapping: the inner config is invalid.",
                [
                    EvaluationError(
                        [],
                        DagsterEvaluationErrorReason.RUNTIME_TYPE_MISMATCH,
                        f"expected the config mapping function {name} to return a mapping, "
                        f"got: {shown(inner)} ({type(inner).__name__})",
                    )
                ],
                inner,
            )
        return cast("Mapping[str, Any]", inner)

    def __call__(self, config: Any) -> Any:
        """Call the function itself, as a test of it does."""
        return self.config_fn(config)


@overload
def config_mapping(config_fn: Callable[..., Any]) -> ConfigMapping: ...


@overload
def config_mapping(
    config_fn: None = None,
    *,
    config_schema: Any = None,
    receive_processed_config_values: bool | None = None,
) -> Callable[[Callable[..., Any]], ConfigMapping]: ...


def config_mapping(
    config_fn: Callable[..., Any] | None = None,
    *,
    config_schema: Any = None,
    receive_processed_config_values: bool | None = None,
) -> Callable[[Callable[..., Any]], ConfigMapping] | ConfigMapping:
    """Make a :class:`ConfigMapping` of a function.

    From the API reference.

    Args:
        config_fn: The function, when the decorator is used without arguments.
        config_schema: The schema of the outer config. Default: see :class:`ConfigMapping`.
        receive_processed_config_values: See :class:`ConfigMapping`.

    Returns:
        The mapping, or a decorator that makes one.
    """

    def decorate(function: Callable[..., Any]) -> ConfigMapping:
        return ConfigMapping(function, config_schema, receive_processed_config_values)

    return decorate if config_fn is None else decorate(config_fn)
