"""Definitions that take config, and ``configured``, which gives them some of it beforehand.

``definition.configured(...)`` makes a copy of the definition whose schema is another one: that of the
outer config. When config comes, it goes through the functions from the outermost to the innermost
definition, checked against the schema of each (:meth:`ConfigurableDefinition.apply_config_mapping`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Self, TypeVar, cast

import dagster._check as check
from dagster._config.config_function import ConfigFunction, config_class_of, plain_config
from dagster._config.config_type import ConfigAnyInstance
from dagster._config.evaluate import EvaluateValueResult, process_config
from dagster._config.field import Field
from dagster._config.resolve import as_field
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._text import expected, listed


class IDefinitionConfigSchema(ABC):
    """The schema of the config of a definition, and how such config reaches the definition's function."""

    __slots__ = ()

    @abstractmethod
    def as_field(self) -> Field:
        """Return the field that the definition's ``config`` is in a run config."""

    @abstractmethod
    def resolve_config(self, config: Any) -> EvaluateValueResult:
        """Return the config that the innermost definition receives.

        Args:
            config: Config that has been processed against :meth:`as_field`.
        """


class DefinitionConfigSchema(IDefinitionConfigSchema):
    """The schema of a definition that is not configured: config arrives as it is.

    Args:
        config_field: The schema.
    """

    __slots__ = ("_config_field",)

    def __init__(self, config_field: Field) -> None:
        self._config_field = config_field

    def as_field(self) -> Field:
        return self._config_field

    def resolve_config(self, config: Any) -> EvaluateValueResult:
        return EvaluateValueResult(True, config)


#: Of definitions without a schema: any config, and it need not be given.
ANY_CONFIG_SCHEMA = DefinitionConfigSchema(Field(ConfigAnyInstance, is_required=False))


class ConfiguredDefinitionConfigSchema(IDefinitionConfigSchema):
    """The schema of a definition that ``configured`` made.

    Args:
        parent: The definition that gets the config.
        config_schema: The schema of the outer config.
        config_or_config_fn: The config, or what makes it of the outer config.
        described: The configured definition, for messages.
    """

    __slots__ = ("_config_field", "_config_or_fn", "_described", "_parent")

    def __init__(
        self,
        parent: ConfigurableDefinition,
        config_schema: IDefinitionConfigSchema,
        config_or_config_fn: Any,
        described: str,
    ) -> None:
        self._parent = parent
        self._config_field = config_schema.as_field()
        self._described = described
        self._config_or_fn = (
            ConfigFunction(config_or_config_fn, f"the configured {described}")
            if callable(config_or_config_fn)
            else plain_config(config_or_config_fn)
        )

    def as_field(self) -> Field:
        return self._config_field

    def resolve_config(self, config: Any) -> EvaluateValueResult:
        if isinstance(self._config_or_fn, ConfigFunction):
            made = self._config_or_fn({} if config is None else config)
        else:
            made = self._config_or_fn
        field = self._parent.config_field
        if field is None:
            return EvaluateValueResult(True, made)
        result = process_config(field, made)
        if not result.success:
            preamble = (
                f"Error in the config that the configured {self._described} gives to "
                f"{describe_definition(self._parent)}: "
            )
            return EvaluateValueResult.for_errors([error.below([], preamble) for error in result.errors])
        return self._parent.apply_config_mapping(result.value)


def convert_user_config_schema(schema: Any) -> IDefinitionConfigSchema:
    """Return the schema of a definition from what its author wrote.

    Args:
        schema: A config schema, a pydantic config class, a schema of another definition, or None for any
            config.

    Raises:
        DagsterInvalidConfigDefinitionError: When it is no schema.
    """
    if schema is None:
        return ANY_CONFIG_SCHEMA
    if isinstance(schema, IDefinitionConfigSchema):
        return schema
    return DefinitionConfigSchema(as_field(schema))


