"""The exceptions of Dagwerk, and the boundary around every call of user code.

::

    DagsterError
    ├── DagsterInvalidDefinitionError            a definition cannot be what it says
    │   ├── DagsterInvalidConfigDefinitionError  a config schema is not one
    │   └── DagsterInvalidSubsetError            a selection selects nothing
    ├── DagsterInvalidInvocationError            a definition is called in a way it cannot be
    ├── DagsterInvariantViolationError           a rule of a call is broken
    │   └── DagsterRunAlreadyExists              a run's id is taken
    ├── DagsterInvalidPropertyError              a context does not have what was asked of it
    ├── DagsterHomeNotSetError                   DAGSTER_HOME does not say where the instance is
    ├── DagsterInvalidConfigError                config does not fit its schema
    ├── DagsterConfigMappingFunctionError *
    ├── DagsterUnknownResourceError              no resource under a key
    ├── DagsterUnmetExecutorRequirementsError    the executor needs more than it gets
    ├── DagsterStepOutputNotFoundError           a required output was not given
    ├── DagsterExecutionStepNotFoundError        no such step in the plan
    ├── DagsterRunNotFoundError                  no such run on the instance
    ├── DagsterUnknownPartitionError             no such partition
    ├── DagsterTypeCheckDidNotPass               a value is not of its type
    ├── DagsterSubprocessError                   errors of child processes
    │   ├── DagsterWorkerProcessError            … one that ended before its step did
    │   └── DagsterLaunchedStepError             … a step that failed where it was launched
    ├── DagsterMaxRuntimeExceededError           a run took longer than its tag allows
    ├── DagsterEventLogInvalidForRun             the log of a run cannot be read
    ├── DagsterImportError                       the user's module cannot be imported
    └── DagsterUserCodeExecutionError            the user's own code raised
        ├── DagsterExecutionStepExecutionError   … in a step
        ├── DagsterExecutionLoadInputError       … in an input manager or loader
        ├── DagsterExecutionHandleOutputError    … in an I/O manager
        ├── DagsterResourceFunctionError         … in a resource
        ├── DagsterTypeCheckError                … in a type check
        ├── DagsterTypeLoadingError              … in a type loader
        ├── DagsterTypeMaterializationError      … in a type materializer
        ├── DagsterConfigMappingFunctionError    … in a config mapping or ``configured`` function
        ├── DagsterUserCodeLoadError             … while definitions were built
        └── HookExecutionError                   … in a hook

    DagsterExecutionInterruptedError(BaseException)   the run was told to stop
    └── DagsterRunWorkerStoppedError                  only its process was; it will be resumed
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, NoReturn


class DagsterError(Exception):
    """Base of all errors of Dagwerk."""

    @property
    def is_user_code_error(self) -> bool:
        """Whether the error was raised by the user's code."""
        return False


class DagsterInvalidDefinitionError(DagsterError):
    """A definition is not valid."""


class DagsterInvalidConfigDefinitionError(DagsterInvalidDefinitionError):
    """A config schema holds something that is not a config type.

    Args:
        original_root: The whole schema as the user wrote it.
        current_value: The part that is not a config type.
        stack: The keys from the root to that part.
        reason: What is wrong with it.
    """

    def __init__(
        self,
        original_root: object,
        current_value: object,
        stack: Iterable[object] = (),
        reason: str | None = None,
        **_kwargs: object,
    ) -> None:
        self.original_root = original_root
        self.current_value = current_value
        self.stack = list(stack)
        self.reason = reason
        where = " at " + " → ".join(str(part) for part in self.stack) if self.stack else ""
        super().__init__(
            f"{current_value!r}{where} cannot be used as a config type."
            f"{' ' + reason if reason else ''} Expected a Field, a config type (Shape, Permissive, "
            "Selector, Map, Array, Noneable, Enum, ScalarUnion, StringSource, IntSource, BoolSource), "
            "a Python scalar type (int, float, bool, str), list, dict, a list of one such type, "
            "or a dict of names to any of these."
        )


class DagsterInvalidSubsetError(DagsterInvalidDefinitionError):
    """A selection selects nothing or cannot be parsed."""


class DagsterInvalidInvocationError(DagsterError):
    """A definition was called with arguments it cannot take."""


class DagsterInvariantViolationError(DagsterError):
    """A rule of a call is broken."""


class DagsterHomeNotSetError(DagsterError):
    """The instance of this machine was asked for, and ``DAGSTER_HOME`` does not say where it is."""


class DagsterInvalidPropertyError(DagsterError):
    """A context that was made by hand does not have what was asked of it."""


