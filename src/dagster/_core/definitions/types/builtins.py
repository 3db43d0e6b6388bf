"""The builtin types: Any, Nothing and the scalars.

The public names are the Python types that they stand for, so that they work as annotations, as types
of inputs and outputs, and as config types; the singletons in capitals are the types behind them.
"""

from __future__ import annotations

import typing
from typing import Any as TypingAny

from dagster._core.definitions.types.builtin_schemas import (
    ANY_LOADER,
    FILE_MATERIALIZER,
    PermissiveDictLoader,
    ScalarLoader,
)
from dagster._core.definitions.types.dagster_type import (
    PASSED,
    DagsterType,
    DagsterTypeKind,
    failed_check,
    must_be,
)
from dagster._core.definitions.types.materializer import DagsterTypeMaterializer
from dagster._core.definitions.types.python_object import PythonObjectDagsterType
from dagster._core.records.user_events import TypeCheck

Any = typing.Any
Bool = bool
Float = float
Int = int
String = str
#: The type of an input or output that orders steps without passing data.
Nothing = type(None)


class AnyDagsterType(DagsterType):
    """Every value passes."""

    def __init__(self) -> None:
        super().__init__(
            self.type_check,
            key="Any",
            name="Any",
            is_builtin=True,
            loader=ANY_LOADER,
            materializer=FILE_MATERIALIZER,
            kind=DagsterTypeKind.ANY,
            typing_type=TypingAny,
        )

    def type_check(self, context: object, value: object) -> TypeCheck:
        return PASSED


class NothingDagsterType(DagsterType):
    """No value passes but None: the type only orders steps."""

    def __init__(self) -> None:
        super().__init__(
            self.type_check,
            key="Nothing",
            name="Nothing",
            is_builtin=True,
            kind=DagsterTypeKind.NOTHING,
            typing_type=type(None),
        )

    def type_check(self, context: object, value: object) -> TypeCheck:
        if value is None:
            return PASSED
        return failed_check(f"Value must be None or unset, got a {type(value)}")


class ScalarDagsterType(DagsterType):
    """The instances of a Python scalar, subclasses included: a bool is an Int, an int no Float."""

    def __init__(self, name: str, python_type: type, what: str) -> None:
        super().__init__(
            self.type_check,
            key=name,
            name=name,
            is_builtin=True,
            loader=ScalarLoader(python_type),
            materializer=FILE_MATERIALIZER,
            kind=DagsterTypeKind.SCALAR,
            typing_type=python_type,
        )
        self.checked_class: type | tuple[type, ...] | None = python_type
        self._python_type = python_type
        self._what = what

    def type_check(self, context: object, value: object) -> TypeCheck:
        return PASSED if isinstance(value, self._python_type) else must_be(value, self._what)


ANY = AnyDagsterType()
NOTHING = NothingDagsterType()
BOOL = ScalarDagsterType("Bool", bool, "bool")
FLOAT = ScalarDagsterType("Float", float, "float")
INT = ScalarDagsterType("Int", int, "int")
STRING = ScalarDagsterType("String", str, "string")

BUILTIN_TYPES: tuple[DagsterType, ...] = (ANY, BOOL, FLOAT, INT, STRING, NOTHING)

PYTHON_DICT = PythonObjectDagsterType(
    dict,
    key="PythonDict",
    description="A Python dictionary with any keys and values.",
    loader=PermissiveDictLoader(),
    materializer=FILE_MATERIALIZER,
)
PYTHON_SET = PythonObjectDagsterType(
    set, key="PythonSet", description="A Python set of anything.", materializer=FILE_MATERIALIZER
)
PYTHON_TUPLE = PythonObjectDagsterType(
    tuple,
    key="PythonTuple",
    description="A Python tuple of anything.",
    materializer=FILE_MATERIALIZER,
)


def materializer_for(dagster_type: DagsterType) -> DagsterTypeMaterializer | None:
    """Return what writes the values of a type: its own materializer, or files of JSON or pickle.

    Returns:
        None for Nothing, which has no values.
    """
    if dagster_type.materializer is not None:
        return dagster_type.materializer
    return None if dagster_type.is_nothing else FILE_MATERIALIZER
