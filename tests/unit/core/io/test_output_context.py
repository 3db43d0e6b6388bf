"""What an I/O manager is told about an output."""

from __future__ import annotations

from typing import Any

import pytest

from dagster._check import ParameterCheckError
from dagster._core.definitions.resource.definition import ResourceDefinition
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.io.build_context import build_output_context
from dagster._core.io.output_context import OutputContext
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.metadata import MetadataValue
from dagster._core.records.user_events import AssetMaterialization, AssetObservation


@pytest.mark.parametrize(
    "member", ["step_key", "name", "op_def", "dagster_type", "asset_key", "asset_spec"]
)
def test_what_was_not_given_says_how_to_give_it(member: str) -> None:
    with pytest.raises(DagsterInvariantViolationError) as caught:
        getattr(build_output_context(), member)
    assert str(caught.value) == (
        f"Attempting to access {member}, but it was not provided when constructing the OutputContext. "
        f"In a test, give it: build_output_context({member}=...)."
    )


def test_what_only_the_engine_gives_says_so() -> None:
    context = build_output_context()
    with pytest.raises(DagsterInvariantViolationError, match=r"only exists while a step runs"):
        _ = context.step_context
    with pytest.raises(DagsterInvariantViolationError, match=r"OutputContext\(job_name=...\)"):
        _ = context.job_name
    with pytest.raises(DagsterInvariantViolationError, match=r"log, but it was not provided"):
        _ = OutputContext().log
    with pytest.raises(DagsterInvariantViolationError, match=r"run_id, but it was not provided"):
        _ = OutputContext().run_id
    with pytest.raises(DagsterInvariantViolationError, match=r"resources, but it was not provided"):
        _ = OutputContext().resources


def test_defaults() -> None:
    context = build_output_context()
    assert context.run_id == "__EPHEMERAL_RUN_ID"
    assert context.mapping_key is None
    assert context.version is None
    assert context.config is None
    assert context.metadata == context.definition_metadata == context.output_metadata == {}
    assert context.resource_config == {}
    assert context.resources._asdict() == {}
    assert not context.has_asset_key
    assert not context.has_partition_key
    assert not context.has_asset_partitions
    assert not context.has_nothing_type


def test_the_log_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    build_output_context().log.info("said")
    assert "said" in capsys.readouterr().err


def test_all_arguments() -> None:
    op_def, spec, step, kind = object(), object(), object(), object()
    context = OutputContext(
        "step",
        "out",
        "job",
        "run",
        {"a": 1},
        "key",
        {"c": 1},
        kind,
        resource_config={"r": 1},
        resources={"x": 4},
        step_context=step,
        op_def=op_def,
        asset_key=AssetKey("a"),
        output_metadata={"o": 1},
        asset_spec=spec,
        version="v",
    )
    assert (context.step_key, context.name, context.job_name, context.run_id) == (
        "step",
        "out",
        "job",
        "run",
    )
    assert context.pipeline_name == "job"
    assert context.definition_metadata == context.metadata == {"a": 1}
    assert (context.mapping_key, context.config, context.version) == ("key", {"c": 1}, "v")
    assert context.dagster_type is kind
    assert context.resource_config == {"r": 1}
    assert context.resources.x == 4
    assert context.step_context is step
    assert context.op_def is op_def
    assert context.solid_def is op_def
    assert context.asset_key == AssetKey(["a"])
    assert context.asset_spec is spec
    assert context.output_metadata == {"o": 1}


def test_older_argument_names() -> None:
    op_def = object()
    context = OutputContext(
        step_key="s", name="n", pipeline_name="p", solid_def=op_def, metadata={"a": 1}
    )
    assert context.job_name == context.pipeline_name == "p"
    assert context.op_def is op_def
    assert context.definition_metadata == {"a": 1}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"metadata": {}, "definition_metadata": {}},
            "metadata is the older name of definition_metadata",
        ),
        ({"job_name": "a", "pipeline_name": "b"}, "pipeline_name is the older name of job_name"),
    ],
)
def test_both_spellings_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(DagsterInvariantViolationError, match=message):
        OutputContext(**arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"step_key": 3},
        {"name": 3},
        {"run_id": 3},
        {"mapping_key": 3},
        {"version": 3},
        {"definition_metadata": 3},
        {"output_metadata": {3: 3}},
        {"resource_config": 3},
        {"partition_key": 3},
        {"resources": 3},
        {"asset_key": 3},
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ParameterCheckError, match=r"expected "):
        build_output_context(**arguments)


def test_identifiers_of_an_output() -> None:
    context = build_output_context(step_key="s", name="r", run_id="R")
    assert list(context.get_identifier()) == ["R", "s", "r"]
    assert list(context.get_run_scoped_output_identifier()) == ["R", "s", "r"]
    assert list(context.get_output_identifier()) == ["R", "s", "r"]


def test_identifiers_of_a_dynamic_output() -> None:
    context = build_output_context(step_key="s", name="r", run_id="R", mapping_key="k")
    assert list(context.get_identifier()) == ["R", "s", "r", "k"]


def test_identifiers_by_version() -> None:
    context = build_output_context(step_key="s", name="r", run_id="R", version="v")
    assert list(context.get_identifier()) == ["versioned_outputs", "v", "s", "r"]
    assert list(context.get_run_scoped_output_identifier()) == ["R", "s", "r"]


def test_a_dynamic_output_cannot_be_kept_by_version() -> None:
    context = build_output_context(step_key="s", name="r", run_id="R", version="v", mapping_key="k")
    with pytest.raises(DagsterInvariantViolationError, match=r"Mapping key and version both provided"):
        context.get_output_identifier()


