"""What the tables of the interface say that names mean: execution, contexts, hooks, runs, logs.

Short programs in both spellings, written with ``from dagster import …`` alone, as users would.
"""

from __future__ import annotations

import logging
from typing import Any as AnyValue

import pytest

import dagster
from dagster import (
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    DagsterError,
    DagsterEventType,
    DagsterExecutionStepExecutionError,
    DagsterInstance,
    DagsterInvalidInvocationError,
    DagsterInvalidSubsetError,
    DagsterInvariantViolationError,
    DagsterRunStatus,
    DagsterUserCodeExecutionError,
    ExpectationResult,
    GraphDefinition,
    HookExecutionResult,
    InputDefinition,
    Int,
    JobDefinition,
    ModeDefinition,
    OpExecutionContext,
    Output,
    PipelineDefinition,
    PipelineRun,
    PipelineRunStatus,
    PresetDefinition,
    RunsFilter,
    build_hook_context,
    build_init_logger_context,
    build_op_context,
    build_reconstructable_job,
    build_solid_context,
    default_executors,
    deserialize_value,
    event_list_hook,
    execute_pipeline,
    execute_pipeline_iterator,
    execute_solid,
    execute_solid_within_pipeline,
    execute_solids_within_pipeline,
    failure_hook,
    get_dagster_logger,
    in_process_executor,
    job,
    logger,
    op,
    pipeline,
    serialize_value,
    solid,
    success_hook,
)

# Execution


def test_execute_pipeline_returns_the_result(chain: PipelineDefinition) -> None:
    with DagsterInstance.ephemeral() as instance:
        result = execute_pipeline(chain, tags={"who": "call"}, instance=instance)
        run = instance.get_run_by_id(result.run_id)
        assert result.success
        assert [r.solid.name for r in result.solid_result_list] == ["one", "two", "three"]
        assert run is not None
        assert (run.pipeline_name, run.tags["who"], run.tags["kept"]) == ("counting", "call", "yes")
        assert run.status is PipelineRunStatus.SUCCESS
        assert isinstance(run, PipelineRun)


def test_presets_and_modes_are_either_or() -> None:
    @solid(config_schema={"a": Int})
    def one(context):
        return context.solid_config["a"]

    config = {"solids": {"one": {"config": {"a": 1}}}}

    @pipeline(
        mode_defs=[ModeDefinition("only")],
        preset_defs=[
            PresetDefinition("usual", config, mode="only", tags={"x": "preset", "y": "preset"}),
            PresetDefinition("part", config, mode="only", solid_selection=["one"]),
        ],
        tags={"x": "pipeline", "y": "pipeline", "z": "pipeline"},
    )
    def counting():
        one()

    with DagsterInstance.ephemeral() as instance:
        result = execute_pipeline(counting, preset="usual", tags={"x": "call"}, instance=instance)
        run = instance.get_run_by_id(result.run_id)
        assert run is not None
        assert {k: run.tags[k] for k in "xyz"} == {"x": "call", "y": "preset", "z": "pipeline"}
        assert run.run_config == config
    assert execute_pipeline(
        counting, config, preset="usual"
    ).success  # the same config is no contradiction
    with pytest.raises(Exception, match="mode"):
        execute_pipeline(counting, preset="usual", mode="only")
    other = {"solids": {"one": {"config": {"a": 2}}}}
    with pytest.raises(Exception, match="run_config"):
        execute_pipeline(counting, other, preset="usual")
    with pytest.raises(Exception, match="solid_selection"):
        execute_pipeline(counting, preset="part", solid_selection=["*one"])


def test_execute_pipeline_iterator_yields_events_as_they_happen(chain: PipelineDefinition) -> None:
    events = execute_pipeline_iterator(chain)
    assert next(events).event_type in (
        DagsterEventType.PIPELINE_STARTING,
        DagsterEventType.PIPELINE_START,
        DagsterEventType.RESOURCE_INIT_STARTED,
    )
    assert [e.solid_name for e in events if e.is_step_success] == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("clauses", "steps"),
    [
        (["one"], {"one"}),
        (["one+"], {"one", "two"}),
        (["one++"], {"one", "two", "three"}),
        (["one*"], {"one", "two", "three"}),
        (["one", "two"], {"one", "two"}),
    ],
)
def test_solid_selection_runs_a_part(chain: PipelineDefinition, clauses, steps) -> None:
    result = execute_pipeline(chain, solid_selection=clauses)
    assert {event.step_key for event in result.step_event_list if event.is_step_success} == steps


