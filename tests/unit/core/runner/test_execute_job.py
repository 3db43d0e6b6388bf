from __future__ import annotations

import os

import pytest

from dagster._check import ParameterCheckError
from dagster._core.definitions.executor import ExecutorRequirement, executor
from dagster._core.definitions.inputs import In
from dagster._core.definitions.job.base import InMemoryJob
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.outputs import DynamicOut, Out
from dagster._core.definitions.reconstructable import reconstructable
from dagster._core.definitions.resource.decorator import resource
from dagster._core.definitions.run_config import RunConfig
from dagster._core.definitions.types.builtins import Nothing
from dagster._core.errors import (
    DagsterInvalidConfigError,
    DagsterInvalidDefinitionError,
    DagsterInvalidInvocationError,
    DagsterInvalidSubsetError,
    DagsterInvariantViolationError,
    DagsterUnmetExecutorRequirementsError,
)
from dagster._core.events.event_type import DagsterEventType
from dagster._core.executor.builtin import multiprocess_executor
from dagster._core.executor.in_process import InProcessExecutor
from dagster._core.instance.instance import DagsterInstance
from dagster._core.io.io_manager import IOManager, io_manager
from dagster._core.io.memory import mem_io_manager
from dagster._core.records.run import DagsterRunStatus
from dagster._core.records.user_events import DynamicOutput
from dagster._core.runner.execute_job import (
    create_execution_plan,
    execute_job,
    execute_plan,
    execute_plan_iterator,
    execute_run,
    execute_run_iterator,
)


@pytest.fixture
def instance():
    with DagsterInstance.ephemeral() as made:
        yield made


@op(config_schema={"start": int})
def start(context):
    return context.op_config["start"]


@op
def add_one(value):
    return value + 1


@op(out=DynamicOut())
def keys():
    for key in ("a", "b"):
        yield DynamicOutput(key * 2, mapping_key=key)


@op
def double(value):
    return value * 2


@op
def join(values):
    return "".join(values)


@op(out=Out(Nothing))
def silent():
    pass


@op(ins={"after": In(Nothing)})
def fails():
    raise ValueError("no luck")


@job(tags={"team": "a"})
def sum_job():
    add_one(add_one(start()))


@job
def dynamic_job():
    join(keys().map(double).map(double).collect())


@job
def failing_job():
    fails(silent())


CONFIG = {"ops": {"start": {"config": {"start": 5}}}}


def test_outputs_are_loaded_while_the_result_is_open(instance):
    with execute_job(reconstructable(sum_job), instance, run_config=CONFIG) as result:
        assert result.success
        assert result.output_for_node("add_one_2") == 7
        assert result.output_for_node("start") == 5
        assert result.dagster_run.status is DagsterRunStatus.SUCCESS
        files = os.path.join(instance.storage_directory(), result.run_id)
        assert sorted(os.listdir(files)) == ["add_one", "add_one_2", "start"]
    with pytest.raises(DagsterInvariantViolationError, match=r"must be opened as a context"):
        result.output_for_node("start")


def test_the_run_is_on_the_instance(instance):
    result = execute_job(
        reconstructable(sum_job), instance, RunConfig(ops=CONFIG["ops"]), tags={"by": "me"}
    )
    run = instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run == result.dagster_run
    assert run.tags == {"team": "a", "by": "me"}
    assert run.run_config["ops"] == CONFIG["ops"]
    logged = [e.dagster_event for e in instance.all_logs(run.run_id) if e.dagster_event]
    assert [e.event_type for e in logged] == [e.event_type for e in result.all_events]


def test_loading_outputs_adds_nothing_to_the_log(instance):
    with execute_job(reconstructable(sum_job), instance, CONFIG) as result:
        before = len(instance.all_logs(result.run_id))
        result.output_for_node("start")
        assert len(instance.all_logs(result.run_id)) == before


