"""Run config from YAML: files, strings and package resources, merged.

Dates stay strings, as JSON would have them, and ``1e-3`` is a number, as everyone but YAML 1.1 thinks.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import dagster._check as check
from dagster._config.field import copy_plain
from dagster._core.errors import DagsterInvariantViolationError
from dagster._text import shown

if TYPE_CHECKING:
    import yaml

_FLOAT_TAG = "tag:yaml.org,2002:float"
_TIMESTAMP_TAG = "tag:yaml.org,2002:timestamp"


@cache
def _loader() -> type[yaml.SafeLoader]:
    """Return the loader class: the safe one in C, or in Python where PyYAML was built without."""
    import yaml

    base = cast("type[yaml.SafeLoader]", getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    resolvers: dict[str, list[tuple[str, Any]]] = getattr(base, "yaml_implicit_resolvers")  # noqa: B009

    class RunConfigLoader(base):
        yaml_implicit_resolvers = {
            first: [(tag, pattern) for tag, pattern in found if tag != _TIMESTAMP_TAG]
            for first, found in resolvers.items()
        }

    RunConfigLoader.add_implicit_resolver(  # pyright: ignore[reportUnknownMemberType]
        _FLOAT_TAG, re.compile(r"^[-+]?[0-9][0-9_]*(\.[0-9_]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
    )
    return RunConfigLoader


def load_yaml(text: str, source: str = "YAML string") -> Any:
    """Return what a YAML document says.

    Args:
        text: The document.
        source: Where it comes from, for errors.

    Raises:
        DagsterInvariantViolationError: When it is not YAML; names the source, line and column.
    """
    import yaml

    try:
        return yaml.load(text, Loader=_loader())
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or str(error)
        raise DagsterInvariantViolationError(
            f"Encountered error attempting to parse yaml: {source}{where}: {problem}."
        ) from error


def _load_mapping(text: str, source: str) -> dict[str, Any]:
    value = load_yaml(text, source)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise DagsterInvariantViolationError(
            f"Expected YAML from {source} to parse to a mapping, got: {shown(value)} "
            f"({type(value).__name__}). Run config is a mapping: ops, resources, execution, loggers."
        )
    return cast("dict[str, Any]", value)


def dump_yaml(value: Any) -> str:
    """Return plain dicts, lists and scalars as YAML in block style, keys in their order."""
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return yaml.dump(value, Dumper=dumper, default_flow_style=False, sort_keys=False, allow_unicode=True)


def merge_dicts(*dicts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a new dict with everything of all of them; where two differ, the later one wins.

    Mappings are merged key by key, at every level; lists and scalars are replaced.
    """
    merged: dict[str, Any] = {}
    for given in dicts:
        _merge_into(merged, given)
    return merged


def _merge_into(target: dict[str, Any], given: Mapping[str, Any]) -> None:
    for key, item in given.items():
        current = target.get(key)
        if isinstance(item, Mapping):
            part = cast("Mapping[str, Any]", item)
            if not isinstance(current, dict):
                target[key] = current = {}
            _merge_into(cast("dict[str, Any]", current), part)
        else:
            target[key] = copy_plain(item)


def config_from_files(config_files: Sequence[str]) -> Mapping[str, Any]:
    """Return the run config of YAML files, merged; later files win.

    From the API reference.

    Args:
        config_files: Paths or glob patterns. The files of one pattern are merged in alphabetical order.

    Returns:
        The merged config.

    Raises:
        DagsterInvariantViolationError: When a path or pattern matches no file, or a file is no YAML
            mapping.
    """
    check.sequence_param(config_files, "config_files", (str, os.PathLike))
    files: list[str] = []
    for pattern in config_files:
        name = os.fspath(pattern)
        # A path that exists is meant as it is, whatever brackets it has in its name.
        found = [name] if os.path.isfile(name) else sorted(filter(os.path.isfile, glob.glob(name)))
        if not found:
            raise DagsterInvariantViolationError(
                f'File or glob pattern "{name}" for "config_files" produced no results. '
                f"Looked in {os.path.dirname(os.path.abspath(name))}."
            )
        files.extend(found)
    return merge_dicts(*(_load_file(name) for name in files))


def _load_file(name: str) -> dict[str, Any]:
    try:
        with open(name, encoding="utf-8") as stream:
            text = stream.read()
    except (OSError, UnicodeDecodeError) as error:
        raise DagsterInvariantViolationError(f"Cannot read config file {name}: {error}.") from error
    return _load_mapping(text, f"file {name}")


def config_from_yaml_strings(yaml_strings: Sequence[str]) -> Mapping[str, Any]:
    """Return the run config of YAML texts, merged; later ones win.

    From the API reference.

    Args:
        yaml_strings: The texts.

    Returns:
        The merged config.

    Raises:
        DagsterInvariantViolationError: When a text is no YAML mapping.
    """
    texts = check.sequence_param(yaml_strings, "yaml_strings", str)
    return merge_dicts(
        *(_load_mapping(text, f"yaml_strings[{index}]") for index, text in enumerate(texts))
    )


def config_from_pkg_resources(pkg_resource_defs: Sequence[tuple[str, str]]) -> Mapping[str, Any]:
    """Return the run config of YAML files that lie in Python packages, merged; later ones win.

    From the API reference.

    Args:
        pkg_resource_defs: Pairs of a package and a file in it: ``("my_project.environments", "dev.yaml")``.

    Returns:
        The merged config.

    Raises:
        DagsterInvariantViolationError: When a package or file is not there, or is no YAML mapping.
    """
    pairs = check.sequence_param(pkg_resource_defs, "pkg_resource_defs", tuple)
    return merge_dicts(*(_load_resource(package, name) for package, name in pairs))


def _load_resource(package: str, name: str) -> dict[str, Any]:
    import importlib.resources  # slow to load and seldom needed

    try:
        text = importlib.resources.files(package).joinpath(name).read_text(encoding="utf-8")
    except (ImportError, OSError, UnicodeDecodeError, TypeError) as error:
        raise DagsterInvariantViolationError(
            f'Cannot read the file "{name}" of package "{package}" as config: {error}.'
        ) from error
    return _load_mapping(text, f'file "{name}" of package {package}')
