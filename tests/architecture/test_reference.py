"""The reference pages show every public name exactly once."""

from __future__ import annotations

import importlib.util
import re
from types import ModuleType

import pytest

from dagster._names import PUBLIC
from tests.architecture.sources import ROOT


def load_hook(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    return load_hook("reference_names")


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


def test_the_first_page_links_every_name(hook: ModuleType) -> None:
    page = hook.on_page_markdown((ROOT / "docs" / "reference" / "index.md").read_text(encoding="utf-8"))
    missing = [name for name, target in PUBLIC.items() if hook.link(name, target) not in page]
    assert missing == []


def test_roles_of_docstrings_are_taken_out(hook: ModuleType) -> None:
    html = "<p>See :class:<code>~a.b.Field</code>, <code>x</code> and :py:meth:<code>Job.run</code>.</p>"
    shown = "<p>See <code>Field</code>, <code>x</code> and <code>run</code>.</p>"
    assert hook.on_page_content(html) == shown


def test_no_page_of_the_reference_is_empty() -> None:
    for page in (ROOT / "docs" / "reference").glob("*.md"):
        assert re.search(
            r"^<!-- (names:|topics|commands)|^```", page.read_text("utf-8"), re.MULTILINE
        ), page


def test_the_commands_stand_on_their_page_with_all_options() -> None:
    page = load_hook("reference_commands").on_page_markdown("<!-- commands -->")
    headings = re.findall(r"^##+ (.+)$", page, re.MULTILINE)
    assert {"dagster", "dagster job execute", "dagster pipeline execute"} <= set(headings)
    assert "| `-s`, `--solid-selection` `CLAUSES` |" in page
    assert "```text\ndagster job execute -f flights.py\n" in page
    assert "\b" not in page
