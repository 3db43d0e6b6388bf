"""Values that are written in the config or taken from an environment variable."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, cast

from dagster._config.config_type import Bool, Int, ScalarType, ScalarUnion, String
from dagster._config.env_var import EnvVar, IntEnvVar, env_source
from dagster._config.errors import DagsterEvaluationErrorReason, Evaluation, Path
from dagster._config.shapes import Selector

_TRUE = frozenset(("true", "1", "yes", "on"))
_FALSE = frozenset(("false", "0", "no", "off", ""))


def _parse_string(text: str) -> str:
    return text


def _parse_bool(text: str) -> bool:
    lowered = text.strip().lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise ValueError(text)


class SourceType(ScalarUnion):
    """A scalar, or ``{"env": NAME}``: the value of an environment variable when the config is used.

    Args:
        given_name: The name of the type.
        scalar_type: The scalar.
        wanted: What the variable's text must be, for the message when it is not.
        parse: Makes the scalar of the text, or raises ValueError.
    """

    __slots__ = ("_parse", "_wanted")

    def __init__(
        self, given_name: str, scalar_type: ScalarType, wanted: str, parse: Callable[[str], Any]
    ) -> None:
        super().__init__(scalar_type, Selector({"env": String}), _key=given_name)
        self.given_name = given_name
        self._wanted = wanted
        self._parse = parse

    def evaluate(self, value: Any, path: Path, run: Evaluation) -> Any:
        if isinstance(value, (EnvVar, IntEnvVar)):
            value = env_source(value)
        before = len(run.errors)
        value = super().evaluate(value, path, run)
        if not run.resolve or len(run.errors) > before or not isinstance(value, Mapping):
            return cast(object, value)
        run.pure = False
        return self._lookup(cast("Mapping[str, str]", value)["env"], path, run)

    def text(self, depth: int = 3) -> str:
        return self.given_name or "Source"

    def expected_text(self) -> str:
        return f'{self.text()} ({self._wanted} or {{"env": NAME}})'

    def _lookup(self, name: str, path: Path, run: Evaluation) -> Any:
        text = os.environ.get(name)
        if text is None:
            run.add(
                path,
                DagsterEvaluationErrorReason.FAILED_POST_PROCESSING,
                lambda at: (
                    f'You have attempted to fetch the environment variable "{name}" {at}, and it is not '
                    f"set. Set {name} for this process, or write the value into the config."
                ),
            )
            return None
        try:
            return self._parse(text)
        except ValueError:
            run.add(
                path,
                DagsterEvaluationErrorReason.FAILED_POST_PROCESSING,
                lambda at: (
                    f'The environment variable "{name}" {at} cannot be used: expected {self._wanted}, '
                    f"got: {run.shown(text)}."
                ),
            )
            return None


#: A string, or ``{"env": NAME}``.
StringSource = SourceType("StringSource", String, "a string", _parse_string)
#: An int, or ``{"env": NAME}``.
IntSource = SourceType("IntSource", Int, "a whole number", int)
#: A bool, or ``{"env": NAME}`` with ``true``, ``1``, ``yes``, ``on`` or their opposites.
BoolSource = SourceType("BoolSource", Bool, "true or false", _parse_bool)
