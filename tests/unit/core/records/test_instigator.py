"""States of schedules and sensors, their ticks, and where they are found."""

from __future__ import annotations

import pytest

from dagster._check import CheckError
from dagster._core.records.error_info import SerializableErrorInfo
from dagster._core.records.instigator import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    ScheduleInstigatorData,
    SensorInstigatorData,
)
from dagster._core.records.origin import (
    InstigatorSelector,
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
    RepositorySelector,
)
from dagster._core.records.tick import InstigatorTick, InstigatorTickSummary, TickData, TickStatus
from dagster._wire.codec import deserialize_value, serialize_value

REPOSITORY = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("l"), "r")
ORIGIN = REPOSITORY.get_instigator_origin("s")
STATE = InstigatorState(
    ORIGIN, InstigatorType.SENSOR, InstigatorStatus.RUNNING, SensorInstigatorData(cursor="c")
)
DATA = TickData("o", "s", InstigatorType.SENSOR, TickStatus.STARTED, 1.5, selector_id="i")

#: What is written here has been written to somebody's disk: never change a line.
GOLDEN = [
    (
        REPOSITORY.get_job_origin("j"),
        (
            '{"__class__":"RemoteJobOrigin","repository_origin":{"__class__":"RemoteRepositoryOrigin",'
            '"code_location_origin":{"__class__":"RegisteredCodeLocationOrigin","location_name":"l"},'
            '"repository_name":"r"},"job_name":"j"}'
        ),
    ),
    (
        ORIGIN,
        (
            '{"__class__":"RemoteInstigatorOrigin","repository_origin":{"__class__":"RemoteRepositoryOrigin",'
            '"code_location_origin":{"__class__":"RegisteredCodeLocationOrigin","location_name":"l"},'
            '"repository_name":"r"},"instigator_name":"s"}'
        ),
    ),
    (
        RepositorySelector("l", "r"),
        '{"__class__":"RepositorySelector","location_name":"l","repository_name":"r"}',
    ),
    (
        InstigatorSelector("l", "r", "s"),
        '{"__class__":"InstigatorSelector","location_name":"l","repository_name":"r","name":"s"}',
    ),
    (
        InstigatorState(
            ORIGIN,
            InstigatorType.SCHEDULE,
            InstigatorStatus.DECLARED_IN_CODE,
            ScheduleInstigatorData(["@daily", "@hourly"], 1.5, 2.5),
        ),
        (
            '{"__class__":"InstigatorState","origin":{"__class__":"RemoteInstigatorOrigin","repository_origin":'
            '{"__class__":"RemoteRepositoryOrigin","code_location_origin":'
            '{"__class__":"RegisteredCodeLocationOrigin","location_name":"l"},"repository_name":"r"},'
            '"instigator_name":"s"},"instigator_type":{"__enum__":"InstigatorType.SCHEDULE"},"status":'
            '{"__enum__":"InstigatorStatus.DECLARED_IN_CODE"},"instigator_data":'
            '{"__class__":"ScheduleInstigatorData","cron_schedule":["@daily","@hourly"],"start_timestamp":1.5,'
            '"last_iteration_timestamp":2.5}}'
        ),
    ),
    (
        SensorInstigatorData(1.5, "k", 30, "c", 2.5, 3.5, "STANDARD", 4.5),
        (
            '{"__class__":"SensorInstigatorData","last_tick_timestamp":1.5,"last_run_key":"k","min_interval":30,'
            '"cursor":"c","last_tick_start_timestamp":2.5,"last_sensor_start_timestamp":3.5,'
            '"sensor_type":"STANDARD","last_tick_success_timestamp":4.5}'
        ),
    ),
    (
        InstigatorTick(
            7,
            TickData(
                "o",
                "s",
                InstigatorType.SENSOR,
                TickStatus.FAILURE,
                1.5,
                ["1"],
                ["k"],
                SerializableErrorInfo("m", [], "C"),
                "reason",
                "c",
                ["2"],
                1,
                "i",
                ["a", "b"],
                [],
                2.5,
                [],
                ["3"],
                4,
                True,
            ),
        ),
        (
            '{"__class__":"InstigatorTick","tick_id":7,"tick_data":{"__class__":"TickData",'
            '"instigator_origin_id":"o","instigator_name":"s","instigator_type":'
            '{"__enum__":"InstigatorType.SENSOR"},"status":{"__enum__":"TickStatus.FAILURE"},"timestamp":1.5,'
            '"run_ids":["1"],"run_keys":["k"],"error":{"__class__":"SerializableErrorInfo","message":"m",'
            '"stack":[],"cls_name":"C","cause":null,"context":null},"skip_reason":"reason","cursor":"c",'
            '"origin_run_ids":["2"],"failure_count":1,"selector_id":"i","log_key":["a","b"],'
            '"dynamic_partitions_request_results":[],"end_timestamp":2.5,"run_requests":[],'
            '"reserved_run_ids":["3"],"consecutive_failure_count":4,"user_interrupted":true}}'
        ),
    ),
    (
        InstigatorTickSummary(7, "o", InstigatorType.SCHEDULE, TickStatus.SKIPPED, 1.5),
        (
            '{"__class__":"InstigatorTickSummary","tick_id":7,"instigator_origin_id":"o","instigator_type":'
            '{"__enum__":"InstigatorType.SCHEDULE"},"status":{"__enum__":"TickStatus.SKIPPED"},'
            '"timestamp":1.5}'
        ),
    ),
]


