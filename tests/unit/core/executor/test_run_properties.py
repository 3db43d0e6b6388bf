"""Whole runs of random jobs against the oracle of progress: real ops, values, I/O managers and events."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings

from dagster._core.definitions.executor import ExecutorDefinition
from dagster._core.definitions.logger import LoggerDefinition
from dagster._core.execution.op_context import OpExecutionContext
from dagster._core.executor.builtin import in_process_executor, threads_executor
from dagster._core.instance.instance import DagsterInstance
from dagster._core.io.memory import mem_io_manager
from dagster._core.records.user_events import DynamicOutput, Output, RetryRequested
from tests.unit.core.execution.runs import execution_of
from tests.unit.core.plan.job_strategies import job_specs
from tests.unit.core.plan.oracle import Oracle
from tests.unit.core.plan.random_jobs import JobSpec


def silent(_context: Any) -> logging.Logger:
    return logging.Logger("silent", logging.CRITICAL + 1)  # noqa: LOG001 - not a global one


SILENT = {"silent": LoggerDefinition(silent)}


class World:
    """A random job made of real ops, each of which does what the spec says."""

    def __init__(self, spec: JobSpec) -> None:
        self.spec = spec
        self.got: dict[str, list[Any]] = {}

    def function(self, context: OpExecutionContext, inputs: dict[str, Any]) -> Iterator[Any]:
        name, mapping_key = context.op.name, context.get_mapping_key()
        step_key = name if mapping_key is None else f"{name}[{mapping_key}]"
        self.got[step_key] = list(inputs.values())
        outcome = self.spec.outcome(name, mapping_key)
        for output_name, keys in outcome.given.items():
            for key in keys:
                value = (step_key, output_name, key)
                if key is None:
                    yield Output(value, output_name)
                else:
                    yield DynamicOutput(value, key, output_name)
        if context.retry_number < len(outcome.retries):
            raise RetryRequested(max_retries=10)
        if outcome.status == "failure":
            raise ValueError(step_key)

    def run(
        self, executor_def: ExecutorDefinition, require_success: bool
    ) -> tuple[dict[str, str], bool]:
        """Run it; return how each step ended, and whether the run succeeded."""
        job_def = self.spec.job_def(
            self.function,
            executor_def=executor_def,
            resource_defs={"io_manager": mem_io_manager},
            logger_defs=SILENT,
        )
        config = {
            "loggers": {"silent": {}},
            "execution": {
                "config": {"step_dependency_config": {"require_upstream_step_success": require_success}}
            },
        }
        ended: dict[str, str] = {}
        with DagsterInstance.ephemeral() as instance:
            for event in execution_of(job_def, instance, config).events():
                status = {
                    "STEP_SUCCESS": "success",
                    "STEP_FAILURE": "failure",
                    "STEP_SKIPPED": "skipped",
                }.get(event.event_type_value)
                if status is not None:
                    assert event.step_key is not None
                    assert event.step_key not in ended
                    ended[event.step_key] = status
            return ended, instance.get_runs()[0].is_success


def check(spec: JobSpec, executor_def: ExecutorDefinition, require_success: bool) -> None:
    for luck in range(2):
        drawn = JobSpec(spec.nodes, spec.seed + luck, with_skips=False)
        world = World(drawn)
        oracle = Oracle(drawn, require_success)
        ended, is_success = world.run(executor_def, require_success)
        expected = {
            key: end
            for key, end in oracle.ends.items()
            if end.status != "abandoned" and not key.endswith("[?]")
        }
        assert ended == {key: end.status for key, end in expected.items()}
        assert is_success == ("failure" not in ended.values())
        for key, got in world.got.items():
            name = key.partition("[")[0]
            wanted = [
                values[0] if spec_input.kind == "direct" else values
                for spec_input, values in zip(drawn.node(name).inputs, expected[key].inputs, strict=True)
            ]
            assert got == wanted


@pytest.mark.parametrize("executor_def", [in_process_executor, threads_executor])
@settings(max_examples=40)
@given(job_specs())
def test_runs_end_as_the_rules_say(executor_def: ExecutorDefinition, spec: JobSpec) -> None:
    check(spec, executor_def, require_success=True)


@pytest.mark.parametrize("executor_def", [in_process_executor, threads_executor])
@settings(max_examples=40)
@given(job_specs())
def test_runs_that_feed_on_failed_steps_do_too(executor_def: ExecutorDefinition, spec: JobSpec) -> None:
    check(spec, executor_def, require_success=False)
