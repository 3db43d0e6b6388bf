"""Loading the outputs of a run that is over, with the I/O managers that stored them."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any, Self

from dagster._core.definitions.job.base import IJob
from dagster._core.definitions.job.resolved_config import ResolvedRunConfig
from dagster._core.definitions.resource.lifecycle import ResourceManager
from dagster._core.events.log_manager import DagsterLogManager
from dagster._core.execution.io_contexts import StepOutputContext
from dagster._core.execution.plan_context import OutputKey, PlanExecutionContext
from dagster._core.execution.step_context import StepExecutionContext
from dagster._core.instance.instance import DagsterInstance
from dagster._core.io.contexts import InputContext
from dagster._core.plan.known_state import KnownExecutionState
from dagster._core.plan.plan import ExecutionPlan
from dagster._core.records.run import DagsterRun


class OutputLoader:
    """Loads outputs of a run while its ``with`` statement lasts.

    The I/O managers, and what they need, are set up when the first value is asked for and torn down at
    the end. Nothing is added to the log of the run.

    Args:
        job: The job.
        run: The run.
        config: Its validated run config.
        instance: The instance.
        plan: Its plan.
        known_state: What earlier runs produced, if only a part of the plan ran: values of the other
            steps are loaded from the runs that made them.
        manager_keys: The resources that are set up. Default: the I/O managers of all outputs.
    """

    def __init__(
        self,
        job: IJob,
        run: DagsterRun,
        config: ResolvedRunConfig,
        instance: DagsterInstance,
        plan: ExecutionPlan,
        known_state: KnownExecutionState | None = None,
        manager_keys: AbstractSet[str] | None = None,
    ) -> None:
        self._manager_keys = manager_keys
        self._context = PlanExecutionContext(
            job=job,
            plan=plan,
            run_config=config,
            dagster_run=run,
            instance=instance,
            log=DagsterLogManager.create(run_id=run.run_id, job_name=run.job_name, run_tags=run.tags),
            sink=lambda _entry: None,
            known_state=known_state,
            keeps_fingerprints=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, exc_type: type[BaseException] | None, *_exc_info: object) -> None:
        manager, self._context.resource_manager = self._context.resource_manager, None
        if manager is None:
            return
        failures = manager.teardown()
        if failures and exc_type is None:
            raise failures[0][1]

    def _open(self) -> ResourceManager:
        context = self._context
        if context.resource_manager is None:
            keys = self._manager_keys
            if keys is None:
                keys = {o.io_manager_key for step in context.plan.steps for o in step.outputs.values()}
            context.resource_manager = ResourceManager(
                context.job_def.resource_defs,
                context.run_config_resolved.resources,
                keys & context.job_def.resource_defs.keys(),
                instance=context.instance,
                dagster_run=context.run,
                log_manager=context.log,
            )
            context.resource_manager.initialize()
        return context.resource_manager

    def load_output(self, step_key: str, output_name: str, mapping_key: str | None = None) -> Any:
        """Return the value of an output.

        Args:
            step_key: The step.
            output_name: The output.
            mapping_key: The key of the value, if the output is dynamic.

        Raises:
            Exception: Whatever the I/O manager raises if it cannot load the value.
        """
        resources = self._open()
        step = self._context.plan.get_step_by_key(step_key)
        output = step.outputs[output_name]
        if output.is_nothing:
            return None
        context = StepExecutionContext(self._context, step)
        manager = context.io_manager(output.io_manager_key)
        definition = self._context.job_def.resource_defs[output.io_manager_key]
        return manager.load_input(
            InputContext(
                name=None,
                job_name=self._context.job_name,
                upstream_output=StepOutputContext(context, step, output_name, mapping_key),
                dagster_type=output.dagster_type,
                log_manager=context.log,
                resource_config=self._context.run_config_resolved.resources.get(output.io_manager_key),
                resources=resources.scoped(definition.required_resource_keys),
                instance=self._context.instance,
            )
        )

    @property
    def known_outputs(self) -> list[OutputKey]:
        """The names of the values that steps gave in earlier runs which did not run in this one."""
        state = self._context.known_state
        if state is None:
            return []
        return [
            (step_key, output_name, mapping_key)
            for step_key, known in state.steps.items()
            for output_name, keys in known.outputs.items()
            for mapping_key in keys
        ]

    def manager_class(self, manager_key: str) -> str:
        """Return the name of the class of a resource, for messages."""
        return type(self._open().instances[manager_key]).__name__

    def holds_output(
        self, manager_key: str, step_key: str, output_name: str, mapping_key: str | None
    ) -> bool | None:
        """Return whether an I/O manager has a value; None if it does not say.

        Args:
            manager_key: The resource that would load it.
            step_key: The step.
            output_name: The output.
            mapping_key: The key of the value, if the output is dynamic.
        """
        manager = self._open().instances.get(manager_key)
        ask = getattr(manager, "has_output", None)
        if ask is None:
            return None
        step = self._context.plan.get_step_by_key(step_key)
        context = StepExecutionContext(self._context, step)
        try:
            answer = ask(StepOutputContext(context, step, output_name, mapping_key))
        except Exception:  # noqa: BLE001 - whatever goes wrong, loading the value will tell better
            return None
        return None if answer is None else bool(answer)
