"""Calling hooks directly, as functions."""

from __future__ import annotations

import pytest

import dagster._check as check
from dagster._core.definitions.hook import (
    HookDefinition,
    event_list_hook,
    failure_hook,
    success_hook,
)
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.resource.decorator import resource
from dagster._core.errors import (
    DagsterInvalidDefinitionError,
    DagsterInvalidInvocationError,
    DagsterInvalidPropertyError,
    DagsterInvariantViolationError,
)
from dagster._core.execution.direct_invocation_hook import build_hook_context
from dagster._core.instance.instance import DagsterInstance
from dagster._core.records.user_events import HookExecutionResult


@op
def work():
    pass


@success_hook(required_resource_keys={"sink"})
def tell(context):
    context.resources.sink.append(context.op.name)
    return 5


def test_hook_runs_with_what_the_context_was_given() -> None:
    sink: list[str] = []
    assert tell(build_hook_context(resources={"sink": sink}, op=work)) == 5
    assert tell(context=build_hook_context(resources={"sink": sink}, op=work.alias("other"))) == 5
    assert sink == ["work", "other"]


def test_context_tells_what_it_was_given() -> None:
    error = ValueError("x")
    instance = DagsterInstance.ephemeral()
    seen = []

    @failure_hook
    def look(context):
        seen.append(
            (
                context.run_id,
                context.job_name,
                context.pipeline_name,
                context.op_exception,
                context.instance,
                context.hook_def,
                context.required_resource_keys,
            )
        )
        context.log.info("hook")

    look(build_hook_context(run_id="r", job_name="j", op_exception=error, instance=instance))
    assert seen == [("r", "j", "j", error, instance, look, frozenset())]


@pytest.mark.parametrize("name", ["run_id", "job_name", "op"])
def test_what_was_not_given_is_refused_with_its_parameter(name: str) -> None:
    with pytest.raises(
        DagsterInvalidPropertyError,
        match=f"Attribute '{name}' was not provided when constructing context. Provide a value for the "
        f"'{name}' parameter on 'build_hook_context'",
    ):
        getattr(build_hook_context(), name)


@pytest.mark.parametrize(
    "name",
    ["step", "step_key", "op_config", "op_output_values", "op_output_metadata", "hook_def"],
)
def test_there_is_no_step(name: str) -> None:
    with pytest.raises(
        DagsterInvalidPropertyError, match=f"The {name} property is not set when a `HookContext`"
    ):
        getattr(build_hook_context(), name)


def test_instance_is_refused_unless_given() -> None:
    with pytest.raises(DagsterInvariantViolationError, match="no instance was provided"):
        _ = build_hook_context().instance


def test_missing_resource_is_refused() -> None:
    for context in (None, build_hook_context()):
        with pytest.raises(
            DagsterInvalidDefinitionError, match="resource with key \"sink\" required by hook 'tell'"
        ):
            tell(context)


def test_resource_with_teardown_needs_a_with_block() -> None:
    events = []

    @resource
    def opened(_):
        events.append("setup")
        yield []
        events.append("teardown")

    with pytest.raises(
        DagsterInvariantViolationError, match=r"`with build_hook_context\(\.\.\.\) as context:`"
    ):
        tell(build_hook_context(resources={"sink": opened}, op=work))
    events.clear()
    with build_hook_context(resources={"sink": opened}, op=work) as context:
        tell(context)
    assert events == ["setup", "teardown"]


def test_hook_of_all_events_takes_the_list() -> None:
    @event_list_hook
    def count(context, event_list):
        return HookExecutionResult("count", is_skipped=not event_list)

    assert count(build_hook_context(), [1]).is_skipped is False
    assert count(None, event_list=[]).is_skipped is True
    with pytest.raises(
        DagsterInvalidInvocationError, match="expects two parameters, context and event_list, but 1"
    ):
        count(None)
    with pytest.raises(
        DagsterInvalidInvocationError, match="Could not find expected argument 'event_list'"
    ):
        count(None, events=[])


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((), {}, "expects one parameter, context, but 0 were provided"),
        ((None, None), {}, "expects one parameter, context, but 2 were provided"),
        ((), {"ctx": None}, "Could not find expected argument 'context'"),
        ((5,), {}, "expected context to be a context made by build_hook_context, or None"),
    ],
)
def test_wrong_arguments_are_refused(args, kwargs, message) -> None:
    with pytest.raises(DagsterInvalidInvocationError, match=message):
        tell(*args, **kwargs)


def test_undecorated_hook_is_refused() -> None:
    raw = HookDefinition(name="raw", hook_fn=lambda _context, _events: HookExecutionResult("raw"))
    with pytest.raises(DagsterInvalidInvocationError, match="which was not made with a decorator"):
        raw(None)


def test_op_must_be_an_op() -> None:
    with pytest.raises(check.ParameterCheckError, match="expected op to be"):
        build_hook_context(op=5)  # type: ignore[arg-type]
