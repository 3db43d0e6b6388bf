"""StepExecutionContext: the context of one attempt of one step."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

import dagster._time as _time
from dagster._core.definitions.job.resolved_config import OpConfig, ResolvedRunConfig
from dagster._core.definitions.resource.scoped import Resources
from dagster._core.errors import DagsterInvalidDefinitionError, DagsterInvariantViolationError
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.events.payloads import (
    AssetObservationData,
    StepExpectationResultData,
    StepMaterializationData,
)
from dagster._core.execution.hook_context import HookContext
from dagster._core.execution.io_contexts import StepInputContext, StepOutputContext
from dagster._core.execution.op_context import OpExecutionContext
from dagster._core.execution.plan_context import DEBUG, OutputKey, PlanExecutionContext
from dagster._core.execution.step_view import StepTypeCheckContext
from dagster._core.plan.step import ExecutionStep
from dagster._core.records.error_info import SerializableErrorInfo
from dagster._core.records.handles import StepOutputHandle
from dagster._core.records.metadata import MetadataValue, normalize_metadata
from dagster._core.records.user_events import (
    AssetMaterialization,
    AssetObservation,
    ExpectationResult,
    Materialization,
)
from dagster._process.late_module import LateModule
from dagster._text import expected, unknown

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from dagster._core.definitions.hook import HookDefinition
    from dagster._core.definitions.job.definition import JobDefinition
    from dagster._core.definitions.op.definition import OpDefinition
    from dagster._core.definitions.types.context import TypeCheckContext
    from dagster._core.definitions.types.dagster_type import DagsterType
    from dagster._core.execution import step_launcher
    from dagster._core.io.contexts import InputContext
    from dagster._core.io.output_context import OutputContext
    from dagster._core.plan import known_state
    from dagster._core.plan.known_state import KnownExecutionState
    from dagster._core.plan.plan import ExecutionPlan

if not TYPE_CHECKING:
    known_state = LateModule("dagster._core.plan.known_state")
    # Few ops require one.
    step_launcher = LateModule("dagster._core.execution.step_launcher")

_NO_KEYS: frozenset[str] = frozenset()
_MATERIALIZATION = DagsterEventType.ASSET_MATERIALIZATION.value
_OBSERVATION = DagsterEventType.ASSET_OBSERVATION.value
_EXPECTATION = DagsterEventType.STEP_EXPECTATION_RESULT.value


class StepExecutionContext:
    """Context for the execution of a step. From the "Internals" document.

    Users do not make it. What costs anything is made when it is first asked for.

    Args:
        plan_context: What all steps of the run share.
        step: The step.
        attempt: How often it has been tried before.
        known_state: What earlier runs produced. Default: what the run knows of them.
    """

    __slots__ = (
        "_config",
        "_log",
        "_op_context",
        "_resources",
        "attempt",
        "known_state",
        "logging_tags",
        "output_metadata",
        "output_values",
        "plan_context",
        "step",
        "step_exception",
        "step_handle",
        "user_events",
    )

    def __init__(
        self,
        plan_context: PlanExecutionContext,
        step: ExecutionStep,
        attempt: int = 0,
        known_state: KnownExecutionState | None = None,
    ) -> None:
        self.plan_context = plan_context
        self.step = step
        self.attempt = attempt
        #: What is loaded from which run is read here; see :meth:`get_known_state` for what users ask.
        self.known_state = plan_context.known_state if known_state is None else known_state
        self.step_handle = step.handle
        self.logging_tags = {
            "job_name": plan_context.job_name,
            "op_name": step.node.name,
            "resource_fn_name": "None",
            "resource_name": "None",
            "run_id": plan_context.run_id,
            "step_key": step.key,
        }
        self.step_exception: BaseException | None = None
        #: The values that were given, by output and mapping key. Kept for hooks only.
        self.output_values: dict[str, Any] | None = {} if step.hook_defs else None
        #: Metadata that the op added to outputs before it gave them.
        self.output_metadata: dict[tuple[str, str | None], dict[str, MetadataValue]] | None = None
        #: Events that the op logged by calling the context, not yet handed on.
        self.user_events: list[DagsterEvent] | None = None
        self._resources: Resources | None = None
        self._log: Any = None
        self._op_context: OpExecutionContext | None = None
        self._config: OpConfig | None = None

    # Events

    def emit(
        self,
        event_type: str,
        message: str,
        data: Any = None,
        level: int = DEBUG,
        error: SerializableErrorInfo | None = None,
    ) -> DagsterEvent:
        """Write an event of the step to the log of the run and return it."""
        plan = self.plan_context
        step = self.step
        key = step.key
        event = DagsterEvent(
            event_type,
            plan.job_name,
            self.step_handle,  # type: ignore[arg-type] - a step that runs has no open handle
            step.node_handle,
            "COMPUTE",
            self.logging_tags,
            data,
            message,
            plan.pid,
            key,
        )
        entry = EventLogEntry(error, level, "", plan.run_id, _time.now(), key, plan.job_name, event)
        plan.sink(entry)
        if level >= plan.console_level:
            self.log.log_dagster_event(level, message, event, entry)
        return event

    # The step and what is around it

    @property
    def op_def(self) -> OpDefinition:
        return self.step.op_def

    @property
    def op(self) -> Any:
        """The node."""
        return self.step.node

    @property
    def node_handle(self) -> Any:
        return self.step.node_handle

    @property
    def job_def(self) -> JobDefinition:
        return self.plan_context.job_def

    @property
    def job(self) -> Any:
        return self.plan_context.job

    @property
    def job_name(self) -> str:
        return self.plan_context.job_name

    @property
    def execution_plan(self) -> ExecutionPlan:
        return self.plan_context.plan

    @property
    def dagster_run(self) -> Any:
        return self.plan_context.run

    @property
    def run_id(self) -> str:
        return self.plan_context.run_id

    @property
    def run_config(self) -> Mapping[str, Any]:
        return self.plan_context.run_config

    @property
    def run_tags(self) -> Mapping[str, str]:
        return self.plan_context.tags

    @property
    def instance(self) -> Any:
        return self.plan_context.instance

    @property
    def raise_on_error(self) -> bool:
        return self.plan_context.raise_on_error

    @property
    def retry_mode(self) -> Any:
        return self.plan_context.retry_mode

    @property
    def previous_attempt_count(self) -> int:
        """How often the step has been tried before."""
        return self.attempt

    @property
    def op_retry_policy(self) -> Any:
        return self.step.retry_policy

    @property
    def is_op_in_graph(self) -> bool:
        """Whether the op is inside of a graph that is a node of the job."""
        return self.step.node_handle.parent is not None

    @property
    def selected_output_names(self) -> frozenset[str]:
        """The outputs that are to be given: all of them."""
        return frozenset(self.step.outputs)

    @property
    def resolved_run_config(self) -> ResolvedRunConfig:
        """The validated run config."""
        return self.plan_context.run_config_resolved

    @property
    def output_capture(self) -> dict[OutputKey, Any] | None:
        """The values that the run gave so far, if they are kept for its result."""
        return self.plan_context.output_capture

    @property
    def event_loop(self) -> AbstractEventLoop:
        """The loop that runs the coroutines of ops."""
        return self.plan_context.event_loop

    def for_step(
        self, step: ExecutionStep, known_state: KnownExecutionState | None = None
    ) -> StepExecutionContext:
        """Return the context of another step of the run.

        Args:
            step: The step.
            known_state: What earlier runs produced: from which run each value is loaded, and how often the
                step was tried. Default: what the run knows.
        """
        attempt = 0 if known_state is None else known_state.attempts.get(step.key, 0)
        return StepExecutionContext(self.plan_context, step, attempt, known_state)

    def get_known_state(self) -> KnownExecutionState:
        """Return what earlier runs produced, and what this one did so far; from its log, read anew each time.

        It holds the steps before this one. Those that run at the same time may or may not be in it. A
        context that was given a state returns that.
        """
        given, plan_context = self.known_state, self.plan_context
        if given is not None and given is not plan_context.known_state:
            return given
        before = given or known_state.EMPTY_STATE
        entries = plan_context.instance.all_logs(
            plan_context.run_id, of_type=set(known_state.FOLDED_EVENT_TYPES)
        )
        events = [entry.dagster_event for entry in entries if entry.dagster_event is not None]
        now = known_state.fold_run(before, plan_context.run_id, events)
        # How far steps are that run now is not in the log; of this one it is known.
        attempts = {**before.attempts, **({self.step.key: self.attempt} if self.attempt else {})}
        return before._replace(steps=now.steps, failures=now.failures, attempts=attempts)

    def can_load(self, step_output_handle: StepOutputHandle) -> bool:
        """Return whether an earlier run, or a step that has ended in this one, gave a value.

        Args:
            step_output_handle: The value. Of a dynamic output each key is a value of its own.
        """
        key, state = step_output_handle.step_key, self.get_known_state()
        found = state.steps.get(key) or state.failures.get(key)
        return found is not None and step_output_handle.mapping_key in found.outputs.get(
            step_output_handle.output_name, ()
        )

    @property
    def intermediate_storage_def(self) -> Any:
        """The storage that run config or mode chose, or None if values go through I/O managers."""
        return getattr(self.job_def, "intermediate_storage_def", None)

    @property
    def intermediate_storage(self) -> Any:
        """The chosen storage, or None if values go through I/O managers."""
        manager = self.plan_context.resources_by_key.get("io_manager")
        return getattr(manager, "intermediate_storage", None)

    def using_default_intermediate_storage(self) -> bool:
        """Whether neither run config nor mode chose a storage."""
        return self.intermediate_storage_def is None

    def has_tag(self, key: str) -> bool:
        return key in self.plan_context.tags

    def get_tag(self, key: str) -> str | None:
        return self.plan_context.tags.get(key)

    # The older vocabulary's names

    solid = property(lambda self: self.op)
    solid_def = property(lambda self: self.op_def)
    solid_handle = property(lambda self: self.node_handle)
    solid_config = property(lambda self: self.op_config)
    solid_retry_policy = property(lambda self: self.op_retry_policy)
    pipeline = property(lambda self: self.job)
    pipeline_def = property(lambda self: getattr(self.job_def, "pipeline_def", self.job_def))
    pipeline_name = property(lambda self: self.job_name)
    pipeline_run = property(lambda self: self.dagster_run)
    mode_def = property(lambda self: getattr(self.job_def, "mode_definition", None))

    def describe_op(self) -> str:
        """Return what the step runs, for messages."""
        return f"{self.step.op_def.node_kind} '{self.step.node_handle}'"

    # Config, resources, log

    @property
    def config(self) -> OpConfig:
        """What run config says of the op."""
        if self._config is None:
            self._config = self.plan_context.run_config_resolved.for_op(
                self.step.node_handle.to_string()
            )
        return self._config

    @property
    def op_config(self) -> Any:
        """The op's config."""
        return self.config.config

    @property
    def required_resource_keys(self) -> frozenset[str]:
        """The keys that the op itself asks for."""
        return self.step.op_def.required_resource_keys

    @property
    def resources(self) -> Any:
        """The resources that the op asks for."""
        if self._resources is None:
            self._resources = self.scoped_resources(self.step.op_def.required_resource_keys)
        return self._resources

    def scoped_resources(self, keys: frozenset[str] = _NO_KEYS) -> Resources:
        """Return the resources under some keys."""
        manager = self.plan_context.resource_manager
        return manager.scoped(keys) if manager is not None else Resources({})

    build = scoped_resources

    @property
    def scoped_resources_builder(self) -> StepExecutionContext:
        """What gives the resources under some keys: ``.build(keys)``."""
        return self

    @property
    def log(self) -> Any:
        """The step's log manager."""
        if self._log is None:
            step = self.step
            self._log = self.plan_context.log.with_tags(step_key=step.key, op_name=step.node.name)
        return self._log

    @property
    def op_context(self) -> OpExecutionContext:
        """The context that the op's function gets."""
        made = self._op_context
        if made is None:
            cls = getattr(self.step.op_def, "context_class", None) or OpExecutionContext
            made = self._op_context = cls(self)
        return made

    step_launcher = property(lambda self: step_launcher.find_launcher(self))  # noqa: PLW0108 - loaded late

    # Contexts of other user code

    def for_type(self, dagster_type: DagsterType) -> TypeCheckContext:
        """Return the context of a type check."""
        return StepTypeCheckContext(self, dagster_type)

    def get_type_loader_context(self, keys: AbstractSet[str] = _NO_KEYS) -> StepExecutionContext:
        """Return the context of a type loader or materializer: this one, with the resources it asks for.

        Args:
            keys: Their keys, besides those of the op.
        """
        own = self.step.op_def.required_resource_keys
        if keys <= own:
            return self
        context = StepExecutionContext(self.plan_context, self.step, self.attempt, self.known_state)
        context._resources = self.scoped_resources(own | keys)
        return context

    def for_hook(self, hook_def: HookDefinition) -> HookContext:
        """Return the context of a hook."""
        return HookContext(self, hook_def)

    def get_io_manager(self, step_output_handle: StepOutputHandle) -> Any:
        """Return the I/O manager of an output of any step."""
        step = self.plan_context.step_by_key(step_output_handle.step_key)
        return self.io_manager(step.outputs[step_output_handle.output_name].io_manager_key)

    def io_manager(self, key: str) -> Any:
        """Return the I/O manager under a resource key.

        Raises:
            DagsterInvariantViolationError: If the resource is no I/O manager.
        """
        instances = self.plan_context.resources_by_key
        manager = instances.get(key)
        if manager is None and key not in instances:
            raise DagsterInvalidDefinitionError(
                f"For {self.describe_op()}: {unknown('I/O manager with resource key', key, instances)}"
            )
        if not hasattr(manager, "handle_output"):
            raise DagsterInvariantViolationError(
                expected(f'resource with key "{key}"', "an IOManager", manager)
            )
        return manager

    def get_output_context(
        self, step_output_handle: StepOutputHandle, output_metadata: Mapping[str, Any] | None = None
    ) -> OutputContext:
        """Return the I/O context of an output of any step."""
        return StepOutputContext(
            self,
            self.plan_context.step_by_key(step_output_handle.step_key),
            step_output_handle.output_name,
            step_output_handle.mapping_key,
            output_metadata,
        )

    def for_input_manager(
        self,
        name: str,
        config: Any = None,
        definition_metadata: Any = None,
        dagster_type: DagsterType | None = None,
        source_handle: StepOutputHandle | None = None,
        resource_config: Any = None,
        resources: Any = None,
    ) -> InputContext:
        """Return the I/O context of an input of this step."""
        upstream = self.get_output_context(source_handle) if source_handle is not None else None
        step_input = self.step.step_input_named(name)
        return StepInputContext(self, step_input, upstream, None, config)

    # What the op does through its context

    def add_output_metadata(
        self, metadata: Mapping[str, Any], output_name: str | None = None, mapping_key: str | None = None
    ) -> None:
        """Add metadata to an output that has not been given yet.

        Raises:
            DagsterInvariantViolationError: If the output is unknown, ambiguous, or already has metadata.
        """
        outputs = self.step.outputs
        if output_name is None:
            if len(outputs) != 1:
                raise DagsterInvariantViolationError(
                    "Attempted to log metadata without providing output_name, but multiple outputs exist. "
                    f"Please provide an output_name to the invocation of `context.add_output_metadata`. "
                    f"Outputs of {self.describe_op()}: {', '.join(outputs)}."
                )
            output_name = next(iter(outputs))
        output = outputs.get(output_name)
        if output is None:
            raise DagsterInvariantViolationError(
                f"Attempted to add metadata for {unknown('output', output_name, outputs)}"
            )
        if output.is_dynamic and mapping_key is None:
            raise DagsterInvariantViolationError(
                f"Attempted to add metadata for dynamic output '{output_name}' without providing a mapping "
                "key. When logging metadata for a dynamic output, it is necessary to provide a mapping key."
            )
        if self.output_metadata is None:
            self.output_metadata = {}
        place = self.output_metadata.setdefault((output_name, mapping_key), {})
        place.update(normalize_metadata(metadata))

    def get_output_metadata(
        self, output_name: str, mapping_key: str | None = None
    ) -> Mapping[str, MetadataValue] | None:
        """Return the metadata added to an output so far."""
        return (self.output_metadata or {}).get((output_name, mapping_key))

    def capture_step_exception(self, exception: BaseException) -> None:
        """Keep the error of the step for hooks."""
        self.step_exception = exception

    def log_user_event(self, event: DagsterEvent) -> None:
        """Keep an event that the op logged, to be handed on when its function gives up control."""
        if self.user_events is None:
            self.user_events = []
        self.user_events.append(event)

    def take_user_events(self) -> list[DagsterEvent]:
        """Return the events that the op logged since the last call."""
        events, self.user_events = self.user_events, None
        return events or []

    def emit_user_event(self, event: Any) -> DagsterEvent:
        """Write what user code yielded or logged as an event of the step.

        Raises:
            DagsterInvariantViolationError: If it is nothing that can be logged.
        """
        label = getattr(event, "label", None)
        if isinstance(event, (AssetMaterialization, Materialization)):
            message = event.description or f"Materialized value {label}."
            return self.emit(_MATERIALIZATION, message, StepMaterializationData(event))
        if isinstance(event, AssetObservation):
            return self.emit(
                _OBSERVATION,
                event.description or f"Observed asset {event.asset_key.to_user_string()}.",
                AssetObservationData(event),
            )
        if isinstance(event, ExpectationResult):
            outcome = "passed" if event.success else "failed"
            named = f" with label {label}" if label else ""
            return self.emit(
                _EXPECTATION, f"Expectation {outcome}{named}.", StepExpectationResultData(event)
            )
        raise DagsterInvariantViolationError(
            expected(
                "the event",
                "an AssetMaterialization, an AssetObservation or an ExpectationResult",
                event,
            )
        )


#: What type loaders get as their first argument: the context of the step.
DagsterTypeLoaderContext = StepExecutionContext
