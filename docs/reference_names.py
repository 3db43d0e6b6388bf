"""MkDocs hook: the reference pages list the public names by topic, straight from their table.

A page says ``<!-- names: config -->`` and gets one entry for each name which stands under the comment
``# config`` in ``src/dagster/_names.py``. So no name can be forgotten, and none outlives its definition.
``<!-- topics -->`` gives the list of all topics with their names, each a link.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MARK = re.compile(r"^<!-- names: (?P<topic>.+?) -->$", re.MULTILINE)
LINE = re.compile(r'^ {4}(?:# (?P<topic>[^\n]+)|"(?P<name>\w+)": "(?P<target>[\w.:]+)",)$', re.MULTILINE)

TOPICS_MARK = "<!-- topics -->"
#: A heading and the mark of what stands below it.
HEADED = re.compile(r"^## (?P<heading>.+)\n\n<!-- names: (?P<topic>.+?) -->$", re.MULTILINE)
#: What docstrings say for readers of the source: ``:class:`Field` ``, with ``~`` and the path left out.
ROLE = re.compile(r":(?:py:)?(?:attr|class|data|exc|func|meth|mod|obj):<code>~?(?P<name>[^<]+)</code>")

#: Topics whose classes are documented with all members, also those that they inherit and those whose name
#: says everything: their users read them member by member.
WHOLE = frozenset({"execution", "contexts", "executing pipelines", "events"})

#: Names that are values of Python's own typing module or plain aliases have no docstring to show.
FOREIGN = ("typing",)


def names_by_topic() -> dict[str, dict[str, str]]:
    """Return the table of public names, split at its topic comments."""
    table = (ROOT / "src" / "dagster" / "_names.py").read_text(encoding="utf-8")
    topics: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for match in LINE.finditer(table[table.index("PUBLIC") :]):
        if match["topic"]:
            current = topics.setdefault(match["topic"], {})
        else:
            current[match["name"]] = match["target"]
    return topics


def entry(name: str, target: str, *, whole: bool = False) -> str:
    """Return the markdown that documents one public name.

    Args:
        name: The name.
        target: Its module, with ``:attribute`` where it has another name there.
        whole: Whether members that are inherited or have no docstring are documented too.
    """
    module, _, attribute = target.partition(":")
    if module in FOREIGN:
        return f"### `{name}`\n\nPython's own `{module}.{attribute or name}`.\n"
    members = "      inherited_members: true\n      show_if_no_docstring: true\n" if whole else ""
    return f"::: {module}.{attribute or name}\n    options:\n      heading: {name}\n{members}"


def topics_list(topics: dict[str, dict[str, str]]) -> str:
    """Return the topics of all pages, each with links to its names."""
    parts: list[str] = []
    for page in sorted((ROOT / "docs" / "reference").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        for match in HEADED.finditer(text):
            links = (link(name, target) for name, target in topics.get(match["topic"], {}).items())
            parts.append(f"**{match['heading']}** ([page]({page.name})): {', '.join(links)}\n")
    return "\n".join(parts)


def link(name: str, target: str) -> str:
    """Return a name that leads to its entry."""
    module, _, attribute = target.partition(":")
    return f"`{name}`" if module in FOREIGN else f"[`{name}`][{module}.{attribute or name}]"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace each mark of a page by the entries of its topic."""
    if not any(mark in markdown for mark in ("<!-- names:", TOPICS_MARK, "<!-- changelog -->")):
        return markdown
    topics = names_by_topic()

    def entries(match: re.Match[str]) -> str:
        whole = match["topic"] in WHOLE
        names = topics.get(match["topic"], {}).items()
        return "\n".join(entry(name, target, whole=whole) for name, target in names)

    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    markdown = MARK.sub(entries, markdown).replace("<!-- changelog -->", changelog)
    return markdown.replace(TOPICS_MARK, topics_list(topics))


def on_page_content(html: str, **_: Any) -> str:
    """Take the roles out of docstrings, which stand there for readers of the source."""
    return ROLE.sub(lambda match: f"<code>{match['name'].rpartition('.')[2]}</code>", html)
