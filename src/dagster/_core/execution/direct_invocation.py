"""Calling an op directly, as a function: ``my_op(context, 1)`` outside of any graph."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any

from dagster._config.config_function import plain_config
from dagster._core.definitions.op.function import DecoratedOpFunction
from dagster._core.definitions.op.signature import Parameter
from dagster._core.definitions.resource.config import resolve_definition_config
from dagster._core.definitions.resource.context_resources import ContextResources
from dagster._core.definitions.resource.requirement import (
    ResourceRequirement,
    ensure_requirements_satisfied,
)
from dagster._core.definitions.resource.scoped import NO_RESOURCES, Resources
from dagster._core.errors import (
    DagsterInvalidInvocationError,
    DagsterInvariantViolationError,
    DagsterTypeCheckDidNotPass,
)
from dagster._core.execution.compute import events_of_value, is_event
from dagster._core.execution.direct_op_context import DirectCall, DirectOpExecutionContext
from dagster._core.execution.op_context import CURRENT_STEP
from dagster._core.records.user_events import DynamicOutput, Output
from dagster._text import did_you_mean, listed, shown, unknown

if TYPE_CHECKING:
    from dagster._core.definitions.graph.invocation import PendingNodeInvocation
    from dagster._core.definitions.op.definition import OpDefinition
    from dagster._core.definitions.types.dagster_type import DagsterType


def invoke_op(
    op_def: OpDefinition,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    invocation: PendingNodeInvocation | None = None,
) -> Any:
    """Run the function of an op and return what it returns, after checks of inputs, config and outputs.

    A generator gives a generator of the same outputs and events, a coroutine a coroutine, an async
    generator an async generator. What the function raises comes out unchanged.

    Args:
        op_def: The op.
        args: The context, if the function takes it, then inputs, config and resources in the order of
            the function's parameters.
        kwargs: The same by name.
        invocation: What was called, if the op got an alias, tags or hooks first.

    Raises:
        DagsterInvalidInvocationError: If the arguments do not fit.
        DagsterInvalidConfigError: If the config does not fit.
        DagsterInvalidDefinitionError: If a resource is missing.
        DagsterTypeCheckDidNotPass: If an input or output is not of its type.
        DagsterInvariantViolationError: If what the function gives does not fit the op's outputs.
    """
    function = op_def.function
    if not isinstance(function, DecoratedOpFunction):
        raise DagsterInvalidInvocationError(
            f"Attempted to directly invoke {op_def.describe_node()}, which was not made with a decorator. "
            "Only decorated functions can be directly invoked. Run it in a job."
        )
    call = _Call(op_def, function, _Arguments(op_def, function, args, dict(kwargs)), invocation)
    if function.is_generator:
        return call.stream_async() if function.is_async else call.stream()
    return call.awaited() if function.is_async else call.run()


class _Arguments:
    """The arguments of a call, sorted by what they mean."""

    __slots__ = ("config", "context", "has_config", "inputs", "resources")

    def __init__(
        self,
        op_def: OpDefinition,
        function: DecoratedOpFunction,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        signature = function.signature
        context, args = _context_of(op_def, function, args, kwargs)
        self.context = context if context is not None else DirectOpExecutionContext()
        given = _by_name(op_def, function, args, kwargs)
        self.has_config = signature.config is not None and "config" in given
        self.config: Any = given.pop("config") if self.has_config else None
        self.resources = {p.name: given.pop(p.name) for p in signature.resources if p.name in given}
        self.inputs = _inputs(op_def, function, given)


def _context_of(
    op_def: OpDefinition,
    function: DecoratedOpFunction,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> tuple[DirectOpExecutionContext | None, tuple[Any, ...]]:
    """Return the context among the arguments and the rest of those by position."""
    parameter = function.signature.context
    if args and isinstance(args[0], DirectOpExecutionContext):
        return args[0], args[1:]
    if parameter is None:
        # A function that does not take the context may still get config and resources by it.
        if isinstance(kwargs.get("context"), DirectOpExecutionContext):
            return kwargs.pop("context"), args
        return None, args
    build = "Pass one made by build_op_context(), or None"
    if parameter.name in kwargs:
        context = kwargs.pop(parameter.name)
    elif args and args[0] is None:
        context, args = None, args[1:]
    else:
        found = ""
        if args and getattr(args[0], "__dagster_op_context__", False):
            found = " The context of a running op cannot be handed on."
        elif args:
            found = f" The first argument is {shown(args[0])}."
        elif kwargs:
            found = f" Provided by name: {listed(kwargs)}."
        raise DagsterInvalidInvocationError(
            f"Decorated function '{function.name}' has context argument, but no context was provided when "
            f"invoking.{found} {build}. {_called(op_def, function)}"
        )
    if context is not None and not isinstance(context, DirectOpExecutionContext):
        raise DagsterInvalidInvocationError(
            f"Decorated function '{function.name}' has context argument '{parameter.name}', but it got "
            f"{shown(context)}. {build}."
        )
    return context, args


def _by_name(
    op_def: OpDefinition,
    function: DecoratedOpFunction,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> dict[str, Any]:
    """Return all arguments but the context by the name of their parameter."""
    signature = function.signature
    described = op_def.describe_node()
    positional = [p.name for p in signature.parameters if not p.keyword_only]
    if len(args) > len(positional):
        nothing = [d.name for d in op_def.input_defs if d.dagster_type.is_nothing]
        why = (
            f" This may be because you attempted to provide a value for a nothing dependency "
            f"({listed(nothing)}). Nothing dependencies are ignored when directly invoking ops."
            if nothing
            else " This may be because an argument was provided for the context parameter, but no context "
            "parameter was defined for the op."
            if signature.context is None
            else ""
        )
        raise DagsterInvalidInvocationError(
            f"Too many input arguments were provided for {described}: it takes {len(positional)} by position, "
            f"got {len(args)}.{why} {_called(op_def, function)}"
        )
    given = dict(zip(positional, args, strict=False))
    known = {p.name for p in signature.parameters}
    for name, value in kwargs.items():
        input_def = op_def.input_dict.get(name)
        if input_def is not None and input_def.dagster_type.is_nothing:
            raise DagsterInvalidInvocationError(
                f"Attempted to provide value for nothing input '{name}' of {described}. Nothing dependencies "
                "are ignored when directly invoking ops."
            )
        if name in given:
            raise DagsterInvalidInvocationError(
                f"{described} got multiple values for argument '{name}'."
            )
        if name not in known and input_def is None and not signature.takes_any_keyword:
            raise DagsterInvalidInvocationError(
                f"{described} got an unexpected argument '{name}'.{did_you_mean(name, known)} "
                f"{_called(op_def, function)}"
            )
        given[name] = value
    return given


def _inputs(
    op_def: OpDefinition, function: DecoratedOpFunction, given: dict[str, Any]
) -> dict[str, Any]:
    """Return the values of all inputs, defaults where none was given."""
    inputs = dict(given)
    for input_def in op_def.input_defs:
        if input_def.name in given or input_def.dagster_type.is_nothing:
            continue
        if not input_def.has_default_value:
            raise DagsterInvalidInvocationError(
                f'No value provided for required input "{input_def.name}" of {op_def.describe_node()}. '
                f"{_called(op_def, function)}"
            )
        inputs[input_def.name] = input_def.default_value
    return inputs


def _called(op_def: OpDefinition, function: DecoratedOpFunction) -> str:
    """Return how an op is to be called, for messages."""
    signature = function.signature
    parts = [signature.context.name] if signature.context is not None else []
    defaults = {d.name: d.default_value for d in op_def.input_defs if d.has_default_value}
    star = False
    for parameter in signature.parameters:
        if parameter.keyword_only and not star:
            star = True
            parts.append("*")
        parts.append(_shown_parameter(parameter, defaults, op_def))
    return f"Call it as {op_def.name}({', '.join(parts)})."


def _shown_parameter(parameter: Parameter, defaults: Mapping[str, Any], op_def: OpDefinition) -> str:
    name = parameter.name
    input_def = op_def.input_dict.get(name)
    if input_def is None:
        kind = getattr(parameter.annotation, "__name__", "resource")
        return f"{name}: {kind}"
    shape = name if input_def.dagster_type.is_any else f"{name}: {input_def.dagster_type.display_name}"
    return f"{shape} = {shown(defaults[name])}" if name in defaults else shape


class _Call:
    """One direct call of an op, from its arguments to its last output."""

    __slots__ = ("_arguments", "_context", "_function", "_invocation", "_op_config", "_op_def")

    def __init__(
        self,
        op_def: OpDefinition,
        function: DecoratedOpFunction,
        arguments: _Arguments,
        invocation: PendingNodeInvocation | None,
    ) -> None:
        self._op_def = op_def
        self._function = function
        self._arguments = arguments
        self._context = arguments.context
        self._invocation = invocation
        # Generators start later, but bad arguments are told now.
        self._op_config = self._read_config()
        self._check_resources()

    def _read_config(self) -> Any:
        given = self._context.given_config
        if self._arguments.has_config:
            if given is not None:
                raise DagsterInvalidInvocationError(
                    f"Cannot provide config in both context and kwargs: {self._op_def.describe_node()} got it "
                    "by its parameter 'config' and by build_op_context."
                )
            given = self._arguments.config
        return resolve_definition_config(self._op_def, plain_config(given), "Error in config for op")

    def _check_resources(self) -> None:
        given = self._context.given_resources
        known = set() if given is None else set(given.resource_defs)
        twice = sorted(known & self._arguments.resources.keys())
        if twice:
            raise DagsterInvalidInvocationError(
                f"Cannot provide resources in both context and kwargs: {self._op_def.describe_node()} got "
                f"{listed(twice)} by parameter and by build_op_context."
            )
        ensure_requirements_satisfied(
            dict.fromkeys([*known, *self._arguments.resources]),
            [
                ResourceRequirement(key, self._op_def.describe_node())
                for key in sorted(self._op_def.required_resource_keys)
            ],
        )

    # The stages that all kinds of functions share

    def _begin(self, stack: ExitStack) -> _Outputs:
        """Set up resources and bind the context, both undone at the end of the stack; check the inputs."""
        context = self._context
        outer = context.given_resources
        resources = NO_RESOURCES if outer is None else outer.get()
        if self._arguments.resources:
            own = ContextResources(self._arguments.resources, "build_op_context", instance=None)
            own.open()
            stack.push(own.close)
            resources = Resources(
                {**resources.original_resource_dict, **own.get().original_resource_dict}
            )
        call = DirectCall(self._op_def, self._op_config, resources, self._invocation)
        context.bind(call)
        stack.callback(context.unbind)
        for name, value in self._arguments.inputs.items():
            input_def = self._op_def.input_dict.get(name)
            if input_def is not None:
                _check_type(context, input_def.dagster_type, value, "input", name)
        return _Outputs(context, call)

    def _invoke(self) -> Any:
        with _current(self._context):
            return self._function.invoke(self._context, self._arguments.inputs)

    def run(self) -> Any:
        """Call a plain function."""
        with ExitStack() as stack:
            outputs = self._begin(stack)
            result = self._invoke()
            # A plain function may return what another function made.
            if isinstance(result, GeneratorType):
                return self._rest_of(result, outputs, stack.pop_all())
            if isinstance(result, AsyncGeneratorType):
                return self._rest_of_async(result, outputs, stack.pop_all())
            if isinstance(result, CoroutineType):
                return self._result_of(result, outputs, stack.pop_all())
            outputs.check_value(result)
            return result

    def stream(self) -> Iterator[Any]:
        """Call a generator function."""
        with ExitStack() as stack:
            outputs = self._begin(stack)
            yield from self._rest_of(self._invoke(), outputs, stack.pop_all())

    async def stream_async(self) -> AsyncIterator[Any]:
        """Call an async generator function."""
        with ExitStack() as stack:
            outputs = self._begin(stack)
            rest = self._rest_of_async(self._invoke(), outputs, stack.pop_all())
            try:
                async for item in rest:
                    yield item
            finally:
                await rest.aclose()

    async def awaited(self) -> Any:
        """Call a coroutine function."""
        with ExitStack() as stack:
            outputs = self._begin(stack)
            return await self._result_of(self._invoke(), outputs, stack.pop_all())

    def _rest_of(
        self, items: Generator[Any, Any, Any], outputs: _Outputs, stack: ExitStack
    ) -> Iterator[Any]:
        with stack:
            try:
                while True:
                    try:
                        with _current(self._context):
                            item = next(items)
                    except StopIteration as end:
                        if end.value is not None:
                            yield from map(outputs.take, events_of_value(self._op_def, end.value))
                        break
                    yield outputs.take(item)
                yield from outputs.finish()
            finally:
                items.close()

    async def _rest_of_async(
        self, items: AsyncGenerator[Any, Any], outputs: _Outputs, stack: ExitStack
    ) -> AsyncGenerator[Any, None]:
        with stack:
            try:
                while True:
                    try:
                        with _current(self._context):
                            item = await anext(items)
                    except StopAsyncIteration:
                        break
                    yield outputs.take(item)
                for item in outputs.finish():
                    yield item
            finally:
                await items.aclose()

    async def _result_of(
        self, coroutine: Coroutine[Any, Any, Any], outputs: _Outputs, stack: ExitStack
    ) -> Any:
        with stack:
            with _current(self._context):
                result = await coroutine
            outputs.check_value(result)
            return result


@contextmanager
def _current(context: DirectOpExecutionContext) -> Iterator[None]:
    """Make a context the one that ``OpExecutionContext.get()`` gives."""
    outer = CURRENT_STEP.get()
    CURRENT_STEP.set(context)
    try:
        yield
    finally:
        CURRENT_STEP.set(outer)


class _Outputs:
    """Checks what a function gives against the outputs of its op."""

    __slots__ = ("_call", "_context", "_described", "_op_def")

    def __init__(self, context: DirectOpExecutionContext, call: DirectCall) -> None:
        self._context = context
        self._call = call
        self._op_def = call.op_def
        self._described = call.op_def.describe_node()

    def check_value(self, value: Any) -> None:
        """Check a returned value."""
        for event in events_of_value(self._op_def, value):
            self.take(event)
        for _ in self.finish():
            pass

    def take(self, item: Any) -> Any:
        """Check one thing that the function gave and return it."""
        if not isinstance(item, (Output, DynamicOutput)):
            if not is_event(item):
                raise DagsterInvariantViolationError(
                    f"Invocation of {self._described} yielded {shown(item)}. When yielding outputs from a "
                    "generator, they should be wrapped in an `Output` object."
                )
            return item
        name = item.output_name
        output_def = self._op_def.output_dict.get(name)
        if output_def is None:
            raise DagsterInvariantViolationError(
                f'Invocation of {self._described} returned an output "{name}" that does not exist: '
                f"{unknown('output', name, self._op_def.output_dict)}"
            )
        if output_def.is_dynamic != isinstance(item, DynamicOutput):
            declared, wanted = (
                ("dynamic", "a DynamicOutput") if output_def.is_dynamic else ("plain", "an Output")
            )
            raise DagsterInvariantViolationError(
                f"Invocation of {self._described} gave {type(item).__name__} for the {declared} output "
                f"'{name}', which takes {wanted}."
            )
        key: Any = (name, item.mapping_key) if isinstance(item, DynamicOutput) else name
        if key in self._call.seen:
            keyed = f" with mapping_key '{key[1]}'" if isinstance(item, DynamicOutput) else ""
            raise DagsterInvariantViolationError(
                f"Invocation of {self._described} yielded an output '{name}'{keyed} multiple times."
            )
        _check_type(self._context, output_def.dagster_type, item.value, "output", name)
        self._call.seen.update((key, name))
        return item

    def finish(self) -> Iterator[Output[Any]]:
        """Yield the outputs of type Nothing that were not given; refuse any other that is missing."""
        for output_def in self._op_def.output_defs:
            if output_def.name in self._call.seen or output_def.is_dynamic:
                continue
            if output_def.dagster_type.is_nothing:
                yield Output(None, output_def.name)
            elif output_def.is_required:
                raise DagsterInvariantViolationError(
                    f"Invocation of {self._described} did not return an output for non-optional output "
                    f'"{output_def.name}". Return or yield it, or declare it with is_required=False.'
                )


def _check_type(
    context: DirectOpExecutionContext, dagster_type: DagsterType, value: Any, what: str, name: str
) -> None:
    if dagster_type.is_any:
        return
    result = dagster_type.type_check(context.for_type(dagster_type), value)
    if not result.success:
        raise DagsterTypeCheckDidNotPass(
            description=(
                f'Type check failed for {context.describe_op()} {what} "{name}" - expected type '
                f'"{dagster_type.display_name}". Description: {result.description or "the check gave none"}'
            ),
            metadata=result.metadata,
            dagster_type=dagster_type,
        )
