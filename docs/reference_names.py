"""MkDocs hook: the reference pages list the public names by topic, straight from their table.

A page says ``<!-- names: config -->`` and gets one entry for each name which stands under the comment
``# config`` in ``src/dagster/_names.py``. So no name can be forgotten, and none outlives its definition.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MARK = re.compile(r"^<!-- names: (?P<topic>.+?) -->$", re.MULTILINE)
LINE = re.compile(r'^ {4}(?:# (?P<topic>[^\n]+)|"(?P<name>\w+)": "(?P<target>[\w.:]+)",)$', re.MULTILINE)

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


def entry(name: str, target: str) -> str:
    """Return the markdown that documents one public name."""
    module, _, attribute = target.partition(":")
    if module in FOREIGN:
        return f"### `{name}`\n\nPython's own `{module}.{attribute or name}`.\n"
    return f"::: {module}.{attribute or name}\n    options:\n      heading: {name}\n"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace each mark of a page by the entries of its topic."""
    if "<!-- names:" not in markdown and "<!-- changelog -->" not in markdown:
        return markdown
    topics = names_by_topic()

    def entries(match: re.Match[str]) -> str:
        return "\n".join(entry(name, target) for name, target in topics.get(match["topic"], {}).items())

    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    return MARK.sub(entries, markdown).replace("<!-- changelog -->", changelog)
