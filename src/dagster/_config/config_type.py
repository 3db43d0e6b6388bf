"""Config types: the base class, scalars, enums, and the containers whose parts have no names.

A config type is a value. It can check a config value and make of it what user code receives
(:meth:`ConfigType.evaluate`), has a key that is derived from its content, and can print itself.
"""

from __future__ import annotations

import typing
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from enum import Enum as PythonEnum
from typing import Any as AnyValue
from typing import ClassVar, cast

import dagster._check as check
from dagster._config.depth import call_deep
from dagster._config.errors import DagsterEvaluationErrorReason, Evaluation, Path
from dagster._core.errors import DagsterInvalidConfigDefinitionError, DagsterInvalidDefinitionError
from dagster._text import did_you_mean, listed, shown

if typing.TYPE_CHECKING:
    from dagster._config.field import Field

_MAX_KEY = 120
_FLOAT_LIMIT = 2**1023


class ConfigTypeKind(PythonEnum):
    """The kinds of config types."""

    ANY = "ANY"
    SCALAR = "SCALAR"
    ENUM = "ENUM"
    SELECTOR = "SELECTOR"
    STRICT_SHAPE = "STRICT_SHAPE"
    PERMISSIVE_SHAPE = "PERMISSIVE_SHAPE"
    SCALAR_UNION = "SCALAR_UNION"
    MAP = "MAP"
    ARRAY = "ARRAY"
    NONEABLE = "NONEABLE"

    @staticmethod
    def has_fields(kind: ConfigTypeKind) -> bool:
        """Whether types of this kind have named fields."""
        return kind in _KINDS_WITH_FIELDS

    @staticmethod
    def is_closed_generic(kind: ConfigTypeKind) -> bool:
        """Whether types of this kind are made of other types without names."""
        return kind in (ConfigTypeKind.ARRAY, ConfigTypeKind.NONEABLE, ConfigTypeKind.SCALAR_UNION)


_KINDS_WITH_FIELDS = frozenset(
    (ConfigTypeKind.SELECTOR, ConfigTypeKind.STRICT_SHAPE, ConfigTypeKind.PERMISSIVE_SHAPE)
)


class ConfigScalarKind(PythonEnum):
    """The kinds of scalars."""

    INT = "INT"
    STRING = "STRING"
    FLOAT = "FLOAT"
    BOOL = "BOOL"


