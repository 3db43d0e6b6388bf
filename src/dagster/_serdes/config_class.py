"""Classes that are loaded by name and made from config: how storages, launchers and plug-ins are chosen."""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Self, TypeVar, overload

import dagster._check as check
from dagster._config.evaluate import process_config
from dagster._config.yaml_files import dump_yaml, load_yaml
from dagster._core.errors import DagsterImportError, DagsterInvalidDefinitionError
from dagster._text import did_you_mean, listed, nearest, shown
from dagster._wire.record import Record

T = TypeVar("T")

#: The names of packages that the older documents use, also in ``dagster.yaml``.
_OLDER_PACKAGES = {"dagster.core": "dagster._core", "dagster.serdes": "dagster._serdes"}


class ConfigurableClass(ABC):
    """A class that can be chosen by name and configured in ``dagster.yaml``.

    From the "Internals" document::

        run_storage:
          module: very_cool_package.run_storage
          class: SplendidRunStorage
          config:
            magic_word: "quux"

    Its constructor takes ``inst_data``, and keeps it: where the object comes from.
    """

    @property
    @abstractmethod
    def inst_data(self) -> ConfigurableClassData | None:
        """Where the object comes from, or None if it was not made from config."""

    @classmethod
    @abstractmethod
    def config_type(cls) -> Any:
        """Return the schema of its config: a config type, or a dict that stands for one."""

    @classmethod
    @abstractmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        """Return an object made from config.

        Args:
            inst_data: Where it comes from, to be kept as ``inst_data``.
            config_value: The config, checked against :meth:`config_type`.
        """


class ConfigurableClassData(Record, frozen=True):
    """Where to find a class, and the config to make an object of it with. It crosses processes.

    From the "Internals" document. Users do not make these.

    Args:
        module_name: The module. ``dagster.core.…`` is ``dagster._core.…``.
        class_name: The class in it.
        config_yaml: The config as YAML text.
    """

    module_name: str
    class_name: str
    config_yaml: str

    @staticmethod
    def of(module_name: str, class_name: str, config: Mapping[str, Any]) -> ConfigurableClassData:
        """Return the data of a class and its config as a dict."""
        return ConfigurableClassData(module_name, class_name, dump_yaml(dict(config)))

    @property
    def config_dict(self) -> Mapping[str, Any]:
        """The config as a dict, before it is checked."""
        return load_yaml(self.config_yaml, f"config of {self.class_name}") or {}

    def info_dict(self) -> Mapping[str, Any]:
        """Return the same as ``dagster.yaml`` writes it."""
        return {"module": self.module_name, "class": self.class_name, "config": self.config_dict}

    def load_class(self) -> type[ConfigurableClass]:
        """Return the class.

        Raises:
            DagsterImportError: If the module cannot be imported, for which there is a cause then; or if it
                has no such class.
            DagsterInvalidDefinitionError: If it is no ConfigurableClass.
        """
        name = real_module_name(self.module_name)
        try:
            module = importlib.import_module(name)
        except ImportError as exc:
            raise DagsterImportError(_import_problem(self.module_name, self.class_name, exc)) from exc
        except Exception as exc:
            raise DagsterImportError(
                f'Module "{self.module_name}" of class "{self.class_name}" cannot be imported: it '
                f"{raised_where(exc)}."
            ) from exc
        found = getattr(module, self.class_name, None)
        if found is None:
            known = _classes_of(module)
            raise DagsterImportError(
                f'Module "{self.module_name}" has no class "{self.class_name}".'
                f"{did_you_mean(self.class_name, known)} Classes that can be configured: {listed(known)}."
            )
        if not isinstance(found, type) or not issubclass(found, ConfigurableClass):
            raise DagsterInvalidDefinitionError(
                f"expected {self.module_name}.{self.class_name} to be a ConfigurableClass, got: "
                f"{shown(found)}. Derive it from dagster._serdes.ConfigurableClass and give it config_type() "
                "and from_config_value()."
            )
        return found

    @overload
    def rehydrate(self, as_type: type[T]) -> T: ...
    @overload
    def rehydrate(self, as_type: None = None) -> Any: ...
    def rehydrate(self, as_type: Any = None) -> Any:
        """Return a new object of the class, made from the config.

        Args:
            as_type: What it has to be an instance of. Default: anything.

        Raises:
            DagsterImportError: If the class is not there.
            DagsterInvalidDefinitionError: If it cannot be configured, or is not of the type.
            DagsterInvalidConfigError: With every problem of the config.
        """
        cls = self.load_class()
        given = self.config_dict
        config = process_config(cls.config_type(), given).value_or_raise(
            f"Errors in the config of {self.module_name}.{self.class_name}", given
        )
        made = cls.from_config_value(self, config)
        if as_type is not None and not isinstance(made, as_type):
            raise DagsterInvalidDefinitionError(
                f"expected {self.module_name}.{self.class_name} to be a {as_type.__name__}, got: "
                f"{type(made).__name__}. It stands under the wrong key of the config."
            )
        return made


def class_data_from_config(config: Mapping[str, Any]) -> ConfigurableClassData:
    """Return the data of what ``dagster.yaml`` writes: ``module``, ``class`` and ``config``."""
    check.mapping_param(config, "config", key_type=str)
    return ConfigurableClassData.of(config["module"], config["class"], config.get("config") or {})


def real_module_name(name: str) -> str:
    """Return the module that an older name stands for, or the name itself."""
    for older, real in _OLDER_PACKAGES.items():
        if name == older or name.startswith(f"{older}."):
            return real + name[len(older) :]
    return name


def raised_where(exc: Exception) -> str:
    """Return in words what somebody's code raised, and on which line of which file."""
    *_, (frame, line) = traceback.walk_tb(exc.__traceback__)
    what = f"{type(exc).__name__}: {exc}" if str(exc) else type(exc).__name__
    # The place of a syntax error is in its text; the last frame is that of the import.
    place = "" if isinstance(exc, SyntaxError) else f" ({frame.f_code.co_filename}, line {line})"
    return f"raised {what}{place}"


def _classes_of(module: object) -> list[str]:
    return [
        name
        for name, value in inspect.getmembers(module)
        if isinstance(value, type)
        and issubclass(value, ConfigurableClass)
        and not inspect.isabstract(value)
    ]


def _import_problem(module_name: str, class_name: str, exc: ImportError) -> str:
    missing = (exc.name or "").partition(".")[0]
    package = module_name.partition(".")[0]
    what = f'Module "{module_name}" of class "{class_name}" cannot be imported: {exc}.'
    if missing == package:
        known = {name.partition(".")[0] for name in sys.modules}
        near = nearest(package, known)
        hint = f' Did you mean "{near}"?' if near and near != package else ""
        return f"{what}{hint} Install the package that has it in this Python environment."
    return f"{what} The module is there, and what it imports is not."
