"""Names of nodes, steps and step outputs. Made once, when a plan is compiled."""

from __future__ import annotations

from collections.abc import Sequence

from dagster._wire.record import Record


class NodeHandle(Record, frozen=True, gc=False):
    """The path of a node from the top graph: ``outer.inner.op``.

    Args:
        name: The node's own name in its graph.
        parent: The handle of the graph node around it; None at the top.
    """

    name: str
    parent: NodeHandle | None = None

    @property
    def path(self) -> list[str]:
        """The names from the top to this node."""
        names: list[str] = []
        handle: NodeHandle | None = self
        while handle is not None:
            names.append(handle.name)
            handle = handle.parent
        names.reverse()
        return names

    @property
    def root(self) -> NodeHandle:
        """The handle of the top-level node that holds this one."""
        handle = self
        while handle.parent is not None:
            handle = handle.parent
        return handle

    def to_string(self) -> str:
        """Return the dotted form, which is also the key of the step."""
        return self.name if self.parent is None else ".".join(self.path)

    def __str__(self) -> str:
        return self.to_string()

    def child(self, name: str) -> NodeHandle:
        """Return the handle of a node inside this graph node."""
        return NodeHandle(name, self)

    def is_or_descends_from(self, other: NodeHandle) -> bool:
        """Return whether this is the other node or inside of it."""
        mine, theirs = self.path, other.path
        return mine[: len(theirs)] == theirs

    def pop(self, ancestor: NodeHandle) -> NodeHandle | None:
        """Return the handle relative to an ancestor, or None if it is not one."""
        if not self.is_or_descends_from(ancestor):
            return None
        rest = self.path[len(ancestor.path) :]
        return NodeHandle.from_path(rest) if rest else None

    def with_ancestor(self, ancestor: NodeHandle | None) -> NodeHandle:
        """Return the handle below another one."""
        return self if ancestor is None else NodeHandle.from_path(ancestor.path + self.path)

    @staticmethod
    def from_path(path: Sequence[str]) -> NodeHandle:
        """Return the handle of a path of names, which must not be empty."""
        handle: NodeHandle | None = None
        for name in path:
            handle = NodeHandle(name, handle)
        if handle is None:
            raise ValueError("expected path to be a sequence of at least one name, got: []")
        return handle

    @staticmethod
    def from_string(text: str) -> NodeHandle:
        """Return the handle of a dotted name."""
        return NodeHandle.from_path(text.split("."))


class StepHandle(Record, frozen=True, gc=False):
    """The name of a step that is known when the plan is compiled.

    Args:
        node_handle: The op's node.
        key: The step key; the dotted handle.
    """

    node_handle: NodeHandle
    key: str

    def to_key(self) -> str:
        return self.key


class UnresolvedStepHandle(Record, frozen=True, gc=False):
    """The name of a step that runs once per mapping key, before the keys are known: ``op[?]``."""

    node_handle: NodeHandle

    def to_key(self) -> str:
        return f"{self.node_handle}[?]"

    def resolve(self, mapping_key: str) -> ResolvedFromDynamicStepHandle:
        """Return the handle for one mapping key."""
        return ResolvedFromDynamicStepHandle(
            self.node_handle, mapping_key, f"{self.node_handle}[{mapping_key}]"
        )


class ResolvedFromDynamicStepHandle(Record, frozen=True, gc=False):
    """The name of a step made for one mapping key: ``op[key]``."""

    node_handle: NodeHandle
    mapping_key: str
    key: str

    def to_key(self) -> str:
        return self.key

    @property
    def unresolved_form(self) -> UnresolvedStepHandle:
        return UnresolvedStepHandle(self.node_handle)


class StepOutputHandle(Record, frozen=True, gc=False):
    """The name of one value that a step gives.

    Args:
        step_key: The step.
        output_name: The output.
        mapping_key: The key, for a dynamic output.
    """

    step_key: str
    output_name: str = "result"
    mapping_key: str | None = None


AnyStepHandle = StepHandle | ResolvedFromDynamicStepHandle
