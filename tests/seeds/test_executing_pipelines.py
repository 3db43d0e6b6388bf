"""Every Python example of the document "Executing Pipelines", completed where the text was cut.

The examples with ``DagsterInstance.get()`` and with the multiprocess executor need persistent storage.
"""

from __future__ import annotations

from dagster import PipelineExecutionResult, execute_pipeline, execute_solid, pipeline, solid


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


def test_intermediate_storage_on_the_filesystem():
    # The part of test_multiprocess_executor that does not need other processes.
    result = execute_pipeline(predict_color, run_config={"intermediate_storage": {"filesystem": {}}})
    assert result.success
    assert result.output_for_solid("always_blue") == "blue"
