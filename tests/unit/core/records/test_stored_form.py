"""The stored form of each record. What is written here has been written to somebody's disk: never change a
line, only add the old form to what must load."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dagster._core.records import asset_key, error_info, metadata_value, retry, run, table, user_events
from dagster._core.records import metadata as m
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.error_info import SerializableErrorInfo
from dagster._core.records.metadata import MetadataEntry, MetadataValue, normalize_metadata
from dagster._core.records.retry import Backoff, Jitter, RetryMode, RetryPolicy
from dagster._core.records.run import DagsterRun, DagsterRunStatus, RunRecord, RunsFilter
from dagster._core.records.table import (
    TableColumn,
    TableColumnDep,
    TableColumnLineage,
    TableRecord,
    TableSchema,
)
from dagster._core.records.user_events import (
    AssetMaterialization,
    AssetObservation,
    DataVersion,
    ExpectationResult,
    HookExecutionResult,
    Materialization,
    TypeCheck,
)
from dagster._wire.codec import deserialize_value, serialize_value
from dagster._wire.record import RECORD_CLASSES

KEY = AssetKey(["a", "b"])
SCHEMA = TableSchema([TableColumn("c", "int", tags={"t": "v"})])
LINEAGE = TableColumnLineage({"c": [TableColumnDep(KEY, "d")]})
RUN = DagsterRun(
    "j", "1", {"ops": {}}, resolved_op_selection=frozenset({"b", "a"}), tags={"t": "v"}, mode="m"
)
TIME = datetime(2020, 1, 1, tzinfo=UTC)

GOLDEN = [
    (
        KEY,
        '{"__class__":"AssetKey","path":["a","b"]}',
    ),
    (
        DataVersion("1"),
        '{"__class__":"DataVersion","value":"1"}',
    ),
    (
        HookExecutionResult("h", True),
        '{"__class__":"HookExecutionResult","hook_name":"h","is_skipped":true}',
    ),
    (
        MetadataValue.text("x"),
        '{"__class__":"TextMetadataValue","text":"x"}',
    ),
    (
        MetadataValue.url("x"),
        '{"__class__":"UrlMetadataValue","url":"x"}',
    ),
    (
        MetadataValue.path("x"),
        '{"__class__":"PathMetadataValue","path":"x"}',
    ),
    (
        MetadataValue.notebook("x"),
        '{"__class__":"NotebookMetadataValue","path":"x"}',
    ),
    (
        MetadataValue.json({"a": [1, None]}),
        '{"__class__":"JsonMetadataValue","data":{"a":[1,null]}}',
    ),
    (
        MetadataValue.md("x"),
        '{"__class__":"MarkdownMetadataValue","md_str":"x"}',
    ),
    (
        MetadataValue.python_artifact(AssetKey),
        (
            '{"__class__":"PythonArtifactMetadataValue",'
            '"module":"dagster._core.records.asset_key","name":"AssetKey"}'
        ),
    ),
    (
        MetadataValue.float(1.5),
        '{"__class__":"FloatMetadataValue","value":1.5}',
    ),
    (
        MetadataValue.int(1),
        '{"__class__":"IntMetadataValue","value":1}',
    ),
    (
        MetadataValue.bool(True),
        '{"__class__":"BoolMetadataValue","value":true}',
    ),
    (
        MetadataValue.timestamp(1.5),
        '{"__class__":"TimestampMetadataValue","value":1.5}',
    ),
    (
        MetadataValue.dagster_run("1"),
        '{"__class__":"DagsterRunMetadataValue","run_id":"1"}',
    ),
    (
        MetadataValue.asset(KEY),
        (
            '{"__class__":"DagsterAssetMetadataValue","asset_key":{"__class__":"AssetKey",'
            '"path":["a","b"]}}'
        ),
    ),
    (
        MetadataValue.job("j", "l", repository_name="r"),
        (
            '{"__class__":"DagsterJobMetadataValue","job_name":"j","location_name":"l",'
            '"repository_name":"r"}'
        ),
    ),
    (
        MetadataValue.table([TableRecord({"c": 1})], TableSchema([])),
        (
            '{"__class__":"TableMetadataValue","records":[{"__class__":"TableRecord",'
            '"data":{"c":1}}],"schema":{"__class__":"TableSchema","columns":[],'
            '"constraints":{"__class__":"TableConstraints","other":[]}}}'
        ),
    ),
    (
        MetadataValue.table_schema(SCHEMA),
        (
            '{"__class__":"TableSchemaMetadataValue","schema":{"__class__":"TableSchema",'
            '"columns":[{"__class__":"TableColumn","name":"c","type":"int",'
            '"description":null,"constraints":{"__class__":"TableColumnConstraints",'
            '"nullable":true,"unique":false,"other":[]},"tags":{"t":"v"}}],'
            '"constraints":{"__class__":"TableConstraints","other":[]}}}'
        ),
    ),
    (
        MetadataValue.column_lineage(LINEAGE),
        (
            '{"__class__":"TableColumnLineageMetadataValue",'
            '"column_lineage":{"__class__":"TableColumnLineage",'
            '"deps_by_column":{"c":[{"__class__":"TableColumnDep",'
            '"asset_key":{"__class__":"AssetKey","path":["a","b"]},"column_name":"d"}]}}}'
        ),
    ),
    (
        MetadataValue.null(),
        '{"__class__":"NullMetadataValue"}',
    ),
    (
        MetadataValue.pool("p"),
        '{"__class__":"PoolMetadataValue","pool":"p"}',
    ),
    (
        m.CodeReferencesMetadataValue(
            code_references=[
                m.LocalFileCodeReference(file_path="f", line_number=1),
                m.UrlCodeReference(url="u", label="l"),
            ]
        ),
        (
            '{"__class__":"CodeReferencesMetadataValue",'
            '"code_references":[{"__class__":"LocalFileCodeReference","file_path":"f",'
            '"line_number":1,"label":null},{"__class__":"UrlCodeReference","url":"u",'
            '"label":"l"}]}'
        ),
    ),
    (
        MetadataEntry("l", "d", 1),
        (
            '{"__class__":"MetadataEntry","label":"l","description":"d",'
            '"value":{"__class__":"IntMetadataValue","value":1}}'
        ),
    ),
    (
        normalize_metadata([MetadataEntry("l", "d", 1)]),
        (
            '{"__class__":"DescribedMetadata","entries":[{"__class__":"MetadataEntry",'
            '"label":"l","description":"d","value":{"__class__":"IntMetadataValue",'
            '"value":1}}]}'
        ),
    ),
    (
        AssetMaterialization(KEY, "d", {"a": 1}, "p", {"t": "v"}),
        (
            '{"__class__":"AssetMaterialization","asset_key":{"__class__":"AssetKey",'
            '"path":["a","b"]},"description":"d",'
            '"metadata":{"a":{"__class__":"IntMetadataValue","value":1}},"partition":"p",'
            '"tags":{"t":"v"}}'
        ),
    ),
    (
        AssetObservation(KEY),
        (
            '{"__class__":"AssetObservation","asset_key":{"__class__":"AssetKey","path":["a",'
            '"b"]},"description":null,"metadata":{},"partition":null,"tags":null}'
        ),
    ),
    (
        Materialization("l", "d", {"a": 1}, KEY, "p", True, {"t": "v"}),
        (
            '{"__class__":"Materialization","label":"l","description":"d",'
            '"metadata":{"a":{"__class__":"IntMetadataValue","value":1}},'
            '"asset_key":{"__class__":"AssetKey","path":["a","b"]},"partition":"p",'
            '"tags":{"t":"v"}}'
        ),
    ),
    (
        ExpectationResult(True, "l", "d", {"a": 1}),
        (
            '{"__class__":"ExpectationResult","success":true,"label":"l","description":"d",'
            '"metadata":{"a":{"__class__":"IntMetadataValue","value":1}}}'
        ),
    ),
    (
        TypeCheck(False, "d", {"a": 1}),
        (
            '{"__class__":"TypeCheck","success":false,"description":"d",'
            '"metadata":{"a":{"__class__":"IntMetadataValue","value":1}}}'
        ),
    ),
    (
        RetryPolicy(2, 1.5, Backoff.LINEAR, Jitter.PLUS_MINUS),
        (
            '{"__class__":"RetryPolicy","max_retries":2,"delay":1.5,'
            '"backoff":{"__enum__":"Backoff.LINEAR"},'
            '"jitter":{"__enum__":"Jitter.PLUS_MINUS"}}'
        ),
    ),
    (
        RetryMode.DEFERRED,
        '{"__enum__":"RetryMode.DEFERRED"}',
    ),
    (
        SerializableErrorInfo("m", ["s"], "C", SerializableErrorInfo("n", [])),
        (
            '{"__class__":"SerializableErrorInfo","message":"m","stack":["s"],"cls_name":"C",'
            '"cause":{"__class__":"SerializableErrorInfo","message":"n","stack":[],'
            '"cls_name":null,"cause":null,"context":null},"context":null}'
        ),
    ),
    (
        RUN,
        (
            '{"__class__":"DagsterRun","job_name":"j","run_id":"1","run_config":{"ops":{}},'
            '"asset_selection":null,"asset_check_selection":null,"op_selection":null,'
            '"resolved_op_selection":{"__frozenset__":["a","b"]},"step_keys_to_execute":null,'
            '"status":{"__enum__":"DagsterRunStatus.NOT_STARTED"},"tags":{"t":"v"},'
            '"root_run_id":null,"parent_run_id":null,"job_snapshot_id":null,'
            '"execution_plan_snapshot_id":null,"remote_job_origin":null,'
            '"job_code_origin":null,"has_repository_load_data":false,'
            '"run_op_concurrency":null,"partitions_subset":null,"mode":"m"}'
        ),
    ),
    (
        RunsFilter(["1"], "j", [DagsterRunStatus.QUEUED], {"t": ["v"]}, created_after=TIME),
        (
            '{"__class__":"RunsFilter","run_ids":["1"],"job_name":"j",'
            '"statuses":[{"__enum__":"DagsterRunStatus.QUEUED"}],"tags":{"t":["v"]},'
            '"snapshot_id":null,"updated_after":null,"updated_before":null,'
            '"created_after":{"__datetime__":"2020-01-01T00:00:00+00:00"},'
            '"created_before":null,"exclude_subruns":null}'
        ),
    ),
    (
        RunRecord(1, RUN, TIME, TIME, 1.5),
        (
            '{"__class__":"RunRecord","storage_id":1,"dagster_run":{"__class__":"DagsterRun",'
            '"job_name":"j","run_id":"1","run_config":{"ops":{}},"asset_selection":null,'
            '"asset_check_selection":null,"op_selection":null,'
            '"resolved_op_selection":{"__frozenset__":["a","b"]},"step_keys_to_execute":null,'
            '"status":{"__enum__":"DagsterRunStatus.NOT_STARTED"},"tags":{"t":"v"},'
            '"root_run_id":null,"parent_run_id":null,"job_snapshot_id":null,'
            '"execution_plan_snapshot_id":null,"remote_job_origin":null,'
            '"job_code_origin":null,"has_repository_load_data":false,'
            '"run_op_concurrency":null,"partitions_subset":null,"mode":"m"},'
            '"create_timestamp":{"__datetime__":"2020-01-01T00:00:00+00:00"},'
            '"update_timestamp":{"__datetime__":"2020-01-01T00:00:00+00:00"},'
            '"start_time":1.5,"end_time":null}'
        ),
    ),
]


@pytest.mark.parametrize(("value", "text"), GOLDEN, ids=lambda item: type(item).__name__)
def test_stored_form(value: object, text: str) -> None:
    assert serialize_value(value) == text
    read = deserialize_value(text)
    assert read == value
    assert type(read) is type(value)


def test_every_record_has_its_stored_form_here() -> None:
    modules = {
        module.__name__
        for module in (asset_key, error_info, metadata_value, m, retry, run, table, user_events)
    }
    records = {name for name, cls in RECORD_CLASSES.items() if cls.__module__ in modules}
    text = "".join(text for _, text in GOLDEN)
    bases = {"MetadataValue", "AssetEvent"}
    assert {name for name in records - bases if f'"__class__":"{name}"' not in text} == set()
