# ruff: noqa: UP006 - the older forms are what is tested

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster._core.definitions.types.builtins import ANY, FLOAT, INT, NOTHING, STRING
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
from dagster._core.definitions.types.dagster_type import PASSED, DagsterType, DagsterTypeKind
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._core.records.user_events import TypeCheck

ODD = DagsterType(
    lambda _c, v: TypeCheck(v % 2 == 1, "not odd" if v % 2 == 0 else None, {"value": v}),
    name="Odd",
    required_resource_keys={"db"},
)
PLAIN = DagsterType(lambda _c, v: v == 1, name="One")


def test_list() -> None:
    made = list_of(INT)
    assert (made.key, made.display_name, made.kind) == ("List.Int", "[Int]", DagsterTypeKind.LIST)
    assert not made.has_unique_name
    assert made.typing_type == typing.List[int]
    assert made.inner_types == [INT]
    assert made.type_param_keys == ["Int"]
    assert made.supports_fan_in
    assert made.get_inner_type_for_fan_in() is INT
    assert made.type_check(None, [1, 2]) is PASSED
    assert (
        made.type_check(None, (1,)).description == 'Value "(1,)" of python type "tuple" must be a list.'
    )
    assert made.type_check(None, [1, "a"]).description == (
        'Value "a" of python type "str" must be a int. At index 1 of [Int].'
    )


def test_a_list_of_anything_does_not_look_at_its_items() -> None:
    class Untouchable(list[int]):
        def __iter__(self) -> Any:
            raise AssertionError("iterated")

    assert list_of(ANY).type_check(None, Untouchable([1])) is PASSED


def test_dict() -> None:
    made = dict_of(STRING, list_of(INT))
    assert made.key == "TypedPythonDict.String.List.Int"
    assert made.display_name == "Dict[String,[Int]]"
    assert made.typing_type == typing.Dict[str, typing.List[int]]
    assert made.inner_types == [STRING, list_of(INT), INT]
    assert made.type_param_keys == ["String", "List.Int"]
    assert not made.supports_fan_in
    assert made.type_check(None, {"a": [1]}) is PASSED
    assert made.type_check(None, 3).description == "Value should be a dict, got a <class 'int'>"
    assert made.type_check(None, {"a": [], 1: []}).description == (
        'Value "1" of python type "int" must be a string. As key "1" of Dict[String,[Int]].'
    )
    assert made.type_check(None, {"a": [1], "b": [1, None]}).description == (
        'Value "None" of python type "NoneType" must be a int. At index 1 of [Int]. '
        'At key "b" of Dict[String,[Int]].'
    )


def test_set_and_frozenset() -> None:
    made = set_of(INT)
    assert (made.key, made.display_name) == ("TypedPythonSet.Int", "Set[Int]")
    assert made.type_check(None, {1}) is PASSED
    assert made.type_check(None, [1]).description == "Value should be a set, got a <class 'list'>"
    assert made.type_check(None, {"a"}).description == (
        'Value "a" of python type "str" must be a int. In Set[Int].'
    )
    frozen = set_of(INT, frozenset)
    assert frozen.display_name == "FrozenSet[Int]"
    assert frozen.type_check(None, frozenset({1})) is PASSED
    assert not frozen.type_check(None, {1}).success
    either = set_of(INT, AbstractSet)
    assert either.type_check(None, {1}) is PASSED
    assert either.type_check(None, frozenset({1})) is PASSED


def test_tuple() -> None:
    made = tuple_of((INT, STRING))
    assert made.display_name == "Tuple[Int,String]"
    assert made.typing_type == typing.Tuple[int, str]
    assert made.type_check(None, (1, "a")) is PASSED
    assert made.type_check(None, [1, "a"]).description == "Value should be a tuple, got a <class 'list'>"
    assert made.type_check(None, (1,)).description == (
        "Tuple with key TypedPythonTupleInt.String requires 2 entries, received 1 values"
    )
    assert made.type_check(None, (1, 2)).description == (
        'Value "2" of python type "int" must be a string. At index 1 of Tuple[Int,String].'
    )
    assert tuple_of(()).type_check(None, ()) is PASSED


def test_variadic_tuple() -> None:
    made = variadic_tuple_of(INT)
    assert made.display_name == "Tuple[Int,...]"
    assert made.type_check(None, ()) is PASSED
    assert made.type_check(None, (1, 2, 3)) is PASSED
    assert made.type_check(None, (1, "a")).description == (
        'Value "a" of python type "str" must be a int. At index 1 of Tuple[Int,...].'
    )
    assert not made.type_check(None, [1]).success


def test_sequence_and_mapping_take_more_than_lists_and_dicts() -> None:
    assert list_of(INT, Sequence).type_check(None, (1,)) is PASSED
    assert list_of(INT, Sequence).kind is DagsterTypeKind.LIST
    assert list_of(INT, Sequence).type_check(None, 3).description == (
        'Value "3" of python type "int" must be a sequence.'
    )
    view = type(type.__dict__)({"a": 1})
    assert dict_of(STRING, INT, Mapping).type_check(None, view) is PASSED
    assert not dict_of(STRING, INT).type_check(None, view).success


def test_optional() -> None:
    made = optional_of(INT)
    assert (made.key, made.display_name, made.kind) == ("Optional.Int", "Int?", DagsterTypeKind.NULLABLE)
    assert made.typing_type == int | None
    assert made.type_check(None, None) is PASSED
    assert made.type_check(None, 1) is PASSED
    assert made.type_check(None, "a").description == 'Value "a" of python type "str" must be a int.'
    assert not made.supports_fan_in
    assert optional_of(made) is made
    assert optional_of(ANY) is ANY
    assert optional_of(list_of(INT)).supports_fan_in
    assert optional_of(list_of(INT)).get_inner_type_for_fan_in() is INT


