"""Run config from one end to the other: what is given, what is refused, and what user code gets."""

from __future__ import annotations

import enum
import json
import pickle

import pytest

from dagster._config.config_type import Array, Enum, EnumValue
from dagster._config.configurable import configured
from dagster._config.env_var import EnvVar
from dagster._config.field import Field
from dagster._config.shapes import Permissive, Selector, Shape
from dagster._config.source import IntSource, StringSource
from dagster._core.definitions.config_mapping import ConfigMapping, config_mapping
from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.inputs import In
from dagster._core.definitions.job.base import InMemoryJob
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.logger import logger
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.outputs import Out
from dagster._core.definitions.resource.decorator import resource
from dagster._core.definitions.run_config import RunConfig
from dagster._core.definitions.types.dagster_type import DagsterType
from dagster._core.definitions.types.generics import List
from dagster._core.definitions.types.loader import dagster_type_loader
from dagster._core.errors import (
    DagsterConfigMappingFunctionError,
    DagsterInvalidConfigError,
    DagsterInvalidDefinitionError,
)
from dagster._core.executor.builtin import in_process_executor
from dagster._core.instance.instance import DagsterInstance
from dagster._core.io.input_manager import input_manager
from dagster._core.io.io_manager import IOManager, io_manager
from dagster._core.records.user_events import RetryRequested
from dagster._core.runner.execute_job import execute_job

ran: list[str] = []


@pytest.fixture(autouse=True)
def _nothing_ran():
    ran.clear()


class Color(enum.Enum):
    RED = 1
    BLUE = 2


@op(config_schema={"times": int, "word": Field(str, default_value="hi")})
def greet(context):
    ran.append("greet")
    return [context.op_config["word"]] * context.op_config["times"]


@op(config_schema=Enum("Color", [EnumValue("RED", Color.RED), EnumValue("BLUE", Color.BLUE)]))
def paint(context):
    ran.append("paint")
    return context.op_config


@op
def show(context):
    return context.op_config


@job
def greet_job():
    greet()


@job
def both_job():
    greet()
    paint()


def ops(**configs):
    return {"ops": {name: {"config": config} for name, config in configs.items()}}


def value(job_def, config=None, name="greet", **kwargs):
    return job_def.execute_in_process(run_config=config, **kwargs).output_for_node(name)


def problems(job_def, config, **kwargs):
    with pytest.raises(DagsterInvalidConfigError) as caught:
        job_def.execute_in_process(run_config=config, **kwargs)
    assert ran == []
    return caught.value


# What ops get


def test_defaults_are_filled_in():
    assert value(greet_job, ops(greet={"times": 2})) == ["hi", "hi"]
    assert value(greet_job, ops(greet={"times": 1, "word": "ho"})) == ["ho"]


def test_an_enum_comes_as_its_python_value():
    assert value(both_job, ops(greet={"times": 1}, paint="BLUE"), "paint") is Color.BLUE


def test_an_op_without_a_schema_takes_anything():
    @job
    def any_job():
        show()

    assert value(any_job, None, "show") is None
    assert value(any_job, ops(show={"a": [1, {"b": 2}]}), "show") == {"a": [1, {"b": 2}]}


def test_config_is_the_ops_own():
    # A value that an op changes must not reach another run.
    @op(config_schema={"items": Field([int], default_value=[1])})
    def change(context):
        context.op_config["items"].append(2)
        return context.op_config["items"]

    @job
    def change_job():
        change()

    assert value(change_job, None, "change") == [1, 2]
    assert value(change_job, None, "change") == [1, 2]


def test_every_kind_of_schema():
    schema = {
        "choice": Selector({"a": int, "b": Field(str, default_value="x")}),
        "open": Permissive({"known": int}),
        "list": Array(Shape({"n": int})),
        "maybe": Field(str, is_required=False),
    }

    @op(config_schema=schema)
    def many(context):
        return context.op_config

    @job
    def many_job():
        many()

    config = {"choice": {"b": "y"}, "open": {"known": 1, "other": [2]}, "list": [{"n": 1}, {"n": 2}]}
    assert value(many_job, ops(many=config), "many") == config
    error = problems(
        many_job, ops(many={"choice": {"a": 1, "b": "x"}, "open": {}, "list": [{"n": "x"}]})
    )
    assert {e.path for e in error.errors} == {
        "ops → many → config → choice",
        "ops → many → config → open",
        "ops → many → config → list[0] → n",
    }


# What is refused


