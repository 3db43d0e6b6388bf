"""The resources of one execution, under the name by which execution knows them."""

from __future__ import annotations

from dagster._core.definitions.resource.lifecycle import ResourceManager

__all__ = ["ResourceManager"]
