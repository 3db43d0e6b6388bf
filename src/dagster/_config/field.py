"""A field: one entry of a config, its type, whether it must be given, and what it is when it is not."""

from __future__ import annotations

from enum import Enum as PythonEnum
from typing import Any, Final, cast

import msgspec

import dagster._check as check
from dagster._config.config_type import ConfigType, Enum, resolved_part
from dagster._config.depth import call_deep
from dagster._config.errors import Evaluation, Path
from dagster._core.errors import (
    DagsterInvalidConfigDefinitionError,
    DagsterInvalidConfigError,
    DagsterInvalidDefinitionError,
)
from dagster._text import shown


class FIELD_NO_DEFAULT:  # noqa: N801 - a marker, written like the constant that it is
    """Stands for "no default": None is a default like any other."""


FIELD_NO_DEFAULT_PROVIDED = FIELD_NO_DEFAULT
_UNSET: Final = object()


def copy_plain(value: Any) -> Any:
    """Return a copy of plain dicts and lists, sharing everything in them that is neither."""
    if type(value) is dict:
        return {key: copy_plain(item) for key, item in cast("dict[Any, Any]", value).items()}
    if type(value) is list:
        return [copy_plain(item) for item in cast("list[Any]", value)]
    return value


def _encode_other(value: object) -> str:
    return shown(value)


class Field:
    """One entry of a config.

    From the API reference.

    Args:
        config: The schema of the entry: a config type, or plain Python that stands for one.
        default_value: What the entry is when it is not given. For an enum, its name as in the config.
        is_required: Whether it must be given. Default: not when there is a default, or when an empty
            mapping is a valid config of the type.
        description: What it is for.
        is_secret: Whether messages shall not show its value.

    Raises:
        DagsterInvalidConfigDefinitionError: When ``config`` is no schema.
        DagsterInvalidConfigError: When the default is no valid config.
        DagsterInvalidDefinitionError: When a required field has a default, or the default of an enum
            field is a member of a Python enum.
    """

    __slots__ = (
        "_applied",
        "_default",
        "_default_value",
        "_processed",
        "config_type",
        "default_provided",
        "description",
        "is_required",
        "is_secret",
    )

    def __init__(
        self,
        config: Any,
        default_value: Any = FIELD_NO_DEFAULT,
        is_required: bool | None = None,
        description: str | None = None,
        is_secret: bool = False,
    ) -> None:
        if isinstance(config, Field):
            raise DagsterInvalidConfigDefinitionError(
                config, config, [], "A Field cannot be the type of another Field: use one of them."
            )
        self.config_type: ConfigType = resolved_part(config)
        self.description = check.opt_str_param(description, "description")
        self.is_secret = check.bool_param(is_secret, "is_secret")
        given = default_value is not FIELD_NO_DEFAULT
        if given and is_required:
            raise DagsterInvalidDefinitionError(
                "A required field cannot have a default value, "
                f"got: {shown(default_value)}. Leave out is_required=True or default_value."
            )
        #: What is evaluated when the field is not given.
        self._default: Any = FIELD_NO_DEFAULT
        #: The default as a reader sees it; for an implicit one computed when first asked for.
        self._default_value: Any = _UNSET
        self._applied: Any = _UNSET
        self._processed: Any = _UNSET
        if given:
            self._default = self._default_value = default_value
            self._check_default()
        elif is_required is None and self.config_type.has_implicit_default:
            self._default = self.config_type.implicit_default
        self.default_provided: bool = self._default is not FIELD_NO_DEFAULT
        self.is_required: bool = not self.default_provided if is_required is None else bool(is_required)

    def _check_default(self) -> None:
        value = self._default
        if isinstance(value, PythonEnum) and isinstance(self.config_type, Enum):
            raise DagsterInvalidDefinitionError(
                f"The default of a field of enum type {self.config_type.given_name} is the name of the "
                f"value as in the config, got the member of a Python enum: {shown(value)}. "
                f'Write default_value="{value.name}".'
            )
        run = Evaluation(apply_defaults=False, resolve=False)
        run.masked = self.is_secret
        call_deep(self.config_type.evaluate, value, None, run)
        if run.errors:
            raise DagsterInvalidConfigError("Invalid default_value for Field.", run.errors, value)

    @property
    def default_value(self) -> Any:
        """The default, for an implicit one with the defaults of the fields in it.

        Raises:
            CheckError: When there is none; see ``default_provided``.
        """
        if not self.default_provided:
            raise check.CheckError(
                "expected a field with a default value, got a field without: look at default_provided"
            )
        if self._default_value is _UNSET:
            run = Evaluation(apply_defaults=True, resolve=False)
            self._default_value = call_deep(self.config_type.evaluate, self._default, None, run)
        return self._default_value

    @property
    def default_value_as_json_str(self) -> str:
        """The default as JSON; what JSON does not know is shown as Python shows it."""
        value = self.default_value
        try:
            raw = msgspec.json.encode(value, enc_hook=_encode_other)
        except (TypeError, ValueError, RecursionError, msgspec.MsgspecError):
            raw = msgspec.json.encode(shown(value))
        return msgspec.json.format(raw, indent=0).decode()

    def default_for(self, path: Path, run: Evaluation) -> Any:
        """Return what the field is when it is not given, evaluated as ``run`` says.

        A default that depends on nothing but the schema is evaluated once and copied from then on. Only
        the outermost of nested defaults is kept, so that a deep schema costs what it is long.
        """
        cached = self._processed if run.resolve else self._applied
        if cached is not _UNSET:
            return copy_plain(cached)
        if run.in_default and not self.is_secret:
            return self.config_type.evaluate(self._default, path, run)
        inner = run.for_default()
        inner.masked = run.masked or self.is_secret
        value = self.config_type.evaluate(self._default, path, inner)
        if inner.errors:
            run.errors.extend(inner.errors)
            run.pure = False
        elif not inner.pure:
            run.pure = False
        elif run.resolve:
            self._processed = value
            return copy_plain(value)
        else:
            self._applied = value
            return copy_plain(value)
        return value

    def evaluate(self, value: Any, path: Path, run: Evaluation) -> Any:
        """Check a value and return what it stands for, as the type of the field does."""
        if not self.is_secret or run.masked:
            return self.config_type.evaluate(value, path, run)
        run.masked = True
        try:
            return self.config_type.evaluate(value, path, run)
        finally:
            run.masked = False

    def __repr__(self) -> str:
        required = "required" if self.is_required else "optional"
        return f"<Field {self.config_type.text()} {required}>"
