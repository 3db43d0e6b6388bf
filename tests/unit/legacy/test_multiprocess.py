"""Pipelines whose solids run in processes of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dagster import (
    DagsterInstance,
    ModeDefinition,
    PresetDefinition,
    execute_pipeline,
    pipeline,
    reconstructable,
    resource,
    solid,
)
from dagster._core.errors import DagsterUnmetExecutorRequirementsError
from tests.unit.process.processes import none_left


@resource
def number(_):
    yield 3


@solid
def always_blue(_):
    return "blue"


@solid(config_schema={"times": int}, required_resource_keys={"number"})
def repeat(context, color: str) -> str:
    context.log.info("repeating")
    return color * context.solid_config["times"] * context.resources.number


@solid
def where(_, _after: str) -> int:
    return os.getpid()


@solid
def fails(_, color: str) -> None:
    raise ValueError(f"not {color}")


@pipeline(
    mode_defs=[ModeDefinition(resource_defs={"number": number})],
    preset_defs=[
        PresetDefinition(
            "in_processes",
            run_config={
                "execution": {"multiprocess": {"config": {"max_concurrent": 2}}},
                "intermediate_storage": {"filesystem": {}},
                "solids": {"repeat": {"config": {"times": 1}}},
            },
        )
    ],
)
def colors():
    where(repeat(always_blue()))


@pipeline
def failing_colors():
    fails(always_blue())


FILESYSTEM: dict[str, Any] = {"intermediate_storage": {"filesystem": {}}}
SOLIDS: dict[str, Any] = {"solids": {"repeat": {"config": {"times": 2}}}}


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DagsterInstance]:
    mark = f"legacy-{os.urandom(8).hex()}"
    monkeypatch.setenv("LEGACY_MARK", mark)
    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield instance
    assert none_left(mark) == {}


@pytest.mark.parametrize(
    "config", [{}, {"config": {"max_concurrent": 2}}, {"config": {"retries": {"disabled": {}}}}]
)
def test_values_go_through_the_filesystem(instance: DagsterInstance, config: Any) -> None:
    result = execute_pipeline(
        reconstructable(colors),
        run_config={"execution": {"multiprocess": config}, **FILESYSTEM, **SOLIDS},
        instance=instance,
    )
    assert result.success
    assert result.output_for_solid("always_blue") == "blue"
    assert result.output_for_solid("repeat") == "blue" * 6
    assert result.output_for_solid("where") != os.getpid()
    assert "repeating" in [e.user_message for e in instance.all_logs(result.run_id)]


def test_a_preset(instance: DagsterInstance) -> None:
    result = execute_pipeline(reconstructable(colors), preset="in_processes", instance=instance)
    assert result.output_for_solid("repeat") == "blue" * 3


def test_a_solid_that_fails(instance: DagsterInstance) -> None:
    result = execute_pipeline(
        reconstructable(failing_colors),
        run_config={"execution": {"multiprocess": {}}, **FILESYSTEM},
        instance=instance,
        raise_on_error=False,
    )
    assert not result.success
    assert "not blue" in result.result_for_solid("fails").failure_data.error.to_string()
    assert result.output_for_solid("always_blue") == "blue"


def test_values_in_memory_are_refused(instance: DagsterInstance) -> None:
    with pytest.raises(
        DagsterUnmetExecutorRequirementsError, match=r'"always_blue\.result".* in memory'
    ):
        execute_pipeline(
            reconstructable(failing_colors),
            run_config={"execution": {"multiprocess": {}}},
            instance=instance,
        )


def test_a_pipeline_that_cannot_be_loaded_elsewhere_is_refused(instance: DagsterInstance) -> None:
    with pytest.raises(DagsterUnmetExecutorRequirementsError, match="not reconstructable"):
        execute_pipeline(
            failing_colors,
            run_config={"execution": {"multiprocess": {}}, **FILESYSTEM},
            instance=instance,
        )


def test_an_ephemeral_instance_is_refused() -> None:
    with pytest.raises(DagsterUnmetExecutorRequirementsError, match="ephemeral instance"):
        execute_pipeline(
            reconstructable(failing_colors),
            run_config={"execution": {"multiprocess": {}}, **FILESYSTEM},
        )
