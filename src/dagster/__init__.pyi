# Written by scripts/make_stub.py from dagster._names: change the table, then `make stub`.

from dagster._config.config_type import Array as Array
from dagster._config.config_type import ConfigSchema as ConfigSchema
from dagster._config.config_type import Enum as Enum
from dagster._config.config_type import EnumValue as EnumValue
from dagster._config.config_type import Map as Map
from dagster._config.config_type import Noneable as Noneable
from dagster._config.config_type import ScalarUnion as ScalarUnion
from dagster._config.configurable import configured as configured
from dagster._config.env_var import EnvVar as EnvVar
from dagster._config.field import Field as Field
from dagster._config.pythonic.config_class import Config as Config
from dagster._config.pythonic.config_class import PermissiveConfig as PermissiveConfig
from dagster._config.shapes import Permissive as Permissive
from dagster._config.shapes import Selector as Selector
from dagster._config.shapes import Shape as Shape
from dagster._config.source import BoolSource as BoolSource
from dagster._config.source import IntSource as IntSource
from dagster._config.source import StringSource as StringSource
from dagster._config.yaml_files import config_from_files as config_from_files
from dagster._config.yaml_files import config_from_pkg_resources as config_from_pkg_resources
from dagster._config.yaml_files import config_from_yaml_strings as config_from_yaml_strings
from dagster._core.definitions.config_mapping import ConfigMapping as ConfigMapping
from dagster._core.definitions.config_mapping import config_mapping as config_mapping
from dagster._core.definitions.console_loggers import JsonLogFormatter as JsonLogFormatter
from dagster._core.definitions.console_loggers import colored_console_logger as colored_console_logger
from dagster._core.definitions.console_loggers import default_loggers as default_loggers
from dagster._core.definitions.console_loggers import default_system_loggers as default_system_loggers
from dagster._core.definitions.console_loggers import json_console_logger as json_console_logger
from dagster._core.definitions.definitions_object import BindResourcesToJobs as BindResourcesToJobs
from dagster._core.definitions.definitions_object import Definitions as Definitions
from dagster._core.definitions.definitions_object import create_repository_using_definitions_args as create_repository_using_definitions_args
from dagster._core.definitions.definitions_object import definitions as definitions
from dagster._core.definitions.executor import ExecutorDefinition as ExecutorDefinition
from dagster._core.definitions.executor import ExecutorRequirement as ExecutorRequirement
from dagster._core.definitions.executor import InitExecutorContext as InitExecutorContext
from dagster._core.definitions.executor import executor as executor
from dagster._core.definitions.executor import multiple_process_executor_requirements as multiple_process_executor_requirements
from dagster._core.definitions.file_path import file_relative_path as file_relative_path
from dagster._core.definitions.graph.decorator import graph as graph
from dagster._core.definitions.graph.definition import GraphDefinition as GraphDefinition
from dagster._core.definitions.graph.dependency import DependencyDefinition as DependencyDefinition
from dagster._core.definitions.graph.dependency import DynamicCollectDependencyDefinition as DynamicCollectDependencyDefinition
from dagster._core.definitions.graph.dependency import MultiDependencyDefinition as MultiDependencyDefinition
from dagster._core.definitions.graph.dependency import NodeInvocation as NodeInvocation
from dagster._core.definitions.graph.dependency import NodeInvocation as SolidInvocation
from dagster._core.definitions.graph.invocation import PendingNodeInvocation as PendingNodeInvocation
from dagster._core.definitions.hook import HookDefinition as HookDefinition
from dagster._core.definitions.hook import event_list_hook as event_list_hook
from dagster._core.definitions.hook import failure_hook as failure_hook
from dagster._core.definitions.hook import success_hook as success_hook
from dagster._core.definitions.inputs import GraphIn as GraphIn
from dagster._core.definitions.inputs import In as In
from dagster._core.definitions.inputs import InputDefinition as InputDefinition
from dagster._core.definitions.inputs import InputMapping as InputMapping
from dagster._core.definitions.job.decorator import job as job
from dagster._core.definitions.job.definition import JobDefinition as JobDefinition
from dagster._core.definitions.logger import InitLoggerContext as InitLoggerContext
from dagster._core.definitions.logger import LoggerDefinition as LoggerDefinition
from dagster._core.definitions.logger import build_init_logger_context as build_init_logger_context
from dagster._core.definitions.logger import logger as logger
from dagster._core.definitions.module_loading import load_definitions_from_current_module as load_definitions_from_current_module
from dagster._core.definitions.module_loading import load_definitions_from_module as load_definitions_from_module
from dagster._core.definitions.module_loading import load_definitions_from_modules as load_definitions_from_modules
from dagster._core.definitions.module_loading import load_definitions_from_package_module as load_definitions_from_package_module
from dagster._core.definitions.module_loading import load_definitions_from_package_name as load_definitions_from_package_name
from dagster._core.definitions.op.decorator import op as op
from dagster._core.definitions.op.definition import OpDefinition as OpDefinition
from dagster._core.definitions.outputs import DynamicOut as DynamicOut
from dagster._core.definitions.outputs import DynamicOutputDefinition as DynamicOutputDefinition
from dagster._core.definitions.outputs import GraphOut as GraphOut
from dagster._core.definitions.outputs import MultiOut as MultiOut
from dagster._core.definitions.outputs import Out as Out
from dagster._core.definitions.outputs import OutputDefinition as OutputDefinition
from dagster._core.definitions.outputs import OutputMapping as OutputMapping
from dagster._core.definitions.partitions.definition import PartitionsDefinition as PartitionsDefinition
from dagster._core.definitions.partitions.dynamic import DynamicPartitionsDefinition as DynamicPartitionsDefinition
from dagster._core.definitions.partitions.static import StaticPartitionsDefinition as StaticPartitionsDefinition
from dagster._core.definitions.reconstructable import build_reconstructable_job as build_reconstructable_job
from dagster._core.definitions.reconstructable import reconstructable as reconstructable
from dagster._core.definitions.repository.data import RepositoryData as RepositoryData
from dagster._core.definitions.repository.decorator import repository as repository
from dagster._core.definitions.repository.definition import RepositoryDefinition as RepositoryDefinition
from dagster._core.definitions.resource.annotation import ResourceParam as ResourceParam
from dagster._core.definitions.resource.build import build_init_resource_context as build_init_resource_context
from dagster._core.definitions.resource.context import InitResourceContext as InitResourceContext
from dagster._core.definitions.resource.decorator import make_values_resource as make_values_resource
from dagster._core.definitions.resource.decorator import resource as resource
from dagster._core.definitions.resource.definition import ResourceDefinition as ResourceDefinition
from dagster._core.definitions.resource.pythonic import ConfigurableResource as ConfigurableResource
from dagster._core.definitions.resource.pythonic import ResourceDependency as ResourceDependency
from dagster._core.definitions.resource.scoped import IAttachDifferentObjectToOpContext as IAttachDifferentObjectToOpContext
from dagster._core.definitions.run_config import RunConfig as RunConfig
from dagster._core.definitions.types.builtins import Any as Any
from dagster._core.definitions.types.builtins import Bool as Bool
from dagster._core.definitions.types.builtins import Float as Float
from dagster._core.definitions.types.builtins import Int as Int
from dagster._core.definitions.types.builtins import Nothing as Nothing
from dagster._core.definitions.types.builtins import String as String
from dagster._core.definitions.types.check import check_dagster_type as check_dagster_type
from dagster._core.definitions.types.context import TypeCheckContext as TypeCheckContext
from dagster._core.definitions.types.dagster_type import DagsterType as DagsterType
from dagster._core.definitions.types.generics import Dict as Dict
from dagster._core.definitions.types.generics import List as List
from dagster._core.definitions.types.generics import Optional as Optional
from dagster._core.definitions.types.generics import Set as Set
from dagster._core.definitions.types.generics import Tuple as Tuple
from dagster._core.definitions.types.loader import DagsterTypeLoader as DagsterTypeLoader
from dagster._core.definitions.types.loader import dagster_type_loader as dagster_type_loader
from dagster._core.definitions.types.materializer import DagsterTypeMaterializer as DagsterTypeMaterializer
from dagster._core.definitions.types.materializer import dagster_type_materializer as dagster_type_materializer
from dagster._core.definitions.types.python_object import PythonObjectDagsterType as PythonObjectDagsterType
from dagster._core.definitions.types.registry import make_python_type_usable_as_dagster_type as make_python_type_usable_as_dagster_type
from dagster._core.definitions.types.registry import usable_as_dagster_type as usable_as_dagster_type
from dagster._core.definitions.types.serialization import SerializationStrategy as SerializationStrategy
from dagster._core.definitions.with_resources import with_resources as with_resources
from dagster._core.errors import DagsterConfigMappingFunctionError as DagsterConfigMappingFunctionError
from dagster._core.errors import DagsterError as DagsterError
from dagster._core.errors import DagsterEventLogInvalidForRun as DagsterEventLogInvalidForRun
from dagster._core.errors import DagsterExecutionInterruptedError as DagsterExecutionInterruptedError
from dagster._core.errors import DagsterExecutionStepExecutionError as DagsterExecutionStepExecutionError
from dagster._core.errors import DagsterExecutionStepNotFoundError as DagsterExecutionStepNotFoundError
from dagster._core.errors import DagsterInvalidConfigDefinitionError as DagsterInvalidConfigDefinitionError
from dagster._core.errors import DagsterInvalidConfigError as DagsterInvalidConfigError
from dagster._core.errors import DagsterInvalidDefinitionError as DagsterInvalidDefinitionError
from dagster._core.errors import DagsterInvalidInvocationError as DagsterInvalidInvocationError
from dagster._core.errors import DagsterInvalidSubsetError as DagsterInvalidSubsetError
from dagster._core.errors import DagsterInvariantViolationError as DagsterInvariantViolationError
from dagster._core.errors import DagsterResourceFunctionError as DagsterResourceFunctionError
from dagster._core.errors import DagsterRunNotFoundError as DagsterRunNotFoundError
from dagster._core.errors import DagsterStepOutputNotFoundError as DagsterStepOutputNotFoundError
from dagster._core.errors import DagsterSubprocessError as DagsterSubprocessError
from dagster._core.errors import DagsterTypeCheckDidNotPass as DagsterTypeCheckDidNotPass
from dagster._core.errors import DagsterTypeCheckError as DagsterTypeCheckError
from dagster._core.errors import DagsterUnknownPartitionError as DagsterUnknownPartitionError
from dagster._core.errors import DagsterUnknownResourceError as DagsterUnknownResourceError
from dagster._core.errors import DagsterUnmetExecutorRequirementsError as DagsterUnmetExecutorRequirementsError
from dagster._core.errors import DagsterUserCodeExecutionError as DagsterUserCodeExecutionError
from dagster._core.events.event import DagsterEvent as DagsterEvent
from dagster._core.events.event_type import DagsterEventType as DagsterEventType
from dagster._core.events.log_entry import EventLogEntry as EventLogEntry
from dagster._core.events.log_manager import DagsterLogManager as DagsterLogManager
from dagster._core.events.python_log_capture import get_dagster_logger as get_dagster_logger
from dagster._core.execution.build_resources import build_resources as build_resources
from dagster._core.execution.direct_invocation_hook import build_hook_context as build_hook_context
from dagster._core.execution.direct_op_context import build_op_context as build_op_context
from dagster._core.execution.hook_context import HookContext as HookContext
from dagster._core.execution.op_context import OpExecutionContext as OpExecutionContext
from dagster._core.execution.step_context import DagsterTypeLoaderContext as DagsterTypeLoaderContext
from dagster._core.execution.step_context import StepExecutionContext as StepExecutionContext
from dagster._core.execution.step_launcher import StepLauncher as StepLauncher
from dagster._core.executor.base import Executor as Executor
from dagster._core.executor.builtin import default_executors as default_executors
from dagster._core.executor.builtin import in_process_executor as in_process_executor
from dagster._core.executor.builtin import multi_or_in_process_executor as multi_or_in_process_executor
from dagster._core.executor.builtin import multiprocess_executor as multiprocess_executor
from dagster._core.executor.builtin import threads_executor as threads_executor
from dagster._core.executor.step_run_ref import StepRunRef as StepRunRef
from dagster._core.executor.step_run_ref import external_instance_from_step_run_ref as external_instance_from_step_run_ref
from dagster._core.executor.step_run_ref import run_step_from_ref as run_step_from_ref
from dagster._core.executor.step_run_ref import step_context_to_step_run_ref as step_context_to_step_run_ref
from dagster._core.executor.step_run_ref import step_run_ref_to_step_context as step_run_ref_to_step_context
from dagster._core.instance.for_test import instance_for_test as instance_for_test
from dagster._core.instance.instance import DagsterInstance as DagsterInstance
from dagster._core.io.build_context import build_input_context as build_input_context
from dagster._core.io.build_context import build_output_context as build_output_context
from dagster._core.io.contexts import InputContext as InputContext
from dagster._core.io.file_handle import FileHandle as FileHandle
from dagster._core.io.file_handle import LocalFileHandle as LocalFileHandle
from dagster._core.io.file_manager import local_file_manager as local_file_manager
from dagster._core.io.filesystem import custom_path_fs_io_manager as custom_path_fs_io_manager
from dagster._core.io.filesystem import fs_io_manager as fs_io_manager
from dagster._core.io.filesystem_config import FilesystemIOManager as FilesystemIOManager
from dagster._core.io.input_manager import InputManager as InputManager
from dagster._core.io.input_manager import InputManagerDefinition as InputManagerDefinition
from dagster._core.io.input_manager import input_manager as input_manager
from dagster._core.io.io_manager import IOManager as IOManager
from dagster._core.io.io_manager import IOManagerDefinition as IOManagerDefinition
from dagster._core.io.io_manager import io_manager as io_manager
from dagster._core.io.memory import InMemoryIOManager as InMemoryIOManager
from dagster._core.io.memory import mem_io_manager as mem_io_manager
from dagster._core.io.output_context import OutputContext as OutputContext
from dagster._core.io.pythonic import ConfigurableIOManager as ConfigurableIOManager
from dagster._core.io.pythonic import ConfigurableIOManagerFactory as ConfigurableIOManagerFactory
from dagster._core.io.pythonic import ConfigurableLegacyIOManagerAdapter as ConfigurableLegacyIOManagerAdapter
from dagster._core.io.upath_manager import UPathIOManager as UPathIOManager
from dagster._core.plan.changed_steps import StepAction as StepAction
from dagster._core.plan.changed_steps import StepDecision as StepDecision
from dagster._core.records.asset_key import AssetKey as AssetKey
from dagster._core.records.event_records import AssetRecordsFilter as AssetRecordsFilter
from dagster._core.records.event_records import EventLogRecord as EventLogRecord
from dagster._core.records.event_records import EventRecordsFilter as EventRecordsFilter
from dagster._core.records.event_records import EventRecordsResult as EventRecordsResult
from dagster._core.records.event_records import PaginatedResults as PaginatedResults
from dagster._core.records.event_records import RunShardedEventsCursor as RunShardedEventsCursor
from dagster._core.records.event_records import RunStatusChangeRecordsFilter as RunStatusChangeRecordsFilter
from dagster._core.records.metadata import EventMetadataEntry as EventMetadataEntry
from dagster._core.records.metadata import FloatMetadataEntryData as FloatMetadataEntryData
from dagster._core.records.metadata import IntMetadataEntryData as IntMetadataEntryData
from dagster._core.records.metadata import JsonMetadataEntryData as JsonMetadataEntryData
from dagster._core.records.metadata import MarkdownMetadataEntryData as MarkdownMetadataEntryData
from dagster._core.records.metadata import MetadataEntry as MetadataEntry
from dagster._core.records.metadata import PathMetadataEntryData as PathMetadataEntryData
from dagster._core.records.metadata import PythonArtifactMetadataEntryData as PythonArtifactMetadataEntryData
from dagster._core.records.metadata import TextMetadataEntryData as TextMetadataEntryData
from dagster._core.records.metadata import UrlMetadataEntryData as UrlMetadataEntryData
from dagster._core.records.metadata_value import BoolMetadataValue as BoolMetadataValue
from dagster._core.records.metadata_value import CodeReferencesMetadataValue as CodeReferencesMetadataValue
from dagster._core.records.metadata_value import DagsterAssetMetadataValue as DagsterAssetMetadataValue
from dagster._core.records.metadata_value import DagsterJobMetadataValue as DagsterJobMetadataValue
from dagster._core.records.metadata_value import DagsterRunMetadataValue as DagsterRunMetadataValue
from dagster._core.records.metadata_value import FloatMetadataValue as FloatMetadataValue
from dagster._core.records.metadata_value import IntMetadataValue as IntMetadataValue
from dagster._core.records.metadata_value import JsonMetadataValue as JsonMetadataValue
from dagster._core.records.metadata_value import LocalFileCodeReference as LocalFileCodeReference
from dagster._core.records.metadata_value import MarkdownMetadataValue as MarkdownMetadataValue
from dagster._core.records.metadata_value import MetadataValue as MetadataValue
from dagster._core.records.metadata_value import NotebookMetadataValue as NotebookMetadataValue
from dagster._core.records.metadata_value import NullMetadataValue as NullMetadataValue
from dagster._core.records.metadata_value import PathMetadataValue as PathMetadataValue
from dagster._core.records.metadata_value import PoolMetadataValue as PoolMetadataValue
from dagster._core.records.metadata_value import PythonArtifactMetadataValue as PythonArtifactMetadataValue
from dagster._core.records.metadata_value import TableColumnLineageMetadataValue as TableColumnLineageMetadataValue
from dagster._core.records.metadata_value import TableMetadataValue as TableMetadataValue
from dagster._core.records.metadata_value import TableSchemaMetadataValue as TableSchemaMetadataValue
from dagster._core.records.metadata_value import TextMetadataValue as TextMetadataValue
from dagster._core.records.metadata_value import TimestampMetadataValue as TimestampMetadataValue
from dagster._core.records.metadata_value import UrlCodeReference as UrlCodeReference
from dagster._core.records.metadata_value import UrlMetadataValue as UrlMetadataValue
from dagster._core.records.partition_status import AssetPartitionStatus as AssetPartitionStatus
from dagster._core.records.retry import Backoff as Backoff
from dagster._core.records.retry import Jitter as Jitter
from dagster._core.records.retry import RetryPolicy as RetryPolicy
from dagster._core.records.run import DagsterRun as DagsterRun
from dagster._core.records.run import DagsterRunStatus as DagsterRunStatus
from dagster._core.records.run import RunRecord as RunRecord
from dagster._core.records.run import RunsFilter as RunsFilter
from dagster._core.records.table import TableColumn as TableColumn
from dagster._core.records.table import TableColumnConstraints as TableColumnConstraints
from dagster._core.records.table import TableColumnDep as TableColumnDep
from dagster._core.records.table import TableColumnLineage as TableColumnLineage
from dagster._core.records.table import TableConstraints as TableConstraints
from dagster._core.records.table import TableRecord as TableRecord
from dagster._core.records.table import TableSchema as TableSchema
from dagster._core.records.tags import MAX_RUNTIME_SECONDS_TAG as MAX_RUNTIME_SECONDS_TAG
from dagster._core.records.user_events import AssetMaterialization as AssetMaterialization
from dagster._core.records.user_events import AssetObservation as AssetObservation
from dagster._core.records.user_events import DynamicOutput as DynamicOutput
from dagster._core.records.user_events import ExpectationResult as ExpectationResult
from dagster._core.records.user_events import Failure as Failure
from dagster._core.records.user_events import HookExecutionResult as HookExecutionResult
from dagster._core.records.user_events import Materialization as Materialization
from dagster._core.records.user_events import Output as Output
from dagster._core.records.user_events import RetryRequested as RetryRequested
from dagster._core.records.user_events import TypeCheck as TypeCheck
from dagster._core.run_coordinator.base import SubmitRunContext as SubmitRunContext
from dagster._core.run_coordinator.queued import QueuedRunCoordinator as QueuedRunCoordinator
from dagster._core.runner.execute_job import execute_job as execute_job
from dagster._core.runner.explain import explain_reexecution as explain_reexecution
from dagster._core.runner.interrupts import raise_execution_interrupts as raise_execution_interrupts
from dagster._core.runner.rerun import ReexecutionOptions as ReexecutionOptions
from dagster._core.runner.results import ExecuteInProcessResult as ExecuteInProcessResult
from dagster._core.runner.results import JobExecutionResult as JobExecutionResult
from dagster._core.runner.validate import validate_run_config as validate_run_config
from dagster._legacy.asset_store import AssetStore as AssetStore
from dagster._legacy.asset_store import AssetStoreContext as AssetStoreContext
from dagster._legacy.asset_store import custom_path_fs_asset_store as custom_path_fs_asset_store
from dagster._legacy.asset_store import fs_asset_store as fs_asset_store
from dagster._legacy.asset_store import mem_asset_store as mem_asset_store
from dagster._legacy.composite_solid import CompositeSolidDefinition as CompositeSolidDefinition
from dagster._legacy.composite_solid import composite_solid as composite_solid
from dagster._legacy.context import SolidExecutionContext as SolidExecutionContext
from dagster._legacy.context import build_solid_context as build_solid_context
from dagster._legacy.execution import execute_pipeline as execute_pipeline
from dagster._legacy.execution import execute_pipeline_iterator as execute_pipeline_iterator
from dagster._legacy.isolated_execution import execute_solid as execute_solid
from dagster._legacy.isolated_execution import execute_solid_within_pipeline as execute_solid_within_pipeline
from dagster._legacy.isolated_execution import execute_solids_within_pipeline as execute_solids_within_pipeline
from dagster._legacy.metadata import EventMetadata as EventMetadata
from dagster._legacy.mode import ModeDefinition as ModeDefinition
from dagster._legacy.pipeline import PipelineDefinition as PipelineDefinition
from dagster._legacy.pipeline import pipeline as pipeline
from dagster._legacy.pipeline_run import PipelineRun as PipelineRun
from dagster._legacy.pipeline_run import PipelineRunStatus as PipelineRunStatus
from dagster._legacy.preset import PresetDefinition as PresetDefinition
from dagster._legacy.reexecution import reexecute_pipeline as reexecute_pipeline
from dagster._legacy.reexecution import reexecute_pipeline_iterator as reexecute_pipeline_iterator
from dagster._legacy.results import CompositeSolidExecutionResult as CompositeSolidExecutionResult
from dagster._legacy.results import PipelineExecutionResult as PipelineExecutionResult
from dagster._legacy.results import SolidExecutionResult as SolidExecutionResult
from dagster._legacy.root_input_manager import RootInputManager as RootInputManager
from dagster._legacy.root_input_manager import RootInputManagerDefinition as RootInputManagerDefinition
from dagster._legacy.root_input_manager import root_input_manager as root_input_manager
from dagster._legacy.solid import SolidDefinition as SolidDefinition
from dagster._legacy.solid import lambda_solid as lambda_solid
from dagster._legacy.solid import solid as solid
from dagster._legacy.storage_definition import InitIntermediateStorageContext as InitIntermediateStorageContext
from dagster._legacy.storage_definition import IntermediateStorageDefinition as IntermediateStorageDefinition
from dagster._legacy.storage_definition import build_intermediate_storage_from_object_store as build_intermediate_storage_from_object_store
from dagster._legacy.storage_definition import default_intermediate_storage_defs as default_intermediate_storage_defs
from dagster._legacy.storage_definition import fs_intermediate_storage as fs_intermediate_storage
from dagster._legacy.storage_definition import intermediate_storage as intermediate_storage
from dagster._legacy.storage_definition import mem_intermediate_storage as mem_intermediate_storage
from dagster._legacy.storage_io_manager import io_manager_from_intermediate_storage as io_manager_from_intermediate_storage
from dagster._legacy.system_context import SystemComputeExecutionContext as SystemComputeExecutionContext
from dagster._legacy.system_storage import InitSystemStorageContext as InitSystemStorageContext
from dagster._legacy.system_storage import SystemStorageData as SystemStorageData
from dagster._legacy.system_storage import SystemStorageDefinition as SystemStorageDefinition
from dagster._legacy.system_storage import default_system_storage_defs as default_system_storage_defs
from dagster._legacy.system_storage import fs_system_storage as fs_system_storage
from dagster._legacy.system_storage import mem_system_storage as mem_system_storage
from dagster._legacy.system_storage import system_storage as system_storage
from dagster._legacy.type_config import input_hydration_config as input_hydration_config
from dagster._legacy.type_config import output_materialization_config as output_materialization_config
from dagster._warnings import BetaWarning as BetaWarning
from dagster._warnings import ConfigArgumentWarning as ConfigArgumentWarning
from dagster._warnings import ExperimentalWarning as ExperimentalWarning
from dagster._warnings import PreviewWarning as PreviewWarning
from dagster._warnings import SupersessionWarning as SupersessionWarning
from dagster._wire.codec import deserialize_value as deserialize_value
from dagster._wire.codec import serialize_value as serialize_value
from typing import Any as TypingAny
from typing import Tuple as TypingTuple
from dagster import _config as _config
from dagster import _core as _core
from dagster import _serdes as _serdes

