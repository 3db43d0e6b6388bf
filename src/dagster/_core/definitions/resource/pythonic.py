"""Resources as pydantic classes: their fields are their config, and the resources that they need."""

from __future__ import annotations

import contextlib
from abc import abstractmethod
from collections.abc import Generator, Iterator, Mapping
from types import GeneratorType
from typing import Annotated, Any, Generic, NoReturn, Self, TypeVar, cast, get_origin

from pydantic import BaseModel, PrivateAttr, ValidationError
from pydantic_core import core_schema

from dagster._config.field import Field
from dagster._config.pythonic.annotations import config_name, unwrap
from dagster._config.pythonic.config_class import (
    Config,
    config_error,
    model_problems,
)
from dagster._config.pythonic.schema import infer_schema_from_config_class
from dagster._config.pythonic.values import to_config
from dagster._core.definitions.resource.annotation import ResourceSource
from dagster._core.definitions.resource.config import resolve_definition_config
from dagster._core.definitions.resource.context import InitResourceContext
from dagster._core.definitions.resource.definition import ResourceDefinition
from dagster._core.definitions.resource.lifecycle import TeardownStack, enter_resource
from dagster._core.errors import (
    DagsterInvalidDefinitionError,
    DagsterInvalidInvocationError,
    DagsterInvariantViolationError,
)
from dagster._text import expected, listed, unknown

T = TypeVar("T")


