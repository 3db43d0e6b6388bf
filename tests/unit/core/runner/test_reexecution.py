"""Runs that execute an earlier one again: which steps run, what they take from where, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from dagster import (
    DagsterEventType,
    DagsterInstance,
    DagsterInvalidInvocationError,
    DagsterInvalidSubsetError,
    DagsterInvariantViolationError,
    DynamicOut,
    DynamicOutput,
    In,
    InMemoryIOManager,
    IOManager,
    IOManagerDefinition,
    Nothing,
    Out,
    Output,
    ReexecutionOptions,
    RetryRequested,
    RunConfig,
    execute_job,
    graph,
    job,
    op,
    reconstructable,
    resource,
)
from dagster._check import CheckError, ParameterCheckError
from dagster._core.definitions.reconstructable import load_job_from_origin
from dagster._core.errors import DagsterStepOutputNotFoundError
from dagster._core.events.event import DagsterEvent
from dagster._core.instance.for_test import instance_for_test
from dagster._core.runner.api import create_execution_plan, execute_plan, execute_run
from dagster._core.runner.results import JobExecutionResult
from dagster._wire.codec import deserialize_value, serialize_value

IN_PROCESS = {"execution": {"config": {"in_process": {}}}}
#: Steps that ran, in order; steps that fail; what a dynamic step gives; whether an output is given.
RAN: list[str] = []
FAIL: set[str] = set()
KEYS: list[str] = []
GIVES = {"maybe": True}
BY_STEP: dict[str, Any] = {}


@pytest.fixture(autouse=True)
def fresh() -> None:
    RAN.clear()
    FAIL.clear()
    KEYS[:] = ["a", "b", "c"]
    GIVES["maybe"] = True
    BY_STEP.clear()


def note(context: Any) -> None:
    key = context.get_step_execution_context().step.key
    RAN.append(key)
    if key in FAIL:
        raise Exception(f"{key} is told to fail")


@op
def start(context):
    note(context)
    return 1


@op
def inc(context, x):
    note(context)
    return x + 1


@op
def total(context, xs):
    note(context)
    return sum(xs)


@op(out=DynamicOut())
def spread(context):
    note(context)
    for key in KEYS:
        yield DynamicOutput(len(key) + ord(key), mapping_key=key)


@op(out={"here": Out(is_required=False), "gone": Out(is_required=False)})
def branch(context):
    note(context)
    if GIVES["maybe"]:
        yield Output(5, "here")
    else:
        yield Output(6, "gone")


@op(ins={"after": In(Nothing)})
def finish(context):
    note(context)
    return "done"


@op(config_schema={"by": int})
def add(context, x):
    note(context)
    return x + context.op_config["by"]


@job(tags={"team": "data"})
def chain():
    inc.alias("c")(inc.alias("b")(inc.alias("a")(start())))


@job
def fan_out():
    total(spread().map(lambda x: inc.alias("second")(inc.alias("first")(x))).collect())


@job
def branches():
    here, gone = branch()
    total([inc.alias("of_here")(here), inc.alias("of_gone")(gone), start()])


@graph
def inner(x):
    return inc.alias("deep")(inc.alias("deeper")(x))


@job
def nested():
    finish(inner.alias("second")(inner.alias("first")(start())))


@job
def configured_job():
    add(start())


def run(
    instance: DagsterInstance,
    job_def: Any,
    options: ReexecutionOptions | None = None,
    run_config: Any = IN_PROCESS,
    **kwargs: Any,
) -> JobExecutionResult:
    RAN.clear()
    return execute_job(
        reconstructable(job_def),
        instance,
        run_config=run_config,
        reexecution_options=options,
        **kwargs,
    )


def values(result: JobExecutionResult, *names: str) -> list[Any]:
    with result:
        return [result.output_for_node(name) for name in names]


@pytest.fixture(params=["ephemeral", "sqlite"])
def instance(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[DagsterInstance]:
    if request.param == "sqlite":
        with instance_for_test(temp_dir=str(tmp_path)) as made:
            yield made
    else:
        with DagsterInstance.ephemeral() as made:
            yield made


@pytest.fixture
def ephemeral() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as made:
        yield made


def snapshot(instance: DagsterInstance, run_id: str) -> tuple[Any, Any]:
    return instance.get_run_record_by_id(run_id), instance.all_logs(run_id)


# Kinds


def test_from_failure_runs_what_failed_and_what_follows(instance):
    FAIL.add("b")
    failed = run(instance, chain, tags={"mine": "1"})
    before = snapshot(instance, failed.run_id)
    assert RAN == ["start", "a", "b"]
    FAIL.clear()
    again = run(instance, chain, ReexecutionOptions.from_failure(failed.run_id, instance))
    assert again.success
    assert RAN == ["b", "c"]
    assert values(again, "start", "a", "b", "c") == [1, 2, 3, 4]
    stored = again.dagster_run
    assert stored.parent_run_id == stored.root_run_id == failed.run_id
    assert stored.step_keys_to_execute == ["b", "c"]
    assert {key: value for key, value in stored.tags.items() if key != "dagster/run_id"} == {
        "team": "data",
        "dagster/parent_run_id": failed.run_id,
        "dagster/root_run_id": failed.run_id,
        "dagster/is_resume_retry": "true",
    }
    assert stored.is_resume_retry
    assert snapshot(instance, failed.run_id) == before, "the parent run was touched"


def test_a_step_says_which_run_its_input_is_of(ephemeral):
    FAIL.add("b")
    failed = run(ephemeral, chain)
    FAIL.clear()
    again = run(ephemeral, chain, ReexecutionOptions.from_failure(failed.run_id, ephemeral))
    loaded = [e for e in again.all_events if e.event_type_value == "LOADED_INPUT"]
    assert [e.loaded_input_data.upstream_run_id for e in loaded] == [failed.run_id, None]
    assert loaded[0].message == (
        'Loaded input "x" using input manager "io_manager", from output "result" of step "a" of run '
        f"{failed.run_id}"
    )


def test_all_steps(ephemeral):
    first = run(ephemeral, chain)
    again = run(ephemeral, chain, ReexecutionOptions(first.run_id))
    assert RAN == ["start", "a", "b", "c"]
    assert again.dagster_run.step_keys_to_execute is None
    assert "dagster/step_selection" not in again.dagster_run.tags
    assert again.dagster_run.parent_run_id == first.run_id


@pytest.mark.parametrize(
    ("clauses", "ran"),
    [
        (["b"], ["b"]),
        (["b+"], ["b", "c"]),
        (["a*"], ["a", "b", "c"]),
        (["+b"], ["a", "b"]),
        (["*b"], ["start", "a", "b"]),
        (["start", "c"], ["start", "c"]),
    ],
)
def test_selected_steps(ephemeral, clauses, ran):
    first = run(ephemeral, chain)
    again = run(ephemeral, chain, ReexecutionOptions(first.run_id, clauses))
    assert again.success
    assert ran == RAN
    assert again.dagster_run.tags["dagster/step_selection"] == ",".join(clauses)
    assert values(again, "c") == [4]


def test_generations_take_from_the_nearest_run_that_has_it(instance):
    FAIL.update({"b"})
    first = run(instance, chain)
    FAIL.clear()
    FAIL.add("c")
    second = run(instance, chain, ReexecutionOptions.from_failure(first.run_id, instance))
    assert RAN == ["b", "c"]
    third = run(instance, chain, ReexecutionOptions.from_failure(second.run_id, instance))
    assert RAN == ["c"]
    FAIL.clear()
    fourth = run(instance, chain, ReexecutionOptions.from_failure(third.run_id, instance))
    assert RAN == ["c"]
    assert values(fourth, "start", "a", "b", "c") == [1, 2, 3, 4]
    assert fourth.dagster_run.root_run_id == first.run_id
    assert fourth.dagster_run.parent_run_id == third.run_id
    (loaded,) = [e for e in fourth.all_events if e.event_type_value == "LOADED_INPUT"]
    assert loaded.loaded_input_data.upstream_run_id == second.run_id
    found = instance.get_run_group(third.run_id)
    assert found is not None
    assert {r.run_id for r in found[1]} == {r.run_id for r in (first, second, third, fourth)}
    # Of a run for a part, what failed is a part of that part.
    part = run(instance, chain, ReexecutionOptions(fourth.run_id, ["a"]))
    assert RAN == ["a"]
    assert values(part, "b") == [3]


def test_only_the_mapped_steps_that_failed_run_again(instance):
    FAIL.add("first[b]")
    failed = run(instance, fan_out)
    assert RAN == ["spread", "first[a]", "first[b]", "first[c]", "second[a]", "second[c]"]
    FAIL.clear()
    again = run(instance, fan_out, ReexecutionOptions.from_failure(failed.run_id, instance))
    assert again.success
    assert RAN == ["first[b]", "second[b]", "total"]
    assert again.dagster_run.step_keys_to_execute == ["first[b]", "second[b]", "total"]
    expected = {"a": 100, "b": 101, "c": 102}
    assert values(again, "second", "total") == [expected, 303]
    one = run(instance, fan_out, ReexecutionOptions(again.run_id, ["second[a]*"]))
    assert RAN == ["second[a]", "total"]
    assert values(one, "second", "total") == [expected, 303]
    every = run(instance, fan_out, ReexecutionOptions(one.run_id, ["first[?]"]))
    assert RAN == ["first[a]", "first[b]", "first[c]"]
    assert values(every, "total") == [303]


def test_a_changed_fan_out_is_refused_with_the_reason(ephemeral):
    first = run(ephemeral, fan_out)
    KEYS[:] = ["a", "d"]
    again = run(ephemeral, fan_out, ReexecutionOptions(first.run_id, ["spread", "total"]))
    assert not again.success
    assert RAN == ["spread"]
    error = again.get_run_failure_event().job_failure_data.error
    assert 'The fan-out of step "spread" has changed' in error.message
    assert 'no longer gives "b", "c", and it gives "d"' in error.message
    whole = run(ephemeral, fan_out, ReexecutionOptions(first.run_id, ["spread*"]))
    assert values(whole, "total") == [102 - 3 + 1 + 103 - 1 + 1]
    # Values of keys that are gone are not taken.
    last = run(ephemeral, fan_out, ReexecutionOptions(whole.run_id, ["total"]))
    assert values(last, "second", "total") == [{"a": 100, "d": 103}, 203]


def test_a_dynamic_step_that_gave_no_keys(ephemeral):
    KEYS.clear()
    first = run(ephemeral, fan_out)
    assert RAN == ["spread", "total"]
    again = run(ephemeral, fan_out, ReexecutionOptions(first.run_id, ["total"]))
    assert RAN == ["total"]
    assert values(again, "total") == [0]


def test_skipped_branches_stay_skipped(instance):
    FAIL.add("total")
    failed = run(instance, branches)
    assert RAN == ["branch", "of_here", "start", "total"] or RAN == [
        "branch",
        "start",
        "of_here",
        "total",
    ]
    FAIL.clear()
    again = run(instance, branches, ReexecutionOptions.from_failure(failed.run_id, instance))
    assert RAN == ["total"]
    assert values(again, "total") == [7]
    # The branch changes when it runs again.
    GIVES["maybe"] = False
    other = run(instance, branches, ReexecutionOptions(again.run_id, ["branch*"]))
    assert RAN == ["branch", "of_gone", "total"]
    assert values(other, "total") == [8]
    assert other.is_node_skipped("of_here")


def test_nested_graphs_and_order_without_data(ephemeral):
    FAIL.add("second.deep")
    failed = run(ephemeral, nested)
    FAIL.clear()
    again = run(ephemeral, nested, ReexecutionOptions.from_failure(failed.run_id, ephemeral))
    assert RAN == ["second.deep", "finish"]
    assert values(again, "first", "second", "finish") == [3, 5, "done"]
    run(ephemeral, nested, ReexecutionOptions(failed.run_id, ["first.deep*"]))
    assert RAN == ["first.deep", "second.deeper", "second.deep", "finish"]
    # What only waits for a step can run without it.
    run(ephemeral, nested, ReexecutionOptions(failed.run_id, ["finish"]))
    assert RAN == ["finish"]


# Config, tags, selection


def test_run_config_is_the_parents_unless_it_is_given(ephemeral):
    config = {**IN_PROCESS, "ops": {"add": {"config": {"by": 10}}}}
    first = run(ephemeral, configured_job, run_config=config)
    again = run(ephemeral, configured_job, ReexecutionOptions(first.run_id, ["add"]), run_config=None)
    assert values(again, "add") == [11]
    assert again.dagster_run.run_config == config
    other = {**config, "ops": {"add": {"config": {"by": 20}}}}
    again = run(ephemeral, configured_job, ReexecutionOptions(first.run_id, ["add"]), run_config=other)
    assert values(again, "add") == [21]
    given = RunConfig(ops={"add": {"config": {"by": 30}}}, execution=IN_PROCESS["execution"])
    again = run(ephemeral, configured_job, ReexecutionOptions(first.run_id, ["add"]), run_config=given)
    assert values(again, "add") == [31]


def test_tags_are_those_of_the_job_and_the_call(ephemeral):
    first = run(ephemeral, chain, tags={"once": "yes"})
    again = run(ephemeral, chain, ReexecutionOptions(first.run_id), tags={"now": "yes"})
    tags = again.dagster_run.tags
    assert (tags["team"], tags["now"]) == ("data", "yes")
    assert "once" not in tags


def test_the_op_selection_is_inherited(ephemeral):
    first = run(ephemeral, chain, op_selection=["*b"])
    assert RAN == ["start", "a", "b"]
    again = run(ephemeral, chain, ReexecutionOptions(first.run_id))
    assert RAN == ["start", "a", "b"]
    assert list(again.dagster_run.op_selection) == ["*b"]
    with pytest.raises(DagsterInvalidSubsetError, match=r'Known: "start", "a", "b"'):
        run(ephemeral, chain, ReexecutionOptions(first.run_id, ["c"]))
    with pytest.raises(DagsterInvalidInvocationError, match="which has the ops of that run"):
        run(ephemeral, chain, ReexecutionOptions(first.run_id), op_selection=["c"])


# Refusals


def test_a_parent_that_is_not_there_is_refused(ephemeral):
    with pytest.raises(CheckError, match="expected parent_run_id to be the id of a run"):
        run(ephemeral, chain, ReexecutionOptions("nix"))
    with pytest.raises(CheckError, match="expected parent_run_id to be the id of a run"):
        ReexecutionOptions.from_failure("nix", ephemeral)


def test_a_run_without_a_failure_is_refused(ephemeral):
    first = run(ephemeral, chain)
    with pytest.raises(DagsterInvariantViolationError, match=r"it is in status SUCCESS\. Run it again"):
        ReexecutionOptions.from_failure(first.run_id, ephemeral)
    waiting = ephemeral.create_run_for_job(chain)
    with pytest.raises(DagsterInvariantViolationError, match=r"it is in status NOT_STARTED.*run resume"):
        ReexecutionOptions.from_failure(waiting.run_id, ephemeral)


def test_a_failure_with_nothing_left_to_run_is_refused(ephemeral):
    first = run(ephemeral, chain)
    stored = ephemeral.create_run_for_job(chain)
    for entry in ephemeral.all_logs(first.run_id):
        event = entry.dagster_event
        if event is not None and event.event_type is not DagsterEventType.RUN_SUCCESS:
            ephemeral.handle_new_event(entry._replace(run_id=stored.run_id))
    ephemeral.report_run_failed(ephemeral.get_run_by_id(stored.run_id), "Its machine was lost.")
    options = ReexecutionOptions.from_failure(stored.run_id, ephemeral)
    with pytest.raises(DagsterInvariantViolationError, match="all of its steps came to a good end"):
        run(ephemeral, chain, options)


def test_a_run_that_was_canceled_goes_on(ephemeral):
    first = ephemeral.create_run_for_job(chain)
    ephemeral.report_run_canceled(first)
    run(ephemeral, chain, ReexecutionOptions.from_failure(first.run_id, ephemeral))
    assert RAN == ["start", "a", "b", "c"]


def test_a_run_of_another_job_is_refused(ephemeral):
    first = run(ephemeral, fan_out)
    with pytest.raises(DagsterInvariantViolationError, match="it is one of 'fan_out'"):
        run(ephemeral, chain, ReexecutionOptions(first.run_id))


def test_a_selection_that_matches_nothing_is_refused(ephemeral):
    first = run(ephemeral, fan_out)
    with pytest.raises(DagsterInvalidSubsetError, match=r'"first\[z\]".*Did you mean "first\['):
        run(ephemeral, fan_out, ReexecutionOptions(first.run_id, ["first[z]"]))
    assert len(ephemeral.get_runs()) == 1, "nothing is stored of what is refused"


def test_a_missing_value_is_named_before_anything_runs(instance):
    FAIL.add("b")
    failed = run(instance, chain)
    with pytest.raises(DagsterStepOutputNotFoundError) as caught:
        run(instance, chain, ReexecutionOptions(failed.run_id, ["c"]))
    assert RAN == []
    assert caught.value.step_key == "b"
    message = str(caught.value)
    assert 'input "x" of step "c" takes output "result" of step "b", which gave none' in message
    assert f"looked for in run {failed.run_id}" in message
    assert 'Run the steps again that make them: "b"' in message
    assert len(instance.get_runs()) == 1


def test_a_stored_value_that_is_gone_is_named_before_anything_runs(instance):
    import os
    import shutil

    FAIL.add("b")
    failed = run(instance, chain)
    shutil.rmtree(os.path.join(instance.storage_directory(), failed.run_id))
    with pytest.raises(DagsterStepOutputNotFoundError) as caught:
        run(instance, chain, ReexecutionOptions.from_failure(failed.run_id, instance))
    assert RAN == []
    assert (
        'input "x" of step "b" takes output "result" of step "a", which I/O manager "io_manager" '
        f"(PickledObjectFilesystemIOManager) does not have of run {failed.run_id}" in str(caught.value)
    )


def test_options_are_checked():
    with pytest.raises(ParameterCheckError, match=r"Write \['b'\]"):
        ReexecutionOptions("x", "b")
    with pytest.raises(ParameterCheckError):
        ReexecutionOptions(3)
    options = ReexecutionOptions("x", ["b"])
    assert deserialize_value(serialize_value(options), ReexecutionOptions) == options


# Retries


@op
def flaky(context):
    note(context)
    if context.retry_number < 1 or "flaky" in BY_STEP:
        raise RetryRequested(max_retries=1)
    return context.retry_number


@job
def flaky_job():
    inc(flaky())


def test_attempts_start_anew(ephemeral):
    BY_STEP["flaky"] = True
    failed = run(ephemeral, flaky_job)
    assert RAN == ["flaky", "flaky"]
    BY_STEP.clear()
    again = run(ephemeral, flaky_job, ReexecutionOptions.from_failure(failed.run_id, ephemeral))
    assert RAN == ["flaky", "flaky", "inc"]
    assert values(again, "flaky", "inc") == [1, 2]


# Stored runs and plans


def test_a_stored_run_with_a_parent_is_carried_out(instance):
    FAIL.add("b")
    failed = run(instance, chain)
    FAIL.clear()
    stored = instance.create_run_for_job(
        chain,
        run_config=IN_PROCESS,
        parent_run_id=failed.run_id,
        root_run_id=failed.run_id,
        execution_plan=create_execution_plan(chain, IN_PROCESS).build_subset_plan(["b"]),
    )
    RAN.clear()
    result = execute_run(reconstructable(chain), stored, instance)
    assert result.success
    assert RAN == ["b"]
    assert values(result, "a", "b") == [2, 3]
    gone = stored._replace(run_id="other", step_keys_to_execute=["nix"])
    with pytest.raises(DagsterInvariantViolationError, match="a step that the job no longer has"):
        execute_run(reconstructable(chain), instance.add_run(gone), instance)


def test_a_part_of_a_plan_finds_what_the_run_has(ephemeral):
    stored = ephemeral.create_run_for_job(fan_out, run_config=IN_PROCESS)
    plan = create_execution_plan(fan_out, IN_PROCESS)
    recon = reconstructable(fan_out)

    def carry_out(*keys: str) -> list[DagsterEvent]:
        RAN.clear()
        return list(execute_plan(plan.build_subset_plan(keys), recon, ephemeral, stored))

    carry_out("spread")
    carry_out("first[a]", "first[b]")
    assert RAN == ["first[a]", "first[b]"]
    carry_out("first[c]", "second[?]")
    assert sorted(RAN) == ["first[c]", "second[a]", "second[b]", "second[c]"]
    events = carry_out("total")
    assert RAN == ["total"]
    assert any(e.is_step_success for e in events)


def test_the_code_of_a_run_can_be_found_again(instance):
    first = run(instance, chain, op_selection=["*b"])
    stored = instance.get_run_by_id(first.run_id)
    origin = stored.job_code_origin
    assert origin.job_name == "chain"
    loaded = load_job_from_origin(origin)
    assert loaded.get_definition().name == "chain"
    assert origin.get_id() == reconstructable(chain).get_python_origin().get_id()


# In this process


class Kept(IOManager):
    """Keeps values beyond a run, and does not say which."""

    values: ClassVar[dict[tuple[str, ...], Any]] = {}

    def handle_output(self, context, obj):
        self.values[tuple(context.get_identifier())] = obj

    def load_input(self, context):
        return self.values[tuple(context.get_identifier())]


@job(resource_defs={"io_manager": IOManagerDefinition.hardcoded_io_manager(Kept())})
def kept_job():
    inc.alias("b")(inc.alias("a")(start()))


def test_a_part_in_process_with_outputs_of_a_parent(ephemeral):
    FAIL.add("b")
    failed = kept_job.execute_in_process(instance=ephemeral, raise_on_error=False)
    FAIL.clear()
    RAN.clear()
    again = kept_job.execute_in_process(
        instance=ephemeral,
        reexecution_options=ReexecutionOptions.from_failure(failed.run_id, ephemeral),
        tags={"now": "yes"},
        run_id="again",
    )
    assert again.success
    assert again.run_id == "again"
    assert RAN == ["b"]
    assert [again.output_for_node(name) for name in ("start", "a", "b")] == [1, 2, 3]
    assert again.dagster_run.parent_run_id == failed.run_id
    assert again.dagster_run.tags["now"] == "yes"
    with pytest.raises(DagsterInvariantViolationError, match="Did not find result"):
        failed.output_for_node("b")


def test_values_in_memory_are_gone_with_their_run(ephemeral):
    FAIL.add("b")
    failed = chain.execute_in_process(instance=ephemeral, raise_on_error=False)
    options = ReexecutionOptions.from_failure(failed.run_id, ephemeral)
    with pytest.raises(DagsterStepOutputNotFoundError, match='"io_manager"'):
        chain.execute_in_process(instance=ephemeral, reexecution_options=options)
    with pytest.raises(DagsterStepOutputNotFoundError, match=r"\(InMemoryIOManager\).*fs_io_manager"):
        chain.execute_in_process(
            instance=ephemeral,
            reexecution_options=options,
            resources={"io_manager": InMemoryIOManager()},
        )


def test_a_stored_run_goes_on_in_process(ephemeral):
    FAIL.add("first[b]")
    failed = run(ephemeral, fan_out)
    FAIL.clear()
    RAN.clear()
    again = fan_out.execute_in_process(
        instance=ephemeral, reexecution_options=ReexecutionOptions.from_failure(failed.run_id, ephemeral)
    )
    assert RAN == ["first[b]", "second[b]", "total"]
    assert again.output_for_node("second") == {"a": 100, "b": 101, "c": 102}
    assert again.output_for_node("total") == 303


def test_in_process_without_the_instance_is_refused():
    with pytest.raises(CheckError, match="without the instance that it is on"):
        chain.execute_in_process(reexecution_options=ReexecutionOptions("x"))


def test_a_manager_that_fails_to_answer_is_not_relied_upon(ephemeral):
    class Silent(Kept):
        def has_output(self, context):
            raise OSError("the network is down")

    FAIL.add("b")
    managers = {"io_manager": Silent()}
    failed = kept_job.execute_in_process(instance=ephemeral, raise_on_error=False, resources=managers)
    FAIL.clear()
    again = kept_job.execute_in_process(
        instance=ephemeral,
        resources=managers,
        reexecution_options=ReexecutionOptions.from_failure(failed.run_id, ephemeral),
    )
    assert again.success


SET_UP: list[str] = []


@resource
def engine(_):
    SET_UP.append("engine")
    return "engine"


@op(required_resource_keys={"engine"})
def needs_engine(context, x):
    note(context)
    return x


@job(resource_defs={"engine": engine})
def with_engine():
    inc.alias("b")(needs_engine(start()))


def test_only_the_resources_of_what_runs_are_set_up(ephemeral):
    SET_UP.clear()
    first = run(ephemeral, with_engine)
    assert SET_UP == ["engine"]
    again = run(ephemeral, with_engine, ReexecutionOptions(first.run_id, ["b"]))
    assert again.success
    assert SET_UP == ["engine"]
    run(ephemeral, with_engine, ReexecutionOptions(first.run_id, ["needs_engine"]))
    assert SET_UP == ["engine", "engine"]
