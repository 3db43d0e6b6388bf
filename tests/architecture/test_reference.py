"""The reference pages show every public name exactly once."""

from __future__ import annotations

import importlib.util
import re
from types import ModuleType

import pytest

from dagster._names import PUBLIC
from tests.architecture.sources import ROOT


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "reference_names", ROOT / "docs" / "reference_names.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_name_stands_under_a_topic(hook: ModuleType) -> None:
    by_topic = hook.names_by_topic()
    assert {name: target for names in by_topic.values() for name, target in names.items()} == PUBLIC


def test_every_topic_has_its_page(hook: ModuleType) -> None:
    marks = [
        topic
        for page in sorted((ROOT / "docs").rglob("*.md"))
        for topic in re.findall(hook.MARK, page.read_text(encoding="utf-8"))
    ]
    assert sorted(marks) == sorted(hook.names_by_topic())


def test_a_mark_becomes_the_entries_of_its_topic(hook: ModuleType) -> None:
    page = hook.on_page_markdown("## Errors\n\n<!-- names: errors -->\n")
    assert "::: dagster._core.errors.DagsterError\n" in page


def test_a_page_without_marks_is_left_alone(hook: ModuleType) -> None:
    assert hook.on_page_markdown("# Ops\n") == "# Ops\n"