def test_all_problems_are_told_at_once_before_anything_runs():
    error = problems(
        both_job,
        {
            "ops": {"greet": {"config": {"tims": 2, "word": 3}}, "paint": {"config": "GREEN"}},
            "loggers": {"consol": {}},
            "resource": {},
        },
    )
    message = str(error)
    assert message.startswith("Error in config for job 'both_job'")
    assert message.count("Error ") >= 6
    assert 'Did you mean "times"' in message
    assert 'Did you mean "console"' in message
    assert 'Did you mean "resources"' in message
    assert "RED" in message
    assert "ops → greet → config → word" in message


def test_no_run_is_made_of_invalid_config():
    with DagsterInstance.ephemeral() as instance:
        problems(greet_job, {}, instance=instance)
        assert instance.get_runs() == []


def test_what_is_missing_is_shown_by_an_example():
    message = str(problems(greet_job, {}))
    assert 'Missing required config entry "ops" at the root' in message
    assert "'times': 0" in message


def test_an_unknown_op_is_told_with_the_nearest():
    assert 'Did you mean "greet"' in str(problems(greet_job, ops(greeet={"times": 1})))


def test_an_unknown_executor_key_is_told():
    error = problems(greet_job, {**ops(greet={"times": 1}), "execution": {"config": {"in_proces": {}}}})
    assert "execution → config" in error.errors[0].path
    assert '"in_proces"' in str(error)
    assert '"in_process"' in str(error)
    error = problems(greet_job, {**ops(greet={"times": 1}), "execution": {"in_process": {}}})
    assert 'unexpected config entry "in_process" at path execution. Expected: { config?:' in str(error)


# Selections


def test_config_of_ops_that_are_not_selected_is_allowed():
    config = ops(greet={"times": 1}, paint="RED")
    assert value(both_job, config, op_selection=["greet"]) == ["hi"]
    assert ran == ["greet"]
    # it is not looked at, however wrong
    assert value(both_job, ops(greet={"times": 1}, paint=7), op_selection=["greet"]) == ["hi"]


def test_config_of_ops_that_do_not_exist_is_not():
    error = problems(both_job, ops(greet={"times": 1}, pant="RED"), op_selection=["greet"])
    assert '"pant"' in str(error)


def test_config_of_nested_ops_that_are_not_selected_is_allowed():
    @graph
    def inner():
        greet()
        paint()

    @job
    def outer():
        inner()

    config = {"ops": {"inner": {"ops": {"greet": {"config": {"times": 1}}, "paint": {"config": "RED"}}}}}
    assert value(outer, config, "inner.greet", op_selection=["inner.greet"]) == ["hi"]
    assert ran == ["greet"]


def test_an_input_that_a_selection_cuts_off_is_given_by_config():
    @op
    def source() -> int:
        return 1

    @op
    def add(x: int) -> int:
        return x + 1

    @job
    def chain():
        add(source())

    config = {"ops": {"add": {"inputs": {"x": 41}}}}
    assert value(chain, config, "add", op_selection=["add"]) == 42
    assert "inputs" in str(problems(chain, {}, op_selection=["add"]))


# The job's own config


def test_config_of_the_job_itself():
    @job(config=ops(greet={"times": 3}))
    def own():
        greet()

    assert value(own) == ["hi"] * 3


def test_config_of_the_job_itself_as_an_object():
    @job(config=RunConfig(ops={"greet": {"config": {"times": 3}}}))
    def own():
        greet()

    assert value(own) == ["hi"] * 3
    assert value(greet_job, RunConfig(ops={"greet": {"config": {"times": 1}}})) == ["hi"]


def test_a_runs_config_wins_for_each_op_as_a_whole():
    @job(config=ops(greet={"times": 3, "word": "own"}, paint="RED"))
    def own():
        greet()
        paint()

    config = ops(greet={"times": 1})
    result = own.execute_in_process(run_config=config)
    # "word" is the schema's default, not what the job said together with another "times"
    assert result.output_for_node("greet") == ["hi"]
    assert result.output_for_node("paint") is Color.RED


def test_an_executors_config_of_a_run_wins():
    @job(
        config={"execution": {"config": {"retries": {"disabled": {}}}}}, executor_def=in_process_executor
    )
    def own():
        show()

    resolved = own.resolve_run_config({"execution": {"config": {"retries": {"enabled": {}}}}})
    assert resolved.executor["retries"] == {"enabled": {}}
    assert own.resolve_run_config().executor["retries"] == {"disabled": {}}


def test_invalid_config_of_the_job_itself_is_refused_when_it_is_made():
    with pytest.raises(
        DagsterInvalidConfigError, match=r"Invalid default config on job 'own'.*\n.*times"
    ):

        @job(config=ops(greet={"times": "three"}))
        def own():
            greet()


