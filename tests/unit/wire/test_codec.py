from __future__ import annotations

import json
import math
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster._serdes import deserialize_value as serdes_deserialize
from dagster._serdes import serialize_value as serdes_serialize
from dagster._wire import aliases, codec
from dagster._wire.codec import (
    DeserializationError,
    SerializationError,
    deserialize_value,
    register_enum,
    serialize_value,
)
from dagster._wire.record import RECORD_CLASSES, Record, SlotRecord


class Flight(Record, frozen=True):
    number: int
    carrier: str = "UA"
    stops: tuple[str, ...] | None = None
    notes: object = None


class Leg(SlotRecord):
    __slots__ = ("ends", "flight")

    def __init__(self, flight: Flight, ends: str | tuple[str, ...] = ()) -> None:
        object.__setattr__(self, "flight", flight)
        object.__setattr__(self, "ends", (ends,) if isinstance(ends, str) else tuple(ends))


class Airport(Record, frozen=True):
    """Stands for a class that an older version wrote under another name."""

    code: str


@register_enum
class Cabin(Enum):
    FIRST = 1
    ECONOMY = 2
    COACH = 2


def round_trip(value: object) -> object:
    return deserialize_value(serialize_value(value))


# Every plain value comes back as it was

texts = st.text(st.characters())  # with halves of surrogate pairs, which file names may have
keys = texts | st.sampled_from(["__class__", "__enum__", "__set__", "__mapping__", "__float__"])
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | texts
    | st.datetimes(timezones=st.just(UTC))
    | st.sampled_from(Cabin)
)
hashables = scalars | st.tuples(scalars, scalars)
values = st.recursive(
    scalars | st.sets(hashables) | st.frozensets(hashables),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(keys, inner)
        | st.builds(
            Flight, number=st.integers(), stops=st.none() | st.lists(texts).map(tuple), notes=inner
        )
        | st.builds(Leg, flight=st.builds(Flight, number=st.integers(), notes=inner))
    ),
    max_leaves=20,
)


@given(values)
def test_a_value_comes_back_equal(value: object) -> None:
    assert round_trip(value) == value


@given(values)
def test_the_text_of_a_value_is_stable(value: object) -> None:
    text = serialize_value(value)
    assert serialize_value(deserialize_value(text)) == text


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(DeserializationError):
        deserialize_value(text)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(keys, inner, max_size=2),
    )
)
def test_any_json_is_read_or_refused(tree: object) -> None:
    with suppress(DeserializationError):
        deserialize_value(json.dumps(tree))


# The form of each kind


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (3, "3"),
        (2**80, str(2**80)),
        (1.5, "1.5"),
        ("é", '"é"'),
        ("\udc80", '"\\udc80"'),
        ([1, "a"], '[1,"a"]'),
        ({"a": {"b": []}}, '{"a":{"b":[]}}'),
        ({3, 1, 2}, '{"__set__":[1,2,3]}'),
        (frozenset("ba"), '{"__frozenset__":["a","b"]}'),
        (math.inf, '{"__float__":"inf"}'),
        (-math.inf, '{"__float__":"-inf"}'),
        (
            datetime(2013, 1, 1, 5, 15, tzinfo=timezone(timedelta(hours=-5))),
            '{"__datetime__":"2013-01-01T05:15:00-05:00"}',
        ),
        (Cabin.FIRST, '{"__enum__":"Cabin.FIRST"}'),
        (Cabin.COACH, '{"__enum__":"Cabin.ECONOMY"}'),
        ({"__set__": 1}, '{"__mapping__":[["__set__",1]]}'),
        (Flight(1), '{"__class__":"Flight","number":1,"carrier":"UA","stops":null,"notes":null}'),
        (
            Leg(Flight(1), "EWR"),
            (
                '{"__class__":"Leg","ends":["EWR"],"flight":'
                '{"__class__":"Flight","number":1,"carrier":"UA","stops":null,"notes":null}}'
            ),
        ),
    ],
)
def test_the_form_of_a_value(value: object, text: str) -> None:
    assert serialize_value(value) == text
    assert deserialize_value(text) == value


def test_nan_comes_back() -> None:
    assert serialize_value(math.nan) == '{"__float__":"nan"}'
    assert math.isnan(round_trip(math.nan))


def test_tuples_come_back_as_lists_but_not_in_fields_that_say_tuple() -> None:
    assert round_trip((1, (2,))) == [1, [2]]
    assert round_trip(Flight(1, stops=("a",), notes=("b",))) == Flight(1, stops=("a",), notes=["b"])


