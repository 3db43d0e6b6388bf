from __future__ import annotations

import contextlib

import pytest

from dagster._core.definitions.resource.decorator import resource
from dagster._core.definitions.resource.definition import ResourceDefinition
from dagster._core.definitions.resource.lifecycle import ResourceManager
from dagster._core.errors import (
    DagsterExecutionInterruptedError,
    DagsterInvalidConfigError,
    DagsterInvalidDefinitionError,
    DagsterResourceFunctionError,
)


def logged(log: list[str], name: str, *needs: str, fail: BaseException | None = None):
    def resource_fn(context):
        log.append(f"+{name}")
        yield name
        log.append(f"-{name}")
        if fail is not None:
            raise fail

    return ResourceDefinition(resource_fn, required_resource_keys=set(needs))


def test_set_up_in_order_of_needs_and_torn_down_in_reverse():
    log: list[str] = []
    definitions = {"a": logged(log, "a", "b"), "b": logged(log, "b"), "c": logged(log, "c"), "d": 1}
    manager = ResourceManager(definitions, {}, {"a", "c"})
    assert manager.init_order == ("b", "a", "c")
    assert log == []
    manager.initialize()
    assert manager.instances == {"b": "b", "a": "a", "c": "c"}
    assert set(manager.durations) == {"a", "b", "c"}
    assert all(seconds >= 0 for seconds in manager.durations.values())
    assert manager.teardown() == []
    assert log == ["+b", "+a", "+c", "-c", "-a", "-b"]
    assert manager.teardown() == []
    assert len(log) == 6


def test_the_function_gets_its_context():
    seen = {}

    @resource(required_resource_keys={"db"})
    def seeing(context):
        seen.update(
            config=context.resource_config,
            run=context.dagster_run,
            instance=context.instance,
            log=context.log,
            loop=context.event_loop,
            definition=context.resource_def,
            resources=context.resources._asdict(),
            all=context.all_resource_defs,
        )
        return "x"

    definitions = {
        "seeing": seeing,
        "db": ResourceDefinition.hardcoded_resource(1),
        "other": ResourceDefinition.hardcoded_resource(2),
    }
    manager = ResourceManager(
        definitions,
        {"seeing": {"a": 1}},
        ["seeing", "other"],
        instance="instance",
        dagster_run="run",
        log_manager="log",
        event_loop="loop",
    )
    manager.initialize()
    assert seen == {
        "config": {"a": 1},
        "run": "run",
        "instance": "instance",
        "log": "log",
        "loop": "loop",
        "definition": seeing,
        "resources": {"db": 1},
        "all": definitions,
    }


def test_configured_functions_are_applied():
    @resource(config_schema={"a": int})
    def counting(context):
        return context.resource_config

    doubled = counting.configured(lambda n: {"a": n * 2}, config_schema=int)
    manager = ResourceManager({"c": doubled}, {"c": 4}, ["c"])
    manager.initialize()
    assert manager.instances["c"] == {"a": 8}
    wrong = counting.configured(lambda n: {"b": n}, config_schema=int)
    with pytest.raises(DagsterInvalidConfigError, match='Error in config for resource "c"'):
        ResourceManager({"c": wrong}, {"c": 4}, ["c"]).initialize()


def test_scopes_are_made_once():
    manager = ResourceManager(
        {"a": ResourceDefinition.hardcoded_resource(1), "b": ResourceDefinition.hardcoded_resource(2)},
        {},
        ["a", "b"],
    )
    manager.initialize()
    scope = manager.scoped(frozenset({"a"}))
    assert scope._asdict() == {"a": 1}
    assert manager.scoped(frozenset({"a"})) is scope
    assert manager.scoped(frozenset({"a", "b"}))._asdict() == {"a": 1, "b": 2}


def test_missing_resources_are_refused_before_anything_runs():
    with pytest.raises(DagsterInvalidDefinitionError, match='"x" required by this execution'):
        ResourceManager({}, {}, ["x"])


