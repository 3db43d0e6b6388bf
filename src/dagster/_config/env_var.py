"""Values that stand for an environment variable and are read when a run starts."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, NoReturn, cast

_HOW = (
    "It defers the reading of the environment variable until run time, and should only be used as config "
    "of resources and ops, or in a RunConfig. To read the variable now, call `get_value` on it or use "
    "os.getenv."
)


def _refuse(value: EnvVar | IntEnvVar) -> NoReturn:
    raise RuntimeError(f"Attempted to directly retrieve environment variable {value!r}. {_HOW}")


class IntEnvVar(int):
    """A whole number that is read from an environment variable at run time; made by :meth:`EnvVar.int`."""

    env_var_name: str

    @classmethod
    def create(cls, name: str) -> IntEnvVar:
        """Return the value that stands for the variable of that name."""
        value = cls(0)
        value.env_var_name = name
        return value

    def get_value(self, default: int | None = None) -> int | None:
        """Return the value of the variable now.

        Args:
            default: What to return when it is not set.

        Raises:
            ValueError: It is set, but not to a whole number.
        """
        text = os.getenv(self.env_var_name)
        if text is None:
            return default
        try:
            return int(text)
        except ValueError:
            raise ValueError(
                f'The environment variable "{self.env_var_name}" cannot be used: expected a whole '
                f"number, got: {text!r}"
            ) from None

    def __int__(self) -> int:
        _refuse(self)

    def __str__(self) -> str:  # noqa: PLE0307 - always refuses
        _refuse(self)

    def __format__(self, format_spec: str) -> str:
        _refuse(self)

    def __bool__(self) -> bool:
        # An object that stands for a number which is not known yet is there.
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IntEnvVar) and self.env_var_name == other.env_var_name

    def __ne__(self, other: object) -> bool:
        # int has one of its own, which would compare the zeros.
        return not self == other

    def __hash__(self) -> int:
        return hash((IntEnvVar, self.env_var_name))

    def __repr__(self) -> str:
        return f'EnvVar.int("{self.env_var_name}")'

    def __reduce__(self) -> tuple[Any, ...]:
        return (IntEnvVar.create, (self.env_var_name,))


class EnvVar(str):
    """A string that is read from an environment variable at run time.

    From the "Config" part of the API documents. It can stand wherever a config field of a pydantic
    resource or config class takes a string.

    Args:
        name: The name of the variable.

    Examples:
        >>> MyResource(password=EnvVar("DB_PASSWORD"), port=EnvVar.int("DB_PORT"))
    """

    __slots__ = ()

    @classmethod
    def int(cls, name: str) -> IntEnvVar:
        """Return a whole number that is read from the variable of that name."""
        return IntEnvVar.create(name)

    @property
    def env_var_name(self) -> str:
        """The name of the variable."""
        return str.__str__(self)

    def get_value(self, default: str | None = None) -> str | None:
        """Return the value of the variable now.

        Args:
            default: What to return when it is not set.
        """
        return os.getenv(self.env_var_name, default)

    def __str__(self) -> str:  # noqa: PLE0307 - always refuses
        _refuse(self)

    def __format__(self, format_spec: str) -> str:
        _refuse(self)

    def __repr__(self) -> str:
        return f'EnvVar("{self.env_var_name}")'


def env_source(value: EnvVar | IntEnvVar) -> dict[str, str]:
    """Return the config that reads the variable: ``{"env": NAME}``."""
    return {"env": value.env_var_name}


def holds_env_var(value: object) -> bool:
    """Return whether a value is, or holds in lists and dicts, a variable to be read at run time."""
    if isinstance(value, (EnvVar, IntEnvVar)):
        return True
    items: Iterable[object] = ()
    if isinstance(value, dict):
        items = cast("dict[object, object]", value).values()
    elif isinstance(value, (list, tuple, set, frozenset)):
        items = cast("Iterable[object]", value)
    return any(holds_env_var(item) for item in items)
