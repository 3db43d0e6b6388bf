from __future__ import annotations

import pytest

from dagster._core.definitions.graph.dependency import (
    DependencyDefinition,
    MultiDependencyDefinition,
    NodeInvocation,
)
from dagster._core.definitions.hook import failure_hook, success_hook
from dagster._core.definitions.inputs import InputDefinition
from dagster._core.definitions.outputs import OutputDefinition
from dagster._core.definitions.resource.decorator import resource
from dagster._core.definitions.types.builtins import Int
from dagster._core.definitions.types.generics import List
from dagster._core.errors import (
    DagsterInvalidDefinitionError,
    DagsterInvariantViolationError,
)
from dagster._core.records.retry import RetryPolicy
from dagster._legacy.execution import execute_pipeline
from dagster._legacy.mode import ModeDefinition
from dagster._legacy.pipeline import PipelineDefinition, pipeline
from dagster._legacy.pipeline_job import PipelineJob
from dagster._legacy.preset import PresetDefinition
from dagster._legacy.solid import lambda_solid, solid


@lambda_solid
def one():
    return 1


@lambda_solid
def add_one(x):
    return x + 1


def test_pipeline_of_a_function():
    @pipeline(name="named", description="Described.", tags={"team": "a"})
    def p():
        add_one(one())
        return 5  # what it returns does not count without output_defs

    assert isinstance(p, PipelineDefinition)
    assert (p.name, p.description, p.tags) == ("named", "Described.", {"team": "a"})
    assert [s.name for s in p.solids] == ["one", "add_one"]
    assert [d.name for d in p.solid_defs] == ["one", "add_one"]
    assert p.solid_named("one").definition is one
    assert not p.has_solid_named("two")
    assert p.available_modes == ["default"]
    assert p.is_single_mode
    assert p.__module__ == __name__
    assert p.__wrapped__.__name__ == "p"


def test_pipeline_definition_with_dependencies():
    definition = PipelineDefinition(
        solid_defs=[one, add_one],
        name="chain",
        dependencies={
            "add_one": {"x": DependencyDefinition("one")},
            NodeInvocation("add_one", alias="again"): {"x": DependencyDefinition(solid="add_one")},
        },
    )
    result = execute_pipeline(definition)
    assert result.output_for_solid("again") == 3
    assert [r.solid.name for r in result.solid_result_list] == [s.name for s in definition.solids]


def test_fan_in_by_dependencies():
    @solid(input_defs=[InputDefinition("xs", List[Int])])
    def total(_, xs):
        return sum(xs)

    definition = PipelineDefinition(
        [one, total],
        "fan",
        dependencies={
            "one": {},
            NodeInvocation("one", alias="uno"): {},
            "total": {
                "xs": MultiDependencyDefinition(
                    [DependencyDefinition("one"), DependencyDefinition("uno")]
                )
            },
        },
    )
    assert execute_pipeline(definition).output_for_solid("total") == 2


def test_modes():
    @resource(config_schema=int)
    def number(init_context):
        return init_context.resource_config

    @solid(required_resource_keys={"number"})
    def show(context):
        return context.resources.number, context.mode_def.name

    @pipeline(
        mode_defs=[
            ModeDefinition("dev", resource_defs={"number": 5}),
            ModeDefinition("prod", resource_defs={"number": number}),
        ]
    )
    def p():
        show()

    assert p.available_modes == ["dev", "prod"]
    assert p.is_multi_mode
    assert p.has_mode_definition("prod")
    assert isinstance(p.get_mode_job("dev"), PipelineJob)
    assert p.get_mode_job("dev") is p.get_mode_job("dev")
    assert list(p.get_required_resource_defs_for_mode("prod")) == ["io_manager", "number"]
    assert execute_pipeline(p, mode="dev").output_for_solid("show") == (5, "dev")
    config = {"resources": {"number": {"config": 7}}}
    assert execute_pipeline(p, config, mode="prod").output_for_solid("show") == (7, "prod")
    with pytest.raises(DagsterInvariantViolationError, match=r"multiple modes.*dev.*prod"):
        p.get_default_mode()
    with pytest.raises(
        DagsterInvariantViolationError, match=r'unknown mode "prud". Did you mean "prod"'
    ):
        p.get_mode_definition("prud")


def test_every_mode_must_have_the_resources():
    @solid(required_resource_keys={"db"})
    def needs(_):
        pass

    with pytest.raises(
        DagsterInvalidDefinitionError,
        match="In mode \"bare\" of pipeline 'p': resource with key \"db\" required by solid 'needs'",
    ):

        @pipeline(mode_defs=[ModeDefinition("full", {"db": 1}), ModeDefinition("bare")])
        def p():
            needs()


