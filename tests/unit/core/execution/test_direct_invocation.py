"""Calling ops directly, as functions."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dagster._config.pythonic import Config, EnvVar
from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.inputs import In
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.op.definition import OpDefinition
from dagster._core.definitions.outputs import DynamicOut, Out
from dagster._core.definitions.resource.annotation import ResourceParam
from dagster._core.definitions.resource.decorator import resource
from dagster._core.definitions.resource.pythonic import ConfigurableResource
from dagster._core.definitions.types.builtins import Nothing
from dagster._core.definitions.types.dagster_type import DagsterType
from dagster._core.errors import (
    DagsterInvalidConfigError,
    DagsterInvalidDefinitionError,
    DagsterInvalidInvocationError,
    DagsterInvariantViolationError,
    DagsterTypeCheckDidNotPass,
)
from dagster._core.execution.direct_op_context import build_op_context
from dagster._core.execution.op_context import OpExecutionContext
from dagster._core.records.user_events import (
    AssetMaterialization,
    DynamicOutput,
    Failure,
    Output,
    RetryRequested,
)


@op
def add(x: int, y: int = 5) -> int:
    return x + y


@op
def with_context(context, x):
    return context.op_config, x


def refused(call: Callable[[], Any], *parts: str, error: type = DagsterInvalidInvocationError) -> None:
    with pytest.raises(error) as caught:
        call()
    for part in parts:
        assert part in str(caught.value)


# Inputs


def test_inputs_come_by_position_by_name_and_by_default() -> None:
    assert add(1, 2) == 3
    assert add(x=1) == 6
    assert add(1, y=1) == 2


def test_missing_input_is_refused_with_the_signature() -> None:
    refused(
        add,
        "No value provided for required input \"x\" of op 'add'.",
        "Call it as add(x: Int, y: Int = 5).",
    )


def test_too_many_arguments_are_refused() -> None:
    refused(
        lambda: add(1, 2, 3),
        "Too many input arguments were provided for op 'add': it takes 2 by position, got 3.",
        "no context parameter was defined for the op",
    )


def test_unknown_argument_is_refused_with_the_nearest_name() -> None:
    @op
    def load(table, limit=5):
        return table, limit

    refused(lambda: load(1, limits=2), "got an unexpected argument 'limits'.", 'Did you mean "limit"?')


def test_argument_given_twice_is_refused() -> None:
    refused(lambda: add(1, x=2), "op 'add' got multiple values for argument 'x'.")


def test_keyword_only_and_positional_only_parameters() -> None:
    @op
    def kinds(a, /, b, *, c=3):
        return a, b, c

    assert kinds(1, 2) == (1, 2, 3)
    assert kinds(a=1, b=2, c=4) == (1, 2, 4)
    refused(lambda: kinds(1, 2, 3), "it takes 2 by position, got 3.", "kinds(a, b, *, c = 3)")


def test_inputs_by_keyword_arguments() -> None:
    @op(ins={"x": In(int), "z": In(int)})
    def gather(x, **rest):
        return x, rest

    assert gather(1, z=2) == (1, {"z": 2})
    refused(lambda: gather(1), 'required input "z"')


def test_default_of_in_is_used() -> None:
    @op(ins={"x": In(int, default_value=4)})
    def double(x):
        return x * 2

    assert double() == 8


def test_nothing_inputs_are_left_out() -> None:
    @op(ins={"start": In(Nothing), "x": In(int)})
    def after(x):
        return x

    assert after(1) == 1
    refused(
        lambda: after(1, start=None),
        "Attempted to provide value for nothing input 'start'",
        "Nothing dependencies are ignored when directly invoking ops.",
    )
    refused(lambda: after(1, 2), 'a value for a nothing dependency ("start")')


def test_inputs_are_type_checked() -> None:
    refused(
        lambda: add("a"),
        'Type check failed for op "add" input "x" - expected type "Int".',
        'Value "a" of python type "str" must be a int.',
        error=DagsterTypeCheckDidNotPass,
    )


def test_a_partial_and_a_callable_object_are_ops() -> None:
    class Doubler:
        def __call__(self, x: int) -> int:
            return 2 * x

    class Counter:
        def __call__(self, n: int) -> Iterator[Output[int]]:
            yield Output(n)

    def base(context, a, b):
        return a + b

    assert op(name="partial")(functools.partial(base, b=2))(None, 1) == 3
    assert op(name="double")(Doubler())(4) == 8
    assert [o.value for o in op(name="count")(Counter())(4)] == [4]


# The context


def test_context_is_required_where_the_function_takes_it() -> None:
    message = "Decorated function 'with_context' has context argument, but no context was provided when invoking."
    refused(lambda: with_context(1), message, "The first argument is 1.")
    refused(with_context, message, "Call it as with_context(context, x).")
    refused(lambda: with_context(x=1), message, 'Provided by name: "x".')
    refused(lambda: with_context(context=5, x=1), "has context argument 'context', but it got 5.")


def test_none_stands_for_an_empty_context() -> None:
    assert with_context(None, 1) == (None, 1)
    assert with_context(context=None, x=1) == (None, 1)


def test_context_by_position_and_by_the_name_of_its_parameter() -> None:
    @op
    def underscored(_context):
        return _context.run_id

    context = build_op_context(config={"a": 1})
    assert with_context(context, 1) == ({"a": 1}, 1)
    assert with_context(context=context, x=1) == ({"a": 1}, 1)
    assert underscored(_context=context) == "EPHEMERAL"


def test_context_may_be_given_to_a_function_that_does_not_take_it() -> None:
    assert add(build_op_context(), 1) == 6
    assert add(context=build_op_context(), x=1) == 6


def test_context_of_a_running_op_cannot_be_handed_on() -> None:
    @op
    def caller(context):
        refused(lambda: with_context(context, 1), "The context of a running op cannot be handed on.")
        return add(1, 1)

    @graph
    def calls():
        caller()

    assert calls.execute_in_process().output_for_node("caller") == 2


def test_current_context_is_found_inside_of_all_kinds_of_functions() -> None:
    context = build_op_context()

    @op
    def plain():
        return OpExecutionContext.get()

    @op
    def generator():
        yield Output(OpExecutionContext.get())

    @op
    async def coroutine():
        await asyncio.sleep(0)
        return OpExecutionContext.get()

    assert plain(context) is context
    assert [o.value for o in generator(context)] == [context]
    assert asyncio.run(coroutine(context)) is context
    with pytest.raises(DagsterInvariantViolationError, match="No current OpExecutionContext in scope"):
        OpExecutionContext.get()


# Config


@op(config_schema={"a": int, "b": str})
def configured_op(context):
    return context.op_config


class Greeting(Config):
    name: str
    times: int = 1


@op
def greet(config: Greeting) -> str:
    return config.name * config.times


def test_config_is_checked_and_filled_with_defaults() -> None:
    assert configured_op(build_op_context(op_config={"a": 1, "b": "x"})) == {"a": 1, "b": "x"}
    refused(
        lambda: configured_op(build_op_context(config={"a": "x", "c": 1})),
        "Error in config for op",
        "a",
        '"c"',
        '"b"',
        error=DagsterInvalidConfigError,
    )
    refused(
        lambda: configured_op(None),
        'Missing required config entry "config"',
        error=DagsterInvalidConfigError,
    )


def test_required_config_is_asked_for_without_a_context_too() -> None:
    @op(config_schema={"a": int})
    def no_context():
        return 1

    refused(no_context, 'Missing required config entry "config"', error=DagsterInvalidConfigError)


def test_config_class_comes_by_name_position_dict_or_context() -> None:
    assert greet(config=Greeting(name="a", times=2)) == "aa"
    assert greet(Greeting(name="a")) == "a"
    assert greet(config={"name": "b"}) == "b"
    assert greet(build_op_context(op_config={"name": "c", "times": 3})) == "ccc"
    assert greet(build_op_context(op_config=Greeting(name="d"))) == "d"


def test_config_in_two_places_is_refused() -> None:
    refused(
        lambda: greet(build_op_context(op_config={"name": "a"}), config=Greeting(name="b")),
        "Cannot provide config in both context and kwargs: op 'greet'",
    )


def test_config_of_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREETED", "eve")
    assert greet(config=Greeting(name=EnvVar("GREETED"))) == "eve"


def test_configured_op_gets_its_config() -> None:
    configured = configured_op.configured({"a": 1, "b": "z"}, name="done")
    assert configured(None) == {"a": 1, "b": "z"}


# Resources


class Tracked(ConfigurableResource):
    value: int

    def setup_for_execution(self, context) -> None:
        events.append("setup")

    def teardown_after_execution(self, context) -> None:
        events.append("teardown")


events: list[str] = []


@op
def use(r: Tracked) -> int:
    events.append("body")
    return r.value


@op
def use_streaming(r: Tracked):
    events.append("body")
    yield Output(r.value)


@pytest.fixture(autouse=True)
def _fresh_events() -> None:
    events.clear()


@op(required_resource_keys={"db"})
def query(context):
    return context.resources.db


def test_missing_resource_is_refused() -> None:
    for call in (lambda: query(None), lambda: query(build_op_context(resources={"dbb": 1}))):
        refused(
            call,
            "resource with key \"db\" required by op 'query' was not provided.",
            error=DagsterInvalidDefinitionError,
        )
    refused(use, 'resource with key "r"', error=DagsterInvalidDefinitionError)


def test_resources_are_values_or_definitions_with_config() -> None:
    @resource(config_schema={"n": int})
    def numbered(context):
        return context.resource_config["n"]

    assert query(build_op_context(resources={"db": 3})) == 3
    config = {"db": {"config": {"n": 2}}}
    assert query(build_op_context(resources={"db": numbered}, resources_config=config)) == 2
    refused(
        lambda: query(
            build_op_context(resources={"db": numbered}, resources_config={"db": {"config": {"n": "x"}}})
        ),
        "Error in config for resources",
        error=DagsterInvalidConfigError,
    )


def test_resource_with_teardown_needs_a_with_block() -> None:
    @resource
    def opened(_):
        events.append("setup")
        yield "handle"
        events.append("teardown")

    refused(
        lambda: query(build_op_context(resources={"db": opened})),
        "`with build_op_context(...) as context:`",
        error=DagsterInvariantViolationError,
    )
    events.clear()
    with build_op_context(resources={"db": opened}) as context:
        assert (query(context), query(context)) == ("handle", "handle")
        assert events == ["setup"]
    assert events == ["setup", "teardown"]


def test_resource_parameters_live_as_long_as_the_call() -> None:
    assert use(r=Tracked(value=1)) == 1
    assert events == ["setup", "body", "teardown"]
    events.clear()
    assert use(Tracked(value=2)) == 2
    events.clear()
    stream = use_streaming(r=Tracked(value=3))
    assert events == []
    assert [o.value for o in stream] == [3]
    assert events == ["setup", "body", "teardown"]


def test_resource_is_torn_down_when_the_function_raises_or_is_left() -> None:
    @op
    def broken(r: Tracked):
        raise ValueError("boom")

    refused(lambda: broken(r=Tracked(value=1)), "boom", error=ValueError)
    assert events == ["setup", "teardown"]
    events.clear()
    stream = use_streaming(r=Tracked(value=1))
    next(stream)
    stream.close()
    assert events == ["setup", "body", "teardown"]


def test_resource_parameters_come_by_context_or_name_and_not_by_both() -> None:
    @op
    def two(x: int, q: ResourceParam[str], config: Greeting, r: ResourceParam[int]):
        return x, q, config.name, r

    context = build_op_context(resources={"q": "q"}, op_config={"name": "n"})
    assert two(context, 1, r=5) == (1, "q", "n", 5)
    assert two(1, "q", Greeting(name="n"), 7) == (1, "q", "n", 7)
    refused(
        lambda: two(context, 1, q="z", r=5), "Cannot provide resources in both context and kwargs", '"q"'
    )


def test_type_checks_get_the_resources_they_ask_for() -> None:
    seen: list[Any] = []

    def check(context, value):
        seen.append(context.resources.limit)
        return value < context.resources.limit

    small = DagsterType(check, name="Small", required_resource_keys={"limit"})

    @op(ins={"x": In(small)})
    def take(x):
        return x

    assert take(build_op_context(resources={"limit": 3}), 2) == 2
    assert seen == [3]
    refused(
        lambda: take(build_op_context(resources={"limit": 3}), 5),
        'expected type "Small"',
        error=DagsterTypeCheckDidNotPass,
    )


# Outputs


def test_what_the_function_returns_comes_back_unchanged() -> None:
    @op(out={"a": Out(int), "b": Out(str)})
    def pair():
        return 1, "x"

    @op(out={"a": Out(int), "b": Out(str)})
    def by_name():
        return {"b": "x", "a": 1}

    @op
    def wrapped():
        return Output(5, metadata={"rows": 1})

    @op(out={"a": Out()})
    def named():
        return Output(5)

    assert pair() == (1, "x")
    assert by_name() == {"b": "x", "a": 1}
    assert wrapped().value == 5
    assert named().value == 5


@pytest.mark.parametrize(
    ("outs", "value", "error", "message"),
    [
        (Out(int), "s", DagsterTypeCheckDidNotPass, 'op "give" output "result" - expected type "Int"'),
        (Out(int), Output("s"), DagsterTypeCheckDidNotPass, 'output "result"'),
        (Out(Nothing), 5, DagsterTypeCheckDidNotPass, 'expected type "Nothing"'),
        ({"a": Out(), "b": Out(int)}, (1, "x"), DagsterTypeCheckDidNotPass, 'output "b"'),
        ({"a": Out(), "b": Out()}, (1,), DagsterInvariantViolationError, "a tuple of length 1"),
        ({"a": Out(), "b": Out()}, 5, DagsterInvariantViolationError, "it has multiple outputs"),
        ({"a": Out(), "b": Out()}, {"a": 1, "c": 2}, DagsterInvariantViolationError, "'c'"),
        ({"a": Out(), "b": Out()}, Output(1, "a"), DagsterInvariantViolationError, 'output "b"'),
        ({"a": Out(), "b": Out()}, None, DagsterInvariantViolationError, 'non-optional output "a"'),
        (Out(), Output(1, "zzz"), DagsterInvariantViolationError, 'an output "zzz" that does not exist'),
        ({}, 5, DagsterInvariantViolationError, "it has no outputs"),
        (DynamicOut(), [1], DagsterInvariantViolationError, "must yield DynamicOutput objects"),
        (
            Out(),
            DynamicOutput(1, "k"),
            DagsterInvariantViolationError,
            "gave DynamicOutput for the plain",
        ),
        (Out(), AssetMaterialization("k"), DagsterInvariantViolationError, 'output "result"'),
    ],
)
def test_returned_values_are_checked(outs: Any, value: Any, error: type, message: str) -> None:
    @op(out=outs)
    def give():
        return value

    refused(give, message, error=error)


@pytest.mark.parametrize(
    ("outs", "items", "error", "message"),
    [
        (
            {"a": Out()},
            [Output(1, "b")],
            DagsterInvariantViolationError,
            'output "b" that does not exist',
        ),
        ({"a": Out()}, [5], DagsterInvariantViolationError, "should be wrapped in an `Output` object"),
        ({"a": Out(int)}, [Output("s", "a")], DagsterTypeCheckDidNotPass, 'output "a"'),
        (
            {"a": Out()},
            [Output(1, "a"), Output(1, "a")],
            DagsterInvariantViolationError,
            "multiple times",
        ),
        ({"a": Out(), "b": Out()}, [Output(1, "a")], DagsterInvariantViolationError, 'output "b"'),
        ({"a": DynamicOut()}, [Output(1, "a")], DagsterInvariantViolationError, "takes a DynamicOutput"),
        (
            {"a": DynamicOut()},
            [DynamicOutput(1, "k", "a"), DynamicOutput(1, "k", "a")],
            DagsterInvariantViolationError,
            "mapping_key 'k' multiple times",
        ),
    ],
)
def test_yielded_values_are_checked(outs: Any, items: list[Any], error: type, message: str) -> None:
    @op(out=outs)
    def give():
        yield from items

    refused(lambda: list(give()), message, error=error)


def test_generator_gives_outputs_and_events_in_order() -> None:
    event = AssetMaterialization("k")

    @op(out={"a": Out(int), "n": Out(Nothing), "maybe": Out(is_required=False)})
    def give():
        yield Output(1, "a")
        yield event

    items = list(give())
    assert items[0].value == 1
    assert items[1] is event
    # An output of type Nothing is given by itself.
    assert (items[2].output_name, items[2].value) == ("n", None)
    assert len(items) == 3


def test_value_returned_by_a_generator_is_an_output() -> None:
    @op
    def give():
        yield AssetMaterialization("k")
        return 5

    assert [type(item) for item in give()] == [AssetMaterialization, Output]


def test_function_that_returns_a_generator_is_read_like_one() -> None:
    @op
    def give():
        return (Output(n) for n in (1,))

    assert [o.value for o in give()] == [1]


def test_dynamic_outputs() -> None:
    @op(out=DynamicOut(int))
    def spread():
        yield DynamicOutput(1, "a")
        yield DynamicOutput(2, "b")

    @op(out=DynamicOut(int))
    def spread_list():
        return [DynamicOutput(1, "a")]

    @op(out=DynamicOut(int))
    def none():
        yield from ()

    assert [(d.mapping_key, d.value) for d in spread()] == [("a", 1), ("b", 2)]
    assert spread_list()[0].value == 1
    assert list(none()) == []


def test_coroutines_and_async_generators() -> None:
    @op
    async def later(x: int) -> int:
        return x

    @op
    async def wrong() -> int:
        return "s"  # type: ignore[return-value]

    @op(out={"a": Out(), "b": Out()})
    async def stream():
        yield Output(1, "a")
        yield Output(2, "b")

    @op(out={"a": Out(), "b": Out()})
    async def short():
        yield Output(1, "a")

    async def collect(items):
        return [item async for item in items]

    assert asyncio.run(later(3)) == 3
    refused(lambda: asyncio.run(wrong()), 'expected type "Int"', error=DagsterTypeCheckDidNotPass)
    assert [o.value for o in asyncio.run(collect(stream()))] == [1, 2]
    refused(lambda: asyncio.run(collect(short())), 'output "b"', error=DagsterInvariantViolationError)


@pytest.mark.parametrize("error", [ValueError("boom"), Failure("broken"), RetryRequested(max_retries=2)])
def test_errors_of_the_function_come_out_unchanged(error: Exception) -> None:
    @op
    def broken():
        raise error

    @op
    def broken_stream():
        yield Output(1)
        raise error

    with pytest.raises(type(error)) as caught:
        broken()
    assert caught.value is error
    with pytest.raises(type(error)) as caught:
        list(broken_stream())
    assert caught.value is error


# What can be called


def test_aliased_and_tagged_invocations_run() -> None:
    @op
    def who(context):
        return context.op.name, dict(context.op.tags), context.describe_op()

    assert who.alias("zed")(None) == ("zed", {}, 'op "zed"')
    assert who.tag({"a": "b"})(None) == ("who", {"a": "b"}, 'op "who"')


def test_undecorated_op_and_graph_are_refused() -> None:
    raw = OpDefinition(name="raw", compute_fn=lambda _context, _inputs: iter([Output(1)]))
    refused(raw, "Only decorated functions can be directly invoked.", "'raw'")

    @graph
    def composed():
        add.alias("inner")(add(raw()))

    with pytest.raises(
        DagsterInvariantViolationError,
        match=r"Attempted to call graph 'composed' outside of .*composed\.execute_in_process\(\)",
    ):
        composed()
