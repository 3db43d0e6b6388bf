"""The documented path of the contexts of solids and ops."""

from __future__ import annotations

from dagster._core.execution.op_context import AbstractComputeExecutionContext, OpExecutionContext
from dagster._legacy.context import SolidExecutionContext

__all__ = ["AbstractComputeExecutionContext", "OpExecutionContext", "SolidExecutionContext"]
