"""Messages: one sentence shape for every refusal, and the nearest name when one was mistyped."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_MAX_REPR = 200
_MAX_LISTED = 20


def shown(value: object) -> str:
    """Return a short, safe ``repr`` of a value: a broken ``__repr__`` must not hide the message."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - user classes may raise anything in __repr__
        text = f"<unprintable {type(value).__name__}>"
    return text if len(text) <= _MAX_REPR else f"{text[: _MAX_REPR - 1]}…"


def expected(name: str, what: str, value: object) -> str:
    """Return ``expected NAME to be WHAT, got: VALUE (TYPE)``."""
    if value is None or isinstance(value, type):
        return f"expected {name} to be {what}, got: {shown(value)}"
    return f"expected {name} to be {what}, got: {shown(value)} ({type(value).__name__})"


def listed(names: Iterable[object]) -> str:
    """Return names quoted and separated by commas, cut after twenty."""
    items = [str(name) for name in names]
    text = ", ".join(f'"{item}"' for item in items[:_MAX_LISTED])
    more = len(items) - _MAX_LISTED
    return f"{text} and {more} more" if more > 0 else text or "(none)"


def nearest(name: str, known: Iterable[object]) -> str | None:
    """Return the known name nearest to a mistyped one, or None when none is near."""
    candidates = [str(item) for item in known]
    matches = difflib.get_close_matches(name, candidates, n=1, cutoff=0.6)
    if matches:
        return matches[0]
    lowered = {item.lower(): item for item in candidates}
    return lowered.get(name.lower())


def did_you_mean(name: str, known: Iterable[object]) -> str:
    """Return `` Did you mean "X"?`` with a leading space, or an empty string."""
    match = nearest(name, known)
    return f' Did you mean "{match}"?' if match is not None else ""


def unknown(what: str, name: str, known: Iterable[object]) -> str:
    """Return ``unknown WHAT "NAME".`` with the nearest known name, or all of them."""
    names = sorted(str(item) for item in known)
    hint = did_you_mean(name, names)
    return f'unknown {what} "{name}".{hint} Known: {listed(names)}.'