def digest(content: str) -> str:
    """Return a short stable hash of a text."""
    import hashlib  # loads OpenSSL; only needed once somebody asks for a key

    return hashlib.sha1(content.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


class ConfigType(ABC):
    """Base of all config types.

    An implementer sets ``kind`` and defines :meth:`evaluate`, :meth:`text` and ``_make_key``.

    Args:
        given_name: The name of the type, if it has one of its own.
        description: What the type is for.
    """

    __slots__ = ("_key", "description", "given_name")

    kind: ClassVar[ConfigTypeKind]
    #: Whether values are named fields, and the fields (empty for all other types).
    has_fields: ClassVar[bool] = False
    #: Whether every value fits.
    is_any: ClassVar[bool] = False
    #: What is evaluated for a field of this type that is not given, if ``has_implicit_default``.
    implicit_default: ClassVar[AnyValue] = None

    def __init__(self, given_name: str | None = None, description: str | None = None) -> None:
        self.given_name = given_name
        self.description = description
        self._key: str | None = None

    @property
    def key(self) -> str:
        """A name that is derived from the content: equal types of two processes have equal keys."""
        if self._key is None:
            key = call_deep(self._make_key)
            if len(key) > _MAX_KEY:
                key = f"{key.partition('.')[0]}.{digest(key)}"
            self._key = key
        return self._key

    @property
    def type_params(self) -> Sequence[ConfigType]:
        """The unnamed types that this one is made of."""
        return ()

    @property
    def fields(self) -> Mapping[str, Field]:
        """The named fields, empty for all types but shapes and selectors."""
        return {}

    @property
    def has_implicit_default(self) -> bool:
        """Whether a field of this type need not be given unless it says so: a value that may be None, and
        a mapping that may be empty."""
        return False

    @abstractmethod
    def _make_key(self) -> str:
        """Return the key of this type."""

    @abstractmethod
    def evaluate(self, value: AnyValue, path: Path, run: Evaluation) -> AnyValue:
        """Check a value, and return what it stands for.

        Records all problems in ``run.errors`` and goes on; the result is only of use when there are none.

        Args:
            value: The config as given.
            path: Where it stands.
            run: What to do, and the problems so far.
        """

    @abstractmethod
    def text(self, depth: int = 3) -> str:
        """Return the type for a message, nested types to the depth."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.text()}>"


def refuse_none(config_type: ConfigType, path: Path, run: Evaluation) -> None:
    """Record that a value is None where the type does not allow it."""
    run.mismatch(
        path, lambda at: f"Value {at} must not be None. Expected: {config_type.text()}, got: None."
    )


class ScalarType(ConfigType):
    """A type whose values are Python scalars.

    Args:
        given_name: The name: ``Int``, ``Float``, ``Bool`` or ``String``.
        scalar_kind: Which scalar it is.
        python_type: The Python type of its values.
    """

    __slots__ = ("_python_type", "scalar_kind")

    kind = ConfigTypeKind.SCALAR

    def __init__(self, given_name: str, scalar_kind: ConfigScalarKind, python_type: type) -> None:
        super().__init__(given_name)
        self.scalar_kind = scalar_kind
        self._python_type = python_type

    def _make_key(self) -> str:
        return cast(str, self.given_name)

    def accepts(self, value: object) -> bool:
        """Whether a value is one of this scalar. A bool is no number; a whole number is a float."""
        if isinstance(value, self._python_type):
            return self.scalar_kind is not ConfigScalarKind.INT or not isinstance(value, bool)
        return (
            self.scalar_kind is ConfigScalarKind.FLOAT
            and isinstance(value, int)
            and not isinstance(value, bool)
            and abs(value) < _FLOAT_LIMIT
        )

    def evaluate(self, value: AnyValue, path: Path, run: Evaluation) -> AnyValue:
        if type(value) is self._python_type:
            return value
        if value is None:
            refuse_none(self, path, run)
        elif not self.accepts(value):
            run.mismatch(
                path,
                lambda at: (
                    f"Invalid scalar {at}: expected {self.given_name}, got: {run.shown(value)}."
                    f"{self._source_hint(value)}"
                ),
            )
        elif self.scalar_kind is ConfigScalarKind.FLOAT:
            return float(value)  # a whole number written without a point
        return value

    def _source_hint(self, value: AnyValue) -> str:
        """Return what to do when the value names an environment variable, which this type does not read."""
        if not isinstance(value, dict) or list(cast("dict[AnyValue, AnyValue]", value)) != ["env"]:
            return ""
        if self.given_name not in ("String", "Int", "Bool"):
            return " Only StringSource, IntSource and BoolSource in a schema read environment variables."
        return f" To read it from the environment, write {self.given_name}Source in the schema."

    def text(self, depth: int = 3) -> str:
        return cast(str, self.given_name)


class AnyType(ConfigType):
    """The type of every value, None included."""

    __slots__ = ()

    kind = ConfigTypeKind.ANY
    is_any = True

    def __init__(self) -> None:
        super().__init__("Any")

    def _make_key(self) -> str:
        return "Any"

    def evaluate(self, value: AnyValue, path: Path, run: Evaluation) -> AnyValue:
        return value

    def text(self, depth: int = 3) -> str:
        return "Any"


Int = ScalarType("Int", ConfigScalarKind.INT, int)
Float = ScalarType("Float", ConfigScalarKind.FLOAT, float)
Bool = ScalarType("Bool", ConfigScalarKind.BOOL, bool)
String = ScalarType("String", ConfigScalarKind.STRING, str)
Any = AnyType()
ConfigAnyInstance = Any


class ConfigSchema:
    """Marks, in documents and annotations, what may stand where a config schema is asked for.

    From the API reference. A schema is a Python scalar type (``int``, ``float``, ``bool``, ``str``),
    ``list`` or ``dict``, a list of one schema, a dict of names to schemas, a :class:`Field` or any config
    type. It cannot be instantiated.
    """

    def __init__(self) -> None:
        raise DagsterInvalidDefinitionError(
            "ConfigSchema cannot be instantiated: it only names what can be used as a config schema."
        )


class EnumValue:
    """One value of an :class:`Enum`.

    From the API reference.

    Args:
        config_value: What is written in the config.
        python_value: What user code receives. Default: the config value.
        description: What it means.
    """

    __slots__ = ("config_value", "description", "python_value")

    def __init__(
        self, config_value: str, python_value: AnyValue = None, description: str | None = None
    ) -> None:
        self.config_value: str = check.str_param(config_value, "config_value")
        self.python_value: AnyValue = config_value if python_value is None else python_value
        self.description = check.opt_str_param(description, "description")

    def __repr__(self) -> str:
        return f"EnumValue({self.config_value!r})"


class Enum(ConfigType):
    """A string out of a fixed set, which becomes a Python value.

    From the API reference.

    Args:
        name: The name of the type.
        enum_values: The values, at least one, each with a config value of its own.

    Raises:
        DagsterInvalidDefinitionError: When there is no value, or two have the same config value.
    """

    __slots__ = ("_values", "enum_values")

    kind = ConfigTypeKind.ENUM

    def __init__(self, name: str, enum_values: Sequence[EnumValue]) -> None:
        super().__init__(check.str_param(name, "name"))
        self.enum_values: list[EnumValue] = list(
            check.sequence_param(enum_values, "enum_values", EnumValue)
        )
        self._values = {value.config_value: value for value in self.enum_values}
        if not self._values:
            raise DagsterInvalidDefinitionError(f'Enum "{name}" has no values. Give it at least one.')
        if len(self._values) < len(self.enum_values):
            names = [value.config_value for value in self.enum_values]
            twice = sorted({item for item in names if names.count(item) > 1})
            raise DagsterInvalidDefinitionError(
                f'Enum "{name}" has several values named {listed(twice)}. Each name may occur once.'
            )

    @classmethod
    def from_python_enum(cls, enum: type[PythonEnum], name: str | None = None) -> Enum:
        """Return the config type of a Python enum: the config has the names of its members.

        Args:
            enum: The Python enum.
            name: The name of the type. Default: the name of the enum.
        """
        return cls(name or enum.__name__, [EnumValue(item.name, item) for item in enum])

    @classmethod
    def from_python_enum_direct_values(cls, enum: type[PythonEnum], name: str | None = None) -> Enum:
        """Return the config type of a Python enum whose members are strings: the config has their values,
        and user code receives these values.

        Args:
            enum: The Python enum.
            name: The name of the type. Default: the name of the enum.
        """
        return cls(name or enum.__name__, [EnumValue(item.value, item.value) for item in enum])

    @property
    def config_values(self) -> list[str]:
        """What can be written in the config."""
        return list(self._values)

    def _make_key(self) -> str:
        content = "\n".join(f"{item.config_value}\t{item.description}" for item in self.enum_values)
        return f"Enum.{self.given_name}.{digest(content)[:12]}"

    def evaluate(self, value: AnyValue, path: Path, run: Evaluation) -> AnyValue:
        known = self._values.get(value) if isinstance(value, str) else None
        if known is not None:
            return known.python_value if run.resolve else value
        if value is None:
            refuse_none(self, path, run)
            return None
        run.mismatch(path, lambda at: self._refusal(value, at, run))
        return value

    def _refusal(self, value: AnyValue, at: str, run: Evaluation) -> str:
        got = run.shown(value)
        if isinstance(value, PythonEnum):
            return (
                f"Value {at} for enum type {self.given_name} must be a string, got the member of a "
                f'Python enum: {got}. Write its name: "{value.name}".'
            )
        if not isinstance(value, str):
            return (
                f"Value {at} for enum type {self.given_name} must be a string: expected one of "
                f"{listed(self._values)}, got: {got}."
            )
        hint = "" if run.masked else did_you_mean(value, self._values)
        return (
            f"Value {at} is not in enum type {self.given_name}: expected one of {listed(self._values)}, "
            f"got: {got}.{hint}"
        )

    def text(self, depth: int = 3) -> str:
        return cast(str, self.given_name)


class Conversions:
    """What the constructors of types need from modules that know every type, which set it when the
    package is loaded: types take plain Python for their parts, and say how a missing one could look.
    """

    #: Turns plain Python into a type (``resolve.py``).
    to_type: ClassVar[Callable[[AnyValue], ConfigType]]
    #: Turns a dict of plain Python into fields (``resolve.py``).
    to_fields: ClassVar[Callable[[Mapping[AnyValue, AnyValue]], dict[str, Field]]]
    #: Makes a minimal sample for a message (``scaffold.py``).
    to_sample: ClassVar[Callable[[ConfigType], AnyValue]]


def resolved_part(value: AnyValue, entry: str | None = None) -> ConfigType:
    """Return the type of a part of a type; an error names the part.

    Args:
        value: The part, a type or plain Python.
        entry: The name of the part in messages.
    """
    if isinstance(value, ConfigType):
        return value
    try:
        return Conversions.to_type(value)
    except DagsterInvalidConfigDefinitionError as error:
        if entry is None:
            raise
        raise DagsterInvalidConfigDefinitionError(
            value, error.current_value, [entry, *error.stack], error.reason
        ) from None


class Array(ConfigType):
    """A list of values of one type.

    From the API reference.

    Args:
        inner_type: The type of the items.
    """

    __slots__ = ("inner_type",)

    kind = ConfigTypeKind.ARRAY

    def __init__(self, inner_type: AnyValue) -> None:
        super().__init__()
        self.inner_type = resolved_part(inner_type, "Array")

    @property
    def type_params(self) -> Sequence[ConfigType]:
        return (self.inner_type,)

    def _make_key(self) -> str:
        return f"Array.{self.inner_type.key}"

    def evaluate(self, value: AnyValue, path: Path, run: Evaluation) -> AnyValue:
        if not isinstance(value, (list, tuple)):
            if value is None:
                refuse_none(self, path, run)
            else:
                run.mismatch(
                    path,
                    lambda at: (
                        f"Value {at} must be a list. Expected: {self.text()}, got: {run.shown(value)}."
                    ),
                )
            return value
        evaluate = self.inner_type.evaluate
        items = cast("Sequence[AnyValue]", value)
        return [evaluate(item, (path, index), run) for index, item in enumerate(items)]

    def text(self, depth: int = 3) -> str:
        return f"[{self.inner_type.text(depth - 1)}]" if depth > 0 else "[…]"


class Noneable(ConfigType):
    """A value of a type, or None.

    From the API reference. A field of such a type need not be given; it is None then, unless it has
    another default or ``is_required=True``.

    Args:
        inner_type: The type of values that are not None.
    """

    __slots__ = ("inner_type",)

    kind = ConfigTypeKind.NONEABLE

    def __init__(self, inner_type: AnyValue) -> None:
        super().__init__()
        self.inner_type = resolved_part(inner_type, "Noneable")

    @property
    def type_params(self) -> Sequence[ConfigType]:
        return (self.inner_type,)

    @property
    def has_implicit_default(self) -> bool:
        return True

    def _make_key(self) -> str:
        return f"Noneable.{self.inner_type.key}"

    def evaluate(self, value: AnyValue, path: Path, run: Evaluation) -> AnyValue:
        return None if value is None else self.inner_type.evaluate(value, path, run)

    def text(self, depth: int = 3) -> str:
        return f"{self.inner_type.text(depth)}?"


class ScalarUnion(ConfigType):
    """A scalar, or a config of another, non-scalar type.

    From the API reference.

    Args:
        scalar_type: The type of values that are neither mappings nor lists.
        non_scalar_schema: The schema of values that are.

    Raises:
        DagsterInvalidConfigDefinitionError: When the parts are not a scalar and a non-scalar type.
    """

    __slots__ = ("non_scalar_type", "scalar_type")

    kind = ConfigTypeKind.SCALAR_UNION

    def __init__(
        self, scalar_type: AnyValue, non_scalar_schema: AnyValue, _key: str | None = None
    ) -> None:
        super().__init__()
        self.scalar_type = resolved_part(scalar_type, "scalar_type")
        self.non_scalar_type = resolved_part(non_scalar_schema, "non_scalar_schema")
        if self.scalar_type.kind is not ConfigTypeKind.SCALAR:
            raise DagsterInvalidConfigDefinitionError(
                scalar_type, scalar_type, ["scalar_type"], "The first part of a ScalarUnion is a scalar."
            )
        if not (self.non_scalar_type.has_fields or isinstance(self.non_scalar_type, (Array, Map))):
            raise DagsterInvalidConfigDefinitionError(
                non_scalar_schema,
                non_scalar_schema,
                ["non_scalar_schema"],
                "The second part of a ScalarUnion is a shape, selector, map or array.",
            )
        self._key = _key

    @property
    def type_params(self) -> Sequence[ConfigType]:
        return (self.scalar_type, self.non_scalar_type)

    def _make_key(self) -> str:
        return f"ScalarUnion.{self.scalar_type.key}-{self.non_scalar_type.key}"

    def evaluate(self, value: AnyValue, path: Path, run: Evaluation) -> AnyValue:
        given: object = value
        is_list = isinstance(given, (list, tuple))
        if is_list or isinstance(given, Mapping):
            if is_list is isinstance(self.non_scalar_type, Array):
                return self.non_scalar_type.evaluate(value, path, run)
        elif given is None:
            refuse_none(self, path, run)
            return None
        elif cast(ScalarType, self.scalar_type).accepts(given):
            return self.scalar_type.evaluate(value, path, run)
        run.mismatch(
            path,
            lambda at: f"Invalid value {at}: expected {self.expected_text()}, got: {run.shown(value)}.",
        )
        return value

    def expected_text(self) -> str:
        """Return what may be written here, for a message."""
        return self.text()

    def text(self, depth: int = 3) -> str:
        return f"({self.scalar_type.text(depth)} | {self.non_scalar_type.text(depth)})"


class Map(ConfigType):
    """A mapping with any number of keys, all of one scalar type, to values of one type.

    From the API reference.

    Args:
        key_type: The type of the keys, a scalar.
        inner_type: The type of the values.
        key_label_name: What the keys name, for a reader of the schema.

    Raises:
        DagsterInvalidConfigDefinitionError: When the key type is not a scalar.
    """

    __slots__ = ("inner_type", "key_label_name", "key_type")

    kind = ConfigTypeKind.MAP

    def __init__(
        self, key_type: AnyValue, inner_type: AnyValue, key_label_name: str | None = None
    ) -> None:
        super().__init__(check.opt_str_param(key_label_name, "key_label_name"))
        self.key_type = resolved_part(key_type, "key_type")
        self.inner_type = resolved_part(inner_type, "inner_type")
        self.key_label_name = key_label_name
        if self.key_type.kind is not ConfigTypeKind.SCALAR:
            raise DagsterInvalidConfigDefinitionError(
                key_type, key_type, ["key_type"], "The keys of a Map are scalars."
            )

    @property
    def type_params(self) -> Sequence[ConfigType]:
        return (self.key_type, self.inner_type)

    def _make_key(self) -> str:
        label = f":name:{self.key_label_name}" if self.key_label_name else ""
        return f"Map.{self.key_type.key}.{self.inner_type.key}{label}"

    def evaluate(self, value: AnyValue, path: Path, run: Evaluation) -> AnyValue:
        if not isinstance(value, Mapping):
            if value is None:
                refuse_none(self, path, run)
            else:
                run.mismatch(
                    path,
                    lambda at: (
                        f"Value {at} must be a mapping. Expected: {self.text()}, got: {run.shown(value)}."
                    ),
                )
            return cast(object, value)
        key_type = cast(ScalarType, self.key_type)
        evaluate = self.inner_type.evaluate
        result: dict[AnyValue, AnyValue] = {}
        for key, item in cast("Mapping[AnyValue, AnyValue]", value).items():
            if not key_type.accepts(key):
                self._refuse_key(key, path, run)
                continue
            result[key] = evaluate(item, (path, str(key)), run)
        return result

    def _refuse_key(self, key: AnyValue, path: Path, run: Evaluation) -> None:
        run.add(
            path,
            DagsterEvaluationErrorReason.RUNTIME_TYPE_MISMATCH,
            lambda at: (
                f"Invalid key {shown(key)} of the map {at}: expected {self.key_type.text()}, "
                f"got: {run.shown(key)}."
            ),
        )

    def text(self, depth: int = 3) -> str:
        if depth <= 0:
            return "{…}"
        label = f"{self.key_label_name}: " if self.key_label_name else ""
        return f"{{ [{label}{self.key_type.text()}]: {self.inner_type.text(depth - 1)} }}"
