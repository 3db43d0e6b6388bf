"""The type of an input or output: a name, a check, and how values come from and go to config."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from reprlib import Repr
from typing import Any

import dagster._check as check
from dagster._core.definitions.types.loader import (
    DagsterTypeLoader,
    accepts_positional,
    positional_count,
)
from dagster._core.definitions.types.materializer import DagsterTypeMaterializer
from dagster._core.definitions.types.serialization import PICKLE, SerializationStrategy
from dagster._core.errors import DagsterInvalidDefinitionError, DagsterInvariantViolationError
from dagster._core.records.metadata import MetadataValue, normalize_metadata
from dagster._core.records.user_events import TypeCheck
from dagster._text import expected, shown

RESERVED_NAMES = frozenset({"Any", "Bool", "Float", "Int", "String", "Nothing"})

PASSED = TypeCheck(True)
"""The one successful check without metadata: a check that passes allocates nothing."""

FAILED = TypeCheck(False)

_MAX_SHOWN = 1000
_short = Repr()
_short.maxlist = _short.maxtuple = _short.maxset = _short.maxfrozenset = _short.maxdict = 20
_short.maxstring = _short.maxother = 200


class DagsterTypeKind(Enum):
    """The kinds of types that the engine tells apart."""

    ANY = "ANY"
    SCALAR = "SCALAR"
    LIST = "LIST"
    NOTHING = "NOTHING"
    NULLABLE = "NULLABLE"
    REGULAR = "REGULAR"


def failed_check(
    description: str | None, metadata: Mapping[str, MetadataValue] | None = None
) -> TypeCheck:
    """Return a failed check that says why."""
    return TypeCheck(False, description, dict(metadata) if metadata else None)


def must_be(value: object, what: str) -> TypeCheck:
    """Return the failed check ``Value "V" of python type "T" must be a WHAT.``"""
    return failed_check(
        f'Value "{shown_value(value)}" of python type "{type(value).__name__}" must be a {what}.'
    )


def shown_value(value: object) -> str:
    """Return a value as text for a message: short for containers, and never raising."""
    if isinstance(value, (list, tuple, dict, set, frozenset)):
        # str() of a list of ten million items would take longer than the step
        return _short.repr(value)
    try:
        text = str(value)
    except Exception:  # noqa: BLE001 - user classes may raise anything in __str__
        return f"<unprintable {type(value).__name__}>"
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 1]}…"


class DagsterType:
    """A type that values are checked against at run time.

    From the "Execution" document (``TypeCheckContext``, "Run Config Schema").

    Args:
        type_check_fn: ``(context, value)`` to a bool or a TypeCheck.
        key: Identifies the type; may be the name.
        name: Unique name among the types of a job. One of ``key`` and ``name`` is needed.
        is_builtin: Whether the type belongs to Dagwerk itself.
        description: Markdown for people.
        loader: Makes values out of run config for inputs that no step provides.
        required_resource_keys: Keys of the resources that ``type_check_fn`` uses. Default none.
        kind: What the engine takes the type for. Default ``REGULAR``.
        typing_type: The Python type for type checkers and tools. Default ``typing.Any``.
        metadata: Metadata about the type.
        materializer: Writes values where the ``outputs`` of run config say (older vocabulary).
        serialization_strategy: How values are stored in an intermediate storage. Default pickle.

    Raises:
        ParameterCheckError: An argument is of the wrong type.
        CheckError: Neither key nor name is given.
        DagsterInvalidDefinitionError: The name is that of a builtin, or ``type_check_fn`` does not take
            two arguments.
    """

    #: The class that ``type_check`` comes down to ``isinstance`` of, when it does. Containers use it
    #: to check items without a call for each.
    checked_class: type | tuple[type, ...] | None = None

    def __init__(
        self,
        type_check_fn: Callable[[Any, Any], TypeCheck | bool],
        key: str | None = None,
        name: str | None = None,
        is_builtin: bool = False,
        description: str | None = None,
        loader: DagsterTypeLoader | None = None,
        required_resource_keys: AbstractSet[str] | None = None,
        kind: DagsterTypeKind = DagsterTypeKind.REGULAR,
        typing_type: Any = Any,
        metadata: Mapping[str, Any] | None = None,
        materializer: DagsterTypeMaterializer | None = None,
        serialization_strategy: SerializationStrategy | None = None,
    ) -> None:
        check.opt_str_param(key, "key")
        check.opt_str_param(name, "name")
        check.invariant(name or key, "Must set key or name: a type needs one of them to be told by.")
        check.callable_param(type_check_fn, "type_check_fn")
        if not is_builtin:
            _check_name(name)
            _check_type_check_fn(type_check_fn, name or key)
        self.name = name
        self.key: str = key or name or ""
        self.is_builtin = check.bool_param(is_builtin, "is_builtin")
        self.description: str | None = check.opt_str_param(description, "description")
        self.loader: DagsterTypeLoader | None = check.opt_inst_param(loader, "loader", DagsterTypeLoader)
        self.materializer: DagsterTypeMaterializer | None = check.opt_inst_param(
            materializer, "materializer", DagsterTypeMaterializer
        )
        self.serialization_strategy: SerializationStrategy = check.opt_inst_param(
            serialization_strategy, "serialization_strategy", SerializationStrategy, PICKLE
        )
        self.required_resource_keys: AbstractSet[str] = frozenset(
            check.opt_set_param(required_resource_keys, "required_resource_keys", str)
        )
        self.kind: DagsterTypeKind = check.inst_param(kind, "kind", DagsterTypeKind)
        self.typing_type = typing_type
        self.metadata: Mapping[str, MetadataValue] = normalize_metadata(metadata)
        #: Whether every value passes and nothing needs to be checked.
        self.is_any = kind is DagsterTypeKind.ANY
        #: Whether the type orders steps without passing data.
        self.is_nothing = kind is DagsterTypeKind.NOTHING
        #: Whether its check may look at its context; making one costs more than a builtin check.
        self.needs_context = not is_builtin
        self._type_check_fn = type_check_fn

    @property
    def display_name(self) -> str:
        """What people read: the name, or the key of a type without one."""
        return self.name or self.key

    @property
    def has_unique_name(self) -> bool:
        """Whether the type was given a name of its own."""
        return self.name is not None

    @property
    def unique_name(self) -> str:
        """The name. Raises CheckError for types that have none, such as ``List[int]``."""
        if self.name is None:
            check.failed(f"unique_name requested but is None for type {self.display_name}")
        return self.name

    @property
    def inner_types(self) -> Sequence[DagsterType]:
        """The types that this one is made of, each once, from the outside in."""
        return []

    @property
    def type_param_keys(self) -> Sequence[str]:
        """The keys of the direct parameters, such as ``["String", "Int"]`` for ``Dict[str, int]``."""
        return []

    @property
    def loader_schema_key(self) -> str | None:
        """The key of the config type of the loader, or None without a loader."""
        return self.loader.schema_type.key if self.loader is not None else None

    @property
    def materializer_schema_key(self) -> str | None:
        """The key of the config type of the materializer, or None without one."""
        return self.materializer.schema_type.key if self.materializer is not None else None

    @property
    def supports_fan_in(self) -> bool:
        """Whether an input of this type can take several outputs as a list."""
        return self.is_any or self.is_nothing

    def get_inner_type_for_fan_in(self) -> DagsterType:
        """Return the type of each output that fans in to an input of this type."""
        if not self.supports_fan_in:
            check.failed(
                f"DagsterType {self.display_name} does not support fan-in. Declare the input as a List "
                f"of what fans in, such as List[{self.display_name}]."
            )
        return self

    def type_check(self, context: Any, value: object) -> TypeCheck:
        """Check a value.

        Args:
            context: A TypeCheckContext.
            value: The value.

        Returns:
            Whether it passed, and the description and metadata that the check gave.

        Raises:
            DagsterInvariantViolationError: The check function gave neither a bool nor a TypeCheck.
        """
        result = self._type_check_fn(context, value)
        if result is True:
            return PASSED
        if result is False:
            return FAILED
        return result if isinstance(result, TypeCheck) else self._from_other(result)

    def _from_other(self, result: Any) -> TypeCheck:
        cls = type(result)
        if cls.__module__ == "numpy" and cls.__name__ in ("bool", "bool_"):  # (frame.x > 0).all()
            return PASSED if result else FAILED
        raise DagsterInvariantViolationError(
            f"You have returned {shown(result)} of type {cls} from the type check function of type "
            f'"{self.display_name}". Return value must be instance of TypeCheck or a bool.'
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.display_name}>"


def _check_name(name: str | None) -> None:
    if name in RESERVED_NAMES:
        raise DagsterInvalidDefinitionError(
            f'"{name}" is the name of a builtin type and cannot name another. '
            f'Choose a different name, such as "My{name}".'
        )


def _check_type_check_fn(fn: Callable[..., Any], name: str | None) -> None:
    if not accepts_positional(fn, 2):
        raise DagsterInvalidDefinitionError(
            f'type_check_fn argument on type "{name}" must take 2 arguments, '
            f"received {positional_count(fn)}. Write it as `def check(context, value): ...`."
        )


def require_type(value: object, name: str) -> DagsterType:
    """Return the value if it is a DagsterType; raise ParameterCheckError if not."""
    if not isinstance(value, DagsterType):
        raise check.ParameterCheckError(expected(name, "a DagsterType", value))
    return value
