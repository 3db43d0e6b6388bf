from __future__ import annotations

from dagster._cli.refusal import CodeRefusal, error_lines, refusal_of, wrapper_message
from dagster._core.errors import (
    DagsterExecutionLoadInputError,
    DagsterExecutionStepExecutionError,
    DagsterInvalidDefinitionError,
    DagsterInvariantViolationError,
    DagsterUserCodeLoadError,
)
from dagster._core.records.error_info import error_info_from_exception


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise error from cause
    except BaseException as exc:
        return exc


def test_wrong_use_and_code_that_is_wrong():
    assert refusal_of(DagsterInvariantViolationError("x")).exit_code == 2
    assert refusal_of(DagsterInvalidDefinitionError("x")).exit_code == 1


def test_the_users_stack_stands_above():
    user = raised(KeyError("settings"))
    refusal = refusal_of(DagsterUserCodeLoadError("It raised.", user_exception=user))
    assert isinstance(refusal, CodeRefusal)
    assert refusal.message == "It raised."
    assert refusal.stack.startswith("Traceback (most recent call last):\n")
    assert refusal.stack.endswith("KeyError: 'settings'\n")


def test_causes_come_first_as_python_has_it():
    lines = error_lines(error_info_from_exception(raised(KeyError("k"), raised(ValueError("deep")))))
    text = "\n".join(lines)
    assert (
        text.index("ValueError: deep")
        < text.index("direct cause of the following")
        < text.index("KeyError: 'k'")
    )


def test_wrappers_are_left_out_and_say_what_they_know():
    user = raised(ValueError("bad pickle"))
    step = error_info_from_exception(raised(DagsterExecutionStepExecutionError("Error in op"), user))
    assert error_lines(step)[-1] == "ValueError: bad pickle"
    assert wrapper_message(step) is None
    load = error_info_from_exception(
        raised(DagsterExecutionLoadInputError('Error loading input "x"'), user)
    )
    assert error_lines(load)[-1] == "ValueError: bad pickle"
    assert wrapper_message(load) == 'Error loading input "x"'
