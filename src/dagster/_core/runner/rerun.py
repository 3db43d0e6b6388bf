"""A run that runs a part of an earlier one again: which steps, and what it takes from the runs before."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster._check as check
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.events.event_type import DagsterEventType
from dagster._core.instance.instance import DagsterInstance
from dagster._core.plan.known_state import (
    EMPTY_STATE,
    FOLDED_EVENT_TYPES,
    KnownExecutionState,
    fold_run,
    kept_step,
)
from dagster._core.plan.plan import ExecutionPlan
from dagster._core.plan.rerun_selection import kept_state, steps_of_selection, unfinished_steps
from dagster._core.records.run import DagsterRun
from dagster._core.records.tags import FROM_CHANGED_TAG, RESUME_RETRY_TAG, STEP_SELECTION_TAG
from dagster._process.collection import paused_collection
from dagster._text import expected
from dagster._wire.record import Record

if TYPE_CHECKING:
    from dagster._core.plan.changed_steps import StepDecision


class RerunKind(enum.Enum):
    """Which steps of an earlier run are run again."""

    ALL = "all"
    SELECTED = "selected"
    FROM_FAILURE = "from failure"
    FROM_CHANGED = "from changed"
    #: The same run goes on.
    RESUMED = "resumed"


class ReexecutionOptions(Record, frozen=True):
    """Which run is executed again, and which of its steps. From the "Execution" document.

    Give it to :func:`execute_job` or :meth:`JobDefinition.execute_in_process`. The steps that are not
    run are taken from the parent run, or from the nearest run before it that ran them.

    Args:
        parent_run_id: The run.
        step_selection: Clauses that select steps by key: ``step``, ``step+``, ``step*``, ``+step``,
            ``*step``; of a mapped step ``op[key]`` or, for all keys, ``op[?]``. Default: all steps.

    Examples:
        >>> ReexecutionOptions(failed.run_id, step_selection=["train*"])
        >>> ReexecutionOptions.from_failure(failed.run_id, instance)
    """

    parent_run_id: str
    step_selection: Sequence[str] = []

    def __post_init__(self) -> None:
        check.str_param(self.parent_run_id, "parent_run_id")
        if isinstance(self.step_selection, str):
            raise check.ParameterCheckError(
                expected("step_selection", "a list of clauses", self.step_selection)
                + f". Write [{self.step_selection!r}]."
            )
        check.sequence_param(self.step_selection, "step_selection", of_type=str)

    @property
    def kind(self) -> RerunKind:
        """Which steps are run again."""
        return RerunKind.SELECTED if self.step_selection else RerunKind.ALL

    @staticmethod
    def from_failure(run_id: str, instance: DagsterInstance) -> ReexecutionOptions:
        """Return the options that run what did not come to a good end in a run.

        That is all that failed, what was not run because of it, and what never came to run.

        Args:
            run_id: The run. It must have failed or been canceled.
            instance: The instance that has it.

        Raises:
            CheckError: If the instance does not have it.
            DagsterInvariantViolationError: If it did not fail and was not canceled.
        """
        require_failed(require_parent(instance, run_id))
        return ReexecuteFromFailureOptions(run_id)

    @staticmethod
    def from_changed(run_id: str, instance: DagsterInstance) -> ReexecutionOptions:
        """Return the options that run what has changed since a run, and what that changes.

        That is every step whose code, config, resources or inputs are not those that it ran with; every
        step that failed, or never ran; and, of what follows, the steps for which a value that they take is
        another than before. What cannot be compared counts as changed. See :func:`plan_reexecution` for
        what that is, without running it.

        Args:
            run_id: The run. It must have ended.
            instance: The instance that has it.

        Raises:
            CheckError: If the instance does not have it.
            DagsterInvariantViolationError: If it has not ended.
        """
        require_finished(require_parent(instance, run_id))
        return ReexecuteFromChangedOptions(run_id)


class ReexecuteFromFailureOptions(ReexecutionOptions, frozen=True):
    """What :meth:`ReexecutionOptions.from_failure` returns."""

    @property
    def kind(self) -> RerunKind:
        """Which steps are run again."""
        return RerunKind.FROM_FAILURE


class ReexecuteFromChangedOptions(ReexecutionOptions, frozen=True):
    """What :meth:`ReexecutionOptions.from_changed` returns."""

    @property
    def kind(self) -> RerunKind:
        """Which steps are run again."""
        return RerunKind.FROM_CHANGED


class Rerun:
    """A re-execution, worked out: the plan with the steps that run, and what is known of the others.

    Args:
        parent: The run that it re-executes.
        kind: Which steps run again.
        plan: The plan.
        known_state: What earlier runs produced of the steps that do not run; None if all run.
        selection: The clauses that selected the steps.
        decisions: What is done with each step and why, of a re-execution from what has changed.
        state: All that is known of earlier runs, also of the steps that run again.
    """

    __slots__ = ("decisions", "kind", "known_state", "parent", "plan", "selection", "state")

    def __init__(
        self,
        parent: DagsterRun,
        kind: RerunKind,
        plan: ExecutionPlan,
        known_state: KnownExecutionState | None,
        selection: Sequence[str] = (),
        state: KnownExecutionState = EMPTY_STATE,
        decisions: Sequence[StepDecision] = (),
    ) -> None:
        self.parent = parent
        self.decisions = decisions
        self.kind = kind
        self.plan = plan
        self.known_state = known_state
        self.selection = selection
        self.state = state

    def tags(self, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the tags of the run: those that were given, and what kind of re-execution it is."""
        tags = dict(given or {})
        if self.kind is RerunKind.FROM_FAILURE:
            tags[RESUME_RETRY_TAG] = "true"
        if self.kind is RerunKind.FROM_CHANGED:
            tags[FROM_CHANGED_TAG] = "true"
        if self.kind is RerunKind.SELECTED:
            tags[STEP_SELECTION_TAG] = ",".join(self.selection)
        return tags

    def run_fields(self, given_tags: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the arguments of :meth:`DagsterInstance.create_run_for_job` that make it a re-execution."""
        return {
            "tags": self.tags(given_tags),
            "parent_run_id": self.parent.run_id,
            "root_run_id": self.parent.root_run_id or self.parent.run_id,
            "execution_plan": self.plan if self.plan.selected is not None else None,
        }


def require_parent(instance: DagsterInstance, run_id: str) -> DagsterRun:
    """Return the run that is to be executed again.

    Raises:
        CheckError: If the instance does not have it.
    """
    run = instance.get_run_by_id(run_id)
    if run is None:
        raise check.CheckError(
            f"expected parent_run_id to be the id of a run on the instance, got: {run_id!r}. Re-execute on "
            "the instance that the run is on; an ephemeral one forgets its runs."
        )
    return run


def require_failed(run: DagsterRun) -> None:
    """Refuse to re-execute a run from failure that has none.

    Raises:
        DagsterInvariantViolationError: With how it stands, and what to do.
    """
    if run.is_failure_or_canceled:
        return
    advice = (
        'Run it again as a whole, or select steps: step_selection=["some_step*"].'
        if run.is_success
        else f"If the process that ran it is gone, continue it: dagster run resume {run.run_id[:8]}."
    )
    raise DagsterInvariantViolationError(
        f"Run {run.run_id} of '{run.job_name}' cannot be re-executed from failure: expected it to be in "
        f"status FAILURE or CANCELED, it is in status {run.status.value}. {advice}"
    )


def require_same_job(run: DagsterRun, job_def: JobDefinition) -> None:
    """Refuse to re-execute a run with another job.

    Raises:
        DagsterInvariantViolationError: With both.
    """
    if run.job_name != job_def.name:
        raise DagsterInvariantViolationError(
            f"Run {run.run_id} cannot be re-executed with {job_def.describe_target()}: expected it to be a "
            f"run of that, it is one of '{run.job_name}'."
        )


def require_finished(run: DagsterRun) -> None:
    """Refuse to compare with a run that goes on.

    Raises:
        DagsterInvariantViolationError: With how it stands, and what to do.
    """
    if not run.is_finished:
        raise DagsterInvariantViolationError(
            f"Run {run.run_id} of '{run.job_name}' cannot be re-executed from what has changed: expected it to "
            f"have ended, it is in status {run.status.value}. Wait for its end; if the process that ran it is "
            f"gone, continue it: dagster run resume {run.run_id[:8]}."
        )


def lineage_of(instance: DagsterInstance, run: DagsterRun) -> list[DagsterRun]:
    """Return a run and those before it that are still on the instance, the oldest first."""
    runs = [run]
    seen = {run.run_id}
    while runs[-1].parent_run_id is not None and runs[-1].parent_run_id not in seen:
        parent = instance.get_run_by_id(runs[-1].parent_run_id)
        if parent is None:
            break
        seen.add(parent.run_id)
        runs.append(parent)
    return runs[::-1]


@paused_collection()
def load_known_state(instance: DagsterInstance, run: DagsterRun) -> KnownExecutionState:
    """Return what a run and those before it produced, from their logs."""
    state = EMPTY_STATE
    for ancestor in lineage_of(instance, run):
        entries = instance.all_logs(ancestor.run_id, of_type=set(FOLDED_EVENT_TYPES))
        events = (entry.dagster_event for entry in entries if entry.dagster_event is not None)
        state = fold_run(state, ancestor.run_id, events)
    return state


def plan_rerun(
    options: ReexecutionOptions,
    parent: DagsterRun,
    plan: ExecutionPlan,
    job_def: JobDefinition,
    instance: DagsterInstance,
) -> Rerun:
    """Work out which steps of a run are run again. Nothing is stored and nothing runs.

    Args:
        options: What was asked for.
        parent: The run.
        plan: The whole plan of the new run.
        job_def: The job, for messages.
        instance: The instance that has the run.

    Raises:
        DagsterInvariantViolationError: If the run is of another job; or if there is no failure to start
            from.
        DagsterInvalidSubsetError: If a clause cannot be read or matches nothing.
    """
    require_same_job(parent, job_def)
    kind = options.kind
    if kind is RerunKind.ALL:
        return Rerun(parent, kind, plan, None)
    if kind is RerunKind.FROM_FAILURE:
        require_failed(parent)
    state = load_known_state(instance, parent)
    if kind is RerunKind.SELECTED:
        clauses = list(options.step_selection)
        keys = steps_of_selection(plan, clauses, state, job_def.describe_target())
    else:
        own = plan_of_run(plan, parent)
        keys = unfinished_steps(own, state, parent.run_id, _kept_in(parent, instance))
        if not keys:
            raise DagsterInvariantViolationError(
                f"Run {parent.run_id} of '{parent.job_name}' cannot be re-executed from failure: all of its "
                "steps came to a good end. Run it again as a whole, or select steps."
            )
    return _rerun_of(parent, kind, plan, keys, state, options.step_selection)


def _kept_in(run: DagsterRun, instance: DagsterInstance) -> set[str]:
    """Return the steps of a run from what has changed for which nothing had, as it turned out."""
    if FROM_CHANGED_TAG not in run.tags:
        return set()
    entries = instance.all_logs(run.run_id, of_type=DagsterEventType.ENGINE_EVENT)
    kept = {kept_step(entry.dagster_event) for entry in entries if entry.dagster_event is not None}
    return {key for key in kept if key is not None}


def _rerun_of(
    parent: DagsterRun,
    kind: RerunKind,
    plan: ExecutionPlan,
    keys: Sequence[str],
    state: KnownExecutionState,
    selection: Sequence[str],
) -> Rerun:
    subset = plan.build_subset_plan(keys)
    return Rerun(parent, kind, subset, kept_state(subset, state), selection, state)


def plan_of_run(plan: ExecutionPlan, run: DagsterRun) -> ExecutionPlan:
    """Return a plan with the steps that a stored run is for.

    Raises:
        DagsterInvariantViolationError: If the job no longer has one of them.
    """
    keys = run.step_keys_to_execute
    if keys is None:
        return plan
    try:
        return plan.build_subset_plan(keys)
    except Exception as exc:
        raise DagsterInvariantViolationError(
            f"Run {run.run_id} of '{run.job_name}' was to run a step that the job no longer has: {exc}"
        ) from exc


def rerun_of_stored(run: DagsterRun, plan: ExecutionPlan, instance: DagsterInstance) -> Rerun | None:
    """Return the re-execution that a stored run is; None if it runs all steps.

    Args:
        run: The run.
        plan: The whole plan.
        instance: The instance that has it and its ancestors.

    Raises:
        CheckError: If the instance does not have its parent.
    """
    if run.step_keys_to_execute is None:
        return None
    subset = plan_of_run(plan, run)
    if run.parent_run_id is None:
        return Rerun(run, RerunKind.SELECTED, subset, EMPTY_STATE)
    parent = require_parent(instance, run.parent_run_id)
    state = load_known_state(instance, parent)
    kind = RerunKind.FROM_FAILURE if run.is_resume_retry else RerunKind.SELECTED
    return Rerun(parent, kind, subset, kept_state(subset, state))
