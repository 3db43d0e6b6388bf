"""Run storages, under their documented import path."""

from dagster._core.storage.runs.base import RunStorage
from dagster._core.storage.runs.sql import SqlRunStorage
from dagster._core.storage.runs.sqlite import SqliteRunStorage

__all__ = ["RunStorage", "SqlRunStorage", "SqliteRunStorage"]
