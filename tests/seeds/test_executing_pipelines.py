"""Every Python example of the document "Executing Pipelines", completed where the text was cut."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster import (
    DagsterInstance,
    PipelineExecutionResult,
    execute_pipeline,
    execute_solid,
    pipeline,
    reconstructable,
    solid,
)


@solid
def always_blue(_):
    return "blue"


@pipeline
def predict_color():
    always_blue()


def test_execute_pipeline():
    result = execute_pipeline(predict_color)
    assert result.success
    assert result.output_for_solid("always_blue") == "blue"
    assert isinstance(result, PipelineExecutionResult)


def test_execute_solid():
    result = execute_solid(always_blue)
    assert result.success
    assert result.output_value() == "blue"


def test_execute_pipeline_on_an_instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with DagsterInstance.get() as instance:
        result = execute_pipeline(predict_color, instance=instance)
        assert instance.get_run_by_id(result.run_id) is not None


def test_intermediate_storage_on_the_filesystem():
    result = execute_pipeline(predict_color, run_config={"intermediate_storage": {"filesystem": {}}})
    assert result.success
    assert result.output_for_solid("always_blue") == "blue"


def test_multiprocess_executor():
    # The default instance for this API is an in memory ephemeral one.
    # To allow the multiple processes to coordinate we use one here
    # backed by a temporary directory.
    with DagsterInstance.local_temp() as instance:
        result = execute_pipeline(
            # A ReconstructablePipeline is necessary to load the pipeline in child processes.
            # reconstructable() is a utility function that captures where the
            # PipelineDefinition came from.
            reconstructable(predict_color),
            run_config={
                # This section controls how the run will be executed.
                # The multiprocess executor runs each step in its own sub process.
                "execution": {"multiprocess": {}},
                # This section controls how values will be passed from one solid to the next.
                # The default is in memory, so here we set it to filesystem to allow the
                # separate subprocess to get the values
                "intermediate_storage": {"filesystem": {}},
            },
            instance=instance,
        )
        assert result.success
        assert result.output_for_solid("always_blue") == "blue"