def test_subclasses_of_plain_types_are_plain() -> None:
    class Name(str):
        __slots__ = ()

    class Count(int):
        pass

    class Share(float):
        pass

    value = [Name("a"), Count(2), Share(0.5), Share("nan")]
    assert serialize_value(value) == '["a",2,0.5,{"__float__":"nan"}]'
    assert serialize_value(MappingProxyType({Name("k"): 1})) == '{"k":1}'


def test_the_face_in_serdes_is_the_codec() -> None:
    assert serdes_serialize is serialize_value
    assert serdes_deserialize is deserialize_value


# Old and new data


def test_unknown_fields_are_ignored_and_missing_ones_take_their_defaults() -> None:
    assert deserialize_value('{"__class__":"Flight","number":7,"gate":{"a":[1]}}') == Flight(7)


def test_renamed_classes_and_fields_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(aliases.CLASS_ALIASES, "Aerodrome", "Airport")
    monkeypatch.setitem(aliases.CLASS_ALIASES, "Class", "Cabin")
    monkeypatch.setitem(aliases.FIELD_ALIASES, "Airport", {"faa": "code"})
    text = '[{"__class__":"Aerodrome","faa":"EWR"},{"__enum__":"Class.FIRST"}]'
    assert deserialize_value(text) == [Airport("EWR"), Cabin.FIRST]


def test_an_enum_of_our_own_needs_no_entry() -> None:
    from dagster._core.records.retry import Backoff

    codec._ENUMS.pop("Backoff", None)
    assert deserialize_value('{"__enum__":"Backoff.LINEAR"}') is Backoff.LINEAR


# Refusals


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (object, r"expected it to be a record, an enum, a str, .*got: <class 'object'>"),
        (b"x", r"cannot serialize: expected it to be .* got: b'x' \(bytes\)"),
        ({"a": [1, {"b": b"x"}]}, r"cannot serialize value\['a'\]\[1\]\['b'\]: expected it to be"),
        (
            {1: 2},
            r"cannot serialize value\[1\]: expected each key of a mapping to be a str, got: 1 \(int\)",
        ),
        (Flight(1, notes=[b"x"]), r"cannot serialize value\.notes\[0\]: expected it"),
        (Leg(Flight(1, notes=b"")), r"cannot serialize value\.flight\.notes: expected it"),
    ],
)
def test_what_cannot_be_written_is_named_with_its_place(value: object, message: str) -> None:
    with pytest.raises(SerializationError, match=message):
        serialize_value(value)


def test_an_unknown_enum_cannot_be_written() -> None:
    class Wind(Enum):
        NORTH = 1

    with pytest.raises(SerializationError, match=r"the enum .*Wind is not known.*register_enum"):
        serialize_value(Wind.NORTH)


def test_a_value_that_contains_itself_is_refused() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(SerializationError, match="it contains itself, or is nested too deeply"):
        serialize_value(value)


def test_a_text_that_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(DeserializationError):
        deserialize_value("[" * 100_000 + "]" * 100_000)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"expected JSON text, got: '\{'"),
        ('{"__class__":"Flihgt"}', r'unknown record class "Flihgt"\. Did you mean "Flight"\?.*imported'),
        ('{"__class__":3}', r'unknown record class "3"'),
        ('{"__class__":"Flight"}', r"cannot read a Flight from .*number"),
        ('{"__enum__":"Cabni.FIRST"}', r'unknown enum "Cabni"'),
        ('{"__enum__":"Cabin.FRIST"}', r'unknown member of Cabin "FRIST"\. Did you mean "FIRST"\?'),
        ('{"__datetime__":"today"}', r"cannot read .*today"),
    ],
)
def test_what_cannot_be_read_says_why(text: str, message: str) -> None:
    with pytest.raises(DeserializationError, match=message):
        deserialize_value(text)


def test_the_type_of_a_read_value_is_checked() -> None:
    assert deserialize_value("3", int) == 3
    assert deserialize_value("3", (str, int)) == 3
    with pytest.raises(
        DeserializationError, match=r"expected the stored value to be str or Flight, got: 3 \(int\)"
    ):
        deserialize_value("3", (str, Flight))


# Records


def test_two_record_classes_of_one_name_are_refused() -> None:
    with pytest.raises(
        TypeError, match=r'expected the name of each record class to be unique, got: "Flight"'
    ):
        type("Flight", (SlotRecord,), {"__slots__": (), "__module__": "elsewhere"})
    assert RECORD_CLASSES["Flight"] is Flight


def test_two_stored_enums_of_one_name_are_refused() -> None:
    other = Enum("Cabin", "A B", module="elsewhere")
    with pytest.raises(
        TypeError, match=r'expected the name of each stored enum to be unique, got: "Cabin"'
    ):
        register_enum(other)
