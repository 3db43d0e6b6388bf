"""What an error of a step becomes: a retry or a failure."""

from __future__ import annotations

from collections.abc import Iterator

from dagster._core.errors import DagsterError, DagsterUserCodeExecutionError
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import (
    ErrorSource,
    StepFailureData,
    StepRetryData,
    UserFailureData,
)
from dagster._core.execution.plan_context import ERROR, INFO
from dagster._core.execution.step_context import StepExecutionContext
from dagster._core.records.error_info import SerializableErrorInfo, error_info_from_exception
from dagster._core.records.retry import RetryMode
from dagster._core.records.user_events import Failure, RetryRequested

_FAILURE = DagsterEventType.STEP_FAILURE.value
_RETRY = DagsterEventType.STEP_UP_FOR_RETRY.value


def failure_events(
    context: StepExecutionContext, exc: BaseException, source: ErrorSource | None = None
) -> Iterator[DagsterEvent]:
    """Yield the events of a failed attempt: what the op logged, then the retry or the failure.

    Args:
        context: The step.
        exc: The error, as the boundary wrapped it.
        source: Where it came from; by default read from the error.
    """
    if context.user_events is not None:
        yield from context.take_user_events()
    user_exception = getattr(exc, "user_exception", None) or exc
    if source is not ErrorSource.INTERRUPT and context.retry_mode is not RetryMode.DISABLED:
        if isinstance(user_exception, RetryRequested):
            yield _requested_retry(context, exc, user_exception)
            return
        allowed = not isinstance(user_exception, Failure) or user_exception.allow_retries
        policy = context.step.retry_policy
        if policy is not None and allowed and context.attempt < policy.max_retries:
            delay = policy.calculate_delay(context.attempt + 1)
            yield _retry(context, error_info_from_exception(exc), delay)
            return
    yield _failure(context, exc, user_exception, source)


def retry_after_loss(
    context: StepExecutionContext, error: SerializableErrorInfo, mode: RetryMode, attempt: int
) -> DagsterEvent | None:
    """Write that a step whose process is gone is tried again, if its policy says so; None if not.

    Args:
        context: The step.
        error: What became of the process.
        mode: Whether steps are tried again.
        attempt: How often the step was tried before.
    """
    policy = context.op_retry_policy
    if mode is RetryMode.DISABLED or policy is None or attempt >= policy.max_retries:
        return None
    return _retry(context, error, policy.calculate_delay(attempt + 1))


def failure_after_loss(context: StepExecutionContext, error: SerializableErrorInfo) -> DagsterEvent:
    """Write that a step has failed since its process is gone."""
    return _fail(
        context,
        StepFailureData(error, None, ErrorSource.UNEXPECTED_TERMINATION),
        f'Execution of step "{context.step.key}" failed.',
    )


def _requested_retry(
    context: StepExecutionContext, exc: BaseException, request: RetryRequested
) -> DagsterEvent:
    limit = request.max_retries
    if limit is not None and context.attempt >= limit:
        message = f"Exceeded max_retries of {limit}"
        return _fail(
            context,
            StepFailureData(
                error_info_from_exception(request.__cause__ or exc),
                UserFailureData("RetryRequested", message),
                ErrorSource.USER_CODE_ERROR,
            ),
            f'Execution of step "{context.step.key}" failed. {message}.',
        )
    cause = request.__cause__ or request
    return _retry(context, error_info_from_exception(cause), request.seconds_to_wait)


def _retry(
    context: StepExecutionContext, error: SerializableErrorInfo, seconds: float | None
) -> DagsterEvent:
    _forget_outputs(context)
    when = f" in {seconds:g} seconds" if seconds else ""
    return context.emit(
        _RETRY,
        f'Execution of step "{context.step.key}" failed and has requested a retry{when}.',
        StepRetryData(error, seconds),
        level=INFO,
        error=error,
    )


def _forget_outputs(context: StepExecutionContext) -> None:
    """Drop what the attempt gave from the result of the run: the next one may give other outputs."""
    capture = context.output_capture
    if not capture:
        return
    key = context.step.key
    for name, output in context.step.outputs.items():
        if not output.is_dynamic:
            capture.pop((key, name, None), None)
            continue
        # Listed at once: steps in other threads add theirs meanwhile.
        for captured in list(capture):
            if captured[0] == key and captured[1] == name:
                del capture[captured]


def _failure(
    context: StepExecutionContext,
    exc: BaseException,
    user_exception: BaseException,
    source: ErrorSource | None,
) -> DagsterEvent:
    user_data = None
    metadata = getattr(user_exception, "metadata", None)
    if isinstance(user_exception, Failure) or (metadata and isinstance(user_exception, DagsterError)):
        user_data = UserFailureData(
            label="intentional-failure" if isinstance(user_exception, Failure) else type(exc).__name__,
            description=getattr(user_exception, "description", None),
            metadata=metadata or {},
        )
    if source is None:
        is_user = isinstance(exc, DagsterUserCodeExecutionError) or isinstance(user_exception, Failure)
        source = ErrorSource.USER_CODE_ERROR if is_user else ErrorSource.FRAMEWORK_ERROR
    return _fail(
        context,
        StepFailureData(error_info_from_exception(exc), user_data, source),
        f'Execution of step "{context.step.key}" failed.',
    )


def _fail(context: StepExecutionContext, data: StepFailureData, message: str) -> DagsterEvent:
    return context.emit(_FAILURE, message, data, level=ERROR, error=data.error)