def test_an_error_in_a_function_is_wrapped_and_what_is_open_is_torn_down():
    log: list[str] = []

    @resource(required_resource_keys={"a"})
    def failing(context):
        raise ValueError("no database")

    manager = ResourceManager({"a": logged(log, "a"), "failing": failing}, {}, ["failing"])
    with pytest.raises(DagsterResourceFunctionError, match='resource_fn of resource "failing"') as error:
        manager.initialize()
    assert isinstance(error.value.user_exception, ValueError)
    assert error.value.__cause__ is error.value.user_exception
    assert manager.teardown() == []
    assert log == ["+a", "-a"]


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, DagsterExecutionInterruptedError, SystemExit])
def test_an_interrupt_passes_and_leaves_nothing_behind(interrupt):
    log: list[str] = []

    def halfway(_context):
        try:
            raise interrupt
            yield
        finally:
            log.append("halfway")

    manager = ResourceManager(
        {"a": logged(log, "a"), "halfway": ResourceDefinition(halfway, required_resource_keys={"a"})},
        {},
        ["halfway"],
    )
    with pytest.raises(interrupt):
        manager.initialize()
    assert manager.teardown() == []
    assert log == ["+a", "halfway", "-a"]


def test_all_are_torn_down_whatever_happens_to_one():
    log: list[str] = []
    definitions = {
        "a": logged(log, "a", fail=ValueError("a is stuck")),
        "b": logged(log, "b", "a", fail=KeyboardInterrupt()),
        "c": logged(log, "c", "b", fail=DagsterExecutionInterruptedError()),
        "d": logged(log, "d", "c"),
    }
    manager = ResourceManager(definitions, {}, ["d"])
    manager.initialize()
    failures = manager.teardown()
    assert log[4:] == ["-d", "-c", "-b", "-a"]
    assert [key for key, _ in failures] == ["c", "b", "a"]
    assert all(isinstance(error, DagsterResourceFunctionError) for _, error in failures)
    assert str(failures[2][1]) == 'Error in the teardown of resource "a"'
    assert isinstance(failures[1][1].__cause__, KeyboardInterrupt)
    assert isinstance(failures[2][1].user_exception, ValueError)


def test_a_generator_that_never_yields_is_told_apart():
    @resource
    def never(_context):
        if _context is None:
            yield

    with pytest.raises(DagsterResourceFunctionError, match="ended without a yield"):
        ResourceManager({"r": never}, {}, ["r"]).initialize()


def test_a_generator_that_yields_twice_is_told_apart():
    closed = []

    @resource
    def twice(_context):
        try:
            yield 1
            yield 2
        finally:
            closed.append(True)

    manager = ResourceManager({"r": twice}, {}, ["r"])
    manager.initialize()
    assert manager.instances == {"r": 1}
    [(key, error)] = manager.teardown()
    assert key == "r"
    assert "yielded a second time" in str(error)
    assert closed == [True]


def test_an_async_function_is_refused():
    @resource
    async def waiting(_context):
        return 1

    with pytest.raises(DagsterResourceFunctionError, match=r"is async\. Make it a plain function"):
        ResourceManager({"r": waiting}, {}, ["r"]).initialize()


def test_context_manager_functions():
    log = []

    @resource
    @contextlib.contextmanager
    def opened(_context):
        log.append("+")
        try:
            yield 5
        finally:
            log.append("-")

    manager = ResourceManager({"r": opened}, {}, ["r"])
    manager.initialize()
    assert manager.instances == {"r": 5}
    assert manager.has_teardown
    assert manager.teardown() == []
    assert log == ["+", "-"]


def test_a_resource_that_is_a_context_manager_of_another_kind_is_not_entered():
    class Connection:
        def __enter__(self):
            raise AssertionError

        def __exit__(self, *_args):
            raise AssertionError

    connection = Connection()
    manager = ResourceManager({"r": ResourceDefinition.hardcoded_resource(connection)}, {}, ["r"])
    manager.initialize()
    assert manager.instances == {"r": connection}
    assert manager.teardown() == []


def test_setting_up_twice_does_nothing_more():
    log: list[str] = []
    manager = ResourceManager({"a": logged(log, "a")}, {}, ["a"])
    manager.initialize()
    manager.initialize()
    assert log == ["+a"]
    manager.teardown()
