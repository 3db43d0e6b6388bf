"""Pauses of the search for garbage."""

from __future__ import annotations

import gc

import pytest

from dagster._process.collection import paused_collection


@pytest.fixture(autouse=True)
def enabled():
    was_enabled = gc.isenabled()
    gc.enable()
    yield
    (gc.enable if was_enabled else gc.disable)()


def test_it_goes_on_afterwards() -> None:
    with paused_collection():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_goes_on_after_an_error() -> None:
    @paused_collection()
    def fail() -> None:
        raise ValueError(str(gc.isenabled()))

    for _ in range(2):
        with pytest.raises(ValueError, match="False"):
            fail()
        assert gc.isenabled()


def test_what_the_program_switched_off_stays_off() -> None:
    gc.disable()
    with paused_collection(), paused_collection():
        pass
    assert not gc.isenabled()
