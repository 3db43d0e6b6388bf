from __future__ import annotations

import enum
import pickle
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field as PydanticField
from pydantic import PrivateAttr, ValidationError, field_validator, model_validator

from dagster._config.env_var import EnvVar
from dagster._config.evaluate import process_config
from dagster._config.pythonic import Config, PermissiveConfig, construct_config_from_context
from dagster._core.errors import DagsterInvalidConfigError, DagsterInvalidInvocationError


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
    kind: Literal["dog"] = "dog"
    barks: int = 2


Pet = Annotated[Cat | Dog, PydanticField(discriminator="kind")]


class Owner(Config):
    pet: Pet
    others: list[Pet] = []
    color: Color = Color.RED
    note: str | None


class Positive(Config):
    x: int = PydanticField(gt=0)
    names: list[str] = []

    @field_validator("names")
    @classmethod
    def no_empty_names(cls, value: list[str]) -> list[str]:
        if "" in value:
            raise ValueError("a name is empty")
        return value


def test_objects_cannot_be_changed():
    config = Inner(b="x")
    with pytest.raises(DagsterInvalidInvocationError, match=r"does not support item assignment.*'b'"):
        config.b = "y"
    with pytest.raises(DagsterInvalidInvocationError, match="'new'"):
        config.new = 1
    with pytest.raises(DagsterInvalidInvocationError):
        del config.b
    assert config.model_copy(update={"b": "y"}).b == "y"


def test_unknown_entries_are_refused():
    with pytest.raises(ValidationError, match="zz"):
        Inner(b="x", zz=1)


def test_a_permissive_object_has_its_entries_as_attributes():
    class Open(PermissiveConfig):
        x: int

    config = Open(x=1, y=2)
    assert config.y == 2
    assert config._convert_to_config_dictionary() == {"x": 1, "y": 2}


def test_an_optional_field_without_default_is_none():
    assert Owner(pet=Dog()).note is None


@pytest.mark.parametrize(
    "pet", [{"cat": {"meows": 3}}, {"kind": "cat", "meows": 3}, {"cat": Cat(meows=3)}, Cat(meows=3)]
)
def test_a_union_is_told_apart_by_its_tag(pet):
    owner = Owner(pet=pet, others=[pet, {"dog": None}])
    assert owner.pet == Cat(meows=3)
    assert owner.others == [Cat(meows=3), Dog()]


@pytest.mark.parametrize("color", ["RED", "red", Color.RED])
def test_an_enum_is_given_by_name_value_or_member(color):
    assert Owner(pet=Dog(), color=color).color is Color.RED


def test_to_config_and_back():
    owner = Owner(pet=Cat(meows=3), others=[Dog(barks=1)], color=Color.BLUE)
    config = owner._convert_to_config_dictionary()
    assert config == {
        "pet": {"cat": {"meows": 3}},
        "others": [{"dog": {"barks": 1}}],
        "color": "BLUE",
        "note": None,
    }
    processed = process_config(Owner, config)
    assert processed.success, processed.errors
    assert construct_config_from_context(Owner, processed.value) == owner


@given(
    st.builds(
        Owner,
        pet=st.one_of(st.builds(Cat, meows=st.integers()), st.builds(Dog, barks=st.integers())),
        others=st.lists(st.builds(Cat, meows=st.integers()), max_size=3),
        color=st.sampled_from(Color),
        note=st.none() | st.text(),
    )
)
def test_every_object_survives_its_config(owner):
    processed = process_config(Owner, owner._convert_to_config_dictionary())
    assert processed.success, processed.errors
    assert construct_config_from_context(Owner, processed.value) == owner


def test_constraints_and_validators_speak_while_config_is_evaluated():
    result = process_config({"op": Positive}, {"op": {"x": -1, "names": [""]}})
    assert [error.stack for error in result.errors] == [["op", "x"], ["op", "names"]]
    assert [error.message for error in result.errors] == [
        "Invalid value at path op → x: input should be greater than 0, got: -1 (int).",
        "Invalid value at path op → names: value error, a name is empty, got: [''] (list).",
    ]