def test_a_selection_that_matches_nothing_is_refused(chain: PipelineDefinition) -> None:
    with pytest.raises(DagsterInvalidSubsetError, match="nowhere"):
        execute_pipeline(chain, solid_selection=["nowhere"])


def test_op_selection_has_the_same_grammar() -> None:
    @op
    def one() -> int:
        return 1

    @op
    def two(value: int) -> int:
        return value + 1

    @job
    def counting():
        two(one())

    result = counting.execute_in_process(op_selection=["*two"])
    assert {e.step_key for e in result.get_step_success_events()} == {"one", "two"}
    assert counting.get_subset(op_selection=["one"]).is_subset
    with pytest.raises(DagsterInvalidSubsetError):
        counting.execute_in_process(op_selection=["onee"])


def test_solids_run_alone_and_within_a_pipeline(chain: PipelineDefinition) -> None:
    @solid(input_defs=[InputDefinition("value", Int)], config_schema=Int)
    def scaled(context, value):
        return value * context.solid_config

    alone = execute_solid(
        scaled, input_values={"value": 4}, run_config={"solids": {"scaled": {"config": 5}}}
    )
    assert alone.output_value() == 20
    within = execute_solid_within_pipeline(chain, "two", inputs={"value": 10})
    assert within.output_value() == 11
    several = execute_solids_within_pipeline(
        chain, {"two", "three"}, inputs={"two": {"value": 1}, "three": {"value": 2}}
    )
    assert {name: r.output_value() for name, r in several.items()} == {"two": 2, "three": 3}


@pytest.mark.parametrize("generation", ["newer", "older"])
def test_errors_of_user_code_are_raised_or_told(generation: str) -> None:
    class Mine(Exception):
        pass

    def broken(_context):
        raise Mine("mine")

    if generation == "newer":
        run = GraphDefinition("breaking", node_defs=[op(name="broken")(broken)]).execute_in_process
        result = run(raise_on_error=False)
        failure = result.get_step_failure_events()[0]
    else:
        made = PipelineDefinition([solid(name="broken")(broken)], name="breaking")

        def run(**kwargs: AnyValue) -> AnyValue:
            return execute_pipeline(made, **kwargs)

        result = run(raise_on_error=False)
        failure = result.result_for_solid("broken").compute_step_failure_event
    assert not result.success
    error = failure.event_specific_data.error
    assert error.cls_name in ("Mine", "DagsterExecutionStepExecutionError")
    with pytest.raises((Mine, DagsterExecutionStepExecutionError)):
        run()


def test_results_tell_of_each_node() -> None:
    @op
    def one():
        yield AssetMaterialization("table", metadata={"rows": 1})
        yield AssetObservation("table")
        yield ExpectationResult(success=True, label="fine")
        yield Output(1)

    @op
    def never(one):
        raise ValueError("no")

    @op
    def after(never):
        pass

    @job
    def telling():
        after(never(one()))

    result = telling.execute_in_process(raise_on_error=False)
    assert isinstance(result.job_def, JobDefinition)
    assert (result.is_node_success("one"), result.is_node_failed("never")) == (True, True)
    assert result.get_failed_step_keys() == {"never"}
    assert result.asset_materializations_for_node("one")[0].asset_key == AssetKey("table")
    assert len(result.asset_observations_for_node("one")) == 1
    assert [e.label for e in result.expectation_results_for_node("one")] == ["fine"]
    assert result.get_run_failure_event().is_run_failure
    assert result.dagster_run.status is DagsterRunStatus.FAILURE
    assert {e.step_key for e in result.events_for_node("one")} == {"one"}
    assert result.filter_events(lambda event: event.is_failure)


def test_executors_are_listed_and_configured() -> None:
    assert in_process_executor in default_executors

    @op
    def one() -> int:
        return 1

    @job(executor_def=in_process_executor.configured({"retries": {"disabled": {}}}, name="strict"))
    def only():
        one()

    assert only.executor_def.name == "strict"
    assert only.has_specified_executor
    assert only.execute_in_process().success