class DagsterInvalidConfigError(DagsterError):
    """Config does not fit its schema. The message lists every problem with its path.

    Args:
        preamble: The first line, what was being configured.
        errors: All problems (:class:`dagster._config.errors.EvaluationError`).
        config_value: The config as given.
    """

    def __init__(self, preamble: str, errors: Iterable[Any], config_value: object) -> None:
        self.preamble = preamble
        self.errors = list(errors)
        self.config_value = config_value
        count = len(self.errors)
        lines = [preamble]
        for number, error in enumerate(self.errors, 1):
            lines.append(f"    Error {number}: {error.message}" if count > 1 else f"    {error.message}")
        super().__init__("\n".join(lines))


class DagsterUnknownResourceError(DagsterError, AttributeError):
    """A resource was asked for that is not there.

    Args:
        resource_name: The key that was asked for.
    """

    def __init__(self, resource_name: str, message: str | None = None) -> None:
        self.resource_name = resource_name
        super().__init__(
            message
            or f'Unknown resource "{resource_name}". Name it in required_resource_keys of the '
            "definition that asks for it."
        )


class DagsterUnmetExecutorRequirementsError(DagsterInvariantViolationError):
    """The executor needs more than this job, instance or call gives it."""


class DagsterStepOutputNotFoundError(DagsterError):
    """A step ended without a required output.

    Args:
        step_key: The step.
        output_name: The missing output.
    """

    def __init__(self, message: str, *, step_key: str, output_name: str) -> None:
        self.step_key = step_key
        self.output_name = output_name
        super().__init__(message)


class DagsterExecutionStepNotFoundError(DagsterError):
    """A step was selected that is not in the plan."""

    def __init__(self, message: str, step_keys: Iterable[str] = ()) -> None:
        self.step_keys = list(step_keys)
        super().__init__(message)


class DagsterExecutionPlanSnapshotNotFoundError(DagsterError):
    """A plan snapshot was asked for that is not stored."""


class DagsterRunNotFoundError(DagsterError):
    """A run was asked for that is not on the instance."""

    def __init__(self, message: str, invalid_run_id: str | None = None) -> None:
        self.invalid_run_id = invalid_run_id
        super().__init__(message)


class DagsterRunAlreadyExists(DagsterInvariantViolationError):
    """A run was to be added under an id that is taken."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        super().__init__(f"A run with id {run_id} already exists.")


class DagsterUnknownPartitionError(DagsterError):
    """A partition key was given that its definition does not have."""


class DagsterTypeCheckDidNotPass(DagsterError):
    """A value is not of the type that its input or output declares.

    Args:
        description: What is wrong, from the type check.
        metadata: Metadata from the type check.
        dagster_type: The type.
    """

    def __init__(
        self,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        dagster_type: Any = None,
    ) -> None:
        self.description = description
        self.metadata = dict(metadata or {})
        self.dagster_type = dagster_type
        super().__init__(description)


class DagsterSubprocessError(DagsterError):
    """One or more child processes failed.

    Args:
        subprocess_error_infos: The errors of the children.
    """

    def __init__(self, *args: object, subprocess_error_infos: Iterable[Any] = ()) -> None:
        self.subprocess_error_infos = list(subprocess_error_infos)
        super().__init__(*args)


class DagsterWorkerProcessError(DagsterSubprocessError):
    """The process of a step ended before the step did.

    Args:
        pid: The process.
        exit_code: What it gave to ``exit``; None if a signal ended it.
        signal_name: The signal that ended it (``SIGKILL``); None if it ended by itself.
        out_of_memory: Whether the system is known to have killed it because memory was used up.
    """

    def __init__(
        self,
        *args: object,
        pid: int | None = None,
        exit_code: int | None = None,
        signal_name: str | None = None,
        out_of_memory: bool = False,
    ) -> None:
        self.pid = pid
        self.exit_code = exit_code
        self.signal_name = signal_name
        self.out_of_memory = out_of_memory
        super().__init__(*args)


class DagsterLaunchedStepError(DagsterSubprocessError):
    """A step failed where its launcher had it run. Its failure is in the log."""


class DagsterMaxRuntimeExceededError(DagsterError):
    """A run took longer than its tag ``dagster/max_runtime`` allows."""


class DagsterEventLogInvalidForRun(DagsterError):
    """The event log of a run cannot be read."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        super().__init__(f"The event log of run {run_id} cannot be read.")


class DagsterImportError(DagsterError):
    """The user's module, package or file cannot be imported."""


class DagsterUserCodeExecutionError(DagsterError):
    """The user's own code raised.

    Args:
        user_exception: What it raised.
        original_exc_info: ``sys.exc_info()`` of it: type, value and traceback.
    """

    def __init__(
        self,
        *args: object,
        user_exception: BaseException | None = None,
        original_exc_info: tuple[Any, Any, Any] | None = None,
        **kwargs: object,
    ) -> None:
        self.user_exception = user_exception
        self.original_exc_info = original_exc_info or (
            type(user_exception),
            user_exception,
            getattr(user_exception, "__traceback__", None),
        )
        for name, value in kwargs.items():
            setattr(self, name, value)
        super().__init__(*args)

    @property
    def is_user_code_error(self) -> bool:
        return True


