"""``Config``: config as a pydantic class."""

# pyright: standard

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails, PydanticCustomError, PydanticUndefined

from dagster._config.config_type import ConfigType
from dagster._config.env_var import holds_env_var
from dagster._config.errors import DagsterEvaluationErrorReason, EvaluationError, location_text
from dagster._config.evaluate import validate_config
from dagster._config.field import Field
from dagster._config.pythonic.annotations import (
    accepts_none_without_default,
    config_name,
    is_model,
    unwrap,
)
from dagster._config.pythonic.schema import infer_schema_from_config_class
from dagster._config.pythonic.values import from_config, holds_model, model_to_config, to_config
from dagster._core.errors import DagsterInvalidConfigError, DagsterInvalidInvocationError
from dagster._text import shown

ConfigT = TypeVar("ConfigT", bound="Config")


class Config(BaseModel):
    """Base of config classes: the fields of the class are the config schema of an op or resource.

    From the "Config" part of the API documents. Objects of it cannot be changed; entries that are no
    fields are refused; every feature of pydantic's validation works.

    Examples:
        >>> class MyConfig(Config):
        ...     path: str
        ...     limit: int = 10
        >>> @op
        ... def load(config: MyConfig): ...
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, populate_by_name=True
    )

    # What the object was made of, before validators changed it. Not a field: it is not compared.
    __slots__ = ("_given_data",)

    def __init__(self, **data: Any) -> None:
        prepared, late = _prepare(type(self), data)
        if late:
            _init_with_late_values(self, prepared, late)
        else:
            super().__init__(**prepared)
        object.__setattr__(self, "_given_data", data)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in type(self).model_fields or not (name.startswith("_") or name in type(self).__dict__):
            self._refuse_assignment(name)
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        if name in type(self).model_fields:
            self._refuse_assignment(name)
        super().__delattr__(name)

    def _refuse_assignment(self, name: str) -> NoReturn:
        raise DagsterInvalidInvocationError(
            f"'{type(self).__name__}' is a Pythonic config class and does not support item assignment, as "
            f"it inherits from 'pydantic.BaseModel' with frozen=True: tried to set '{name}'. Make another "
            "object, for instance with model_copy(update={...})."
        )

    @classmethod
    def _names_not_in_config(cls) -> frozenset[str]:
        """Return the names of fields that are not config; a subclass may have such, as resources."""
        return frozenset()

    @classmethod
    def to_config_schema(cls) -> Field:
        """Return the config schema of this class, for ``config_schema=`` of a definition.

        Raises:
            DagsterInvalidDefinitionError: A field has a type that cannot be written in config.
        """
        return schema_of(cls)

    @classmethod
    def to_fields_dict(cls) -> dict[str, Field]:
        """Return the fields of the config schema of this class by name."""
        return dict(schema_of(cls).config_type.fields)

    @classmethod
    def __dagster_config_type__(cls) -> ConfigType:
        """Return what this class stands for where a config schema is asked for."""
        return schema_of(cls).config_type

    @classmethod
    def _from_config(cls, config: Mapping[str, Any], others: Mapping[str, Any] | None = None) -> Self:
        """Make an object of config that has been evaluated by the schema.

        Args:
            config: The config, by the names that config uses.
            others: The values of fields that are not config.

        Raises:
            pydantic.ValidationError: The config does not fit the class.
        """
        nones = {
            config_name(name, field)
            for name, field in cls.model_fields.items()
            if not field.is_required() and field.default is None
        }
        # `x: str = None` is None when it is not given, but pydantic takes no None for it.
        given = {key: value for key, value in config.items() if value is not None or key not in nones}
        return cls(**given, **(others or {}))

    def _convert_to_config_dictionary(self) -> dict[str, Any]:
        """Return the config that stands for this object.

        Where validators change values, it is what the object was made of, so that they see that again.
        """
        cls = type(self)
        config = model_to_config(self, cls._names_not_in_config())
        given: dict[str, Any] = getattr(self, "_given_data", {})
        for name, field in cls.model_fields.items():
            key = config_name(name, field)
            if key not in config or (key not in given and name not in given):
                continue
            if holds_model(getattr(self, name)):
                continue  # it knows itself what it was made of
            value = given.get(key, given.get(name))
            before = to_config(value, field.annotation, field.discriminator)
            if before != config[key] and _takes(schema_of(cls), key, before):
                config[key] = before
        return config


class PermissiveConfig(Config):
    """Base of config classes that take entries beside their fields.

    From the "Config" part of the API documents. Such an entry is an attribute too.

    Examples:
        >>> class MyConfig(PermissiveConfig):
        ...     path: str
        >>> MyConfig(path="a", limit=3).limit
        3
    """

    model_config = ConfigDict(extra="allow")


def schema_of(config_class: type[Config]) -> Field:
    """Return the config field of a class; made once per class."""
    schema: Field | None = config_class.__dict__.get("__dagster_schema__")
    if schema is None:
        schema = infer_schema_from_config_class(
            config_class,
            fields_to_omit=config_class._names_not_in_config(),  # noqa: SLF001 - hooks of our own classes
            check=lambda config: model_problems(config_class, config),
        )
        type.__setattr__(config_class, "__dagster_schema__", schema)
    return schema


def _takes(schema: Field, name: str, value: Any) -> bool:
    field = schema.config_type.fields.get(name)
    return field is not None and validate_config(field.config_type, value).success


def construct_config_from_context(
    config_class: type[ConfigT], config: Mapping[str, Any] | None
) -> ConfigT:
    """Return the object of a config class that an op's function receives.

    Args:
        config_class: The class that the parameter ``config`` is annotated with.
        config: The config of the step, evaluated by the schema of the class.

    Raises:
        DagsterInvalidConfigError: pydantic refuses the config; the message names the paths.
    """
    try:
        return config_class._from_config(config or {})  # noqa: SLF001 - hooks of our own classes
    except ValidationError as error:
        raise config_error(f"Error in config for {config_class.__name__}", error, config) from error


def model_problems(
    config_class: type[Config], config: Mapping[str, Any], leave_out: frozenset[str] = frozenset()
) -> Sequence[tuple[Sequence[str | int], str, object]]:
    """Return what pydantic has to say about config, as :data:`ModelCheck` wants it.

    Args:
        config_class: The class.
        config: Config that fits the schema of the class.
        leave_out: Names of fields whose values are not known yet.
    """
    try:
        config_class._from_config(config)  # noqa: SLF001 - hooks of our own classes
    except ValidationError as error:
        omitted = leave_out | config_class._names_not_in_config()  # noqa: SLF001 - hooks of our own classes
        return [
            (detail["loc"], _message(detail), detail["input"])
            for detail in error.errors(include_url=False)
            # Without resources the class as a whole cannot be made; only what its config says counts.
            if not omitted or (detail["loc"] and detail["loc"][0] not in omitted)
        ]
    except Exception:
        if config_class._names_not_in_config():  # noqa: SLF001 - hooks of our own classes
            return []
        raise
    return []


def _message(detail: Any) -> str:
    message: str = detail["msg"]
    return message[:1].lower() + message[1:]


def config_error(preamble: str, error: ValidationError, config: object) -> DagsterInvalidConfigError:
    """Return pydantic's refusal of config as the error that bad config always is.

    Args:
        preamble: The first line, what was being configured.
        error: What pydantic raised.
        config: The config as given.
    """
    problems: list[EvaluationError] = []
    for detail in error.errors(include_url=False):
        stack: list[str | int] = list(detail["loc"])
        given = shown(detail["input"])
        problems.append(
            EvaluationError(
                stack,
                DagsterEvaluationErrorReason.FAILED_POST_PROCESSING,
                f"Invalid value {location_text(stack)}: {_message(detail)}, got: {given}.",
            )
        )
    return DagsterInvalidConfigError(preamble, problems, config)


def _prepare(cls: type[Config], data: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """Return the arguments as pydantic takes them, and the names of those that are not known yet."""
    late: set[str] = set()
    prepared = dict(data)
    for name, field in cls.model_fields.items():
        key = config_name(name, field)
        if key not in prepared and name in prepared:
            key = name
        if key not in prepared:
            if accepts_none_without_default(field):
                prepared[key] = None
            continue
        value = from_config(prepared[key], field.annotation, field.discriminator)
        if holds_env_var(value):
            core = unwrap(field.annotation).core
            if isinstance(value, dict) and is_model(core):
                value = core(**value)
            else:
                late.add(name)
        prepared[key] = value
    return prepared, late


def _init_with_late_values(model: Config, data: dict[str, Any], late: set[str]) -> None:
    """Set the fields of an object some of whose values are environment variables, read at run time.

    What is known is validated now. The object as a whole is validated when the values are there.
    """
    cls = type(model)
    names = {
        key: name for name, field in cls.model_fields.items() for key in (name, config_name(name, field))
    }
    known = {key: value for key, value in data.items() if names.get(key) not in late}
    values: dict[str, Any] = {}
    try:
        values.update(cls(**known).__dict__)
    except ValidationError as error:
        _raise_known(cls, error, names, late)
    except Exception:  # noqa: BLE001 - a validator of the user that misses a value; it runs again later
        values.clear()
    for name, field in cls.model_fields.items():
        if name not in values and name not in late:
            values[name] = _given_or_default(field, name, data)
    for key, value in data.items():
        if names.get(key) in late:
            values[names[key]] = value
    extra = {key: value for key, value in known.items() if key not in names}
    object.__setattr__(model, "__dict__", values)
    object.__setattr__(model, "__pydantic_fields_set__", {names.get(key, key) for key in data})
    allows_extra = cls.model_config.get("extra") == "allow"
    object.__setattr__(model, "__pydantic_extra__", extra if allows_extra else None)
    private = {name: attribute.get_default() for name, attribute in cls.__private_attributes__.items()}
    private = {name: value for name, value in private.items() if value is not PydanticUndefined}
    object.__setattr__(model, "__pydantic_private__", private if cls.__private_attributes__ else None)


def _given_or_default(field: FieldInfo, name: str, data: Mapping[str, Any]) -> Any:
    key = config_name(name, field)
    if key in data or name in data:
        return data.get(key, data.get(name))
    return field.get_default(call_default_factory=True, validated_data={})


def _raise_known(
    cls: type[Config], error: ValidationError, names: Mapping[str, str], late: set[str]
) -> None:
    """Raise what pydantic says about the values that are known, if anything."""
    details: list[InitErrorDetails] = [
        InitErrorDetails(
            # The text is passed as a value, so that braces in it are not taken for places to fill.
            type=PydanticCustomError("value_error", "{message}", {"message": detail["msg"]}),
            loc=detail["loc"],
            input=detail["input"],
        )
        for detail in error.errors(include_url=False)
        if detail["loc"] and names.get(str(detail["loc"][0])) not in late
    ]
    if details:
        raise ValidationError.from_exception_data(cls.__name__, details)
