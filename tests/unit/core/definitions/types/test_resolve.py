# ruff: noqa: UP006, UP007, UP019, UP045 - the older forms are what is tested

from __future__ import annotations

import collections
import collections.abc as abc
import typing
from typing import Annotated, Any, Generic, Literal, NewType, Protocol, TypedDict, TypeVar

import pytest

from dagster._core.definitions.types.builtins import (
    ANY,
    BOOL,
    FLOAT,
    INT,
    NOTHING,
    PYTHON_DICT,
    PYTHON_SET,
    PYTHON_TUPLE,
    STRING,
)
from dagster._core.definitions.types.containers import (
    dict_of,
    list_of,
    literal_of,
    optional_of,
    set_of,
    tuple_of,
    union_of,
    variadic_tuple_of,
)
from dagster._core.definitions.types.dagster_type import DagsterType
from dagster._core.definitions.types.generics import Dict, List, Optional, Set, Tuple
from dagster._core.definitions.types.resolve import resolve_annotation, resolve_dagster_type
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._core.records.user_events import DynamicOutput, Output

T = TypeVar("T")
Bound = TypeVar("Bound", bound=int)
OneOf = TypeVar("OneOf", int, str)
UserId = NewType("UserId", int)
MINE = DagsterType(lambda _c, _v: True, name="Mine")


class Plain: ...


class Row(TypedDict):
    a: int


class Quacks(Protocol):
    def quack(self) -> None: ...


@typing.runtime_checkable
class Sized(Protocol):
    def __len__(self) -> int: ...


class Box(Generic[T]): ...


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (MINE, MINE),
        (None, ANY),
        (Any, ANY),
        (type(None), NOTHING),
        (int, INT),
        (bool, BOOL),
        (float, FLOAT),
        (str, STRING),
        (dict, PYTHON_DICT),
        (set, PYTHON_SET),
        (tuple, PYTHON_TUPLE),
        (list, list_of(ANY)),
        (typing.List, list_of(ANY)),
        (typing.Dict, PYTHON_DICT),
        (typing.Set, PYTHON_SET),
        (typing.Tuple, PYTHON_TUPLE),
        (typing.Sequence, list_of(ANY, abc.Sequence)),
        (abc.Sequence, list_of(ANY, abc.Sequence)),
        (typing.List[int], list_of(INT)),
        (list[int], list_of(INT)),
        (list[list[str]], list_of(list_of(STRING))),
        (list[MINE], list_of(MINE)),
        (typing.List[Any], list_of(ANY)),
        (typing.Dict[str, int], dict_of(STRING, INT)),
        (dict[str, list[int]], dict_of(STRING, list_of(INT))),
        (dict[str, None], dict_of(STRING, NOTHING)),
        (abc.Mapping[str, int], dict_of(STRING, INT, abc.Mapping)),
        (typing.Mapping[str, int], dict_of(STRING, INT, abc.Mapping)),
        (typing.Sequence[int], list_of(INT, abc.Sequence)),
        (set[int], set_of(INT)),
        (typing.Set[int], set_of(INT)),
        (frozenset[int], set_of(INT, frozenset)),
        (abc.Set[int], set_of(INT, abc.Set)),
        (tuple[int, str], tuple_of((INT, STRING))),
        (typing.Tuple[int, str], tuple_of((INT, STRING))),
        (tuple[int, ...], variadic_tuple_of(INT)),
        (tuple[()], tuple_of(())),
        (typing.Tuple[()], tuple_of(())),
        (typing.Optional[int], optional_of(INT)),
        (int | None, optional_of(INT)),
        (list[int] | None, optional_of(list_of(INT))),
        (typing.Optional[MINE], optional_of(MINE)),
        (int | str, union_of([INT, STRING])),
        (typing.Union[int, str, None], optional_of(union_of([INT, STRING]))),
        (int | list[int], union_of([INT, list_of(INT)])),
        (Literal["a", 1], literal_of(("a", 1))),
        (T, ANY),
        (Bound, INT),
        (OneOf, union_of([INT, STRING])),
        (list[T], list_of(ANY)),
        (UserId, INT),
        (Annotated[int, "years"], INT),
        (Annotated[int, {"un": "hashable"}], INT),
        (Annotated[Plain, "doc", MINE], MINE),
        (typing.LiteralString, STRING),
        (typing.Text, STRING),
        (Output[int], INT),
        (DynamicOutput[list[int]], list_of(INT)),
        (Output, ANY),
        (List, list_of(ANY)),
        (Dict, PYTHON_DICT),
        (Set, PYTHON_SET),
        (Tuple, PYTHON_TUPLE),
        (List[int], list_of(INT)),
        (Dict[str, List[int]], dict_of(STRING, list_of(INT))),
        (Optional[List[int]], optional_of(list_of(INT))),
    ],
)
def test_resolves(given: Any, expected: DagsterType) -> None:
    assert resolve_dagster_type(given) is expected
    assert resolve_dagster_type(given) is expected


