"""``resume_run``: continue a run whose process died, where its log ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dagster._check as check
from dagster._core.definitions.job.base import IJob
from dagster._core.errors import DagsterExecutionInterruptedError, DagsterInvariantViolationError
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import EngineEventData
from dagster._core.instance.instance import DagsterInstance
from dagster._core.plan.known_state import KnownExecutionState
from dagster._core.plan.plan import ExecutionPlan
from dagster._core.plan.rerun_selection import kept_state, unfinished_steps
from dagster._core.records.metadata import MetadataValue
from dagster._core.records.run import DagsterRun, DagsterRunStatus
from dagster._core.records.tags import FROM_CHANGED_TAG
from dagster._core.runner.changes import plan_from_changed
from dagster._core.runner.execute_job import Prepared, prepared_for
from dagster._core.runner.gone_worker import end_canceling_run, end_leftovers, require_gone
from dagster._core.runner.rerun import Rerun, RerunKind, load_known_state, plan_of_run
from dagster._core.runner.results import JobExecutionResult
from dagster._core.runner.run import RunExecution
from dagster._core.runner.run_worker import RESUMED, facts_of, worker_entries
from dagster._core.runner.stored_values import check_stored_values
from dagster._process.identity import is_alive, process_facts
from dagster._text import listed

#: From these a run goes on.
_RESUMABLE = frozenset(
    {DagsterRunStatus.STARTED, DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING}
)
_ADVICE = {
    DagsterRunStatus.SUCCESS: "It is over. To run it again: dagster run reexecute {id}.",
    DagsterRunStatus.FAILURE: "It is over. To run what failed again: dagster run reexecute {id} "
    "--from-failure.",
    DagsterRunStatus.CANCELED: "It is over. To run what is left of it: dagster run reexecute {id} "
    "--from-failure.",
    DagsterRunStatus.CANCELING: "It was told to stop, and will not go on. Once its process is gone, dagster "
    "run resume {id} ends it as canceled.",
}


class Resumption:
    """A run that goes on after its process died, worked out and ready to be carried out.

    Args:
        job: The job.
        dagster_run: The run.
        instance: The instance that has it.
        force: Whether to go on although the process that ran it was on another host, so that nobody here
            can tell whether it still lives; or although the run never began, so that nobody can.

    Raises:
        DagsterInvariantViolationError: If the run is over or is queued; or if its process lives, or
            may live.
        DagsterStepOutputNotFoundError: If a value is missing that the rest of the run takes from what has
            run already.
    """

    __slots__ = ("_instance", "_run", "execution", "known_state", "opening", "prepared")

    def __init__(
        self,
        job: IJob,
        dagster_run: DagsterRun,
        instance: DagsterInstance,
        *,
        force: bool = False,
    ) -> None:
        check.inst_param(dagster_run, "dagster_run", DagsterRun)
        check.inst_param(instance, "instance", DagsterInstance)
        run = instance.get_run_by_id(dagster_run.run_id)
        if run is None:
            raise check.CheckError(
                f"expected dagster_run to be a run on the instance, got: {dagster_run.run_id!r}."
            )
        self._instance = instance
        self._run = run
        _require_resumable(run)
        workers = worker_entries(instance, run)
        require_gone(run, workers, force=force)
        self.prepared: Prepared = prepared_for(job, run)
        plan = self.prepared.plan
        state = load_known_state(instance, run)
        left = _left(plan, state, run)
        subset = plan.build_subset_plan(left)
        self.known_state: KnownExecutionState = kept_state(subset, state, resumed=run.run_id)
        if FROM_CHANGED_TAG in run.tags:
            # Of what is left, some steps may be kept, as when it began.
            prepared = self.prepared
            changes = plan_from_changed(
                run, plan, prepared.job_def, prepared.config, instance, run.tags, left
            )
            unchanged = changes.known_state.unchanged
            self.known_state = self.known_state._replace(unchanged=unchanged)
        rerun = Rerun(run, RerunKind.RESUMED, subset, self.known_state)
        check_stored_values(rerun, self.prepared.job, self.prepared.config, instance)
        self.prepared.use(rerun)
        self.opening: DagsterEvent | None = None
        if workers:
            self.opening = self._claim(left, len(workers))
            end_leftovers(workers)

    def _claim(self, left: Sequence[str], before: int) -> DagsterEvent:
        """Write that this process continues the run, unless another one was first."""
        instance, run = self._instance, self._run
        facts = process_facts()
        event = instance.report_engine_event(
            _message(run, self.known_state, left),
            run,
            EngineEventData({**_metadata(facts), RESUMED: MetadataValue.bool(True)}),
        )
        for entry in worker_entries(instance, run)[before:]:
            first = facts_of(entry)
            if first != facts and is_alive(first) is not False:
                raise DagsterInvariantViolationError(
                    f"Run {run.run_id} of '{run.job_name}' was resumed by process {first.get('pid')} a moment "
                    "before; it goes on there."
                )
            break
        return event

    def start(self, raise_on_error: bool = False, **kwargs: Any) -> RunExecution:
        """Return the run, ready to go on. The other arguments are those of :class:`RunExecution`."""
        return self.prepared.execution(
            self._run,
            self._instance,
            raise_on_error,
            opening=self.opening,
            earlier_failures=_failures(self._instance, self._run, self.known_state),
            **kwargs,
        )


def resume_run(
    job: IJob,
    dagster_run: DagsterRun,
    instance: DagsterInstance,
    raise_on_error: bool = False,
    *,
    force: bool = False,
) -> JobExecutionResult:
    """Continue a run whose process died, in this process.

    What its log tells of steps that ended is kept: they do not run again, nor do those that had failed
    for good. A step that was running when the process died runs anew, as one attempt more; so does one
    that waited to be tried again. An event says that the run was resumed and from where, and the run ends
    as any other.

    A run that was told to stop (``CANCELING``) does not go on: it is ended, as ``CANCELED``.

    Args:
        job: The job.
        dagster_run: The run. It must not be over.
        instance: The instance that has it.
        raise_on_error: Whether an error is raised or told by the result. Default: False.
        force: Whether to go on although the process that ran it was on another host, so that nobody here
            can tell whether it still lives; or although the run never began, so that nobody can.

    Returns:
        The result, with the events from here on. Open it in a ``with`` statement to load values of
        outputs, also of the steps that had run before.

    Raises:
        DagsterInvariantViolationError: If the run is over or is queued; or if its process lives, or
            may live.
        DagsterStepOutputNotFoundError: If a value is missing that the rest of the run takes from what has
            run already.
        DagsterExecutionInterruptedError: If it was told to stop, and ``raise_on_error``.
    """
    check.inst_param(dagster_run, "dagster_run", DagsterRun)
    check.inst_param(instance, "instance", DagsterInstance)
    canceled = end_canceling_run(instance, dagster_run, force=force)
    if canceled is not None:
        if raise_on_error:
            raise DagsterExecutionInterruptedError(canceled.message)
        return prepared_for(job, dagster_run).result(dagster_run, instance, [canceled])
    resumption = Resumption(job, dagster_run, instance, force=force)
    execution = resumption.start(raise_on_error)
    return resumption.prepared.result(dagster_run, instance, list(execution.events()))


def _require_resumable(run: DagsterRun) -> None:
    if run.status in _RESUMABLE:
        return
    advice = _ADVICE.get(run.status, "Nothing of it has run that could be continued.")
    raise DagsterInvariantViolationError(
        f"Run {run.run_id} of '{run.job_name}' cannot be resumed: expected it to be in status STARTED, it is "
        f"in status {run.status.value}. {advice.format(id=run.run_id[:8])}"
    )


def _metadata(facts: dict[str, str]) -> dict[str, MetadataValue]:
    return {label: MetadataValue.text(fact) for label, fact in facts.items()}


def _left(plan: ExecutionPlan, state: KnownExecutionState, run: DagsterRun) -> list[str]:
    """Return the keys of the steps that are still to run: not those that failed for good."""
    failed = {key for key, known in state.failures.items() if known.run_id == run.run_id}
    unfinished = unfinished_steps(plan_of_run(plan, run), state, run.run_id)
    return [key for key in unfinished if key not in failed]


def _message(run: DagsterRun, known: KnownExecutionState, left: Sequence[str]) -> str:
    ended = sum(1 for step in known.steps.values() if step.run_id == run.run_id)
    broken = [key for key in left if known.attempts.get(key)]
    parts = [
        f"{ended} {'step has' if ended == 1 else 'steps have'} ended",
        *([f"{len(known.failures)} failed"] if known.failures else []),
        f"{len(left)} {'is' if len(left) == 1 else 'are'} left",
    ]
    anew = f" What was running when it died runs anew: {listed(broken)}." if broken else ""
    return f'Resumed execution of run for "{run.job_name}", whose process had died: {", ".join(parts)}.{anew}'


def _failures(
    instance: DagsterInstance, run: DagsterRun, known: KnownExecutionState
) -> list[DagsterEvent]:
    """Return the last failure of each step that had failed for good."""
    if not known.failures:
        return []
    entries = instance.all_logs(run.run_id, of_type=DagsterEventType.STEP_FAILURE)
    last = {entry.step_key: entry.dagster_event for entry in entries}
    return [event for key, event in last.items() if key in known.failures and event is not None]
