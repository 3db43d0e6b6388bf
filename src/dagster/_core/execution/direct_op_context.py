"""The context of ops that are called directly, outside of any job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, NoReturn

import dagster._check as check
from dagster._config.config_function import plain_config
from dagster._core.definitions.console_loggers import build_console_log_manager
from dagster._core.definitions.graph.dependency import Node
from dagster._core.definitions.resource.context import InstanceOnDemand
from dagster._core.definitions.resource.context_resources import ContextResources, HandMadeContext
from dagster._core.definitions.resource.scoped import Resources
from dagster._core.definitions.types.context import TypeCheckContext
from dagster._core.errors import (
    DagsterInvalidInvocationError,
    DagsterInvalidPropertyError,
    DagsterInvariantViolationError,
)
from dagster._core.execution.op_context import OpExecutionContext
from dagster._core.instance.instance import DagsterInstance
from dagster._core.records.handles import NodeHandle
from dagster._core.records.metadata import normalize_metadata
from dagster._core.records.tags import normalize_tags
from dagster._core.records.user_events import (
    AssetMaterialization,
    AssetObservation,
    ExpectationResult,
    Materialization,
)
from dagster._text import unknown

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from dagster._core.definitions.graph.invocation import PendingNodeInvocation
    from dagster._core.definitions.op.definition import OpDefinition
    from dagster._core.definitions.types.dagster_type import DagsterType

EPHEMERAL_RUN_ID = "EPHEMERAL"
_LOGGABLE = (AssetMaterialization, AssetObservation, ExpectationResult, Materialization)


class DirectCall:
    """What a context knows while one op is called with it.

    Args:
        op_def: The op.
        op_config: Its config, checked, with defaults.
        resources: The resources that it sees.
        invocation: What was called, if the op got an alias, tags or hooks first.
    """

    __slots__ = ("node", "op_config", "op_def", "resources", "seen")

    def __init__(
        self,
        op_def: OpDefinition,
        op_config: Any,
        resources: Resources,
        invocation: PendingNodeInvocation | None = None,
    ) -> None:
        self.op_def = op_def
        self.op_config = op_config
        self.resources = resources
        self.node = (
            Node(op_def.name, op_def)
            if invocation is None
            else Node(
                invocation.name,
                op_def,
                invocation.tags,
                invocation.hook_defs,
                invocation.retry_policy,
            )
        )
        #: Outputs that were given: names, and for dynamic ones names with keys.
        self.seen: set[Any] = set()


class _ResourceScopes:
    """Gives type checks the resources that they ask for."""

    __slots__ = ("_context",)

    def __init__(self, context: DirectOpExecutionContext) -> None:
        self._context = context

    def build(self, required_resource_keys: AbstractSet[str] | None) -> Resources:
        known = self._context.resources.original_resource_dict
        return Resources({k: v for k, v in known.items() if k in (required_resource_keys or ())})


class DirectOpExecutionContext(HandMadeContext, OpExecutionContext):
    """The ``context`` of an op that is called directly. Made by :func:`build_op_context`.

    One context serves any number of calls, one after the other. What the last call logged and added can
    be read from it afterwards. Use it in a ``with`` when one of its resources has to be torn down.

    Args:
        op_config: The op's config, before it is checked.
        resources: Resource definitions, ConfigurableResources or plain objects, by key.
        resources_config: ``{key: {"config": …}}``, for resource definitions.
        instance: The instance. Default: an ephemeral one.
        mapping_key: What ``get_mapping_key()`` returns.
        run_tags: The tags of the run.
        event_loop: The event loop that resource functions see.
    """

    def __init__(
        self,
        op_config: Any = None,
        resources: Mapping[str, Any] | None = None,
        resources_config: Mapping[str, Any] | None = None,
        instance: DagsterInstance | None = None,
        mapping_key: str | None = None,
        run_tags: Mapping[str, str] | None = None,
        event_loop: AbstractEventLoop | None = None,
    ) -> None:
        self._pdb: Any = None
        self.given_config = op_config
        self._resources_config = resources_config
        self._instance: DagsterInstance | InstanceOnDemand = instance or InstanceOnDemand()
        self._context_resources = (
            ContextResources(
                resources or {},
                "build_op_context",
                resources_config,
                instance=self._instance,
                event_loop=event_loop,
            )
            if resources or resources_config
            else None
        )
        self._mapping_key = mapping_key
        self._run_tags: Mapping[str, str] = normalize_tags(run_tags) if run_tags else {}
        self._log: Any = None
        self._call: DirectCall | None = None
        self._events: list[Any] = []
        self._output_metadata: dict[str, dict[str | None, dict[str, Any]]] = {}

    # Calls

    @property
    def is_bound(self) -> bool:
        """Whether an op is running with it."""
        return self._call is not None

    def bind(self, call: DirectCall) -> None:
        """Let a call begin. What the call before logged and added is forgotten.

        Raises:
            DagsterInvalidInvocationError: If another op is still running with this context.
        """
        if self._call is not None:
            name = self._call.node.name
            raise DagsterInvalidInvocationError(
                f"This context is currently being used to execute {name}. The context cannot be used to "
                f"execute another op until {name} has finished executing. Make another one with "
                "build_op_context(), or run a generator to its end first."
            )
        self._call = call
        self._events = []
        self._output_metadata = {}

    def unbind(self) -> None:
        """Let a call end."""
        self._call = None

    def _bound(self, member: str) -> DirectCall:
        if self._call is None:
            raise DagsterInvalidPropertyError(
                f"The {member} is not set on a context from build_op_context while no op is running with "
                "it. Ask for it in the op."
            )
        return self._call

    def _absent(self, member: str) -> NoReturn:
        raise DagsterInvalidPropertyError(
            f"The {member} is not set on the context when an op is directly invoked: there is no run. Run "
            "the op in a job with execute_in_process() to have it."
        )

    # `OpExecutionContext.get()` asks what stands for the step

    @property
    def op_context(self) -> OpExecutionContext:
        return self

    # What there is

    @property
    def op_config(self) -> Any:
        """The op's config."""
        return plain_config(self.given_config) if self._call is None else self._call.op_config

    @property
    def given_resources(self) -> ContextResources | None:
        """The resources that it was made with."""
        return self._context_resources

    @property
    def resources(self) -> Any:
        """The resources, as attributes.

        Raises:
            DagsterInvariantViolationError: One of them has to be torn down, and this is outside
                ``with``.
        """
        return super().resources if self._call is None else self._call.resources

    @property
    def instance(self) -> Any:
        """The instance: the one that was given, or an ephemeral one."""
        held = self._instance
        return held.get() if isinstance(held, InstanceOnDemand) else held

    @property
    def log(self) -> Any:
        """A log manager that logs to the console."""
        if self._log is None:
            self._log = build_console_log_manager()
        return self._log

    @property
    def run_id(self) -> str:
        """The id that stands for a run that does not exist: ``"EPHEMERAL"``."""
        return EPHEMERAL_RUN_ID

    @property
    def run_tags(self) -> Mapping[str, str]:
        """The tags that it was made with."""
        return self._run_tags

    def has_tag(self, key: str) -> bool:
        """Whether there is a tag."""
        return key in self._run_tags

    def get_tag(self, key: str) -> str | None:
        """Return the value of a tag, or None."""
        return self._run_tags.get(key)

    def get_mapping_key(self) -> str | None:
        """Return the mapping key that it was made with, or None."""
        return self._mapping_key

    @property
    def retry_number(self) -> int:
        """How often the op has been tried before: 0."""
        return 0

    # What there is while an op is running

    @property
    def op_def(self) -> OpDefinition:
        """The definition of the op."""
        return self._bound("op_def property").op_def

    @property
    def op(self) -> Node:
        """The node of the op, with the alias, tags and hooks of the call."""
        return self._bound("op property").node

    @property
    def alias(self) -> str:
        """The name under which the op was called."""
        return self._bound("alias property").node.name

    @property
    def node_handle(self) -> NodeHandle:
        """The path of the op: its name."""
        return NodeHandle(self._bound("node_handle property").node.name)

    op_handle = node_handle

    @property
    def run_config(self) -> Mapping[str, Any]:
        """The run config that would give the op its config."""
        call = self._bound("run_config property")
        entry = {} if call.op_config is None else {"config": call.op_config}
        return {"ops": {call.node.name: entry}, "resources": dict(self._resources_config or {})}

    @property
    def selected_output_names(self) -> frozenset[str]:
        """The outputs that are to be given: all of them."""
        return frozenset(self._bound("selected_output_names property").op_def.output_dict)

    def describe_op(self) -> str:
        """Return what runs, for messages."""
        return f'op "{self._bound("describe_op method").node.name}"'

    def for_type(self, dagster_type: DagsterType) -> TypeCheckContext:
        """Return the context of a type check."""
        return TypeCheckContext(EPHEMERAL_RUN_ID, self.log, _ResourceScopes(self), dagster_type)

    # What there is not

    @property
    def run(self) -> NoReturn:
        self._absent("run property")

    @property
    def dagster_run(self) -> NoReturn:
        self._absent("dagster_run property")

    @property
    def job_def(self) -> NoReturn:
        self._absent("job_def property")

    @property
    def job_name(self) -> NoReturn:
        self._absent("job_name property")

    def get_step_execution_context(self) -> NoReturn:
        """Refuse: there is no step."""
        self._absent("step_execution_context")

    # Events and metadata

    def log_event(self, event: Any) -> None:
        """Keep an event, to be read with :meth:`get_events`.

        Args:
            event: An AssetMaterialization, AssetObservation or ExpectationResult.
        """
        self._bound("log_event method")
        self._events.append(check.inst_param(event, "event", _LOGGABLE))

    def get_events(self) -> Sequence[Any]:
        """Return the events that the running or the last call logged, in their order."""
        return list(self._events)

    def has_events(self) -> bool:
        """Whether events were logged that have not been consumed."""
        return bool(self._events)

    def consume_events(self) -> Iterator[Any]:
        """Yield the events that were logged, and forget them."""
        events, self._events = self._events, []
        yield from events

    def add_output_metadata(
        self, metadata: Mapping[str, Any], output_name: str | None = None, mapping_key: str | None = None
    ) -> None:
        """Add metadata to an output that has not been given yet.

        Args:
            metadata: The metadata.
            output_name: The output; may be left out if there is one only.
            mapping_key: The key of the value, for dynamic outputs.

        Raises:
            DagsterInvariantViolationError: If the output is unknown, ambiguous or given already.
        """
        call = self._bound("add_output_metadata method")
        outputs = call.op_def.output_dict
        start = f"In op '{call.node.name}', attempted to log"
        if output_name is None:
            if len(outputs) != 1:
                raise DagsterInvariantViolationError(
                    "Attempted to log metadata without providing output_name, but multiple outputs exist. "
                    "Please provide an output_name to the invocation of `context.add_output_metadata`. "
                    f"Outputs of {self.describe_op()}: {', '.join(outputs)}."
                )
            output_name = next(iter(outputs))
        if output_name not in outputs:
            raise DagsterInvariantViolationError(
                f"{start} metadata for {unknown('output', output_name, outputs)}"
            )
        if outputs[output_name].is_dynamic and mapping_key is None:
            raise DagsterInvariantViolationError(
                f"{start} metadata for dynamic output '{output_name}' without providing a mapping key. When "
                "logging metadata for a dynamic output, it is necessary to provide a mapping key."
            )
        if (output_name if mapping_key is None else (output_name, mapping_key)) in call.seen:
            keyed = "" if mapping_key is None else f" with mapping_key '{mapping_key}'"
            raise DagsterInvariantViolationError(
                f"{start} output metadata for output '{output_name}'{keyed} which has already been yielded. "
                "Metadata must be logged before the output is yielded."
            )
        normalize_metadata(metadata)
        self._output_metadata.setdefault(output_name, {}).setdefault(mapping_key, {}).update(metadata)

    def get_output_metadata(
        self, output_name: str, mapping_key: str | None = None
    ) -> Mapping[str, Any] | None:
        """Return the metadata that the running or the last call added to an output, as it was given.

        Args:
            output_name: The output.
            mapping_key: The key of the value, for dynamic outputs. Default: for these, the metadata of
                all keys in a dict by key.
        """
        by_key = self._output_metadata.get(output_name)
        if by_key is None:
            return None
        if mapping_key is None and None not in by_key:
            return {key: metadata for key, metadata in by_key.items() if key is not None}
        return by_key.get(mapping_key)


