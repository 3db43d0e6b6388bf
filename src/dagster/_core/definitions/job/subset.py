"""A part of a job's graph, chosen by selection clauses."""

from __future__ import annotations

from collections.abc import Sequence

from dagster._core.definitions.graph.definition import GraphDefinition, subset_of_graph
from dagster._core.definitions.graph.leaves import leaf_upstream
from dagster._core.definitions.selection import (
    SelectionGraph,
    no_match,
    parse_clause,
    select,
)
from dagster._core.errors import DagsterInvalidSubsetError


def top_level_graph(graph: GraphDefinition) -> SelectionGraph:
    """Return the top-level nodes and what each depends on."""
    return SelectionGraph(
        {
            name: [
                edge.node
                for dependency in graph.dependencies.get(name, {}).values()
                for edge in dependency.get_node_dependencies()
            ]
            for name in graph.node_dict
        }
    )


def resolve_selection(
    graph: GraphDefinition, clauses: Sequence[str], *, what: str = "op", where: str
) -> set[str]:
    """Return the handles that clauses mean: top-level names, and dotted paths into nested graphs.

    A clause without a dot moves among the top-level nodes; one with a dot among all ops at any depth.

    Raises:
        DagsterInvalidSubsetError: If a clause cannot be read or matches nothing.
    """
    top = top_level_graph(graph)
    nested: SelectionGraph | None = None
    selected: set[str] = set()
    for text in clauses:
        clause = parse_clause(text) if isinstance(text, str) else None
        if clause is None or "." not in clause.name:
            selected |= select([text], top, what=what, where=where)
            continue
        if nested is None:
            nested = SelectionGraph(leaf_upstream(graph))
        found = nested.select(clause)
        if not found and not clause.up and not clause.down:
            # A dotted path may name a nested graph as a whole.
            found = {n for n in nested.upstream if n.startswith(f"{clause.name}.")}
        if not found:
            raise DagsterInvalidSubsetError(
                no_match(
                    clause.name, clauses, dict.fromkeys([*top.upstream, *nested.upstream]), what, where
                )
            )
        selected |= found
    if not selected:
        raise DagsterInvalidSubsetError(
            f"The {what} selection {list(clauses)!r} for {where} is empty. Name at least one {what}, or give "
            "no selection (None) to run all."
        )
    return selected


def select_from_graph(
    graph: GraphDefinition, clauses: Sequence[str], *, what: str = "op", where: str
) -> tuple[GraphDefinition, frozenset[str]]:
    """Return the part of a graph that clauses mean, and the handles in it."""
    handles = resolve_selection(graph, clauses, what=what, where=where)
    # A whole node wins over paths into it.
    paths = [h.split(".") for h in sorted(handles) if "." not in h or h.split(".")[0] not in handles]
    return subset_of_graph(graph, paths), frozenset(handles)
