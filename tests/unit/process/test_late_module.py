"""A late module is loaded by its first use, and then as good as the module."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dagster._process.late_module import LateModule

SOURCE = "value = object()\n\ndef double(number):\n    return number * 2\n"


@pytest.fixture
def name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "seldom_needed.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "seldom_needed", raising=False)
    return "seldom_needed"


def test_it_is_loaded_by_the_first_use(name: str) -> None:
    late = LateModule(name)
    assert name not in sys.modules
    assert late.double(21) == 42
    assert name in sys.modules
    sys.modules.pop(name)


def test_what_was_asked_for_is_kept(name: str) -> None:
    late = LateModule(name)
    value = late.value
    assert late.value is value is sys.modules[name].value
    # Not asked for again: the module is not there any more.
    sys.modules.pop(name)
    assert late.value is value
    assert name not in sys.modules


def test_what_is_not_there_is_refused_as_by_the_module(name: str) -> None:
    with pytest.raises(AttributeError, match="has no attribute 'triple'"):
        _ = LateModule(name).triple
    sys.modules.pop(name)


def test_a_module_that_is_not_there_says_so_when_it_is_used() -> None:
    late = LateModule("dagster.no_such_module")
    with pytest.raises(ModuleNotFoundError, match=r"dagster\.no_such_module"):
        _ = late.anything


def test_it_shows_what_it_stands_for_without_loading_it(name: str) -> None:
    assert repr(LateModule(name)) == "<late module 'seldom_needed'>"
    assert name not in sys.modules