def test_config_of_the_job_itself_may_be_incomplete():
    @job(config=ops(greet={"times": 3}))
    def own():
        greet()
        paint()

    assert value(own, ops(paint="RED")) == ["hi"] * 3
    ran.clear()
    assert "paint" in str(problems(own, {}))


def test_what_is_no_config_is_refused():
    with pytest.raises(
        DagsterInvalidDefinitionError, match="expected config to be a dict, a RunConfig or"
    ):

        @job(config=3)
        def own():
            greet()


def test_a_config_mapping_of_the_job():
    mapping = ConfigMapping(lambda c: ops(greet={"times": c["n"]}), config_schema={"n": int})

    @job(config=mapping)
    def own():
        greet()

    assert value(own, {"n": 2}) == ["hi", "hi"]
    ran.clear()
    assert '"m"' in str(problems(own, {"m": 2}))


def test_a_config_mapping_that_makes_invalid_config():
    @job(config=ConfigMapping(lambda _c: ops(greet={"times": "x"})))
    def own():
        greet()

    assert "ops → greet → config → times" in str(problems(own, {}))


def test_a_config_mapping_that_raises():
    def broken(_config):
        raise KeyError("a")

    @job(config=ConfigMapping(broken))
    def own():
        greet()

    with pytest.raises(DagsterConfigMappingFunctionError):
        own.execute_in_process(run_config={})


# Graphs


@graph
def nested():
    greet()


@graph
def nested_twice():
    nested()


def test_config_of_ops_in_graphs():
    @job
    def outer():
        nested_twice()

    config = {"ops": {"nested_twice": {"ops": {"nested": {"ops": {"greet": {"config": {"times": 2}}}}}}}}
    assert value(outer, config, "nested_twice.nested.greet") == ["hi", "hi"]
    error = problems_after(outer, {"ops": {"nested_twice": {"ops": {"nested": {"ops": {"gret": {}}}}}}})
    assert 'Did you mean "greet"' in str(error)


def problems_after(job_def, config):
    ran.clear()
    return problems(job_def, config)


@config_mapping(config_schema={"n": int})
def n_times(config):
    return {"greet": {"config": {"times": config["n"]}}}


@graph(config=n_times)
def mapped():
    greet()


@graph(config=ConfigMapping(lambda c: {"mapped": {"config": {"n": c + 1}}}, config_schema=int))
def mapped_twice():
    mapped()


def test_a_config_mapping_of_a_graph():
    @job
    def outer():
        mapped()
        mapped_twice()

    config = {"ops": {"mapped": {"config": {"n": 1}}, "mapped_twice": {"config": 2}}}
    result = outer.execute_in_process(run_config=config)
    assert result.output_for_node("mapped.greet") == ["hi"]
    assert result.output_for_node("mapped_twice.mapped.greet") == ["hi"] * 3
    error = problems_after(outer, {"ops": {"mapped": {"ops": {}}, "mapped_twice": {"config": 2}}})
    assert '"ops"' in str(error)


def test_a_config_mapping_of_a_graph_that_makes_invalid_config():
    @graph(config=ConfigMapping(lambda _c: {"greet": {"config": {"times": "x"}}}))
    def wrong():
        greet()

    @job
    def outer():
        wrong()

    message = str(problems(outer, {}))
    assert 'config mapping of graph "wrong"' in message
    assert "greet → config → times" in message


def test_a_config_mapping_without_a_schema_needs_no_config():
    @graph(config=ConfigMapping(lambda _c: {"greet": {"config": {"times": 1}}}))
    def fixed():
        greet()

    @job
    def outer():
        fixed()

    assert value(outer, None, "fixed.greet") == ["hi"]


def test_configured_ops():
    fixed = configured(greet, name="fixed")({"times": 2})

    @configured(greet, config_schema={"n": int})
    def by_function(config):
        return {"times": config["n"], "word": "f"}

    twice = by_function.configured({"n": 1}, name="twice")

    @job
    def outer():
        fixed()
        by_function()
        twice()

    result = outer.execute_in_process(run_config=ops(by_function={"n": 3}))
    assert result.output_for_node("fixed") == ["hi", "hi"]
    assert result.output_for_node("by_function") == ["f"] * 3
    assert result.output_for_node("twice") == ["f"]


def test_a_configured_op_that_makes_invalid_config():
    @configured(greet)
    def wrong(_config):
        return {"tims": 1}

    @job
    def outer():
        wrong()

    assert 'Did you mean "times"' in str(problems(outer, {}))


