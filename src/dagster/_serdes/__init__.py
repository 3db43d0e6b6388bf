"""Values as JSON text."""

from dagster._wire.codec import deserialize_value as deserialize_value
from dagster._wire.codec import serialize_value as serialize_value