def test_identifiers_of_an_asset() -> None:
    context = build_output_context(asset_key=["a", "b"])
    assert context.has_asset_key
    assert list(context.get_identifier()) == ["a", "b"]
    assert (
        list(context.get_asset_identifier()) == list(context.get_asset_output_identifier()) == ["a", "b"]
    )
    with pytest.raises(DagsterInvariantViolationError, match=r"asset_key, but it was not provided"):
        build_output_context(step_key="s", name="n").get_asset_identifier()


def test_the_partition_of_an_asset() -> None:
    context = build_output_context(asset_key="a", partition_key="p")
    assert context.has_partition_key
    assert context.has_asset_partitions
    assert context.partition_key == context.asset_partition_key == "p"
    assert list(context.asset_partition_keys) == ["p"]
    assert list(context.get_identifier()) == ["a", "p"]


def test_a_partition_of_the_run_is_none_of_an_output() -> None:
    context = build_output_context(step_key="s", name="n", partition_key="p")
    assert context.partition_key == "p"
    assert not context.has_asset_partitions
    assert list(context.get_identifier()) == ["__EPHEMERAL_RUN_ID", "s", "n"]


def test_several_partitions_have_no_single_key() -> None:
    class Subset:
        def get_partition_keys(self) -> list[str]:
            return ["p", "q"]

    context = OutputContext(asset_key=AssetKey("a"), asset_partitions_subset=Subset())
    assert list(context.asset_partition_keys) == ["p", "q"]
    with pytest.raises(
        DagsterInvariantViolationError, match=r"stands for 2 partitions. Use asset_partition_keys"
    ):
        _ = context.asset_partition_key


@pytest.mark.parametrize(
    "member",
    [
        "partition_key",
        "asset_partition_key",
        "asset_partition_keys",
        "asset_partition_key_range",
        "asset_partitions_def",
        "asset_partitions_time_window",
    ],
)
def test_members_of_partitions_refuse_where_there_is_none(member: str) -> None:
    with pytest.raises(DagsterInvariantViolationError, match=r"Tried to access .*build_output_context"):
        getattr(build_output_context(), member)


def test_metadata_is_collected_and_consumed() -> None:
    context = build_output_context()
    assert context.get_logged_metadata() == {}
    context.add_output_metadata({"a": 1})
    context.add_output_metadata({"b": "x"})
    both = {"a": MetadataValue.int(1), "b": MetadataValue.text("x")}
    assert context.get_logged_metadata() == both
    assert context.consume_logged_metadata() == both
    assert context.get_logged_metadata() == {}
    assert context.consume_logged_metadata() == {}


def test_a_metadata_key_can_be_set_once() -> None:
    context = build_output_context()
    context.add_output_metadata({"b": 1, "a": 1})
    with pytest.raises(
        DagsterInvariantViolationError, match=r"key\(s\) that already have metadata: a, b\. Each key"
    ):
        context.add_output_metadata({"c": 1, "a": 2, "b": 2})
    assert "c" not in context.get_logged_metadata()
    with pytest.raises(ParameterCheckError):
        context.add_output_metadata(3)  # type: ignore[arg-type]


def test_events_are_logged() -> None:
    context = build_output_context()
    events = [AssetMaterialization("a"), AssetObservation("b")]
    for event in events:
        context.log_event(event)
    assert context.get_logged_events() == events
    assert list(context.consume_events()) == []
    with pytest.raises(
        DagsterInvariantViolationError, match=r"expected event to be an AssetMaterialization"
    ):
        context.log_event(3)  # type: ignore[arg-type]


def test_a_subclass_computes_what_it_is_asked_for() -> None:
    class Made(OutputContext):
        def __init__(self) -> None:
            self.asked: list[str] = []

        @property
        def _step_key(self) -> str:  # type: ignore[override]
            self.asked.append("step_key")
            return "s"

        _name = "n"
        _run_id = "R"

        def _build_event(self, event: Any) -> Any:
            return ("event", event)

    context = Made()
    assert context.asked == []
    assert list(context.get_identifier()) == ["R", "s", "n"]
    assert context.asked == ["step_key"]
    event = AssetMaterialization("a")
    context.log_event(event)
    assert list(context.consume_events()) == [("event", event)]
    assert list(context.consume_events()) == []
    assert context.get_logged_events() == [event]


def test_resources_are_set_up_once() -> None:
    made: list[int] = []

    def make(_: object) -> int:
        made.append(1)
        return len(made)

    context = build_output_context(resources={"a": ResourceDefinition(make), "plain": "x"})
    assert made == []
    assert (context.resources.a, context.resources.a, context.resources.plain) == (1, 1, "x")


def _with_teardown(log: list[str]) -> ResourceDefinition:
    def make(_: object) -> Any:
        log.append("up")
        yield 3
        log.append("down")

    return ResourceDefinition(make)


def test_resources_with_a_teardown_need_a_with_block() -> None:
    log: list[str] = []
    context = build_output_context(resources={"a": _with_teardown(log)})
    with pytest.raises(
        DagsterInvariantViolationError, match=r"`with build_output_context\(...\) as context:`"
    ):
        _ = context.resources
    assert log == ["up", "down"]
    log.clear()
    with context as entered:
        assert entered is context
        assert context.resources.a == 3
        assert log == ["up"]
    assert log == ["up", "down"]
    with pytest.raises(DagsterInvariantViolationError):
        _ = context.resources
    with context:
        assert context.resources.a == 3


def test_a_with_block_tears_down_after_an_error() -> None:
    log: list[str] = []
    with (
        pytest.raises(ZeroDivisionError),
        build_output_context(resources={"a": _with_teardown(log)}) as context,
    ):
        _ = context.resources.a // 0
    assert log == ["up", "down"]


def test_a_with_block_without_resources() -> None:
    with build_output_context(step_key="s") as context:
        assert context.step_key == "s"
