"""What a manager is told about an input."""

from __future__ import annotations

from typing import Any

import pytest

from dagster._check import ParameterCheckError
from dagster._core.definitions.resource.definition import ResourceDefinition
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.io.build_context import build_input_context, build_output_context
from dagster._core.io.contexts import InputContext
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.metadata import MetadataValue
from dagster._core.records.user_events import AssetObservation


@pytest.mark.parametrize("member", ["name", "op_def", "dagster_type", "instance"])
def test_what_was_not_given_says_how_to_give_it(member: str) -> None:
    with pytest.raises(DagsterInvariantViolationError) as caught:
        getattr(build_input_context(), member)
    assert str(caught.value) == (
        f"Attempting to access {member}, but it was not provided when constructing the InputContext. "
        f"In a test, give it: build_input_context({member}=...)."
    )


def test_what_only_the_engine_gives_says_so() -> None:
    with pytest.raises(DagsterInvariantViolationError, match=r"only exists while a step runs"):
        _ = build_input_context().step_context
    with pytest.raises(DagsterInvariantViolationError, match=r"InputContext\(job_name=...\)"):
        _ = build_input_context().job_name


def test_defaults() -> None:
    context = build_input_context()
    assert not context.has_input_name
    assert context.upstream_output is None
    assert context.config is None
    assert context.metadata == context.definition_metadata == {}
    assert context.resource_config == {}
    assert context.resources._asdict() == {}
    assert not context.has_asset_key


def test_the_log_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    build_input_context().log.info("said")
    assert "said" in capsys.readouterr().err


def test_all_arguments() -> None:
    op_def, instance, step = object(), object(), object()
    upstream = build_output_context(step_key="s", name="r")
    context = InputContext(
        name="in",
        job_name="job",
        op_def=op_def,
        config=3,
        definition_metadata={"a": 1},
        upstream_output=upstream,
        resource_config={"r": 1},
        resources={"x": 4},
        step_context=step,
        asset_key=AssetKey("a"),
        partition_key="p",
        instance=instance,
    )
    assert context.has_input_name
    assert (context.name, context.job_name, context.pipeline_name) == ("in", "job", "job")
    assert context.op_def is context.solid_def is op_def
    assert context.config == 3
    assert context.definition_metadata == context.metadata == {"a": 1}
    assert context.upstream_output is upstream
    assert context.resource_config == {"r": 1}
    assert context.resources.x == 4
    assert context.step_context is step
    assert context.asset_key == AssetKey("a")
    assert context.partition_key == "p"
    assert context.instance is instance


def test_older_argument_names() -> None:
    op_def = object()
    context = InputContext(pipeline_name="p", solid_def=op_def, metadata={"a": 1})
    assert context.job_name == "p"
    assert context.op_def is op_def
    assert context.definition_metadata == {"a": 1}
    with pytest.raises(DagsterInvariantViolationError, match=r"solid_def is the older name of op_def"):
        InputContext(op_def=op_def, solid_def=op_def)


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": 3},
        {"upstream_output": 3},
        {"definition_metadata": 3},
        {"resource_config": 3},
        {"resources": 3},
        {"asset_key": 3},
        {"partition_key": 3},
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ParameterCheckError, match=r"expected "):
        build_input_context(**arguments)


def test_the_identifier_is_that_of_the_upstream_output() -> None:
    upstream = build_output_context(step_key="s", name="r", run_id="R", mapping_key="k")
    assert list(build_input_context(upstream_output=upstream).get_identifier()) == ["R", "s", "r", "k"]


def test_the_identifier_of_an_asset() -> None:
    assert list(build_input_context(asset_key=["a", "b"]).get_identifier()) == ["a", "b"]
    context = build_input_context(asset_key="a", partition_key="p")
    assert list(context.get_identifier()) == list(context.get_asset_identifier()) == ["a", "p"]


def test_without_a_source_there_is_no_identifier() -> None:
    with pytest.raises(
        DagsterInvariantViolationError, match=r"upstream_output not defined.*asset_key=..."
    ):
        build_input_context().get_identifier()
    with pytest.raises(DagsterInvariantViolationError, match=r"no asset is associated with this input"):
        build_input_context().get_asset_identifier()


def test_metadata_of_an_input() -> None:
    context = build_input_context()
    context.add_input_metadata({"a": 1})
    context.add_input_metadata({"a": 2, "b": "x"})
    assert context.get_observations() == []
    assert context.consume_logged_metadata() == {"a": MetadataValue.int(2), "b": MetadataValue.text("x")}
    assert context.consume_logged_metadata() == {}
    with pytest.raises(ParameterCheckError):
        context.add_input_metadata(3)  # type: ignore[arg-type]


def test_metadata_of_an_asset_is_observed() -> None:
    context = build_input_context(asset_key="a", partition_key="p")
    context.add_input_metadata({"m": 1}, description="seen")
    assert context.get_observations() == [
        AssetObservation("a", description="seen", metadata={"m": 1}, partition="p")
    ]
    assert list(context.consume_events()) == []


def test_a_subclass_makes_events_of_observations() -> None:
    class Made(InputContext):
        def _build_event(self, event: Any) -> Any:
            return ("event", event.asset_key)

    context = Made(asset_key=AssetKey("a"))
    context.add_input_metadata({"m": 1})
    assert list(context.consume_events()) == [("event", AssetKey("a"))]
    assert list(context.consume_events()) == []


def test_resources_with_a_teardown_need_a_with_block() -> None:
    log: list[str] = []

    def make(_: object) -> Any:
        yield 3
        log.append("down")

    context = build_input_context(resources={"a": ResourceDefinition(make)})
    with pytest.raises(
        DagsterInvariantViolationError, match=r"`with build_input_context\(...\) as context:`"
    ):
        _ = context.resources
    log.clear()
    with context:
        assert context.resources.a == 3
        assert log == []
    assert log == ["down"]
