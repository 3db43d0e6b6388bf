"""The version of this distribution, in one place; the build and ``dagster --version`` read it from here."""

from __future__ import annotations

__version__ = "0.1.0"
