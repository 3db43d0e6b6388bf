"""Composition: what calls of ops and graphs mean inside the function of a graph or job."""

from __future__ import annotations

import threading
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, NoReturn

import dagster._check as check
from dagster._core.definitions.graph.dependency import (
    DependencyDefinition,
    DynamicCollectDependencyDefinition,
    IDependencyDefinition,
    MappedInputPlaceholder,
    MultiDependencyDefinition,
    Node,
)
from dagster._core.definitions.inputs import InputMapping
from dagster._core.definitions.naming import check_valid_name
from dagster._core.errors import DagsterInvalidDefinitionError, DagsterInvariantViolationError
from dagster._core.records.retry import RetryPolicy
from dagster._core.records.tags import normalize_tags
from dagster._text import shown, unknown

if TYPE_CHECKING:
    from dagster._core.definitions.hook import HookDefinition
    from dagster._core.definitions.node import NodeDefinition


_BEFORE = "It comes before the call: op.{0}(...)(), not op().{0}(...)."


class InvokedNodeOutputHandle:
    """The future output of a node that was placed in a graph. It only says where a value comes from."""

    __slots__ = ("node_kind", "node_name", "output_name")

    def __init__(self, node_name: str, output_name: str, node_kind: str) -> None:
        self.node_name = node_name
        self.output_name = output_name
        self.node_kind = node_kind

    def _refuse(self, use: str) -> NoReturn:
        raise DagsterInvariantViolationError(
            f'Attempted to {use} of {self.node_kind} "{self.node_name}" inside of a graph. While a graph '
            "is composed, ops do not run and have no values yet: an output can only be passed to another "
            "op or graph, or returned. Move the code that needs the value into an op."
        )

    def __iter__(self) -> NoReturn:
        self._refuse(f'iterate over the output "{self.output_name}"')

    def __getitem__(self, idx: object) -> NoReturn:
        self._refuse(f'index with {shown(idx)} into the output "{self.output_name}"')

    def __bool__(self) -> bool:  # noqa: PLE0304 - it never returns
        self._refuse(f'test the truth of the output "{self.output_name}"')

    def _calculate(self, *_others: object) -> NoReturn:
        self._refuse(f'calculate with the output "{self.output_name}"')

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __mod__ = _calculate
    __lt__ = __le__ = __gt__ = __ge__ = __len__ = _calculate

    def _refuse_method(self, call: str, advice: str) -> NoReturn:
        raise DagsterInvariantViolationError(
            f'Attempted to call {call} on the output "{self.output_name}" of {self.node_kind} '
            f'"{self.node_name}" inside of a graph. {advice}'
        )

    def alias(self, _name: str) -> NoReturn:
        self._refuse_method(".alias()", _BEFORE.format("alias"))

    def tag(self, _tags: object) -> NoReturn:
        self._refuse_method(".tag()", _BEFORE.format("tag"))

    def with_hooks(self, _hook_defs: object) -> NoReturn:
        self._refuse_method(".with_hooks()", _BEFORE.format("with_hooks"))

    def map(self, _fn: object) -> NoReturn:
        self._refuse_method(
            ".map()",
            "It is not dynamic: declare it with DynamicOut, or pass it to the next op directly.",
        )

    def collect(self) -> NoReturn:
        self._refuse_method(
            ".collect()", "It is not dynamic: pass it to the next op directly, or several in a list."
        )

    def __repr__(self) -> str:
        return f'<output "{self.output_name}" of {self.node_kind} "{self.node_name}">'


class InvokedNodeDynamicFanIn:
    """What ``.collect()`` gives: all values of a dynamic output as a list."""

    __slots__ = ("node_name", "output_name")

    def __init__(self, node_name: str, output_name: str) -> None:
        self.node_name = node_name
        self.output_name = output_name

    def __repr__(self) -> str:
        return f'<collected output "{self.output_name}" of "{self.node_name}">'


