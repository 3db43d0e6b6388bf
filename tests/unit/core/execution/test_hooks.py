"""Hooks: when they run, what they get, and that they never fail a run."""

from __future__ import annotations

from typing import Any

import pytest

from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.hook import event_list_hook, failure_hook, success_hook
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.outputs import DynamicOut, Out
from dagster._core.definitions.resource.decorator import resource
from dagster._core.instance.instance import DagsterInstance
from dagster._core.records.retry import RetryPolicy
from dagster._core.records.user_events import DynamicOutput, HookExecutionResult
from tests.unit.core.execution.runs import events, kinds, run_op

SEEN: list[Any] = []


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    SEEN.clear()


@success_hook
def on_success(context):
    SEEN.append(("success", context.step_key))


@failure_hook
def on_failure(context):
    SEEN.append(("failure", context.step_key, context.op_exception))


@op
def one():
    return 1


@op
def breaks():
    raise ValueError("broken")


def test_hooks_follow_the_end_of_their_step() -> None:
    result = run_op(one, hooks={on_success, on_failure})
    assert SEEN == [("success", "one")]
    assert kinds(result)[-3:] == ["STEP_SUCCESS", "HOOK_SKIPPED", "HOOK_COMPLETED"]
    (done,) = events(result, "HOOK_COMPLETED")
    (skipped,) = events(result, "HOOK_SKIPPED")
    assert done.message == 'Finished the execution of hook "on_success" triggered for "one".'
    assert skipped.message == (
        'Skipped the execution of hook "on_failure". It did not meet its triggering condition during the '
        'execution of "one".'
    )
    assert done.is_hook_event


def test_a_failure_hook_gets_the_users_exception() -> None:
    result = run_op(breaks, hooks={on_success, on_failure})
    ((kind, key, exception),) = SEEN
    assert (kind, key) == ("failure", "breaks")
    assert isinstance(exception, ValueError)
    assert kinds(result)[-3:] == ["STEP_FAILURE", "HOOK_COMPLETED", "HOOK_SKIPPED"]


def test_hooks_run_where_the_run_raises_too() -> None:
    with DagsterInstance.ephemeral() as instance:
        with pytest.raises(ValueError, match="broken"):
            run_op(breaks, hooks={on_failure}, raise_on_error=True, instance=instance)
        log = instance.all_logs(instance.get_runs()[0].run_id)
    assert [entry[0] for entry in SEEN] == ["failure"]
    assert "HOOK_COMPLETED" in [e.dagster_event_type.value for e in log if e.dagster_event_type]


def test_what_a_hook_is_given() -> None:
    @resource
    def mail(_context):
        return "mail"

    @success_hook(required_resource_keys={"mail"})
    def looks(context):
        SEEN.append(
            {
                "job": context.job_name,
                "run": context.run_id,
                "hook": context.hook_def.name,
                "op": context.op.name,
                "step": context.step.key,
                "keys": context.required_resource_keys,
                "mail": context.resources.mail,
                "config": context.op_config,
                "values": dict(context.op_output_values),
                "metadata": {
                    k: {n: v.value for n, v in m.items()} for k, m in context.op_output_metadata.items()
                },
                "exception": context.op_exception,
                "instance": context.instance,
            }
        )
        context.log.info("from the hook")

    @op(config_schema={"n": int}, out={"a": Out(), "b": Out()})
    def two(context):
        context.add_output_metadata({"rows": 3}, output_name="a")
        return 1, 2

    @job(hooks={looks}, resource_defs={"mail": mail})
    def hooked():
        two()

    with DagsterInstance.ephemeral() as instance:
        result = hooked.execute_in_process(
            run_config={"ops": {"two": {"config": {"n": 4}}}}, instance=instance
        )
        assert [
            {
                "job": "hooked",
                "run": result.run_id,
                "hook": "looks",
                "op": "two",
                "step": "two",
                "keys": {"mail"},
                "mail": "mail",
                "config": {"n": 4},
                "values": {"a": 1, "b": 2},
                "metadata": {"a": {"rows": 3}},
                "exception": None,
                "instance": instance,
            }
        ] == SEEN
        messages = [e.user_message for e in instance.all_logs(result.run_id)]
    assert "from the hook" in messages


def test_values_of_dynamic_outputs_by_key() -> None:
    @success_hook
    def looks(context):
        SEEN.append(dict(context.op_output_values))

    @op(out=DynamicOut())
    def many():
        yield DynamicOutput(1, "a")
        yield DynamicOutput(2, "b")

    run_op(many, hooks={looks})
    assert SEEN == [{"result": {"a": 1, "b": 2}}]


def test_an_event_list_hook_sees_all_events_of_the_try() -> None:
    @event_list_hook
    def counts(context, event_list):
        SEEN.append([e.event_type_value for e in event_list])
        return HookExecutionResult("counts", is_skipped=False)

    @op(retry_policy=RetryPolicy(max_retries=1))
    def flaky(context):
        if not context.retry_number:
            raise ValueError("once")

    result = run_op(flaky, hooks={counts})
    assert SEEN[0] == ["STEP_START", "STEP_UP_FOR_RETRY"]
    assert SEEN[1] == ["STEP_RESTARTED", "STEP_OUTPUT", "HANDLED_OUTPUT", "STEP_SUCCESS"]
    assert len(events(result, "HOOK_COMPLETED")) == 2


def test_a_retry_is_neither_success_nor_failure() -> None:
    @op(retry_policy=RetryPolicy(max_retries=1))
    def flaky(context):
        if not context.retry_number:
            raise ValueError("once")

    run_op(flaky, hooks={on_success, on_failure})
    assert SEEN == [("success", "flaky")]


@pytest.mark.parametrize("result", [None, "done"])
def test_a_hook_never_fails_a_run(result: Any) -> None:
    @success_hook
    def raises(context):
        raise RuntimeError("in the hook")

    @event_list_hook
    def wrong(context, event_list):
        return result

    finished = run_op(one, hooks={raises, wrong, on_success})
    assert finished.success
    assert SEEN == [("success", "one")]
    first, second = events(finished, "HOOK_ERRORED")
    assert first.message == ('Error occurred during the execution of hook "raises" triggered for "one".')
    assert "in the hook" in first.hook_errored_data.error.to_string()
    assert "a HookExecutionResult" in second.hook_errored_data.error.message


def test_hooks_of_ops_and_graphs() -> None:
    @graph
    def around():
        one.with_hooks({on_success})()
        one.alias("bare")()

    @job
    def both():
        around()
        around.with_hooks({on_failure}).alias("second")()
        one.alias("outside")()

    result = both.execute_in_process()
    assert SEEN == [("success", "around.one"), ("success", "second.one")]
    assert {e.step_key for e in events(result, "HOOK_SKIPPED")} == {"second.one", "second.bare"}
