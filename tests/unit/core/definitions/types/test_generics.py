from __future__ import annotations

from typing import Any

import pytest

from dagster._core.definitions.types.builtins import INT, STRING
from dagster._core.definitions.types.containers import (
    dict_of,
    list_of,
    optional_of,
    set_of,
    tuple_of,
    variadic_tuple_of,
)
from dagster._core.definitions.types.generics import Dict, List, Optional, Set, Tuple
from dagster._core.errors import DagsterInvalidDefinitionError


def test_brackets() -> None:
    assert List[int] is list_of(INT)
    assert List(int) is list_of(INT)
    assert Optional[str] is optional_of(STRING)
    assert Set[int] is set_of(INT)
    assert Dict[str, int] is dict_of(STRING, INT)
    assert Tuple[int] is tuple_of((INT,))
    assert Tuple[int, str] is tuple_of((INT, STRING))
    assert Tuple[()] is tuple_of(())
    assert Tuple[int, ...] is variadic_tuple_of(INT)
    assert List[Dict[str, Optional[int]]].display_name == "[Dict[String,Int?]]"


def test_bare_forms() -> None:
    assert repr(List) == "dagster.List"
    assert List.bare.display_name == "[Any]"
    with pytest.raises(DagsterInvalidDefinitionError, match=r"write Optional\[int\]"):
        _ = Optional.bare


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda: List[int, str], "List takes one type, got 2"),
        (lambda: Set[int, str], "Set takes one type, got 2"),
        (lambda: Optional[int, str], "Optional takes one type, got 2"),
        (lambda: Dict[int], "Dict takes two types, of the keys and of the values, got: <class 'int'>"),
        (lambda: Dict[int, str, str], "Dict takes two types"),
        (lambda: List[None], "Type Nothing can not be wrapped"),
        (lambda: List[3], "Invalid type"),
        (lambda: List["int"], '"int" is text'),
    ],
)
def test_wrong_brackets_are_refused(write: Any, message: str) -> None:
    with pytest.raises(DagsterInvalidDefinitionError) as caught:
        write()
    assert message in str(caught.value)
