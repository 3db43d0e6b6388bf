from __future__ import annotations

import typing
from typing import Any as TypingAny

import pytest

from dagster._config.resolve import resolve_to_config_type
from dagster._core.definitions.types import builtins
from dagster._core.definitions.types.builtin_schemas import FILE_MATERIALIZER
from dagster._core.definitions.types.builtins import (
    ANY,
    BOOL,
    BUILTIN_TYPES,
    FLOAT,
    INT,
    NOTHING,
    PYTHON_DICT,
    STRING,
    materializer_for,
)
from dagster._core.definitions.types.dagster_type import PASSED, DagsterType, DagsterTypeKind
from dagster._core.definitions.types.materializer import dagster_type_materializer
from dagster._core.definitions.types.resolve import resolve_dagster_type


def test_public_names_are_the_python_types() -> None:
    assert builtins.Any is typing.Any
    assert (builtins.Bool, builtins.Float, builtins.Int, builtins.String) == (bool, float, int, str)
    assert builtins.Nothing is type(None)


def test_public_names_resolve_to_the_singletons() -> None:
    names = ("Any", "Bool", "Float", "Int", "String", "Nothing")
    assert tuple(resolve_dagster_type(getattr(builtins, name)) for name in names) == BUILTIN_TYPES
    assert tuple(t.unique_name for t in BUILTIN_TYPES) == names


@pytest.mark.parametrize("name", ["Any", "Bool", "Float", "Int", "String"])
def test_public_names_are_config_types(name: str) -> None:
    assert resolve_to_config_type(getattr(builtins, name)).key == name


@pytest.mark.parametrize(
    ("dagster_type", "value", "description"),
    [
        (INT, 1, None),
        (INT, True, None),
        (INT, "x", 'Value "x" of python type "str" must be a int.'),
        (INT, None, 'Value "None" of python type "NoneType" must be a int.'),
        (FLOAT, 1.0, None),
        (FLOAT, 1, 'Value "1" of python type "int" must be a float.'),
        (BOOL, False, None),
        (BOOL, 1, 'Value "1" of python type "int" must be a bool.'),
        (STRING, "", None),
        (STRING, 1, 'Value "1" of python type "int" must be a string.'),
        (NOTHING, None, None),
        (NOTHING, 1, "Value must be None or unset, got a <class 'int'>"),
        (ANY, None, None),
        (ANY, object(), None),
    ],
)
def test_checks(dagster_type: DagsterType, value: TypingAny, description: str | None) -> None:
    result = dagster_type.type_check(None, value)
    assert result.description == description
    assert (result is PASSED) == (description is None)


def test_flags_and_fan_in() -> None:
    assert [t.kind for t in BUILTIN_TYPES] == [
        DagsterTypeKind.ANY,
        *[DagsterTypeKind.SCALAR] * 4,
        DagsterTypeKind.NOTHING,
    ]
    assert [t for t in BUILTIN_TYPES if t.is_any] == [ANY]
    assert [t for t in BUILTIN_TYPES if t.is_nothing] == [NOTHING]
    assert [t for t in BUILTIN_TYPES if t.supports_fan_in] == [ANY, NOTHING]
    assert ANY.get_inner_type_for_fan_in() is ANY
    assert NOTHING.get_inner_type_for_fan_in() is NOTHING
    assert all(t.is_builtin for t in BUILTIN_TYPES)


def test_every_type_but_nothing_has_a_materializer() -> None:
    own = dagster_type_materializer(str)(lambda _c, _config, _value: [])
    assert materializer_for(NOTHING) is None
    assert materializer_for(INT) is FILE_MATERIALIZER
    assert materializer_for(PYTHON_DICT) is FILE_MATERIALIZER
    assert materializer_for(DagsterType(lambda _c, _v: True, name="A")) is FILE_MATERIALIZER
    assert materializer_for(DagsterType(lambda _c, _v: True, name="A", materializer=own)) is own