def test_a_reconstructable_job_is_found_again_by_its_name() -> None:
    with pytest.raises(DagsterInvariantViolationError):
        dagster.reconstructable(lambda: None)  # type: ignore[arg-type]
    found = build_reconstructable_job(__name__, "_reconstructed", (3,))
    assert found.get_definition().name == "made_3"


def _reconstructed(number: int) -> JobDefinition:
    @op
    def one():
        return number

    return GraphDefinition(f"made_{number}", node_defs=[one]).to_job()


# Contexts and direct calls


def test_ops_and_solids_are_called_directly() -> None:
    @op(config_schema={"a": int}, required_resource_keys={"r"})
    def newer(context, value):
        return context.op_config["a"] + context.resources.r + value

    @solid(config_schema={"a": int}, required_resource_keys={"r"})
    def older(context, value):
        return context.solid_config["a"] + context.resources.r + value

    assert newer(build_op_context(resources={"r": 10}, op_config={"a": 1}), 100) == 111
    assert older(build_solid_context(resources={"r": 10}, config={"a": 1}), 100) == 111
    with pytest.raises(DagsterInvalidInvocationError):
        newer(100)


def test_the_op_context_knows_its_run() -> None:
    seen: dict[str, AnyValue] = {}

    @op
    def look(context: OpExecutionContext):
        seen.update(
            run=context.run.run_id == context.run_id,
            job=context.job_name,
            op=context.op_def.name,
            tag=context.get_tag("t"),
            has=context.has_tag("t"),
            here=OpExecutionContext.get() is context,
            handle=str(context.node_handle),
        )

    @job(tags={"t": "v"})
    def looking():
        look()

    looking.execute_in_process()
    assert seen == {
        "run": True,
        "job": "looking",
        "op": "look",
        "tag": "v",
        "has": True,
        "here": True,
        "handle": "look",
    }


def test_the_solid_context_knows_its_pipeline() -> None:
    seen: dict[str, AnyValue] = {}

    @solid
    def look(context):
        system = context.get_system_context()
        seen.update(
            pipeline=(context.pipeline_name, context.pipeline_def.name),
            mode=context.mode_def.name,
            solid=(context.solid.name, context.solid_def.name, str(context.solid_handle)),
            run=context.pipeline_run.run_id == context.run_id,
            system=(system.step.key, system.mode_def.name, system.pipeline_name),
        )

    @pipeline(mode_defs=[ModeDefinition("special")])
    def looking():
        look()

    execute_pipeline(looking)
    assert seen == {
        "pipeline": ("looking", "looking"),
        "mode": "special",
        "solid": ("look", "look", "look"),
        "run": True,
        "system": ("look", "special", "looking"),
    }


# Hooks


def test_hooks_run_after_their_step() -> None:
    told: list[AnyValue] = []

    @success_hook(required_resource_keys={"to"})
    def well(context):
        told.append(("well", context.op.name, context.op_output_values, context.resources.to))

    @failure_hook
    def badly(context):
        told.append(("badly", context.op.name, str(context.op_exception)))

    @event_list_hook(required_resource_keys=set())
    def counted(context, events):
        told.append(("counted", context.step_key, bool(events)))
        return HookExecutionResult("counted", is_skipped=False)

    @op
    def one() -> int:
        return 1

    @op
    def broken(one: int):
        raise ValueError("no")

    @job(hooks={well, badly}, resource_defs={"to": "me"})
    def hooked():
        broken(one.with_hooks({counted})())

    assert not hooked.execute_in_process(raise_on_error=False).success
    assert ("well", "one", {"result": 1}, "me") in told
    assert ("badly", "broken", "no") in told
    assert ("counted", "one", True) in told


def test_hooks_know_the_older_words() -> None:
    told: list[AnyValue] = []

    @success_hook
    def well(context):
        told.append((context.solid.name, context.pipeline_name, context.mode_def.name))
        told.append((context.solid_config, context.solid_output_values, context.step.key))
        told.append((context.pipeline_run.run_id == context.run_id, context.get_tag("t")))
        told.append((context.run_config, context.pipeline_def.name))

    @solid(config_schema=Int)
    def one(_context):
        return 1

    @well
    @pipeline(tags={"t": "v"})
    def hooked():
        one()

    config = {"solids": {"one": {"config": 5}}}
    execute_pipeline(hooked, config)
    assert told == [
        ("one", "hooked", "default"),
        (5, {"result": 1}, "one"),
        (True, "v"),
        (config, "hooked"),
    ]


