"""Types made of other types: lists, dicts, sets, tuples, optionals, unions, literals.

Build them with the functions at the end: the same parts give the same object.
"""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from dagster._core.definitions.types.builtin_schemas import (
    ANY_LOADER,
    FILE_MATERIALIZER,
    ArrayLoader,
    DictLoader,
    NullableLoader,
    TupleLoader,
)
from dagster._core.definitions.types.builtins import ANY
from dagster._core.definitions.types.dagster_type import (
    PASSED,
    DagsterType,
    DagsterTypeKind,
    failed_check,
    must_be,
    shown_value,
)
from dagster._core.definitions.types.loader import DagsterTypeLoader
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._core.records.user_events import TypeCheck


def _located(failed: TypeCheck, inner: DagsterType, value: object, where: str) -> TypeCheck:
    """Return a failed check of a part with the place of the part added."""
    description = failed.description or (
        f'Value "{shown_value(value)}" of python type "{type(value).__name__}" '
        f"is not a {inner.display_name}."
    )
    return failed_check(f"{description} {where}", failed.metadata)


def _first_failure(
    inner: DagsterType, context: Any, items: Iterable[object]
) -> tuple[int, object, TypeCheck] | None:
    """Return index, value and check of the first item that is not of the type, or None."""
    if inner.is_any:
        return None
    cls = inner.checked_class
    check = inner.type_check
    if cls is not None:  # no call per item that passes
        for index, item in enumerate(items):
            if not isinstance(item, cls):
                return index, item, check(context, item)
        return None
    for index, item in enumerate(items):
        result = check(context, item)
        if not result.success:
            return index, item, result
    return None


class ContainerDagsterType(DagsterType):
    """A type made of others. It has a key, but no unique name.

    Args:
        key: Identifies the type.
        display_name: What people read.
        params: The types it is made of.
        kind: What the engine takes it for.
        typing_type: The Python type.
        loader: How values come from config, or None.
    """

    def __init__(
        self,
        key: str,
        display_name: str,
        params: tuple[DagsterType, ...],
        typing_type: Any,
        loader: DagsterTypeLoader | None,
        kind: DagsterTypeKind = DagsterTypeKind.REGULAR,
    ) -> None:
        super().__init__(
            self.type_check,
            key=key,
            is_builtin=True,
            loader=loader,
            materializer=FILE_MATERIALIZER,
            required_resource_keys=frozenset(k for p in params for k in p.required_resource_keys),
            kind=kind,
            typing_type=typing_type,
        )
        self.params = params
        self.needs_context = any(param.needs_context for param in params)
        self._display_name = display_name
        unique: dict[DagsterType, None] = {}
        for param in params:
            unique[param] = None
            unique.update(dict.fromkeys(param.inner_types))
        self._inner_types = list(unique)

    @property
    def display_name(self) -> str:
        return self._display_name

    @property
    def inner_types(self) -> Sequence[DagsterType]:
        return list(self._inner_types)

    @property
    def type_param_keys(self) -> Sequence[str]:
        return [param.key for param in self.params]

    def type_check(self, context: Any, value: object) -> TypeCheck:
        raise TypeError(f"{type(self).__name__} must define type_check")


class ListDagsterType(ContainerDagsterType):
    """A list, or any sequence, whose items are of one type."""

    def __init__(self, inner: DagsterType, python_class: type) -> None:
        is_list = python_class is list
        super().__init__(
            f"{'List' if is_list else 'Sequence'}.{inner.key}",
            f"[{inner.display_name}]",
            (inner,),
            typing.List[inner.typing_type] if is_list else Sequence[inner.typing_type],  # noqa: UP006
            ArrayLoader(inner.loader, None) if inner.loader is not None else None,
            DagsterTypeKind.LIST,
        )
        self.inner_type = inner
        self._class = python_class
        self._what = "list" if is_list else "sequence"

    def type_check(self, context: Any, value: object) -> TypeCheck:
        if not isinstance(value, self._class):
            return must_be(value, self._what)
        failure = _first_failure(self.inner_type, context, typing.cast("Iterable[object]", value))
        if failure is None:
            return PASSED
        index, item, failed = failure
        return _located(failed, self.inner_type, item, f"At index {index} of {self._display_name}.")

    @property
    def supports_fan_in(self) -> bool:
        return True

    def get_inner_type_for_fan_in(self) -> DagsterType:
        return self.inner_type


class OptionalDagsterType(ContainerDagsterType):
    """A value of a type, or None."""

    def __init__(self, inner: DagsterType) -> None:
        super().__init__(
            f"Optional.{inner.key}",
            f"{inner.display_name}?",
            (inner,),
            typing.Optional[inner.typing_type],  # noqa: UP045 - of a value
            NullableLoader(inner.loader) if inner.loader is not None else None,
            DagsterTypeKind.NULLABLE,
        )
        self.inner_type = inner

    def type_check(self, context: Any, value: object) -> TypeCheck:
        return PASSED if value is None else self.inner_type.type_check(context, value)

    @property
    def supports_fan_in(self) -> bool:
        return self.inner_type.supports_fan_in

    def get_inner_type_for_fan_in(self) -> DagsterType:
        return self.inner_type.get_inner_type_for_fan_in()


