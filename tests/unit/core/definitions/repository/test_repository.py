from __future__ import annotations

import pytest

from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.repository.data import CachingRepositoryData, RepositoryData
from dagster._core.definitions.repository.decorator import repository
from dagster._core.definitions.repository.definition import RepositoryDefinition
from dagster._core.errors import DagsterInvalidDefinitionError, DagsterInvariantViolationError
from dagster._core.executor.builtin import in_process_executor


@op
def one():
    return 1


@job
def first():
    one()


@job
def second():
    one()


@graph
def third():
    one()


class Pipeline:
    """What the older vocabulary's PipelineDefinition looks like from below."""

    def __init__(self, name):
        self.name = name

    def get_mode_job(self, mode=None):
        return first


def test_a_list_of_jobs():
    @repository
    def all_jobs():
        """Everything."""
        return [first, second, third]

    assert isinstance(all_jobs, RepositoryDefinition)
    assert (all_jobs.name, all_jobs.description) == ("all_jobs", "Everything.")
    assert all_jobs.job_names == ["first", "second", "third"]
    assert all_jobs.get_job("first") is first
    assert all_jobs.get_job("third").execute_in_process().output_for_node("one") == 1
    assert all_jobs.get_job("third") is all_jobs.get_job("third")
    assert all_jobs.has_job("second")
    assert not all_jobs.has_job("fourth")
    assert [j.name for j in all_jobs.get_all_jobs()] == ["first", "second", "third"]


def test_arguments_of_the_decorator():
    @repository(
        name="other", description="d", metadata={"a": 1}, default_executor_def=in_process_executor
    )
    def all_jobs():
        return [first]

    assert (all_jobs.name, all_jobs.description) == ("other", "d")
    assert all_jobs.metadata["a"].value == 1
    assert all_jobs.get_job("first").executor_def is in_process_executor


def test_the_older_form_gives_the_name_by_position():
    decorate = repository("named")
    assert decorate(lambda: [first]).name == "named"


def test_a_dict_is_lazy():
    made = []

    def make(definition):
        def maker():
            made.append(definition.name)
            return definition

        return maker

    @repository
    def lazy():
        return {"jobs": {"first": make(first), "third": make(third), "second": second}}

    assert lazy.job_names == ["first", "third", "second"]
    assert lazy.has_job("third")
    assert made == []
    assert lazy.get_job("third").name == "third"
    assert lazy.get_job("third") is lazy.get_job("third")
    assert made == ["third"]
    lazy.load_all_definitions()
    assert made == ["third", "first"]


def test_pipelines_have_their_older_names():
    old = Pipeline("old")

    @repository
    def both():
        return {"pipelines": {"old": lambda: old}, "jobs": {"first": first}, "schedules": {}}

    assert both.pipeline_names == ["old", "first"]
    assert both.get_pipeline("old") is old
    assert both.get_pipeline("first") is first
    assert both.has_pipeline("old")
    assert both.get_all_pipelines() == [old, first]
    assert both.get_all_jobs() == [first]
    assert both.job_names == ["first"]
    with pytest.raises(
        DagsterInvariantViolationError, match=r"'old' is a pipeline.*get_pipeline\('old'\)"
    ):
        both.get_job("old")


def test_a_graph_with_an_alias_becomes_a_job():
    @repository
    def aliased():
        return [third.alias("renamed")]

    assert aliased.job_names == ["renamed"]


