"""Root input managers of 0.10 and 0.11: input managers of inputs that no output feeds."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any, overload

import dagster._check as check
from dagster._core.io.input_manager import (
    FunctionInputManager,
    InputManager,
    InputManagerDefinition,
    is_function,
    named_after,
)
from dagster._text import expected


class RootInputManager(InputManager):
    """Base of what loads an input that no upstream output feeds. An implementer gives ``load_input``."""


class RootInputManagerDefinition(InputManagerDefinition):
    """The definition of a root input manager: a resource that is a :class:`RootInputManager`.

    Args:
        resource_fn: Makes the manager, from an ``InitResourceContext`` or from nothing.
        config_schema: The config of the resource.
        description: For people.
        input_config_schema: The config of each input that the manager loads, in ``context.config``.
        required_resource_keys: Keys of the resources that the manager needs.
        version: The version of the code of ``resource_fn``.
    """


class FunctionRootInputManager(FunctionInputManager, RootInputManager):
    """The root input manager that calls a function."""


@overload
def root_input_manager(config_schema: Callable[..., Any]) -> RootInputManagerDefinition: ...


@overload
def root_input_manager(
    config_schema: Any = None,
    description: str | None = None,
    input_config_schema: Any = None,
    required_resource_keys: AbstractSet[str] | None = None,
    version: str | None = None,
) -> Callable[[Callable[..., Any]], RootInputManagerDefinition]: ...


def root_input_manager(
    config_schema: Any = None,
    description: str | None = None,
    input_config_schema: Any = None,
    required_resource_keys: AbstractSet[str] | None = None,
    version: str | None = None,
) -> Any:
    """Make a :class:`RootInputManagerDefinition` of a function that loads an input.

    The function takes an ``InputContext``, or nothing, and returns the value. An input names it with
    ``InputDefinition(root_manager_key=...)``. The newer form is ``input_manager``.

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

            @root_input_manager(input_config_schema={"path": str})
            def csv_loader(context):
                return read_csv(context.config["path"])
    """
    if is_function(config_schema):
        return root_input_manager()(config_schema)

    def decorate(load_fn: Callable[..., Any]) -> RootInputManagerDefinition:
        if not callable(load_fn):
            raise check.ParameterCheckError(
                expected("what @root_input_manager decorates", "a function", load_fn)
            )
        manager = FunctionRootInputManager(load_fn)
        definition = RootInputManagerDefinition(
            resource_fn=lambda _context: manager,
            config_schema=config_schema,
            description=description or load_fn.__doc__,
            input_config_schema=input_config_schema,
            required_resource_keys=required_resource_keys,
            version=version,
        )
        return named_after(definition, load_fn)

    return decorate
