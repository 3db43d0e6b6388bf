"""What is wrong with a config: each problem with its path, and the collector that one evaluation fills.

A path is kept as a chain of pairs while a config is walked, so that a level costs one tuple; only a
problem turns it into a list.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from enum import Enum
from typing import Any, TypeAlias

from dagster._text import listed, nearest, shown
from dagster._wire.record import Record

PathEntry: TypeAlias = str | int
Path: TypeAlias = "tuple[Path, PathEntry] | None"

_MAX_SUGGESTIONS = 5
_MAX_LISTED = 20
#: The key of nodes in the one vocabulary and in the other.
_OTHER_WORDS = {"solids": "ops", "ops": "solids"}
#: A suggestion looks at names of about the same length only, and at no more of them than this.
_MAX_CANDIDATES = 2_000


class DagsterEvaluationErrorReason(Enum):
    """Why a config was refused."""

    RUNTIME_TYPE_MISMATCH = "RUNTIME_TYPE_MISMATCH"
    MISSING_REQUIRED_FIELD = "MISSING_REQUIRED_FIELD"
    MISSING_REQUIRED_FIELDS = "MISSING_REQUIRED_FIELDS"
    UNDEFINED_FIELD = "UNDEFINED_FIELD"
    UNDEFINED_FIELDS = "UNDEFINED_FIELDS"
    SELECTOR_FIELD_ERROR = "SELECTOR_FIELD_ERROR"
    FAILED_POST_PROCESSING = "FAILED_POST_PROCESSING"
    FIELD_ALIAS_COLLISION = "FIELD_ALIAS_COLLISION"


class EvaluationError(Record, frozen=True):
    """One problem of a config.

    Args:
        stack: The path to it: names of fields and keys of maps as strings, indices of lists as ints.
        reason: The kind of problem.
        message: One sentence or more: where, what was expected, what came, what to do.
        field_names: The missing or unknown fields, or the fields given to a selector.
    """

    stack: list[str | int]
    reason: DagsterEvaluationErrorReason
    message: str
    field_names: list[str] = []

    @property
    def path(self) -> str:
        """The path as it is printed: ``solids → greet → config → times``."""
        return path_text(self.stack)

    def below(self, stack: Sequence[str | int], preamble: str = "") -> EvaluationError:
        """Return the problem as it is in a config of which this one is a part.

        Args:
            stack: The path of the part.
            preamble: What the message begins with, for instance who made the part.
        """
        whole = [*stack, *self.stack]
        message = self.message.replace(location_text(self.stack), location_text(whole), 1)
        return EvaluationError(whole, self.reason, preamble + message, self.field_names)


def path_entries(path: Path) -> list[PathEntry]:
    """Return the entries of a path from the root on."""
    entries: list[PathEntry] = []
    while path is not None:
        path, entry = path
        entries.append(entry)
    entries.reverse()
    return entries


def path_text(entries: Iterable[PathEntry]) -> str:
    """Return a path as text: ``ops → load → config → files[2]``."""
    text = ""
    for entry in entries:
        if isinstance(entry, int):
            text += f"[{entry}]"
        else:
            text += f" → {entry}" if text else entry
    return text


def location_text(entries: Sequence[PathEntry]) -> str:
    """Return ``at the root`` or ``at path …``."""
    return f"at path {path_text(entries)}" if entries else "at the root"


def suggestion(name: str, known: Collection[str]) -> str | None:
    """Return the nearest known name. Looks at a bounded number of names, whatever the schema's size."""
    other_word = _OTHER_WORDS.get(name)
    if other_word is not None and other_word in known:
        return other_word
    spread = max(2, len(name) // 2)
    candidates = [item for item in known if abs(len(item) - len(name)) <= spread]
    if len(candidates) > _MAX_CANDIDATES:
        candidates = [item for item in candidates if item[:1] == name[:1]][:_MAX_CANDIDATES]
    return nearest(name, candidates)


class Evaluation:
    """One walk over a config: what it shall do and which problems it found.

    Args:
        apply_defaults: Whether fields that are not given take their defaults.
        resolve: Whether environment variables are read and enum names become Python values.
    """

    __slots__ = ("apply_defaults", "errors", "in_default", "masked", "pure", "resolve")

    def __init__(self, *, apply_defaults: bool, resolve: bool) -> None:
        self.apply_defaults = apply_defaults
        self.resolve = resolve
        self.errors: list[EvaluationError] = []
        #: Inside a secret field: messages do not show values.
        self.masked = False
        #: Inside the default of a field, which will be cached as a whole.
        self.in_default = False
        #: False as soon as the result depends on more than the config: an environment variable.
        self.pure = True

    def for_default(self) -> Evaluation:
        """Return an evaluation of the same kind, without problems, for the default of a field."""
        other = Evaluation(apply_defaults=self.apply_defaults, resolve=self.resolve)
        other.masked = self.masked
        other.in_default = True
        return other

    def shown(self, value: object) -> str:
        """Return a value and its type for a message; nothing of the value inside a secret field."""
        if value is None:
            return "None"
        name = type(value).__name__
        return f"a hidden value ({name})" if self.masked else f"{shown(value)} ({name})"

    def add(
        self,
        path: Path,
        reason: DagsterEvaluationErrorReason,
        message: Callable[[str], str],
        field_names: Iterable[str] = (),
    ) -> None:
        """Record a problem. ``message`` takes the location (``at path …``) and returns the text."""
        stack = path_entries(path)
        self.errors.append(
            EvaluationError(stack, reason, message(location_text(stack)), list(field_names))
        )

    def mismatch(self, path: Path, message: Callable[[str], str]) -> None:
        """Record that a value is not of its type."""
        self.add(path, DagsterEvaluationErrorReason.RUNTIME_TYPE_MISMATCH, message)

    def unknown_fields(self, path: Path, names: list[str], known: Iterable[str], expected: str) -> None:
        """Record entries that the schema does not know, with the nearest names that it knows."""
        known_names = list(known)
        hints = [suggestion(name, known_names) for name in names[:_MAX_SUGGESTIONS]]
        if len(names) == 1:
            hint = f' Did you mean "{hints[0]}"?' if hints[0] else ""
            self.add(
                path,
                DagsterEvaluationErrorReason.UNDEFINED_FIELD,
                lambda at: (
                    f'Received unexpected config entry "{names[0]}" {at}.{hint} Expected: {expected}.'
                ),
                names,
            )
            return
        found = [
            f'"{hint}" instead of "{name}"' for name, hint in zip(names, hints, strict=False) if hint
        ]
        hint = f" Did you mean {', '.join(found)}?" if found else ""
        self.add(
            path,
            DagsterEvaluationErrorReason.UNDEFINED_FIELDS,
            lambda at: (
                f"Received unexpected config entries {listed(names)} {at}.{hint} Expected: {expected}."
            ),
            names,
        )

    def missing_fields(self, path: Path, names: list[str], sample: Callable[[list[str]], Any]) -> None:
        """Record required entries that are not there. ``sample`` returns what could be written."""
        written = shown(sample(names[:_MAX_LISTED]))
        if len(names) == 1:
            self.add(
                path,
                DagsterEvaluationErrorReason.MISSING_REQUIRED_FIELD,
                lambda at: (
                    f'Missing required config entry "{names[0]}" {at}. '
                    f"Sample config for missing entry: {written}"
                ),
                names,
            )
            return
        self.add(
            path,
            DagsterEvaluationErrorReason.MISSING_REQUIRED_FIELDS,
            lambda at: (
                f"Missing required config entries {listed(names)} {at}. "
                f"Sample config for missing entries: {written}"
            ),
            names,
        )