class InvokedNodeDynamicOutputWrapper:
    """The future values of a dynamic output, or of what runs for each of them."""

    __slots__ = ("node_kind", "node_name", "output_name")

    def __init__(self, node_name: str, output_name: str, node_kind: str) -> None:
        self.node_name = node_name
        self.output_name = output_name
        self.node_kind = node_kind

    def unwrap_for_dep(self) -> InvokedNodeOutputHandle:
        """Return the handle of one of the values."""
        return InvokedNodeOutputHandle(self.node_name, self.output_name, self.node_kind)

    def map(self, fn: Callable[[Any], Any]) -> Any:
        """Run what the function places in the graph once for each value.

        Args:
            fn: Takes the handle of one value, calls ops or graphs with it, and returns their outputs.

        Returns:
            The outputs, dynamic themselves: ``.map`` them on, or ``.collect()`` them.
        """
        check.callable_param(fn, "fn")
        result = fn(self.unwrap_for_dep())
        if result is None:
            return None
        if isinstance(result, InvokedNodeOutputHandle):
            return InvokedNodeDynamicOutputWrapper(
                result.node_name, result.output_name, result.node_kind
            )
        if isinstance(result, InvokedNodeDynamicOutputWrapper):
            return result
        if isinstance(result, tuple):
            wrapped = [
                InvokedNodeDynamicOutputWrapper(r.node_name, r.output_name, r.node_kind)
                if isinstance(r, InvokedNodeOutputHandle)
                else r
                for r in result
            ]
            for item in wrapped:
                check.invariant(
                    isinstance(item, InvokedNodeDynamicOutputWrapper),
                    f"The function given to .map() must return outputs of ops, got: {shown(item)}",
                )
            return type(result)(*wrapped) if hasattr(result, "_fields") else tuple(wrapped)
        raise DagsterInvalidDefinitionError(
            f'The function given to .map() on output "{self.output_name}" of {self.node_kind} '
            f'"{self.node_name}" must return outputs of the ops it calls, or None, got: {shown(result)}'
        )

    def collect(self) -> InvokedNodeDynamicFanIn:
        """Return all values as one list, for an input that takes a list."""
        return InvokedNodeDynamicFanIn(self.node_name, self.output_name)

    def _refuse(self, use: str) -> NoReturn:
        raise DagsterInvariantViolationError(
            f'Attempted to {use} the dynamic output "{self.output_name}" of {self.node_kind} '
            f'"{self.node_name}". Use .map(fn) to run ops once for each of its values, or .collect() to '
            "gather them in a list."
        )

    def __iter__(self) -> Iterator[Any]:
        self._refuse("iterate over")

    def __getitem__(self, idx: object) -> NoReturn:
        self._refuse(f"index with {shown(idx)} into")

    def __bool__(self) -> bool:  # noqa: PLE0304 - it never returns
        self._refuse("test the truth of")

    def alias(self, _name: str) -> NoReturn:
        self._refuse("alias")

    def with_hooks(self, _hook_defs: object) -> NoReturn:
        self._refuse("put hooks on")

    def __repr__(self) -> str:
        return f'<dynamic output "{self.output_name}" of {self.node_kind} "{self.node_name}">'


class InputMappingNode:
    """An input of the graph that is being composed."""

    __slots__ = ("input_name",)

    def __init__(self, input_name: str) -> None:
        self.input_name = input_name

    def _refuse(self, use: str) -> NoReturn:
        raise DagsterInvariantViolationError(
            f'Attempted to {use} the graph input "{self.input_name}". While a graph is composed, '
            "inputs have no values yet: pass it to an op."
        )

    def __iter__(self) -> Iterator[Any]:
        self._refuse("iterate over")

    def __getitem__(self, idx: object) -> NoReturn:
        self._refuse(f"index with {shown(idx)} into")

    def __bool__(self) -> bool:  # noqa: PLE0304 - it never returns
        self._refuse("test the truth of")

    def _calculate(self, *_others: object) -> NoReturn:
        self._refuse("calculate with")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __mod__ = _calculate
    __lt__ = __le__ = __gt__ = __ge__ = __len__ = _calculate

    def __repr__(self) -> str:
        return f'<graph input "{self.input_name}">'