class DagsterExecutionStepExecutionError(DagsterUserCodeExecutionError):
    """The compute function of a step raised. Has ``step_key``, ``op_name`` and ``op_def_name``."""

    def __init__(
        self,
        *args: object,
        step_key: str = "",
        op_name: str = "",
        op_def_name: str = "",
        **kwargs: Any,
    ) -> None:
        self.step_key = step_key
        self.op_name = op_name
        self.op_def_name = op_def_name
        super().__init__(*args, **kwargs)


class DagsterExecutionLoadInputError(DagsterUserCodeExecutionError):
    """An I/O manager or input manager raised while loading an input."""


class DagsterExecutionHandleOutputError(DagsterUserCodeExecutionError):
    """An I/O manager raised while storing an output."""


class DagsterResourceFunctionError(DagsterUserCodeExecutionError):
    """A resource raised while it was set up or torn down."""


class DagsterTypeCheckError(DagsterUserCodeExecutionError):
    """A type check function raised."""


class DagsterTypeLoadingError(DagsterUserCodeExecutionError):
    """A type loader raised."""


class DagsterTypeMaterializationError(DagsterUserCodeExecutionError):
    """A type materializer raised."""


class DagsterConfigMappingFunctionError(DagsterUserCodeExecutionError):
    """A config mapping or ``configured`` function raised."""


class DagsterUserCodeLoadError(DagsterUserCodeExecutionError):
    """User code raised while definitions were built."""


class HookExecutionError(DagsterUserCodeExecutionError):
    """A hook function raised. It never fails the run."""


class DagsterExecutionInterruptedError(BaseException):
    """The run was told to stop. Derives from BaseException so that ``except Exception`` lets it by."""


class DagsterRunWorkerStoppedError(DagsterExecutionInterruptedError):
    """The process of a run was stopped; its steps go on in theirs, and the run will be resumed."""


def raise_from_user_code(
    error_cls: type[DagsterUserCodeExecutionError],
    exc: BaseException,
    message: str,
    **kwargs: object,
) -> NoReturn:
    """Raise what a user-code boundary makes of an exception.

    Errors of Dagwerk and requests that the engine understands (a retry, a failure with metadata, an
    interrupt) pass unchanged; anything else is wrapped, with the user's exception as its cause.
    """
    if isinstance(exc, (DagsterError, DagsterExecutionInterruptedError)):
        raise exc
    raise error_cls(
        message,
        user_exception=exc,
        original_exc_info=(type(exc), exc, exc.__traceback__),
        **kwargs,
    ) from exc


class user_code_error_boundary(AbstractContextManager[None]):  # noqa: N801 - documented name
    """Put a uniform policy around user code that the framework calls.

    From the "Internals" document. Whatever the code raises comes out wrapped in ``error_cls``, with
    the user's stack preserved in ``original_exc_info``; errors of Dagwerk itself pass unchanged.

    Args:
        error_cls: A subclass of :class:`DagsterUserCodeExecutionError` to wrap in.
        msg_fn: Makes the message, called only when there is an error.
        log_manager: A log manager that captures Python logs while the code runs.
        **kwargs: Passed to ``error_cls``.
    """

    __slots__ = ("_error_cls", "_kwargs", "_log_manager", "_msg_fn")

    def __init__(
        self,
        error_cls: type[DagsterUserCodeExecutionError],
        msg_fn: Callable[[], str],
        log_manager: Any = None,
        **kwargs: object,
    ) -> None:
        if not (isinstance(error_cls, type) and issubclass(error_cls, DagsterUserCodeExecutionError)):
            raise TypeError(
                f"expected error_cls to be a subclass of DagsterUserCodeExecutionError, got: {error_cls!r}"
            )
        self._error_cls = error_cls
        self._msg_fn = msg_fn
        self._log_manager = log_manager
        self._kwargs = kwargs

    def __enter__(self) -> None:
        if self._log_manager is not None:
            self._log_manager.begin_python_log_capture()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if self._log_manager is not None:
            self._log_manager.end_python_log_capture()
        if isinstance(exc, Exception) and not isinstance(exc, DagsterError):
            raise_from_user_code(self._error_cls, exc, self._msg_fn(), **self._kwargs)


def user_stack(exc: BaseException) -> list[str]:
    """Return the formatted stack of an exception without the framework's leading frames."""
    own = str(sys.modules["dagster"].__path__[0]) if "dagster" in sys.modules else ""
    frames = traceback.extract_tb(exc.__traceback__)
    first = next((i for i, f in enumerate(frames) if not own or not f.filename.startswith(own)), 0)
    return traceback.format_list(frames[first:])
