"""Config as pydantic classes. pydantic is loaded with this package, which nothing of ours loads by itself."""

from dagster._config.env_var import EnvVar as EnvVar
from dagster._config.env_var import IntEnvVar as IntEnvVar
from dagster._config.pythonic.config_class import Config as Config
from dagster._config.pythonic.config_class import PermissiveConfig as PermissiveConfig
from dagster._config.pythonic.config_class import (
    construct_config_from_context as construct_config_from_context,
)
from dagster._config.pythonic.schema import (
    infer_schema_from_config_class as infer_schema_from_config_class,
)
