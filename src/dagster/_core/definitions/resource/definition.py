"""A resource: something that steps use and that the run sets up and tears down."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import dagster._check as check
from dagster._config.configurable import AnonymousConfigurableDefinition
from dagster._core.definitions.resource.invocation import invoke_resource
from dagster._core.definitions.resource.requirement import ResourceRequirement
from dagster._core.errors import DagsterInvalidDefinitionError

ResourceFunction = Callable[..., Any]

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def context_parameter_of(resource_fn: ResourceFunction) -> inspect.Parameter | None:
    """Return the parameter of a resource function that takes the context, None when it takes none.

    Raises:
        DagsterInvalidDefinitionError: The function needs more than a context.
    """
    try:
        parameters = list(inspect.signature(resource_fn).parameters.values())
    except (TypeError, ValueError):
        # Some callables written in C have no signature; a resource function takes the context.
        return inspect.Parameter("context", inspect.Parameter.POSITIONAL_ONLY)
    name = getattr(resource_fn, "__name__", type(resource_fn).__name__)
    positional = [p for p in parameters if p.kind in _POSITIONAL]
    extra = [p.name for p in positional[1:] if p.default is p.empty]
    extra += [
        p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is inspect.Parameter.empty
    ]
    if extra:
        raise DagsterInvalidDefinitionError(
            f"@resource decorated function '{name}' expects only a single positional required argument, "
            f"the context. Got required extra params {', '.join(extra)}"
        )
    if positional:
        return positional[0]
    variadic = [p for p in parameters if p.kind is inspect.Parameter.VAR_POSITIONAL]
    return variadic[0] if variadic else None


class ResourceDefinition(AnonymousConfigurableDefinition):
    """How a resource is made from its config.

    From the "Resources" part of the API documents.

    Args:
        resource_fn: Makes the resource: a function of an :class:`InitResourceContext` or of nothing,
            that returns the resource, or yields it once and tears it down after the yield. None makes a
            resource that is None.
        config_schema: The schema of the config that the function finds in ``context.resource_config``.
            Without one, any config is taken.
        description: For people.
        required_resource_keys: Keys of the resources that this one needs.
        version: A version of the code of the function.

    Raises:
        DagsterInvalidDefinitionError: The function needs more than a context.
    """

    def __init__(
        self,
        resource_fn: ResourceFunction | None = None,
        config_schema: Any = None,
        description: str | None = None,
        required_resource_keys: AbstractSet[str] | None = None,
        version: str | None = None,
    ) -> None:
        super().__init__(config_schema)
        function = _none_resource_fn if resource_fn is None else resource_fn
        self._resource_fn = check.callable_param(function, "resource_fn")
        self._description = check.opt_str_param(description, "description")
        keys = check.opt_set_param(required_resource_keys, "required_resource_keys", str)
        self._required_resource_keys = frozenset(keys)
        self._version = check.opt_str_param(version, "version")
        self._context_parameter = context_parameter_of(function)
        #: What decides what the resource is: its function, or what a function of ours only hands on.
        self.made_of: tuple[Any, ...] = (function,)
        #: Resources that belong to this one alone and are set up with it, by the name of its field.
        self.inner_definitions: Mapping[str, ResourceDefinition] = {}

    @staticmethod
    def dagster_internal_init(
        *,
        resource_fn: ResourceFunction,
        config_schema: Any,
        description: str | None,
        required_resource_keys: AbstractSet[str] | None,
        version: str | None,
    ) -> ResourceDefinition:
        """Make a resource with every argument named."""
        return ResourceDefinition(
            resource_fn, config_schema, description, required_resource_keys, version
        )

    @property
    def resource_fn(self) -> ResourceFunction:
        """The function that makes the resource."""
        return self._resource_fn

    @property
    def description(self) -> str | None:
        """What the resource is, for people."""
        return self._description

    @property
    def version(self) -> str | None:
        """The version of the code of the function."""
        return self._version

    @property
    def required_resource_keys(self) -> frozenset[str]:
        """Keys of the resources that this one needs directly."""
        return self._required_resource_keys

    @property
    def context_parameter(self) -> inspect.Parameter | None:
        """The parameter of the function that takes the context, None when it takes none."""
        return self._context_parameter

    def get_required_resource_keys(
        self, resource_defs: Mapping[str, ResourceDefinition]
    ) -> AbstractSet[str]:
        """Return the keys that this resource needs, directly or through other resources.

        Args:
            resource_defs: The resources that are provided, by key.
        """
        found: set[str] = set()
        pending = list(self.required_resource_keys)
        while pending:
            key = pending.pop()
            if key in found:
                continue
            found.add(key)
            if key in resource_defs:
                pending.extend(resource_defs[key].required_resource_keys)
        return found

    def get_resource_requirements(self, source_key: str | None = None) -> Iterator[ResourceRequirement]:
        """Yield what this resource needs.

        Args:
            source_key: The key that this resource is given under, for messages.
        """
        requirer = "a resource" if source_key is None else f'resource with key "{source_key}"'
        for key in sorted(self.required_resource_keys):
            yield ResourceRequirement(key, requirer)

    def make(self, context: Any) -> Any:
        """Call the function for a run; what comes back may be a generator."""
        return self._resource_fn(context) if self._context_parameter is not None else self._resource_fn()

    def copy_for_configured(self, description: str | None, config_schema: Any) -> ResourceDefinition:
        copy = ResourceDefinition(
            resource_fn=self._resource_fn,
            config_schema=config_schema,
            description=description or self._description,
            required_resource_keys=self._required_resource_keys,
            version=self._version,
        )
        copy.made_of = self.made_of
        return copy

    @staticmethod
    def none_resource(description: str | None = None) -> ResourceDefinition:
        """Make a resource that is None.

        Args:
            description: For people.
        """
        return ResourceDefinition.hardcoded_resource(None, description)

    @staticmethod
    def hardcoded_resource(value: Any, description: str | None = None) -> ResourceDefinition:
        """Make a resource that is always the given object.

        Args:
            value: The object.
            description: For people.
        """
        definition = ResourceDefinition(lambda _context=None: value, description=description)
        definition.made_of = (value,)
        return definition

    @staticmethod
    def mock_resource(description: str | None = None) -> ResourceDefinition:
        """Make a resource that is a ``unittest.mock.MagicMock``, to test what does not need the real one.

        Args:
            description: For people.
        """

        def make_mock(_context: Any = None) -> Any:
            from unittest.mock import MagicMock

            return MagicMock()

        return ResourceDefinition(make_mock, description=description)

    @staticmethod
    def string_resource(description: str | None = None) -> ResourceDefinition:
        """Make a resource that is its own config, a string.

        Args:
            description: For people.
        """
        return ResourceDefinition(
            lambda context: context.resource_config, config_schema=str, description=description
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Make the resource outside a run, as in a test.

        Args:
            *args: The context, made by ``build_init_resource_context``; None when nothing is needed of
                it; left out when the function takes none.
            **kwargs: The context by the name of the function's parameter.

        Returns:
            The resource. For a function that yields it, a context manager around it.

        Raises:
            DagsterInvalidInvocationError: The arguments do not fit the function.
            DagsterInvalidConfigError: The context's config does not fit the schema.
            DagsterInvalidDefinitionError: A resource that this one needs is not in the context.
        """
        return invoke_resource(self, args, kwargs)


def _none_resource_fn(_context: Any) -> None:
    return None
