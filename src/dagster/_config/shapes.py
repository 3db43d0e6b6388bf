"""The config types whose values are mappings with named fields: Shape, Permissive and Selector."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, cast

import dagster._check as check
from dagster._config.config_type import ConfigType, ConfigTypeKind, Conversions, digest, refuse_none
from dagster._config.depth import call_deep
from dagster._config.errors import DagsterEvaluationErrorReason, Evaluation, Path
from dagster._config.field import Field, copy_plain
from dagster._core.errors import (
    DagsterInvalidConfigDefinitionError,
    DagsterInvalidConfigError,
    DagsterInvalidDefinitionError,
)
from dagster._text import listed

_MAX_SHOWN_FIELDS = 8


class FieldsType(ConfigType):
    """Base of the types with named fields.

    Args:
        fields: Names to fields, or to what stands for one.
        description: What the type is for.

    Raises:
        DagsterInvalidConfigDefinitionError: When a name is no string or a field is no schema.
    """

    __slots__ = ("_fields",)

    has_fields = True
    implicit_default: ClassVar[Any] = cast("Mapping[str, Any]", MappingProxyType({}))

    def __init__(self, fields: Mapping[Any, Any], description: str | None = None) -> None:
        super().__init__(description=check.opt_str_param(description, "description"))
        if not isinstance(fields, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise DagsterInvalidConfigDefinitionError(
                fields,
                fields,
                [],
                f"The fields of a {type(self).__name__} are a dict of names to types.",
            )
        self._fields: dict[str, Field] = Conversions.to_fields(fields)

    @property
    def fields(self) -> Mapping[str, Field]:
        return self._fields

    def _key_content(self) -> str:
        parts: list[str] = [self.description or ""]
        for name in sorted(self._fields):
            field = self._fields[name]
            default = field.default_value_as_json_str if field.default_provided else ""
            parts.append(
                f"{name!r}:{field.config_type.key}:{field.is_required:d}{field.default_provided:d}"
                f"{field.is_secret:d}:{default!r}:{field.description!r}"
            )
        return "\n".join(parts)

    def _make_key(self) -> str:
        return f"{type(self).__name__}.{digest(self._key_content())}"

    def refuse_value(self, value: Any, path: Path, run: Evaluation) -> None:
        """Record that a value is not a mapping."""
        if value is None:
            refuse_none(self, path, run)
            return
        run.mismatch(
            path,
            lambda at: (
                f"Value {at} must be a mapping. Expected: {self.text()}, got: {run.shown(value)}."
            ),
        )

    def text(self, depth: int = 3) -> str:
        if depth <= 0:
            return "{…}"
        parts = [
            f"{name}{'' if field.is_required else '?'}: {field.config_type.text(depth - 1)}"
            for name, field in list(self._fields.items())[:_MAX_SHOWN_FIELDS]
        ]
        more = len(self._fields) - _MAX_SHOWN_FIELDS
        if more > 0:
            parts.append(f"and {more} more")
        return self._wrapped(parts)

    def _wrapped(self, parts: list[str]) -> str:
        return f"{{ {', '.join(parts)} }}" if parts else "{}"


class Shape(FieldsType):
    """A mapping with a fixed set of named fields.

    From the API reference. ``fields`` is as in the evaluation linear: only the given fields, the
    required ones and those with a default are looked at.

    Args:
        fields: Names to fields, or to what stands for one.
        description: What the shape is for.
        field_aliases: Names of fields to a second name under which each may be given too.
    """

    __slots__ = ("_aliases", "_default_config", "_defaulted", "_required", "field_aliases")

    kind = ConfigTypeKind.STRICT_SHAPE

    def __init__(
        self,
        fields: Mapping[Any, Any],
        description: str | None = None,
        field_aliases: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(fields, description)
        self.field_aliases: dict[str, str] = dict(
            check.opt_mapping_param(field_aliases, "field_aliases", str, str)
        )
        #: Second name → field name.
        self._aliases = {alias: name for name, alias in self.field_aliases.items()}
        self._check_aliases()
        self._required: tuple[str, ...] = tuple(
            name for name, field in self._fields.items() if field.is_required
        )
        self._defaulted: tuple[tuple[str, Field], ...] | None = None
        self._default_config: dict[str, Any] | None = None

    def _check_aliases(self) -> None:
        for name, alias in self.field_aliases.items():
            if name not in self._fields:
                raise DagsterInvalidDefinitionError(
                    f'field_aliases names "{name}", which is no field. Fields: {listed(self._fields)}.'
                )
            if alias in self._fields or self._aliases[alias] != name:
                raise DagsterInvalidDefinitionError(
                    f'The alias "{alias}" of field "{name}" is taken by another field.'
                )

    @property
    def has_implicit_default(self) -> bool:
        return not self._required

    @property
    def required_fields(self) -> tuple[str, ...]:
        """The names of the fields that must be given."""
        return self._required

    def default_config(self) -> dict[str, Any]:
        """Return what an empty config becomes; evaluated once when it depends on nothing else.

        Raises:
            DagsterInvalidConfigError: When fields are required or an environment variable is missing.
        """
        if self._default_config is not None:
            return call_deep(copy_plain, self._default_config)
        run = Evaluation(apply_defaults=True, resolve=True)
        value = call_deep(self.evaluate, {}, None, run)
        if run.errors:
            raise DagsterInvalidConfigError("The schema has no default config.", run.errors, {})
        if run.pure:
            self._default_config = value
            return call_deep(copy_plain, value)
        return value

    def _key_content(self) -> str:
        content = super()._key_content()
        return f"{content}\naliases {sorted(self.field_aliases.items())}" if self._aliases else content

    def evaluate(self, value: Any, path: Path, run: Evaluation) -> Any:
        if not isinstance(value, Mapping):
            self.refuse_value(value, path, run)
            return cast(object, value)
        given = cast("Mapping[Any, Any]", value)
        if self._aliases:
            given = self._without_aliases(given, path, run)
        fields = self._fields
        result: dict[str, Any] = {}
        unknown: dict[Any, Any] | None = None
        for key, item in given.items():
            field = fields.get(key)
            if field is None:
                if unknown is None:
                    unknown = {}
                unknown[key] = item
            elif field.is_secret:
                result[key] = field.evaluate(item, (path, key), run)
            else:
                result[key] = field.config_type.evaluate(item, (path, key), run)
        if unknown is not None:
            self._take_unknown(unknown, result, path, run)
        missing = [name for name in self._required if name not in given]
        if missing:
            run.missing_fields(path, missing, self._sample)
        if run.apply_defaults:
            defaulted = self._defaulted
            if defaulted is None:
                defaulted = self._defaulted = tuple(
                    (name, field) for name, field in fields.items() if field.default_provided
                )
            for name, field in defaulted:
                if name not in given:
                    result[name] = field.default_for((path, name), run)
        return result

    def _take_unknown(
        self, unknown: dict[Any, Any], result: dict[str, Any], path: Path, run: Evaluation
    ) -> None:
        """Deal with entries that are no fields: a strict shape refuses them."""
        run.unknown_fields(
            path, [str(key) for key in unknown], [*self._fields, *self._aliases], self.text(2)
        )

    def _without_aliases(self, given: Mapping[Any, Any], path: Path, run: Evaluation) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        for key, item in given.items():
            name = cast(str, self._aliases.get(key, key))
            if name in result:
                alias = self.field_aliases[name]
                run.add(
                    path,
                    DagsterEvaluationErrorReason.FIELD_ALIAS_COLLISION,
                    lambda at, name=name, alias=alias: (
                        f'Received both "{name}" and "{alias}" {at}, two names of one entry. '
                        "Give one of them."
                    ),
                    [name, alias],
                )
                continue
            result[name] = item
        return result

    def _sample(self, names: list[str]) -> dict[str, Any]:
        return {name: Conversions.to_sample(self._fields[name].config_type) for name in names}


class Permissive(Shape):
    """A mapping with some named fields, and any others beside them.

    From the API reference.

    Args:
        fields: Names to fields, or to what stands for one. Default: none.
        description: What it is for.
    """

    __slots__ = ()

    kind = ConfigTypeKind.PERMISSIVE_SHAPE

    def __init__(self, fields: Mapping[Any, Any] | None = None, description: str | None = None) -> None:
        super().__init__({} if fields is None else fields, description)

    def _take_unknown(
        self, unknown: dict[Any, Any], result: dict[str, Any], path: Path, run: Evaluation
    ) -> None:
        result.update(unknown)

    def _wrapped(self, parts: list[str]) -> str:
        return f"{{ {', '.join([*parts, '…'])} }}"


class Selector(FieldsType):
    """A mapping with exactly one of several named fields.

    From the API reference. A selector with a single field that need not be given may be empty.

    Args:
        fields: Names to fields, or to what stands for one; at least one.
        description: What it is for.

    Raises:
        DagsterInvalidConfigDefinitionError: When there are no fields.
    """

    __slots__ = ()

    kind = ConfigTypeKind.SELECTOR

    def __init__(self, fields: Mapping[Any, Any], description: str | None = None) -> None:
        super().__init__(fields, description)
        if not self._fields:
            raise DagsterInvalidConfigDefinitionError(
                fields, fields, [], "A Selector needs at least one field to select."
            )

    @property
    def has_implicit_default(self) -> bool:
        return len(self._fields) == 1 and not next(iter(self._fields.values())).is_required

    def evaluate(self, value: Any, path: Path, run: Evaluation) -> Any:
        if not isinstance(value, Mapping):
            self.refuse_value(value, path, run)
            return cast(object, value)
        given = cast("Mapping[Any, Any]", value)
        if len(given) != 1:
            return self._evaluate_empty(path, run) if not given else self._refuse_many(given, path, run)
        name, item = next(iter(given.items()))
        field = self._fields.get(name)
        if field is None:
            run.unknown_fields(path, [str(name)], self._fields, f"one of {listed(self._fields)}")
            return given
        if item is None:
            if self.has_implicit_default and not field.default_provided:
                return {name: None}  # what an empty one becomes, see _evaluate_empty
            if field.config_type.has_fields:
                item = {}  # in YAML, "in_process:" with nothing after it
        return {name: field.evaluate(item, (path, name), run)}

    def _evaluate_empty(self, path: Path, run: Evaluation) -> dict[str, Any]:
        if len(self._fields) > 1:
            self._refuse(
                path,
                run,
                lambda at: (
                    f"Must specify a field {at}: expected exactly one of {listed(self._fields)}, got none."
                ),
                [],
            )
            return {}
        name, field = next(iter(self._fields.items()))
        if field.is_required:
            self._refuse(
                path, run, lambda at: f'Must specify the required field {at}: "{name}" is missing.', []
            )
        elif run.apply_defaults:
            given = field.default_provided
            return {name: field.default_for((path, name), run) if given else None}
        return {}

    def _refuse_many(self, given: Mapping[Any, Any], path: Path, run: Evaluation) -> Mapping[Any, Any]:
        names = [str(key) for key in given]
        self._refuse(
            path,
            run,
            lambda at: (
                f"You can only specify a single field {at}: expected exactly one of "
                f"{listed(self._fields)}, got: {listed(names)}."
            ),
            names,
        )
        return given

    def _refuse(
        self, path: Path, run: Evaluation, message: Callable[[str], str], names: list[str]
    ) -> None:
        run.add(path, DagsterEvaluationErrorReason.SELECTOR_FIELD_ERROR, message, names)

    def _wrapped(self, parts: list[str]) -> str:
        return f"one of {{ {' | '.join(parts)} }}"
