"""The interface as the tables document it: names, parameters, members, enum values.

``interface.toml`` holds the facts. What it lists as ``later`` joins with the issue that brings it; nothing
else may be missing.
"""

from __future__ import annotations

import enum
import inspect
import re
import tomllib
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

import dagster
from dagster._names import PUBLIC
from tests.architecture.sources import ROOT

FACTS: dict[str, Any] = tomllib.loads(
    (ROOT / "tests" / "architecture" / "interface.toml").read_text(encoding="utf-8")
)
ENTRIES: dict[str, dict[str, Any]] = FACTS["name"]
REASONS: frozenset[str] = frozenset(FACTS["reasons"])


def resolve(name: str) -> Any:
    """Return what an entry is about: a public name, or one of the documented module paths."""
    path: str = ENTRIES[name].get("path", "")
    return load(path) if path else getattr(dagster, name)


def load(path: str) -> Any:
    module, _, attribute = path.rpartition(".")
    return getattr(import_module(module), attribute)


def later(name: str) -> set[str]:
    return {what for names in ENTRIES[name].get("later", {}).values() for what in names}


def with_key(*keys: str) -> list[str]:
    return [name for name, entry in ENTRIES.items() if any(key in entry for key in keys)]


# Parameters


class Accepted:
    """What a callable accepts: by keyword, and by position in this order."""

    def __init__(self, target: Any) -> None:
        parameters = list(inspect.signature(target).parameters.values())
        if parameters and parameters[0].name in ("self", "cls"):
            parameters = parameters[1:]
        kind = inspect.Parameter
        self.by_position = [
            p.name for p in parameters if p.kind in (kind.POSITIONAL_ONLY, kind.POSITIONAL_OR_KEYWORD)
        ]
        self.by_keyword = {
            p.name for p in parameters if p.kind in (kind.POSITIONAL_OR_KEYWORD, kind.KEYWORD_ONLY)
        }
        self.has_default = {p.name for p in parameters if p.default is not kind.empty}
        self.any_position = any(p.kind is kind.VAR_POSITIONAL for p in parameters)
        self.any_keyword = any(p.kind is kind.VAR_KEYWORD for p in parameters)


def problems(accepted: Accepted, documented: list[str], left_out: set[str]) -> Iterator[str]:
    """Yield what a callable does not accept of what is documented: ``name`` or ``name=``, ``*``, ``**``."""
    position: int | None = 0
    for parameter in documented:
        name = parameter.rstrip("=")
        if name.startswith("**"):
            if not accepted.any_keyword:
                yield f"no {name}"
            continue
        if name.startswith("*"):
            if name != "*" and not accepted.any_position:
                yield f"no {name}"
            position = None
            continue
        if name == "/":
            continue
        if name in left_out:
            if name in accepted.by_keyword:
                yield f"{name} is there and need not be listed as later"
            # What comes after it upstream cannot be given by position as upstream counts.
            position = None
            continue
        if name not in accepted.by_keyword:
            yield f"no parameter {name}"
            continue
        if parameter.endswith("=") and name not in accepted.has_default:
            yield f"{name} has no default"
        if position is not None:
            if accepted.by_position[position : position + 1] != [name]:
                yield f"{name} is not accepted as positional argument {position + 1}"
                position = None
            else:
                position += 1


@pytest.mark.parametrize("name", list(ENTRIES))
def test_name_resolves(name: str) -> None:
    assert resolve(name) is not None


@pytest.mark.parametrize("name", with_key("parameters"))
def test_parameters(name: str) -> None:
    found = list(problems(Accepted(resolve(name)), ENTRIES[name]["parameters"], later(name)))
    assert not found, (name, found)


@pytest.mark.parametrize("name", with_key("older_parameters"))
def test_parameters_of_the_older_generation(name: str) -> None:
    """Where the generations count positions differently, the newer one's hold; keywords hold for both."""
    documented: list[str] = ENTRIES[name]["older_parameters"]
    if "parameters" in ENTRIES[name]:
        documented = ["*", *documented]
    found = list(problems(Accepted(resolve(name)), documented, later(name)))
    assert not found, (name, found)


# Members


def has_attribute(cls: type, name: str) -> bool:
    """Whether instances of a class have an attribute, without making one."""
    if inspect.getattr_static(cls, name, None) is not None:
        return True
    if name in getattr(cls, "model_fields", ()) or name in getattr(cls, "__struct_fields__", ()):
        return True
    if any(name in getattr(base, "__annotations__", ()) for base in cls.__mro__):
        return True
    return any(
        re.search(rf"\bself\.{name}\b(:[^=\n]+)? = ", inspect.getsource(base.__init__))
        for base in cls.__mro__
        if inspect.isfunction(base.__dict__.get("__init__"))
    )


def split(method: str) -> tuple[str, list[str]]:
    name, _, parameters = method.rstrip(")").partition("(")
    return name, [part.strip() for part in parameters.split(",") if part.strip()]


@pytest.mark.parametrize("name", with_key("attributes", "methods"))
def test_members(name: str) -> None:
    cls = resolve(name)
    made = load(ENTRIES[name]["instances"]) if "instances" in ENTRIES[name] else cls
    left_out = later(name)
    found: list[str] = []
    for attribute in ENTRIES[name].get("attributes", ()):
        is_later = bool(left_out & {attribute, f".{attribute}"})
        if has_attribute(made, attribute) == is_later:
            found.append(f"attribute {attribute}" + " is there" * is_later)
    for method in ENTRIES[name].get("methods", ()):
        method_name, documented = split(method)
        target = getattr(cls, method_name, None) or getattr(made, method_name, None)
        if (target is not None) == (method_name in left_out):
            found.append(f"method {method}" + " is there" * (method_name in left_out))
        elif method_name not in left_out:
            missing = {p.partition(".")[2] for p in left_out if p.startswith(f"{method_name}.")}
            found += [f"{method_name}: {p}" for p in problems(Accepted(target), documented, missing)]
    assert not found, (name, found)


@pytest.mark.parametrize("name", with_key("values"))
def test_enum_values(name: str) -> None:
    cls: type[enum.Enum] = resolve(name)
    documented: dict[str, str] = ENTRIES[name]["values"]
    assert {member: cls.__members__[member].value for member in documented} == documented


def test_exceptions_form_the_documented_tree() -> None:
    errors = [name for name in ENTRIES if ENTRIES[name].get("exception")]
    assert errors
    assert all(issubclass(getattr(dagster, name), dagster.DagsterError) for name in errors)


# The data file itself


def test_every_public_name_is_documented() -> None:
    """A name that the tables do not know is public only if it is listed with why."""
    known = {name for name in ENTRIES if "path" not in ENTRIES[name]}
    assert set(PUBLIC) - known == set(FACTS["ours"])


def test_later_names_are_not_there_yet() -> None:
    names = {name for listed in FACTS["later"].values() for name in listed}
    assert not names & set(ENTRIES)
    assert not names & set(PUBLIC)


def test_each_later_has_a_known_reason() -> None:
    used = set(FACTS["later"])
    for entry in ENTRIES.values():
        used |= set(entry.get("later", {}))
    assert used <= REASONS
