from __future__ import annotations

import pandas as pd
import pytest

from examples.flights import analyses


@pytest.fixture
def flights():
    return pd.DataFrame(
        {
            "carrier": ["AA", "AA", "UA", "UA"],
            "airline": ["American", "American", "United", "United"],
            "origin": pd.Categorical(["EWR", "JFK", "EWR", "EWR"]),
            "origin_name": ["Newark", "Kennedy", "Newark", "Newark"],
            "scheduled": pd.to_datetime(
                ["2013-01-01 06:10", "2013-01-01 06:50", "2013-02-03 17:00", "2013-02-03 17:30"]
            ),
            "arr_delay": [-10.0, 14.0, 15.0, 45.0],
            "precip": [0.0, 0.0, 0.1, 2.0],
            "wind_speed": [3.0, 12.0, 30.0, None],
            "visib": [10.0, 10.0, 2.0, 0.5],
            "temp": [20.0, 44.0, 75.0, 95.0],
        }
    )


def test_by_carrier_starts_with_the_latest(flights):
    assert analyses.by_carrier(flights).to_dict("list") == {
        "carrier": ["UA", "AA"],
        "airline": ["United", "American"],
        "flights": [2, 2],
        "mean_delay": [30.0, 2.0],
        "median_delay": [30.0, 2.0],
        "late_share": [1.0, 0.0],
    }


def test_by_origin_counts_only_airports_with_flights(flights):
    table = analyses.by_origin(flights)
    assert table["origin"].tolist() == ["EWR", "JFK"]
    assert table["flights"].tolist() == [3, 1]


def test_by_hour_has_all_airports_together_and_each(flights):
    table = analyses.by_hour(flights)
    assert table[["hour", "origin"]].to_numpy().tolist() == [
        [6, "all"],
        [17, "all"],
        [6, "EWR"],
        [6, "JFK"],
        [17, "EWR"],
    ]
    morning = table.iloc[0]
    assert (morning["lower_quartile"], morning["upper_quartile"]) == (-4.0, 8.0)
    assert table["lower_quartile"].isna().sum() == 3


def test_by_day(flights):
    assert analyses.by_day(flights)[["month", "day", "mean_delay"]].to_numpy().tolist() == [
        [1, 1, 2.0],
        [2, 3, 30.0],
    ]


def test_by_weather_puts_each_flight_in_a_class_and_the_unknown_in_none(flights):
    table = analyses.by_weather(flights)
    counts = {
        kind: dict(zip(part["class"], part["flights"], strict=True))
        for kind, part in table.groupby("weather")
    }
    assert counts == {
        "rain or snow, inch/h": {"none": 2, "< 0.15": 1, "more": 1},
        "wind, mph": {"< 5": 1, "10": 1, "25+": 1},
        "visibility, miles": {"< 1": 1, "1": 1, "10": 2},
        "temperature, °F": {"< 30": 1, "30": 1, "75": 1, "90+": 1},
    }


def test_a_flight_is_late_from_fifteen_minutes_on(flights):
    assert analyses.summarise(flights, [flights["origin"]])["late_share"].tolist() == [
        pytest.approx(2 / 3),
        0.0,
    ]


def test_every_real_flight_is_in_every_table(joined):
    assert analyses.by_carrier(joined)["flights"].sum() == len(joined)
    assert analyses.by_day(joined)["flights"].sum() == len(joined)
    hours = analyses.by_hour(joined)
    assert hours[hours["origin"] == "all"]["flights"].sum() == len(joined)
    assert hours[hours["origin"] != "all"]["flights"].sum() == len(joined)
