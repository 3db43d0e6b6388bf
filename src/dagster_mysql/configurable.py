"""What every storage on MySQL has in common: it is made from the config of a database."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Self

from dagster._serdes.config_class import ConfigurableClass, ConfigurableClassData
from dagster_mysql.urls import mysql_config, url_from_config


class ConfigurableMySQLStorage(ConfigurableClass):
    """A storage that ``dagster.yaml`` gives a MySQL database, and how its constructor takes it.

    Args:
        mysql_url: The URL of the database.
        inst_data: Where the object comes from.
    """

    _inst_data: ConfigurableClassData | None

    @abstractmethod
    def __init__(self, mysql_url: str, inst_data: ConfigurableClassData | None = None) -> None: ...

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """Where the object comes from."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> Any:
        """Return the schema of its config."""
        return mysql_config()

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Return the storage of a config."""
        return cls(url_from_config(config_value), inst_data)
