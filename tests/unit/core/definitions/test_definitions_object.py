from __future__ import annotations

import pytest

from dagster._core.definitions.config_mapping import ConfigMapping
from dagster._core.definitions.definitions_object import (
    BindResourcesToJobs,
    Definitions,
    create_repository_using_definitions_args,
    definitions,
)
from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.logger import logger
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.resource.decorator import resource
from dagster._core.definitions.run_config import RunConfig
from dagster._core.errors import DagsterInvalidDefinitionError, DagsterInvariantViolationError
from dagster._core.executor.builtin import in_process_executor
from dagster._core.executor.in_process import InProcessExecutor


@op(required_resource_keys={"db"})
def ask(context):
    return context.resources.db


@job
def ask_job():
    ask()


@job(resource_defs={"db": "own"})
def own_job():
    ask()


@graph
def ask_graph():
    ask()


@logger
def quiet(_context):
    import logging

    return logging.Logger("quiet")  # noqa: LOG001


def value_of(defs, name):
    return defs.get_job_def(name).execute_in_process().output_for_node("ask")


def test_jobs_get_resources_that_they_do_not_give_themselves():
    defs = Definitions(jobs=[ask_job, own_job, ask_graph], resources={"db": "shared"})
    assert value_of(defs, "ask_job") == "shared"
    assert value_of(defs, "own_job") == "own"
    assert value_of(defs, "ask_graph") == "shared"
    assert [j.name for j in defs.resolve_all_job_defs()] == ["ask_job", "own_job", "ask_graph"]
    assert defs.resolve_job_def("own_job") is defs.get_job_def("own_job")


def test_the_repository_is_made_once_and_when_asked_for():
    defs = Definitions(jobs=[own_job])
    assert not defs.has_resolved_repository_def()
    assert defs.get_repository_def() is defs.get_repository_def()
    assert defs.has_resolved_repository_def()
    assert defs.get_repository_def().name == "__repository__"


def test_executor_and_loggers_go_to_jobs_that_name_none():
    one = in_process_executor.configured({"retries": {"disabled": {}}}, name="one")
    two = in_process_executor.configured({"retries": {"enabled": {}}}, name="two")

    @job(executor_def=two, logger_defs={"mine": quiet})
    def specific():
        pass

    @job
    def plain():
        pass

    defs = Definitions(jobs=[specific, plain], executor=one, loggers={"quiet": quiet})
    assert defs.get_job_def("plain").executor_def is one
    assert set(defs.get_job_def("plain").loggers) == {"quiet"}
    assert defs.get_job_def("specific").executor_def is two
    assert set(defs.get_job_def("specific").loggers) == {"mine"}


def test_an_executor_object_is_an_executor():
    mine = InProcessExecutor()
    defs = Definitions(jobs=[own_job], executor=mine)
    assert defs.executor is not None
    assert defs.get_job_def("own_job").executor_def.executor_creation_fn(None) is mine


def test_a_missing_resource_is_told_when_definitions_are_validated():
    defs = Definitions(jobs=[ask_job])
    with pytest.raises(DagsterInvalidDefinitionError, match=r"key \"db\" required by op 'ask'"):
        Definitions.validate_loadable(defs)


def test_a_misspelt_resource_is_suggested():
    with pytest.raises(DagsterInvalidDefinitionError, match=r'Did you mean "dbx"'):
        Definitions.validate_loadable(Definitions(jobs=[ask_job], resources={"dbx": 1}))


def test_an_unknown_job_is_told_with_the_nearest_name():
    with pytest.raises(
        DagsterInvariantViolationError, match=r'job "ask_jobb"\. Did you mean "ask_job"\?'
    ):
        Definitions(jobs=[own_job, ask_job], resources={"db": 1}).get_job_def("ask_jobb")


def test_two_jobs_of_one_name_are_refused_with_both_places():
    @job(name="own_job")
    def other():
        pass

    with pytest.raises(DagsterInvalidDefinitionError) as caught:
        Definitions(jobs=[own_job, other]).get_repository_def()
    message = str(caught.value)
    assert "duplicate job definition found for job 'own_job'" in message
    assert f"{__file__}:{own_job.__wrapped__.__code__.co_firstlineno}" in message
    assert f"{__file__}:{other.__wrapped__.__code__.co_firstlineno}" in message


def test_two_jobs_of_one_graph_need_two_names():
    with pytest.raises(DagsterInvalidDefinitionError, match=r"made of the same graph"):
        Definitions(jobs=[ask_graph.to_job(), ask_graph], resources={"db": 1}).get_repository_def()


def test_the_same_job_twice_is_once():
    defs = Definitions(jobs=[own_job, own_job])
    assert len(defs.resolve_all_job_defs()) == 1


@pytest.mark.parametrize("name", ["assets", "schedules", "sensors", "asset_checks", "component_tree"])
def test_what_comes_later_is_refused_with_a_sentence(name):
    Definitions(**{name: None})
    if name != "component_tree":
        Definitions(**{name: []})
    with pytest.raises(DagsterInvalidDefinitionError, match=f"{name} were given, which this version"):
        Definitions(**{name: [object()]})


