"""Where the values of inputs come from, and how they are checked."""

from __future__ import annotations

from typing import Any

import pytest

from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.inputs import In
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.outputs import Out
from dagster._core.definitions.types.builtins import Nothing
from dagster._core.definitions.types.dagster_type import DagsterType
from dagster._core.definitions.types.loader import dagster_type_loader
from dagster._core.errors import (
    DagsterInvalidConfigError,
    DagsterTypeCheckDidNotPass,
    DagsterTypeCheckError,
    DagsterTypeLoadingError,
)
from dagster._core.io.input_manager import input_manager
from dagster._core.records.metadata import MetadataValue
from dagster._core.records.user_events import TypeCheck
from tests.unit.core.execution.runs import events, failure, kinds, run_op


@op
def one():
    return 1


@op
def two():
    return 2


def seen(result: Any, name: str = "takes") -> Any:
    return result.output_for_node(name)


@op
def takes(x):
    return x


def test_a_value_from_config_in_all_its_forms(tmp_path) -> None:
    @op(name="takes")
    def takes_list(x: list):
        return x

    @op(name="takes")
    def takes_int(x: int):
        return x

    config = {"ops": {"takes": {"inputs": {"x": [{"value": 1}, {"value": 2}]}}}}
    assert seen(run_op(takes_list, run_config=config, raise_on_error=True)) == [1, 2]
    (tmp_path / "x.json").write_text('{"value": [1, 2]}')
    config = {"ops": {"takes": {"inputs": {"x": {"json": {"path": str(tmp_path / "x.json")}}}}}}
    assert seen(run_op(takes, run_config=config, raise_on_error=True)) == [1, 2]
    for given in (4, {"value": 4}):
        config = {"ops": {"takes": {"inputs": {"x": given}}}}
        result = run_op(takes_int, run_config=config, raise_on_error=True)
        assert seen(result) == 4
        assert kinds(result) == [
            "STEP_START",
            "STEP_INPUT",
            "STEP_OUTPUT",
            "HANDLED_OUTPUT",
            "STEP_SUCCESS",
        ]


def test_a_missing_input_is_told_before_anything_runs() -> None:
    @op
    def needs(x: int):
        return x

    with pytest.raises(DagsterInvalidConfigError, match="inputs"):
        run_op(needs)


def test_default_and_direct_values() -> None:
    @op(name="takes")
    def with_default(x=[1]):  # noqa: B006 - a default like any other
        return x

    assert seen(run_op(with_default)) == [1]

    @graph
    def around(x):
        return takes(x)

    assert seen(around.execute_in_process(input_values={"x": 9})) == 9


def test_fan_in_from_every_kind_of_source() -> None:
    @graph
    def around(given):
        return takes([one(), given, two()])

    @job
    def fan():
        around(takes.alias("other")(one()))

    result = fan.execute_in_process()
    assert seen(result, "around.takes") == [1, 1, 2]
    loaded = [
        e.event_specific_data.upstream_step_key  # type: ignore[union-attr]
        for e in events(result, "LOADED_INPUT")
        if e.step_key == "around.takes"
    ]
    assert loaded == ["around.one", "other", "around.two"]


def test_fan_in_takes_what_is_there() -> None:
    @op(out=Out(is_required=False))
    def maybe():
        yield from ()

    @job
    def partly():
        takes([maybe(), one()])

    @job
    def not_at_all():
        takes([maybe(), maybe.alias("neither")()])

    assert seen(partly.execute_in_process()) == [1]
    result = not_at_all.execute_in_process()
    assert result.success
    assert result.is_node_skipped("takes")
    assert events(result, "STEP_SKIPPED")[0].message == 'Skipped execution of step "takes".'


def test_nothing_orders_without_data() -> None:
    order: list[str] = []

    @op(out=Out(Nothing))
    def before():
        order.append("before")

    @op(ins={"start": In(Nothing)})
    def after(x):
        order.append("after")
        return x

    @job
    def ordered():
        after(one(), before())

    result = ordered.execute_in_process()
    assert result.success
    assert order == ["before", "after"]
    assert "LOADED_INPUT" not in kinds(result, "before")
    assert kinds(result, "after").count("LOADED_INPUT") == 1


def test_input_managers_load_open_and_connected_inputs() -> None:
    @input_manager(config_schema={"n": int}, input_config_schema={"m": int})
    def loader(context):
        upstream = context.upstream_output.step_key if context.upstream_output else None
        context.add_input_metadata({"from": str(upstream)})
        return (context.resource_config["n"], context.config["m"], upstream)

    @op(ins={"x": In(input_manager_key="loader")})
    def managed(x):
        return x

    @job(resource_defs={"loader": loader})
    def loads():
        managed()
        managed.alias("connected")(one())

    config = {
        "resources": {"loader": {"config": {"n": 1}}},
        "ops": {
            "managed": {"inputs": {"x": {"m": 2}}},
            "connected": {"inputs": {"x": {"m": 3}}},
        },
    }
    result = loads.execute_in_process(run_config=config)
    assert seen(result, "managed") == (1, 2, None)
    assert seen(result, "connected") == (1, 3, "one")
    messages = {e.step_key: e.message for e in events(result, "LOADED_INPUT")}
    assert messages["managed"] == 'Loaded input "x" using input manager "loader"'
    assert messages["connected"] == (
        'Loaded input "x" using input manager "loader", from output "result" of step "one"'
    )
    metadata = [e.event_specific_data.metadata for e in events(result, "LOADED_INPUT")]  # type: ignore[union-attr]
    assert {m["from"].value for m in metadata} == {"None", "one"}


