"""What `configured` and config mappings make wrong is told at once, with paths, before anything runs."""

from __future__ import annotations

import pytest

from dagster._config.configurable import configured
from dagster._config.env_var import EnvVar
from dagster._core.definitions.config_mapping import ConfigMapping, config_mapping
from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.logger import logger
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.resource.decorator import resource
from dagster._core.definitions.resource.pythonic import ConfigurableResource
from dagster._core.errors import DagsterInvalidConfigError
from dagster._legacy.execution import execute_pipeline
from dagster._legacy.pipeline import pipeline
from dagster._legacy.solid import solid

RAN: list[str] = []


@op(config_schema={"times": int})
def greet(context):
    RAN.append("greet")


@configured(greet, config_schema={"n": int})
def greet_twice(config):
    return {"times": str(config["n"] * 2)}


greet_badly = greet.configured({"tims": 1}, name="greet_badly")


@resource(config_schema={"url": str})
def database(context):
    RAN.append("database")


@op(required_resource_keys={"db"})
def use(context):
    RAN.append("use")


@resource
def first(context):
    RAN.append("first")


@logger(config_schema={"level": str})
def console(context):
    raise AssertionError("not made when its config is wrong")


def problems_of(error: DagsterInvalidConfigError) -> list[tuple[str, str]]:
    return [(problem.path, problem.message) for problem in error.errors]


def test_everything_that_is_made_wrongly_is_told_at_once_and_nothing_has_run() -> None:
    @graph
    def sub():
        greet_badly()
        greet_twice()

    @config_mapping(config_schema={"x": int})
    def to_greet(config):
        return {"greet": {"config": {"times": f"{config['x']}"}}}

    @graph(config=to_greet)
    def mapped():
        greet()

    @job(
        resource_defs={"a": first, "db": database.configured({"url": 3})},
        logger_defs={"plain": console.configured({"level": 1})},
    )
    def everything():
        sub()
        mapped()
        use()

    RAN.clear()
    with pytest.raises(DagsterInvalidConfigError) as caught:
        everything.execute_in_process(
            {
                "ops": {
                    "sub": {"ops": {"greet_twice": {"config": {"n": 1}}}},
                    "mapped": {"config": {"x": 1}},
                },
                "loggers": {"plain": {}},
            }
        )
    assert str(caught.value).startswith("Error in config for job 'everything'\n")
    problems = problems_of(caught.value)
    assert {path for path, _ in problems} == {
        "ops → sub → ops → greet_badly → config",
        "ops → sub → ops → greet_twice → config → times",
        "ops → mapped → ops → greet → config → times",
        "resources → db → config → url",
        "loggers → plain → config → level",
    }
    assert all(f"at path {path}" in message for path, message in problems)
    message = str(caught.value)
    assert 'the configured OpDefinition "greet_badly" gives to OpDefinition "greet"' in message
    assert 'Did you mean "times"?' in message
    assert 'the config mapping of graph "mapped": what it returns does not fit the ops inside' in message
    assert RAN == []


def test_resources_that_a_run_does_not_need_are_not_looked_at() -> None:
    @job(resource_defs={"db": database.configured({"url": 3})})
    def without():
        greet()

    assert without.execute_in_process({"ops": {"greet": {"config": {"times": 1}}}}).success


def test_a_mapping_that_returns_no_mapping_has_the_path_of_its_graph() -> None:
    @graph(config=ConfigMapping(lambda config: 3, config_schema={"x": int}))
    def mapped():
        greet()

    @job
    def outer():
        mapped.alias("m")()

    with pytest.raises(DagsterInvalidConfigError) as caught:
        outer.execute_in_process({"ops": {"m": {"config": {"x": 1}}}})
    ((path, message),) = problems_of(caught.value)
    assert path == "ops → m → config"
    assert 'Error in the config mapping of graph "m": expected the config mapping function' in message


def test_the_config_mapping_of_a_job_is_named_where_it_is_at_fault() -> None:
    @job(config=ConfigMapping(lambda config: {"op": {}}, config_schema={"x": int}))
    def mapped():
        greet()

    with pytest.raises(
        DagsterInvalidConfigError, match="job 'mapped': what its config mapping returned"
    ):
        mapped.execute_in_process({"x": 1})
    with pytest.raises(
        DagsterInvalidConfigError, match="config mapping of job 'mapped': the outer config"
    ):
        mapped.execute_in_process({"y": 1})


def test_pipelines_tell_everything_at_once_too() -> None:
    @solid(config_schema={"times": int})
    def hello(context):
        pass

    wrong = hello.configured({"times": "a"}, name="wrong")
    also_wrong = hello.configured({"times": "b"}, name="also_wrong")

    @pipeline
    def greetings():
        wrong()
        also_wrong()

    with pytest.raises(DagsterInvalidConfigError) as caught:
        execute_pipeline(greetings)
    assert str(caught.value).startswith("Error in config for pipeline 'greetings'\n")
    assert [path for path, _ in problems_of(caught.value)] == [
        "solids → wrong → config → times",
        "solids → also_wrong → config → times",
    ]


def test_environment_variables_of_nested_resources_are_looked_up_before_anything_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Connection(ConfigurableResource):
        url: str

        def setup_for_execution(self, context) -> None:
            RAN.append(self.url)

    class Pool(ConfigurableResource):
        connection: Connection

    class Client(ConfigurableResource):
        pool: Pool

    @op
    def query(client: Client):
        return client.pool.connection.url

    @job(
        resource_defs={
            "client": Client(pool=Pool(connection=Connection(url=EnvVar("DAGWERK_NO_SUCH_URL")))),
            "a": first,
        }
    )
    def queries():
        query()

    RAN.clear()
    monkeypatch.delenv("DAGWERK_NO_SUCH_URL", raising=False)
    with pytest.raises(DagsterInvalidConfigError) as caught:
        queries.execute_in_process()
    ((path, message),) = problems_of(caught.value)
    assert path == "resources → client → config → pool → connection → url"
    assert '"DAGWERK_NO_SUCH_URL"' in message
    assert RAN == []
    monkeypatch.setenv("DAGWERK_NO_SUCH_URL", "x")
    assert queries.execute_in_process().output_for_node("query") == "x"
    assert RAN == ["x"]
