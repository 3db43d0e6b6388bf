"""Input managers: what loads inputs that no upstream output feeds, or loads them in another way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

import dagster._check as check
from dagster._config.resolve import as_field
from dagster._core.definitions.resource.definition import ResourceDefinition, context_parameter_of
from dagster._text import expected

if TYPE_CHECKING:
    from dagster._config.field import Field
    from dagster._core.io.contexts import InputContext

_D = TypeVar("_D")


class InputManager(ABC):
    """Base class of what loads an input."""

    @abstractmethod
    def load_input(self, context: InputContext) -> Any:
        """Return the value for an input.

        Args:
            context: Which input, with the config and metadata that it has.
        """


class InputManagerDefinition(ResourceDefinition):
    """The definition of an input manager: a resource that is an :class:`InputManager`.

    Args:
        resource_fn: Makes the manager, from an ``InitResourceContext`` or from nothing.
        config_schema: The config of the resource.
        description: For people.
        input_config_schema: The config of each input that the manager loads, in ``context.config``.
        required_resource_keys: Keys of the resources that the manager needs.
        version: The version of the code of ``resource_fn``.
    """

    def __init__(
        self,
        resource_fn: Callable[..., Any],
        config_schema: Any = None,
        description: str | None = None,
        input_config_schema: Any = None,
        required_resource_keys: AbstractSet[str] | None = None,
        version: str | None = None,
    ) -> None:
        super().__init__(
            resource_fn=resource_fn,
            config_schema=config_schema,
            description=description,
            required_resource_keys=required_resource_keys,
            version=version,
        )
        self._input_config_schema = optional_field(input_config_schema)

    @property
    def input_config_schema(self) -> Field | None:
        """The config of each input that the manager loads, or None."""
        return self._input_config_schema

    def copy_for_configured(self, description: str | None, config_schema: Any) -> Self:
        return type(self)(
            resource_fn=self.resource_fn,
            config_schema=config_schema,
            description=description or self.description,
            input_config_schema=self._input_config_schema,
            required_resource_keys=self.required_resource_keys,
            version=self.version,
        )


class FunctionInputManager(InputManager):
    """The input manager that calls a function.

    Args:
        load_fn: Takes an :class:`InputContext`, or nothing, and returns the value. Where it returns
            another input manager, that one loads the value.
    """

    def __init__(self, load_fn: Callable[..., Any]) -> None:
        self._load_fn = load_fn
        self._takes_context = context_parameter_of(load_fn) is not None

    def load_input(self, context: InputContext) -> Any:
        """Return what the function returns."""
        value = self._load_fn(context) if self._takes_context else self._load_fn()
        return value.load_input(context) if isinstance(value, InputManager) else value


@overload
def input_manager(config_schema: Callable[..., Any]) -> InputManagerDefinition: ...


@overload
def input_manager(
    config_schema: Any = None,
    description: str | None = None,
    input_config_schema: Any = None,
    required_resource_keys: AbstractSet[str] | None = None,
    version: str | None = None,
) -> Callable[[Callable[..., Any]], InputManagerDefinition]: ...


def input_manager(
    config_schema: Any = None,
    description: str | None = None,
    input_config_schema: Any = None,
    required_resource_keys: AbstractSet[str] | None = None,
    version: str | None = None,
) -> Any:
    """Make an :class:`InputManagerDefinition` of a function that loads an input.

    The function takes an :class:`InputContext`, or nothing, and returns the value.

    Args:
        config_schema: The config of the resource, in ``context.resource_config``. Default: any config.
        description: For people. Default: the docstring of the function.
        input_config_schema: The config of each input, in ``context.config``.
        required_resource_keys: Keys of the resources that the function uses.
        version: The version of the function.

    Returns:
        The definition; with arguments, a decorator that makes it.

    Example:
        .. code-block:: python

            @input_manager(required_resource_keys={"csv"})
            def csv_loader(context):
                return context.resources.csv.read(context.definition_metadata["path"])
    """
    if is_function(config_schema):
        return input_manager()(config_schema)

    def decorate(load_fn: Callable[..., Any]) -> InputManagerDefinition:
        if not callable(load_fn):
            raise check.ParameterCheckError(
                expected("what @input_manager decorates", "a function", load_fn)
            )
        manager = FunctionInputManager(load_fn)
        definition = InputManagerDefinition(
            resource_fn=lambda _context: manager,
            config_schema=config_schema,
            description=description or load_fn.__doc__,
            input_config_schema=input_config_schema,
            required_resource_keys=required_resource_keys,
            version=version,
        )
        return named_after(definition, load_fn)

    return decorate


def optional_field(schema: Any) -> Field | None:
    """Return a config schema as a field; None is no config."""
    return None if schema is None else as_field(schema)


def is_function(value: object) -> bool:
    """Return whether the first argument of a decorator is what it decorates, and not a schema."""
    return (
        callable(value)
        and not isinstance(value, type)
        and not hasattr(value, "kind")
        and not hasattr(value, "config_type")
    )


def named_after(definition: _D, function: Callable[..., Any]) -> _D:
    """Give a definition the name, module and docstring of the function that it was made of."""
    for attribute in ("__name__", "__qualname__", "__module__", "__doc__"):
        if hasattr(function, attribute):
            setattr(definition, attribute, getattr(function, attribute))
    return definition
