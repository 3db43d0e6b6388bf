"""The selection grammar: which nodes or steps a list of clauses means. Pure.

A clause is ``[*][+…]NAME[+…][*]``: ``*`` takes all ancestors or descendants, each ``+`` one level more.
A ``*`` inside a name is a wildcard, and a ``*`` alone means everything. Clauses are united; spaces around
them do not count.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence

from dagster._core.errors import DagsterInvalidSubsetError
from dagster._text import did_you_mean, listed, shown
from dagster._wire.record import Record

# A star is a wildcard between characters of a name and beside a dot; before and after a name it takes
# ancestors and descendants.
_CLAUSE = re.compile(
    r"(?P<up>(?:\*(?!\.)|\+)*)"
    r"(?P<name>(?:[\w.\-\[\]?]|\*(?=[\w.\-\[\]?])|(?<=\.)\*)+)"
    r"(?P<down>[*+]*)\Z"
)
#: As many levels as there are.
ALL_LEVELS = -1


class SelectionClause(Record, frozen=True):
    """One clause.

    Args:
        name: The name, perhaps with wildcards.
        up: Levels of ancestors; :data:`ALL_LEVELS` for all.
        down: Levels of descendants.
    """

    name: str
    up: int = 0
    down: int = 0

    @property
    def is_pattern(self) -> bool:
        return "*" in self.name


def parse_clause(text: str) -> SelectionClause | None:
    """Return the clause that a text means, or None if it is none."""
    text = text.strip()
    if text == "*":
        return SelectionClause("*")
    match = _CLAUSE.match(text)
    if match is None:
        return None
    return SelectionClause(match["name"], _levels(match["up"]), _levels(match["down"]))


def _levels(signs: str) -> int:
    return ALL_LEVELS if "*" in signs else len(signs)


def split_clauses(text: str) -> list[str]:
    """Return the clauses of a comma separated text, as a command line or text box gives it."""
    return [part.strip() for part in text.split(",") if part.strip()]


class SelectionGraph:
    """What a selection is made from: names and who depends on whom.

    Args:
        upstream: For each name, the names that it depends on. Names that are not keys are ignored.
    """

    __slots__ = ("downstream", "upstream")

    def __init__(self, upstream: Mapping[str, Iterable[str]]) -> None:
        self.upstream = {
            name: [s for s in dict.fromkeys(sources) if s in upstream]
            for name, sources in upstream.items()
        }
        self.downstream: dict[str, list[str]] = {name: [] for name in upstream}
        for name, sources in self.upstream.items():
            for source in sources:
                self.downstream[source].append(name)

    def matches(self, clause: SelectionClause) -> set[str]:
        """Return the names that a clause names itself, without ancestors and descendants."""
        if clause.name in self.upstream:
            return {clause.name}
        if clause.is_pattern:
            # fnmatch reads [..] as a set of characters; here brackets hold mapping keys.
            pattern = re.sub(r"[\[\]?]", lambda m: f"[{m[0]}]" if m[0] != "]" else "]", clause.name)
            return {name for name in self.upstream if fnmatch.fnmatchcase(name, pattern)}
        return set()

    def select(self, clause: SelectionClause) -> set[str]:
        """Return all names that a clause means."""
        start = self.matches(clause)
        return (
            start | _reach(start, self.upstream, clause.up) | _reach(start, self.downstream, clause.down)
        )


def _reach(start: set[str], edges: Mapping[str, Sequence[str]], levels: int) -> set[str]:
    seen = set(start)
    front = list(start)
    while front and levels != 0:
        levels -= 1
        following = {after for name in front for after in edges[name]} - seen
        seen |= following
        front = list(following)
    return seen


def select(clauses: Sequence[str], graph: SelectionGraph, *, what: str, where: str) -> set[str]:
    """Return the names that clauses mean.

    Args:
        clauses: The clauses.
        graph: What they select from.
        what: What the names are, for messages: ``op``, ``solid``, ``step``.
        where: What holds them, for messages: ``job "x"``.

    Raises:
        DagsterInvalidSubsetError: If a clause cannot be read or matches nothing.
    """
    selected: set[str] = set()
    for text in clauses:
        clause = parse_clause(text) if isinstance(text, str) else None
        if clause is None:
            raise DagsterInvalidSubsetError(
                f"{shown(text)} is not a clause of {what} selection {shown(list(clauses))} for {where}: "
                'expected [*][+…]NAME[+…][*], for instance "name", "name+", "+name", "*name" or "name*".'
            )
        found = graph.select(clause)
        if not found:
            raise DagsterInvalidSubsetError(no_match(clause.name, clauses, graph.upstream, what, where))
        selected |= found
    if not selected:
        raise DagsterInvalidSubsetError(
            f"The {what} selection {shown(list(clauses))} for {where} is empty. Name at least one."
        )
    return selected


def no_match(name: str, clauses: Sequence[str], known: Iterable[str], what: str, where: str) -> str:
    """Return the message for a clause that matches nothing."""
    names = list(known)
    return (
        f'No qualified {what}s to execute found for "{name}" in selection {shown(list(clauses))} on '
        f"{where}.{did_you_mean(name, names)} Known: {listed(names)}."
    )
