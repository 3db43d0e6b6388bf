"""``dagster.core``, the older documents' name of ``dagster._core``."""

from __future__ import annotations

from dagster._aliases import alias_package

alias_package("dagster.core", "dagster._core")
