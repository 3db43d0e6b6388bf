"""What each event carries. One closed union, so that a log is decoded statically."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagster._core.records.asset_failure import AssetMaterializationFailure
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.error_info import SerializableErrorInfo
from dagster._core.records.handles import StepOutputHandle
from dagster._core.records.metadata import MetadataEntry, MetadataValue
from dagster._core.records.metadata_value import PlainMetadataValue
from dagster._core.records.user_events import (
    AssetMaterialization,
    AssetObservation,
    ExpectationResult,
    Materialization,
)
from dagster._wire.record import Record, SlotRecord

if TYPE_CHECKING:
    Metadata = Mapping[str, MetadataValue]
    AnyMaterialization = AssetMaterialization | Materialization
else:
    # What a log is decoded by: types that are known without a look at the data. The few entries with
    # other metadata are read by the codec of all records.
    Metadata = Mapping[str, PlainMetadataValue]
    AnyMaterialization = SlotRecord
#: The label that tells, in an ENGINE_EVENT, that a step is kept: of which run.
KEPT_FROM = "kept_from"
_NO_METADATA: dict[str, Any] = {}
_NO_DIGESTS: dict[str, str] = {}


class ErrorSource(str, enum.Enum):
    """Where the error of a failed step came from."""

    FRAMEWORK_ERROR = "FRAMEWORK_ERROR"
    USER_CODE_ERROR = "USER_CODE_ERROR"
    INTERRUPT = "INTERRUPT"
    UNEXPECTED_TERMINATION = "UNEXPECTED_TERMINATION"


class RunFailureReason(str, enum.Enum):
    """Why a run failed."""

    RUN_EXCEPTION = "RUN_EXCEPTION"
    STEP_FAILURE = "STEP_FAILURE"
    JOB_INITIALIZATION_FAILURE = "JOB_INITIALIZATION_FAILURE"
    START_TIMEOUT = "START_TIMEOUT"
    RUN_WORKER_RESTART = "RUN_WORKER_RESTART"
    UNKNOWN = "UNKNOWN"


class TypeCheckData(Record, frozen=True, gc=False):
    """The result of a type check, as stored."""

    success: bool
    label: str
    description: str | None = None
    metadata: Metadata = _NO_METADATA


class StepInputData(Record, frozen=True, gc=False):
    """STEP_INPUT: a value came in and was checked."""

    input_name: str
    type_check_data: TypeCheckData | None = None


class StepOutputData(Record, frozen=True, gc=False):
    """STEP_OUTPUT: a value was given and checked.

    Args:
        step_output_handle: The name of the value.
        type_check_data: The result of the check.
        version: The version of the data, if the op gave one: ``Output(data_version=...)``.
        metadata: Metadata that the op gave with the value.
    """

    step_output_handle: StepOutputHandle
    type_check_data: TypeCheckData | None = None
    version: str | None = None
    metadata: Metadata = _NO_METADATA

    @property
    def output_name(self) -> str:
        return self.step_output_handle.output_name

    @property
    def mapping_key(self) -> str | None:
        return self.step_output_handle.mapping_key

    @property
    def metadata_entries(self) -> list[MetadataEntry]:
        return [MetadataEntry(label, value=value) for label, value in self.metadata.items()]


class StepFingerprint(Record, frozen=True, gc=False):
    """What made the outputs of a step, as digests: equal for steps that would make the same.

    Args:
        code: The code of the op: its version if it has one, else its function with what that reaches.
        config: The op's config.
        resources: The code and config of each resource that it uses, by key.
        inputs: For each input, where its value comes from.
        code_version: The version of the code, if the op has one.
        python: The Python that compiled the code. Empty if the code was not looked at.
        problems: Why it cannot be compared, if it cannot.
        parts: The functions, classes and constants that the code is made of. Only with the first step
            of an op in a process: the others have the same code.
    """

    code: str
    config: str = ""
    resources: Mapping[str, str] = _NO_DIGESTS
    inputs: Mapping[str, str] = _NO_DIGESTS
    code_version: str | None = None
    python: str = ""
    problems: tuple[str, ...] = ()
    parts: Mapping[str, str] | None = None


class StepSuccessData(Record, frozen=True, gc=False):
    """STEP_SUCCESS.

    Args:
        duration_ms: How long the step took, in milliseconds.
        fingerprint: What made its outputs; None in logs of runs that cannot be re-executed from what
            has changed: on an instance that ends with the run, or of an earlier version.
    """

    duration_ms: float
    fingerprint: StepFingerprint | None = None


class UserFailureData(Record, frozen=True, gc=False):
    """What a :class:`Failure` raised by the user says."""

    label: str
    description: str | None = None
    metadata: Metadata = _NO_METADATA

    @property
    def metadata_entries(self) -> list[MetadataEntry]:
        return [MetadataEntry(label, value=value) for label, value in self.metadata.items()]


class StepFailureData(Record, frozen=True, gc=False):
    """STEP_FAILURE: the error, what the user said of it, and where it came from."""

    error: SerializableErrorInfo | None
    user_failure_data: UserFailureData | None = None
    error_source: ErrorSource | None = None

    @property
    def error_display_string(self) -> str:
        """The error as a person reads it, with all causes."""
        return "" if self.error is None else self.error.to_string()


class StepRetryData(Record, frozen=True, gc=False):
    """STEP_UP_FOR_RETRY.

    Args:
        error: The error of the failed attempt.
        seconds_to_wait: Before the next attempt, in seconds; None to start at once.
    """

    error: SerializableErrorInfo | None
    seconds_to_wait: int | float | None = None


class StepMaterializationData(Record, frozen=True, gc=False):
    """ASSET_MATERIALIZATION."""

    materialization: AnyMaterialization


class AssetObservationData(Record, frozen=True, gc=False):
    """ASSET_OBSERVATION."""

    asset_observation: AssetObservation


class AssetMaterializationPlannedData(Record, frozen=True, gc=False):
    """ASSET_MATERIALIZATION_PLANNED: a run is going to materialize an asset.

    Args:
        asset_key: The asset.
        partition: The partition, if it is about one.
    """

    asset_key: AssetKey
    partition: str | None = None


class AssetFailedToMaterializeData(Record, frozen=True, gc=False):
    """ASSET_FAILED_TO_MATERIALIZE: a run had planned to materialize an asset and did not.

    Args:
        asset_materialization_failure: What was not materialized, and why.
        error: The error, if one was the cause.
        location_name: The code location of the run.
        repository_name: The repository of the run.
    """

    asset_materialization_failure: AssetMaterializationFailure
    error: SerializableErrorInfo | None = None
    location_name: str | None = None
    repository_name: str | None = None

    @property
    def asset_key(self) -> AssetKey:
        """The asset."""
        return self.asset_materialization_failure.asset_key

    @property
    def partition(self) -> str | None:
        """The partition, if it is about one."""
        return self.asset_materialization_failure.partition


class AssetWipedData(Record, frozen=True, gc=False):
    """ASSET_WIPED: the history of an asset was forgotten.

    Args:
        asset_key: The asset.
        partition_keys: The partitions; None if it was all of it.
    """

    asset_key: AssetKey
    partition_keys: Sequence[str] | None = None


class StepExpectationResultData(Record, frozen=True, gc=False):
    """STEP_EXPECTATION_RESULT."""

    expectation_result: ExpectationResult


class HandledOutputData(Record, frozen=True, gc=False):
    """HANDLED_OUTPUT: an I/O manager stored an output."""

    output_name: str
    manager_key: str
    metadata: Metadata = _NO_METADATA


class LoadedInputData(Record, frozen=True, gc=False):
    """LOADED_INPUT: an I/O manager or input manager loaded an input.

    Args:
        input_name: The input.
        manager_key: The resource that loaded it.
        upstream_output_name: The output that the value is of, if it is of one.
        upstream_step_key: The step of that output.
        metadata: What the manager said of it.
        upstream_run_id: The run that made the value, if it is not this one.
    """

    input_name: str
    manager_key: str
    upstream_output_name: str | None = None
    upstream_step_key: str | None = None
    metadata: Metadata = _NO_METADATA
    upstream_run_id: str | None = None


class ObjectStoreOperationResultData(Record, frozen=True, gc=False):
    """OBJECT_STORE_OPERATION: an intermediate storage wrote or read a value."""

    op: str
    value_name: str | None = None
    address: str | None = None
    metadata: Metadata = _NO_METADATA
    version: str | None = None
    mapping_key: str | None = None


class EngineEventData(Record, frozen=True, gc=False):
    """ENGINE_EVENT and the resource events."""

    metadata: Metadata = _NO_METADATA
    error: SerializableErrorInfo | None = None
    marker_start: str | None = None
    marker_end: str | None = None

    @property
    def metadata_entries(self) -> list[MetadataEntry]:
        return [MetadataEntry(label, value=value) for label, value in self.metadata.items()]


class JobFailureData(Record, frozen=True, gc=False):
    """RUN_FAILURE."""

    error: SerializableErrorInfo | None = None
    failure_reason: RunFailureReason | None = None
    first_step_failure_key: str | None = None


class JobCanceledData(Record, frozen=True, gc=False):
    """RUN_CANCELED."""

    error: SerializableErrorInfo | None = None


class ComputeLogsCaptureData(Record, frozen=True, gc=False):
    """LOGS_CAPTURED: stdout and stderr of a process are kept from here on.

    Args:
        file_key: The last part of the key.
        step_keys: The steps that the process runs.
        log_key: The key of the log, for the instance's compute log manager.
        external_url: Where both streams can be seen, outside of the web interface.
        external_stdout_url: Where stdout can be seen.
        external_stderr_url: Where stderr can be seen.
        shell_cmd: The command that shows the log.
    """

    file_key: str
    step_keys: Sequence[str]
    log_key: Sequence[str] | None = None
    external_url: str | None = None
    external_stdout_url: str | None = None
    external_stderr_url: str | None = None
    shell_cmd: str | None = None


class HookErroredData(Record, frozen=True, gc=False):
    """HOOK_ERRORED."""

    error: SerializableErrorInfo


EventSpecificData = (
    StepInputData
    | StepOutputData
    | StepSuccessData
    | StepFailureData
    | StepRetryData
    | StepMaterializationData
    | AssetObservationData
    | AssetMaterializationPlannedData
    | AssetFailedToMaterializeData
    | AssetWipedData
    | StepExpectationResultData
    | HandledOutputData
    | LoadedInputData
    | ObjectStoreOperationResultData
    | EngineEventData
    | JobFailureData
    | JobCanceledData
    | ComputeLogsCaptureData
    | HookErroredData
)