def test_configured_graphs():
    fixed = mapped.configured({"n": 2}, name="fixed")
    by_function = mapped.configured(lambda c: {"n": c * 2}, name="by_function", config_schema=int)

    @graph(config=ConfigMapping(lambda c: {"by_function": {"config": c}}, config_schema=int))
    def around():
        by_function()

    @job
    def outer():
        fixed()
        by_function()
        around()

    result = outer.execute_in_process(run_config=ops(by_function=2, around=1))
    assert result.output_for_node("fixed.greet") == ["hi"] * 2
    assert result.output_for_node("by_function.greet") == ["hi"] * 4
    assert result.output_for_node("around.by_function.greet") == ["hi"] * 2


# Inputs


@op
def take(x: int, words: list[str] = ["d"]) -> list[object]:  # noqa: B006
    return [x, words]


@job
def take_job():
    take()


def inputs(**values):
    return {"ops": {"take": {"inputs": values}}}


def test_inputs_by_value():
    assert value(take_job, inputs(x=1), "take") == [1, ["d"]]
    assert value(take_job, inputs(x={"value": 1}, words=["a", {"value": "b"}]), "take") == [
        1,
        ["a", "b"],
    ]


def test_inputs_from_files(tmp_path):
    as_json, as_pickle = tmp_path / "x.json", tmp_path / "x.pickle"
    as_json.write_text(json.dumps({"value": 5}))
    as_pickle.write_bytes(pickle.dumps("six"))
    config = inputs(x={"json": {"path": str(as_json)}}, words=[{"pickle": {"path": str(as_pickle)}}])
    assert value(take_job, config, "take") == [5, ["six"]]


def test_inputs_of_the_wrong_kind():
    error = problems(take_job, inputs(x="one", words="two"))
    assert {e.path for e in error.errors} == {"ops → take → inputs → x", "ops → take → inputs → words"}


def test_inputs_by_a_loader_of_the_users():
    @dagster_type_loader(config_schema={"from": int}, required_resource_keys={"step"})
    def load(context, config):
        return range(config["from"], config["from"] + context.resources.step)

    numbers = DagsterType(lambda _c, v: isinstance(v, range), name="Numbers", loader=load)

    @op(ins={"numbers": In(numbers)})
    def total(numbers):
        return sum(numbers)

    @job(resource_defs={"step": 3})
    def total_job():
        total()

    assert value(total_job, {"ops": {"total": {"inputs": {"numbers": {"from": 1}}}}}, "total") == 6


def test_a_list_of_a_type_of_the_users_checks_with_a_context():
    inner = DagsterType(
        lambda context, v: v == context.resources.allowed,
        "Allowed",
        "Allowed",
        required_resource_keys={"allowed"},
    )

    @op(ins={"items": In(List[inner])})
    def many(items):
        return items

    @op
    def source():
        return [3, 3]

    @job(resource_defs={"allowed": 3})
    def list_job():
        many(source())

    assert value(list_job, None, "many") == [3, 3]


def test_inputs_of_the_job_itself():
    @graph
    def outer(x: int):
        take(x)

    made = outer.to_job()
    assert value(made, {"inputs": {"x": 4}}, "take") == [4, ["d"]]
    assert value(made, None, "take", input_values={"x": 5}) == [5, ["d"]]
    assert "inputs" in str(problems(made, {}))


def test_inputs_of_a_nested_graph():
    @graph
    def inner(x: int):
        take(x)

    @job
    def outer():
        inner()

    assert value(outer, {"ops": {"inner": {"inputs": {"x": 3}}}}, "inner.take") == [3, ["d"]]


def test_an_input_manager_with_config():
    @input_manager(input_config_schema={"table": str}, config_schema={"database": str})
    def tables(context):
        return f"{context.resource_config['database']}.{context.config['table']}"

    @op(ins={"frame": In(input_manager_key="tables")})
    def read(frame):
        return frame

    @job(resource_defs={"tables": tables})
    def read_job():
        read()

    config = {
        "ops": {"read": {"inputs": {"frame": {"table": "t"}}}},
        "resources": {"tables": {"config": {"database": "d"}}},
    }
    assert value(read_job, config, "read") == "d.t"
    assert "table" in str(problems(read_job, {"resources": config["resources"]}))


