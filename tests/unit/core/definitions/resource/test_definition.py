from __future__ import annotations

import contextlib
from unittest.mock import MagicMock

import pytest

from dagster._check import ParameterCheckError
from dagster._config.configurable import configured
from dagster._config.field import Field
from dagster._core.definitions.resource.build import build_init_resource_context
from dagster._core.definitions.resource.decorator import make_values_resource, resource
from dagster._core.definitions.resource.definition import ResourceDefinition
from dagster._core.errors import (
    DagsterInvalidConfigError,
    DagsterInvalidDefinitionError,
    DagsterInvalidInvocationError,
    DagsterInvariantViolationError,
)


@resource
def bare():
    """A bare one."""
    return "bare"


@resource
def with_context(init_context):
    return init_context and init_context.resource_config


@resource(config_schema={"a": int}, description="counts", version="3")
def counting(init_context):
    return init_context.resource_config["a"]


@resource(required_resource_keys={"db"})
def needing(init_context):
    return init_context.resources.db


def test_the_decorator_keeps_what_it_is_told():
    assert isinstance(bare, ResourceDefinition)
    assert bare.description == "A bare one."
    assert bare.__name__ == "bare"
    assert counting.description == "counts"
    assert counting.version == "3"
    assert counting.get_config_field().is_required
    assert needing.required_resource_keys == {"db"}
    assert needing.resource_fn.__name__ == "needing"


def test_a_scalar_type_as_first_argument_is_the_schema():
    @resource(str)
    def named(context):
        return context.resource_config

    assert named(build_init_resource_context("x")) == "x"


def test_arguments_are_checked():
    with pytest.raises(ParameterCheckError, match="resource_fn to be callable"):
        ResourceDefinition(3)  # type: ignore[arg-type]
    with pytest.raises(ParameterCheckError, match="required_resource_keys"):
        ResourceDefinition(lambda: 1, required_resource_keys={3})  # type: ignore[arg-type]

    def two(a, b):
        return a, b

    with pytest.raises(DagsterInvalidDefinitionError, match=r"'two' expects only a single.*params b"):
        resource(two)

    def keyword(context, *, needed):
        return context, needed

    with pytest.raises(DagsterInvalidDefinitionError, match="params needed"):
        resource(keyword)


def test_a_function_may_have_further_parameters_with_defaults():
    assert resource(lambda context, size=3: size)(None) == 3
    assert resource(lambda *args: len(args))(None) == 1


def test_without_a_function_it_is_none():
    assert ResourceDefinition()(None) is None


def test_ready_made_resources():
    assert ResourceDefinition.none_resource("nothing").description == "nothing"
    assert ResourceDefinition.none_resource()(None) is None
    assert ResourceDefinition.hardcoded_resource(4)() == 4
    assert isinstance(ResourceDefinition.mock_resource()(None), MagicMock)
    assert ResourceDefinition.string_resource()(build_init_resource_context("s")) == "s"


def test_values_resource():
    values = make_values_resource(x=int, y=Field(str, default_value="q"))
    assert values(build_init_resource_context({"x": 1})) == {"x": 1, "y": "q"}
    assert make_values_resource()(build_init_resource_context({"any": 1})) == {"any": 1}


def test_needs_are_followed():
    definitions = {
        "a": ResourceDefinition(required_resource_keys={"b"}),
        "b": ResourceDefinition(required_resource_keys={"c", "a"}),
        "c": ResourceDefinition(),
    }
    assert definitions["a"].get_required_resource_keys(definitions) == {"a", "b", "c"}
    assert [item.requirer for item in needing.get_resource_requirements("n")] == [
        'resource with key "n"'
    ]


def test_configured():
    doubled = configured(counting, config_schema=int)(lambda n: {"a": n * 2})
    assert doubled(build_init_resource_context(4)) == 8
    fixed = counting.configured({"a": 5}, description="five")
    assert fixed(build_init_resource_context()) == 5
    assert fixed(None) == 5
    assert fixed.description == "five"
    assert fixed.version == "3"
    with pytest.raises(DagsterInvalidConfigError, match='unexpected config entry "b"'):
        counting.configured({"b": 1})(None)