# Checks

Positive = DagsterType(
    type_check_fn=lambda _context, value: TypeCheck(
        value > 0, description="must be positive", metadata={"value": value}
    ),
    name="Positive",
)
Raises = DagsterType(type_check_fn=lambda _context, value: value.nowhere, name="Raises")


def test_a_failed_check_of_an_input_fails_the_step_before_it_runs() -> None:
    ran: list[int] = []

    @op
    def wants(x: int):
        ran.append(x)

    @op
    def gives():
        return "text"

    @job
    def mismatch():
        wants(gives())

    result = mismatch.execute_in_process(raise_on_error=False)
    assert not ran
    assert kinds(result, "wants") == ["STEP_START", "LOADED_INPUT", "STEP_INPUT", "STEP_FAILURE"]
    (told,) = events(result, "STEP_INPUT")
    assert told.message == 'Got input "x" of type "Int". Warning! Type check failed.'
    check = told.step_input_data.type_check_data
    assert check is not None
    assert not check.success
    assert 'Type check failed for step input "x" - expected type "Int"' in failure(result)
    with pytest.raises(DagsterTypeCheckDidNotPass) as caught:
        mismatch.execute_in_process()
    assert caught.value.dagster_type.display_name == "Int"


def test_a_failed_check_of_an_output_is_told_with_its_metadata() -> None:
    @op(out=Out(Positive))
    def negative():
        return -1

    result = run_op(negative)
    assert kinds(result) == ["STEP_START", "STEP_OUTPUT", "STEP_FAILURE"]
    (told,) = events(result, "STEP_OUTPUT")
    assert told.message == 'Yielded output "result" of type "Positive". Warning! Type check failed.'
    assert told.step_output_data.type_check_data.metadata == {"value": MetadataValue.int(-1)}
    assert failure(result).endswith(
        'Type check failed for step output "result" - expected type "Positive". '
        "Description: must be positive"
    )
    data = result.failure_data_for_node("negative")
    assert data is not None
    assert data.user_failure_data is not None
    assert data.user_failure_data.metadata == {"value": MetadataValue.int(-1)}
    with pytest.raises(DagsterTypeCheckDidNotPass) as caught:
        run_op(negative, raise_on_error=True)
    assert caught.value.metadata == {"value": MetadataValue.int(-1)}


def test_metadata_of_a_check_that_passes_is_kept() -> None:
    @op(out=Out(Positive))
    def positive():
        return 3

    @op(ins={"x": In(Positive)})
    def takes_positive(x):
        return x

    @job
    def both():
        takes_positive(positive())

    result = both.execute_in_process()
    checks = [
        events(result, "STEP_OUTPUT")[0].step_output_data.type_check_data,
        events(result, "STEP_INPUT")[0].step_input_data.type_check_data,
    ]
    for check in checks:
        assert check.success
        assert check.description == "must be positive"
        assert check.metadata == {"value": MetadataValue.int(3)}
    assert (events(result, "STEP_OUTPUT")[0].message or "").endswith("(Type check passed).")


def test_a_check_that_raises_is_the_users_error() -> None:
    @op(out=Out(Raises))
    def checked():
        return 1

    result = run_op(checked)
    data = result.failure_data_for_node("checked")
    assert data is not None
    assert data.error is not None
    assert data.error.cls_name == "DagsterTypeCheckError"
    assert (
        'Error occurred while type-checking output "result" of type "Raises", with Python value of type '
        'int, in step "checked"'
    ) in data.error.message
    assert data.error.cause is not None
    assert data.error.cause.cls_name == "AttributeError"
    with pytest.raises(AttributeError, match="nowhere"):
        run_op(checked, raise_on_error=True)
    assert issubclass(DagsterTypeCheckError, Exception)


def test_loaders_read_config_and_their_errors_are_told() -> None:
    @dagster_type_loader({"n": int})
    def twice(_context, config):
        if config["n"] < 0:
            raise ValueError("negative")
        return config["n"] * 2

    Doubled = DagsterType(type_check_fn=lambda _c, _v: True, name="Doubled", loader=twice)

    @op(ins={"x": In(Doubled)})
    def loads(x):
        return x

    def config(n: int) -> dict[str, Any]:
        return {"ops": {"loads": {"inputs": {"x": {"n": n}}}}}

    assert run_op(loads, run_config=config(4)).output_for_node("loads") == 8
    result = run_op(loads, run_config=config(-1))
    data = result.failure_data_for_node("loads")
    assert data is not None
    assert data.error is not None
    assert data.error.cls_name == DagsterTypeLoadingError.__name__
    assert 'Error occurred while loading input "x" of step "loads" from run config' in data.error.message
    with pytest.raises(ValueError, match="negative"):
        run_op(loads, run_config=config(-1), raise_on_error=True)
