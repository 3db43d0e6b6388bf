"""Jobs: what they carry, what reaches their runs, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

import dagster._check as check
from dagster._core.definitions.executor import executor
from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.hook import success_hook
from dagster._core.definitions.inputs import In
from dagster._core.definitions.job.base import InMemoryJob
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.logger import logger
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.resource.decorator import resource
from dagster._core.definitions.run_config import RunConfig
from dagster._core.errors import (
    DagsterInvalidConfigError,
    DagsterInvalidDefinitionError,
    DagsterInvalidInvocationError,
    DagsterInvariantViolationError,
    DagsterTypeCheckDidNotPass,
)
from dagster._core.executor.builtin import in_process_executor
from dagster._core.instance.instance import DagsterInstance
from dagster._core.records.handles import NodeHandle
from dagster._core.records.retry import RetryPolicy


@op
def one() -> int:
    return 1


@op
def inc(x: int) -> int:
    return x + 1


@op(config_schema={"n": int})
def number(context) -> int:
    return context.op_config["n"]


@op(required_resource_keys={"db"})
def query(context):
    return context.resources.db


def single(*ops: Any) -> Any:
    """Return the function of a job that calls some ops."""

    def body():
        for definition in ops:
            definition()

    return body


# What they carry


def test_name_description_tags_and_metadata() -> None:
    @job(tags={"a": 1}, metadata={"m": 2}, owners=["team:x"])
    def plain():
        """Doc."""
        one()

    assert (plain.name, plain.description, plain.tags) == ("plain", "Doc.", {"a": "1"})
    assert plain.metadata["m"].value == 2
    assert plain.owners == ["team:x"]
    named = job(name="n", description="d")(single(one))
    assert (named.name, named.description, named.describe_target()) == ("n", "d", "job 'n'")
    assert repr(named) == "JobDefinition('n')"


def test_tags_reach_runs_unless_runs_have_their_own() -> None:
    with_tags = job(name="a", tags={"t": "1"})(single(one))
    with_both = job(name="b", tags={"t": "1"}, run_tags={"r": "2"})(single(one))
    assert with_tags.execute_in_process(tags={"x": "y"}).dagster_run.tags == {"t": "1", "x": "y"}
    assert with_both.execute_in_process().dagster_run.tags == {"r": "2"}
    assert (with_tags.has_separately_defined_run_tags, with_both.has_separately_defined_run_tags) == (
        False,
        True,
    )


def test_nodes_and_definitions_inside() -> None:
    @graph
    def sub():
        return inc(one())

    @job
    def outer():
        inc.alias("last")(sub())

    assert [n.name for n in outer.nodes] == ["sub", "last"]
    assert [n.name for n in outer.nodes_in_topological_order] == ["sub", "last"]
    assert [d.name for d in outer.all_node_defs] == ["sub", "one", "inc"]
    assert outer.get_node(NodeHandle("one", NodeHandle("sub"))).definition is one
    assert outer.get_node_named("last").definition is inc
    assert outer.node_def_named("one") is one
    assert (outer.has_node("last"), outer.has_node_named("one")) == (True, False)
    assert outer.has_dagster_type("Int")
    with pytest.raises(DagsterInvalidDefinitionError, match=r'unknown node "inx". Did you mean "inc"?'):
        outer.node_def_named("inx")
    assert InMemoryJob(outer).get_definition() is outer
    assert not InMemoryJob(outer).is_reconstructable
    assert InMemoryJob(outer).get_subset(op_selection=["sub"]).op_selection == ["sub"]


# Resources


def test_resources_are_definitions_or_values() -> None:
    @resource(config_schema={"n": int})
    def numbered(context):
        return context.resource_config["n"]

    assert (
        job(name="v", resource_defs={"db": 5})(single(query))
        .execute_in_process()
        .output_for_node("query")
        == 5
    )
    configured = job(name="c", resource_defs={"db": numbered})(single(query))
    result = configured.execute_in_process(run_config={"resources": {"db": {"config": {"n": 3}}}})
    assert result.output_for_node("query") == 3
    assert configured.execute_in_process(resources={"db": 4}).output_for_node("query") == 4


def test_missing_resource_is_told_when_it_would_run() -> None:
    lacking = job(name="j")(single(query))
    assert lacking.required_resource_keys == {"db", "io_manager"}
    with pytest.raises(
        DagsterInvalidDefinitionError,
        match="resource with key \"db\" required by op 'query' was not provided",
    ):
        lacking.execute_in_process()


def test_top_level_resources_fill_what_the_job_lacks() -> None:
    lacking = job(name="j", resource_defs={"own": 1})(single(query))
    filled = lacking.with_top_level_resources({"db": "top", "own": 2})
    assert filled.execute_in_process().output_for_node("query") == "top"
    assert set(lacking.resource_defs) == {"io_manager", "own"}
    assert set(filled.get_required_resource_defs()) == {"db", "io_manager"}
    kept = filled.with_top_level_resources({"own": 3})
    assert kept.given_resource_defs["own"] is lacking.given_resource_defs["own"]


def test_a_hook_needs_its_resources() -> None:
    @success_hook(required_resource_keys={"slack"})
    def tell(context):
        pass

    with pytest.raises(
        DagsterInvalidDefinitionError,
        match="resource with key \"slack\" required by hook 'tell' on job 'j'",
    ):
        job(name="j", hooks={tell})(single(one)).execute_in_process()
    with pytest.raises(DagsterInvalidDefinitionError, match="required by hook 'tell' on op 'one'"):
        job(name="j")(single(one.with_hooks({tell}))).execute_in_process()


# Config


def test_config_of_the_job_serves_its_runs() -> None:
    config = {"ops": {"number": {"config": {"n": 4}}}}
    for given in (config, RunConfig(ops={"number": {"config": {"n": 4}}})):
        fixed = job(name="j", config=given)(single(number))
        assert fixed.execute_in_process().output_for_node("number") == 4
        other = {"ops": {"number": {"config": {"n": 9}}}}
        assert fixed.execute_in_process(run_config=other).output_for_node("number") == 9


def test_wrong_config_of_the_job_is_refused_at_once() -> None:
    with pytest.raises(DagsterInvalidConfigError, match="Invalid default config on job 'j'"):
        job(name="j", config={"ops": {"number": {"config": {"n": "x"}}}})(single(number))
    # What is missing may still come with a run.
    assert job(name="j", config={"ops": {}})(single(number)).name == "j"


# Inputs


def takes(x: int):
    inc(x)


def test_values_of_inputs() -> None:
    given = job(name="j", input_values={"x": 1})(takes)
    assert given.execute_in_process().output_for_node("inc") == 2
    assert given.execute_in_process(input_values={"x": 5}).output_for_node("inc") == 6
    assert given.has_direct_input_value("x")
    assert given.get_direct_input_value("x") == 1
    with pytest.raises(
        DagsterInvalidInvocationError, match='no direct value was given for unknown input "y"'
    ):
        given.get_direct_input_value("y")


def test_inputs_come_from_config_too() -> None:
    assert (
        job(name="j")(takes).execute_in_process(run_config={"inputs": {"x": 3}}).output_for_node("inc")
        == 4
    )
    with pytest.raises(DagsterInvalidConfigError, match='Missing required config entry "inputs"'):
        job(name="j")(takes).execute_in_process()


def test_input_values_are_checked() -> None:
    with pytest.raises(DagsterTypeCheckDidNotPass, match='expected type "Int"'):
        job(name="j", input_values={"x": "s"})(takes).execute_in_process()
    with pytest.raises(
        DagsterInvalidDefinitionError,
        match="constructing job 'j': Input value provided for unknown input \"y\"",
    ):
        job(name="j", input_values={"y": 1})(takes)


def test_input_that_nothing_can_give_is_refused_with_the_definition() -> None:
    class Opaque:
        pass

    @op(ins={"x": In(Opaque)})
    def needs(x):
        return x

    def body():
        needs()

    def outer(x):
        needs(x)

    for fn in (body, outer):
        with pytest.raises(
            DagsterInvalidDefinitionError,
            match="is not connected to the output of a previous node and can not be",
        ):
            job(name="j")(fn)
    given = job(name="j", input_values={"x": Opaque()})(outer)
    assert given.execute_in_process().success


# Hooks, retries, loggers, executors


def test_hooks_of_the_job_and_its_copies() -> None:
    seen = []

    @success_hook
    def first(context):
        seen.append(("first", context.op.name))

    @success_hook
    def second(context):
        seen.append(("second", context.op.name))

    plain = job(name="j", hooks={first})(single(one))
    plain.with_hooks({second}).execute_in_process()
    assert sorted(seen) == [("first", "one"), ("second", "one")]
    seen.clear()
    plain.execute_in_process()
    assert seen == [("first", "one")]

    @second
    @job
    def decorated():
        one()

    assert isinstance(decorated, JobDefinition)
    assert decorated.hook_defs == {second}


def test_hooks_of_a_handle_are_those_of_everything_around_it() -> None:
    @success_hook
    def on_op(context):
        pass

    @success_hook
    def on_graph(context):
        pass

    @success_hook
    def on_job(context):
        pass

    @graph
    def sub():
        one.with_hooks({on_op})()
        inc(one())

    @job(hooks={on_job})
    def outer():
        sub.with_hooks({on_graph})()

    inner = NodeHandle("one", NodeHandle("sub"))
    assert outer.get_all_hooks_for_handle(inner) == {on_op, on_graph, on_job}
    assert outer.get_all_hooks_for_handle(NodeHandle("inc", NodeHandle("sub"))) == {on_graph, on_job}


def test_retry_policy_of_use_definition_and_job() -> None:
    own, use, of_job = (RetryPolicy(max_retries=n) for n in (1, 2, 3))

    @op(retry_policy=own)
    def has_own():
        pass

    def body():
        has_own()
        has_own.with_retry_policy(use).alias("used")()
        one()

    made = job(name="j", op_retry_policy=of_job)(body)
    assert made.get_retry_policy_for_handle(NodeHandle("has_own")) is own
    assert made.get_retry_policy_for_handle(NodeHandle("used")) is use
    assert made.get_retry_policy_for_handle(NodeHandle("one")) is of_job


def test_retries_of_the_job() -> None:
    tries = []

    @op
    def flaky():
        tries.append(1)
        if len(tries) < 3:
            raise ValueError("again")

    assert (
        job(name="j", op_retry_policy=RetryPolicy(max_retries=3))(single(flaky))
        .execute_in_process()
        .success
    )
    assert len(tries) == 3


def test_executor_and_loggers() -> None:
    @executor
    def mine(init_context):
        raise AssertionError("not run here")

    @logger
    def quiet(init_context):
        raise AssertionError("not run here")

    plain = job(name="j")(single(one))
    assert not plain.has_specified_executor
    assert not plain.has_specified_loggers
    assert set(plain.loggers) == {"console"}
    given = plain.with_executor_def(mine).with_logger_defs({"quiet": quiet})
    assert given.executor_def is mine
    assert given.has_specified_executor
    assert given.loggers == {"quiet": quiet}
    assert given.has_specified_loggers
    assert (
        job(name="j", executor_def=in_process_executor)(single(one)).executor_def is in_process_executor
    )


def test_copies_keep_the_rest() -> None:
    original = job(
        name="j",
        tags={"a": "b"},
        run_tags={"c": "d"},
        resource_defs={"db": 1},
        config={"ops": {}},
        op_retry_policy=RetryPolicy(max_retries=1),
        input_values={"x": 1},
    )(takes)
    copied = original.with_metadata({"m": 1})
    for member in ("name", "tags", "run_tags", "op_retry_policy", "input_values", "run_config", "graph"):
        assert getattr(copied, member) == getattr(original, member)
    assert copied.metadata["m"].value == 1


# Refusals


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        (
            {"config": 5},
            DagsterInvalidDefinitionError,
            "config to be a dict, a RunConfig or a ConfigMapping",
        ),
        ({"hooks": {5}}, check.ParameterCheckError, "each item of hooks to be a HookDefinition"),
        ({"resource_defs": 5}, check.ParameterCheckError, "resource_defs to be a mapping"),
        ({"executor_def": 5}, check.ParameterCheckError, "executor_def to be an ExecutorDefinition"),
        ({"logger_defs": 5}, check.ParameterCheckError, "logger_defs to be a"),
        ({"op_retry_policy": 5}, check.ParameterCheckError, "op_retry_policy to be a RetryPolicy"),
        ({"tags": {"a": object()}}, DagsterInvalidDefinitionError, 'Invalid value for tag "a"'),
    ],
)
def test_wrong_arguments_are_refused(kwargs: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        job(name="j", **kwargs)(single(one))


def test_what_jobs_cannot_do_is_refused() -> None:
    plain = job(name="j")(single(one))
    with pytest.raises(
        DagsterInvariantViolationError,
        match=r"Attempted to call job 'j' directly.*j\.execute_in_process\(\)",
    ):
        plain()
    with pytest.raises(DagsterInvalidInvocationError, match="A partition key was given for job 'j'"):
        plain.execute_in_process(partition_key="p")
    with pytest.raises(DagsterInvalidInvocationError, match="An asset selection was given for job 'j'"):
        plain.execute_in_process(asset_selection=[])
    with pytest.raises(DagsterInvalidDefinitionError, match='"a b" is not a valid graph name'):
        job(name="a b")(single(one))


def test_two_definitions_of_one_name_in_a_job_are_refused() -> None:
    def make(name: str):
        @op(name=name)
        def made():
            return name

        return made

    first, second = make("same"), make("same")

    @graph
    def inner():
        second()

    with pytest.raises(
        DagsterInvalidDefinitionError, match='node definitions with the same name "same"'
    ):

        @job
        def conflicting():
            first()
            inner()

    @job(name="same")
    def one_twice():
        first()
        first()

    assert [node.name for node in one_twice.nodes] == ["same", "same_2"]


def test_resources_that_need_each_other_are_refused_before_a_run_is_made() -> None:
    @resource(required_resource_keys={"b"})
    def a(_context):
        return 1

    @resource(required_resource_keys={"a"})
    def b(_context):
        return 1

    @op(required_resource_keys={"b"})
    def use(context):
        pass

    @job(resource_defs={"a": a, "b": b})
    def circular():
        use()

    instance = DagsterInstance.ephemeral()
    with pytest.raises(DagsterInvalidDefinitionError, match='in a circle: "a" → "b" → "a"'):
        circular.execute_in_process(instance=instance, raise_on_error=False)
    assert instance.get_runs_count() == 0
