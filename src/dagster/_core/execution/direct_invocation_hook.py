"""Calling a hook directly, as a function: ``my_hook(build_hook_context(...))`` outside of any job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import dagster._check as check
from dagster._core.definitions.console_loggers import build_console_log_manager
from dagster._core.definitions.graph.dependency import Node
from dagster._core.definitions.graph.invocation import PendingNodeInvocation
from dagster._core.definitions.op.definition import OpDefinition
from dagster._core.definitions.op.signature import read_signature
from dagster._core.definitions.resource.context_resources import ContextResources, HandMadeContext
from dagster._core.definitions.resource.requirement import (
    ResourceRequirement,
    ensure_requirements_satisfied,
)
from dagster._core.errors import (
    DagsterInvalidInvocationError,
    DagsterInvalidPropertyError,
    DagsterInvariantViolationError,
)
from dagster._core.execution.hook_context import HookContext
from dagster._core.instance.instance import DagsterInstance
from dagster._text import expected, listed

if TYPE_CHECKING:
    from dagster._core.definitions.hook import HookDefinition


class UnboundHookContext(HandMadeContext, HookContext):
    """The context of a hook that is called directly. Made by :func:`build_hook_context`.

    Use it in a ``with`` when one of its resources has to be torn down.

    Args:
        resources: Resource definitions, ConfigurableResources or plain objects, by key.
        op: The node of the op that the hook is told of.
        run_id: The id of the run.
        job_name: The name of the job.
        op_exception: The exception that failed the op.
        instance: The instance.
        mode_def: The mode, in the older vocabulary.
    """

    def __init__(
        self,
        resources: Mapping[str, Any],
        op: Node | None,
        run_id: str | None,
        job_name: str | None,
        op_exception: BaseException | None,
        instance: DagsterInstance | None,
        mode_def: Any = None,
    ) -> None:
        self._context_resources = (
            ContextResources(resources, "build_hook_context", instance=instance) if resources else None
        )
        self._op = op
        self._run_id = run_id
        self._job_name = job_name
        self._op_exception = op_exception
        self._instance = instance
        self._mode_def = mode_def
        self._log: Any = None

    def bound_to(self, hook_def: HookDefinition) -> BoundHookContext:
        """Return the context of one call of a hook.

        Raises:
            DagsterInvalidDefinitionError: If the hook needs a resource that is not here.
        """
        given = self._context_resources
        ensure_requirements_satisfied(
            {} if given is None else given.resource_defs,
            [
                ResourceRequirement(key, f"hook '{hook_def.name}'")
                for key in sorted(hook_def.required_resource_keys)
            ],
        )
        return BoundHookContext(self, hook_def)

    def _given(self, value: Any, name: str) -> Any:
        if value is None:
            raise DagsterInvalidPropertyError(
                f"Attribute '{name}' was not provided when constructing context. Provide a value for the "
                f"'{name}' parameter on 'build_hook_context'."
            )
        return value

    def _absent(self, name: str) -> NoReturn:
        raise DagsterInvalidPropertyError(
            f"The {name} is not set when a `HookContext` is constructed from `build_hook_context`: "
            "there is no step. Run the hook in a job with execute_in_process() to have it."
        )

    @property
    def _step_context(self) -> NoReturn:  # type: ignore[override] - what hangs on a step is refused
        raise DagsterInvalidPropertyError(
            "A `HookContext` that is constructed from `build_hook_context` has no step, so it cannot tell "
            "what is around one. Run the hook in a job with execute_in_process() to have it."
        )

    @property
    def job_name(self) -> str:
        """The name of the job that was given."""
        return self._given(self._job_name, "job_name")

    @property
    def run_id(self) -> str:
        """The id of the run that was given."""
        return self._given(self._run_id, "run_id")

    @property
    def op(self) -> Any:
        """The node of the op that was given."""
        return self._given(self._op, "op")

    @property
    def op_exception(self) -> BaseException | None:
        """The exception that was given."""
        return self._op_exception

    @property
    def instance(self) -> Any:
        """The instance that was given.

        Raises:
            DagsterInvariantViolationError: If none was.
        """
        if self._instance is None:
            raise DagsterInvariantViolationError(
                "Tried to access the HookContext instance, but no instance was provided to "
                "`build_hook_context`."
            )
        return self._instance

    @property
    def log(self) -> Any:
        """A log manager that logs to the console."""
        if self._log is None:
            self._log = build_console_log_manager()
        return self._log

    @property
    def pipeline_name(self) -> str:
        """The older name of ``job_name``."""
        return self.job_name

    # What there is not

    @property
    def hook_def(self) -> HookDefinition:
        self._absent("hook_def property")

    @property
    def required_resource_keys(self) -> frozenset[str]:
        self._absent("required_resource_keys property")

    @property
    def step(self) -> NoReturn:
        self._absent("step property")

    @property
    def step_key(self) -> NoReturn:
        self._absent("step_key property")

    @property
    def op_config(self) -> NoReturn:
        self._absent("op_config property")

    @property
    def op_output_values(self) -> NoReturn:
        self._absent("op_output_values property")

    @property
    def op_output_metadata(self) -> NoReturn:
        self._absent("op_output_metadata property")

    @property
    def mode_def(self) -> Any:
        """The mode that was given, in the older vocabulary."""
        return self._mode_def


class BoundHookContext(UnboundHookContext):
    """The context of one direct call of a hook.

    Args:
        unbound: What it was made from.
        hook_def: The hook that is called.
    """

    def __init__(self, unbound: UnboundHookContext, hook_def: HookDefinition) -> None:
        self.__dict__.update(unbound.__dict__)
        self._hook_def = hook_def

    @property
    def hook_def(self) -> HookDefinition:
        """The hook."""
        return self._hook_def

    @property
    def required_resource_keys(self) -> frozenset[str]:
        """The resources that the hook asks for."""
        return self._hook_def.required_resource_keys


def build_hook_context(
    resources: Mapping[str, Any] | None = None,
    op: OpDefinition | PendingNodeInvocation | None = None,
    run_id: str | None = None,
    job_name: str | None = None,
    op_exception: Exception | None = None,
    instance: DagsterInstance | None = None,
    *,
    mode_def: Any = None,
) -> UnboundHookContext:
    """Make the context for calling a hook directly, as in a test.

    From the "Execution" part of the API documents.

    Args:
        resources: Resource definitions, ConfigurableResources or plain objects, by key.
        op: The op that the hook is told of; with an alias, as ``op.alias("name")``.
        run_id: The id of the run.
        job_name: The name of the job.
        op_exception: The exception that failed the op.
        instance: The instance.
        mode_def: The mode, in the older vocabulary.

    Returns:
        The context; use it in a ``with`` when one of the resources has to be torn down.

    Examples:
        >>> my_failure_hook(build_hook_context(resources={"slack": mock}, op=my_op))
    """
    check.opt_mapping_param(resources, "resources", str)
    check.opt_inst_param(op, "op", (OpDefinition, PendingNodeInvocation))
    node: Node | None = None
    if isinstance(op, PendingNodeInvocation):
        node = Node(op.name, op.node_def, op.tags, op.hook_defs, op.retry_policy)
    elif op is not None:
        node = Node(op.name, op)
    return UnboundHookContext(
        resources or {},
        node,
        check.opt_str_param(run_id, "run_id"),
        check.opt_str_param(job_name, "job_name"),
        check.opt_inst_param(op_exception, "op_exception", BaseException),
        check.opt_inst_param(instance, "instance", DagsterInstance),
        mode_def,
    )


def invoke_hook(hook_def: HookDefinition, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run the function of a hook and return what it returns.

    Args:
        hook_def: The hook.
        args: The context (None for an empty one) and, for hooks of all events, the list of events.
        kwargs: The same by the names of the function's parameters.

    Raises:
        DagsterInvalidInvocationError: If the arguments do not fit.
        DagsterInvalidDefinitionError: If a resource is missing.
    """
    fn = hook_def.decorated_fn
    if fn is None:
        raise DagsterInvalidInvocationError(
            f"Attempted to invoke hook '{hook_def.name}', which was not made with a decorator. Only hooks from "
            "@success_hook, @failure_hook or @event_list_hook can be invoked."
        )
    signature = read_signature(fn, decorator="hook", has_context=False)
    names = [p.name for p in signature.parameters][: 2 if hook_def.hook_fn is fn else 1]
    if len(args) + len(kwargs) != len(names):
        wanted = (
            "one parameter, context" if len(names) == 1 else f"two parameters, {' and '.join(names)}"
        )
        raise DagsterInvalidInvocationError(
            f"Decorated function of hook '{hook_def.name}' expects {wanted}, but "
            f"{len(args) + len(kwargs)} were provided. Make the context with build_hook_context()."
        )
    values = dict(zip(names, args, strict=False))
    for name in names[len(args) :]:
        if name not in kwargs:
            raise DagsterInvalidInvocationError(
                f"Could not find expected argument '{name}' of hook '{hook_def.name}'. Provided kwargs: "
                f"{listed(kwargs)}."
            )
        values[name] = kwargs[name]
    context = values[names[0]]
    if context is None:
        context = build_hook_context()
    if not isinstance(context, HookContext):
        raise DagsterInvalidInvocationError(
            expected(names[0], "a context made by build_hook_context, or None", context)
        )
    if isinstance(context, UnboundHookContext):
        context = context.bound_to(hook_def)
    return fn(context, *(values[name] for name in names[1:]))
