"""OpExecutionContext: the ``context`` of ops."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from dagster._config.pythonic_annotation import build_typed_config
from dagster._core.errors import DagsterInvariantViolationError

if TYPE_CHECKING:
    from dagster._core.events.event import DagsterEvent
    from dagster._core.execution.step_context import StepExecutionContext
    from dagster._core.records.run import DagsterRun

#: The step whose user code is running in this thread or task.
CURRENT_STEP: ContextVar[Any] = ContextVar("dagster_current_step", default=None)


class AbstractComputeExecutionContext(ABC):
    """Base class for op context implementations. From the "Execution" document."""

    __dagster_op_context__ = True

    @abstractmethod
    def has_tag(self, key: str) -> bool:
        """Whether the run has a tag."""

    @abstractmethod
    def get_tag(self, key: str) -> str | None:
        """Return the value of a tag of the run, or None."""

    @property
    @abstractmethod
    def run_id(self) -> str:
        """The id of the run."""

    @property
    @abstractmethod
    def op_def(self) -> Any:
        """The definition of the op."""

    @property
    @abstractmethod
    def op(self) -> Any:
        """The node of the op."""

    @property
    @abstractmethod
    def job_def(self) -> Any:
        """The job."""

    @property
    @abstractmethod
    def run(self) -> Any:
        """The run."""

    @property
    @abstractmethod
    def resources(self) -> Any:
        """The resources that the op asks for."""

    @property
    @abstractmethod
    def log(self) -> Any:
        """The log manager of the step."""

    @property
    @abstractmethod
    def op_config(self) -> Any:
        """The op's config."""

    # The older vocabulary's names

    solid_config = property(lambda self: self.op_config)
    solid_def = property(lambda self: self.op_def)
    solid = property(lambda self: self.op)
    pipeline_def = property(lambda self: self.job_def)
    pipeline_run = property(lambda self: self.run)


class OpExecutionContext(AbstractComputeExecutionContext):
    """The ``context`` object that an op's function takes as its first argument.

    It gives the resources, the config, the log and the run of the step.

    Args:
        step_execution_context: The step.
    """

    def __init__(self, step_execution_context: StepExecutionContext) -> None:
        self._step_execution_context = step_execution_context
        self._pdb: Any = None

    @staticmethod
    def get() -> OpExecutionContext:
        """Return the context of the op that is running.

        Raises:
            DagsterInvariantViolationError: If none is.
        """
        step_context = CURRENT_STEP.get()
        if step_context is None:
            raise DagsterInvariantViolationError("No current OpExecutionContext in scope.")
        return step_context.op_context

    @property
    def op_execution_context(self) -> OpExecutionContext:
        return self

    @property
    def op_config(self) -> Any:
        """The op's config."""
        return self._step_execution_context.op_config

    def typed_config(self, config_class: Any) -> Any:
        """Return the op's config as an object of the class that the function's parameter names."""
        return build_typed_config(config_class, self.op_config)

    @property
    def run(self) -> DagsterRun:
        """The run."""
        return self._step_execution_context.dagster_run

    dagster_run = run

    @property
    def instance(self) -> Any:
        """The instance that the run is stored on."""
        return self._step_execution_context.instance

    @property
    def pdb(self) -> Any:
        """A debugger that works where standard output is captured: ``context.pdb.set_trace()``."""
        if self._pdb is None:
            import pdb  # noqa: T100 - the documented way to debug an op

            self._pdb = pdb.Pdb()
        return self._pdb

    @property
    def resources(self) -> Any:
        """The resources that the op asks for, as attributes."""
        return self._step_execution_context.resources

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self._step_execution_context.run_id

    @property
    def run_config(self) -> Mapping[str, Any]:
        """The run config."""
        return self._step_execution_context.run_config

    @property
    def run_tags(self) -> Mapping[str, str]:
        """The tags of the run."""
        return self._step_execution_context.run_tags

    @property
    def job_def(self) -> Any:
        """The job."""
        return self._step_execution_context.job_def

    @property
    def job_name(self) -> str:
        """The name of the job."""
        return self._step_execution_context.job_name

    @property
    def log(self) -> Any:
        """The log manager of the step: ``context.log.info("...")``."""
        return self._step_execution_context.log

    @property
    def node_handle(self) -> Any:
        """The path of the op in the job."""
        return self._step_execution_context.node_handle

    op_handle = node_handle

    @property
    def op(self) -> Any:
        """The node of the op."""
        return self._step_execution_context.op

    @property
    def op_def(self) -> Any:
        """The definition of the op."""
        return self._step_execution_context.op_def

    @property
    def retry_number(self) -> int:
        """How often the op has been tried before in this run: 0 the first time."""
        return self._step_execution_context.attempt

    @property
    def selected_output_names(self) -> frozenset[str]:
        """The outputs that are to be given: all of them."""
        return frozenset(self._step_execution_context.step.outputs)

    def has_tag(self, key: str) -> bool:
        """Whether the run has a tag."""
        return self._step_execution_context.has_tag(key)

    def get_tag(self, key: str) -> str | None:
        """Return the value of a tag of the run, or None."""
        return self._step_execution_context.get_tag(key)

    def get_mapping_key(self) -> str | None:
        """Return the key of the dynamic output that this step runs for, or None."""
        return self._step_execution_context.step.mapping_key

    def describe_op(self) -> str:
        """Return what the step runs, for messages."""
        return self._step_execution_context.describe_op()

    def log_event(self, event: Any) -> None:
        """Log a materialization, observation or expectation while the function goes on.

        Args:
            event: An AssetMaterialization, AssetObservation or ExpectationResult.

        Raises:
            DagsterInvariantViolationError: If it is something else.
        """
        step_context = self._step_execution_context
        step_context.log_user_event(step_context.emit_user_event(event))

    def has_events(self) -> bool:
        """Whether events were logged that have not been handed on."""
        return bool(self._step_execution_context.user_events)

    def consume_events(self) -> Iterator[DagsterEvent]:
        """Yield the events that were logged since the last call."""
        yield from self._step_execution_context.take_user_events()

    def add_output_metadata(
        self, metadata: Mapping[str, Any], output_name: str | None = None, mapping_key: str | None = None
    ) -> None:
        """Add metadata to an output, without the use of an :class:`Output` object.

        Args:
            metadata: The metadata.
            output_name: The output; may be left out if there is one only.
            mapping_key: The key of the value, for dynamic outputs.
        """
        self._step_execution_context.add_output_metadata(metadata, output_name, mapping_key)

    def get_output_metadata(
        self, output_name: str, mapping_key: str | None = None
    ) -> Mapping[str, Any] | None:
        """Return the metadata added to an output so far."""
        return self._step_execution_context.get_output_metadata(output_name, mapping_key)

    def get_step_execution_context(self) -> StepExecutionContext:
        """Return the context of the step. Not meant for users; things in it may change."""
        return self._step_execution_context
