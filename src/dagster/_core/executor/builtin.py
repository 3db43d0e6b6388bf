"""The executors that come with Dagwerk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagster._config.config_type import Array, Noneable
from dagster._config.field import Field
from dagster._config.shapes import Selector
from dagster._core.definitions.executor import (
    ExecutorDefinition,
    ExecutorRequirement,
    InitExecutorContext,
    executor,
    multiple_process_executor_requirements,
)
from dagster._core.errors import DagsterInvalidInvocationError
from dagster._core.executor.base import Executor
from dagster._core.executor.in_process import InProcessExecutor
from dagster._core.executor.limits import TAG_LIMITS_FIELD
from dagster._core.executor.step_dependency import (
    STEP_DEPENDENCY_FIELD,
    STEP_EXECUTION_MODE_FIELD,
    StepDependencyConfig,
)
from dagster._core.records.retry import RetryMode
from dagster._process.late_module import LateModule
from dagster._text import expected

if TYPE_CHECKING:
    from dagster._core.executor import multiprocess, threads
else:
    multiprocess = LateModule("dagster._core.executor.multiprocess")
    threads = LateModule("dagster._core.executor.threads")

#: The name of the executor of processes.
MULTIPROCESS = "multiprocess"
#: The name of the executor of jobs that name none.
MULTI_OR_IN_PROCESS = "multi_or_in_process_executor"

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
        "step_execution_mode": STEP_EXECUTION_MODE_FIELD,
    },
    description="Execute all steps in a single process.",
)

MULTIPROCESS_CONFIG = Field(
    {
        "max_concurrent": Field(
            Noneable(int),
            default_value=None,
            description="How many steps run at the same time. Default, and 0: as many as there are "
            "processors.",
        ),
        "tag_concurrency_limits": TAG_LIMITS_FIELD,
        "start_method": Field(
            Selector(
                {
                    "spawn": Field(
                        {}, default_value={}, description="Each process is a new interpreter."
                    ),
                    "forkserver": Field(
                        {
                            "preload_modules": Field(
                                Array(str),
                                is_required=False,
                                description="Modules to import before the first fork, besides that of the "
                                "job.",
                            )
                        },
                        default_value={},
                        description="Processes are forked of one in which the job is loaded.",
                    ),
                }
            ),
            is_required=False,
            description="How processes are made. Default: forkserver on Linux, spawn elsewhere.",
        ),
        "retries": RETRIES_FIELD,
        "step_dependency_config": STEP_DEPENDENCY_FIELD,
        "step_execution_mode": STEP_EXECUTION_MODE_FIELD,
        "reuse_workers": Field(
            bool,
            is_required=False,
            default_value=False,
            description="Whether a process runs one step after the other, with the same resources, instead "
            "of one only.",
        ),
        "max_steps_per_worker": Field(
            int,
            is_required=False,
            description="After how many steps a process is replaced by a new one; from 1. Implies "
            "reuse_workers. Default: never, if workers are reused.",
        ),
    },
    default_value={},
    description="Execute each step in a process of its own, several at the same time.",
)


THREADS_CONFIG = Field(
    {
        "max_concurrent": Field(
            Noneable(int),
            default_value=None,
            description="How many steps run at the same time. Default: as many as there are processors.",
        ),
        "retries": RETRIES_FIELD,
        "tag_concurrency_limits": TAG_LIMITS_FIELD,
        "marker_to_close": Field(
            str, is_required=False, description="The marker of a span that ends when steps start."
        ),
        "step_dependency_config": STEP_DEPENDENCY_FIELD,
        "step_execution_mode": STEP_EXECUTION_MODE_FIELD,
    },
    description="Execute steps in threads of a single process.",
)


def retry_mode_of_config(config: Mapping[str, Any] | None) -> RetryMode:
    """Return the retry mode that ``{"enabled": {}}`` or ``{"disabled": {}}`` means."""
    return RetryMode(next(iter(config))) if config else RetryMode.ENABLED


def _in_process(config: Mapping[str, Any]) -> InProcessExecutor:
    return InProcessExecutor(
        retries=retry_mode_of_config(config.get("retries")),
        marker_to_close=config.get("marker_to_close"),
        step_dependency_config=StepDependencyConfig.of_executor(config),
    )


def _multiprocess(config: Mapping[str, Any]) -> multiprocess.MultiprocessExecutor:
    start_method = config.get("start_method") or {}
    return multiprocess.MultiprocessExecutor(
        max_concurrent=_at_least(0, "max_concurrent", config.get("max_concurrent")),
        retries=retry_mode_of_config(config.get("retries")),
        tag_concurrency_limits=config.get("tag_concurrency_limits"),
        start_method=next(iter(start_method), None),
        preload_modules=(start_method.get("forkserver") or {}).get("preload_modules") or (),
        step_dependency_config=StepDependencyConfig.of_executor(config),
        steps_per_worker=_steps_per_worker(config),
    )


def _steps_per_worker(config: Mapping[str, Any]) -> int | None:
    steps = _at_least(1, "max_steps_per_worker", config.get("max_steps_per_worker"))
    if steps is not None:
        return steps
    return None if config.get("reuse_workers") else 1


def _at_least(least: int, name: str, value: int | None) -> int | None:
    if value is not None and value < least:
        raise DagsterInvalidInvocationError(
            f"In the config of the multiprocess executor: {expected(name, f'{least} or more', value)}"
        )
    return value


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


@executor(name="threads", config_schema=THREADS_CONFIG)
def threads_executor(init_context: InitExecutorContext) -> Executor:
    """Execute steps in threads of a single process, several at a time; coroutines on one event loop.

    Select it with ``@job(executor_def=threads_executor)``. Config::

        execution:
          config:
            max_concurrent: 20
            retries:
              enabled: {}
            tag_concurrency_limits:
              - key: database
                limit: 4

    It pays where steps wait: for the network, for a database, for other programs. Values stay in memory, so
    that every I/O manager can be used; resources are set up once and shared by all threads. A thread cannot
    be stopped from outside: when the run is interrupted, coroutines are canceled, but steps in plain
    functions are waited for.
    """
    config = init_context.executor_config
    return threads.ThreadsExecutor(
        max_concurrent=config.get("max_concurrent"),
        retries=retry_mode_of_config(config.get("retries")),
        tag_concurrency_limits=config.get("tag_concurrency_limits"),
        marker_to_close=config.get("marker_to_close"),
        step_dependency_config=StepDependencyConfig.of_executor(config),
    )


@executor(
    name=MULTIPROCESS,
    config_schema=MULTIPROCESS_CONFIG,
    requirements=multiple_process_executor_requirements(),
)
def multiprocess_executor(init_context: InitExecutorContext) -> Executor:
    """Execute each step in a process of its own, several at the same time.

    Select it with ``@job(executor_def=multiprocess_executor)``. Config::

        execution:
          config:
            max_concurrent: 4

    The job must be one that other processes can load (:func:`reconstructable`), the instance one that
    they can open, and its I/O managers must keep values where they can read them. From the "Execution"
    document.
    """
    return _multiprocess(init_context.executor_config)


def _multi_or_in_process_requirements(config: Mapping[str, Any]) -> list[ExecutorRequirement]:
    return [] if "in_process" in config else list(multiple_process_executor_requirements())


@executor(
    name=MULTI_OR_IN_PROCESS,
    config_schema=Field(
        Selector({"multiprocess": MULTIPROCESS_CONFIG, "in_process": IN_PROCESS_CONFIG}),
        default_value={"multiprocess": {}},
        description="Which executor runs the steps.",
    ),
    requirements=_multi_or_in_process_requirements,
)
def multi_or_in_process_executor(init_context: InitExecutorContext) -> Executor:
    """The executor of jobs that name none: config chooses ``multiprocess`` or ``in_process``.

    If config chooses neither, steps run in processes of their own where that is possible: where other
    processes can load the job, open the instance, and read the values of outputs. Elsewhere, as with an
    ephemeral instance, they run in this process.
    """
    config = init_context.executor_config
    if "in_process" in config:
        return _in_process(config["in_process"])
    return _multiprocess(config["multiprocess"])


execute_in_process_executor = ExecutorDefinition(
    name="execute_in_process",
    executor_creation_fn=lambda _context: InProcessExecutor(),
    description=(
        "Runs a job whose own executor is another one in this process. It takes that one's config and "
        "does nothing with it."
    ),
)

default_executors: list[ExecutorDefinition] = [in_process_executor, multiprocess_executor]