class Composition:
    """What the function of one graph has placed in it so far.

    Args:
        name: The name of the graph, for messages.
        decorator: ``@graph``, ``@job``, ``@pipeline`` … for messages.
    """

    __slots__ = ("_counts", "decorator", "dependencies", "input_mappings", "name", "nodes")

    def __init__(self, name: str, decorator: str) -> None:
        self.name = name
        self.decorator = decorator
        self.nodes: dict[str, Node] = {}
        self.dependencies: dict[str, dict[str, IDependencyDefinition]] = {}
        self.input_mappings: list[InputMapping] = []
        self._counts: dict[str, int] = {}

    def invoke(
        self,
        definition: NodeDefinition,
        alias: str | None,
        tags: Mapping[str, str] | None,
        hook_defs: AbstractSet[HookDefinition] | None,
        retry_policy: RetryPolicy | None,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """Place a node and return handles of its outputs."""
        name = alias or definition.name
        nodes = self.nodes
        if name in nodes:
            name = self._free_name(name, alias)
        inputs: dict[str, IDependencyDefinition] = {}
        if args:
            names = definition.positional_inputs
            if len(args) == 1 and names and type(arg := args[0]) is InvokedNodeOutputHandle:
                # What most calls in most graphs are.
                inputs[names[0]] = DependencyDefinition(arg.node_name, arg.output_name)
            else:
                self._connect_positional(definition, name, args, inputs)
        for input_name, arg in kwargs.items():
            if input_name not in definition.input_dict:
                raise DagsterInvalidDefinitionError(
                    f"In {self.decorator} {self.name}, {definition.describe_node()}: "
                    f"{unknown('input', input_name, definition.input_dict)}"
                )
            if input_name in inputs:
                raise DagsterInvalidDefinitionError(
                    f"In {self.decorator} {self.name}, {definition.describe_node()} got input "
                    f'"{input_name}" both by position and by name.'
                )
            self._connect(definition, name, input_name, arg, inputs)
        nodes[name] = Node(name, definition, tags, hook_defs, retry_policy)
        self.dependencies[name] = inputs
        output_defs = definition.output_defs
        if len(output_defs) == 1:
            return _output_handle(output_defs[0], name, definition.node_kind)
        return _output_handles(definition, name)

    def _connect_positional(
        self,
        definition: NodeDefinition,
        node_name: str,
        args: tuple[Any, ...],
        inputs: dict[str, IDependencyDefinition],
    ) -> None:
        names = definition.positional_inputs
        if len(args) > len(names):
            # Inputs that the function does not take, those of type Nothing, come after it.
            names = [*names, *(n for n in definition.input_dict if n not in names)]
        if len(args) > len(names):
            raise DagsterInvalidDefinitionError(
                f"In {self.decorator} {self.name}, received too many inputs for "
                f"{definition.describe_node()}: it takes {len(names)} by position, got {len(args)}."
            )
        for input_name, arg in zip(names, args, strict=False):
            self._connect(definition, node_name, input_name, arg, inputs)

    def _free_name(self, name: str, alias: str | None) -> str:
        if alias is not None:
            raise DagsterInvalidDefinitionError(
                f'In {self.decorator} {self.name}, the name "{alias}" is used twice. '
                "Give one of the two nodes another alias."
            )
        count = self._counts.get(name, 1)
        while True:
            count += 1
            candidate = f"{name}_{count}"
            if candidate not in self.nodes:
                self._counts[name] = count
                return candidate

    def _connect(
        self,
        definition: NodeDefinition,
        node_name: str,
        input_name: str,
        arg: Any,
        inputs: dict[str, IDependencyDefinition],
    ) -> None:
        kind = type(arg)
        if kind is InvokedNodeOutputHandle:
            inputs[input_name] = DependencyDefinition(arg.node_name, arg.output_name)
        elif kind is InputMappingNode:
            self.input_mappings.append(InputMapping(arg.input_name, node_name, input_name))
        elif kind is InvokedNodeDynamicFanIn:
            inputs[input_name] = DynamicCollectDependencyDefinition(arg.node_name, arg.output_name)
        elif kind is list:
            inputs[input_name] = self._fan_in(definition, node_name, input_name, arg)
        else:
            raise DagsterInvalidDefinitionError(self._wrong_argument(definition, input_name, arg))

    def _fan_in(
        self, definition: NodeDefinition, node_name: str, input_name: str, items: list[Any]
    ) -> MultiDependencyDefinition:
        dependencies: list[Any] = []
        for position, item in enumerate(items):
            if isinstance(item, InvokedNodeOutputHandle):
                dependencies.append(DependencyDefinition(item.node_name, item.output_name))
            elif isinstance(item, InputMappingNode):
                dependencies.append(MappedInputPlaceholder)
                self.input_mappings.append(
                    InputMapping(item.input_name, node_name, input_name, fan_in_index=position)
                )
            else:
                raise DagsterInvalidDefinitionError(
                    f"{self._wrong_argument(definition, input_name, item)} (at index {position} of the list)"
                )
        return MultiDependencyDefinition(dependencies)

    def _wrong_argument(self, definition: NodeDefinition, input_name: str, arg: Any) -> str:
        start = (
            f"In {self.decorator} {self.name}, received invalid type {type(arg).__name__} for input "
            f'"{input_name}" of {definition.describe_node()}'
        )
        if isinstance(arg, InvokedNodeDynamicOutputWrapper):
            return (
                f"{start}: the output comes from a dynamic output. Use .map(fn) to run "
                f"{definition.describe_node()} once for each value, or .collect() to pass all of them."
            )
        if isinstance(arg, tuple) and hasattr(arg, "_fields"):
            names = [str(f) for f in getattr(arg, "_fields", ())]
            return (
                f"{start}: the node has several outputs ({', '.join(names)}). Pick one, for instance "
                f'".{names[0] if names else "name"}".'
            )
        if isinstance(arg, InvokedNodeDynamicFanIn):
            return (
                f"{start}: a collected output is a list already and cannot be inside of another. Pass it to "
                "an input of its own."
            )
        if isinstance(arg, PendingNodeInvocation) or hasattr(arg, "describe_node"):
            return f"{start}: it was not called. Write {getattr(arg, 'name', 'it')}() to use its output."
        if arg is None:
            return f"{start}, got None: the call that it comes from has no outputs to pass on."
        return (
            f"{start}. Must pass the output of a previous op or graph, or an input of the graph, got: "
            f"{shown(arg)}. Constants come in through config, a default value, or an op that returns them."
        )


def _output_handles(definition: NodeDefinition, node_name: str) -> Any:
    defs = definition.output_defs
    if not defs:
        return None
    outputs = namedtuple(f"_{definition.name}_outputs", [d.name for d in defs], rename=True)
    outputs.__getattr__ = _refuse_unknown_output  # type: ignore[attr-defined]
    return outputs(*[_output_handle(d, node_name, definition.node_kind) for d in defs])


def _refuse_unknown_output(outputs: Any, name: str) -> NoReturn:
    node = type(outputs).__name__.removeprefix("_").removesuffix("_outputs")
    raise AttributeError(f'"{node}" in this graph has {unknown("output", name, outputs._fields)}')


def _output_handle(output_def: Any, node_name: str, node_kind: str) -> Any:
    cls = InvokedNodeDynamicOutputWrapper if output_def.is_dynamic else InvokedNodeOutputHandle
    return cls(node_name, output_def.name, node_kind)


class _Stack(threading.local):
    def __init__(self) -> None:
        self.compositions: list[Composition] = []


_stack = _Stack()


def active_composition() -> Composition | None:
    """Return the composition of the graph function that is running in this thread, or None."""
    compositions = _stack.compositions
    return compositions[-1] if compositions else None


def compose(composition: Composition, fn: Callable[..., Any], kwargs: dict[str, Any]) -> Any:
    """Call the function of a graph and return what it returns, with its calls recorded."""
    _stack.compositions.append(composition)
    try:
        return fn(**kwargs)
    finally:
        _stack.compositions.pop()


class PendingNodeInvocation:
    """A definition with the alias, tags, hooks and policy of one use, before it is placed in a graph.

    Args:
        node_def: The definition.
        given_alias: The name in the graph.
        tags: Tags on top of the definition's own.
        hook_defs: Hooks.
        retry_policy: In place of the definition's own.
    """

    __slots__ = ("given_alias", "hook_defs", "node_def", "retry_policy", "tags")

    def __init__(
        self,
        node_def: NodeDefinition,
        given_alias: str | None,
        tags: Mapping[str, Any] | None,
        hook_defs: AbstractSet[HookDefinition] | None,
        retry_policy: RetryPolicy | None,
    ) -> None:
        self.node_def = node_def
        self.given_alias = check_valid_name(given_alias, "alias") if given_alias is not None else None
        self.tags = normalize_tags(tags) if tags else None
        self.hook_defs = frozenset(hook_defs or ())
        self.retry_policy = check.opt_inst_param(retry_policy, "retry_policy", RetryPolicy)

    @property
    def name(self) -> str:
        return self.given_alias or self.node_def.name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        composition = active_composition()
        if composition is None:
            return self.node_def.call_outside_composition(args, kwargs, self)
        return composition.invoke(
            self.node_def,
            self.given_alias,
            self.tags,
            self.hook_defs,
            self.retry_policy,
            args,
            kwargs,
        )

    def _with(self, **changes: Any) -> PendingNodeInvocation:
        fields = {name: getattr(self, name) for name in self.__slots__}
        return PendingNodeInvocation(**{**fields, **changes})

    def alias(self, name: str) -> PendingNodeInvocation:
        """Return this invocation under another name."""
        return self._with(given_alias=name)

    def tag(self, tags: Mapping[str, Any] | None) -> PendingNodeInvocation:
        """Return this invocation with more tags."""
        return self._with(tags={**(self.tags or {}), **(tags or {})})

    def with_hooks(self, hook_defs: AbstractSet[HookDefinition]) -> PendingNodeInvocation:
        """Return this invocation with more hooks."""
        return self._with(hook_defs=self.hook_defs | frozenset(hook_defs))

    def with_retry_policy(self, retry_policy: RetryPolicy) -> PendingNodeInvocation:
        """Return this invocation with a retry policy."""
        return self._with(retry_policy=retry_policy)

    def to_job(self, **kwargs: Any) -> Any:
        """Return a job of the graph with this invocation's hooks, tags and alias."""
        to_job = getattr(self.node_def, "to_job", None)
        if to_job is None:
            raise DagsterInvalidDefinitionError(
                f"{self.node_def.describe_node()} cannot become a job: only graphs can."
            )
        kwargs["hooks"] = frozenset(kwargs.get("hooks") or ()) | self.hook_defs
        kwargs["tags"] = {**(self.tags or {}), **(kwargs.get("tags") or {})}
        kwargs.setdefault("name", self.given_alias)
        kwargs.setdefault("op_retry_policy", self.retry_policy)
        return to_job(**kwargs)

    def execute_in_process(self, **kwargs: Any) -> Any:
        """Run the graph in this process, with this invocation's hooks."""
        run_arguments = {
            key: kwargs.pop(key)
            for key in (
                "run_config",
                "instance",
                "raise_on_error",
                "op_selection",
                "run_id",
                "input_values",
            )
            if key in kwargs
        }
        resources = kwargs.pop("resources", None)
        if kwargs:
            raise TypeError(f"unexpected arguments: {', '.join(kwargs)}")
        return self.to_job(resource_defs=resources).execute_in_process(**run_arguments)
