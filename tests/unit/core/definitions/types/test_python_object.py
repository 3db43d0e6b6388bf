from __future__ import annotations

from typing import Any, Union

import pytest

from dagster._check import ParameterCheckError
from dagster._core.definitions.types.dagster_type import PASSED
from dagster._core.definitions.types.python_object import PythonObjectDagsterType


class Animal: ...


class Dog(Animal): ...


def test_instances_pass_and_the_name_is_that_of_the_class() -> None:
    made = PythonObjectDagsterType(Animal)
    assert (made.key, made.unique_name, made.type_str) == ("Animal", "Animal", "Animal")
    assert made.typing_type is Animal
    assert made.python_type is Animal
    assert made.type_check(None, Dog()) is PASSED
    failed = made.type_check(None, 1.5)
    assert not failed.success
    assert failed.description == (
        "Value of type <class 'float'> failed type check for Dagster type Animal, "
        "expected value to be of Python type Animal."
    )


def test_a_tuple_of_classes_is_a_union() -> None:
    made = PythonObjectDagsterType((int, str))
    assert made.unique_name == "Union[int, str]"
    assert made.typing_type == Union[int, str]  # noqa: UP007
    assert made.type_check(None, 1).success
    assert made.type_check(None, "a").success
    assert made.type_check(None, 1.5).description == (
        "Value of type <class 'float'> failed type check for Dagster type Union[int, str], "
        "expected value to be of Python type Union[int, str]."
    )


def test_key_name_and_the_other_arguments() -> None:
    made = PythonObjectDagsterType(
        int, key="k", name="Foo", description="d", required_resource_keys={"a"}
    )
    assert (made.key, made.unique_name, made.description, made.type_str) == ("k", "Foo", "d", "int")
    assert made.required_resource_keys == {"a"}
    assert PythonObjectDagsterType(int, name="Foo").key == "Foo"


@pytest.mark.parametrize("wrong", [3, "int", (), (int, 3), None, list[int]])
def test_what_is_no_class_is_refused(wrong: Any) -> None:
    with pytest.raises(ParameterCheckError, match="python_type to be a class or a tuple of classes"):
        PythonObjectDagsterType(wrong)
