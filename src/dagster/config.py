"""``dagster.config``, the older documents' name of ``dagster._config``."""

from __future__ import annotations

from dagster._aliases import alias_package

alias_package("dagster.config", "dagster._config")
