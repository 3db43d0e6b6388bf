"""Values as JSON text, and classes that are loaded by name."""

from dagster._serdes.config_class import ConfigurableClass as ConfigurableClass
from dagster._serdes.config_class import ConfigurableClassData as ConfigurableClassData
from dagster._wire.codec import deserialize_value as deserialize_value
from dagster._wire.codec import serialize_value as serialize_value
