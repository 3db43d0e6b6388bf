"""Values in memory."""

from __future__ import annotations

import pytest

from dagster._core.io.build_context import build_input_context, build_output_context
from dagster._core.io.memory import InMemoryIOManager, mem_io_manager


def test_a_value_is_the_same_object() -> None:
    manager = InMemoryIOManager()
    value = object()
    output = build_output_context(step_key="s", name="r", run_id="R")
    manager.handle_output(output, value)
    assert manager.values == {("R", "s", "r"): value}
    assert manager.load_input(build_input_context(upstream_output=output)) is value


def test_none_is_a_value() -> None:
    manager = InMemoryIOManager()
    output = build_output_context(step_key="s", name="r")
    manager.handle_output(output, None)
    assert manager.load_input(build_input_context(upstream_output=output)) is None


def test_assets_and_dynamic_outputs_have_keys_of_their_own() -> None:
    manager = InMemoryIOManager()
    contexts = [
        build_output_context(step_key="s", name="r", mapping_key="a"),
        build_output_context(step_key="s", name="r", mapping_key="b"),
        build_output_context(asset_key=["x"]),
        build_output_context(asset_key=["x"], partition_key="p"),
    ]
    for number, context in enumerate(contexts):
        manager.handle_output(context, number)
    assert len(manager.values) == 4
    assert manager.load_input(build_input_context(upstream_output=contexts[1])) == 1
    assert manager.load_input(build_input_context(asset_key="x", partition_key="p")) == 3


def test_a_missing_value_is_told() -> None:
    output = build_output_context(step_key="s", name="r", run_id="R")
    with pytest.raises(KeyError) as caught:
        InMemoryIOManager().load_input(build_input_context(upstream_output=output))
    assert str(caught.value).startswith("The in-memory I/O manager has no value for R → s → r. ")
    assert "fs_io_manager" in str(caught.value)


def test_each_manager_has_its_own_values() -> None:
    one, other = mem_io_manager(None), mem_io_manager(None)
    assert isinstance(one, InMemoryIOManager)
    assert one.values is not other.values
