"""The problems of config that a run's config makes: what ``configured`` and config mappings return."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dagster._config.configurable import ConfigurableDefinition, ConfiguredDefinitionConfigSchema
from dagster._config.errors import EvaluationError
from dagster._config.evaluate import process_config
from dagster._config.shapes import Shape
from dagster._core.definitions.resource.definition import ResourceDefinition
from dagster._core.errors import DagsterInvalidConfigError


class ConfigProblems:
    """Collects what is wrong with made config, so that all of it is told at once.

    What a function makes is not in the run config, but it stands for something there: each problem has
    the path that it would have if the user had written it.
    """

    __slots__ = ("errors",)

    def __init__(self) -> None:
        self.errors: list[EvaluationError] = []

    def add(
        self, errors: Iterable[EvaluationError], stack: Sequence[str | int], preamble: str = ""
    ) -> None:
        """Record problems of a config that stands at a path."""
        self.errors += [error.below(stack, preamble) for error in errors]

    def mapped(self, definition: ConfigurableDefinition, config: Any, stack: Sequence[str | int]) -> Any:
        """Return the config that the function of a definition gets, after ``configured``.

        Args:
            definition: The definition.
            config: Its config, processed by its schema.
            stack: The path of it in the run config.

        Returns:
            The config; None, and the problems are recorded, if what a function made does not fit.
        """
        result = definition.apply_config_mapping(config)
        if result.success:
            return result.value
        self.add(result.errors, stack)
        return None

    def check_resources(
        self,
        definitions: Mapping[str, ResourceDefinition],
        keys: Iterable[str],
        configs: Mapping[str, Any],
    ) -> None:
        """Record what is wrong with the config that resources of a run make or hold, at any depth.

        Args:
            definitions: All resources by key.
            keys: Those that the run sets up.
            configs: Their config, processed by their schemas.
        """
        for key in sorted(keys):
            definition = definitions.get(key)
            if definition is None:
                continue
            stack = ("resources", key, "config")
            if is_configured(definition):
                self.mapped(definition, configs.get(key), stack)
            self._check_inner(definition, stack)

    def _check_inner(self, outer: ResourceDefinition, stack: Sequence[str]) -> None:
        for name, definition in outer.inner_definitions.items():
            inner_stack = (*stack, name)
            field = definition.config_field
            if field is not None:
                result = process_config(Shape({name: field}), {})
                if result.success:
                    self.mapped(definition, result.value.get(name), inner_stack)
                else:
                    self.add(result.errors, stack)
            self._check_inner(definition, inner_stack)

    def raise_any(self, preamble: str, config: object) -> None:
        """Raise all that has been recorded.

        Raises:
            DagsterInvalidConfigError: If there is anything.
        """
        if self.errors:
            raise DagsterInvalidConfigError(preamble, self.errors, config)


def is_configured(definition: ConfigurableDefinition) -> bool:
    """Return whether ``configured`` made a definition."""
    return isinstance(definition.config_schema, ConfiguredDefinitionConfigSchema)
