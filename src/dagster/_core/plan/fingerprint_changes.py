"""What has changed between two fingerprints of a step, in words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, cast

from dagster._core.events.payloads import StepFingerprint
from dagster._text import shown

NOT_RECORDED = "no fingerprint recorded"
_HIDDEN = "(from the environment)"
_FUNCTION_KINDS = ("function ", "class ")


def same_fingerprint(old: StepFingerprint | None, new: StepFingerprint) -> bool:
    """Return whether two steps would make the same. What cannot be compared is never the same."""
    return (
        old is not None
        and not old.problems
        and not new.problems
        and old.code == new.code
        and old.config == new.config
        and old.resources == new.resources
        and old.inputs == new.inputs
        and old.python == new.python
    )


def explain_changes(
    old: StepFingerprint | None,
    new: StepFingerprint,
    old_parts: Mapping[str, str] | None = None,
    config_changes: Sequence[str] = (),
) -> list[str]:
    """Return why a step counts as changed, each reason a clause; empty if it does not.

    Args:
        old: What made its outputs before; None if nobody recorded it.
        new: What would make them now.
        old_parts: The parts of the old code, if they were recorded.
        config_changes: What changed in its config, if that is known.
    """
    if old is None:
        return [NOT_RECORDED]
    if same_fingerprint(old, new):
        return []
    reasons = [f"cannot be compared: {problem}" for problem in new.problems]
    if not reasons:
        reasons += [f"could not be compared when it ran: {problem}" for problem in old.problems]
    if old.python != new.python and old.python and new.python:
        reasons.append(f"its code was compiled by {old.python}, and now by {new.python}")
    elif old.code != new.code:
        reasons += _code_changes(old, new, old_parts)
    if old.config != new.config:
        reasons.append("config changed" + (f": {'; '.join(config_changes)}" if config_changes else ""))
    reasons += _resource_changes(old, new, old_parts)
    reasons += _input_changes(old, new)
    return reasons or ["it was compiled or versioned in another way"]


def _code_changes(
    old: StepFingerprint, new: StepFingerprint, old_parts: Mapping[str, str] | None
) -> list[str]:
    if old.code_version != new.code_version:
        versions = [
            "none" if version is None else f'"{version}"'
            for version in (old.code_version, new.code_version)
        ]
        return [f"code_version changed: {' -> '.join(versions)}"]
    found = list(_part_changes(old_parts, new.parts, ""))
    return found or [
        "its outputs changed" if new.code_version is not None else f"code of {_own_name(new)} changed"
    ]


def _own_name(new: StepFingerprint) -> str:
    return next(iter(new.parts or ()), "its function")


def _part_changes(
    old: Mapping[str, str] | None, new: Mapping[str, str] | None, prefix: str
) -> Iterator[str]:
    """Yield which parts of the code changed, and which came and went."""
    if not old or not new:
        return
    ours = {name: digest for name, digest in new.items() if _is_under(name, prefix)}
    theirs = {name: digest for name, digest in old.items() if _is_under(name, prefix)}
    for name, digest in ours.items():
        shown_name = name.removeprefix(prefix)
        if name not in theirs:
            yield f"{shown_name} is new"
        elif theirs[name] != digest:
            of = "code of " if shown_name.startswith(_FUNCTION_KINDS) else ""
            yield f"{of}{shown_name} changed"
    for name in theirs:
        if name not in ours:
            yield f"{name.removeprefix(prefix)} is no longer used"


def _is_under(name: str, prefix: str) -> bool:
    return name.startswith(prefix) if prefix else not name.startswith('resource "')


def _resource_changes(
    old: StepFingerprint, new: StepFingerprint, old_parts: Mapping[str, str] | None
) -> Iterator[str]:
    for key, digest in new.resources.items():
        if key not in old.resources:
            yield f'resource "{key}" is new'
        elif old.resources[key] != digest:
            found = list(_part_changes(old_parts, new.parts, f'resource "{key}": '))
            yield f'resource "{key}" changed' + (f": {', '.join(found)}" if found else "")
    for key in old.resources:
        if key not in new.resources:
            yield f'resource "{key}" is no longer used'


def _input_changes(old: StepFingerprint, new: StepFingerprint) -> Iterator[str]:
    for name, digest in new.inputs.items():
        what = "the partition" if name == "partition" else f'input "{name}"'
        if name not in old.inputs:
            yield f"{what} is new"
        elif old.inputs[name] != digest:
            yield f"{what} changed" if name == "partition" else f"{what} comes from elsewhere"
    for name in old.inputs:
        if name not in new.inputs:
            yield f'input "{name}" is gone'


def config_differences(old: Any, new: Any, secrets: Collection[str] = (), path: str = "") -> list[str]:
    """Return where two configs differ, as ``path old -> new``.

    Args:
        old: The config before.
        new: The config now.
        secrets: Texts that came from the environment, which are not shown.
        path: Where in the config this is.
    """
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        ours, theirs = cast(Mapping[str, Any], new), cast(Mapping[str, Any], old)
        found: list[str] = []
        for key in dict.fromkeys([*theirs, *ours]):
            inner = f"{path}.{key}" if path else str(key)
            if key not in ours:
                found.append(f"{inner} removed (was {_value(theirs[key], secrets)})")
            elif key not in theirs:
                found.append(f"{inner} added ({_value(ours[key], secrets)})")
            else:
                found += config_differences(theirs[key], ours[key], secrets, inner)
        return found
    if _is_same(old, new):
        return []
    change = f"{_value(old, secrets)} -> {_value(new, secrets)}"
    return [f"{path} {change}" if path else change]


def _is_same(old: Any, new: Any) -> bool:
    return type(old) is type(new) and old == new


def _value(value: Any, secrets: Collection[str]) -> str:
    if secrets and _holds(value, secrets):
        return _HIDDEN
    return shown(value)


def _holds(value: Any, secrets: Collection[str]) -> bool:
    if isinstance(value, Mapping):
        return any(_holds(item, secrets) for item in cast(Mapping[Any, Any], value).values())
    if isinstance(value, (list, tuple)):
        return any(_holds(item, secrets) for item in cast(Sequence[Any], value))
    return str(value) in secrets
