"""The instance. The documented import path of DagsterInstance and InstanceRef."""

from dagster._core.instance.instance import DagsterInstance as DagsterInstance
from dagster._core.instance.instance import InstanceType as InstanceType
from dagster._core.instance.ref import InstanceRef as InstanceRef
