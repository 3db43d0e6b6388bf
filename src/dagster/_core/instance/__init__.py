"""The instance. The documented import path of DagsterInstance."""

from dagster._core.instance.instance import DagsterInstance as DagsterInstance
from dagster._core.instance.instance import InstanceType as InstanceType
