"""Setting up the resources of one execution in the order of their needs, and tearing them down in reverse."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, ContextDecorator, ExitStack
from types import CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any

from dagster._core.definitions.resource.config import apply_resource_config
from dagster._core.definitions.resource.context import InitResourceContext
from dagster._core.definitions.resource.requirement import resolve_init_order
from dagster._core.definitions.resource.scoped import Resources
from dagster._core.errors import (
    DagsterExecutionInterruptedError,
    DagsterInvariantViolationError,
    DagsterResourceFunctionError,
    raise_from_user_code,
)
from dagster._time import monotonic

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from dagster._core.definitions.resource.definition import ResourceDefinition
    from dagster._core.events.log_manager import DagsterLogManager
    from dagster._core.records.run import DagsterRun


class _OpenGenerator:
    """A resource function that yields: started by ``open``, finished by ``close``."""

    __slots__ = ("_generator", "_is_open")

    def __init__(self, generator: GeneratorType[Any, Any, Any]) -> None:
        self._generator = generator
        self._is_open = False

    def open(self) -> Any:
        try:
            value = next(self._generator)
        except StopIteration:
            raise DagsterInvariantViolationError(
                "the resource function ended without a yield. A resource function that is a generator "
                "yields its resource exactly once."
            ) from None
        self._is_open = True
        return value

    def close(self) -> None:
        if not self._is_open:
            # It was interrupted on its way to the yield; what it holds in `with` or `finally` goes free.
            self._generator.close()
            return
        self._is_open = False
        try:
            next(self._generator)
        except StopIteration:
            return
        self._generator.close()
        raise DagsterInvariantViolationError(
            "the resource function yielded a second time. A resource function that is a generator "
            "yields its resource exactly once; what comes after the yield is its teardown."
        )


class _OpenContextManager:
    """A resource function made by ``@contextmanager``."""

    __slots__ = ("_is_open", "_manager")

    def __init__(self, manager: Any) -> None:
        self._manager = manager
        self._is_open = False

    def open(self) -> Any:
        value = self._manager.__enter__()
        self._is_open = True
        return value

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._manager.__exit__(None, None, None)
        elif isinstance(generator := getattr(self._manager, "gen", None), GeneratorType):
            generator.close()


def _opening(made: Any) -> _OpenGenerator | _OpenContextManager | None:
    """Return what sets up and tears down what a resource function made; None when it is the resource."""
    if isinstance(made, GeneratorType):
        return _OpenGenerator(made)
    if isinstance(made, ContextDecorator):
        return _OpenContextManager(made)
    if isinstance(made, CoroutineType):
        made.close()
        raise DagsterInvariantViolationError(
            "the resource function is async. Make it a plain function or generator."
        )
    return None


class TeardownStack(ExitStack):
    """An exit stack that knows whether anything is on it."""

    def __init__(self) -> None:
        super().__init__()
        #: Whether something must be torn down.
        self.is_loaded = False

    def push_teardown(self, teardown: Callable[..., object], *args: object) -> None:
        """Have a function called at the end."""
        self.is_loaded = True
        self.callback(teardown, *args)

    def open(self, manager: AbstractContextManager[Any]) -> Any:
        """Enter a context manager, to be left at the end."""
        value = self.enter_context(manager)
        self.is_loaded = True
        return value


def enter_resource(made: Any, stack: TeardownStack) -> Any:
    """Return the resource that a resource function made; its teardown is put on the stack."""
    opening = _opening(made)
    if opening is None:
        return made
    stack.push_teardown(opening.close)
    return opening.open()


class ResourceManager:
    """The resources of one execution: set up once, scoped per step, torn down whatever happens.

    It emits no events; who drives it does that around the calls.

    Args:
        resource_defs: All resources by key.
        resource_configs: The config of each, as the run config schema gave it, by key. A key that is
            missing means None.
        required_keys: The keys that are asked for; what they need is added.
        instance: The instance, for the contexts of the resource functions.
        dagster_run: The run, None outside a run.
        log_manager: The run's log manager.
        event_loop: The event loop of the step.

    Raises:
        DagsterInvalidDefinitionError: A resource is missing, or some need each other in a circle.
    """

    __slots__ = (
        "_all_resource_defs",
        "_closers",
        "_context_arguments",
        "_resource_configs",
        "_scopes",
        "configs",
        "durations",
        "init_order",
        "instances",
    )

    def __init__(
        self,
        resource_defs: Mapping[str, ResourceDefinition],
        resource_configs: Mapping[str, Any],
        required_keys: Iterable[str],
        *,
        instance: Any = None,
        dagster_run: DagsterRun | None = None,
        log_manager: DagsterLogManager | None = None,
        event_loop: AbstractEventLoop | None = None,
    ) -> None:
        self._all_resource_defs = resource_defs
        self._resource_configs = resource_configs
        self._context_arguments: dict[str, Any] = {
            "all_resource_defs": resource_defs,
            "instance": instance,
            "dagster_run": dagster_run,
            "log_manager": log_manager,
            "event_loop": event_loop,
        }
        #: Keys in the order in which they are set up.
        self.init_order: tuple[str, ...] = resolve_init_order(resource_defs, required_keys)
        #: The resource objects by key, as far as they are set up.
        self.instances: dict[str, object] = {}
        #: The config that each got, by key, as far as they are set up.
        self.configs: dict[str, Any] = {}
        #: Seconds that each took to set up, by key.
        self.durations: dict[str, float] = {}
        self._closers: list[tuple[str, Callable[[], None]]] = []
        self._scopes: dict[frozenset[str], Resources] = {}

    @property
    def resource_defs(self) -> Mapping[str, ResourceDefinition]:
        """All resources by key, also those that nobody asked for."""
        return self._all_resource_defs

    @property
    def has_teardown(self) -> bool:
        """Whether something that was set up must be torn down."""
        return bool(self._closers)

    def initialize(self) -> None:
        """Set up every resource, in the order of their needs.

        When it raises, also by an interrupt, what has been opened so far stays registered:
        :meth:`teardown` is due either way.

        Raises:
            DagsterResourceFunctionError: A resource function raised; holds the user's exception.
            DagsterError: An error of Dagwerk that a resource function raised, unchanged.
        """
        for key in self.init_order:
            if key not in self.instances:
                started = monotonic()
                self.instances[key] = self._open(key)
                self.durations[key] = monotonic() - started

    def _open(self, key: str) -> object:
        definition = self._all_resource_defs[key]
        config = apply_resource_config(
            definition, self._resource_configs.get(key), f'Error in config for resource "{key}"'
        )
        self.configs[key] = config
        context = InitResourceContext(
            resource_config=config,
            resources=self.scoped(definition.required_resource_keys),
            resource_def=definition,
            **self._context_arguments,
        )
        try:
            made = definition.make(context)
            opening = _opening(made)
            if opening is None:
                return made
            # Registered before it runs, so that an interrupt half-way leaves nothing behind.
            self._closers.append((key, opening.close))
            return opening.open()
        except DagsterInvariantViolationError as error:
            raise DagsterResourceFunctionError(
                f'Error executing resource_fn of resource "{key}": {error}', user_exception=error
            ) from error
        except Exception as error:  # noqa: BLE001 - whatever the user's code raises
            raise_from_user_code(
                DagsterResourceFunctionError,
                error,
                f'Error executing resource_fn of resource "{key}"',
            )

    def teardown(self) -> list[tuple[str, Exception]]:
        """Tear down what was set up, in reverse order, each whatever happened to the others.

        Never raises, so that it cannot hide the error that led to it. A second call finds nothing to do.

        Returns:
            The key and error of each teardown that failed: a
            :class:`DagsterResourceFunctionError` with the user's exception, also for an interrupt that
            came meanwhile.
        """
        failures: list[tuple[str, Exception]] = []
        while self._closers:
            key, close = self._closers.pop()
            try:
                close()
            except (Exception, KeyboardInterrupt, DagsterExecutionInterruptedError, SystemExit) as error:  # noqa: BLE001 - whatever the user's code raises
                reason = str(error) if isinstance(error, DagsterInvariantViolationError) else ""
                failure = DagsterResourceFunctionError(
                    f'Error in the teardown of resource "{key}"{": " + reason if reason else ""}',
                    user_exception=error,
                )
                failure.__cause__ = error
                failures.append((key, failure))
        return failures

    def forget(self) -> None:
        """Drop what was set up and torn down, so that :meth:`initialize` starts anew."""
        self.instances.clear()
        self.configs.clear()
        self.durations.clear()
        self._scopes.clear()

    def scoped(self, keys: frozenset[str]) -> Resources:
        """Return the resources that one definition asked for; the same object for the same keys.

        Args:
            keys: The keys, all set up.
        """
        scope = self._scopes.get(keys)
        if scope is None:
            instances = self.instances
            # Threads that come at the same time get the same one.
            scope = self._scopes.setdefault(
                keys, Resources({key: instances[key] for key in self.init_order if key in keys})
            )
        return scope
