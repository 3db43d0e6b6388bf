"""Hooks: what they are made of. What they do in runs is in core/execution/test_hooks.py."""

from __future__ import annotations

from typing import Any

import pytest

import dagster._check as check
from dagster._core.definitions.hook import (
    HookDefinition,
    event_list_hook,
    failure_hook,
    success_hook,
)
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._core.events.event_type import DagsterEventType
from dagster._core.records.user_events import HookExecutionResult


class Event:
    def __init__(self, event_type: DagsterEventType) -> None:
        self.event_type_value = event_type.value


SUCCESS, FAILURE = Event(DagsterEventType.STEP_SUCCESS), Event(DagsterEventType.STEP_FAILURE)


def test_forms_of_the_decorators() -> None:
    @success_hook
    def bare(context):
        pass

    @success_hook(name="named", required_resource_keys={"r"})
    def other(context):
        pass

    @failure_hook("older")
    def third(context):
        pass

    @failure_hook(required_resource_keys={"r"})
    def fourth(_):
        pass

    @event_list_hook(required_resource_keys={"r"})
    def fifth(context, event_list):
        return HookExecutionResult("fifth")

    @event_list_hook
    def sixth(context, events):
        return HookExecutionResult("sixth")

    hooks = [bare, other, third, fourth, fifth, sixth]
    assert [h.name for h in hooks] == ["bare", "named", "older", "fourth", "fifth", "sixth"]
    assert [bool(h.required_resource_keys) for h in hooks] == [False, True, False, True, True, False]
    assert repr(bare) == "HookDefinition('bare')"


@pytest.mark.parametrize(
    ("decorator", "event", "other"), [(success_hook, SUCCESS, FAILURE), (failure_hook, FAILURE, SUCCESS)]
)
def test_they_run_on_their_event_and_skip_others(decorator: Any, event: Event, other: Event) -> None:
    seen = []

    @decorator
    def hook(context):
        seen.append(context)

    assert hook.hook_fn("context", [other]) == HookExecutionResult("hook", is_skipped=True)
    assert seen == []
    assert hook.hook_fn("context", [other, event]) == HookExecutionResult("hook", is_skipped=False)
    assert seen == ["context"]


def test_a_hook_decorates_jobs_and_invocations() -> None:
    @success_hook
    def hook(context):
        pass

    @op
    def work():
        pass

    @hook
    @job
    def decorated():
        hook(work)()

    assert decorated.hook_defs == {hook}
    assert decorated.get_node_named("work").hook_defs == {hook}


@pytest.mark.parametrize("decorator", [success_hook, failure_hook, event_list_hook])
def test_too_few_parameters_are_refused(decorator: Any) -> None:
    def empty():
        pass

    with pytest.raises(
        DagsterInvalidDefinitionError,
        match=r'\'empty\' decorated function must take "context".*test_hook.py',
    ):
        decorator(empty)


def test_too_many_parameters_are_refused() -> None:
    def three(context, event_list, more):
        pass

    def optional(context, more=5):
        pass

    with pytest.raises(
        DagsterInvalidDefinitionError, match=r'must take nothing else than "context".*needs "event_list"'
    ):
        success_hook(three)
    with pytest.raises(DagsterInvalidDefinitionError, match='but it needs "more" too'):
        event_list_hook(three)
    assert success_hook(optional).name == "optional"


def test_wrong_definitions_are_refused() -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match='"a b" is not a valid hook name'):
        HookDefinition(name="a b", hook_fn=lambda c, e: HookExecutionResult("x"))
    with pytest.raises(check.ParameterCheckError, match="expected hook_fn to be callable"):
        HookDefinition(name="a", hook_fn=5)  # type: ignore[arg-type]
    with pytest.raises(check.ParameterCheckError, match="expected required_resource_keys to be a set"):
        HookDefinition(name="a", hook_fn=lambda c, e: None, required_resource_keys="r")  # type: ignore[arg-type]