def build_op_context(
    resources: Mapping[str, Any] | None = None,
    op_config: Any = None,
    resources_config: Mapping[str, Any] | None = None,
    instance: DagsterInstance | None = None,
    config: Any = None,
    *,
    mapping_key: str | None = None,
    run_tags: Mapping[str, str] | None = None,
    event_loop: AbstractEventLoop | None = None,
) -> DirectOpExecutionContext:
    """Make the context for calling an op directly, as in a test.

    From the "Execution" part of the API documents.

    Args:
        resources: Resource definitions, ConfigurableResources or plain objects, by key.
        op_config: The op's config: a dict, or an object of its Config class.
        resources_config: ``{key: {"config": …}}``, as in the ``resources`` part of a run config.
        instance: The instance. Default: an ephemeral one.
        config: The older name of ``op_config``.
        mapping_key: What ``context.get_mapping_key()`` returns.
        run_tags: What ``context.run_tags`` returns.
        event_loop: The event loop that resource functions see.

    Returns:
        The context; use it in a ``with`` when one of the resources has to be torn down.

    Raises:
        DagsterInvalidInvocationError: If ``op_config`` and ``config`` are both given.
        DagsterInvalidConfigError: If the config of a resource does not fit.

    Examples:
        >>> context = build_op_context(op_config={"times": 2}, resources={"db": fake_database})
        >>> my_op(context, 5)
    """
    if op_config is not None and config is not None:
        raise DagsterInvalidInvocationError(
            "Attempted to invoke ``build_op_context`` with both ``op_config``, and its legacy version, "
            "``config``. Please provide one or the other."
        )
    return DirectOpExecutionContext(
        op_config=op_config if op_config is not None else config,
        resources=check.opt_mapping_param(resources, "resources", str),
        resources_config=check.opt_mapping_param(resources_config, "resources_config", str),
        instance=check.opt_inst_param(instance, "instance", DagsterInstance),
        mapping_key=check.opt_str_param(mapping_key, "mapping_key"),
        run_tags=check.opt_mapping_param(run_tags, "run_tags", str),
        event_loop=event_loop,
    )
