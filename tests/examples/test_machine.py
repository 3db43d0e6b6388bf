from __future__ import annotations

import pytest

from examples.flights import machine


def test_without_a_file_it_is_up():
    machine.reach(None)


def test_it_is_down_for_the_first_and_up_for_all_others(tmp_path):
    file = tmp_path / "new" / "is_up"
    with pytest.raises(ConnectionError, match="the next attempt will find it up"):
        machine.reach(str(file))
    machine.reach(str(file))
    machine.reach(str(file))
    assert "is up since" in file.read_text()


def test_without_its_file_it_is_down_again(tmp_path):
    file = tmp_path / "is_up"
    for _ in range(2):
        with pytest.raises(ConnectionError, match="the test machine is down"):
            machine.reach(str(file))
        file.unlink()
