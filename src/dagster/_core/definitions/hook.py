"""Hooks: functions that run after a step, and never fail a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, overload

import dagster._check as check
from dagster._core import _upcalls
from dagster._core.definitions.naming import check_valid_name, source_location
from dagster._core.definitions.op.signature import read_signature
from dagster._core.definitions.sentinel import NO_VALUE
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._core.events.event_type import DagsterEventType
from dagster._core.records.user_events import HookExecutionResult
from dagster._text import listed


class HookDefinition:
    """A function that runs after each step it is put on.

    Most are made with :func:`success_hook`, :func:`failure_hook` or :func:`event_list_hook`. An error in
    a hook becomes an event; the run goes on.

    Args:
        name: Letters, digits and underscores.
        hook_fn: Takes a :class:`HookContext` and the step's events, returns a HookExecutionResult.
        required_resource_keys: The resources that the function uses.
        decorated_fn: The user's function, for direct invocation.
    """

    __slots__ = ("decorated_fn", "hook_fn", "name", "required_resource_keys")

    def __init__(
        self,
        *,
        name: str,
        hook_fn: Callable[..., Any],
        required_resource_keys: AbstractSet[str] | None = None,
        decorated_fn: Callable[..., Any] | None = None,
    ) -> None:
        self.name = check_valid_name(name, "hook name")
        self.hook_fn = check.callable_param(hook_fn, "hook_fn")
        self.required_resource_keys = frozenset(
            check.opt_set_param(required_resource_keys, "required_resource_keys", str)
        )
        self.decorated_fn = check.opt_callable_param(decorated_fn, "decorated_fn")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Put the hook on a job (as a decorator of it), or run its function with a context."""
        if len(args) == 1 and not kwargs and hasattr(args[0], "with_hooks"):
            return args[0].with_hooks({self})
        return _upcalls.invoke_hook(self, args, kwargs)

    def __repr__(self) -> str:
        return f"HookDefinition({self.name!r})"


HookFunction = Callable[..., Any]
HookDecorator = Callable[[HookFunction], HookDefinition]


def _check_parameters(fn: HookFunction, decorator: str, count: int) -> None:
    signature = read_signature(fn, decorator=decorator, has_context=False)
    parameters = signature.inputs
    if len(parameters) < count:
        wanted = ["context", "event_list"][:count]
        raise DagsterInvalidDefinitionError(
            f"{decorator} '{getattr(fn, '__name__', fn)}' decorated function must take "
            f"{listed(wanted)}{source_location(fn)}, got: {listed(p.name for p in parameters)}."
        )
    more = [p.name for p in parameters[count:] if p.default is NO_VALUE]
    if more:
        raise DagsterInvalidDefinitionError(
            f"{decorator} '{getattr(fn, '__name__', fn)}' decorated function must take nothing else than "
            f"{listed(['context', 'event_list'][:count])}{source_location(fn)}, but it needs {listed(more)} too."
        )


def _status_hook(
    fn: HookFunction,
    decorator: str,
    event_type: DagsterEventType,
    name: str | None,
    required_resource_keys: AbstractSet[str] | None,
) -> HookDefinition:
    hook_name = name or getattr(fn, "__name__", decorator[1:])
    _check_parameters(fn, decorator, 1)

    def run_on_event(context: Any, event_list: Sequence[Any]) -> HookExecutionResult:
        wanted = event_type.value
        for event in event_list:
            if event.event_type_value == wanted:
                fn(context)
                return HookExecutionResult(hook_name=hook_name, is_skipped=False)
        return HookExecutionResult(hook_name=hook_name, is_skipped=True)

    return HookDefinition(
        name=hook_name,
        hook_fn=run_on_event,
        required_resource_keys=required_resource_keys,
        decorated_fn=fn,
    )


@overload
def success_hook(hook_fn: HookFunction, /) -> HookDefinition: ...


@overload
def success_hook(
    hook_fn: str | None = ...,
    *,
    name: str | None = ...,
    required_resource_keys: AbstractSet[str] | None = ...,
) -> HookDecorator: ...


def success_hook(
    hook_fn: HookFunction | str | None = None,
    *,
    name: str | None = None,
    required_resource_keys: AbstractSet[str] | None = None,
) -> HookDefinition | HookDecorator:
    """Make a hook that runs when a step succeeds.

    Args:
        hook_fn: A function of a :class:`HookContext`. The older form gives the name here.
        name: Default: the function's name.
        required_resource_keys: The resources that the function uses.
    """
    if callable(hook_fn):
        return _status_hook(hook_fn, "@success_hook", DagsterEventType.STEP_SUCCESS, None, None)
    given = name or check.opt_str_param(hook_fn, "name")

    def decorate(fn: HookFunction) -> HookDefinition:
        return _status_hook(
            fn, "@success_hook", DagsterEventType.STEP_SUCCESS, given, required_resource_keys
        )

    return decorate


@overload
def failure_hook(name: HookFunction, /) -> HookDefinition: ...


@overload
def failure_hook(
    name: str | None = ..., required_resource_keys: AbstractSet[str] | None = ...
) -> HookDecorator: ...


def failure_hook(
    name: HookFunction | str | None = None, required_resource_keys: AbstractSet[str] | None = None
) -> HookDefinition | HookDecorator:
    """Make a hook that runs when a step fails.

    Args:
        name: The function, or the hook's name. Default: the function's name.
        required_resource_keys: The resources that the function uses.
    """
    if callable(name):
        return _status_hook(name, "@failure_hook", DagsterEventType.STEP_FAILURE, None, None)
    given = check.opt_str_param(name, "name")

    def decorate(fn: HookFunction) -> HookDefinition:
        return _status_hook(
            fn, "@failure_hook", DagsterEventType.STEP_FAILURE, given, required_resource_keys
        )

    return decorate


@overload
def event_list_hook(name: HookFunction, /) -> HookDefinition: ...


@overload
def event_list_hook(
    name: str | None = ..., required_resource_keys: AbstractSet[str] | None = ...
) -> HookDecorator: ...


def event_list_hook(
    name: HookFunction | str | None = None, required_resource_keys: AbstractSet[str] | None = None
) -> HookDefinition | HookDecorator:
    """Make a hook that gets all events of every step and decides itself.

    Args:
        name: The function, or the hook's name. The function takes a :class:`HookContext` and the list
            of events, and returns a :class:`HookExecutionResult`.
        required_resource_keys: The resources that the function uses.
    """

    def build(fn: HookFunction, hook_name: str | None) -> HookDefinition:
        _check_parameters(fn, "@event_list_hook", 2)
        return HookDefinition(
            name=hook_name or getattr(fn, "__name__", "event_list_hook"),
            hook_fn=fn,
            required_resource_keys=required_resource_keys,
            decorated_fn=fn,
        )

    if callable(name):
        return build(name, None)
    given = check.opt_str_param(name, "name")
    return lambda fn: build(fn, given)