def test_values_under_keys(instance):
    with execute_job(reconstructable(dynamic_job), instance) as result:
        assert result.output_for_node("keys") == {"a": "aa", "b": "bb"}
        assert result.output_for_node("double_2") == {"a": "a" * 8, "b": "b" * 8}
        assert result.output_for_node("join") == "a" * 8 + "b" * 8


def test_a_selection(instance):
    result = execute_job(reconstructable(sum_job), instance, CONFIG, op_selection=["start+"])
    assert {e.step_key for e in result.get_step_success_events()} == {"start", "add_one"}
    assert result.dagster_run.op_selection == ["start+"]
    assert result.dagster_run.resolved_op_selection == {"start", "add_one"}
    with pytest.raises(DagsterInvalidSubsetError, match=r'Did you mean "start"'):
        execute_job(reconstructable(sum_job), instance, CONFIG, op_selection=["strat"])


def test_an_error_is_told_or_raised(instance):
    with execute_job(reconstructable(failing_job), instance) as result:
        assert not result.success
        assert result.dagster_run.status is DagsterRunStatus.FAILURE
        assert result.output_for_node("silent") is None
        data = result.failure_data_for_node("fails")
        assert data is not None
        assert data.error is not None
    with pytest.raises(ValueError, match=r"no luck"):
        execute_job(reconstructable(failing_job), instance, raise_on_error=True)


def test_invalid_config_is_told_before_there_is_a_run(instance):
    with pytest.raises(DagsterInvalidConfigError, match=r"Missing required"):
        execute_job(reconstructable(sum_job), instance)
    assert instance.get_runs() == []


def test_what_is_not_in_this_version_is_refused(instance):
    recon = reconstructable(sum_job)
    with pytest.raises(ParameterCheckError, match=r"to be a ReexecutionOptions"):
        execute_job(recon, instance, CONFIG, reexecution_options=object())
    with pytest.raises(DagsterInvalidInvocationError, match=r"which has no assets"):
        execute_job(recon, instance, CONFIG, asset_selection=[])


def test_arguments_are_checked(instance):
    with pytest.raises(
        ParameterCheckError, match=r"Pass reconstructable\(sum_job\).*execute_in_process"
    ):
        execute_job(sum_job, instance, CONFIG)
    with pytest.raises(ParameterCheckError, match=r"expected job to be"):
        execute_job("sum_job", instance)
    with pytest.raises(ParameterCheckError, match=r"expected instance to be"):
        execute_job(reconstructable(sum_job), None)


def test_the_jobs_own_executor_runs_it(instance):
    used = []

    @executor(requirements=[ExecutorRequirement.RECONSTRUCTABLE_JOB], config_schema={"n": int})
    def mine(context):
        used.append(context)
        return InProcessExecutor()

    the_job = sum_job.with_executor_def(mine)
    config = {**CONFIG, "execution": {"config": {"n": 3}}}
    with pytest.raises(DagsterUnmetExecutorRequirementsError, match=r"not reconstructable"):
        execute_job(InMemoryJob(the_job), instance, config)

    class Loadable(InMemoryJob):
        is_reconstructable = True

    assert execute_job(Loadable(the_job), instance, config).success
    assert used[0].executor_config == {"n": 3}


def test_io_managers_are_set_up_when_a_value_is_asked_for_and_torn_down(instance):
    opened = []

    class Manager(IOManager):
        values = {}

        def handle_output(self, context, obj):
            self.values[context.step_key] = obj

        def load_input(self, context):
            assert context.resource_config == {"n": 1}
            assert context.resources.db == "db"
            return self.values[context.upstream_output.step_key], context.upstream_output.run_id

    @resource
    def db():
        opened.append("db")
        yield "db"
        opened.append("closed")

    @io_manager(required_resource_keys={"db"}, config_schema={"n": int})
    def managed():
        return Manager()

    made = add_one.name and InMemoryJob(
        sum_job.with_top_level_resources({"io_manager": managed, "db": db})
    ).get_subset(op_selection=["start"])
    config = {**CONFIG, "resources": {"io_manager": {"config": {"n": 1}}}}
    result = execute_job(made, instance, config)
    assert opened == ["db", "closed"]
    with result:
        assert opened == ["db", "closed"]
        assert result.output_for_node("start") == (5, result.run_id)
        assert result.output_for_node("start") == (5, result.run_id)
        assert opened == ["db", "closed", "db"]
    assert opened == ["db", "closed", "db", "closed"]