def test_the_annotation_none_is_nothing() -> None:
    assert resolve_annotation(None) is NOTHING
    assert resolve_annotation(int) is INT


def test_a_class_becomes_a_type_without_a_unique_name() -> None:
    made = resolve_dagster_type(Plain)
    assert made is resolve_dagster_type(Plain)
    assert made.key == f"_TypeHintInferred[{__name__}.Plain]"
    assert made.display_name == "Plain"
    assert not made.has_unique_name
    assert not made.is_builtin
    assert made.typing_type is Plain
    assert made.loader is None
    assert made.type_check(None, Plain()).success
    assert made.type_check(None, 1).description == (
        "Value of type <class 'int'> failed type check for Dagster type Plain, "
        "expected value to be of Python type Plain."
    )


def test_two_classes_of_one_name_are_two_types() -> None:
    first, second = type("Same", (), {"__module__": "m1"}), type("Same", (), {"__module__": "m2"})
    assert resolve_dagster_type(first).key != resolve_dagster_type(second).key


@pytest.mark.parametrize(
    ("given", "good", "bad"),
    [
        (bytes, b"", ""),
        (object, 1, ...),
        (Row, {"a": 1}, [1]),
        (Quacks, 1, ...),
        (Sized, [], 1),
        (Box[int], Box(), 1),
        (typing.Callable, len, 1),
        (typing.Callable[[int], str], len, 1),
        (typing.Iterator[int], iter([1]), [1]),
        (abc.Generator[int, None, None], (i for i in [1]), [1]),
        (abc.Iterable[int], [1], 1),
        (collections.deque[int], collections.deque([1]), [1]),
        (type[int], int, 1),
        (abc.Mapping, {}, []),
    ],
)
def test_other_classes_and_generics_are_checked_by_class(given: Any, good: Any, bad: Any) -> None:
    made = resolve_dagster_type(given)
    assert made.type_check(None, good).success
    if bad is not ...:
        assert not made.type_check(None, bad).success


INVALID = "Invalid type: dagster_type must be an instance of DagsterType or a Python type: got "


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (3, f"{INVALID}3."),
        ("int", f'{INVALID}int. "int" is text: give the type itself'),
        ({"a": int}, "which isn't hashable. Did you pass an instance of a type instead of the type?"),
        ([int], "which isn't hashable"),
        (Optional, f"{INVALID}dagster.Optional. Optional needs a type: write Optional[int]."),
        (list["Plain"], 'Plain. "Plain" is text'),
        (typing.List["Plain"], "Give the type itself in place of its name."),
        (typing.ClassVar[int], INVALID),
        (typing.Optional, INVALID),
        (len, INVALID),
        (list[None], "Type Nothing can not be wrapped in List or Optional"),
    ],
)
def test_what_is_no_type_is_refused(wrong: Any, message: str) -> None:
    with pytest.raises(DagsterInvalidDefinitionError) as caught:
        resolve_dagster_type(wrong)
    assert message in str(caught.value)
