from __future__ import annotations

from typing import Any

import pytest

from dagster._core.definitions.types.builtins import BUILTIN_TYPES, INT, STRING
from dagster._core.definitions.types.check import build_type_map, check_dagster_type, type_named
from dagster._core.definitions.types.context import TypeCheckContext
from dagster._core.definitions.types.dagster_type import DagsterType
from dagster._core.definitions.types.generics import Dict, List
from dagster._core.errors import (
    DagsterInvalidDefinitionError,
    DagsterInvariantViolationError,
    DagsterUnknownResourceError,
)
from dagster._core.records.user_events import Failure, TypeCheck


def _raise(error: Exception) -> Any:
    raise error


def test_values_are_checked_against_whatever_stands_for_a_type() -> None:
    assert check_dagster_type(int, 1).success
    assert check_dagster_type(List[int], ["a"]).description == (
        'Value "a" of python type "str" must be a int. At index 0 of [Int].'
    )
    assert not check_dagster_type(list[int] | None, "a").success
    assert check_dagster_type(None, 3).success
    with pytest.raises(DagsterInvalidDefinitionError, match="got 3"):
        check_dagster_type(3, 1)


def test_the_result_of_the_check_is_returned() -> None:
    made = DagsterType(lambda _c, _v: TypeCheck(False, "d", {"x": 1}), name="A")
    result = check_dagster_type(made, 1)
    assert (result.success, result.description, result.metadata["x"].value) == (False, "d", 1)


def test_a_failure_is_a_failed_check_and_other_errors_are_raised() -> None:
    result = check_dagster_type(
        DagsterType(lambda _c, _v: _raise(Failure("bad", metadata={"a": 1})), name="A"), 1
    )
    assert (result.success, result.description, result.metadata["a"].value) == (False, "bad", 1)
    with pytest.raises(ZeroDivisionError):
        check_dagster_type(DagsterType(lambda _c, v: v / 0, name="A"), 1)
    with pytest.raises(DagsterInvariantViolationError, match="Return value must be"):
        check_dagster_type(DagsterType(lambda _c, _v: "x", name="A"), 1)  # type: ignore[arg-type]


def test_the_context_has_a_run_and_a_log_but_no_resources() -> None:
    seen: list[TypeCheckContext] = []

    def look(context: TypeCheckContext, _value: Any) -> bool:
        seen.append(context)
        context.log.info("checked")
        return True

    made = DagsterType(look, name="A")
    assert check_dagster_type(made, 1).success
    assert len(seen[0].run_id) == 36
    assert seen[0].dagster_type is made
    with pytest.raises(DagsterUnknownResourceError, match="foo"):
        check_dagster_type(
            DagsterType(lambda c, _v: c.resources.foo, name="B", required_resource_keys={"foo"}), 1
        )


def test_the_type_map_has_builtins_inner_types_and_each_key_once() -> None:
    mine = DagsterType(lambda _c, _v: True, name="Mine")
    outer = Dict[str, List[mine]]
    made = build_type_map([outer, mine, INT])
    assert list(made.values()) == [*BUILTIN_TYPES, outer, List[mine], mine]
    assert all(key == t.key for key, t in made.items())


def test_two_types_of_one_name_are_refused() -> None:
    first = DagsterType(lambda _c, _v: True, name="Z")
    second = DagsterType(lambda _c, _v: True, name="Z")
    with pytest.raises(DagsterInvalidDefinitionError) as caught:
        build_type_map([first, List[second]])
    assert 'You have created two dagster types with the same name "Z".' in str(caught.value)


def test_type_named() -> None:
    types = build_type_map([List[int]]).values()
    assert type_named(types, "String") is STRING
    with pytest.raises(
        DagsterInvalidDefinitionError, match=r'unknown dagster type "Strng"\. Did you mean'
    ):
        type_named(types, "Strng")
