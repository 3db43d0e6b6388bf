"""What ops tell of while they run: materializations, observations, expectations, metadata, messages."""

from __future__ import annotations

import logging

import pytest

from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.logger import logger
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.outputs import DynamicOut, Out
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.execution.op_context import OpExecutionContext
from dagster._core.instance.instance import DagsterInstance
from dagster._core.records.metadata import MetadataValue
from dagster._core.records.user_events import (
    AssetMaterialization,
    AssetObservation,
    DynamicOutput,
    ExpectationResult,
    Output,
)
from tests.unit.core.execution.runs import events, kinds, run_op


def test_events_are_logged_while_the_function_goes_on() -> None:
    @op
    def tells(context):
        context.log_event(AssetMaterialization("table", description="Wrote it."))
        context.log_event(AssetObservation("table"))
        context.log_event(ExpectationResult(False, label="rows"))
        assert context.has_events()
        return 1

    result = run_op(tells, raise_on_error=True)
    assert kinds(result) == [
        "STEP_START",
        "ASSET_MATERIALIZATION",
        "ASSET_OBSERVATION",
        "STEP_EXPECTATION_RESULT",
        "STEP_OUTPUT",
        "HANDLED_OUTPUT",
        "STEP_SUCCESS",
    ]
    assert [m.asset_key.to_user_string() for m in result.asset_materializations_for_node("tells")] == [
        "table"
    ]
    assert len(result.asset_observations_for_node("tells")) == 1
    assert [e.success for e in result.expectation_results_for_node("tells")] == [False]
    assert events(result, "ASSET_MATERIALIZATION")[0].message == "Wrote it."
    assert events(result, "ASSET_OBSERVATION")[0].message == "Observed asset table."
    assert events(result, "STEP_EXPECTATION_RESULT")[0].message == "Expectation failed with label rows."


def test_events_logged_between_yields_keep_their_place() -> None:
    @op(out={"a": Out(), "b": Out()})
    def tells(context):
        context.log_event(AssetMaterialization("first"))
        yield Output(1, "a")
        context.log_event(AssetMaterialization("second"))
        yield Output(2, "b")
        context.log_event(AssetMaterialization("third"))

    result = run_op(tells, raise_on_error=True)
    assert kinds(result) == [
        "STEP_START",
        "ASSET_MATERIALIZATION",
        "STEP_OUTPUT",
        "HANDLED_OUTPUT",
        "ASSET_MATERIALIZATION",
        "STEP_OUTPUT",
        "HANDLED_OUTPUT",
        "ASSET_MATERIALIZATION",
        "STEP_SUCCESS",
    ]


def test_events_logged_before_an_error_are_kept() -> None:
    @op
    def tells(context):
        context.log_event(AssetMaterialization("a"))
        raise ValueError("then")

    assert kinds(run_op(tells)) == ["STEP_START", "ASSET_MATERIALIZATION", "STEP_FAILURE"]


def test_only_events_can_be_logged() -> None:
    @op
    def wrong(context):
        context.log_event("text")

    with pytest.raises(
        DagsterInvariantViolationError, match="an AssetMaterialization, an AssetObservation"
    ):
        run_op(wrong, raise_on_error=True)


def test_metadata_of_outputs_comes_from_both_ways() -> None:
    @op(out={"a": Out(), "b": Out()})
    def adds(context):
        context.add_output_metadata({"n": 1}, output_name="a")
        context.add_output_metadata({"m": 2}, output_name="a")
        assert context.get_output_metadata("a") == {"n": MetadataValue.int(1), "m": MetadataValue.int(2)}
        assert context.get_output_metadata("b") is None
        yield Output(1, "a", metadata={"own": 0, "n": 9})
        yield Output(2, "b")

    first, second = events(run_op(adds, raise_on_error=True), "STEP_OUTPUT")
    assert {k: v.value for k, v in first.step_output_data.metadata.items()} == {"own": 0, "n": 1, "m": 2}
    assert second.step_output_data.metadata == {}


def test_metadata_of_dynamic_outputs_by_key() -> None:
    @op(out=DynamicOut())
    def adds(context):
        context.add_output_metadata({"n": 1}, mapping_key="a")
        yield DynamicOutput(1, "a")
        yield DynamicOutput(2, "b", metadata={"n": 2})

    first, second = events(run_op(adds, raise_on_error=True), "STEP_OUTPUT")
    assert first.step_output_data.metadata == {"n": MetadataValue.int(1)}
    assert second.step_output_data.metadata == {"n": MetadataValue.int(2)}


@pytest.mark.parametrize(
    ("out", "arguments", "message"),
    [
        ({"a": Out(), "b": Out()}, {}, "without providing output_name, but multiple outputs exist"),
        ({"a": Out()}, {"output_name": "c"}, 'add metadata for unknown output "c"'),
        ({"a": DynamicOut()}, {"output_name": "a"}, "without providing a mapping key"),
    ],
)
def test_metadata_must_name_its_output(out, arguments, message) -> None:
    @op(out=out)
    def adds(context):
        context.add_output_metadata({"n": 1}, **arguments)

    with pytest.raises(DagsterInvariantViolationError, match=message):
        run_op(adds, raise_on_error=True)