class ConfigurableDefinition(ABC):
    """Base of definitions that take config. They are named or anonymous, see below.

    From the "Internals" document. Subclasses pass their schema to ``__init__``, or override
    ``config_schema``; a definition whose ``config_schema`` is None takes no config.

    Args:
        config_schema: The schema. Default: any config.
    """

    #: None until a constructor sets it: a definition that takes no config.
    _config_schema: IDefinitionConfigSchema | None = None

    def __init__(self, config_schema: Any = None) -> None:
        self._config_schema = convert_user_config_schema(config_schema)

    @property
    def config_schema(self) -> IDefinitionConfigSchema | None:
        """The schema of the definition's config, or None when it takes none."""
        return self._config_schema

    @property
    def has_config_field(self) -> bool:
        """Whether the definition takes config."""
        return self.config_schema is not None

    @property
    def config_field(self) -> Field | None:
        """The field that the definition's config is in a run config, or None when it takes none."""
        schema = self.config_schema
        return None if schema is None else schema.as_field()

    def get_config_field(self) -> Field:
        """Return the field that the definition's config is in a run config.

        Raises:
            CheckError: When the definition takes no config.
        """
        field = self.config_field
        if field is None:
            raise check.CheckError(f"{describe_definition(self)} takes no config: see has_config_field.")
        return field

    def apply_config_mapping(self, config: Any) -> EvaluateValueResult:
        """Return the config that the function of the innermost definition receives.

        From the "Internals" document. The functions of ``configured`` are called and what they return is
        checked.

        Args:
            config: The definition's config (what stands under its ``config`` key), already processed
                against ``config_field``; None when it was not given.

        Returns:
            The config, or the problems of what a function made.

        Raises:
            DagsterConfigMappingFunctionError: When a function raises.
        """
        schema = self.config_schema
        return EvaluateValueResult(True, config) if schema is None else schema.resolve_config(config)

    @abstractmethod
    def configured(self, *args: Any, **kwargs: Any) -> Any:
        """Return a copy of this definition that has its config, or a part of it, already."""


class NamedConfigurableDefinition(ConfigurableDefinition):
    """A definition with a name: an op, a graph, an executor."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The name of the definition."""

    @abstractmethod
    def copy_for_configured(self, name: str, description: str | None, config_schema: Any) -> Self:
        """Return a copy of the definition.

        Args:
            name: The name of the copy.
            description: Its description; None for that of this definition.
            config_schema: Its schema, ready for :func:`convert_user_config_schema`.
        """

    def default_configured_name(self) -> str | None:
        """Return the name of a configured copy when none is given, or None when one must be given."""
        return None

    def configured(
        self,
        config_or_config_fn: Any,
        name: str | None = None,
        config_schema: Any = None,
        description: str | None = None,
    ) -> Self:
        """Return a copy of this definition that has its config, or a part of it, already.

        From the "Internals" document. Config values may be shown by tools: give no secrets here.

        Args:
            config_or_config_fn: The config; or a function that makes it of the copy's own config.
            name: The name of the copy. Default: the name of the function.
            config_schema: For a function, the schema of its argument. Default: any config.
            description: What the copy is for. Default: the docstring of the function, or the description
                of this definition.

        Raises:
            DagsterInvalidDefinitionError: When there is no name, or a schema without a function.
        """
        new_name = check.opt_str_param(name, "name") or _function_name(config_or_config_fn)
        new_name = new_name or self.default_configured_name()
        if new_name is None:
            raise DagsterInvalidDefinitionError(
                f'Missing string param "name" while attempting to configure {describe_definition(self)}: '
                "config that is no function needs a name, as in configured(definition, name=...)({...})."
            )
        described = f'{type(self).__name__} "{new_name}"'
        schema = _configured_schema(self, config_or_config_fn, config_schema, described)
        description = description or _function_description(config_or_config_fn)
        return self.copy_for_configured(new_name, description, schema)


