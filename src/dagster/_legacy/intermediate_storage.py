"""Intermediate storages: where the older generation keeps the values between steps.

The objects are here; how a pipeline names and configures them is in ``storage_definition.py``, and how
the engine uses one, as an I/O manager, in ``storage_io_manager.py``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import dagster._check as check
from dagster._core.definitions.types.dagster_type import DagsterType
from dagster._core.errors import DagsterStepOutputNotFoundError
from dagster._core.records.handles import StepOutputHandle
from dagster._core.records.path_names import safe_part
from dagster._legacy.object_store import InMemoryObjectStore, ObjectStore, ObjectStoreOperation


class IntermediateStorage(ABC):
    """Base of what keeps the values of one run between its steps.

    An implementer guarantees that ``get_intermediate`` gives what ``set_intermediate`` was given for the
    same output. Both may return the bare value (for setting: nothing) or an
    :class:`ObjectStoreOperation`, which then becomes an event of the run.

    The ``context`` of each method is the context of the step that runs; it is None outside of a step.
    """

    @abstractmethod
    def set_intermediate(
        self,
        context: Any,
        dagster_type: DagsterType,
        step_output_handle: StepOutputHandle,
        value: Any,
        version: str | None = None,
    ) -> Any:
        """Keep the value of an output.

        Args:
            context: The step that made it.
            dagster_type: The type of the output; its serialization strategy says how to write it.
            step_output_handle: Which output.
            value: The value.
            version: The version of the value, where values are kept by version.
        """

    @abstractmethod
    def get_intermediate(
        self, context: Any, dagster_type: DagsterType, step_output_handle: StepOutputHandle
    ) -> Any:
        """Return the value of an output.

        Args:
            context: The step that needs it.
            dagster_type: The type of the output, as it was when the value was kept.
            step_output_handle: Which output.

        Raises:
            DagsterStepOutputNotFoundError: There is no such value.
        """

    @abstractmethod
    def has_intermediate(self, context: Any, step_output_handle: StepOutputHandle) -> bool:
        """Return whether there is a value of an output."""

    def has_intermediate_of_run(self, run_id: str, step_output_handle: StepOutputHandle) -> bool | None:
        """Return whether there is a value of an output of another run; None, the default, if not known."""
        return None

    @abstractmethod
    def copy_intermediate_from_run(
        self, context: Any, run_id: str, step_output_handle: StepOutputHandle
    ) -> Any:
        """Take over the value that an output had in another run, for a re-execution.

        Raises:
            DagsterStepOutputNotFoundError: The other run kept no such value.
        """

    @property
    @abstractmethod
    def is_persistent(self) -> bool:
        """Whether the values outlive the process."""

    def describe_place(self, step_output_handle: StepOutputHandle, run_id: str | None = None) -> str:
        """Return where the value of an output is kept, for messages.

        Args:
            step_output_handle: Which output.
            run_id: Of which run. Default: the run of the storage.
        """
        return type(self).__name__


class ObjectStoreIntermediateStorage(IntermediateStorage):
    """An intermediate storage over an object store.

    The value of an output is under the root of its run, then ``intermediates``, the key of its step, the
    name of the output, and the mapping key of a dynamic output.

    Args:
        object_store: Where the values are.
        run_id: The run.
        root_for_run_id: From the id of a run to the start of its keys.
        is_persistent: Whether the values outlive the process. Default: for all stores but the one in
            memory.
    """

    def __init__(
        self,
        object_store: ObjectStore,
        run_id: str,
        root_for_run_id: Callable[[str], str],
        is_persistent: bool | None = None,
    ) -> None:
        self.object_store = check.inst_param(object_store, "object_store", ObjectStore)
        self.run_id = check.str_param(run_id, "run_id")
        self.root_for_run_id = check.callable_param(root_for_run_id, "root_for_run_id")
        self.root = root_for_run_id(run_id)
        self._is_persistent = (
            not isinstance(object_store, InMemoryObjectStore) if is_persistent is None else is_persistent
        )

    def _key(self, root: str, handle: StepOutputHandle) -> str:
        parts = [root, "intermediates", safe_part(handle.step_key), safe_part(handle.output_name)]
        if handle.mapping_key is not None:
            parts.append(safe_part(handle.mapping_key))
        return self.object_store.key_for_paths(parts)

    def set_intermediate(
        self,
        context: Any,
        dagster_type: DagsterType,
        step_output_handle: StepOutputHandle,
        value: Any,
        version: str | None = None,
    ) -> ObjectStoreOperation:
        """Store the value of an output, in the way of its type."""
        operation = self.object_store.set_object(
            self._key(self.root, step_output_handle), value, dagster_type.serialization_strategy
        )
        operation.value_name = step_output_handle.output_name
        operation.version = version
        operation.mapping_key = step_output_handle.mapping_key
        return operation

    def get_intermediate(
        self, context: Any, dagster_type: DagsterType, step_output_handle: StepOutputHandle
    ) -> ObjectStoreOperation:
        """Get the value of an output: it is the ``obj`` of what this returns.

        Raises:
            DagsterStepOutputNotFoundError: It is not in the store. The message says where it should be.
        """
        key = self._key(self.root, step_output_handle)
        try:
            operation = self.object_store.get_object(key, dagster_type.serialization_strategy)
        except (KeyError, FileNotFoundError):
            # Reading a value may raise these too: only a value that is not there is a missing one.
            if self.object_store.has_object(key):
                raise
            raise missing_value(self, step_output_handle, self.run_id) from None
        operation.value_name = step_output_handle.output_name
        operation.mapping_key = step_output_handle.mapping_key
        return operation

    def has_intermediate(self, context: Any, step_output_handle: StepOutputHandle) -> bool:
        """Return whether the value of an output is in the store."""
        return self.object_store.has_object(self._key(self.root, step_output_handle))

    def has_intermediate_of_run(self, run_id: str, step_output_handle: StepOutputHandle) -> bool:
        """Return whether the value that an output had in another run is in the store."""
        return self.object_store.has_object(self._key(self.root_for_run_id(run_id), step_output_handle))

    def copy_intermediate_from_run(
        self, context: Any, run_id: str, step_output_handle: StepOutputHandle
    ) -> ObjectStoreOperation:
        """Copy the value that an output had in another run.

        Raises:
            DagsterStepOutputNotFoundError: It is not in the store.
        """
        source = self._key(self.root_for_run_id(run_id), step_output_handle)
        if not self.object_store.has_object(source):
            raise missing_value(self, step_output_handle, run_id)
        operation = self.object_store.cp_object(source, self._key(self.root, step_output_handle))
        operation.value_name = step_output_handle.output_name
        operation.mapping_key = step_output_handle.mapping_key
        return operation

    @property
    def is_persistent(self) -> bool:
        """Whether the values outlive the process."""
        return self._is_persistent

    def describe_place(self, step_output_handle: StepOutputHandle, run_id: str | None = None) -> str:
        """Return the store and the key of the value of an output, for messages."""
        root = self.root if run_id is None else self.root_for_run_id(run_id)
        return f"{self.object_store.name} object store at {self._key(root, step_output_handle)}"


def missing_value(
    storage: IntermediateStorage, handle: StepOutputHandle, run_id: str | None
) -> DagsterStepOutputNotFoundError:
    """Return the error that a storage has no value of an output, saying what was looked for where."""
    keyed = f' with mapping key "{handle.mapping_key}"' if handle.mapping_key is not None else ""
    advice = (
        "Run that step again, or look whether the storage has the same config as when it ran."
        if storage.is_persistent
        else "A storage that is not persistent only has what was made in this process and run: use a "
        "persistent one, for example fs_intermediate_storage."
    )
    return DagsterStepOutputNotFoundError(
        f'No value of output "{handle.output_name}"{keyed} of step "{handle.step_key}" in the '
        f"intermediate storage of run {run_id}: looked in {storage.describe_place(handle, run_id)}. "
        + advice,
        step_key=handle.step_key,
        output_name=handle.output_name,
    )