def test_an_io_manager_with_config_of_outputs_and_inputs():
    class Files(IOManager):
        def __init__(self):
            self.files = {}

        def handle_output(self, context, obj):
            self.files[context.config["path"]] = obj

        def load_input(self, context):
            return self.files[context.upstream_output.config["path"]], context.config

    @io_manager(output_config_schema={"path": str}, input_config_schema=int)
    def files():
        return Files()

    @op(out=Out(io_manager_key="files"))
    def write():
        return "w"

    @op(ins={"given": In(input_manager_key="files")})
    def read(given):
        return given

    @job(resource_defs={"files": files})
    def files_job():
        read(write())

    config = {"ops": {"write": {"outputs": {"result": {"path": "p"}}}, "read": {"inputs": {"given": 3}}}}
    assert value(files_job, config, "read") == ("w", 3)
    assert len(problems(files_job, {}).errors) >= 1


def test_the_default_io_manager_keeps_values_below_a_base_dir(tmp_path):
    @op
    def one():
        return 1

    @job
    def plain():
        one()

    def config(value):
        return {"resources": {"io_manager": {"config": value}}}

    with DagsterInstance.ephemeral() as instance:
        recon = InMemoryJob(plain)
        with execute_job(recon, instance, config({"base_dir": str(tmp_path)})) as result:
            assert result.output_for_node("one") == 1
        assert (tmp_path / result.run_id / "one" / "result").exists()
        with pytest.raises(DagsterInvalidConfigError, match=r'Did you mean "base_dir"'):
            execute_job(recon, instance, config({"basedir": "/x"}), raise_on_error=True)


# The environment


def test_values_from_the_environment(monkeypatch):
    monkeypatch.setenv("SOME_WORD", "from env")
    monkeypatch.setenv("SOME_TIMES", "2")

    @op(config_schema={"word": StringSource, "times": IntSource})
    def source(context):
        return [context.op_config["word"]] * context.op_config["times"]

    @job
    def source_job():
        source()

    by_dict = {"word": {"env": "SOME_WORD"}, "times": {"env": "SOME_TIMES"}}
    by_object = {"word": EnvVar("SOME_WORD"), "times": EnvVar.int("SOME_TIMES")}
    assert value(source_job, ops(source=by_dict), "source") == ["from env"] * 2
    assert value(source_job, ops(source=by_object), "source") == ["from env"] * 2
    assert value(source_job, ops(source={"word": "plain", "times": 1}), "source") == ["plain"]


def test_what_is_not_in_the_environment_is_told(monkeypatch):
    monkeypatch.delenv("NO_SUCH_VARIABLE", raising=False)

    @resource(config_schema={"host": StringSource})
    def db(_context):
        ran.append("db")

    @op(required_resource_keys={"db"})
    def ask():
        ran.append("ask")

    @job(resource_defs={"db": db})
    def ask_job():
        ask()

    error = problems(ask_job, {"resources": {"db": {"config": {"host": {"env": "NO_SUCH_VARIABLE"}}}}})
    assert "NO_SUCH_VARIABLE" in str(error)
    assert "resources → db → config → host" in str(error)


def test_secrets_are_not_kept_in_the_runs_config(monkeypatch):
    monkeypatch.setenv("SOME_SECRET", "hunter2")

    @op(config_schema={"word": StringSource})
    def source(context):
        return len(context.op_config["word"])

    @job
    def source_job():
        source()

    result = source_job.execute_in_process(run_config=ops(source={"word": EnvVar("SOME_SECRET")}))
    assert result.output_for_node("source") == 7
    assert "hunter2" not in repr(result.dagster_run)


# Loggers and executors


def test_loggers_get_their_config():
    seen = []

    @logger(config_schema={"name": str, "level": Field(str, default_value="INFO")})
    def mine(context):
        import logging

        seen.append(context.logger_config)
        return logging.Logger(context.logger_config["name"])  # noqa: LOG001

    @job(logger_defs={"mine": mine})
    def logging_job():
        show()

    logging_job.execute_in_process(run_config={"loggers": {"mine": {"config": {"name": "n"}}}})
    assert seen == [{"name": "n", "level": "INFO"}]
    logging_job.execute_in_process()
    assert len(seen) == 1
    assert '"console"' in str(problems(logging_job, {"loggers": {"console": {"config": {}}}}))


def test_retries_can_be_disabled():
    attempts = []

    @op
    def flaky():
        attempts.append(1)
        if len(attempts) == 1:
            raise RetryRequested(max_retries=1)
        return "done"

    @job(executor_def=in_process_executor)
    def flaky_job():
        flaky()

    config = {"execution": {"config": {"retries": {"disabled": {}}}}}
    # execute_in_process has an executor of its own; execute_job uses the job's
    with DagsterInstance.ephemeral() as instance:
        assert not execute_job(InMemoryJob(flaky_job), instance, config).success
        assert len(attempts) == 1
        attempts.clear()
        assert execute_job(InMemoryJob(flaky_job), instance).success
        assert len(attempts) == 2
