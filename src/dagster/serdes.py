"""``dagster.serdes``, the older documents' name of ``dagster._serdes``."""

from __future__ import annotations

from dagster._aliases import alias_package

alias_package("dagster.serdes", "dagster._serdes")