class DictDagsterType(ContainerDagsterType):
    """A dict, or any mapping, whose keys are of one type and whose values are of another."""

    def __init__(self, key_type: DagsterType, value_type: DagsterType, python_class: type) -> None:
        is_dict = python_class is dict
        key_class = key_type.typing_type if key_type.kind is DagsterTypeKind.SCALAR else None
        super().__init__(
            f"{'TypedPythonDict' if is_dict else 'TypedMapping'}.{key_type.key}.{value_type.key}",
            f"{'Dict' if is_dict else 'Mapping'}[{key_type.display_name},{value_type.display_name}]",
            (key_type, value_type),
            typing.Dict[key_type.typing_type, value_type.typing_type]  # noqa: UP006
            if is_dict
            else Mapping[key_type.typing_type, value_type.typing_type],
            # the keys of a map in a schema are scalars
            DictLoader(key_class, value_type.loader)
            if key_class is not None and value_type.loader is not None
            else None,
        )
        self.key_type = key_type
        self.value_type = value_type
        self._class = python_class
        self._what = "dict" if is_dict else "mapping"

    def type_check(self, context: Any, value: object) -> TypeCheck:
        if not isinstance(value, self._class):
            return failed_check(f"Value should be a {self._what}, got a {type(value)}")
        entries = typing.cast("Mapping[object, object]", value)
        failure = _first_failure(self.key_type, context, entries)
        if failure is not None:
            _, key, failed = failure
            where = f'As key "{shown_value(key)}" of {self._display_name}.'
            return _located(failed, self.key_type, key, where)
        failure = _first_failure(self.value_type, context, entries.values())
        if failure is None:
            return PASSED
        index, item, failed = failure
        key = next(k for i, k in enumerate(entries) if i == index)
        where = f'At key "{shown_value(key)}" of {self._display_name}.'
        return _located(failed, self.value_type, item, where)


class SetDagsterType(ContainerDagsterType):
    """A set, frozen set or any set-like whose items are of one type."""

    def __init__(self, inner: DagsterType, python_class: type) -> None:
        name, collect = _SET_NAMES[python_class]
        super().__init__(
            f"TypedPython{name}.{inner.key}",
            f"{name}[{inner.display_name}]",
            (inner,),
            python_class[inner.typing_type]  # type: ignore[index]
            if python_class is not set
            else typing.Set[inner.typing_type],  # noqa: UP006
            ArrayLoader(inner.loader, collect) if inner.loader is not None else None,
        )
        self.inner_type = inner
        self._class = python_class
        self._what = "set" if python_class is AbstractSet else python_class.__name__

    def type_check(self, context: Any, value: object) -> TypeCheck:
        if not isinstance(value, self._class):
            return failed_check(f"Value should be a {self._what}, got a {type(value)}")
        failure = _first_failure(self.inner_type, context, typing.cast("Iterable[object]", value))
        if failure is None:
            return PASSED
        _, item, failed = failure
        return _located(failed, self.inner_type, item, f"In {self._display_name}.")


_SET_NAMES: dict[type, tuple[str, Any]] = {
    set: ("Set", set),
    frozenset: ("FrozenSet", frozenset),
    AbstractSet: ("AbstractSet", set),
}


class TupleDagsterType(ContainerDagsterType):
    """A tuple of a fixed length whose items have a type each."""

    def __init__(self, params: tuple[DagsterType, ...]) -> None:
        loaders = tuple(p.loader for p in params if p.loader is not None)
        super().__init__(
            "TypedPythonTuple" + ".".join(p.key for p in params),
            f"Tuple[{','.join(p.display_name for p in params)}]",
            params,
            typing.Tuple[tuple(p.typing_type for p in params)],  # noqa: UP006
            TupleLoader(loaders) if len(loaders) == len(params) else None,
        )

    def type_check(self, context: Any, value: object) -> TypeCheck:
        if not isinstance(value, tuple):
            return failed_check(f"Value should be a tuple, got a {type(value)}")
        if len(value) != len(self.params):
            return failed_check(
                f"Tuple with key {self.key} requires {len(self.params)} entries, "
                f"received {len(value)} values"
            )
        for index, (param, item) in enumerate(zip(self.params, value, strict=True)):
            result = param.type_check(context, item)
            if not result.success:
                return _located(result, param, item, f"At index {index} of {self._display_name}.")
        return PASSED


class VariadicTupleDagsterType(ContainerDagsterType):
    """A tuple of any length whose items are of one type: ``tuple[int, ...]``."""

    def __init__(self, inner: DagsterType) -> None:
        super().__init__(
            f"TypedPythonTuple.Variadic.{inner.key}",
            f"Tuple[{inner.display_name},...]",
            (inner,),
            tuple[inner.typing_type, ...],
            ArrayLoader(inner.loader, tuple) if inner.loader is not None else None,
        )

    def type_check(self, context: Any, value: object) -> TypeCheck:
        if not isinstance(value, tuple):
            return failed_check(f"Value should be a tuple, got a {type(value)}")
        inner = self.params[0]
        failure = _first_failure(inner, context, value)
        if failure is None:
            return PASSED
        index, item, failed = failure
        return _located(failed, inner, item, f"At index {index} of {self._display_name}.")


