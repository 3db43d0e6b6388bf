"""The config schema of a pydantic class."""

# pyright: standard

from __future__ import annotations

import enum
import inspect
from collections import abc
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, cast, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from dagster._config.config_type import Any as AnyConfig
from dagster._config.config_type import (
    Array,
    Bool,
    ConfigType,
    Enum,
    EnumValue,
    Float,
    Int,
    Map,
    Noneable,
    String,
)
from dagster._config.errors import DagsterEvaluationErrorReason, Evaluation, Path
from dagster._config.evaluate import validate_config
from dagster._config.field import Field
from dagster._config.pythonic.annotations import (
    accepts_none_without_default,
    config_name,
    is_enum,
    is_model,
    union_members,
    unwrap,
)
from dagster._config.pythonic.values import to_config
from dagster._config.shapes import Permissive, Selector, Shape
from dagster._config.source import BoolSource, IntSource, StringSource
from dagster._core.errors import DagsterInvalidConfigError, DagsterInvalidDefinitionError
from dagster._text import shown

#: What pydantic has to say about a config: each problem with its path below the class and a message.
ModelCheck = Callable[[Mapping[str, Any]], Sequence[tuple[Sequence[str | int], str, object]]]

_SCALARS: dict[Any, ConfigType] = {
    str: StringSource,
    int: IntSource,
    bool: BoolSource,
    float: Float,
    Any: AnyConfig,
}
_KEY_SCALARS: dict[Any, ConfigType] = {str: String, int: Int, float: Float, bool: Bool}
_SCALAR_BASES = (str, int, float)
_LISTS = (list, set, frozenset, abc.Sequence, abc.MutableSequence, abc.Set, abc.Collection, abc.Iterable)
_MAPS = (dict, abc.Mapping, abc.MutableMapping)

_ALLOWED = """This config type can be a:
    - Python primitive type: int, float, bool, str, or Any
    - list, Sequence, dict or Mapping of other valid types
    - enum or a Literal of strings, ints or bools
    - any of these or None: Optional[...]
    - subclass of dagster.Config
    - discriminated union of such classes: Union[A, B] = Field(discriminator="kind")
      (https://docs.pydantic.dev/latest/concepts/unions/#discriminated-unions)"""


class _Place:
    """Where in a class an annotation stands, and which classes surround it."""

    __slots__ = ("field_name", "owner", "surrounding")

    def __init__(
        self, owner: type[BaseModel], field_name: str, surrounding: tuple[type[BaseModel], ...]
    ) -> None:
        self.owner = owner
        self.field_name = field_name
        self.surrounding = surrounding

    def refuse(self, annotation: Any, reason: str = "") -> DagsterInvalidDefinitionError:
        owner = f"{self.owner.__module__}.{self.owner.__qualname__}"
        return DagsterInvalidDefinitionError(
            f"Error defining Dagster config class {owner} on field '{self.field_name}'.\n"
            f"Unable to resolve config type {shown(annotation)} to a supported Dagster config type."
            f"{' ' + reason if reason else ''}\n\n{_ALLOWED}\n\n"
            "If it is a resource, subclass ConfigurableResource or annotate it with "
            "ResourceDependency[...]."
        )


def _checked(check: ModelCheck, before: int, result: Any, path: Path, run: Evaluation) -> None:
    if not run.resolve or len(run.errors) > before or not isinstance(result, dict):
        return
    for location, message, given in check(cast("dict[str, Any]", result)):
        at_path = path
        for entry in location:
            at_path = (at_path, entry)
        run.add(
            at_path,
            DagsterEvaluationErrorReason.FAILED_POST_PROCESSING,
            lambda at, message=message, given=given: (
                f"Invalid value {at}: {message}, got: {run.shown(given)}."
            ),
        )


class ModelShape(Shape):
    """The shape of a pydantic class, which also has the class's validators look at the config.

    Args:
        fields: The fields.
        description: What the class is for.
        check: Has pydantic look at config that fits the fields.
    """

    __slots__ = ("_check",)

    def __init__(self, fields: Mapping[str, Field], description: str | None, check: ModelCheck) -> None:
        super().__init__(fields, description)
        self._check = check

    def _make_key(self) -> str:
        return super()._make_key().replace("ModelShape", "Shape")

    def evaluate(self, value: Any, path: Path, run: Evaluation) -> Any:
        before = len(run.errors)
        result = super().evaluate(value, path, run)
        _checked(self._check, before, result, path, run)
        return result


