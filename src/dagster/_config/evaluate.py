"""Evaluating config: check it, apply defaults, read environment variables. All problems at once."""

from __future__ import annotations

from typing import Any

from dagster._config.config_type import ConfigType
from dagster._config.depth import call_deep
from dagster._config.errors import Evaluation, EvaluationError
from dagster._config.field import Field
from dagster._config.resolve import resolve_to_config_type
from dagster._core.errors import DagsterInvalidConfigError


class EvaluateValueResult:
    """What an evaluation came to.

    Args:
        success: Whether there is no problem.
        value: The config, when there is none.
        errors: The problems.
    """

    __slots__ = ("errors", "success", "value")

    def __init__(
        self, success: bool, value: Any = None, errors: list[EvaluationError] | None = None
    ) -> None:
        self.success = success
        self.value = value
        self.errors: list[EvaluationError] = errors if errors is not None else []

    @staticmethod
    def for_value(value: Any) -> EvaluateValueResult:
        """Return the result of an evaluation that found no problem."""
        return EvaluateValueResult(True, value)

    @staticmethod
    def for_error(error: EvaluationError) -> EvaluateValueResult:
        """Return the result of an evaluation that found one problem."""
        return EvaluateValueResult(False, None, [error])

    @staticmethod
    def for_errors(errors: list[EvaluationError]) -> EvaluateValueResult:
        """Return the result of an evaluation that found problems."""
        return EvaluateValueResult(False, None, errors)

    def value_or_raise(self, preamble: str, config_value: object = None) -> Any:
        """Return the value.

        Args:
            preamble: The first line of the error, what was being configured.
            config_value: The config as given, for the error.

        Raises:
            DagsterInvalidConfigError: When there are problems.
        """
        if not self.success:
            raise DagsterInvalidConfigError(preamble, self.errors, config_value)
        return self.value

    def __repr__(self) -> str:
        if self.success:
            return f"EvaluateValueResult(value={self.value!r})"
        return f"EvaluateValueResult(errors={[error.message for error in self.errors]!r})"


def _evaluate(type_or_field: Any, value: Any, run: Evaluation) -> EvaluateValueResult:
    target: ConfigType | Field = (
        type_or_field if isinstance(type_or_field, Field) else resolve_to_config_type(type_or_field)
    )
    result = call_deep(_walk, target, value, run)
    return (
        EvaluateValueResult.for_errors(run.errors) if run.errors else EvaluateValueResult(True, result)
    )


def _walk(target: ConfigType | Field, value: Any, run: Evaluation) -> Any:
    run.errors.clear()
    run.pure = True
    return target.evaluate(value, None, run)


def process_config(type_or_field: Any, value: Any) -> EvaluateValueResult:
    """Check a config and return what user code receives: defaults applied, environment variables read,
    enum names turned into Python values.

    Args:
        type_or_field: A config type or field, or plain Python that stands for one.
        value: The config.

    Returns:
        The value in plain dicts and lists (always new ones), or all problems.
    """
    return _evaluate(type_or_field, value, Evaluation(apply_defaults=True, resolve=True))


def validate_config(type_or_field: Any, value: Any) -> EvaluateValueResult:
    """Check a config, and nothing else: no defaults, no environment variables, enums stay names.

    Args:
        type_or_field: A config type or field, or plain Python that stands for one.
        value: The config.

    Returns:
        The value as given, or all problems.
    """
    result = _evaluate(type_or_field, value, Evaluation(apply_defaults=False, resolve=False))
    return EvaluateValueResult(True, value) if result.success else result


def apply_defaults(type_or_field: Any, value: Any) -> EvaluateValueResult:
    """Check a config and apply defaults, but read no environment variables and keep enums as names.

    Applied to its own result it changes nothing.

    Args:
        type_or_field: A config type or field, or plain Python that stands for one.
        value: The config.

    Returns:
        The value in plain dicts and lists, or all problems.
    """
    return _evaluate(type_or_field, value, Evaluation(apply_defaults=True, resolve=False))


#: The older name.
resolve_defaults = apply_defaults