class _ResourceDependencyMarker:
    """Marks a field whose value is a resource; pydantic takes any value there."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.any_schema()

    def __repr__(self) -> str:
        return "resource_dependency"


_DEPENDENCY = _ResourceDependencyMarker()

#: Annotation of a field of a resource: ``db: ResourceDependency[Engine]`` takes a ResourceDefinition, a
#: ConfigurableResource or its class's launch-time form, or the plain object.
ResourceDependency = Annotated[T, _DEPENDENCY]


class ConfigurableResourceFactory(Config, ResourceSource, Generic[T]):
    """Base of pydantic classes that make a resource of another type.

    From the "Resources" part of the API documents. :class:`ConfigurableResource` is its own resource.

    Examples:
        >>> class Client(ConfigurableResourceFactory[HttpClient]):
        ...     host: str
        ...     def create_resource(self, context):
        ...         return HttpClient(self.host)
    """

    _resource_context: InitResourceContext | None = PrivateAttr(default=None)

    @classmethod
    def _names_not_in_config(cls) -> frozenset[str]:
        """Return the names of the fields that are resources."""
        names: frozenset[str] | None = cls.__dict__.get("__dagster_resource_fields__")
        if names is None:
            if not cls.__pydantic_complete__:
                # Annotations that named a class which did not exist yet.
                cls.model_rebuild()
            fields = cls.model_fields.items()
            names = frozenset(name for name, field in fields if _is_resource_field(field))
            type.__setattr__(cls, "__dagster_resource_fields__", names)
        return names

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> core_schema.CoreSchema:
        # While the class itself is built, it is an ordinary model. As the field of another class it takes
        # whatever gives such a resource, also one that is configured at launch.
        if not cls.__dict__.get("__pydantic_complete__"):
            return handler(source)
        return core_schema.no_info_plain_validator_function(
            cls._validated_as_field,
            serialization=core_schema.plain_serializer_function_ser_schema(_dumped),
        )

    @classmethod
    def _validated_as_field(cls, value: Any) -> Any:
        origin = cls.__pydantic_generic_metadata__["origin"] or cls
        if isinstance(value, (origin, ResourceDefinition)):
            return value
        if isinstance(value, PartialResource) and issubclass(value.resource_cls, origin):
            return value
        if isinstance(value, type) and issubclass(value, cls):
            return value.configure_at_launch()
        # A factory's field may also be given what a factory makes.
        if not isinstance(value, (Mapping, ResourceSource)) and not issubclass(
            cls, ConfigurableResource
        ):
            return value
        raise ValueError(expected("the resource", f"a {cls.__name__}", value))

    @property
    def nested_resources(self) -> Mapping[str, Any]:
        """The values of the fields that are resources, by name."""
        return {name: getattr(self, name) for name in sorted(self._names_not_in_config())}

    def _refuse_assignment(self, name: str) -> NoReturn:
        raise DagsterInvalidInvocationError(
            f"'{type(self).__name__}' is a Pythonic resource and does not support item assignment, as it "
            f"inherits from 'pydantic.BaseModel' with frozen=True: tried to set '{name}'. If trying to "
            "maintain state on this resource, use a private attribute (_client: Client = PrivateAttr()) "
            "or build a separate, stateful client class, and provide a method on the resource to construct "
            "and return the stateful client."
        )

    def create_resource(self, context: InitResourceContext) -> T:
        """Return the resource that steps use.

        Args:
            context: The context of the set-up.
        """
        raise DagsterInvalidDefinitionError(
            f"{type(self).__name__} does not say which resource it makes: define create_resource, or "
            "subclass ConfigurableResource."
        )

    def setup_for_execution(self, context: InitResourceContext) -> None:
        """Prepare the resource before a run uses it; keep state in private attributes.

        Args:
            context: The context of the set-up.
        """

    def teardown_after_execution(self, context: InitResourceContext) -> None:
        """Release what :meth:`setup_for_execution` took, whether the run succeeded or not.

        Args:
            context: The context of the set-up.
        """

    @contextlib.contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Generator[T, None, None]:
        """Set the resource up, give it, and tear it down: override to do all three in one place.

        Args:
            context: The context of the set-up.
        """
        self.setup_for_execution(context)
        try:
            yield self.create_resource(context)
        finally:
            self.teardown_after_execution(context)

    def get_resource_context(self) -> InitResourceContext:
        """Return the context that the resource was set up with.

        Raises:
            DagsterInvariantViolationError: The resource has not been set up.
        """
        if self._resource_context is None:
            raise DagsterInvariantViolationError(
                "Attempted to get context before resource was initialized: "
                f"{type(self).__name__} is set up by a run, by build_resources or by "
                "process_config_and_initialize."
            )
        return self._resource_context

    def with_replaced_resource_context(self, resource_context: InitResourceContext) -> Self:
        """Return a copy of this resource with another context.

        Args:
            resource_context: The context.
        """
        copy = self.model_copy()
        copy._resource_context = resource_context  # noqa: SLF001 - hooks of our own classes
        return copy

    def with_resource_context(self, resource_context: InitResourceContext) -> Self:
        """Return a copy of this resource with another context; the older name."""
        return self.with_replaced_resource_context(resource_context)

    @classmethod
    def configure_at_launch(cls, **kwargs: Any) -> PartialResource[T]:
        """Return this resource with only a part of its config, or none; the rest comes with the run.

        Args:
            **kwargs: The fields that are known.

        Raises:
            DagsterInvalidDefinitionError: A name is no field of the class.
        """
        return PartialResource(cls, kwargs)

    @classmethod
    def default_source(cls) -> ResourceSource:
        return cls.configure_at_launch()

    def get_resource_definition(self) -> ResourceDefinition:
        """Return the definition of this resource; its config is optional, and a run may override it."""
        return self.bind_resource_definition({})

    def bind_resource_definition(self, keys_by_id: Mapping[int, str]) -> ResourceDefinition:
        known = self._convert_to_config_dictionary()
        return _bind(type(self), known, self.nested_resources, keys_by_id)

    @classmethod
    def _make_definition(
        cls, resource_fn: Any, config_field: Field, required_resource_keys: frozenset[str]
    ) -> ResourceDefinition:
        """Return the kind of definition that this class stands for."""
        return ResourceDefinition(
            resource_fn=resource_fn,
            config_schema=config_field,
            description=config_field.description,
            required_resource_keys=required_resource_keys,
        )

    def _open(self, context: InitResourceContext, stack: TeardownStack) -> T:
        """Set this object up; what must be torn down is on the stack."""
        self._resource_context = context
        cls = type(self)
        if cls.yield_for_execution is not ConfigurableResourceFactory.yield_for_execution:
            opened = self.yield_for_execution(context)
            if isinstance(opened, GeneratorType):
                # The author left out @contextmanager.
                opened = _as_context_manager(opened)
            return stack.open(opened)
        self.setup_for_execution(context)
        if cls.teardown_after_execution is not ConfigurableResourceFactory.teardown_after_execution:
            stack.push_teardown(self.teardown_after_execution, context)
        return self.create_resource(context)

    def process_config_and_initialize(self) -> T:
        """Return the resource, set up outside a run: config checked, environment variables read.

        Raises:
            DagsterInvariantViolationError: The resource must be torn down, see
                :meth:`process_config_and_initialize_cm`.
            DagsterInvalidConfigError: The config does not fit.
        """
        stack = TeardownStack()
        value = self._open_outside_run(stack)
        return cast(T, _without_teardown(stack, value, type(self), "process_config_and_initialize_cm"))

    @contextlib.contextmanager
    def process_config_and_initialize_cm(self) -> Iterator[T]:
        """Set the resource up outside a run, give it, and tear it down.

        Raises:
            DagsterInvalidConfigError: The config does not fit.
        """
        with TeardownStack() as stack:
            yield self._open_outside_run(stack)

    def _open_outside_run(self, stack: TeardownStack) -> T:
        definition = self.get_resource_definition()
        config = resolve_definition_config(definition, None, _preamble(type(self)))
        context = InitResourceContext(config, resource_def=definition)
        return enter_resource(definition.make(context), stack)

    @classmethod
    def from_resource_context(
        cls, context: InitResourceContext, nested_resources: Mapping[str, Any] | None = None
    ) -> T:
        """Return the resource, made of the config in a context: the body of a function with ``@resource``.

        Args:
            context: The context, its config as the schema of this class says.
            nested_resources: The values of the fields that are resources, set up already.

        Raises:
            DagsterInvariantViolationError: The resource must be torn down, see
                :meth:`from_resource_context_cm`.
            DagsterInvalidConfigError: The config does not fit.
        """
        stack = TeardownStack()
        value = _make(cls, context, nested_resources or {})._open(context, stack)  # noqa: SLF001 - hooks of our own classes
        return cast(T, _without_teardown(stack, value, cls, "from_resource_context_cm"))

    @classmethod
    @contextlib.contextmanager
    def from_resource_context_cm(
        cls, context: InitResourceContext, nested_resources: Mapping[str, Any] | None = None
    ) -> Iterator[T]:
        """Set the resource up of the config in a context, give it, and tear it down.

        Args:
            context: The context, its config as the schema of this class says.
            nested_resources: The values of the fields that are resources, set up already.

        Raises:
            DagsterInvalidConfigError: The config does not fit.
        """
        with TeardownStack() as stack:
            yield _make(cls, context, nested_resources or {})._open(context, stack)  # noqa: SLF001 - hooks of our own classes


class ConfigurableResource(ConfigurableResourceFactory[T]):
    """Base of resources that are pydantic classes.

    From the "Resources" part of the API documents. The fields are the config; fields that are
    ConfigurableResources themselves, or annotated with ``ResourceDependency[...]``, are what it needs.
    Every run makes an object of its own, sets it up and tears it down.

    Examples:
        >>> class Database(ConfigurableResource):
        ...     host: str
        ...     _connection: Connection = PrivateAttr()
        ...     def setup_for_execution(self, context):
        ...         self._connection = connect(self.host)
        ...     def teardown_after_execution(self, context):
        ...         self._connection.close()
        >>> Definitions(resources={"db": Database(host=EnvVar("DB_HOST"))})
    """

    def create_resource(self, context: InitResourceContext) -> T:
        """Return the resource that steps use: this object.

        Args:
            context: The context of the set-up.
        """
        return cast(T, self)


class ConfigurableLegacyResourceAdapter(ConfigurableResource[T]):
    """Base of pydantic classes that make their resource with a function written for ``@resource``.

    From the "Resources" part of the API documents.
    """

    @property
    @abstractmethod
    def wrapped_resource(self) -> ResourceDefinition:
        """The definition whose function makes the resource, from the config of this class."""

    def _open(self, context: InitResourceContext, stack: TeardownStack) -> T:
        self._resource_context = context
        return enter_resource(self.wrapped_resource.make(context), stack)


class PartialResource(ResourceSource, Generic[T]):
    """A resource that gets the rest of its config with the run; made by ``configure_at_launch``.

    Args:
        resource_cls: The class.
        data: The fields that are known.

    Raises:
        DagsterInvalidDefinitionError: A name is no field of the class.
    """

    def __init__(self, resource_cls: type[ConfigurableResourceFactory[T]], data: dict[str, Any]) -> None:
        fields = resource_cls.model_fields
        for name in data:
            if name not in fields and resource_cls.model_config.get("extra") != "allow":
                raise DagsterInvalidDefinitionError(
                    f"{resource_cls.__name__}.configure_at_launch: {unknown('field', name, fields)}"
                )
        self.resource_cls = resource_cls
        self.data = dict(data)
        resource_fields = resource_cls._names_not_in_config()  # noqa: SLF001 - hooks of our own classes
        nested = {
            name: fields[name].get_default(call_default_factory=True)
            for name in resource_fields
            if name not in data and not fields[name].is_required()
        }
        nested |= {name: value for name, value in data.items() if name in resource_fields}
        self.nested_resources: Mapping[str, Any] = {
            name: value.configure_at_launch()
            if isinstance(value, type) and issubclass(value, ConfigurableResourceFactory)
            else value
            for name, value in nested.items()
        }

    def get_resource_definition(self) -> ResourceDefinition:
        """Return the definition of this resource by itself."""
        return self.bind_resource_definition({})

    def bind_resource_definition(self, keys_by_id: Mapping[int, str]) -> ResourceDefinition:
        cls = self.resource_cls
        missing = sorted(cls._names_not_in_config() - self.nested_resources.keys())
        if missing:
            raise DagsterInvalidDefinitionError(
                f"{cls.__name__} needs the resources {listed(missing)}, which config cannot give. Pass "
                f"them to {cls.__name__}.configure_at_launch({missing[0]}=...)."
            )
        fields = cls.model_fields
        known: dict[str, Any] = {}
        for name, value in self.data.items():
            field = fields.get(name)
            if field is None:
                known[name] = to_config(value)
            elif name not in cls._names_not_in_config():
                known[config_name(name, field)] = to_config(value, field.annotation, field.discriminator)
        return _bind(cls, known, self.nested_resources, keys_by_id)

    @classmethod
    def default_source(cls) -> ResourceSource:
        raise DagsterInvalidDefinitionError(
            "PartialResource is no resource: use MyResource.configure_at_launch()."
        )

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.data.items())
        return f"{self.resource_cls.__name__}.configure_at_launch({given})"


class _Nested:
    """How one field that is a resource gets its value when the outer resource is set up.

    Args:
        value: What the field was given.
        key: The key of the run's resource that it is, None when it belongs to the outer one alone.
        definition: Its definition, None when the value is the resource already.
    """

    __slots__ = ("definition", "key", "value")

    def __init__(self, value: Any, key: str | None, definition: ResourceDefinition | None) -> None:
        self.value = value
        self.key = key
        self.definition = definition

    def required_keys(self) -> frozenset[str]:
        if self.key is not None:
            return frozenset((self.key,))
        return frozenset() if self.definition is None else self.definition.required_resource_keys

    def open(self, context: InitResourceContext, stack: TeardownStack, where: str) -> Any:
        if self.key is not None:
            return context.resources.original_resource_dict[self.key]
        if self.definition is None:
            return self.value
        config = resolve_definition_config(self.definition, None, f"Error in config of resource {where}")
        inner = context.with_changes(resource_config=config, resource_def=self.definition)
        return enter_resource(self.definition.make(inner), stack)


def _nested(value: Any, keys_by_id: Mapping[int, str], where: str) -> _Nested:
    if isinstance(value, PartialResource):
        key = keys_by_id.get(id(value))
        if key is None:
            raise DagsterInvalidDefinitionError(
                f"{where} is configured at launch, but is not given as a resource itself. Any partially "
                "configured, nested resources must be provided to Definitions or the job too, under a key "
                "of their own, so that the run config can hold the rest of their config."
            )
        return _Nested(value, key, None)
    if isinstance(value, ResourceSource):
        return _Nested(value, None, value.bind_resource_definition(keys_by_id))
    return _Nested(value, None, value if isinstance(value, ResourceDefinition) else None)


def _bind(
    cls: type[ConfigurableResourceFactory[Any]],
    known: Mapping[str, Any],
    nested_values: Mapping[str, Any],
    keys_by_id: Mapping[int, str],
) -> ResourceDefinition:
    """Return the definition of a class with a part of its config and all of its nested resources."""
    nested = {
        name: _nested(value, keys_by_id, f'"{name}" of {cls.__name__}')
        for name, value in nested_values.items()
        if value is not None
    }
    config_field = infer_schema_from_config_class(
        cls,
        fields_to_omit=cls._names_not_in_config(),
        check=lambda config: model_problems(cls, config),
        defaults=known,
    )

    def resource_fn(context: InitResourceContext) -> Any:
        stack = TeardownStack()
        try:
            values: dict[str, Any] = {
                name: item.open(context, stack, f'"{name}" of {cls.__name__}')
                for name, item in nested.items()
            }
            value = _make(cls, context, values)._open(context, stack)  # noqa: SLF001 - hooks of our own classes
        except BaseException:
            stack.close()
            raise
        return _held(value, stack) if stack.is_loaded else value

    required = frozenset[str]().union(*(item.required_keys() for item in nested.values()))
    definition = cls._make_definition(resource_fn, config_field, required)
    plain = {n: item.value for n, item in nested.items() if item.key is None and item.definition is None}
    definition.made_of = (cls, plain)
    definition.inner_definitions = {
        name: item.definition for name, item in nested.items() if item.definition is not None
    }
    return definition


def _held(value: Any, stack: TeardownStack) -> Generator[Any, None, None]:
    try:
        yield value
    finally:
        stack.close()


def _make(
    cls: type[ConfigurableResourceFactory[T]], context: InitResourceContext, nested: Mapping[str, Any]
) -> ConfigurableResourceFactory[T]:
    config = context.resource_config
    try:
        return cls._from_config(config or {}, nested)
    except ValidationError as error:
        raise config_error(_preamble(cls), error, config) from error


def _dumped(value: Any) -> Any:
    """Return what ``model_dump`` of an outer resource says of a nested one."""
    return value.model_dump() if isinstance(value, BaseModel) else repr(value)


def _preamble(cls: type[BaseModel]) -> str:
    return f"Error in config of resource {cls.__name__}"


def _without_teardown(stack: TeardownStack, value: Any, cls: type[Any], alternative: str) -> Any:
    if not stack.is_loaded:
        return value
    stack.close()
    raise DagsterInvariantViolationError(
        f"{cls.__name__} must be torn down after use (it, or a resource in it, overrides "
        f"teardown_after_execution or yield_for_execution). Use {alternative} in a `with` statement."
    )


@contextlib.contextmanager
def _as_context_manager(generator: Generator[T, None, None]) -> Generator[T, None, None]:
    yield from generator


def _is_resource_field(field: Any) -> bool:
    if _DEPENDENCY in field.metadata:
        return True
    core = unwrap(field.annotation).core
    origin = get_origin(core) or core
    return isinstance(origin, type) and issubclass(origin, ResourceSource)