def test_a_hook_is_called_directly_and_its_errors_do_not_fail_a_run() -> None:
    @success_hook(required_resource_keys={"to"})
    def well(context):
        context.resources.to.append(1)

    to: list[int] = []
    well(build_hook_context(resources={"to": to}))
    assert to == [1]
    with pytest.raises(DagsterError, match="no step"):
        build_hook_context().pipeline_run  # type: ignore[attr-defined]

    @success_hook
    def raising(_context):
        raise ValueError("no")

    @op
    def one() -> int:
        return 1

    @job(hooks={raising})
    def hooked():
        one()

    result = hooked.execute_in_process()
    assert result.success
    assert any(e.event_type is DagsterEventType.HOOK_ERRORED for e in result.all_events)


# Runs, instance, logging, serialization


def test_an_ephemeral_instance_keeps_runs_and_logs() -> None:
    @op
    def one(context) -> int:
        context.log.info("hello")
        return 1

    @job(tags={"t": "v"})
    def only():
        one()

    with DagsterInstance.ephemeral() as instance:
        result = only.execute_in_process(instance=instance)
        assert instance.is_ephemeral
        assert instance.has_run(result.run_id)
        found = instance.get_runs(RunsFilter(job_name="only", tags={"t": "v"}))
        assert [run.run_id for run in found] == [result.run_id]
        assert instance.get_runs_count(RunsFilter(statuses=[DagsterRunStatus.FAILURE])) == 0
        logs = instance.all_logs(result.run_id)
        assert "hello" in [entry.user_message for entry in logs]
        event = next(entry for entry in logs if entry.is_dagster_event)
        assert type(event).from_json(event.to_json()) == event
        instance.delete_run(result.run_id)
        assert not instance.has_run(result.run_id)


def test_runs_are_created_without_being_executed(chain: PipelineDefinition) -> None:
    @op
    def one() -> int:
        return 1

    @job(tags={"own": "1"})
    def only():
        one()

    with DagsterInstance.ephemeral() as instance:
        newer = instance.create_run_for_job(only, tags={"more": "2"}, parent_run_id="p", root_run_id="r")
        older = instance.create_run_for_pipeline(chain, mode="default", solid_selection=["one"])
        named = instance.create_run(job_name="named", status=DagsterRunStatus.QUEUED, op_selection=["x"])
        assert {k: newer.tags[k] for k in ("own", "more")} == {"own": "1", "more": "2"}
        assert (newer.get_parent_run_id(), newer.get_root_run_id()) == ("p", "r")
        assert newer.status is DagsterRunStatus.NOT_STARTED
        assert (older.pipeline_name, older.mode, older.solid_selection) == (
            "counting",
            "default",
            ["one"],
        )
        assert (named.status, named.op_selection) == (DagsterRunStatus.QUEUED, ["x"])
        assert instance.get_runs_count() == 3


def test_loggers_take_what_contexts_and_captured_loggers_say() -> None:
    lines: list[str] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    @logger(config_schema={"level": str})
    def keeping(init):
        made = logging.getLogger("keeping")
        made.setLevel(init.logger_config["level"])
        made.handlers.clear()
        made.addHandler(Keeper())
        return made

    @op
    def say(context):
        context.log.debug("low")
        context.log.warning("high")
        get_dagster_logger().warning("captured")

    @job(logger_defs={"keeping": keeping})
    def saying():
        say()

    saying.execute_in_process({"loggers": {"keeping": {"config": {"level": "WARNING"}}}})
    text = "\n".join(lines)
    assert "high" in text
    assert "captured" in text
    assert "low" not in text
    assert keeping(build_init_logger_context(logger_config={"level": "INFO"})).level == logging.INFO


def test_records_survive_their_json() -> None:
    key = AssetKey(["a", "b"])
    assert deserialize_value(serialize_value(key), AssetKey) == key
    run = PipelineRun("named", tags={"a": "b"})
    assert deserialize_value(serialize_value(run)) == run


def test_errors_of_user_code_have_one_base() -> None:
    assert issubclass(DagsterUserCodeExecutionError, DagsterError)
    assert issubclass(DagsterExecutionStepExecutionError, DagsterUserCodeExecutionError)
    assert not issubclass(dagster.DagsterExecutionInterruptedError, Exception)
