from __future__ import annotations

from typing import Any

import pytest

from dagster._check import CheckError, ParameterCheckError
from dagster._core.definitions.types.builtins import INT
from dagster._core.definitions.types.dagster_type import (
    FAILED,
    PASSED,
    DagsterType,
    DagsterTypeKind,
    failed_check,
    must_be,
    shown_value,
)
from dagster._core.definitions.types.loader import dagster_type_loader
from dagster._core.definitions.types.materializer import dagster_type_materializer
from dagster._core.definitions.types.serialization import PICKLE, PickleSerializationStrategy
from dagster._core.errors import DagsterInvalidDefinitionError, DagsterInvariantViolationError
from dagster._core.records.user_events import TypeCheck


def even(_context: Any, value: Any) -> bool:
    return value % 2 == 0


def test_members_of_a_named_type() -> None:
    loader = dagster_type_loader(int)(lambda _context, value: value)
    materializer = dagster_type_materializer(str)(lambda _c, _config, _value: [])
    strategy = PickleSerializationStrategy("mine")
    made = DagsterType(
        even,
        name="Even",
        description="an even number",
        loader=loader,
        materializer=materializer,
        serialization_strategy=strategy,
        required_resource_keys={"db"},
        typing_type=int,
        metadata={"rows": 3},
    )
    assert (made.key, made.name, made.display_name, made.unique_name) == ("Even",) * 4
    assert made.has_unique_name
    assert made.description == "an even number"
    assert made.kind is DagsterTypeKind.REGULAR
    assert made.typing_type is int
    assert made.metadata["rows"].value == 3
    assert made.required_resource_keys == {"db"}
    assert made.loader is loader
    assert made.loader_schema_key == "Int"
    assert made.materializer is materializer
    assert made.materializer_schema_key == "String"
    assert made.serialization_strategy is strategy
    assert list(made.inner_types) == []
    assert list(made.type_param_keys) == []
    assert not made.is_any
    assert not made.is_nothing
    assert not made.is_builtin
    assert repr(made) == "<DagsterType Even>"


def test_a_type_with_a_key_only_has_no_unique_name() -> None:
    made = DagsterType(even, key="even_key")
    assert made.display_name == "even_key"
    assert not made.has_unique_name
    assert made.loader_schema_key is None
    assert made.materializer_schema_key is None
    assert made.serialization_strategy is PICKLE
    with pytest.raises(CheckError, match="unique_name requested but is None for type even_key"):
        _ = made.unique_name


def test_key_and_name_may_differ() -> None:
    made = DagsterType(even, key="k", name="Name with spaces")
    assert (made.key, made.unique_name, made.display_name) == (
        "k",
        "Name with spaces",
        "Name with spaces",
    )


def test_a_bool_result_allocates_nothing() -> None:
    made = DagsterType(even, name="Even")
    assert made.type_check(None, 2) is PASSED
    assert made.type_check(None, 3) is FAILED
    assert PASSED.success
    assert not FAILED.success


def test_a_type_check_result_is_returned_as_it_is() -> None:
    result = TypeCheck(False, "odd", {"rest": 1})
    assert DagsterType(lambda _c, _v: result, name="Even").type_check(None, 3) is result


class NumpyBool:
    __module__ = "numpy"

    def __init__(self, value: bool) -> None:
        self.value = value

    def __bool__(self) -> bool:
        return self.value


NumpyBool.__name__ = "bool_"


@pytest.mark.parametrize("truth", [True, False])
def test_a_numpy_bool_is_a_bool(truth: bool) -> None:
    made: Any = DagsterType(lambda _c, _v: NumpyBool(truth), name="A")  # type: ignore[arg-type]
    assert made.type_check(None, 1).success is truth


@pytest.mark.parametrize("result", ["yes", None, 1, [True]])
def test_other_results_are_refused_naming_the_type(result: Any) -> None:
    made = DagsterType(lambda _c, _v: result, name="Wrong")
    with pytest.raises(DagsterInvariantViolationError) as caught:
        made.type_check(None, 1)
    assert str(caught.value) == (
        f"You have returned {result!r} of type {type(result)} from the type check function of type "
        '"Wrong". Return value must be instance of TypeCheck or a bool.'
    )


@pytest.mark.parametrize("name", ["Any", "Bool", "Float", "Int", "String", "Nothing"])
def test_names_of_builtins_are_refused(name: str) -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match=f'"{name}" is the name of a builtin type'):
        DagsterType(even, name=name)


def test_key_or_name_is_needed() -> None:
    with pytest.raises(CheckError, match="Must set key or name"):
        DagsterType(even)
    with pytest.raises(CheckError, match="Must set key or name"):
        DagsterType(even, name="")


@pytest.mark.parametrize(
    ("fn", "count"), [(lambda: True, 0), (lambda _v: True, 1), (lambda _a, _b, _c: True, 3)]
)
def test_a_check_function_takes_two_arguments(fn: Any, count: int) -> None:
    with pytest.raises(DagsterInvalidDefinitionError) as caught:
        DagsterType(fn, name="A")
    assert f'type_check_fn argument on type "A" must take 2 arguments, received {count}.' in str(
        caught.value
    )


def test_a_check_function_may_take_more_by_default() -> None:
    assert DagsterType(lambda _c, _v, _more=1: True, name="A").type_check(None, 1).success
    assert DagsterType(lambda *_: True, name="A").type_check(None, 1).success


@pytest.mark.parametrize(
    "arguments",
    [
        {"type_check_fn": 3},
        {"name": 3},
        {"key": 3},
        {"description": 3},
        {"loader": 3},
        {"materializer": 3},
        {"serialization_strategy": 3},
        {"required_resource_keys": ["db"]},
        {"required_resource_keys": {3}},
        {"kind": "REGULAR"},
        {"is_builtin": 1},
        {"metadata": 3},
    ],
)
def test_arguments_are_checked(arguments: dict[str, Any]) -> None:
    with pytest.raises(ParameterCheckError):
        DagsterType(**{"type_check_fn": even, "name": "A", **arguments})


def test_only_some_types_fan_in() -> None:
    assert not INT.supports_fan_in
    with pytest.raises(CheckError, match=r"DagsterType Int does not support fan-in.*List\[Int\]"):
        INT.get_inner_type_for_fan_in()


def test_kinds() -> None:
    assert [kind.value for kind in DagsterTypeKind] == [
        "ANY",
        "SCALAR",
        "LIST",
        "NOTHING",
        "NULLABLE",
        "REGULAR",
    ]


class Broken:
    def __str__(self) -> str:
        raise ValueError("no")


def test_values_are_shown_short_and_never_raise() -> None:
    assert shown_value("x") == "x"
    assert shown_value((1,)) == "(1,)"
    assert len(shown_value("x" * 10_000)) == 1000
    assert len(shown_value(list(range(1_000_000)))) < 200
    assert shown_value(Broken()) == "<unprintable Broken>"
    assert must_be("x", "int").description == 'Value "x" of python type "str" must be a int.'
    assert failed_check(None) == TypeCheck(False)
