"""References as they were sent before: a later change must read them the same."""

from __future__ import annotations

from dagster._core.instance.ref import InstanceRef
from dagster._serdes.config_class import ConfigurableClassData
from dagster._wire.codec import deserialize_value, serialize_value

DATA = ConfigurableClassData("m", "C", "a: 1\n")
DATA_JSON = (
    '{"__class__":"ConfigurableClassData","module_name":"m","class_name":"C","config_yaml":"a: 1\\n"}'
)
REF = InstanceRef(DATA, None, None, DATA, None, {"nux": {"enabled": False}}, None, None, None)
REF_JSON = (
    '{"__class__":"InstanceRef","local_artifact_storage_data":'
    + DATA_JSON
    + ',"compute_logs_data":null,'
    '"scheduler_data":null,"run_coordinator_data":' + DATA_JSON + ',"run_launcher_data":null,'
    '"settings":{"nux":{"enabled":false}},"run_storage_data":null,"event_storage_data":null,'
    '"schedule_storage_data":null,"custom_instance_class_data":null,"storage_data":null,'
    '"secrets_loader_data":null,"defs_state_storage_data":null}'
)


def test_golden() -> None:
    for value, text in ((DATA, DATA_JSON), (REF, REF_JSON)):
        assert serialize_value(value).replace(" ", "") == text.replace(" ", "")
        assert deserialize_value(text) == value