def test_an_unknown_name_is_told_with_the_nearest():
    @repository
    def all_jobs():
        return [first, second]

    with pytest.raises(DagsterInvariantViolationError, match=r'Did you mean "second"'):
        all_jobs.get_job("secnd")


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ([first, one, 3], r"op 'one'.* at index 1; 3 \(int\) at index 2"),
        (first, "to be a list, a dict"),
        ({"jobs": {"c": "nothing"}}, r"expected job 'c' to be a job, a graph.*got: 'nothing' \(str\)"),
        ({"jobs": {"one": one}}, "got: op 'one': an op runs as part of a job"),
        ({"job": {}}, 'unknown key "job". Did you mean "jobs"'),
        ({"jobs": [first]}, 'value of "jobs" to be a dict of jobs by name'),
        ({"schedules": {"a": 1}}, "schedules were given, which this version"),
        (
            {"jobs": {"first": first}, "pipelines": {"first": Pipeline("first")}},
            "duplicate job definition",
        ),
    ],
)
def test_what_cannot_be_in_a_repository_is_refused_with_the_place(returned, message):
    with pytest.raises(DagsterInvalidDefinitionError, match=message) as caught:

        @repository
        def wrong():
            return returned

    assert f"wrong ({__file__}:" in str(caught.value)


def test_duplicates_in_a_list_are_refused():
    other = third.to_job(name="first")
    with pytest.raises(DagsterInvalidDefinitionError) as caught:
        repository(lambda: [first, other])
    assert str(caught.value).count(f"({__file__}:") == 2 + 1  # both jobs and the repository


def test_a_lazy_job_is_checked_when_it_is_made():
    @repository
    def lazy():
        return {"jobs": {"a": lambda: 3, "b": first}}

    with pytest.raises(DagsterInvalidDefinitionError, match=r"bad constructor for job 'a'.*got: 3"):
        lazy.get_job("a")
    with pytest.raises(
        DagsterInvalidDefinitionError, match="job 'b': name in JobDefinition does not match"
    ):
        lazy.get_job("b")
    with pytest.raises(DagsterInvalidDefinitionError, match=r"bad constructor for job 'a'"):
        lazy.validate_loadable()


def test_a_job_that_lacks_a_resource_is_refused():
    @op(required_resource_keys={"db"})
    def ask():
        pass

    with pytest.raises(DagsterInvalidDefinitionError, match=r'resource with key "db"'):

        @repository
        def wrong():
            @job
            def ask_job():
                ask()

            return [ask_job]


class Yaml(RepositoryData):
    def __init__(self, jobs):
        self.jobs = jobs

    def get_all_jobs(self):
        return self.jobs


def test_data_of_the_users_own():
    @repository(default_executor_def=in_process_executor)
    def mine():
        return Yaml([first, third])

    assert mine.job_names == ["first", "third"]
    assert mine.get_job("first").executor_def is in_process_executor
    assert mine.get_job("first") is mine.get_job("first")
    assert [j.name for j in mine.get_all_jobs()] == ["first", "third"]
    with pytest.raises(DagsterInvariantViolationError, match=r'unknown job "x"'):
        mine.get_job("x")


def test_data_of_the_users_own_is_checked():
    repo = repository(name="r")(lambda: Yaml([first, third.to_job(name="first")]))
    with pytest.raises(DagsterInvalidDefinitionError, match=r"jobs of Yaml: duplicate job"):
        repo.load_all_definitions()
    repo = repository(name="r")(lambda: Yaml([one]))
    with pytest.raises(DagsterInvalidDefinitionError, match=r"jobs of Yaml must be .* op 'one'"):
        repo.get_all_jobs()


def test_older_data_gives_pipelines():
    class Older(RepositoryData):
        def get_all_pipelines(self):
            return [Pipeline("old"), first]

    repo = repository(name="r")(Older)
    assert repo.pipeline_names == ["old", "first"]
    assert repo.job_names == ["first"]


def test_a_definition_can_be_made_by_hand():
    repo = RepositoryDefinition("by_hand", CachingRepositoryData.from_dict({"jobs": {"first": first}}))
    assert repo.get_maybe_subset_job_def("first", ["one"]).is_subset
    assert repr(repo) == "RepositoryDefinition('by_hand')"
    with pytest.raises(DagsterInvalidDefinitionError):
        RepositoryDefinition("not a name", CachingRepositoryData.from_list([]))