class UnionDagsterType(ContainerDagsterType):
    """A value of any one of several types, tried in their order."""

    def __init__(self, params: tuple[DagsterType, ...]) -> None:
        super().__init__(
            "Union." + ".".join(p.key for p in params),
            f"Union[{','.join(p.display_name for p in params)}]",
            params,
            typing.Union[tuple(p.typing_type for p in params)],  # noqa: UP007 - of values
            ANY_LOADER if all(p.loader is not None for p in params) else None,
        )

    def type_check(self, context: Any, value: object) -> TypeCheck:
        for param in self.params:
            result = param.type_check(context, value)
            if result.success:
                return result
        return failed_check(
            f'Value "{shown_value(value)}" of python type "{type(value).__name__}" '
            f"is of no type in {self._display_name}."
        )


class LiteralDagsterType(ContainerDagsterType):
    """One of some values, of the same class: ``Literal[1]`` does not take ``True``."""

    def __init__(self, values: tuple[Any, ...]) -> None:
        shown = ",".join(repr(value) for value in values)
        super().__init__(
            f"Literal[{shown}]", f"Literal[{shown}]", (), typing.Literal[values], ANY_LOADER
        )
        self._values = values

    def type_check(self, context: Any, value: object) -> TypeCheck:
        cls = type(value)
        for known in self._values:
            if type(known) is cls and known == value:
                return PASSED
        return failed_check(
            f'Value "{shown_value(value)}" of python type "{cls.__name__}" '
            f"is not one of {self._display_name}."
        )


_NEVER_LISTS = (DictDagsterType, SetDagsterType, TupleDagsterType, VariadicTupleDagsterType)


def may_be_list(dagster_type: DagsterType) -> bool:
    """Return whether a list may be a value of a type. For a type of the user's own, only its check knows."""
    if isinstance(dagster_type, OptionalDagsterType):
        return may_be_list(dagster_type.inner_type)
    if isinstance(dagster_type, UnionDagsterType):
        return any(may_be_list(item) for item in dagster_type.params)
    if dagster_type.checked_class is not None:
        return issubclass(list, dagster_type.checked_class)
    return not isinstance(dagster_type, _NEVER_LISTS)


_BUILT: dict[tuple[Any, ...], ContainerDagsterType] = {}


def _once(cls: type[ContainerDagsterType], *args: Any) -> DagsterType:
    found = _BUILT.get((cls, *args))
    return found if found is not None else _BUILT.setdefault((cls, *args), cls(*args))


def _wrappable(inner: DagsterType) -> DagsterType:
    if inner.is_nothing:
        raise DagsterInvalidDefinitionError("Type Nothing can not be wrapped in List or Optional")
    return inner


def list_of(inner: DagsterType, python_class: type = list) -> DagsterType:
    """Return the type of lists (or other sequences) of a type."""
    return _once(ListDagsterType, _wrappable(inner), python_class)


def set_of(inner: DagsterType, python_class: type = set) -> DagsterType:
    """Return the type of sets (or frozen sets, or any sets) of a type."""
    return _once(SetDagsterType, _wrappable(inner), python_class)


def dict_of(key: DagsterType, value: DagsterType, python_class: type = dict) -> DagsterType:
    """Return the type of dicts (or other mappings) with keys and values of two types."""
    return _once(DictDagsterType, key, value, python_class)


def tuple_of(params: tuple[DagsterType, ...]) -> DagsterType:
    """Return the type of tuples with one item for each of the types."""
    return _once(TupleDagsterType, params)


def variadic_tuple_of(inner: DagsterType) -> DagsterType:
    """Return the type of tuples of any length with items of a type."""
    return _once(VariadicTupleDagsterType, _wrappable(inner))


def optional_of(inner: DagsterType) -> DagsterType:
    """Return the type of None or values of a type."""
    if inner.is_any or inner.kind is DagsterTypeKind.NULLABLE:
        return inner
    return _once(OptionalDagsterType, _wrappable(inner))


def union_of(members: Iterable[DagsterType]) -> DagsterType:
    """Return the type of values of any of the types; Nothing among them allows None."""
    params = tuple(dict.fromkeys(members))
    if any(p.is_any for p in params):
        return ANY
    present = tuple(p for p in params if not p.is_nothing)
    if not present:
        return params[0]
    inner = present[0] if len(present) == 1 else _once(UnionDagsterType, present)
    return inner if len(present) == len(params) else optional_of(inner)


def literal_of(values: tuple[Any, ...]) -> DagsterType:
    """Return the type of the given values and no others."""
    # the classes are part of the key because 1, 1.0 and True are equal
    key = (LiteralDagsterType, values, tuple(type(v) for v in values))
    found = _BUILT.get(key)
    return found if found is not None else _BUILT.setdefault(key, LiteralDagsterType(values))