class AnonymousConfigurableDefinition(ConfigurableDefinition):
    """A definition without a name: a resource, a logger."""

    @abstractmethod
    def copy_for_configured(self, description: str | None, config_schema: Any) -> Self:
        """Return a copy of the definition.

        Args:
            description: Its description; None for that of this definition.
            config_schema: Its schema, ready for :func:`convert_user_config_schema`.
        """

    def configured(
        self, config_or_config_fn: Any, config_schema: Any = None, description: str | None = None
    ) -> Self:
        """Return a copy of this definition that has its config, or a part of it, already.

        From the "Internals" document. Config values may be shown by tools: give no secrets here.

        Args:
            config_or_config_fn: The config; or a function that makes it of the copy's own config.
            config_schema: For a function, the schema of its argument. Default: any config.
            description: What the copy is for. Default: the docstring of the function, or the description
                of this definition.

        Raises:
            DagsterInvalidDefinitionError: When a schema is given without a function.
        """
        name = _function_name(config_or_config_fn)
        described = f'{type(self).__name__} "{name}"' if name else type(self).__name__
        schema = _configured_schema(self, config_or_config_fn, config_schema, described)
        return self.copy_for_configured(
            description or _function_description(config_or_config_fn), schema
        )


def describe_definition(definition: ConfigurableDefinition) -> str:
    """Return a definition for a message: its class, and its name if it has one."""
    name = definition.name if isinstance(definition, NamedConfigurableDefinition) else None
    return f'{type(definition).__name__} "{name}"' if name else type(definition).__name__


def _function_name(value: Any) -> str | None:
    name = getattr(value, "__name__", None) if callable(value) else None
    return None if name == "<lambda>" else name


def _function_description(value: Any) -> str | None:
    return getattr(value, "__doc__", None) if callable(value) else None


def _configured_schema(
    parent: ConfigurableDefinition, config_or_config_fn: Any, config_schema: Any, described: str
) -> ConfiguredDefinitionConfigSchema:
    if not callable(config_or_config_fn) and config_schema is not None:
        raise DagsterInvalidDefinitionError(
            "When non-callable config is given, config_schema cannot be: "
            f"{describe_definition(parent)} is configured with a value, so that there is no outer config "
            "to describe. Leave config_schema out, or give a function."
        )
    if callable(config_or_config_fn):
        config_class = config_class_of(config_or_config_fn)
        if config_class is not None:
            if config_schema is not None:
                raise DagsterInvalidDefinitionError(
                    f"The function that configures {describe_definition(parent)} has a parameter annotated "
                    f"with {config_class.__name__} and a config_schema besides. Use one of them."
                )
            config_schema = config_class
    schema = convert_user_config_schema(config_schema)
    return ConfiguredDefinitionConfigSchema(parent, schema, config_or_config_fn, described)


T_Configurable = TypeVar("T_Configurable", bound=ConfigurableDefinition)


def configured(
    configurable: T_Configurable, config_schema: Any = None, **kwargs: Any
) -> Callable[[Any], T_Configurable]:
    """Return what gives a definition its config beforehand: a decorator for a function, or a function to
    call with the config.

    From the API reference.

    ::

        dev_emr = configured(emr, name="dev_emr")({"size": 2})

        @configured(emr, config_schema={"size": int})
        def sized_emr(config):
            return {"size": config["size"] * 2}

    Args:
        configurable: The definition.
        config_schema: For a function, the schema of its argument. Default: any config.
        **kwargs: ``name`` (definitions with a name only; default: that of the function) and
            ``description`` of the new definition.

    Returns:
        A function from config, or from a config function, to the new definition.

    Raises:
        DagsterInvalidDefinitionError: When ``configurable`` takes no config or an argument is unknown.
    """
    given: object = configurable
    if isinstance(given, NamedConfigurableDefinition):
        allowed = ("name", "description")
    elif isinstance(cast(object, given), AnonymousConfigurableDefinition):
        allowed = ("description",)
    else:
        raise DagsterInvalidDefinitionError(
            expected("configurable", "a definition that takes config (op, graph, resource, …)", given)
        )
    wrong = [name for name in kwargs if name not in allowed]
    if wrong:
        raise DagsterInvalidDefinitionError(
            f"configured() got unexpected arguments {listed(wrong)} for {describe_definition(given)}: "
            f"it takes config_schema and {listed(allowed)}."
        )

    def configure(config_or_config_fn: Any) -> T_Configurable:
        return configurable.configured(config_or_config_fn, config_schema=config_schema, **kwargs)

    return configure
