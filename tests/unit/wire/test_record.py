from __future__ import annotations

import pickle

import pytest

from dagster._wire.record import Record, SlotRecord


class Seat(Record, frozen=True):
    row: int
    letter: str = "A"


class Row(SlotRecord):
    __slots__ = ("number", "seats")

    number: int
    seats: tuple[Seat, ...]

    def __init__(self, number: int, seats: tuple[Seat, ...] = ()) -> None:
        object.__setattr__(self, "number", number)
        object.__setattr__(self, "seats", seats)


class WideRow(Row):
    __slots__ = ()


def test_a_record_is_replaced_not_changed() -> None:
    seat = Seat(1)
    assert seat._replace(letter="B") == Seat(1, "B")
    assert seat._asdict() == {"row": 1, "letter": "A"}
    with pytest.raises(AttributeError):
        seat.row = 2


def test_a_slot_record_is_replaced_not_changed() -> None:
    row = Row(1, (Seat(1),))
    assert row._replace(number=2) == Row(2, (Seat(1),))
    assert row._asdict() == {"number": 1, "seats": (Seat(1),)}
    with pytest.raises(
        AttributeError, match=r'Row to be left as it is, got: a new value for "number"\. .*_replace'
    ):
        row.number = 2
    with pytest.raises(AttributeError, match=r'got: del "number"'):
        del row.number


def test_slot_records_compare_by_class_and_fields() -> None:
    assert Row(1) == Row(1) != Row(2)
    assert hash(Row(1)) == hash(Row(1))
    assert Row(1) != WideRow(1)
    assert Row(1) != 1
    assert WideRow.wire_fields == ("number", "seats")
    assert repr(Row(1)) == "Row(number=1, seats=())"


@pytest.mark.parametrize("value", [Seat(1), Row(1, (Seat(2),)), WideRow(3)])
def test_records_are_pickled(value: object) -> None:
    assert pickle.loads(pickle.dumps(value)) == value