class PermissiveModelShape(Permissive):
    """The shape of a pydantic class that takes other entries too; see :class:`ModelShape`."""

    __slots__ = ("_check",)

    def __init__(self, fields: Mapping[str, Field], description: str | None, check: ModelCheck) -> None:
        super().__init__(fields, description)
        self._check = check

    def _make_key(self) -> str:
        return super()._make_key().replace("PermissiveModelShape", "Permissive")

    def evaluate(self, value: Any, path: Path, run: Evaluation) -> Any:
        before = len(run.errors)
        result = super().evaluate(value, path, run)
        _checked(self._check, before, result, path, run)
        return result


def infer_schema_from_config_class(
    config_class: type[BaseModel],
    description: str | None = None,
    fields_to_omit: frozenset[str] = frozenset(),
    check: ModelCheck | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> Field:
    """Return the config field of a pydantic class.

    Args:
        config_class: The class.
        description: What the config is for. Default: the docstring of the class.
        fields_to_omit: Names of fields of the class that are not config, such as resources.
        check: Has pydantic look at config that fits the schema. Default: nothing more is checked.
        defaults: Config that is already known, by the names that config has; those entries become
            optional.

    Raises:
        DagsterInvalidDefinitionError: A field has a type that cannot be written in config.
    """
    shape = _shape_of(config_class, (), fields_to_omit, defaults)
    text = description or shape.description
    if check is not None:
        shape_class = PermissiveModelShape if isinstance(shape, Permissive) else ModelShape
        shape = shape_class(shape.fields, text, check)
    return Field(shape, description=text)


def _shape_of(
    config_class: type[BaseModel],
    surrounding: tuple[type[BaseModel], ...],
    fields_to_omit: frozenset[str] = frozenset(),
    defaults: Mapping[str, Any] | None = None,
) -> Shape:
    if not config_class.__pydantic_complete__:
        config_class.model_rebuild()
    inside = (*surrounding, config_class)
    known = defaults or {}
    fields: dict[str, Field] = {}
    for name, info in config_class.model_fields.items():
        if name in fields_to_omit:
            continue
        key = config_name(name, info)
        given = {"default": known[key]} if key in known else {}
        fields[key] = _field_of(info, _Place(config_class, name, inside), given)
    doc = config_class.__dict__.get("__doc__")
    text = inspect.cleandoc(doc) if doc else None
    if config_class.model_config.get("extra") == "allow":
        extras = {key: Field(AnyConfig, default_value=known[key]) for key in known if key not in fields}
        return Permissive(fields | extras, text)
    return Shape(fields, text)


def _field_of(info: FieldInfo, place: _Place, known: Mapping[str, Any]) -> Field:
    """Return the field of a pydantic field.

    Args:
        info: The pydantic field.
        place: Where it stands.
        known: ``{"default": …}`` when its config is already known.
    """
    default = known.get("default", PydanticUndefined)
    if not known:
        default = _default_config(info)
    config_type = _type_of(info.annotation, place, info.discriminator, default)
    if default is None and not isinstance(config_type, Noneable) and config_type is not AnyConfig:
        config_type = Noneable(config_type)
    if known:
        checked = validate_config(config_type, default)
        if not checked.success:
            raise DagsterInvalidConfigError(
                f"Error in config of {place.owner.__name__}, field '{place.field_name}'",
                checked.errors,
                default,
            )
    is_required = not known and info.is_required() and not accepts_none_without_default(info)
    if is_required:
        return Field(config_type, is_required=True, description=info.description)
    # A default that pydantic makes (uuid4), or that no config can express, stays pydantic's.
    if default is PydanticUndefined or not _fits(config_type, default):
        return Field(config_type, is_required=False, description=info.description)
    return Field(config_type, default_value=default, is_required=False, description=info.description)


def _fits(config_type: ConfigType, default: Any) -> bool:
    return validate_config(config_type, default).success


def _default_config(info: FieldInfo) -> Any:
    """Return the default of a field as config, PydanticUndefined when it has none that is always the same."""
    factory = info.default_factory
    if factory is None:
        value = info.default
        return (
            value
            if value is PydanticUndefined
            else to_config(value, info.annotation, info.discriminator)
        )
    try:
        # Made twice: a time, an id or a counter differs, and must be made anew for every run.
        first, second = (
            to_config(factory(), info.annotation, info.discriminator)  # pyright: ignore[reportCallIssue]
            for _ in range(2)
        )
    except Exception:  # noqa: BLE001 - the user's function; it is called again, and heard, at run time
        return PydanticUndefined
    return first if first == second else PydanticUndefined


def _type_of(
    annotation: Any, place: _Place, discriminator: Any = None, default: Any = PydanticUndefined
) -> ConfigType:
    shape = unwrap(annotation, discriminator)
    inner = _core_type(shape.core, place, shape.discriminator, default)
    if shape.is_optional and inner is not AnyConfig:
        return Noneable(inner)
    return inner


def _core_type(core: Any, place: _Place, discriminator: str | None, default: Any) -> ConfigType:
    scalar = _SCALARS.get(core) if isinstance(core, type) or core is Any else None
    if scalar is not None:
        return scalar
    if discriminator is not None:
        return _selector_of(core, discriminator, place)
    if is_enum(core):
        return _enum_of(cast(Any, core))
    if is_model(core):
        if core in place.surrounding:
            raise place.refuse(core, "The class contains itself, so its config would have no end.")
        known = default if isinstance(default, dict) else None
        return _shape_of(cast(Any, core), place.surrounding, defaults=known)
    origin = get_origin(core) or core
    arguments = get_args(core)
    if origin is Literal:
        return _literal_of(arguments, core, place)
    if origin in _LISTS:
        return Array(_type_of(arguments[0], place) if arguments else AnyConfig)
    if origin is tuple and (not arguments or (len(arguments) == 2 and arguments[1] is Ellipsis)):
        return Array(_type_of(arguments[0], place) if arguments else AnyConfig)
    if origin in _MAPS:
        if not arguments:
            return Permissive()
        key = unwrap(arguments[0]).core
        if key not in _KEY_SCALARS:
            raise place.refuse(core, "The keys of a mapping are str, int, float or bool.")
        return Map(_KEY_SCALARS[key], _type_of(arguments[1], place))
    if isinstance(core, type) and origin is core and issubclass(cast(Any, core), _SCALAR_BASES):
        raise place.refuse(core, "It is a subclass of a scalar; annotate with the scalar itself.")
    raise place.refuse(core, _union_hint(core))


def _union_hint(core: Any) -> str:
    if len(get_args(core)) > 1 and all(is_model(item) for item in get_args(core)):
        return 'The union has no discriminator: add Field(discriminator="...") to it.'
    return ""


def _selector_of(union: Any, discriminator: str, place: _Place) -> Selector:
    try:
        members = union_members(union, discriminator)
    except TypeError as error:
        raise place.refuse(
            union, f"Its discriminator does not tell its members apart: {error}."
        ) from None
    fields: dict[str, Field] = {}
    for tag, model in members.items():
        if model in place.surrounding:
            raise place.refuse(model, "The class contains itself, so its config would have no end.")
        fields[tag] = Field(_shape_of(model, place.surrounding, frozenset((discriminator,))))
    return Selector(fields)


def _enum_of(enum_class: type[enum.Enum]) -> Enum:
    members = [EnumValue(name, member) for name, member in enum_class.__members__.items()]
    return Enum(enum_class.__name__, members)


def _literal_of(values: tuple[Any, ...], core: Any, place: _Place) -> ConfigType:
    kinds = {type(value) for value in values}
    if kinds == {str}:
        return Enum(repr(core).replace("typing.", ""), [EnumValue(value) for value in values])
    if kinds == {int}:
        return IntSource
    if kinds == {bool}:
        return BoolSource
    if len(kinds) == 1 and is_enum(next(iter(kinds))):
        return Enum(next(iter(kinds)).__name__, [EnumValue(value.name, value) for value in values])
    raise place.refuse(core, "The values of a Literal are all strings, all ints or all bools.")
