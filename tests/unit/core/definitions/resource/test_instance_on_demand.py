"""The instance that resource functions see outside a run."""

from __future__ import annotations

from dagster._core.definitions.resource.build import build_init_resource_context
from dagster._core.definitions.resource.context import InstanceOnDemand
from dagster._core.definitions.resource.decorator import resource
from dagster._core.execution.build_resources import build_resources
from dagster._core.instance.instance import DagsterInstance
from dagster._core.io.build_context import build_output_context


@resource
def holder(context):
    return context.instance


def test_it_is_ephemeral_and_the_same_for_all_resources() -> None:
    with build_resources({"a": holder, "b": holder}) as resources:
        assert resources.a.is_ephemeral
        assert resources.a is resources.b


def test_a_given_instance_is_seen() -> None:
    instance = DagsterInstance.ephemeral()
    with build_resources({"a": holder}, instance=instance) as resources:
        assert resources.a is instance
    context = build_init_resource_context(instance=instance)
    assert context.instance is instance
    assert holder(context) is instance


def test_contexts_made_by_hand_have_one() -> None:
    with build_init_resource_context(resources={"a": holder}) as context:
        assert context.instance.is_ephemeral
        assert context.resources.a is context.instance
        assert holder(context) is context.instance
    with build_output_context(resources={"a": holder}) as output_context:
        assert output_context.resources.a.is_ephemeral


def test_it_is_made_when_asked_for_and_freed_at_the_end() -> None:
    on_demand = InstanceOnDemand()
    on_demand.close()
    first = on_demand.get()
    assert on_demand.get() is first
    directory = first.root_directory
    on_demand.close()
    assert on_demand.get() is not first
    assert directory
