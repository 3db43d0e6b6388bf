"""ExecutorDefinition: how the steps of a job are run."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

import dagster._check as check
from dagster._config.configurable import NamedConfigurableDefinition, convert_user_config_schema
from dagster._core.definitions.naming import check_valid_name
from dagster._wire.record import Record

if TYPE_CHECKING:
    from dagster._core.definitions.job.base import IJob


class ExecutorRequirement(enum.Enum):
    """What an executor needs of its surroundings."""

    #: The job can be loaded again in another process.
    RECONSTRUCTABLE_PIPELINE = "RECONSTRUCTABLE_PIPELINE"
    RECONSTRUCTABLE_JOB = "RECONSTRUCTABLE_PIPELINE"
    #: The instance can be loaded again in another process.
    NON_EPHEMERAL_INSTANCE = "NON_EPHEMERAL_INSTANCE"
    #: The values of all outputs can be read in another process.
    PERSISTENT_OUTPUTS = "PERSISTENT_OUTPUTS"


def multiple_process_executor_requirements() -> Sequence[ExecutorRequirement]:
    """Return what executors need that run steps in other processes."""
    return [
        ExecutorRequirement.RECONSTRUCTABLE_JOB,
        ExecutorRequirement.NON_EPHEMERAL_INSTANCE,
        ExecutorRequirement.PERSISTENT_OUTPUTS,
    ]


class InitExecutorContext(Record, frozen=True):
    """What the function of an executor gets. From the "Internals" document.

    Args:
        job: The job to be run (:class:`IJob`).
        executor_def: The definition that is being constructed.
        executor_config: The executor's config.
        instance: The instance.
    """

    job: Any
    executor_def: Any
    executor_config: Mapping[str, Any]
    instance: Any

    @property
    def pipeline(self) -> IJob:
        """The older name of ``job``."""
        return self.job


Requirements = (
    Callable[[Mapping[str, Any]], Sequence[ExecutorRequirement]] | Sequence[ExecutorRequirement] | None
)


class ExecutorDefinition(NamedConfigurableDefinition):
    """A named way to run the steps of a job. From the "Internals" document.

    Args:
        name: The name under which run config configures it.
        config_schema: The schema of its config.
        requirements: What it needs of its surroundings, or a function of its config saying it.
        executor_creation_fn: Takes an :class:`InitExecutorContext`, returns an :class:`Executor`.
        description: For people.
    """

    def __init__(
        self,
        name: str,
        config_schema: Any = None,
        requirements: Requirements = None,
        executor_creation_fn: Callable[[InitExecutorContext], Any] | None = None,
        description: str | None = None,
    ) -> None:
        self._name = check_valid_name(name, "executor name")
        self._config_schema = convert_user_config_schema(config_schema)
        self._requirements = requirements
        self._creation_fn = check.opt_callable_param(executor_creation_fn, "executor_creation_fn")
        self._description = description

    @property
    def name(self) -> str:
        """Name of the executor."""
        return self._name

    @property
    def description(self) -> str | None:
        """Description of executor, if provided."""
        return self._description

    @property
    def config_schema(self) -> Any:
        """The schema of its config."""
        return self._config_schema

    @property
    def executor_creation_fn(self) -> Callable[[InitExecutorContext], Any] | None:
        """Callable that takes an InitExecutorContext and returns an instance of Executor."""
        return self._creation_fn

    def get_requirements(self, executor_config: Mapping[str, Any]) -> Sequence[ExecutorRequirement]:
        """Return what the executor needs of its surroundings with this config."""
        if self._requirements is None:
            return []
        return (
            self._requirements(executor_config) if callable(self._requirements) else self._requirements
        )

    def copy_for_configured(
        self, name: str, description: str | None, config_schema: Any
    ) -> ExecutorDefinition:
        return ExecutorDefinition(
            name=name,
            config_schema=config_schema,
            requirements=self._requirements,
            executor_creation_fn=self._creation_fn,
            description=description or self._description,
        )

    @staticmethod
    def hardcoded_executor(executor: Any) -> ExecutorDefinition:
        """Return a definition that always gives this executor."""
        return ExecutorDefinition(name="__executor__", executor_creation_fn=lambda _context: executor)

    def __call__(self, init_context: InitExecutorContext) -> Any:
        """Return the executor for a context."""
        return check.not_none(
            self._creation_fn, f'Executor "{self.name}" has no function that creates it.'
        )(init_context)

    def __repr__(self) -> str:
        return f"ExecutorDefinition({self.name!r})"


@overload
def executor(name: Callable[[InitExecutorContext], Any], /) -> ExecutorDefinition: ...


@overload
def executor(
    name: str | None = ..., config_schema: Any = ..., requirements: Requirements = ...
) -> Callable[[Callable[[InitExecutorContext], Any]], ExecutorDefinition]: ...


def executor(
    name: Callable[[InitExecutorContext], Any] | str | None = None,
    config_schema: Any = None,
    requirements: Requirements = None,
) -> ExecutorDefinition | Callable[[Callable[[InitExecutorContext], Any]], ExecutorDefinition]:
    """Define an executor. From the "Internals" document.

    The decorated function takes an :class:`InitExecutorContext` and returns an :class:`Executor`.

    Args:
        name: Default: the function's name.
        config_schema: The schema of its config.
        requirements: What it needs of its surroundings, or a function of its config saying it.
    """

    def build(fn: Callable[[InitExecutorContext], Any], executor_name: str | None) -> ExecutorDefinition:
        return ExecutorDefinition(
            name=executor_name or getattr(fn, "__name__", "executor"),
            config_schema=config_schema,
            requirements=requirements,
            executor_creation_fn=fn,
            description=fn.__doc__,
        )

    if callable(name):
        return build(name, None)
    given = check.opt_str_param(name, "name")
    return lambda fn: build(fn, given)
