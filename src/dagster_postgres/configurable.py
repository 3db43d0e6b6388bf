"""What every storage on PostgreSQL has in common: it is made from the config of a database."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Self

from dagster._serdes.config_class import ConfigurableClass, ConfigurableClassData
from dagster_postgres.urls import postgres_config, url_from_config


class ConfigurablePostgresStorage(ConfigurableClass):
    """A storage that ``dagster.yaml`` gives a PostgreSQL database, and how its constructor takes it.

    Args:
        postgres_url: The URL of the database.
        should_autocreate_tables: Whether tables that are not there are made.
        inst_data: Where the object comes from.
        auth_provider: Who gives short-lived tokens as passwords, as ``dagster.yaml`` says it:
            ``{"aws_wif": {"region": …}}``, ``{"azure_wif": {}}`` or ``{"gcp_wif": {}}``. Without it, the password is
            the URL's.
    """

    _inst_data: ConfigurableClassData | None

    @abstractmethod
    def __init__(
        self,
        postgres_url: str,
        should_autocreate_tables: bool = True,
        inst_data: ConfigurableClassData | None = None,
        auth_provider: Mapping[str, Any] | None = None,
    ) -> None: ...

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """Where the object comes from."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> Any:
        """Return the schema of its config."""
        return postgres_config()

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Return the storage of a config."""
        url = url_from_config(config_value)
        autocreate = config_value["should_autocreate_tables"]
        return cls(url, autocreate, inst_data, config_value.get("auth_provider"))
