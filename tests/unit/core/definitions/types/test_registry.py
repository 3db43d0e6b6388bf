from __future__ import annotations

from typing import Any

import pytest

from dagster._check import ParameterCheckError
from dagster._core.definitions.types.builtins import INT
from dagster._core.definitions.types.dagster_type import DagsterType
from dagster._core.definitions.types.loader import dagster_type_loader
from dagster._core.definitions.types.materializer import dagster_type_materializer
from dagster._core.definitions.types.python_object import PythonObjectDagsterType
from dagster._core.definitions.types.registry import (
    make_python_type_usable_as_dagster_type,
    usable_as_dagster_type,
)
from dagster._core.definitions.types.resolve import resolve_dagster_type
from dagster._core.definitions.types.serialization import PickleSerializationStrategy
from dagster._core.errors import DagsterInvalidDefinitionError


def test_a_registered_class_stands_for_the_type() -> None:
    class Email(str): ...

    made = DagsterType(lambda _c, v: "@" in v, name="Email")
    make_python_type_usable_as_dagster_type(Email, made)
    assert resolve_dagster_type(Email) is made
    assert resolve_dagster_type(list[Email]).inner_types == [made]
    make_python_type_usable_as_dagster_type(Email, made)  # again, the same: nothing changes


def test_a_class_stands_for_one_type_only() -> None:
    class Once: ...

    make_python_type_usable_as_dagster_type(Once, PythonObjectDagsterType(Once))
    with pytest.raises(DagsterInvalidDefinitionError) as caught:
        make_python_type_usable_as_dagster_type(Once, PythonObjectDagsterType(Once, name="Twice"))
    assert f"A Dagster type has already been registered for the Python type {Once}." in str(caught.value)
    assert "can only be called once on a python type" in str(caught.value)


def test_registering_after_use_is_refused() -> None:
    class Late: ...

    resolve_dagster_type(Late)
    with pytest.raises(DagsterInvalidDefinitionError, match=r"auto-registered.*before any definition"):
        make_python_type_usable_as_dagster_type(Late, PythonObjectDagsterType(Late))


def test_builtins_cannot_be_registered() -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match=r"always stands for the builtin .* Int"):
        make_python_type_usable_as_dagster_type(int, PythonObjectDagsterType(int, name="MyInt"))
    assert resolve_dagster_type(int) is INT


def test_arguments_are_checked() -> None:
    wrong: Any = 3
    with pytest.raises(ParameterCheckError, match="expected python_type to be a class"):
        make_python_type_usable_as_dagster_type(wrong, INT)
    with pytest.raises(ParameterCheckError, match="expected dagster_type to be a DagsterType"):
        make_python_type_usable_as_dagster_type(str, wrong)


def test_decorator_without_arguments() -> None:
    @usable_as_dagster_type
    class Bare:
        """Text."""

    made = resolve_dagster_type(Bare)
    assert made.unique_name == "Bare"
    assert made.description is None
    assert made.type_check(None, Bare()).success


def test_decorator_with_arguments() -> None:
    loader = dagster_type_loader(int)(lambda _c, v: v)
    materializer = dagster_type_materializer(str)(lambda _c, _config, _v: [])
    strategy = PickleSerializationStrategy("mine")

    @usable_as_dagster_type(
        name="Named",
        description="text",
        loader=loader,
        materializer=materializer,
        serialization_strategy=strategy,
    )
    class Decorated: ...

    made = resolve_dagster_type(Decorated)
    assert (made.unique_name, made.description) == ("Named", "text")
    assert made.loader is loader
    assert made.materializer is materializer
    assert made.serialization_strategy is strategy
    assert Decorated.__name__ == "Decorated"


def test_decorator_takes_classes_only() -> None:
    decorate: Any = usable_as_dagster_type(name="A")
    with pytest.raises(ParameterCheckError, match="expected the decorated object to be a class"):
        decorate(lambda: 1)
    with pytest.raises(ParameterCheckError, match="expected name to be a str"):
        usable_as_dagster_type(3)  # type: ignore[call-overload]