@pytest.mark.parametrize(("value", "text"), GOLDEN, ids=[type(v).__name__ for v, _ in GOLDEN])
def test_stored_form(value: object, text: str) -> None:
    assert serialize_value(value) == text
    assert deserialize_value(text) == value


def test_ids_of_names_and_places() -> None:
    """They stand in databases as keys: the same for ever."""
    assert STATE.selector_id == InstigatorSelector("l", "r", "s").get_id()
    assert STATE.selector_id == "956d0de4e8d36ebffae90b9f765b9ba273570b09"
    assert STATE.repository_selector_id == RepositorySelector("l", "r").selector_id
    assert STATE.repository_origin_id == REPOSITORY.get_id()
    assert STATE.instigator_origin_id == ORIGIN.get_id() != STATE.selector_id
    job = REPOSITORY.get_job_origin("j")
    assert job.location_name == "l"
    assert job.get_id() != REPOSITORY.get_job_origin("k").get_id()
    moved = RemoteInstigatorOrigin(REPOSITORY._replace(repository_name="other"), "s")
    assert moved.get_id() != ORIGIN.get_id()
    assert REPOSITORY.get_selector_id() == STATE.repository_selector_id
    assert REPOSITORY.get_label() == "r@l"
    assert ORIGIN.location_name == "l"
    assert ORIGIN.get_selector().instigator_name == STATE.name == STATE.instigator_name == "s"
    assert STATE.repository_selector == RepositorySelector("l", "r")
    assert RegisteredCodeLocationOrigin("l").get_id() != RegisteredCodeLocationOrigin("m").get_id()


def test_whether_it_is_on() -> None:
    assert STATE.is_running
    assert STATE.with_status(InstigatorStatus.DECLARED_IN_CODE).is_running
    assert not STATE.with_status(InstigatorStatus.STOPPED).is_running


def test_data_of_its_type() -> None:
    assert STATE.sensor_instigator_data == SensorInstigatorData(cursor="c")
    turned_on = STATE.with_data(SensorInstigatorData().with_sensor_start_timestamp(5.0))
    assert turned_on.sensor_instigator_data == SensorInstigatorData(last_sensor_start_timestamp=5.0)
    schedule = InstigatorState(ORIGIN, InstigatorType.SCHEDULE, InstigatorStatus.STOPPED)
    assert schedule.sensor_instigator_data is None
    with pytest.raises(CheckError, match=r"instigator_data.*ScheduleInstigatorData"):
        schedule.with_data(SensorInstigatorData())
    with pytest.raises(CheckError, match=r"cron_schedule"):
        ScheduleInstigatorData([1])


def test_a_tick_and_its_changes() -> None:
    tick = InstigatorTick(1, DATA)
    assert (tick.run_ids, tick.run_keys, tick.origin_run_ids) == ([], [], [])
    assert (tick.failure_count, tick.consecutive_failure_count, tick.is_completed) == (0, 0, False)
    assert tick.dynamic_partitions_request_results == []
    failed = tick.with_status(TickStatus.FAILURE, failure_count=2, end_timestamp=9.0)
    assert (failed.is_failure, failed.is_success, failed.is_completed) == (True, False, True)
    assert (failed.failure_count, failed.consecutive_failure_count, failed.end_timestamp) == (2, 2, 9.0)
    changed = (
        tick.with_reason("none")
        .with_run_info("1", "k")
        .with_run_info("2")
        .with_cursor("c")
        .with_origin_run("3")
        .with_log_key(["a"])
        .with_run_requests(["request"], ["4"], "d")
        .with_user_interrupted(True)
    )
    assert changed.tick_data == DATA._replace(
        skip_reason="none",
        run_ids=["1", "2"],
        run_keys=["k"],
        cursor="d",
        origin_run_ids=["3"],
        log_key=["a"],
        run_requests=["request"],
        reserved_run_ids=["4"],
        user_interrupted=True,
    )
    assert changed.run_requests == ["request"]
    assert (changed.skip_reason, changed.cursor, changed.log_key) == ("none", "d", ["a"])


def test_wrong_fields_are_refused() -> None:
    with pytest.raises(CheckError, match=r"timestamp"):
        DATA._replace(timestamp="now")
    with pytest.raises(CheckError, match="run_ids"):
        DATA._replace(run_ids="1")
    with pytest.raises(CheckError, match=r"tick_data"):
        InstigatorTick(1, None)