def test_what_is_no_job_is_refused():
    with pytest.raises(
        DagsterInvalidDefinitionError, match=r"op 'ask': an op runs as part of a job.*index 1"
    ):
        Definitions(jobs=[own_job, ask])
    with pytest.raises(DagsterInvalidDefinitionError, match=r"function value_of: call it"):
        Definitions(jobs=[value_of])
    with pytest.raises(DagsterInvalidDefinitionError, match=r"got: 3 \(int\)|Got 3 \(int\)"):
        Definitions(jobs=[3])
    with pytest.raises(
        DagsterInvalidDefinitionError, match=r"expected jobs of Definitions to be a list"
    ):
        Definitions(jobs=own_job)


def test_what_is_no_executor_is_refused():
    with pytest.raises(DagsterInvalidDefinitionError, match=r"ExecutorDefinition or an Executor"):
        Definitions(executor="in_process")


def test_merge():
    database = object()
    merged = Definitions.merge(
        Definitions(jobs=[ask_job], resources={"db": database}, metadata={"team": "a"}),
        Definitions(jobs=[own_job, ask_job], resources={"db": database}, executor=in_process_executor),
        Definitions(executor=in_process_executor, loggers={"quiet": quiet}),
    )
    assert [j.name for j in merged.jobs] == ["ask_job", "own_job"]
    assert value_of(merged, "ask_job") is database
    assert merged.executor is in_process_executor
    assert set(merged.loggers) == {"quiet"}
    assert merged.metadata["team"].value == "a"


def test_merge_refuses_what_contradicts():
    with pytest.raises(
        DagsterInvariantViolationError, match=r"objects 0 and 1 have different resources .* 'a'"
    ):
        Definitions.merge(Definitions(resources={"a": 1}), Definitions(resources={"a": 2}))
    other = in_process_executor.configured({}, name="other")
    with pytest.raises(DagsterInvariantViolationError, match=r"objects 0 and 2 both have an executor"):
        Definitions.merge(
            Definitions(executor=in_process_executor), Definitions(), Definitions(executor=other)
        )
    with pytest.raises(DagsterInvariantViolationError, match=r"different loggers"):
        Definitions.merge(
            Definitions(loggers={"q": quiet}),
            Definitions(loggers={"q": logger(lambda _context: None)}),
        )


def test_equal_plain_resources_merge():
    assert Definitions.merge(
        Definitions(resources={"a": 1}), Definitions(resources={"a": 1})
    ).resources == {"a": 1}


def test_with_resources_replaces():
    defs = Definitions(jobs=[ask_job], resources={"db": 1})
    assert value_of(defs.with_resources({"db": 2}), "ask_job") == 2
    assert value_of(defs, "ask_job") == 1


def test_with_definition_metadata_update():
    defs = Definitions(metadata={"a": 1}).with_definition_metadata_update(lambda m: {**m, "b": "x"})
    assert {k: v.value for k, v in defs.metadata.items()} == {"a": 1, "b": "x"}
    assert defs.get_repository_def().metadata == defs.metadata


def test_bind_resources_to_jobs_is_a_list():
    assert (
        value_of(Definitions(jobs=BindResourcesToJobs([ask_job]), resources={"db": 4}), "ask_job") == 4
    )


def test_lazy_definitions_are_built_once():
    built = []

    @definitions
    def defs():
        """All."""
        built.append(1)
        return Definitions(jobs=[own_job])

    assert built == []
    assert defs() is defs()
    assert built == [1]
    assert (defs.__name__, defs.__doc__) == ("defs", "All.")


def test_lazy_definitions_check_their_function():
    with pytest.raises(
        DagsterInvalidDefinitionError, match=r"must take no arguments, but takes context"
    ):

        @definitions
        def needs_context(context):
            return Definitions()

    @definitions
    def wrong():
        return [own_job]

    with pytest.raises(DagsterInvariantViolationError, match=r"wrong .*to be Definitions, got: \["):
        wrong()


def test_a_repository_of_definitions_arguments():
    repo = create_repository_using_definitions_args("mine", jobs=[ask_job], resources={"db": 7})
    assert repo.name == "mine"
    assert repo.get_job("ask_job").execute_in_process().output_for_node("ask") == 7
    assert set(repo.get_top_level_resources()) == {"db"}


def test_resource_config_of_bound_resources_is_part_of_the_schema():
    @resource(config_schema={"url": str})
    def db(context):
        return context.resource_config["url"]

    bound = Definitions(jobs=[ask_job], resources={"db": db}).get_job_def("ask_job")
    result = bound.execute_in_process(RunConfig(resources={"db": {"config": {"url": "u"}}}))
    assert result.output_for_node("ask") == "u"


def test_a_job_with_default_config_for_a_shared_resource_gets_it():
    # The resource is not there yet when the job is defined, so its config cannot be checked then.
    @resource(config_schema={"url": str})
    def db(context):
        return context.resource_config["url"]

    mapped = ask_graph.to_job(
        name="mapped",
        config=ConfigMapping(
            lambda c: {"resources": {"db": {"config": {"url": c["u"]}}}}, config_schema={"u": str}
        ),
    )
    bound = Definitions(jobs=[mapped], resources={"db": db}).get_job_def("mapped")
    assert bound.execute_in_process({"u": "x"}).output_for_node("ask") == "x"