def test_union() -> None:
    made = union_of([INT, STRING])
    assert made.display_name == "Union[Int,String]"
    assert made.type_check(None, 1) is PASSED
    assert made.type_check(None, 1.5).description == (
        'Value "1.5" of python type "float" is of no type in Union[Int,String].'
    )
    assert union_of([INT]) is INT
    assert union_of([INT, INT]) is INT
    assert union_of([INT, ANY]) is ANY
    assert union_of([NOTHING]) is NOTHING
    assert union_of([INT, NOTHING]) is optional_of(INT)
    assert union_of([NOTHING, INT, STRING]) is optional_of(made)


def test_a_union_keeps_the_metadata_of_the_member_that_passed() -> None:
    assert union_of([STRING, ODD]).type_check(None, 3).metadata["value"].value == 3


def test_literal() -> None:
    made = literal_of(("a", 1))
    assert made.display_name == "Literal['a',1]"
    assert made.type_check(None, "a") is PASSED
    assert made.type_check(None, True).description == (
        'Value "True" of python type "bool" is not one of Literal[\'a\',1].'
    )
    assert literal_of((1,)) is not literal_of((True,))
    assert literal_of((1,)) is literal_of((1,))


def test_the_same_parts_give_the_same_object() -> None:
    assert list_of(INT) is list_of(INT)
    assert list_of(INT) is not list_of(INT, Sequence)
    assert dict_of(STRING, INT) is dict_of(STRING, INT)
    assert tuple_of((INT, STRING)) is tuple_of((INT, STRING))


@pytest.mark.parametrize("wrap", [list_of, set_of, optional_of, variadic_tuple_of])
def test_nothing_cannot_be_wrapped(wrap: Any) -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match="Type Nothing can not be wrapped in List"):
        wrap(NOTHING)


def test_items_are_checked_by_user_types_with_the_context() -> None:
    seen: list[Any] = []
    probe = DagsterType(lambda c, _v: bool(seen.append(c)) or True, name="Probe")
    assert list_of(probe).type_check("context", [1, 2]) is PASSED
    assert seen == ["context", "context"]


def test_descriptions_and_metadata_of_user_types_are_kept() -> None:
    failed = list_of(ODD).type_check(None, [1, 2])
    assert failed.description == "not odd At index 1 of [Odd]."
    assert failed.metadata["value"].value == 2
    assert list_of(PLAIN).type_check(None, [5]).description == (
        'Value "5" of python type "int" is not a One. At index 0 of [One].'
    )


def test_containers_need_the_resources_of_their_parts() -> None:
    assert dict_of(STRING, list_of(ODD)).required_resource_keys == {"db"}


def test_containers_load_when_their_parts_do() -> None:
    assert list_of(INT).loader is not None
    assert list_of(ODD).loader is None
    assert optional_of(ODD).loader is None
    assert tuple_of((INT, ODD)).loader is None
    assert dict_of(STRING, ODD).loader is None
    assert dict_of(ANY, INT).loader is None
    assert dict_of(INT, INT).loader is not None
    assert union_of([INT, ODD]).loader is None


# --- against a simple oracle ----------------------------------------------------------------------

Spec = Any
_LEAVES: dict[str, tuple[DagsterType, type]] = {
    "int": (INT, int),
    "float": (FLOAT, float),
    "str": (STRING, str),
}
specs = st.recursive(
    st.sampled_from(sorted(_LEAVES)),
    lambda inner: st.one_of(
        st.tuples(st.just("list"), inner),
        st.tuples(st.just("opt"), inner),
        st.tuples(st.just("dict"), inner, inner),
        st.tuples(st.just("tuple"), inner, inner),
        st.tuples(st.just("many"), inner),
        st.tuples(st.just("union"), inner, inner),
    ),
    max_leaves=4,
)
scalars = st.one_of(st.integers(0, 3), st.floats(0, 3), st.text("ab", max_size=2), st.none())
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.integers(0, 3), st.text("ab", max_size=2)), inner, max_size=2),
        st.tuples(inner, inner),
    ),
    max_leaves=6,
)


def _build(spec: Spec) -> DagsterType:
    if isinstance(spec, str):
        return _LEAVES[spec][0]
    kind, *inner = spec
    parts = [_build(part) for part in inner]
    made = {
        "list": lambda: list_of(parts[0]),
        "opt": lambda: optional_of(parts[0]),
        "dict": lambda: dict_of(parts[0], parts[1]),
        "tuple": lambda: tuple_of((parts[0], parts[1])),
        "many": lambda: variadic_tuple_of(parts[0]),
        "union": lambda: union_of(parts),
    }
    return made[kind]()


def _fits(spec: Spec, value: Any) -> bool:
    if isinstance(spec, str):
        return isinstance(value, _LEAVES[spec][1])
    match spec:
        case ("list", a):
            return isinstance(value, list) and all(_fits(a, v) for v in value)
        case ("opt", a):
            return value is None or _fits(a, value)
        case ("dict", a, b):
            return isinstance(value, dict) and all(_fits(a, k) and _fits(b, v) for k, v in value.items())
        case ("tuple", a, b):
            return (
                isinstance(value, tuple)
                and len(value) == 2
                and _fits(a, value[0])
                and _fits(b, value[1])
            )
        case ("many", a):
            return isinstance(value, tuple) and all(_fits(a, v) for v in value)
        case (_, a, b):
            return _fits(a, value) or _fits(b, value)
    raise AssertionError(spec)


@given(specs, values)
def test_checks_agree_with_a_simple_oracle(spec: Spec, value: Any) -> None:
    result = _build(spec).type_check(None, value)
    assert result.success == _fits(spec, value)
    assert (result.description is None) == result.success