class TestInvocation:
    def test_without_context(self):
        assert bare() == "bare"
        for args, kwargs in (((None,), {}), ((build_init_resource_context(),), {}), ((), {"x": 1})):
            with pytest.raises(DagsterInvalidInvocationError, match="has no context argument"):
                bare(*args, **kwargs)

    def test_with_context(self):
        assert with_context(None) is None
        assert with_context(build_init_resource_context({"a": 1})) == {"a": 1}
        assert with_context(init_context=build_init_resource_context("x")) == "x"

    def test_wrong_arguments(self):
        with pytest.raises(DagsterInvalidInvocationError, match="no context was provided when invoking"):
            with_context()
        with pytest.raises(
            DagsterInvalidInvocationError, match="expected argument 'init_context', got: 'c'"
        ):
            with_context(c=None)
        with pytest.raises(DagsterInvalidInvocationError, match="received multiple arguments"):
            with_context(None, None)
        with pytest.raises(
            DagsterInvalidInvocationError, match="build_init_resource_context, or None, got: 5"
        ):
            with_context(5)

    def test_config_is_checked(self):
        assert counting(build_init_resource_context({"a": 1})) == 1
        with pytest.raises(
            DagsterInvalidInvocationError, match="required config schema, but no context"
        ):
            counting(None)
        with pytest.raises(DagsterInvalidConfigError, match='Missing required config entry "config"'):
            counting(build_init_resource_context())
        with pytest.raises(DagsterInvalidConfigError) as error:
            counting(build_init_resource_context({"b": 1}))
        assert len(error.value.errors) == 2

    def test_resources_are_needed(self):
        assert needing(build_init_resource_context(resources={"db": bare})) == "bare"
        with pytest.raises(
            DagsterInvalidInvocationError, match="has required resources, but no context"
        ):
            needing(None)
        with pytest.raises(
            DagsterInvalidDefinitionError, match='"db" required by the resource that is called'
        ):
            needing(build_init_resource_context())

    @pytest.mark.parametrize("as_context_manager", [False, True])
    def test_a_generator_gives_a_context_manager(self, as_context_manager):
        log = []

        def opened(_context):
            log.append("setup")
            yield 5
            log.append("teardown")

        definition = resource(contextlib.contextmanager(opened) if as_context_manager else opened)
        manager = definition(None)
        assert log == []
        with manager as value:
            assert (value, log) == (5, ["setup"])
        assert log == ["setup", "teardown"]

    def test_an_error_in_the_block_reaches_the_generator(self):
        seen = []

        @resource
        def opened():
            try:
                yield 5
            except ValueError as error:
                seen.append(error)
                raise

        with pytest.raises(ValueError, match="from the block"), opened():
            raise ValueError("from the block")
        assert len(seen) == 1


class TestInitContext:
    def test_outside_a_run(self):
        context = build_init_resource_context({"a": 1})
        assert context.resource_config == {"a": 1}
        assert (context.run_id, context.dagster_run, context.run, context.pipeline_run) == (None,) * 4
        assert context.log is context.log_manager
        assert context.log.info("said") is None
        assert context.all_resource_defs == {}
        with pytest.raises(DagsterInvariantViolationError, match="not been bound"):
            _ = context.resource_def
        assert context.replace_config(3).resource_config == 3

    def test_the_function_sees_its_definition(self):
        @resource(config_schema=int)
        def seeing(context):
            return context.resource_def, context.log

        definition, log = seeing(build_init_resource_context(3))
        assert definition is seeing
        assert log is not None

    def test_resources_with_teardown_need_a_with(self):
        log = []

        @resource
        def opened():
            log.append("setup")
            yield 5
            log.append("teardown")

        context = build_init_resource_context(resources={"db": opened, "plain": 3})
        with pytest.raises(DagsterInvariantViolationError, match="`with build_init_resource_context"):
            _ = context.resources
        assert log == ["setup", "teardown"]
        with build_init_resource_context(resources={"db": opened, "plain": 3}) as context:
            assert needing(context) == 5
            assert context.resources.plain == 3
        assert log == ["setup", "teardown"] * 2

    def test_resources_must_be_a_mapping(self):
        with pytest.raises(ParameterCheckError, match="resources to be a mapping"):
            build_init_resource_context(resources=[1])  # type: ignore[arg-type]
