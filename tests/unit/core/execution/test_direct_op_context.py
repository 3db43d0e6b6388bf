"""build_op_context and the context that it makes."""

from __future__ import annotations

import pytest

import dagster._check as check
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.outputs import DynamicOut, Out
from dagster._core.definitions.resource.decorator import resource
from dagster._core.errors import (
    DagsterInvalidInvocationError,
    DagsterInvalidPropertyError,
    DagsterInvariantViolationError,
    DagsterUnknownResourceError,
)
from dagster._core.execution.direct_op_context import build_op_context
from dagster._core.instance.instance import DagsterInstance
from dagster._core.records.user_events import AssetMaterialization, DynamicOutput, Output


def test_what_it_was_made_with() -> None:
    context = build_op_context(
        op_config={"a": 1}, resources={"db": 2}, mapping_key="key", run_tags={"team": "x"}
    )
    assert context.op_config == {"a": 1}
    assert context.resources.db == 2
    assert context.get_mapping_key() == "key"
    assert (context.has_tag("team"), context.get_tag("team"), context.get_tag("other")) == (
        True,
        "x",
        None,
    )
    assert context.run_tags == {"team": "x"}
    assert context.run_id == "EPHEMERAL"
    assert context.retry_number == 0
    assert not context.is_bound


def test_unknown_resource_says_which_are_there() -> None:
    with pytest.raises(DagsterUnknownResourceError, match="Unknown resource `q`"):
        _ = build_op_context(resources={"db": 2}).resources.q


def test_config_under_both_names_is_refused() -> None:
    with pytest.raises(
        DagsterInvalidInvocationError, match="both ``op_config``, and its legacy version"
    ):
        build_op_context(op_config={}, config={})


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(check.ParameterCheckError, match="expected resources to be a mapping"):
        build_op_context(resources=5)  # type: ignore[arg-type]
    with pytest.raises(check.ParameterCheckError, match="expected instance to be a DagsterInstance"):
        build_op_context(instance=5)  # type: ignore[arg-type]


def test_instance_is_ephemeral_and_made_once_when_asked_for() -> None:
    with build_op_context() as context:
        assert context.instance.is_ephemeral
        assert context.instance is context.instance
    instance = DagsterInstance.ephemeral()
    assert build_op_context(instance=instance).instance is instance


def test_resource_functions_see_the_instance_of_the_context() -> None:
    @resource
    def holder(context):
        return context.instance

    with build_op_context(resources={"r": holder}) as context:
        assert context.resources.r is context.instance


def test_what_only_a_running_op_has() -> None:
    context = build_op_context(op_config={"a": 1})
    for name in (
        "op_def",
        "op",
        "node_handle",
        "op_handle",
        "run_config",
        "selected_output_names",
        "alias",
    ):
        with pytest.raises(DagsterInvalidPropertyError, match="while no op is running with it"):
            getattr(context, name)

    @op(out={"a": Out(), "b": Out()})
    def running(context):
        assert context.op_def is running
        assert context.op.name == context.alias == "running"
        assert str(context.node_handle) == str(context.op_handle) == "running"
        assert context.run_config == {"ops": {"running": {"config": {"a": 1}}}, "resources": {}}
        assert context.selected_output_names == {"a", "b"}
        assert context.is_bound
        return 1, 2

    assert running(context) == (1, 2)


@pytest.mark.parametrize(
    "name", ["run", "dagster_run", "job_def", "job_name", "pipeline_run", "pipeline_def"]
)
def test_there_is_no_run(name: str) -> None:
    with pytest.raises(
        DagsterInvalidPropertyError, match="when an op is directly invoked: there is no run"
    ):
        getattr(build_op_context(), name)


def test_one_context_serves_several_calls_one_after_the_other() -> None:
    context = build_op_context()

    @op
    def log_one(context):
        context.log_event(AssetMaterialization("k"))
        context.add_output_metadata({"rows": 1})

    @op
    def log_none(context):
        pass

    log_one(context)
    log_one(context)
    assert [str(e.asset_key.to_user_string()) for e in context.get_events()] == ["k"]
    assert context.get_output_metadata("result") == {"rows": 1}
    log_none(context)
    assert context.get_events() == []
    assert context.get_output_metadata("result") is None


def test_context_in_use_is_refused() -> None:
    context = build_op_context()

    @op
    def inner(context):
        pass

    @op
    def outer(context):
        inner(context)

    @op
    def stream(context):
        yield Output(1)

    with pytest.raises(
        DagsterInvalidInvocationError, match="This context is currently being used to execute outer"
    ):
        outer(context)
    items = stream(context)
    next(items)
    with pytest.raises(DagsterInvalidInvocationError, match="used to execute stream"):
        inner(context)
    items.close()
    inner(context)


def test_events_are_kept_and_can_be_consumed() -> None:
    context = build_op_context()

    @op
    def logs(context):
        assert not context.has_events()
        context.log_event(AssetMaterialization("a"))
        assert context.has_events()
        with pytest.raises(
            check.ParameterCheckError, match="expected event to be an AssetMaterialization"
        ):
            context.log_event(5)

    logs(context)
    assert len(list(context.consume_events())) == 1
    assert not context.has_events()
    with pytest.raises(DagsterInvalidPropertyError, match="log_event method"):
        context.log_event(AssetMaterialization("a"))


def test_output_metadata() -> None:
    context = build_op_context()

    @op(out={"a": Out(), "b": Out()})
    def two(context):
        with pytest.raises(DagsterInvariantViolationError, match="without providing output_name"):
            context.add_output_metadata({"x": 1})
        with pytest.raises(DagsterInvariantViolationError, match='unknown output "c"'):
            context.add_output_metadata({"x": 1}, output_name="c")
        with pytest.raises(Exception, match="metadata"):
            context.add_output_metadata({"x": object()}, output_name="a")
        context.add_output_metadata({"x": 1}, output_name="a")
        context.add_output_metadata({"y": 2}, output_name="a")
        yield Output(1, "a")
        with pytest.raises(DagsterInvariantViolationError, match="which has already been yielded"):
            context.add_output_metadata({"z": 1}, output_name="a")
        yield Output(2, "b")

    list(two(context))
    assert context.get_output_metadata("a") == {"x": 1, "y": 2}
    assert context.get_output_metadata("b") is None


def test_output_metadata_of_dynamic_outputs() -> None:
    context = build_op_context()

    @op(out=DynamicOut())
    def spread(context):
        with pytest.raises(DagsterInvariantViolationError, match="without providing a mapping key"):
            context.add_output_metadata({"x": 1})
        context.add_output_metadata({"x": 1}, mapping_key="k")
        yield DynamicOutput(1, "k")
        context.add_output_metadata({"x": 2}, mapping_key="l")
        with pytest.raises(
            DagsterInvariantViolationError, match="with mapping_key 'k' which has already"
        ):
            context.add_output_metadata({"x": 3}, mapping_key="k")

    list(spread(context))
    assert context.get_output_metadata("result", mapping_key="k") == {"x": 1}
    assert context.get_output_metadata("result") == {"k": {"x": 1}, "l": {"x": 2}}


def test_log_prints(capsys: pytest.CaptureFixture[str]) -> None:
    @op
    def talk(context):
        context.log.info("hello")

    talk(None)
    assert "hello" in capsys.readouterr().err
