from __future__ import annotations

import pytest

from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.outputs import DynamicOut, Out
from dagster._core.plan.snapshot import execution_plan_snapshot_id, snapshot_from_execution_plan
from dagster._core.plan.step import StepKind
from dagster._core.records.handles import StepOutputHandle
from dagster._core.runner.execute_job import create_execution_plan
from dagster._wire.codec import deserialize_value, serialize_value


@op(tags={"dagster/priority": "3"}, out=Out(int, is_required=False))
def one():
    return 1


@op(out=DynamicOut())
def keys(x: int, y: int = 2):
    return []


@op
def each(k):
    return k


@op
def gather(ks, both):
    return ks


@job
def whole():
    first = one()
    gather(keys(first).map(each).collect(), [first, first])


@pytest.fixture(scope="module")
def snap():
    return snapshot_from_execution_plan(create_execution_plan(whole), "abc")


def test_it_crosses_processes(snap):
    assert deserialize_value(serialize_value(snap)) == snap


def test_the_steps(snap):
    assert snap.job_snapshot_id == "abc"
    assert snap.step_keys_to_execute == ["one", "keys", "each[?]", "gather"]
    assert snap.step_deps["keys"] == ["one"]
    assert set(snap.step_deps["gather"]) == {"one", "keys", "each[?]"}
    assert [s.kind for s in snap.steps] == [
        StepKind.COMPUTE,
        StepKind.COMPUTE,
        StepKind.UNRESOLVED_MAPPED,
        StepKind.UNRESOLVED_COLLECT,
    ]
    assert snap.get_step("one").priority == 3
    assert snap.get_step("one").outputs[0].is_required is False
    assert snap.get_step("keys").outputs[0].is_dynamic is True
    with pytest.raises(KeyError, match=r'Did you mean "keys"'):
        snap.get_step("kesy")


def test_the_inputs(snap):
    x, y = snap.get_step("keys").inputs
    assert (x.source, x.upstream_output_handles) == ("FromStepOutput", [StepOutputHandle("one")])
    assert (y.source, y.upstream_output_handles) == ("FromDefaultValue", [])
    ks, both = snap.get_step("gather").inputs
    assert ks.source == "FromDynamicCollect"
    assert ks.upstream_step_keys == ["each[?]"]
    assert both.upstream_output_handles == [StepOutputHandle("one")] * 2
    assert both.upstream_step_keys == ["one"]


def test_the_id(snap):
    again = snapshot_from_execution_plan(create_execution_plan(whole), "abc")
    other = snapshot_from_execution_plan(create_execution_plan(whole), "def")
    assert execution_plan_snapshot_id(snap) == execution_plan_snapshot_id(again)
    assert execution_plan_snapshot_id(snap) != execution_plan_snapshot_id(other)
