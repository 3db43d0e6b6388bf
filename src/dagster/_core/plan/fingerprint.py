"""Fingerprints of steps: what made their outputs, so that a later run can tell what has changed.

Code, config, resources and inputs count. What does not: retry policies, tags, descriptions, hooks, checks
of types, and I/O managers, whose config says where values are and not what they are.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import structs

from dagster._core.definitions.code.fingerprint import CodeFingerprint, CodeReader
from dagster._core.definitions.code.ownership import Ownership
from dagster._core.definitions.code.values import Incomparable, ValueDigest
from dagster._core.definitions.resource.config import apply_resource_config, resolve_definition_config
from dagster._core.errors import DagsterInvalidConfigError
from dagster._core.events.payloads import StepFingerprint, StepSuccessData
from dagster._core.plan.plan import ExecutionPlan
from dagster._core.plan.sources import (
    FromConfig,
    FromDefaultValue,
    FromDirectInputValue,
    FromDynamicCollect,
    FromInputManager,
    FromMappedOutput,
    FromMultipleSources,
    FromStepOutput,
    InputSource,
)
from dagster._core.plan.step import ExecutionStep, StepInput

if TYPE_CHECKING:
    from dagster._core.definitions.job.definition import JobDefinition
    from dagster._core.definitions.job.resolved_config import ResolvedRunConfig
    from dagster._core.definitions.op.definition import OpDefinition
    from dagster._core.definitions.resource.definition import ResourceDefinition
    from dagster._core.events.log_entry import EventLogEntry

#: Compiled code is only compared with code of the same compiler.
PYTHON = sys.implementation.cache_tag or f"python-{sys.version_info[0]}{sys.version_info[1]}"
_PARTITION_TAGS = "dagster/partition"
_BY_FILE = Ownership(None)


class _Code:
    """The code of one op or resource, or its version."""

    __slots__ = ("digest", "is_version", "parts", "problems")

    def __init__(
        self,
        digest: str,
        parts: Mapping[str, str],
        problems: tuple[str, ...] = (),
        is_version: bool = False,
    ) -> None:
        self.digest = digest
        self.parts = parts
        self.problems = problems
        self.is_version = is_version


class StepFingerprints:
    """The fingerprints of the steps of one plan.

    The code of each op and resource is read once, at :meth:`read_code` or when its first step asks. A
    constant of a module is taken as it is then.

    Args:
        plan: The plan.
        job_def: The job.
        config: The validated run config.
        run_tags: The tags of the run; those of partitions count.
    """

    def __init__(
        self,
        plan: ExecutionPlan,
        job_def: JobDefinition,
        config: ResolvedRunConfig,
        run_tags: Mapping[str, str],
    ) -> None:
        self._plan = plan
        self._job_def = job_def
        self._config = config
        self._partition = {k: v for k, v in run_tags.items() if k.startswith(_PARTITION_TAGS)}
        self._readers: dict[str | None, CodeReader] = {}
        self._ops: dict[tuple[int, tuple[str, ...]], StepFingerprint] = {}
        self._resources: dict[str, _Code] = {}
        self._resource_keys: dict[tuple[int, frozenset[str]], tuple[str, ...]] = {}
        self._known: dict[int, StepFingerprint] = {}
        self._told: set[tuple[str, ...]] = set()

    def read_code(self) -> None:
        """Read the code of all steps that run, before the first of them changes what modules hold."""
        for step in self._plan.steps_that_run:
            self.of(step)

    def of(self, step: ExecutionStep) -> StepFingerprint:
        """Return the fingerprint of a step, with the parts of its code.

        Steps that are made for the keys of a dynamic output have the fingerprint of what they are made of.

        Args:
            step: A step of the plan, or one that was made of it while it runs.
        """
        planned = self._planned(step)
        found = self._known.get(planned.index)
        if found is None:
            found = self._known[planned.index] = self._fingerprint(planned)
        return found

    def for_log(self, step: ExecutionStep) -> StepFingerprint:
        """Return the fingerprint of a step as it is stored: the parts of the same code only once."""
        return self._told_once(self.of(step))

    def entry_for_log(self, entry: EventLogEntry) -> EventLogEntry:
        """Return an entry that another process made as it is stored: each of them tells the parts anew."""
        event = entry.dagster_event
        data = event.event_specific_data if event is not None else None
        if event is None or not isinstance(data, StepSuccessData) or data.fingerprint is None:
            return entry
        found = self._told_once(data.fingerprint)
        if found is data.fingerprint:
            return entry
        data = structs.replace(data, fingerprint=found)
        return structs.replace(entry, dagster_event=structs.replace(event, event_specific_data=data))

    def _told_once(self, found: StepFingerprint) -> StepFingerprint:
        if found.parts is None:
            return found
        code = (found.code, *found.resources.values())
        if code in self._told:
            return structs.replace(found, parts=None)
        self._told.add(code)
        return found

    def _planned(self, step: ExecutionStep) -> ExecutionStep:
        """Return the step of the plan that a step is, or was made of."""
        while step.template is not None:
            step = step.template
        steps = self._plan.steps
        return steps[step.index] if step.index < len(steps) else step

    # Parts of a fingerprint

    def _fingerprint(self, step: ExecutionStep) -> StepFingerprint:
        shared = self._shared(step)
        problems = list(shared.problems)
        config = self._config.for_op(step.node_handle.to_string()).config
        inputs = {i.name: self._input(step, i, problems) for i in step.inputs}
        if self._partition:
            inputs["partition"] = self._digest(self._partition, "the partition", problems)
        return StepFingerprint(
            shared.code,
            "" if config is None else self._digest(config, "the config", problems),
            shared.resources,
            inputs,
            shared.code_version,
            shared.python,
            tuple(problems),
            shared.parts,
        )

    def _shared(self, step: ExecutionStep) -> StepFingerprint:
        """Return what all steps of one op with the same resources have in common."""
        keys = self._keys_for(step)
        found = self._ops.get((id(step.op_def), keys))
        if found is None:
            op_code = self._op_code(step.op_def)
            codes = {key: self._resource_code(key) for key in keys}
            problems = list(op_code.problems)
            parts = dict(op_code.parts)
            for key, code in codes.items():
                problems += [f'resource "{key}": {problem}' for problem in code.problems]
                parts |= {f'resource "{key}": {name}': part for name, part in code.parts.items()}
            is_version = op_code.is_version and all(code.is_version for code in codes.values())
            found = self._ops[id(step.op_def), keys] = StepFingerprint(
                op_code.digest,
                resources={key: code.digest for key, code in codes.items()},
                code_version=step.op_def.version,
                python="" if is_version else PYTHON,
                problems=tuple(problems),
                parts=parts,
            )
        return found

    def _op_code(self, op_def: OpDefinition) -> _Code:
        outputs = [(d.name, d.is_dynamic, d.is_required) for d in op_def.output_defs]
        if op_def.version is not None:
            return _version_code(op_def.version, outputs)
        function = op_def.function
        roots: list[tuple[str, Any]] = [("its function", function.fn), ("outputs", outputs)]
        if function.config_class is not None:
            roots.append(("", function.config_class))
        return _read(self._reader_for(function.fn).fingerprint(roots))

    def _reader_for(self, function: Any) -> CodeReader:
        package = Ownership.package_of(function)
        reader = self._readers.get(package)
        if reader is None:
            reader = self._readers[package] = CodeReader(Ownership(package))
        return reader

    def _keys_for(self, step: ExecutionStep) -> tuple[str, ...]:
        """Return the keys of the resources that decide what a step makes, those that they need included."""
        own = step.op_def.required_resource_keys
        managed = {
            key for i in step.inputs for key in (_manager_key(i), *_loader_keys(i)) if key is not None
        }
        keys = own | managed if managed else own
        if not keys:
            return ()
        known = self._resource_keys.get((id(step.op_def), keys))
        if known is None:
            resource_defs = self._job_def.resource_defs
            found: set[str] = set()
            for key in keys:
                if key in resource_defs:
                    found |= {key, *resource_defs[key].get_required_resource_keys(resource_defs)}
            known = self._resource_keys[id(step.op_def), keys] = tuple(sorted(found))
        return known

    def _resource_code(self, key: str) -> _Code:
        found = self._resources.get(key)
        if found is None:
            definition = self._job_def.resource_defs.get(key)
            if definition is None:
                found = _Code("", {}, (f'there is no resource "{key}"',))
            else:
                found = self._read_resource(definition, key, self._config.resources.get(key), True)
            self._resources[key] = found
        return found

    def _read_resource(
        self, definition: ResourceDefinition, what: str, config: Any, is_checked: bool
    ) -> _Code:
        problems: list[str] = []
        try:
            if is_checked:
                config = apply_resource_config(definition, config, f"Error in config for {what}")
            else:
                config = resolve_definition_config(definition, config, f"Error in config for {what}")
        except DagsterInvalidConfigError as error:
            problems.append(f"its config is not valid: {error}")
        if definition.version is not None:
            code = _version_code(definition.version, None)
        else:
            made_of = definition.made_of
            reader = self._reader_for(made_of[0])
            code = _read(reader.fingerprint([("what it is made of", found) for found in made_of]))
        parts = {**code.parts, "config": self._digest(config, "its config", problems)}
        digests = [code.digest, parts["config"]]
        for name, inner in definition.inner_definitions.items():
            nested = self._read_resource(inner, name, None, False)
            parts |= {f"{name}: {part}": digest for part, digest in nested.parts.items()}
            digests.append(nested.digest)
            problems += [f"{name}: {problem}" for problem in nested.problems]
        return _Code(
            self._digest(digests, "", problems), parts, (*code.problems, *problems), code.is_version
        )

    def _digest(self, value: Any, what: str, problems: list[str]) -> str:
        values = ValueDigest(_BY_FILE)
        try:
            values.add(value)
        except Incomparable as reason:
            problems.append(f"{what} {reason}")
        except RecursionError:
            problems.append(f"{what} holds values in values too deep to compare")
        except Exception as error:  # noqa: BLE001 - attributes of objects of users raise anything
            problems.append(f"{what} cannot be compared: {error!r}")
        if not values.refs:
            return values.digest().hex()[:16]
        # Functions, or objects of the project's classes: what they do counts too.
        found = self._reader_for(values.refs[0]).fingerprint([(what, value)])
        problems += found.problems
        return found.digest[:16]

    # Inputs

    def _input(self, step: ExecutionStep, step_input: StepInput, problems: list[str]) -> str:
        source = step_input.source
        manager = _manager_key(step_input)
        if type(source) is FromStepOutput and manager is None and source.mapping_key is None:
            # Nearly all of them: by their names, without a walk through values.
            return text_digest(f"{source.step_key}\0{source.output_name}")
        described = self._described(step, step_input, source, problems)
        what = f'the value of input "{step_input.name}"'
        return self._digest([described, manager], what, problems)

    def _described(
        self, step: ExecutionStep, step_input: StepInput, source: InputSource, problems: list[str]
    ) -> Any:
        """Return where a value comes from, as something to compare."""
        if isinstance(source, FromStepOutput):
            return ["output", source.step_key, source.output_name, source.mapping_key]
        if isinstance(source, FromMappedOutput):
            return ["output per key", source.step_key, source.output_name]
        if isinstance(source, FromDynamicCollect):
            return ["outputs of all keys", source.of.step_key, source.of.output_name]
        if isinstance(source, FromMultipleSources):
            return [self._described(step, step_input, inner, problems) for inner in source.sources]
        if isinstance(source, FromDefaultValue):
            return ["default", source.value]
        if isinstance(source, FromDirectInputValue):
            return ["given", source.value]
        if isinstance(source, FromInputManager):
            config = self._config.for_op(source.node).inputs.get(source.input_name)
            return ["input manager", config]
        assert isinstance(source, FromConfig)
        return self._from_config(step_input, source, problems)

    def _from_config(self, step_input: StepInput, source: FromConfig, problems: list[str]) -> Any:
        inputs = self._config.for_op(source.node).inputs if source.node else self._config.inputs
        config = inputs.get(source.input_name)
        loader = step_input.dagster_type.loader
        if loader is None or step_input.dagster_type.is_builtin:
            return ["config", config]
        try:
            version = loader.compute_loaded_input_version(config)
        except Exception as error:  # noqa: BLE001 - it is the user's function
            problems.append(f'the version of input "{step_input.name}" cannot be told: {error!r}')
            version = None
        code = loader.loader_version
        if code is None:
            function: Any = getattr(loader, "_func", type(loader))
            found = self._reader_for(function).fingerprint([("", function)])
            problems += found.problems
            code = found.digest
        return ["config", config, code, version]


def _manager_key(step_input: StepInput) -> str | None:
    """Return the input manager that loads an input instead of the I/O manager of what gave it."""
    definition = step_input.definition
    if isinstance(step_input.source, FromInputManager):
        return definition.input_manager_key
    return definition.connected_manager_key


def _loader_keys(step_input: StepInput) -> Iterable[str]:
    loader = step_input.dagster_type.loader
    if loader is None or not isinstance(step_input.source, FromConfig):
        return ()
    return loader.required_resource_keys()


def text_digest(text: str) -> str:
    """Return the digest of a text."""
    import hashlib

    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _version_code(version: str, outputs: Any) -> _Code:
    values = ValueDigest(_BY_FILE)
    values.add(["version", version, outputs])
    return _Code(values.digest().hex()[:16], {}, (), True)


def _read(found: CodeFingerprint) -> _Code:
    return _Code(found.digest[:16], found.parts, found.problems)
