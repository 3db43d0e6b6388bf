"""Setting up and tearing down a run's resources, with the events that tell of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import dagster._time as _time
from dagster._core.definitions.resource.lifecycle import ResourceManager
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import EngineEventData
from dagster._core.execution.plan_context import ERROR, PlanExecutionContext
from dagster._core.plan.plan import ExecutionPlan
from dagster._core.plan.step import ExecutionStep
from dagster._core.records.error_info import error_info_from_exception
from dagster._core.records.metadata import MetadataValue


class ResourceSession:
    """The resources of one run in one process.

    Args:
        plan_context: The run. Its ``resource_manager`` is set while the session is open.
        steps: The steps that it is for. Default: all of the plan.
    """

    __slots__ = ("_manager", "_plan_context", "_steps")

    def __init__(
        self, plan_context: PlanExecutionContext, steps: Sequence[ExecutionStep] | None = None
    ) -> None:
        self._plan_context = plan_context
        self._steps = steps
        self._manager: ResourceManager | None = None

    def open(self) -> Iterator[DagsterEvent]:
        """Set the resources up that the steps need, and yield the events of it.

        Raises:
            DagsterResourceFunctionError: If one cannot be set up; :meth:`close` is still due.
        """
        context = self._plan_context
        keys = resource_keys_of(context.plan, self._steps)
        self._manager = manager = ResourceManager(
            context.job_def.resource_defs,
            context.run_config_resolved.resources,
            keys,
            instance=context.instance,
            dagster_run=context.run,
            log_manager=context.log,
        )
        context.resource_manager = manager
        if not manager.init_order:
            return
        names = ", ".join(sorted(manager.init_order))
        yield context.emit_run_event(
            DagsterEventType.RESOURCE_INIT_STARTED,
            f"Starting initialization of resources [{names}].",
            EngineEventData(marker_start="resources"),
        )
        try:
            manager.initialize()
        except (Exception, SystemExit) as exc:
            error = error_info_from_exception(exc)
            yield context.emit_run_event(
                DagsterEventType.RESOURCE_INIT_FAILURE,
                f"Initialization of resources [{names}] failed.",
                EngineEventData(marker_end="resources", error=error),
                level=ERROR,
                error=error,
            )
            raise
        metadata: dict[str, MetadataValue] = {}
        for key in sorted(manager.init_order):
            metadata[key] = MetadataValue.python_artifact(type(manager.instances[key]))
            duration = manager.durations[key]
            metadata[f"{key}:init_time"] = MetadataValue.text(_time.format_duration(duration))
        yield context.emit_run_event(
            DagsterEventType.RESOURCE_INIT_SUCCESS,
            f"Finished initialization of resources [{names}].",
            EngineEventData(metadata=metadata, marker_end="resources"),
        )

    def close(self) -> list[DagsterEvent]:
        """Tear the resources down, in reverse, whatever happened; return an event for each failure."""
        manager = self._manager
        if manager is None or not manager.has_teardown:
            return []
        events: list[DagsterEvent] = []
        for key, exc in manager.teardown():
            error = error_info_from_exception(exc)
            events.append(
                self._plan_context.emit_run_event(
                    DagsterEventType.ENGINE_EVENT,
                    f'Teardown of resource "{key}" failed.',
                    EngineEventData(error=error),
                    level=ERROR,
                    error=error,
                )
            )
        return events


def resource_keys_of(plan: ExecutionPlan, steps: Sequence[ExecutionStep] | None = None) -> set[str]:
    """Return the keys of the resources that steps of a plan need.

    Args:
        plan: The plan.
        steps: Those that run. Default: all that the plan runs.
    """
    is_part = steps is not None or plan.selected is not None
    keys: set[str] = set()
    seen: set[int] = set()
    for step in plan.steps_that_run if steps is None else steps:
        if is_part:
            # What did not run here is loaded with the I/O managers that it has run with.
            for upstream in step.upstream:
                keys.update(o.io_manager_key for o in plan.steps[upstream].outputs.values())
        if id(step.op_def) not in seen:
            seen.add(id(step.op_def))
            keys.update(requirement.key for requirement in step.op_def.resource_requirements())
        for hook_def in step.hook_defs:
            keys |= hook_def.required_resource_keys
    return keys
