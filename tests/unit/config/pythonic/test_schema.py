from __future__ import annotations

import datetime as dt
import enum
import itertools
import pathlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NewType, Optional, Union

import pytest
from pydantic import Field as PydanticField
from pydantic import create_model

from dagster._config.config_type import ConfigTypeKind
from dagster._config.evaluate import process_config
from dagster._config.pythonic import Config, PermissiveConfig
from dagster._config.resolve import as_field
from dagster._core.errors import DagsterInvalidDefinitionError


class Color(enum.Enum):
    RED = "red"
    BLUE = 3


class Inner(Config):
    a: int = 3
    b: str


class Cat(Config):
    kind: Literal["cat"] = "cat"
    meows: int


class Dog(Config):
    kind: Literal["dog", "hound"] = "dog"
    barks: float = 2.0


UserId = NewType("UserId", int)


def text_of(annotation: Any, default: Any = ...) -> str:
    model = create_model("Made", __base__=Config, x=(annotation, default))
    return model.to_config_schema().config_type.fields["x"].config_type.text(9)


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (str, "StringSource"),
        (int, "IntSource"),
        (bool, "BoolSource"),
        (float, "Float"),
        (Any, "Any"),
        (Optional[int], "IntSource?"),  # noqa: UP045 - this spelling too
        (int | None, "IntSource?"),
        (Any | None, "Any"),
        (list[str], "[StringSource]"),
        (list, "[Any]"),
        (Sequence[int], "[IntSource]"),
        (tuple[int, ...], "[IntSource]"),
        (set[int], "[IntSource]"),
        (dict, "{ … }"),
        (dict[str, int], "{ [String]: IntSource }"),
        (Mapping[int, str | None], "{ [Int]: StringSource? }"),
        (Inner, "{ a?: IntSource, b: StringSource }"),
        (Inner | None, "{ a?: IntSource, b: StringSource }?"),
        (list[Inner], "[{ a?: IntSource, b: StringSource }]"),
        (dict[str, Inner], "{ [String]: { a?: IntSource, b: StringSource } }"),
        (Color, "Color"),
        (Literal["x", "y"], "Literal['x', 'y']"),
        (Literal["x", None], "Literal['x']?"),
        (Literal[1, 2], "IntSource"),
        (Annotated[int, PydanticField(gt=2)], "IntSource"),
        (UserId, "IntSource"),
        (
            Annotated[Union[Cat, Dog], PydanticField(discriminator="kind")],  # noqa: UP007 - this one too
            "one of { cat: { meows: IntSource } | dog?: { barks?: Float } | hound?: { barks?: Float } }",
        ),
    ],
)
def test_annotations_become_config_types(annotation, expected):
    assert text_of(annotation) == expected


@pytest.mark.parametrize(
    "annotation", [dt.datetime, pathlib.Path, str | int, tuple[int, str], object, bytes]
)
def test_other_types_are_refused_with_the_class_the_field_and_what_is_allowed(annotation):
    with pytest.raises(DagsterInvalidDefinitionError) as error:
        text_of(annotation)
    message = str(error.value)
    assert "Error defining Dagster config class" in message
    assert "Made on field 'x'" in message
    assert "subclass of dagster.Config" in message
    assert "ResourceDependency" in message


def test_a_union_of_classes_without_discriminator_is_told_to_have_one():
    with pytest.raises(DagsterInvalidDefinitionError, match="The union has no discriminator: add Field"):
        text_of(Inner | Cat)


def test_a_mapping_with_other_keys_is_refused():
    with pytest.raises(DagsterInvalidDefinitionError, match="keys of a mapping are str, int"):
        text_of(dict[Color, int])


def test_a_class_that_contains_itself_is_refused():
    class Tree(Config):
        children: list[Tree] = []

    with pytest.raises(DagsterInvalidDefinitionError, match="contains itself"):
        Tree.to_config_schema()


class Full(Config):
    """What it is for."""

    s: str
    described: int = PydanticField(default=4, description="how many")
    maybe: str | None
    nothing: int | None = None
    sloppy: str = None  # type: ignore[assignment]
    inner: Inner = Inner(b="x")
    color: Color = Color.BLUE
    made: list[str] = PydanticField(default_factory=lambda: ["q"])
    pet: Annotated[Cat | Dog, PydanticField(discriminator="kind")] = Cat(meows=1)
    aliased: str = PydanticField(default="z", alias="the_alias")


def test_defaults_descriptions_and_aliases_are_in_the_schema():
    field = Full.to_config_schema()
    fields = field.config_type.fields
    assert field.description == "What it is for."
    assert [name for name, item in fields.items() if item.is_required] == ["s"]
    assert fields["described"].default_value == 4
    assert fields["described"].description == "how many"
    assert not fields["maybe"].default_provided
    assert fields["nothing"].default_value is None
    assert fields["sloppy"].default_value is None
    assert fields["inner"].default_value == {"a": 3, "b": "x"}
    assert fields["inner"].config_type.fields["b"].default_value == "x"
    assert fields["color"].default_value == "BLUE"
    assert fields["made"].default_value == ["q"]
    assert fields["pet"].default_value == {"cat": {"meows": 1}}
    assert fields["the_alias"].default_value == "z"
    assert "aliased" not in fields


def test_the_defaults_evaluate_to_what_the_class_itself_makes():
    processed = process_config(Full.to_config_schema(), {"s": "a"})
    assert processed.success, processed.errors
    assert Full._from_config(processed.value) == Full(s="a")


def test_a_part_of_a_nested_default_can_be_given():
    processed = process_config(Full.to_config_schema(), {"s": "a", "inner": {"a": 9}})
    assert processed.value["inner"] == {"a": 9, "b": "x"}


def test_a_default_that_differs_each_time_is_not_recorded():
    counter = itertools.count()

    class Made(Config):
        number: int = PydanticField(default_factory=lambda: next(counter))

    field = Made.to_config_schema().config_type.fields["number"]
    assert not field.is_required
    assert not field.default_provided


def test_a_default_factory_that_raises_is_left_for_run_time():
    def fail() -> int:
        raise RuntimeError("not now")

    class Made(Config):
        number: int = PydanticField(default_factory=fail)

    assert not Made.to_config_schema().config_type.fields["number"].default_provided


def test_a_permissive_class_takes_other_entries():
    class Open(PermissiveConfig):
        x: int

    field = as_field(Open)
    assert field.config_type.kind is ConfigTypeKind.PERMISSIVE_SHAPE
    assert field.config_type.key.startswith("Permissive.")
    assert process_config(Open, {"x": 1, "y": [2]}).value == {"x": 1, "y": [2]}


def test_a_class_stands_for_its_schema_wherever_one_is_asked_for():
    field = as_field(Inner)
    assert field.config_type is Inner.to_config_schema().config_type
    assert field.config_type.key.startswith("Shape.")
    assert process_config({"inner": Inner}, {"inner": {"b": "q"}}).value == {"inner": {"a": 3, "b": "q"}}
    assert list(Inner.to_fields_dict()) == ["a", "b"]