def test_the_path_leads_into_nested_classes_and_lists():
    class Outer(Config):
        items: list[Positive]
        pet: Annotated[Cat | Dog, PydanticField(discriminator="kind")]

    result = process_config(Outer, {"items": [{"x": 1}, {"x": 0}], "pet": {"cat": {"meows": 1}}})
    assert [error.stack for error in result.errors] == [["items", 1, "x"]]


def test_a_config_that_the_schema_passed_but_pydantic_refuses_names_the_path():
    with pytest.raises(DagsterInvalidConfigError) as error:
        construct_config_from_context(Positive, {"x": -1})
    assert str(error.value) == (
        "Error in config for Positive\n"
        "    Invalid value at path x: input should be greater than 0, got: -1."
    )


def test_a_bad_argument_of_the_class_itself_is_pydantics_error():
    with pytest.raises(ValidationError, match="greater than 0"):
        Positive(x=-1)


def test_validators_that_change_values_see_what_was_given_once():
    class Prefixed(Config):
        path: str

        @field_validator("path")
        @classmethod
        def prefix(cls, value: str) -> str:
            return f"/root/{value}"

    config = Prefixed(path="a")
    assert config.path == "/root/a"
    assert config._convert_to_config_dictionary() == {"path": "a"}
    processed = process_config(Prefixed, {"path": "a"})
    assert construct_config_from_context(Prefixed, processed.value) == config


def test_an_environment_variable_waits_for_the_run(monkeypatch):
    config = Inner(a=EnvVar.int("DAGWERK_A"), b=EnvVar("DAGWERK_B"))
    assert config.b == EnvVar("DAGWERK_B")
    written = config._convert_to_config_dictionary()
    assert written == {"a": {"env": "DAGWERK_A"}, "b": {"env": "DAGWERK_B"}}
    monkeypatch.setenv("DAGWERK_A", "5")
    monkeypatch.setenv("DAGWERK_B", "text")
    assert process_config(Inner, written).value == {"a": 5, "b": "text"}


def test_a_missing_environment_variable_is_named_with_its_field(monkeypatch):
    monkeypatch.delenv("DAGWERK_B", raising=False)
    result = process_config({"op": Inner}, {"op": {"b": {"env": "DAGWERK_B"}}})
    assert len(result.errors) == 1
    assert '"DAGWERK_B" at path op → b' in result.errors[0].message


def test_an_object_with_environment_variables_is_checked_as_far_as_it_is_known():
    with pytest.raises(ValidationError) as error:
        Owner(pet={"cat": {"meows": "x"}}, note=EnvVar("N"))
    assert error.value.error_count() == 1
    with pytest.raises(ValidationError, match="unknown_field"):
        Inner(b=EnvVar("N"), unknown_field=1)


def test_environment_variables_in_lists_and_nested_dicts():
    class Outer(Config):
        inner: Inner
        names: list[str]

    config = Outer(inner={"b": EnvVar("B")}, names=["x", EnvVar("N")])
    assert config.inner.b == EnvVar("B")
    assert config._convert_to_config_dictionary() == {
        "inner": {"a": 3, "b": {"env": "B"}},
        "names": ["x", {"env": "N"}],
    }


def test_validators_of_the_whole_wait_for_environment_variables():
    class Range(Config):
        low: int
        high: int = 10
        _seen: int = PrivateAttr(default=7)

        @model_validator(mode="after")
        def ordered(self) -> Range:
            if self.low + 0 > self.high:
                raise ValueError("low is above high")
            return self

    config = Range(low=EnvVar.int("LOW"))
    assert config.high == 10
    assert config._seen == 7
    with pytest.raises(ValidationError, match="low is above high"):
        Range(low=11)
    result = process_config(Range, {"low": 11})
    assert result.errors[0].message.startswith(
        "Invalid value at the root: value error, low is above high"
    )


def test_objects_pickle_and_compare():
    owner = Owner(pet=Cat(meows=1))
    assert pickle.loads(pickle.dumps(owner)) == owner
    assert pickle.loads(pickle.dumps(owner))._convert_to_config_dictionary()["pet"] == {
        "cat": {"meows": 1}
    }
    assert Inner(a="3", b="x") == Inner(b="x")
    assert hash(Inner(b="x")) == hash(Inner(b="x"))