def test_values_in_memory_are_gone(instance):
    made = InMemoryJob(sum_job.with_top_level_resources({"io_manager": mem_io_manager}))
    with (
        execute_job(made, instance, CONFIG) as result,
        pytest.raises(KeyError, match=r"in-memory I/O manager has no value"),
    ):
        result.output_for_node("start")


def test_a_stored_run(instance):
    recon = reconstructable(sum_job)
    run = instance.create_run_for_job(
        recon.get_definition(), run_config=CONFIG, op_selection=["start", "add_one"]
    )
    with execute_run(recon, run, instance) as result:
        assert result.run_id == run.run_id
        assert result.output_for_node("add_one") == 6
        assert result.job_def.is_subset
    finished = instance.get_run_by_id(run.run_id)
    assert finished is not None
    with pytest.raises(
        DagsterInvariantViolationError, match="is in status SUCCESS; only a run that is NOT_STARTED"
    ):
        execute_run(recon, finished, instance)


def test_a_stored_run_step_by_step(instance):
    recon = reconstructable(failing_job)
    run = instance.create_run_for_job(recon.get_definition())
    events = execute_run_iterator(recon, run, instance)
    assert instance.get_run_by_id(run.run_id).status is DagsterRunStatus.NOT_STARTED
    first = next(events)
    assert first.event_type is DagsterEventType.RUN_START
    assert instance.get_run_by_id(run.run_id).status is DagsterRunStatus.STARTED
    assert list(events)[-1].event_type is DagsterEventType.RUN_FAILURE


def test_a_plan():
    plan = create_execution_plan(sum_job, CONFIG)
    assert plan.step_keys_to_execute == ["start", "add_one", "add_one_2"]
    assert create_execution_plan(reconstructable(sum_job), RunConfig(ops=CONFIG["ops"])).has_step(
        "start"
    )
    with pytest.raises(DagsterInvalidConfigError):
        create_execution_plan(sum_job)


def test_the_steps_of_a_plan_without_the_run_around_them(instance):
    recon = reconstructable(sum_job)
    run = instance.create_run_for_job(recon.get_definition(), run_config=CONFIG)
    plan = create_execution_plan(recon, CONFIG)
    events = execute_plan(plan, recon, instance, run)
    kinds = {e.event_type for e in events}
    assert DagsterEventType.STEP_SUCCESS in kinds
    assert not kinds & {DagsterEventType.RUN_START, DagsterEventType.RUN_SUCCESS}
    assert next(execute_plan_iterator(plan, recon, run, instance)).step_key is None


def test_a_job_that_lacks_a_resource_is_refused(instance):
    @op(required_resource_keys={"db"})
    def ask():
        pass

    @job
    def ask_job():
        ask()

    with pytest.raises(DagsterInvalidDefinitionError, match=r'resource with key "db"'):
        execute_job(InMemoryJob(ask_job), instance)


def test_the_documented_path_has_the_same_functions():
    from dagster._core.execution import api

    assert api.execute_job is execute_job
    assert set(api.__all__) == {
        "create_execution_plan",
        "execute_job",
        "execute_plan",
        "execute_plan_iterator",
        "execute_run",
        "execute_run_iterator",
        "resume_run",
        "validate_run_config",
    }


def test_an_executor_that_does_not_fit_is_refused_before_there_is_a_run():
    @op
    def one():
        return 1

    @job(executor_def=multiprocess_executor)
    def in_processes():
        one()

    with DagsterInstance.ephemeral() as ephemeral:
        with pytest.raises(DagsterUnmetExecutorRequirementsError, match="not reconstructable"):
            execute_job(InMemoryJob(in_processes), ephemeral)
        assert ephemeral.get_runs_count() == 0
