"""I/O managers as pydantic classes."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Generic, TypeVar

from dagster._config.field import Field
from dagster._core.definitions.resource.context import InitResourceContext
from dagster._core.definitions.resource.lifecycle import TeardownStack, enter_resource
from dagster._core.definitions.resource.pythonic import ConfigurableResourceFactory
from dagster._core.io.io_manager import IOManager, IOManagerDefinition

IOManagerT = TypeVar("IOManagerT", bound=IOManager)


class ConfigurableIOManagerFactory(ConfigurableResourceFactory[IOManagerT], Generic[IOManagerT]):
    """Base of pydantic classes that make an I/O manager of another class.

    From the "I/O managers" part of the API documents.

    Examples:
        >>> class External(ConfigurableIOManagerFactory):
        ...     connection: str
        ...     def create_io_manager(self, context):
        ...         return ExternalIOManager(self.connection)
    """

    @abstractmethod
    def create_io_manager(self, context: InitResourceContext) -> IOManagerT:
        """Return the I/O manager.

        Args:
            context: The context of the set-up.
        """

    def create_resource(self, context: InitResourceContext) -> IOManagerT:
        """Return the I/O manager.

        Args:
            context: The context of the set-up.
        """
        return self.create_io_manager(context)

    @classmethod
    def input_config_schema(cls) -> Any:
        """Return the schema of the config of each input that the manager loads; None for none."""
        return None

    @classmethod
    def output_config_schema(cls) -> Any:
        """Return the schema of the config of each output that the manager stores; None for none."""
        return None

    @classmethod
    def _make_definition(
        cls, resource_fn: Any, config_field: Field, required_resource_keys: frozenset[str]
    ) -> IOManagerDefinition:
        return IOManagerDefinition(
            resource_fn=resource_fn,
            config_schema=config_field,
            description=config_field.description,
            required_resource_keys=required_resource_keys,
            input_config_schema=cls.input_config_schema(),
            output_config_schema=cls.output_config_schema(),
        )


class ConfigurableIOManager(ConfigurableIOManagerFactory[Any], IOManager):
    """Base of I/O managers that are pydantic classes: their fields are their config.

    From the "I/O managers" part of the API documents.

    Examples:
        >>> class MyIOManager(ConfigurableIOManager):
        ...     root: str
        ...     def handle_output(self, context, obj):
        ...         write_csv(f"{self.root}/{context.name}", obj)
        ...     def load_input(self, context):
        ...         return read_csv(f"{self.root}/{context.upstream_output.name}")
        >>> Definitions(resources={"io_manager": MyIOManager(root="data")})
    """

    def create_io_manager(self, context: InitResourceContext) -> Any:
        """Return this object.

        Args:
            context: The context of the set-up.
        """
        return self


class ConfigurableLegacyIOManagerAdapter(ConfigurableIOManagerFactory[Any]):
    """Base of pydantic classes that make their I/O manager with a function written for ``@io_manager``.

    From the "I/O managers" part of the API documents.

    Examples:
        >>> class MyIOManager(ConfigurableLegacyIOManagerAdapter):
        ...     base_path: str
        ...     @property
        ...     def wrapped_io_manager(self):
        ...         return old_io_manager
    """

    @property
    @abstractmethod
    def wrapped_io_manager(self) -> IOManagerDefinition:
        """The definition whose function makes the I/O manager, from the config of this class."""

    def create_io_manager(self, context: InitResourceContext) -> Any:
        """Return the I/O manager that the wrapped function makes, when it has no teardown.

        Args:
            context: The context of the set-up.
        """
        return self.wrapped_io_manager.make(context)

    def _open(self, context: InitResourceContext, stack: TeardownStack) -> Any:
        self._resource_context = context
        return enter_resource(self.wrapped_io_manager.make(context), stack)
