"""The selection grammar against a brute-force oracle."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster._core.definitions.selection import (
    ALL_LEVELS,
    SelectionClause,
    SelectionGraph,
    parse_clause,
    select,
    split_clauses,
)
from dagster._core.errors import DagsterInvalidSubsetError


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("a", SelectionClause("a")),
        ("  a ", SelectionClause("a")),
        ("*a", SelectionClause("a", up=ALL_LEVELS)),
        ("a*", SelectionClause("a", down=ALL_LEVELS)),
        ("*a*", SelectionClause("a", ALL_LEVELS, ALL_LEVELS)),
        ("+a", SelectionClause("a", up=1)),
        ("++a+++", SelectionClause("a", 2, 3)),
        ("+*a", SelectionClause("a", up=ALL_LEVELS)),
        ("a+*", SelectionClause("a", down=ALL_LEVELS)),
        ("a.b_c-1[key]", SelectionClause("a.b_c-1[key]")),
        ("a[?]", SelectionClause("a[?]")),
        ("a*b", SelectionClause("a*b")),
        ("a*b*", SelectionClause("a*b", down=ALL_LEVELS)),
        ("sub.*", SelectionClause("sub.*")),
        ("sub.*+", SelectionClause("sub.*", down=1)),
        ("*.b", SelectionClause("*.b")),
        ("*", SelectionClause("*")),
        ("", None),
        ("a b", None),
        ("a,b", None),
        ("+", None),
        ("**", None),
        ("a+b", None),
        ("a/b", None),
    ],
)
def test_clauses(text: str, clause: SelectionClause | None) -> None:
    assert parse_clause(text) == clause


def test_text_of_several_clauses() -> None:
    assert split_clauses(" a+, *b ,, c") == ["a+", "*b", "c"]


NAMES = [f"n{i}" for i in range(8)]


@st.composite
def dags(draw: st.DrawFn) -> dict[str, list[str]]:
    size = draw(st.integers(1, len(NAMES)))
    return {
        NAMES[i]: draw(st.lists(st.sampled_from(NAMES[:i]), max_size=3)) if i else []
        for i in range(size)
    }


LEVELS = st.sampled_from(["", "+", "++", "+++", "*"])


def brute_force(upstream: dict[str, list[str]], name: str, up: str, down: str) -> set[str]:
    """Walk the edges level by level, without any of the code under test."""

    def walk(neighbours: dict[str, set[str]], signs: str) -> set[str]:
        levels = len(upstream) if "*" in signs else len(signs)
        found = {name}
        for _ in range(levels):
            found |= {n for f in found for n in neighbours[f]}
        return found

    above = {n: set(s) for n, s in upstream.items()}
    below = {n: {m for m, s in upstream.items() if n in s} for n in upstream}
    return walk(above, up) | walk(below, down)


@given(dags(), st.lists(st.tuples(st.sampled_from(NAMES), LEVELS, LEVELS), min_size=1, max_size=3))
def test_selection_is_the_union_of_what_clauses_reach(
    upstream: dict[str, list[str]], clauses: list[tuple[str, str, str]]
) -> None:
    known = [c for c in clauses if c[0] in upstream]
    texts = [f" {up}{name}{down} " for name, up, down in clauses]
    graph = SelectionGraph(upstream)
    if len(known) < len(clauses):
        with pytest.raises(DagsterInvalidSubsetError, match="No qualified ops to execute found for"):
            select(texts, graph, what="op", where="job 'j'")
    else:
        expected = set().union(*(brute_force(upstream, *c) for c in known))
        assert select(texts, graph, what="op", where="job 'j'") == expected


@given(
    st.sets(st.text("ab.[]", min_size=1, max_size=4), min_size=1), st.text("ab.", min_size=1, max_size=3)
)
def test_wildcards_stand_for_any_characters(names: set[str], part: str) -> None:
    pattern = f"{part}*{part}"
    graph = SelectionGraph({name: [] for name in names})
    expected = {n for n in names if fnmatch.fnmatchcase(n, pattern)} - {pattern}
    assert graph.matches(SelectionClause(pattern)) == expected


def test_names_with_brackets_are_names() -> None:
    graph = SelectionGraph({"a[k]": [], "a[l]": [], "ak": []})
    assert select(["a[k]"], graph, what="step", where="w") == {"a[k]"}
    assert select(["a[*]"], graph, what="step", where="w") == {"a[k]", "a[l]"}
    assert select(["*"], graph, what="step", where="w") == {"a[k]", "a[l]", "ak"}


def test_unknown_sources_are_ignored() -> None:
    assert SelectionGraph({"a": ["gone", "gone"], "b": ["a", "a"]}).upstream == {"a": [], "b": ["a"]}


def test_messages() -> None:
    graph = SelectionGraph({"load": [], "clean": ["load"]})
    with pytest.raises(
        DagsterInvalidSubsetError,
        match=r'No qualified ops to execute found for "claen" in selection \[\'claen\+\'\] on job "x". '
        r'Did you mean "clean"\? Known: "load", "clean".',
    ):
        select(["claen+"], graph, what="op", where='job "x"')
    with pytest.raises(DagsterInvalidSubsetError, match="'a b' is not a clause of solid selection"):
        select(["a b"], graph, what="solid", where="w")
    with pytest.raises(DagsterInvalidSubsetError, match=r"The op selection \[\] for w is empty"):
        select([], graph, what="op", where="w")
