"""Whether the values are there that a re-execution feeds on. Asked before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dagster._core.definitions.job.base import IJob
from dagster._core.definitions.job.resolved_config import ResolvedRunConfig
from dagster._core.errors import DagsterStepOutputNotFoundError
from dagster._core.instance.instance import DagsterInstance
from dagster._core.plan.known_state import KnownExecutionState
from dagster._core.plan.needed_values import NeededValue, needed_values
from dagster._core.runner.output_loader import OutputLoader
from dagster._core.runner.rerun import Rerun, RerunKind, lineage_of
from dagster._text import listed

#: How many missing values a message names.
_SHOWN = 10


def check_stored_values(
    rerun: Rerun, job: IJob, config: ResolvedRunConfig, instance: DagsterInstance
) -> None:
    """Refuse a re-execution that would not find what its steps take from earlier runs.

    I/O managers that can tell whether they hold a value (``has_output``) are set up and asked.

    Args:
        rerun: The re-execution.
        job: The job.
        config: The validated run config.
        instance: The instance.

    Raises:
        DagsterStepOutputNotFoundError: With each missing value: which input of which step takes it, in
            which run it was looked for, and with which I/O manager.
    """
    state = rerun.known_state
    if state is None:
        return
    needed = list(needed_values(rerun.plan, state))
    missing = [(value, "") for value in needed if value.run_id is None]
    stored = [value for value in needed if value.run_id is not None]
    if stored and not missing:
        missing = _not_held(stored, rerun, job, config, instance)
    if missing:
        raise _refusal(missing, rerun, instance, state)


def _not_held(
    values: Sequence[NeededValue],
    rerun: Rerun,
    job: IJob,
    config: ResolvedRunConfig,
    instance: DagsterInstance,
) -> list[tuple[NeededValue, str]]:
    """Return the values that their I/O managers do not have, with the class of the manager."""
    keys = {value.manager_key for value in values}
    missing: list[tuple[NeededValue, str]] = []
    with OutputLoader(
        job, rerun.parent, config, instance, rerun.plan, rerun.known_state, keys
    ) as loader:
        for value in values:
            handle = value.handle
            held = loader.holds_output(
                value.manager_key, handle.step_key, handle.output_name, handle.mapping_key
            )
            if held is False:
                missing.append((value, loader.manager_class(value.manager_key)))
    return missing


def _refusal(
    missing: Iterable[tuple[NeededValue, str]],
    rerun: Rerun,
    instance: DagsterInstance,
    state: KnownExecutionState,
) -> DagsterStepOutputNotFoundError:
    found = list(missing)
    chain = [run.run_id for run in reversed(lineage_of(instance, rerun.parent))]
    lines = [_line(value, manager, chain) for value, manager in found[:_SHOWN]]
    if len(found) > _SHOWN:
        lines.append(f"and {len(found) - _SHOWN} more.")
    keys = list(dict.fromkeys(value.handle.step_key for value, _ in found))
    first = found[0][0].handle
    what = "resumed" if rerun.kind is RerunKind.RESUMED else "re-executed so"
    return DagsterStepOutputNotFoundError(
        f"Run {rerun.parent.run_id} of '{rerun.parent.job_name}' cannot be {what}: "
        f"{len(found)} {'value is' if len(found) == 1 else 'values are'} missing that the steps feed on. "
        "Nothing has run.\n"
        + "\n".join(f"  - {line}" for line in lines)
        + f"\nRun the steps again that make them: {listed(keys)}.",
        step_key=first.step_key,
        output_name=first.output_name,
    )


def _line(value: NeededValue, manager: str, chain: Sequence[str]) -> str:
    handle = value.handle
    keyed = f' with mapping key "{handle.mapping_key}"' if handle.mapping_key is not None else ""
    taken = (
        f'input "{value.input_name}" of step "{value.step_key}" takes output "{handle.output_name}"{keyed} of '
        f'step "{handle.step_key}"'
    )
    if value.run_id is None:
        runs = f"run {chain[0]}" if len(chain) == 1 else f"runs {', '.join(chain)}"
        return f'{taken}, which gave none: looked for in {runs}, to load with I/O manager "{value.manager_key}".'
    advice = (
        " Values in memory end with their run: give the job an I/O manager that keeps them, for instance "
        "fs_io_manager."
        if manager == "InMemoryIOManager"
        else ""
    )
    return (
        f'{taken}, which I/O manager "{value.manager_key}" ({manager}) does not have of run '
        f"{value.run_id}.{advice}"
    )
