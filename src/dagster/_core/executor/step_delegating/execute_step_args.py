"""ExecuteStepArgs: what a process needs to run a step of a run, and the running itself."""

from __future__ import annotations

import base64
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence

from dagster._core.definitions.reconstructable import ReconstructableJob
from dagster._core.errors import DagsterRunNotFoundError
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import EngineEventData, ErrorSource, StepFailureData
from dagster._core.execution.step_context import StepExecutionContext
from dagster._core.executor.external_step import (
    run_step_elsewhere,
    step_elsewhere,
)
from dagster._core.executor.loaded_run import LoadedRun
from dagster._core.instance.instance import DagsterInstance
from dagster._core.instance.ref import InstanceRef
from dagster._core.plan.known_state import KnownExecutionState
from dagster._core.plan.step_reference import StepReference
from dagster._core.records.error_info import error_info_from_exception
from dagster._core.records.retry import RetryMode
from dagster._core.records.run import DagsterRun
from dagster._wire.codec import deserialize_value, serialize_value
from dagster._wire.record import Record

#: Where a step's process finds what it needs, if not in its command.
COMPRESSED_ARGS_VARIABLE = "DAGSTER_COMPRESSED_EXECUTE_STEP_ARGS"

_ERROR = 40
_BEGINNINGS = frozenset({DagsterEventType.STEP_START, DagsterEventType.STEP_RESTARTED})


class ExecuteStepArgs(Record, frozen=True):
    """What a process needs to run steps of a run. It crosses to that process as JSON.

    Args:
        job_origin: The way to load the job.
        run_id: The run.
        step_keys_to_execute: The steps, which are run one after the other. Executors name one.
        instance_ref: The instance. Default: the one that ``DAGSTER_HOME`` names.
        retry_mode: What becomes of a step that fails: executors say ``DEFERRED``, and retry it themselves.
        known_state: What earlier runs have produced.
        should_verify_step: Whether the process looks first if the step is still to be run. For clusters
            that may start a process twice.
        print_serialized_events: Whether each event is printed to stdout too, as a line of JSON.
        steps: What else there is to know of steps that depend on what the run has done.
        attempts: How often steps were tried before, by key. Default: never.
    """

    job_origin: ReconstructableJob
    run_id: str
    step_keys_to_execute: Sequence[str]
    instance_ref: InstanceRef | None = None
    retry_mode: RetryMode = RetryMode.DEFERRED
    known_state: KnownExecutionState | None = None
    should_verify_step: bool = False
    print_serialized_events: bool = False
    steps: Sequence[StepReference] = ()
    attempts: Mapping[str, int] = {}

    def get_command_args(self, entry_point: Sequence[str] | None = None) -> list[str]:
        """Return the command that runs the step.

        Args:
            entry_point: What starts ``dagster``. Default: this interpreter with ``-m dagster``; where the
                step runs in an image of its own, ``["dagster"]``.
        """
        start = list(entry_point) if entry_point is not None else [sys.executable, "-m", "dagster"]
        return [*start, "api", "execute_step", serialize_value(self)]

    def get_command_env(self) -> list[dict[str, str]]:
        """Return the same as a variable of the environment, for commands that may not be so long."""
        packed = base64.b64encode(zlib.compress(serialize_value(self).encode())).decode()
        return [{"name": COMPRESSED_ARGS_VARIABLE, "value": packed}]

    @staticmethod
    def from_compressed(packed: str) -> ExecuteStepArgs:
        """Return what :meth:`get_command_env` put into the environment."""
        return ExecuteStepArgs.from_json(zlib.decompress(base64.b64decode(packed)).decode())

    @staticmethod
    def from_json(text: str) -> ExecuteStepArgs:
        """Return what :meth:`get_command_args` put into the command."""
        return deserialize_value(text, ExecuteStepArgs)


def execute_steps(args: ExecuteStepArgs, instance: DagsterInstance) -> Iterator[DagsterEvent]:
    """Run the steps, write what happens to the log of the run, and yield the events.

    That a step fails is told by its events. So it is told if the job cannot be loaded here: the steps have
    failed then.

    Args:
        args: What to run.
        instance: The instance.

    Raises:
        DagsterRunNotFoundError: If the instance does not know the run.
    """
    run = instance.get_run_by_id(args.run_id)
    if run is None:
        raise DagsterRunNotFoundError(
            f"There is no run {args.run_id} on this instance. Is DAGSTER_HOME the one that the run was "
            "started with?",
            invalid_run_id=args.run_id,
        )
    sink = instance.event_writer(run.run_id).write
    try:
        keys = list(args.step_keys_to_execute)
        if args.should_verify_step:
            keys = [key for key in keys if _is_due(args, run, key, instance)]
        try:
            context = LoadedRun(args.job_origin, run).context(
                instance, sink, retry_mode=args.retry_mode, known_state=args.known_state
            )
            references = {reference.key: reference for reference in args.steps}
            steps = [step_elsewhere(context, key, references.get(key)) for key in keys]
        except Exception as exc:  # noqa: BLE001 - nobody else would tell of it
            for key in keys:
                yield _failed_before(run, key, exc, instance)
            return
        for step in steps:
            yield from run_step_elsewhere(
                StepExecutionContext(context, step, args.attempts.get(step.key, 0))
            )
    finally:
        instance.close_event_writer(run.run_id)


def _is_due(args: ExecuteStepArgs, run: DagsterRun, key: str, instance: DagsterInstance) -> bool:
    """Return whether an attempt is still to be made; say why if it is not."""
    if run.is_finished:
        reason = f"the run has ended as {run.status.value}"
    else:
        records = instance.get_records_for_run(run.run_id, of_type=set(_BEGINNINGS)).records
        begun = sum(1 for record in records if record.event_log_entry.step_key == key)
        if begun <= args.attempts.get(key, 0):
            return True
        reason = f"attempt {begun} of it has begun already"
    message = f'Step "{key}" is not run by this process, since {reason}.'
    instance.report_engine_event(message, run, EngineEventData(), step_key=key)
    return False


def _failed_before(run: DagsterRun, key: str, exc: Exception, instance: DagsterInstance) -> DagsterEvent:
    error = error_info_from_exception(exc)
    event = DagsterEvent(
        DagsterEventType.STEP_FAILURE.value,
        run.job_name,
        event_specific_data=StepFailureData(error, None, ErrorSource.FRAMEWORK_ERROR),
        message=f'Execution of step "{key}" failed before it began: the process could not load the job.',
        step_key=key,
    )
    instance.report_dagster_event(event, run.run_id, _ERROR)
    return event
