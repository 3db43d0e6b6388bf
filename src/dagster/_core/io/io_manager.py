"""I/O managers: what stores the outputs of steps and loads them as inputs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, overload

import dagster._check as check
from dagster._core.definitions.resource.definition import ResourceDefinition
from dagster._core.io.input_manager import InputManager, is_function, named_after, optional_field
from dagster._text import expected

if TYPE_CHECKING:
    from dagster._config.field import Field
    from dagster._core.io.contexts import InputContext
    from dagster._core.io.output_context import OutputContext
    from dagster._core.records.asset_key import AssetKey


class IOManager(InputManager):
    """Base class of I/O managers: store the outputs of steps, load them as inputs of others.

    An implementer guarantees that ``load_input`` gives what ``handle_output`` was given for
    ``context.upstream_output`` (or, for an asset, for ``context.asset_key``), also in another process
    if the manager is to be used with executors of several processes.

    Example:
        .. code-block:: python

            class MyIOManager(IOManager):
                def handle_output(self, context, obj):
                    write_csv("some/path", obj)

                def load_input(self, context):
                    return read_csv("some/path")
    """

    @abstractmethod
    def load_input(self, context: InputContext) -> Any:
        """Return the value for an input.

        Args:
            context: Which input, and which output it comes from.
        """

    @abstractmethod
    def handle_output(self, context: OutputContext, obj: Any) -> Any:
        """Store the value of an output.

        It may be a generator that yields materializations and metadata.

        Args:
            context: Which output.
            obj: The value.
        """

    def has_output(self, context: OutputContext) -> bool | None:
        """Return whether the value of an output is stored, also one of another run. Default: not known.

        A re-execution asks before it runs anything, so that a value that is gone is named at once. An
        I/O manager that does not say (None), or has no such method, is not relied upon: a missing value
        is found when it is loaded.

        Args:
            context: Which output; ``context.run_id`` is the run that made it.
        """
        return None

    def same_value(self, new: OutputContext, old: OutputContext) -> bool | None:
        """Return whether two stored values of one output are the same. Default: not known.

        A re-execution from what has changed asks, when a step has run again: what takes its value is
        kept if it is the same as before, and runs if not, or if nobody can tell (None).

        Args:
            new: The output, of the run that goes on; or of the nearest run that made it.
            old: The same output, of an earlier run.
        """
        return None

    def get_output_asset_key(self, context: OutputContext) -> AssetKey | None:
        """Return the asset that an output handled by this manager stands for. Default: none.

        Args:
            context: Which output.
        """
        return None

    def get_output_asset_partitions(self, context: OutputContext) -> AbstractSet[str]:
        """Return the partitions of the asset that an output stands for. Default: none.

        Args:
            context: Which output.
        """
        return frozenset()


class IOManagerDefinition(ResourceDefinition):
    """The definition of an I/O manager: a resource that is an :class:`IOManager`.

    Args:
        resource_fn: Makes the manager, from an ``InitResourceContext`` or from nothing.
        config_schema: The config of the resource.
        description: For people.
        required_resource_keys: Keys of the resources that the manager needs.
        version: The version of the code of ``resource_fn``.
        input_config_schema: The config of each input that the manager loads,
            in ``context.config`` of ``load_input``.
        output_config_schema: The config of each output that the manager stores,
            in ``context.config`` of ``handle_output``.

    Raises:
        DagsterInvalidDefinitionError: A schema is not one, or the function needs more than a context.
    """

    def __init__(
        self,
        resource_fn: Callable[..., Any],
        config_schema: Any = None,
        description: str | None = None,
        required_resource_keys: AbstractSet[str] | None = None,
        version: str | None = None,
        input_config_schema: Any = None,
        output_config_schema: Any = None,
    ) -> None:
        super().__init__(
            resource_fn=resource_fn,
            config_schema=config_schema,
            description=description,
            required_resource_keys=required_resource_keys,
            version=version,
        )
        self._input_config_schema = optional_field(input_config_schema)
        self._output_config_schema = optional_field(output_config_schema)

    @property
    def input_config_schema(self) -> Field | None:
        """The config of each input that the manager loads, or None."""
        return self._input_config_schema

    @property
    def output_config_schema(self) -> Field | None:
        """The config of each output that the manager stores, or None."""
        return self._output_config_schema

    def copy_for_configured(self, description: str | None, config_schema: Any) -> IOManagerDefinition:
        return IOManagerDefinition(
            resource_fn=self.resource_fn,
            config_schema=config_schema,
            description=description or self.description,
            required_resource_keys=self.required_resource_keys,
            version=self.version,
            input_config_schema=self._input_config_schema,
            output_config_schema=self._output_config_schema,
        )

    @staticmethod
    def hardcoded_io_manager(value: IOManager, description: str | None = None) -> IOManagerDefinition:
        """Return a definition of a manager that exists already.

        Args:
            value: The manager.
            description: For people.
        """
        check.inst_param(value, "value", IOManager)
        return IOManagerDefinition(resource_fn=lambda _context: value, description=description)


@overload
def io_manager(config_schema: Callable[..., Any]) -> IOManagerDefinition: ...


@overload
def io_manager(
    config_schema: Any = None,
    description: str | None = None,
    output_config_schema: Any = None,
    input_config_schema: Any = None,
    required_resource_keys: AbstractSet[str] | None = None,
    version: str | None = None,
) -> Callable[[Callable[..., Any]], IOManagerDefinition]: ...


def io_manager(
    config_schema: Any = None,
    description: str | None = None,
    output_config_schema: Any = None,
    input_config_schema: Any = None,
    required_resource_keys: AbstractSet[str] | None = None,
    version: str | None = None,
) -> Any:
    """Make an :class:`IOManagerDefinition` of a function that returns an :class:`IOManager`.

    The function takes an ``InitResourceContext``, or nothing.

    Args:
        config_schema: The config of the resource. Default: any config.
        description: For people. Default: the docstring of the function.
        output_config_schema: The config of each output that the manager stores.
        input_config_schema: The config of each input that the manager loads.
        required_resource_keys: Keys of the resources that the manager needs.
        version: The version of the function.

    Returns:
        The definition; with arguments, a decorator that makes it.

    Example:
        .. code-block:: python

            @io_manager
            def my_io_manager():
                return MyIOManager()
    """
    if is_function(config_schema):
        return io_manager()(config_schema)

    def decorate(resource_fn: Callable[..., Any]) -> IOManagerDefinition:
        if not callable(resource_fn):
            raise check.ParameterCheckError(
                expected("what @io_manager decorates", "a function", resource_fn)
            )
        definition = IOManagerDefinition(
            resource_fn=resource_fn,
            config_schema=config_schema,
            description=description or resource_fn.__doc__,
            required_resource_keys=required_resource_keys,
            version=version,
            input_config_schema=input_config_schema,
            output_config_schema=output_config_schema,
        )
        return named_after(definition, resource_fn)

    return decorate