__version__: str
__all__ = [
    "Any",
    "Array",
    "AssetKey",
    "AssetMaterialization",
    "AssetObservation",
    "AssetPartitionStatus",
    "AssetRecordsFilter",
    "AssetStore",
    "AssetStoreContext",
    "Backoff",
    "BetaWarning",
    "BindResourcesToJobs",
    "Bool",
    "BoolMetadataValue",
    "BoolSource",
    "CodeReferencesMetadataValue",
    "CompositeSolidDefinition",
    "CompositeSolidExecutionResult",
    "Config",
    "ConfigArgumentWarning",
    "ConfigMapping",
    "ConfigSchema",
    "ConfigurableIOManager",
    "ConfigurableIOManagerFactory",
    "ConfigurableLegacyIOManagerAdapter",
    "ConfigurableResource",
    "DagsterAssetMetadataValue",
    "DagsterConfigMappingFunctionError",
    "DagsterError",
    "DagsterEvent",
    "DagsterEventLogInvalidForRun",
    "DagsterEventType",
    "DagsterExecutionInterruptedError",
    "DagsterExecutionStepExecutionError",
    "DagsterExecutionStepNotFoundError",
    "DagsterInstance",
    "DagsterInvalidConfigDefinitionError",
    "DagsterInvalidConfigError",
    "DagsterInvalidDefinitionError",
    "DagsterInvalidInvocationError",
    "DagsterInvalidSubsetError",
    "DagsterInvariantViolationError",
    "DagsterJobMetadataValue",
    "DagsterLogManager",
    "DagsterResourceFunctionError",
    "DagsterRun",
    "DagsterRunMetadataValue",
    "DagsterRunNotFoundError",
    "DagsterRunStatus",
    "DagsterStepOutputNotFoundError",
    "DagsterSubprocessError",
    "DagsterType",
    "DagsterTypeCheckDidNotPass",
    "DagsterTypeCheckError",
    "DagsterTypeLoader",
    "DagsterTypeLoaderContext",
    "DagsterTypeMaterializer",
    "DagsterUnknownPartitionError",
    "DagsterUnknownResourceError",
    "DagsterUnmetExecutorRequirementsError",
    "DagsterUserCodeExecutionError",
    "Definitions",
    "DependencyDefinition",
    "Dict",
    "DynamicCollectDependencyDefinition",
    "DynamicOut",
    "DynamicOutput",
    "DynamicOutputDefinition",
    "DynamicPartitionsDefinition",
    "Enum",
    "EnumValue",
    "EnvVar",
    "EventLogEntry",
    "EventLogRecord",
    "EventMetadata",
    "EventMetadataEntry",
    "EventRecordsFilter",
    "EventRecordsResult",
    "ExecuteInProcessResult",
    "Executor",
    "ExecutorDefinition",
    "ExecutorRequirement",
    "ExpectationResult",
    "ExperimentalWarning",
    "Failure",
    "Field",
    "FileHandle",
    "FilesystemIOManager",
    "Float",
    "FloatMetadataEntryData",
    "FloatMetadataValue",
    "GraphDefinition",
    "GraphIn",
    "GraphOut",
    "HookContext",
    "HookDefinition",
    "HookExecutionResult",
    "IAttachDifferentObjectToOpContext",
    "IOManager",
    "IOManagerDefinition",
    "In",
    "InMemoryIOManager",
    "InitExecutorContext",
    "InitIntermediateStorageContext",
    "InitLoggerContext",
    "InitResourceContext",
    "InitSystemStorageContext",
    "InputContext",
    "InputDefinition",
    "InputManager",
    "InputManagerDefinition",
    "InputMapping",
    "Int",
    "IntMetadataEntryData",
    "IntMetadataValue",
    "IntSource",
    "IntermediateStorageDefinition",
    "Jitter",
    "JobDefinition",
    "JobExecutionResult",
    "JsonLogFormatter",
    "JsonMetadataEntryData",
    "JsonMetadataValue",
    "List",
    "LocalFileCodeReference",
    "LocalFileHandle",
    "LoggerDefinition",
    "MAX_RUNTIME_SECONDS_TAG",
    "Map",
    "MarkdownMetadataEntryData",
    "MarkdownMetadataValue",
    "Materialization",
    "MetadataEntry",
    "MetadataValue",
    "ModeDefinition",
    "MultiDependencyDefinition",
    "MultiOut",
    "NodeInvocation",
    "Noneable",
    "NotebookMetadataValue",
    "Nothing",
    "NullMetadataValue",
    "OpDefinition",
    "OpExecutionContext",
    "Optional",
    "Out",
    "Output",
    "OutputContext",
    "OutputDefinition",
    "OutputMapping",
    "PaginatedResults",
    "PartitionsDefinition",
    "PathMetadataEntryData",
    "PathMetadataValue",
    "PendingNodeInvocation",
    "Permissive",
    "PermissiveConfig",
    "PipelineDefinition",
    "PipelineExecutionResult",
    "PipelineRun",
    "PipelineRunStatus",
    "PoolMetadataValue",
    "PresetDefinition",
    "PreviewWarning",
    "PythonArtifactMetadataEntryData",
    "PythonArtifactMetadataValue",
    "PythonObjectDagsterType",
    "QueuedRunCoordinator",
    "ReexecutionOptions",
    "RepositoryData",
    "RepositoryDefinition",
    "ResourceDefinition",
    "ResourceDependency",
    "ResourceParam",
    "RetryPolicy",
    "RetryRequested",
    "RootInputManager",
    "RootInputManagerDefinition",
    "RunConfig",
    "RunRecord",
    "RunShardedEventsCursor",
    "RunStatusChangeRecordsFilter",
    "RunsFilter",
    "ScalarUnion",
    "Selector",
    "SerializationStrategy",
    "Set",
    "Shape",
    "SolidDefinition",
    "SolidExecutionContext",
    "SolidExecutionResult",
    "SolidInvocation",
    "StaticPartitionsDefinition",
    "StepAction",
    "StepDecision",
    "StepExecutionContext",
    "StepLauncher",
    "StepRunRef",
    "String",
    "StringSource",
    "SubmitRunContext",
    "SupersessionWarning",
    "SystemComputeExecutionContext",
    "SystemStorageData",
    "SystemStorageDefinition",
    "TableColumn",
    "TableColumnConstraints",
    "TableColumnDep",
    "TableColumnLineage",
    "TableColumnLineageMetadataValue",
    "TableConstraints",
    "TableMetadataValue",
    "TableRecord",
    "TableSchema",
    "TableSchemaMetadataValue",
    "TextMetadataEntryData",
    "TextMetadataValue",
    "TimestampMetadataValue",
    "Tuple",
    "TypeCheck",
    "TypeCheckContext",
    "TypingAny",
    "TypingTuple",
    "UPathIOManager",
    "UrlCodeReference",
    "UrlMetadataEntryData",
    "UrlMetadataValue",
    "build_hook_context",
    "build_init_logger_context",
    "build_init_resource_context",
    "build_input_context",
    "build_intermediate_storage_from_object_store",
    "build_op_context",
    "build_output_context",
    "build_reconstructable_job",
    "build_resources",
    "build_solid_context",
    "check_dagster_type",
    "colored_console_logger",
    "composite_solid",
    "config_from_files",
    "config_from_pkg_resources",
    "config_from_yaml_strings",
    "config_mapping",
    "configured",
    "create_repository_using_definitions_args",
    "custom_path_fs_asset_store",
    "custom_path_fs_io_manager",
    "dagster_type_loader",
    "dagster_type_materializer",
    "default_executors",
    "default_intermediate_storage_defs",
    "default_loggers",
    "default_system_loggers",
    "default_system_storage_defs",
    "definitions",
    "deserialize_value",
    "event_list_hook",
    "execute_job",
    "execute_pipeline",
    "execute_pipeline_iterator",
    "execute_solid",
    "execute_solid_within_pipeline",
    "execute_solids_within_pipeline",
    "executor",
    "explain_reexecution",
    "external_instance_from_step_run_ref",
    "failure_hook",
    "file_relative_path",
    "fs_asset_store",
    "fs_intermediate_storage",
    "fs_io_manager",
    "fs_system_storage",
    "get_dagster_logger",
    "graph",
    "in_process_executor",
    "input_hydration_config",
    "input_manager",
    "instance_for_test",
    "intermediate_storage",
    "io_manager",
    "io_manager_from_intermediate_storage",
    "job",
    "json_console_logger",
    "lambda_solid",
    "load_definitions_from_current_module",
    "load_definitions_from_module",
    "load_definitions_from_modules",
    "load_definitions_from_package_module",
    "load_definitions_from_package_name",
    "local_file_manager",
    "logger",
    "make_python_type_usable_as_dagster_type",
    "make_values_resource",
    "mem_asset_store",
    "mem_intermediate_storage",
    "mem_io_manager",
    "mem_system_storage",
    "multi_or_in_process_executor",
    "multiple_process_executor_requirements",
    "multiprocess_executor",
    "op",
    "output_materialization_config",
    "pipeline",
    "raise_execution_interrupts",
    "reconstructable",
    "reexecute_pipeline",
    "reexecute_pipeline_iterator",
    "repository",
    "resource",
    "root_input_manager",
    "run_step_from_ref",
    "serialize_value",
    "solid",
    "step_context_to_step_run_ref",
    "step_run_ref_to_step_context",
    "success_hook",
    "system_storage",
    "threads_executor",
    "usable_as_dagster_type",
    "validate_run_config",
    "with_resources",
]
