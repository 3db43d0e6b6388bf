"""Loggers of jobs: their definition, the ``@logger`` decorator, and the context they are made in."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from typing import Any, Self, overload

import dagster._check as check
from dagster._config.configurable import AnonymousConfigurableDefinition
from dagster._config.evaluate import process_config
from dagster._core.errors import (
    DagsterInvalidDefinitionError,
    DagsterInvalidInvocationError,
    DagsterInvariantViolationError,
)

#: The run id in a context that is made outside of any run.
EPHEMERAL_RUN_ID = "EPHEMERAL"

InitLoggerFunction = Callable[["InitLoggerContext"], logging.Logger]


class InitLoggerContext:
    """What a logger's function gets: its config, the job and the run.

    From the "Loggers" document. Users do not make it; see :func:`build_init_logger_context`.

    Args:
        logger_config: The config of the logger, by its schema.
        logger_def: The definition of the logger.
        job_def: The job.
        run_id: The run.
        pipeline_def: The older name of ``job_def``.
    """

    def __init__(
        self,
        logger_config: Any,
        logger_def: LoggerDefinition | None = None,
        job_def: Any = None,
        run_id: str | None = None,
        *,
        pipeline_def: Any = None,
    ) -> None:
        self._logger_config = logger_config
        self._logger_def = check.opt_inst_param(logger_def, "logger_def", LoggerDefinition)
        self._job_def = _one_job(job_def, pipeline_def)
        self._run_id = check.opt_str_param(run_id, "run_id")

    @property
    def logger_config(self) -> Any:
        """The config of the logger, by its schema."""
        return self._logger_config

    @property
    def logger_def(self) -> LoggerDefinition | None:
        """The definition of the logger."""
        return self._logger_def

    @property
    def job_def(self) -> Any:
        """The job, if the logger is made for one."""
        return self._job_def

    @property
    def pipeline_def(self) -> Any:
        """The older name of ``job_def``."""
        return self._job_def

    @property
    def run_id(self) -> str | None:
        """The run, if the logger is made for one."""
        return self._run_id


class UnboundInitLoggerContext(InitLoggerContext):
    """A context whose config no logger has seen yet; what :func:`build_init_logger_context` returns.

    A logger that is called with it checks the config and makes an :class:`InitLoggerContext` of it.
    """

    def __init__(self, logger_config: Any, job_def: Any = None) -> None:
        super().__init__(logger_config, job_def=job_def)

    @property
    def logger_def(self) -> LoggerDefinition | None:
        """Not known yet.

        Raises:
            DagsterInvariantViolationError: Always.
        """
        raise DagsterInvariantViolationError(
            "UnboundInitLoggerContext has not been validated against a logger definition: it has no "
            "logger_def before it is passed to a logger."
        )

    @property
    def run_id(self) -> str | None:
        """A placeholder: there is no run."""
        return EPHEMERAL_RUN_ID


def _one_job(job_def: Any, pipeline_def: Any) -> Any:
    if job_def is not None and pipeline_def is not None:
        raise DagsterInvalidInvocationError(
            "expected job_def or pipeline_def (its older name), got both. Give one."
        )
    return job_def if job_def is not None else pipeline_def


def build_init_logger_context(
    logger_config: Any = None,
    job_def: Any = None,
    *,
    pipeline_def: Any = None,
) -> UnboundInitLoggerContext:
    """Return a context to call a logger with in a test.

    From the "Loggers" document.

    Args:
        logger_config: The config of the logger.
        job_def: A job for the logger to see.
        pipeline_def: The older name of ``job_def``.

    Returns:
        The context: ``my_logger(build_init_logger_context(logger_config={...}))``.
    """
    return UnboundInitLoggerContext(logger_config, _one_job(job_def, pipeline_def))


class LoggerDefinition(AnonymousConfigurableDefinition):
    """Makes a Python logger for a run. From the "Loggers" document.

    The logger it makes gets every message of the run: those of ``context.log``, of captured Python
    loggers, and the events. It is used as it is. Called directly with a context (or None), the
    definition checks the config and returns the logger, for tests.

    Args:
        logger_fn: Function of one argument, the :class:`InitLoggerContext`, that returns the logger.
        config_schema: Schema of the config; without one any config is taken.
        description: Shown in tools.

    Raises:
        DagsterInvalidDefinitionError: If the function does not take exactly the context.
    """

    def __init__(
        self,
        logger_fn: InitLoggerFunction,
        config_schema: Any = None,
        description: str | None = None,
    ) -> None:
        self._logger_fn = check.callable_param(logger_fn, "logger_fn")
        self._context_name = _context_parameter(logger_fn)
        self._description = check.opt_str_param(description, "description")
        super().__init__(config_schema)

    @property
    def logger_fn(self) -> InitLoggerFunction:
        """The function that makes the logger."""
        return self._logger_fn

    @property
    def description(self) -> str | None:
        """What the logger is for."""
        return self._description

    def copy_for_configured(self, description: str | None, config_schema: Any) -> Self:
        """Return this logger with another schema, as ``configured`` needs it."""
        return type(self)(self._logger_fn, config_schema, description or self._description)

    def __call__(self, *args: Any, **kwargs: Any) -> logging.Logger:
        """Return the logger for a context, whose config is checked first. For tests.

        Raises:
            DagsterInvalidInvocationError: If not exactly a context (or None) is given.
            DagsterInvalidConfigError: If the config does not fit the schema.
        """
        context = self._context_argument(args, kwargs)
        config = None if context is None else context.logger_config
        return self.build_logger(
            self._checked_config(config),
            job_def=None if context is None else context.job_def,
            run_id=None if context is None else context.run_id,
        )

    def build_logger(
        self, logger_config: Any, job_def: Any = None, run_id: str | None = None
    ) -> logging.Logger:
        """Return the logger for a run, given the config that the function receives.

        Args:
            logger_config: Config that has been checked and mapped (``apply_config_mapping``).
            job_def: The job.
            run_id: The run.

        Raises:
            DagsterInvariantViolationError: If the function returns something else than a logger.
        """
        result = self._logger_fn(InitLoggerContext(logger_config, self, job_def, run_id))
        if not isinstance(result, logging.Logger):
            raise DagsterInvariantViolationError(
                f"expected the logger function {_name(self._logger_fn)} to return a logging.Logger, "
                f"got: {result!r}. Return the logger at its end."
            )
        return result

    def _context_argument(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> InitLoggerContext | None:
        given = len(args) + len(kwargs)
        if given == 0:
            raise DagsterInvalidInvocationError(
                "Logger initialization function has context argument, but no context argument was "
                "provided when invoking. Pass build_init_logger_context(...), or None."
            )
        if given > 1:
            raise DagsterInvalidInvocationError(
                "Initialization of logger received multiple arguments. Only a first positional context "
                "parameter should be provided when invoking."
            )
        if args:
            context = args[0]
        elif self._context_name in kwargs:
            context = kwargs[self._context_name]
        else:
            raise DagsterInvalidInvocationError(
                f"Logger initialization expected argument '{self._context_name}', got '{next(iter(kwargs))}'."
            )
        return check.opt_inst_param(context, "the context", InitLoggerContext)

    def _checked_config(self, config: Any) -> Any:
        field = self.config_field
        if field is not None:
            given = {} if config is None else {"config": config}
            checked = process_config({"config": field}, given)
            config = checked.value_or_raise("Error in config for logger", config).get("config")
        return self.apply_config_mapping(config).value_or_raise(
            "Error in config mapping for logger", config
        )


def _name(fn: Any) -> str:
    return getattr(fn, "__name__", None) or repr(fn)


def _context_parameter(fn: Callable[..., Any]) -> str:
    """Return the name of the one parameter of a logger function."""
    try:
        parameters = list(inspect.signature(fn).parameters.values())
    except (TypeError, ValueError):  # a callable of C, which says nothing of itself
        return "init_context"
    required = [
        p
        for p in parameters
        if p.default is p.empty
        and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]
    positional = [p for p in parameters if p.kind not in (p.KEYWORD_ONLY, p.VAR_KEYWORD)]
    if not positional or len(required) > 1 or any(p.kind is p.KEYWORD_ONLY for p in required):
        raise DagsterInvalidDefinitionError(
            f"expected the logger function {_name(fn)} to take one argument, the init context, got: "
            f"{inspect.signature(fn)}"
        )
    return positional[0].name


@overload
def logger(  # pyright: ignore[reportOverlappingOverload] - a schema is Any, and a function is not one
    config_schema: InitLoggerFunction, description: str | None = None
) -> LoggerDefinition: ...


@overload
def logger(
    config_schema: Any = None, description: str | None = None
) -> Callable[[InitLoggerFunction], LoggerDefinition]: ...


def logger(
    config_schema: Any = None, description: str | None = None
) -> LoggerDefinition | Callable[[InitLoggerFunction], LoggerDefinition]:
    """Make a logger of the decorated function. From the "Loggers" document.

    The function gets an :class:`InitLoggerContext` and returns a ``logging.Logger``. Works bare
    (``@logger``) and with arguments.

    Args:
        config_schema: Schema of ``init_context.logger_config``; without one any config is taken.
        description: Shown in tools.

    Returns:
        A :class:`LoggerDefinition`.
    """
    # A class is a schema (int, a pydantic model); a function is what is decorated.
    if (
        callable(config_schema)
        and not isinstance(config_schema, type)
        and inspect.isroutine(config_schema)
    ):
        return LoggerDefinition(config_schema, None, description or _first_paragraph(config_schema))

    def decorate(logger_fn: InitLoggerFunction) -> LoggerDefinition:
        return LoggerDefinition(logger_fn, config_schema, description or _first_paragraph(logger_fn))

    return decorate


def _first_paragraph(fn: Any) -> str | None:
    text = inspect.getdoc(fn)
    return text.split("\n\n", 1)[0] if text else None
