"""``execute_pipeline``: pick the mode, the preset and the selection, and call the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster._check as check
from dagster._core.definitions.job.base import IJob
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.run_config import convert_config_input
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.events.event import DagsterEvent
from dagster._core.execution.plan_context import OutputKey
from dagster._core.instance.instance import DagsterInstance
from dagster._core.plan.compile import plan_of
from dagster._core.records.tags import normalize_tags
from dagster._core.runner.requirements import fitting_executor_config
from dagster._core.runner.run import RunExecution
from dagster._legacy.mode import DEFAULT_MODE_NAME
from dagster._legacy.pipeline import PipelineDefinition
from dagster._legacy.pipeline_job import PipelineJob
from dagster._legacy.preset import PresetDefinition
from dagster._legacy.results import PipelineExecutionResult
from dagster._process.late_module import LateModule
from dagster._text import expected

if TYPE_CHECKING:
    from dagster._core.definitions.reconstructable import ReconstructableJob
    from dagster._core.runner import output_loader, run_outputs
else:
    output_loader = LateModule("dagster._core.runner.output_loader")
    run_outputs = LateModule("dagster._core.runner.run_outputs")

Target = PipelineDefinition | JobDefinition | IJob


class LoadedPipeline(IJob):
    """A pipeline in its mode, as one run has it, and the way to load it again.

    Args:
        job_def: The job of the run.
        origin: What the pipeline was loaded from, if it was loaded.
    """

    __slots__ = ("_job_def", "_origin")

    def __init__(self, job_def: JobDefinition, origin: IJob | None = None) -> None:
        self._job_def = job_def
        self._origin = origin

    def get_definition(self) -> JobDefinition:
        return self._job_def

    def get_subset(self, *, op_selection: Sequence[str] | None = None) -> LoadedPipeline:
        return LoadedPipeline(self._job_def.get_subset(op_selection=op_selection), self._origin)

    def for_other_process(self) -> ReconstructableJob | None:
        found = self._origin.for_other_process() if self._origin is not None else None
        if found is None:
            return None
        mode = getattr(getattr(self._job_def, "mode_definition", None), "name", None)
        return found.get_subset(op_selection=self._job_def.op_selection).with_mode(mode)


class PipelineRequest:
    """What is asked for, worked out: which job to run, with which config, tags and mode.

    Args:
        pipeline: The pipeline, or the way to load it; a job is taken too.
        run_config: The run config.
        mode: The mode.
        preset: The preset.
        tags: Tags of the run, on top of the pipeline's and the preset's.
        solid_selection: The clauses that select solids.

    Raises:
        CheckError: If mode and preset are both given, or run config or selection differ from the
            preset's.
        DagsterInvariantViolationError: If there is no such mode or preset, or a mode must be named.
        DagsterInvalidSubsetError: If the selection cannot be read or matches nothing.
    """

    __slots__ = ("definition", "job", "mode", "origin", "run_config", "tags")

    def __init__(
        self,
        pipeline: Target,
        run_config: Any = None,
        mode: str | None = None,
        preset: str | None = None,
        tags: Mapping[str, Any] | None = None,
        solid_selection: Sequence[str] | None = None,
    ) -> None:
        self.origin = pipeline if isinstance(pipeline, IJob) else None
        self.definition: PipelineDefinition | JobDefinition = _definition_of(pipeline)
        mode = check.opt_str_param(mode, "mode")
        self.run_config: Mapping[str, Any] = convert_config_input(run_config) or {}
        check.mapping_param(self.run_config, "run_config", key_type=str)
        self.tags: dict[str, str] = normalize_tags(check.opt_mapping_param(tags, "tags", key_type=str))
        selection: Sequence[str] | None = (
            None
            if solid_selection is None
            else list(check.sequence_param(solid_selection, "solid_selection", str))
        )
        if preset is not None:
            mode, selection = self._apply_preset(check.str_param(preset, "preset"), mode, selection)
        chosen_mode, chosen_selection = _chosen_before(pipeline)
        mode = mode if mode is not None else chosen_mode
        selection = selection if selection is not None else chosen_selection
        self.job = self._job_in(mode)
        if selection is not None:
            self.job = self.job.get_subset(op_selection=selection)
        self.mode = getattr(getattr(self.job, "mode_definition", None), "name", DEFAULT_MODE_NAME)

    def _apply_preset(
        self, name: str, mode: str | None, selection: Sequence[str] | None
    ) -> tuple[str, Sequence[str] | None]:
        if not isinstance(self.definition, PipelineDefinition):
            raise DagsterInvariantViolationError(
                f'The preset "{name}" was given for {self.definition.describe_target()}: only pipelines have '
                "presets."
            )
        preset = self.definition.get_preset(name)
        check.invariant(
            mode is None,
            f'Parameters mode and preset are mutually exclusive, got mode="{mode}" and preset="{name}". '
            f'The preset runs in mode "{preset.mode}".',
        )
        self._check_agrees(preset, selection)
        if preset.run_config is not None:
            self.run_config = preset.run_config
        self.tags = {**preset.tags, **self.tags}
        return self.definition.get_mode_of_preset(name), selection or preset.solid_selection

    def _check_agrees(self, preset: PresetDefinition, selection: Sequence[str] | None) -> None:
        if preset.run_config is not None and self.run_config:
            check.invariant(
                self.run_config == preset.run_config,
                f'The run config of preset "{preset.name}", {preset.run_config!r}, is not the run_config that '
                f"was given, {self.run_config!r}. Leave one of them out, or use "
                "preset.with_additional_config(...).",
            )
        if preset.solid_selection is not None and selection is not None:
            check.invariant(
                set(selection) == set(preset.solid_selection),
                f'The solid_selection of preset "{preset.name}", {list(preset.solid_selection)!r}, is not the '
                f"one that was given, {list(selection)!r}. Leave one of them out.",
            )

    def _job_in(self, mode: str | None) -> JobDefinition:
        if isinstance(self.definition, PipelineDefinition):
            return self.definition.get_mode_job(mode)
        if mode not in (None, DEFAULT_MODE_NAME):
            raise DagsterInvariantViolationError(
                f'The mode "{mode}" was given for {self.definition.describe_target()}: only pipelines have '
                "modes."
            )
        return self.definition

    def start(
        self,
        instance: DagsterInstance,
        raise_on_error: bool,
        output_capture: dict[OutputKey, Any] | None = None,
    ) -> RunExecution:
        """Validate the run config, store the run on the instance, and return the run, ready to go.

        Raises:
            DagsterInvalidConfigError: With every problem of the run config and its path. Nothing has run
                by then.
        """
        job = self.job.for_run(self.run_config)
        config = job.resolve_run_config(self.run_config)
        plan = plan_of(job, config)
        loaded = LoadedPipeline(job, self.origin)
        fitting_executor_config(job.executor_def, config, loaded, instance)
        run = instance.create_run_for_job(
            job,
            run_config=self.run_config,
            tags=self.tags,
            mode=self.mode,
            job_code_origin=_origin_of(self.origin),
            compiled_plan=plan,
        )
        return RunExecution(
            loaded,
            run,
            config,
            instance,
            plan,
            raise_on_error=raise_on_error,
            output_capture=output_capture,
        )

    def execute(self, instance: DagsterInstance | None, raise_on_error: bool) -> PipelineExecutionResult:
        """Run to the end and return the result."""
        own = instance is None
        instance = instance or DagsterInstance.ephemeral()
        try:
            captured: dict[OutputKey, Any] = {}
            execution = self.start(instance, raise_on_error, captured)
            events = list(execution.events())
            return PipelineExecutionResult(
                self.definition,
                execution.context.run_id,
                events,
                _values(execution, captured, events),
                container=execution.context.job_def.graph,
            )
        finally:
            if own:
                instance.dispose()


def _values(
    execution: RunExecution, captured: Mapping[OutputKey, Any], events: Sequence[DagsterEvent]
) -> Mapping[OutputKey, Any]:
    """Return the values of a run; those of steps that ran in other processes are loaded when asked for."""
    context = execution.context
    if all(event.pid in (None, context.pid) for event in events):
        return captured
    run = context.instance.get_run_by_id(context.run_id) or context.run
    loader = output_loader.OutputLoader(
        context.job, run, context.run_config_resolved, context.instance, context.plan
    )
    return run_outputs.RunOutputs(captured, loader, events)


def _origin_of(job: IJob | None) -> Any:
    """Return where another process finds the code; None if it cannot be loaded again."""
    get = getattr(job, "get_python_origin", None)
    return get() if get is not None else None


def _chosen_before(pipeline: Target) -> tuple[str | None, Sequence[str] | None]:
    """Return the mode and the selection that come with what was given in place of a pipeline."""
    if isinstance(pipeline, IJob) and hasattr(pipeline, "mode"):
        return getattr(pipeline, "mode", None), pipeline.op_selection
    definition = pipeline.get_definition() if isinstance(pipeline, IJob) else pipeline
    if isinstance(definition, PipelineJob):
        return definition.mode_definition.name, definition.op_selection
    return None, None


def _definition_of(pipeline: Target) -> PipelineDefinition | JobDefinition:
    definition: Any = pipeline
    if isinstance(pipeline, IJob):
        # What can be loaded in any of several modes has no definition before one is chosen.
        load = getattr(pipeline, "get_target", pipeline.get_definition)
        definition = load()
    if isinstance(definition, PipelineJob):
        return definition.pipeline_def
    if not isinstance(definition, (PipelineDefinition, JobDefinition)):
        raise check.ParameterCheckError(
            expected(
                "pipeline", "a PipelineDefinition, or what reconstructable() makes of one", definition
            )
        )
    return definition


def execute_pipeline(
    pipeline: Target,
    run_config: Mapping[str, Any] | None = None,
    mode: str | None = None,
    preset: str | None = None,
    tags: Mapping[str, Any] | None = None,
    solid_selection: Sequence[str] | None = None,
    instance: DagsterInstance | None = None,
    raise_on_error: bool = True,
) -> PipelineExecutionResult:
    """Execute a pipeline synchronously and return the result. From the "Execution" document.

    Args:
        pipeline: The pipeline, or what :func:`reconstructable` makes of it.
        run_config: The run config. Default: none.
        mode: The mode. Not together with ``preset``; may be left out if the pipeline has one only.
        preset: The preset, which gives run config, solid selection, mode and tags.
        tags: Tags of the run, on top of the pipeline's and the preset's.
        solid_selection: The clauses that select solids: ``["*some_solid+"]`` takes it, all its ancestors
            and its direct descendants.
        instance: The instance to run on. Default: an ephemeral one.
        raise_on_error: Whether an error is raised or told by the result. Default: True.

    Raises:
        CheckError: If arguments contradict each other.
        DagsterInvariantViolationError: If there is no such mode or preset, or a mode must be named.
        DagsterInvalidSubsetError: If the selection matches nothing.
        DagsterInvalidConfigError: With every problem of the run config and its path.
    """
    check.bool_param(raise_on_error, "raise_on_error")
    check.opt_inst_param(instance, "instance", DagsterInstance)
    request = PipelineRequest(pipeline, run_config, mode, preset, tags, solid_selection)
    return request.execute(instance, raise_on_error)


def execute_pipeline_iterator(
    pipeline: Target,
    run_config: Mapping[str, Any] | None = None,
    mode: str | None = None,
    preset: str | None = None,
    tags: Mapping[str, Any] | None = None,
    solid_selection: Sequence[str] | None = None,
    instance: DagsterInstance | None = None,
) -> Iterator[DagsterEvent]:
    """Execute a pipeline and yield its events as they happen. From the "Execution" document.

    Errors of solids are told by events, not raised. What is wrong with the arguments is raised at once.

    Args:
        pipeline: The pipeline, or what :func:`reconstructable` makes of it.
        run_config: The run config. Default: none.
        mode: The mode. Not together with ``preset``; may be left out if the pipeline has one only.
        preset: The preset, which gives run config, solid selection, mode and tags.
        tags: Tags of the run, on top of the pipeline's and the preset's.
        solid_selection: The clauses that select solids.
        instance: The instance to run on. Default: an ephemeral one.
    """
    check.opt_inst_param(instance, "instance", DagsterInstance)
    request = PipelineRequest(pipeline, run_config, mode, preset, tags, solid_selection)
    own = instance is None
    used = instance or DagsterInstance.ephemeral()
    execution = request.start(used, raise_on_error=False)
    return _events(execution, used if own else None)


def _events(execution: RunExecution, own_instance: DagsterInstance | None) -> Iterator[DagsterEvent]:
    try:
        yield from execution.events()
    finally:
        if own_instance is not None:
            own_instance.dispose()