def test_messages_at_every_level_reach_the_log_and_the_loggers() -> None:
    heard: list[tuple[str, str, str | None]] = []

    class Listens(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            meta = record.dagster_meta  # type: ignore[attr-defined]
            if meta["dagster_event"] is None:
                heard.append((record.levelname, meta["orig_message"], meta["step_key"]))

    @logger(config_schema={"level": str})
    def listening(context):
        made = logging.Logger("listening", context.logger_config["level"])  # noqa: LOG001 - not a global one
        made.addHandler(Listens())
        return made

    @op
    def talks(context):
        for level in ("debug", "info", "warning", "error", "critical"):
            getattr(context.log, level)("at %s", level)
        context.log.log("INFO", "by name")
        try:
            raise ValueError("seen")
        except ValueError:
            context.log.exception("with its stack")

    @job(logger_defs={"listening": listening})
    def talkative():
        talks()

    with DagsterInstance.ephemeral() as instance:
        result = talkative.execute_in_process(
            run_config={"loggers": {"listening": {"config": {"level": "WARNING"}}}}, instance=instance
        )
        kept = [e for e in instance.all_logs(result.run_id) if not e.is_dagster_event]
    assert [(e.level, e.user_message) for e in kept] == [
        (10, "at debug"),
        (20, "at info"),
        (30, "at warning"),
        (40, "at error"),
        (50, "at critical"),
        (20, "by name"),
        (40, "with its stack"),
    ]
    assert all(e.step_key == "talks" for e in kept)
    assert kept[-1].error_info is not None
    assert kept[-1].error_info.cls_name == "ValueError"
    assert [h[:2] for h in heard] == [
        ("WARNING", "at warning"),
        ("ERROR", "at error"),
        ("CRITICAL", "at critical"),
        ("ERROR", "with its stack"),
    ]
    assert {h[2] for h in heard} == {"talks"}


def test_python_loggers_are_captured_where_the_instance_says() -> None:
    mine = logging.getLogger("test_user_events.mine")
    other = logging.getLogger("test_user_events.other")

    @op
    def talks():
        mine.warning("captured")
        other.warning("not captured")
        yield Output(1)
        mine.error("captured too")

    settings = {"python_logs": {"managed_python_loggers": [mine.name], "python_log_level": "WARNING"}}
    with DagsterInstance.ephemeral(settings=settings) as instance:
        result = run_op(talks, instance=instance)
        kept = [e.user_message for e in instance.all_logs(result.run_id) if not e.is_dagster_event]
    assert kept == ["captured", "captured too"]
    mine.warning("outside of a run")


def test_messages_below_the_instances_level_are_dropped() -> None:
    @op
    def talks(context):
        context.log.info("low")
        context.log.error("high")

    with DagsterInstance.ephemeral(settings={"python_logs": {"python_log_level": "ERROR"}}) as instance:
        result = run_op(talks, instance=instance)
        kept = [e.user_message for e in instance.all_logs(result.run_id) if not e.is_dagster_event]
    assert kept == ["high"]


def test_handlers_of_the_instance_hear_all_messages(tmp_path) -> None:
    path = tmp_path / "run.log"
    settings = {
        "python_logs": {
            "dagster_handler_config": {
                "handlers": {
                    "file": {
                        "class": "logging.FileHandler",
                        "filename": str(path),
                        "level": "INFO",
                        "formatter": "short",
                    }
                },
                "formatters": {"short": {"format": "%(levelname)s | %(message)s"}},
            }
        }
    }

    @op
    def talks(context):
        context.log.info("to the file")
        context.log.debug("not to the file")

    with DagsterInstance.ephemeral(settings=settings) as instance:
        run_op(talks, instance=instance)
        for handler in instance.get_handlers():
            handler.close()
    text = path.read_text()
    assert "INFO | " in text
    assert "to the file" in text
    assert "not to the file" not in text


def test_the_context_of_the_running_op_can_be_found() -> None:
    found: list[object] = []

    @op
    def looks(context):
        found.append(OpExecutionContext.get() is context)

    @op
    def looks_in_generator(context):
        found.append(OpExecutionContext.get() is context)
        yield Output(1)
        found.append(OpExecutionContext.get() is context)

    run_op(looks, raise_on_error=True)
    run_op(looks_in_generator, raise_on_error=True)
    assert found == [True, True, True]
    with pytest.raises(DagsterInvariantViolationError, match="No current OpExecutionContext in scope"):
        OpExecutionContext.get()


def test_what_the_context_of_an_op_gives() -> None:
    seen: dict[str, object] = {}

    @op(config_schema={"n": int}, out={"a": Out(), "b": Out(is_required=False)})
    def looks(context):
        seen.update(
            config=context.op_config,
            run_config=context.run_config,
            job=context.job_name,
            name=context.op.name,
            definition=context.op_def.name,
            handle=str(context.op_handle),
            outputs=context.selected_output_names,
            retry=context.retry_number,
            mapping_key=context.get_mapping_key(),
            tag=context.get_tag("team"),
            no_tag=context.get_tag("nowhere"),
            has_tag=context.has_tag("team"),
            tags=dict(context.run_tags),
            run_id=context.run.run_id == context.dagster_run.run_id == context.run_id,
            job_def=context.job_def.name,
            described=context.describe_op(),
        )
        return 1, None

    @job
    def around():
        looks.alias("alias")()

    config = {"ops": {"alias": {"config": {"n": 1}}}}
    around.execute_in_process(run_config=config, tags={"team": "x"})
    assert seen == {
        "config": {"n": 1},
        "run_config": config,
        "job": "around",
        "name": "alias",
        "definition": "looks",
        "handle": "alias",
        "outputs": {"a", "b"},
        "retry": 0,
        "mapping_key": None,
        "tag": "x",
        "no_tag": None,
        "has_tag": True,
        "tags": {"team": "x"},
        "run_id": True,
        "job_def": "around",
        "described": "op 'alias'",
    }


def test_a_mapped_step_knows_its_key() -> None:
    keys: list[str] = []

    @op(out=DynamicOut())
    def many():
        yield DynamicOutput(1, "a")
        yield DynamicOutput(2, "b")

    @op
    def each(context, x):
        keys.append(context.get_mapping_key())

    @job
    def mapped():
        many().map(each)

    mapped.execute_in_process()
    assert keys == ["a", "b"]
