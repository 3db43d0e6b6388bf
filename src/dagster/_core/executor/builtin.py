"""The executors that come with Dagwerk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster._config.field import Field
from dagster._config.shapes import Selector
from dagster._core.definitions.executor import ExecutorDefinition, InitExecutorContext, executor
from dagster._core.executor.in_process import InProcessExecutor
from dagster._core.executor.step_dependency import STEP_DEPENDENCY_FIELD, StepDependencyConfig
from dagster._core.records.retry import RetryMode

RETRIES_FIELD = Field(
    Selector({"enabled": Field({}, default_value={}), "disabled": Field({}, default_value={})}),
    default_value={"enabled": {}},
    description="Whether retries are enabled or not. By default, retries are enabled.",
)

IN_PROCESS_CONFIG = Field(
    {
        "retries": RETRIES_FIELD,
        "marker_to_close": Field(
            str, is_required=False, description="The marker of a span that ends when steps start."
        ),
        "step_dependency_config": STEP_DEPENDENCY_FIELD,
    },
    description="Execute all steps in a single process.",
)


def retry_mode_of_config(config: Mapping[str, Any] | None) -> RetryMode:
    """Return the retry mode that ``{"enabled": {}}`` or ``{"disabled": {}}`` means."""
    return RetryMode(next(iter(config))) if config else RetryMode.ENABLED


def _in_process(config: Mapping[str, Any]) -> InProcessExecutor:
    return InProcessExecutor(
        retries=retry_mode_of_config(config.get("retries")),
        marker_to_close=config.get("marker_to_close"),
        step_dependency_config=StepDependencyConfig.from_config(config.get("step_dependency_config")),
    )


@executor(name="in_process", config_schema=IN_PROCESS_CONFIG)
def in_process_executor(init_context: InitExecutorContext) -> InProcessExecutor:
    """Execute all steps in a single process, one after the other.

    Select it with ``@job(executor_def=in_process_executor)``. Config::

        execution:
          config:
            retries:
              enabled: {}

    Steps with the tag ``dagster/priority`` run by priority, the highest first.
    """
    return _in_process(init_context.executor_config)


@executor(
    name="multi_or_in_process_executor",
    config_schema=Field(
        Selector({"in_process": IN_PROCESS_CONFIG}),
        default_value={"in_process": {}},
        description="Which executor runs the steps.",
    ),
)
def multi_or_in_process_executor(init_context: InitExecutorContext) -> InProcessExecutor:
    """The default executor: chosen by config among the executors of this machine."""
    return _in_process(init_context.executor_config["in_process"])


execute_in_process_executor = ExecutorDefinition(
    name="execute_in_process",
    executor_creation_fn=lambda _context: InProcessExecutor(),
    description=(
        "Runs a job whose own executor is another one in this process. It takes that one's config and "
        "does nothing with it."
    ),
)

default_executors: list[ExecutorDefinition] = [in_process_executor]
