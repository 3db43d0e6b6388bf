from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from dagster._core.definitions.config_mapping import config_mapping
from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.hook import success_hook
from dagster._core.definitions.inputs import In
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.outputs import DynamicOut, Out
from dagster._core.definitions.resource.decorator import resource
from dagster._core.definitions.types.builtins import Nothing
from dagster._core.records.job_snapshot import InputMappingSnap, JobSnap, OutputHandleSnap
from dagster._core.records.retry import RetryPolicy
from dagster._wire.codec import deserialize_value, serialize_value


@op(config_schema={"a": int}, tags={"t": "1"}, required_resource_keys={"db", "other"})
def first() -> int:
    """Makes one."""
    return 1


@op(retry_policy=RetryPolicy(max_retries=2), ins={"after": In(Nothing)})
def second(x: int, y: str = "d") -> list[int]:
    return [x]


@op(out=DynamicOut(int))
def keys():
    return []


@op(out=Out(str, is_required=False))
def each(k):
    return k


@op
def gather(ks, both):
    return ks


@config_mapping(config_schema={"n": int})
def to_inner(config):
    return {"first": {"config": {"a": config["n"]}}}


@graph(config=to_inner)
def mapped():
    return first()


@graph
def nested(q):
    second(q)


@success_hook
def hook(_context):
    pass


@resource(config_schema={"url": str})
def db(_context):
    """A database."""


@job(
    resource_defs={"db": db, "other": 1},
    tags={"team": "a"},
    hooks={hook},
    metadata={"m": 1},
    owners=["me@x.y"],
)
def whole():
    """Does all."""
    one = mapped()
    nested(one)
    found = keys()
    gather(found.map(each).collect(), [one, one])


@pytest.fixture(scope="module")
def snap() -> JobSnap:
    return whole.get_job_snapshot()


def test_it_crosses_processes(snap):
    assert deserialize_value(serialize_value(snap)) == snap


def test_the_job(snap):
    assert (snap.name, snap.description, snap.graph_def_name) == ("whole", "Does all.", "whole")
    assert snap.tags == {"team": "a"}
    assert snap.run_tags is None
    assert snap.metadata["m"].value == 1
    assert snap.owners == ["me@x.y"]
    assert snap.hook_names == ["hook"]
    assert snap.executor_def_name == "multi_or_in_process_executor"
    assert [r.name for r in snap.resource_def_snaps] == ["db", "io_manager", "other"]
    assert snap.resource_def_snaps[0].description == "A database."
    assert [item.name for item in snap.logger_def_snaps] == ["console"]
    assert snap.lineage_snapshot is None


def test_the_config_schema(snap):
    config = snap.config_schema_snapshot
    root = config.get_config_snap(snap.root_config_key)
    assert set(root.field_names) == {"execution", "loggers", "ops", "resources"}
    for key in config.all_config_keys:
        for child in config.get_config_snap(key).child_type_keys:
            assert config.has_config_snap(child)
    field = snap.get_node_def_snap("first").config_field_snap
    assert field is not None
    assert config.get_config_snap(field.type_key).field_names == ["a"]
    assert whole.get_config_schema_snapshot() == config


def test_the_nodes(snap):
    assert snap.node_names == ["mapped", "nested", "keys", "each", "gather"]
    assert set(snap.op_def_snaps) == {"first", "second", "keys", "each", "gather"}
    assert set(snap.graph_def_snaps) == {"mapped", "nested"}
    op_snap = snap.get_node_def_snap("first")
    assert (op_snap.tags, op_snap.required_resource_keys) == ({"t": "1"}, ["db", "other"])
    other = snap.get_node_def_snap("second")
    assert [i.name for i in other.input_def_snaps] == ["x", "y", "after"]
    assert [i.has_default for i in other.input_def_snaps] == [False, True, False]
    assert other.retry_policy == RetryPolicy(max_retries=2)
    graph_snap = snap.get_node_def_snap("nested")
    assert graph_snap.input_mapping_snaps == [InputMappingSnap("q", "second", "x")]
    assert graph_snap.config_field_snap is None
    assert snap.get_node_def_snap("mapped").config_field_snap is not None
    with pytest.raises(KeyError, match=r'Did you mean "nested"'):
        snap.get_node_def_snap("neted")


def test_the_edges(snap):
    structure = snap.dep_structure_snapshot
    each_node = structure.get_invocation("each")
    assert each_node.is_dynamic_mapped
    assert each_node.input_dep_snaps[0].upstream_output_snaps == [OutputHandleSnap("keys", "result")]
    both, collected = structure.get_invocation("gather").input_dep_snaps
    assert (both.is_fan_in, len(both.upstream_output_snaps)) == (True, 2)
    assert collected.is_dynamic_collect
    assert not structure.get_invocation("gather").is_dynamic_mapped
    with pytest.raises(KeyError, match=r"unknown node"):
        structure.get_invocation("x")


def test_the_types(snap):
    types = snap.dagster_type_snaps
    output = snap.get_node_def_snap("second").output_def_snaps[0]
    listed = types[output.dagster_type_key]
    assert listed.kind == "LIST"
    assert types[listed.type_param_keys[0]].name == "Int"
    assert types["Nothing"].kind == "NOTHING"
    key = types["Int"].loader_schema_key
    assert key is not None
    assert snap.config_schema_snapshot.has_config_snap(key)


def test_the_id_is_that_of_the_content():
    assert whole.get_job_snapshot_id() == whole.get_job_snapshot_id()
    assert len(whole.get_job_snapshot_id()) == 40
    assert whole.with_metadata({"m": 2}).get_job_snapshot_id() != whole.get_job_snapshot_id()
    assert whole.with_metadata({"m": 1}).get_job_snapshot_id() == whole.get_job_snapshot_id()


def test_a_part_knows_the_whole():
    part = whole.get_subset(op_selection=["mapped+"])
    snap = part.get_job_snapshot()
    assert snap.lineage_snapshot is not None
    assert snap.lineage_snapshot.parent_snapshot_id == whole.get_job_snapshot_id()
    assert snap.lineage_snapshot.op_selection == ["mapped+"]
    assert snap.lineage_snapshot.resolved_op_selection == ["gather", "mapped", "nested"]
    assert part.get_parent_job_snapshot() == whole.get_job_snapshot()
    assert whole.get_parent_job_snapshot() is None
    assert part.get_job_snapshot_id() != whole.get_job_snapshot_id()


def test_the_id_does_not_depend_on_the_process(tmp_path):
    script = tmp_path / "snapshots.py"
    script.write_text(
        textwrap.dedent("""
            from dagster._core.definitions.job.decorator import job
            from dagster._core.definitions.op.decorator import op

            @op(required_resource_keys={"a", "b", "c", "d"}, config_schema={"x": int, "y": str})
            def one(): pass

            @job(resource_defs=dict.fromkeys("abcd", 1))
            def the_job(): one()

            print(the_job.get_job_snapshot_id())
        """)
    )
    ids = {
        subprocess.run(
            [sys.executable, str(script)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(ids) == 1
