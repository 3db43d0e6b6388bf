"""Functions of users from config to config: of config mappings and of ``configured``.

They take a plain config, or an instance of a pydantic config class when their parameter is annotated
with one, and return a plain config, a pydantic config or a RunConfig.
"""

from __future__ import annotations

import sys
import typing
from collections.abc import Callable
from typing import Any

from dagster._config.pythonic_annotation import is_config_annotation
from dagster._core.errors import DagsterConfigMappingFunctionError, user_code_error_boundary


def config_class_of(function: Callable[..., Any]) -> Any:
    """Return the pydantic config class with which the first parameter of a function is annotated, or None.

    Without pydantic in the process there is no such class, and nothing is looked at.
    """
    if "pydantic" not in sys.modules:
        return None
    annotations: dict[str, Any] = getattr(function, "__annotations__", {})
    name = next((name for name in annotations if name != "return"), None)
    if name is None:
        return None
    annotation = annotations[name]
    if isinstance(annotation, str):
        try:
            annotation = typing.get_type_hints(function).get(name)
        except Exception:  # noqa: BLE001 - an annotation that nobody can evaluate is not a config class
            return None
    return annotation if is_config_annotation(annotation) else None


class ConfigFunction:
    """A user's function from config to config.

    Args:
        function: The function.
        described: What it belongs to, for the error when it raises: ``configured OpDefinition "x"``.
    """

    __slots__ = ("config_class", "described", "function")

    def __init__(self, function: Callable[[Any], Any], described: str) -> None:
        self.function = function
        self.described = described
        self.config_class = config_class_of(function)

    def __call__(self, config: Any) -> Any:
        """Call the function and return plain config.

        Raises:
            DagsterConfigMappingFunctionError: When the function raises.
        """
        with user_code_error_boundary(DagsterConfigMappingFunctionError, self._message):
            argument = config if self.config_class is None else config_object(self.config_class, config)
            return plain_config(self.function(argument))

    def _message(self) -> str:
        code = getattr(self.function, "__code__", None)
        where = f", defined in {code.co_filename}, line {code.co_firstlineno}," if code else ""
        name = getattr(self.function, "__name__", "")
        return (
            f"The config mapping function {name} of {self.described}{where} has thrown an unexpected error "
            "during its execution."
        )


def config_object(config_class: Any, config: Any) -> Any:
    """Return the instance of a pydantic config class for a config that fits its schema."""
    from dagster._config.pythonic import construct_config_from_context  # loaded already, by the class

    return construct_config_from_context(config_class, config)


def plain_config(value: Any) -> Any:
    """Return a RunConfig or a pydantic config as a plain dict, anything else as it is."""
    to_dict = getattr(value, "to_config_dict", None)
    if to_dict is not None:
        return to_dict()
    if is_config_annotation(type(value)):
        return value._convert_to_config_dictionary()  # noqa: SLF001 - of the same package
    return value