def test_names_of_modes_and_presets_differ():
    with pytest.raises(DagsterInvalidDefinitionError, match='Two modes seen with the name "m"'):
        PipelineDefinition([one], "p", mode_defs=[ModeDefinition("m"), ModeDefinition("m")])
    with pytest.raises(DagsterInvalidDefinitionError, match='Two presets seen with the name "a"'):
        PipelineDefinition([one], "p", preset_defs=[PresetDefinition("a"), PresetDefinition("a")])


def test_preset_must_name_a_mode():
    with pytest.raises(
        DagsterInvalidDefinitionError, match=r'Preset "a" of pipeline "p".*unknown mode "x"'
    ):
        PipelineDefinition([one], "p", preset_defs=[PresetDefinition("a", mode="x")])
    # One that names none runs in the only mode there is.
    only = PipelineDefinition(
        [one], "p", mode_defs=[ModeDefinition("only")], preset_defs=[PresetDefinition("a")]
    )
    assert only.get_mode_of_preset("a") == "only"
    assert execute_pipeline(only, preset="a").success


def test_inputs_and_outputs_of_a_pipeline():
    @pipeline(input_defs=[InputDefinition("start", Int)], output_defs=[OutputDefinition(Int, "end")])
    def p(start):
        return {"end": add_one(start)}

    result = execute_pipeline(p, {"inputs": {"start": {"value": 4}}})
    assert result.output_for_solid("add_one") == 5


class Thing:
    pass


def test_input_that_nothing_can_fill():
    @solid
    def take(_, thing: Thing):
        return thing

    with pytest.raises(DagsterInvalidDefinitionError, match="Input 'thing' in solid 'take'"):

        @pipeline
        def p():
            take()


def test_config_of_a_pipeline():
    @solid(config_schema={"n": int})
    def number(context):
        return context.solid_config["n"]

    @pipeline(config_schema={"k": int}, config_fn=lambda c: {"number": {"config": {"n": c["k"] * 2}}})
    def p():
        number()

    assert execute_pipeline(p, {"solids": {"config": {"k": 4}}}).output_for_solid("number") == 8


def test_retry_policy_and_hooks():
    calls: list[str] = []

    @success_hook
    def told(context):
        calls.append(f"ok {context.solid.name} {context.pipeline_name} {context.mode_def.name}")

    @failure_hook
    def failed(context):
        calls.append(f"failed {context.solid.name} {context.solid_exception}")

    attempts: list[int] = []

    @solid
    def flaky(context):
        attempts.append(context.retry_number)
        if len(attempts) == 1:
            raise ValueError("first")

    @told
    @pipeline(hook_defs={failed}, solid_retry_policy=RetryPolicy(max_retries=1))
    def p():
        flaky()

    assert isinstance(p, PipelineDefinition)
    assert p.hook_defs == {told, failed}
    result = execute_pipeline(p)
    assert result.success
    assert attempts == [0, 1]
    assert calls == ["ok flaky p default"]
    assert result.result_for_solid("flaky").retry_attempts == 1


def test_copy_keeps_everything():
    @pipeline(preset_defs=[PresetDefinition("a")], mode_defs=[ModeDefinition("m")])
    def p():
        add_one(one())

    copied = p.copy(name="q")
    assert isinstance(copied, PipelineDefinition)
    assert copied.name == "q"
    assert copied.has_preset("a")
    assert copied.available_modes == ["m"]
    assert execute_pipeline(copied).output_for_solid("add_one") == 2


def test_direct_call_says_what_to_do():
    @pipeline
    def p():
        one()

    with pytest.raises(DagsterInvariantViolationError, match=r"execute_pipeline\(p\)"):
        p()


def test_as_a_job():
    @pipeline
    def p():
        add_one(one())

    assert p.execute_in_process().output_for_node("add_one") == 2
    job = p.get_mode_job()
    config = {"intermediate_storage": {"filesystem": {}}}
    result = job.execute_in_process(run_config=config)
    assert result.output_for_node("add_one") == 2
    assert any(e.event_type_value == "OBJECT_STORE_OPERATION" for e in result.all_events)


def test_circle_and_unknown_solid():
    with pytest.raises(DagsterInvalidDefinitionError, match='unknown node "two"'):
        PipelineDefinition([one], "p", dependencies={"two": {}})
    with pytest.raises(DagsterInvalidDefinitionError, match=r"[Cc]ircular|circle"):
        PipelineDefinition(
            [add_one],
            "p",
            dependencies={
                NodeInvocation("add_one", "a"): {"x": DependencyDefinition("b")},
                NodeInvocation("add_one", "b"): {"x": DependencyDefinition("a")},
            },
        )
