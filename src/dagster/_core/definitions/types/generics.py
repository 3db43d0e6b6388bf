"""``List``, ``Dict``, ``Set``, ``Tuple`` and ``Optional`` as users write them."""

from __future__ import annotations

from typing import Any

from dagster._core.definitions.types.builtins import ANY, PYTHON_DICT, PYTHON_SET, PYTHON_TUPLE
from dagster._core.definitions.types.containers import (
    dict_of,
    list_of,
    optional_of,
    set_of,
    tuple_of,
    variadic_tuple_of,
)
from dagster._core.definitions.types.dagster_type import DagsterType
from dagster._core.definitions.types.resolve import BareForm, resolve_annotation
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._text import shown


def _one(name: str, inner: object) -> DagsterType:
    if isinstance(inner, tuple):
        raise DagsterInvalidDefinitionError(
            f"{name} takes one type, got {len(inner)}: {shown(inner)}. Write {name}[int]."
        )
    return resolve_annotation(inner)


class DagsterListApi(BareForm):
    """``List`` is a list of anything, ``List[int]`` a list of ints."""

    def __init__(self) -> None:
        super().__init__("List", list_of(ANY))

    def __getitem__(self, inner_type: Any) -> DagsterType:
        return list_of(_one("List", inner_type))

    def __call__(self, inner_type: Any) -> DagsterType:
        return self[inner_type]


class DagsterOptionalApi(BareForm):
    """``Optional[int]`` is an int or None. Without brackets it is no type."""

    def __init__(self) -> None:
        super().__init__("Optional", None)

    def __getitem__(self, inner_type: Any) -> DagsterType:
        return optional_of(_one("Optional", inner_type))


class DagsterSetApi(BareForm):
    """``Set`` is a set of anything, ``Set[int]`` a set of ints."""

    def __init__(self) -> None:
        super().__init__("Set", PYTHON_SET)

    def __getitem__(self, inner_type: Any) -> DagsterType:
        return set_of(_one("Set", inner_type))


class DagsterDictApi(BareForm):
    """``Dict`` is a dict of anything, ``Dict[str, int]`` one from strings to ints."""

    def __init__(self) -> None:
        super().__init__("Dict", PYTHON_DICT)

    def __getitem__(self, types: Any) -> DagsterType:
        if not isinstance(types, tuple) or len(types) != 2:
            raise DagsterInvalidDefinitionError(
                f"Dict takes two types, of the keys and of the values, got: {shown(types)}. "
                "Write Dict[str, int]."
            )
        return dict_of(resolve_annotation(types[0]), resolve_annotation(types[1]))


class DagsterTupleApi(BareForm):
    """``Tuple`` is any tuple, ``Tuple[int, str]`` a pair, ``Tuple[int, ...]`` of any length."""

    def __init__(self) -> None:
        super().__init__("Tuple", PYTHON_TUPLE)

    def __getitem__(self, types: Any) -> DagsterType:
        params = types if isinstance(types, tuple) else (types,)
        if len(params) == 2 and params[1] is Ellipsis:
            return variadic_tuple_of(resolve_annotation(params[0]))
        return tuple_of(tuple(resolve_annotation(param) for param in params))


List = DagsterListApi()
Optional = DagsterOptionalApi()
Set = DagsterSetApi()
Dict = DagsterDictApi()
Tuple = DagsterTupleApi()
