"""PresetDefinition: a named way to run a pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster._check as check
from dagster._config.yaml_files import (
    config_from_files,
    config_from_pkg_resources,
    config_from_yaml_strings,
    dump_yaml,
    merge_dicts,
)
from dagster._core.records.tags import normalize_tags
from dagster._legacy.mode import DEFAULT_MODE_NAME


class PresetDefinition:
    """Run config, mode, solid selection and tags under one name.

    Args:
        name: The name.
        run_config: The run config.
        solid_selection: The clauses that select solids: ``["*some_solid", "other+"]``.
        mode: The mode. Default: ``"default"``, or the only mode of the pipeline.
        tags: Tags of the runs, on top of the pipeline's.
    """

    __slots__ = ("is_mode_given", "mode", "name", "run_config", "solid_selection", "tags")

    def __init__(
        self,
        name: str,
        run_config: Mapping[str, Any] | None = None,
        solid_selection: Sequence[str] | None = None,
        mode: str | None = None,
        tags: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = check.str_param(name, "name")
        self.run_config: Mapping[str, Any] | None = (
            None if run_config is None else check.mapping_param(run_config, "run_config", key_type=str)
        )
        self.solid_selection: Sequence[str] | None = (
            None
            if solid_selection is None
            else list(check.sequence_param(solid_selection, "solid_selection", str))
        )
        self.is_mode_given = mode is not None
        self.mode: str = check.opt_str_param(mode, "mode") or DEFAULT_MODE_NAME
        self.tags: dict[str, str] = normalize_tags(tags) if tags else {}

    @staticmethod
    def from_files(
        name: str,
        config_files: Sequence[str] | None = None,
        solid_selection: Sequence[str] | None = None,
        mode: str | None = None,
        tags: Mapping[str, Any] | None = None,
    ) -> PresetDefinition:
        """Return a preset whose run config is in YAML files.

        Args:
            name: The name.
            config_files: Paths or glob patterns; the files are merged, later ones win.
            solid_selection: The clauses that select solids.
            mode: The mode.
            tags: Tags of the runs.

        Raises:
            DagsterInvariantViolationError: If a pattern matches no file, or a file is no YAML mapping.
        """
        config = config_from_files(check.opt_sequence_param(config_files, "config_files"))
        return PresetDefinition(name, config, solid_selection, mode, tags)

    @staticmethod
    def from_yaml_strings(
        name: str,
        yaml_strings: Sequence[str] | None = None,
        solid_selection: Sequence[str] | None = None,
        mode: str | None = None,
        tags: Mapping[str, Any] | None = None,
    ) -> PresetDefinition:
        """Return a preset whose run config is in YAML texts.

        Args:
            name: The name.
            yaml_strings: The texts; they are merged, later ones win.
            solid_selection: The clauses that select solids.
            mode: The mode.
            tags: Tags of the runs.

        Raises:
            DagsterInvariantViolationError: If a text is no YAML mapping.
        """
        config = config_from_yaml_strings(check.opt_sequence_param(yaml_strings, "yaml_strings", str))
        return PresetDefinition(name, config, solid_selection, mode, tags)

    @staticmethod
    def from_pkg_resources(
        name: str,
        pkg_resource_defs: Sequence[tuple[str, str]] | None = None,
        solid_selection: Sequence[str] | None = None,
        mode: str | None = None,
        tags: Mapping[str, Any] | None = None,
    ) -> PresetDefinition:
        """Return a preset whose run config is in YAML files that lie in Python packages.

        Args:
            name: The name.
            pkg_resource_defs: Pairs of a package and a file in it; the files are merged, later ones win.
            solid_selection: The clauses that select solids.
            mode: The mode.
            tags: Tags of the runs.

        Raises:
            DagsterInvariantViolationError: If a package or file is not there, or is no YAML mapping.
        """
        pairs = check.opt_sequence_param(pkg_resource_defs, "pkg_resource_defs", tuple)
        return PresetDefinition(name, config_from_pkg_resources(pairs), solid_selection, mode, tags)

    def get_environment_yaml(self) -> str:
        """Return the run config as YAML."""
        return dump_yaml(dict(self.run_config or {}))

    def with_additional_config(self, run_config: Mapping[str, Any] | None) -> PresetDefinition:
        """Return a preset with more run config, which wins over its own.

        Args:
            run_config: The run config to merge in.
        """
        check.opt_mapping_param(run_config, "run_config", key_type=str)
        if run_config is None:
            return self
        return PresetDefinition(
            self.name,
            merge_dicts(self.run_config or {}, run_config),
            self.solid_selection,
            self.mode if self.is_mode_given else None,
            self.tags,
        )

    def without_selection(self) -> PresetDefinition:
        """Return the preset for solids that are chosen in another way."""
        return PresetDefinition(
            self.name, self.run_config, None, self.mode if self.is_mode_given else None, self.tags
        )

    def __repr__(self) -> str:
        return f"PresetDefinition({self.name!r})"
