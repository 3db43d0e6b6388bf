"""Who is late, when, where and in which weather: small tables out of the joined flights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from examples.flights.data import LATE_MINUTES

#: Weather column → (title, edges of the classes, their labels). A class holds its lower edge.
WEATHER_CLASSES: dict[str, tuple[str, list[float], list[str]]] = {
    "precip": (
        "rain or snow, inch/h",
        [0, 0.005, 0.05, 0.15, np.inf],
        ["none", "< 0.05", "< 0.15", "more"],
    ),
    "wind_speed": ("wind, mph", [0, 5, 10, 15, 20, 25, np.inf], ["< 5", "5", "10", "15", "20", "25+"]),
    "visib": ("visibility, miles", [0, 1, 3, 6, 9.9, np.inf], ["< 1", "1", "3", "6", "10"]),
    "temp": (
        "temperature, °F",
        [-np.inf, 30, 45, 60, 75, 90, np.inf],
        ["< 30", "30", "45", "60", "75", "90+"],
    ),
}


def summarise(flights: pd.DataFrame, keys: list[Any]) -> pd.DataFrame:
    """Flights, mean and median arrival delay (minutes) and the share of late flights, per group."""
    delay = flights["arr_delay"].astype("float64")
    frame = pd.DataFrame({"delay": delay, "late": delay >= LATE_MINUTES})
    summary = frame.groupby(keys, observed=True).agg(
        flights=("delay", "size"),
        mean_delay=("delay", "mean"),
        median_delay=("delay", "median"),
        late_share=("late", "mean"),
    )
    return summary.reset_index()


def by_carrier(flights: pd.DataFrame) -> pd.DataFrame:
    """One row per airline, the one with the most late flights first."""
    summary = summarise(flights, [flights["carrier"], flights["airline"]])
    return summary.sort_values("late_share", ascending=False, kind="stable").reset_index(drop=True)


def by_origin(flights: pd.DataFrame) -> pd.DataFrame:
    """One row per airport of New York, the one with the most late flights first."""
    summary = summarise(flights, [flights["origin"], flights["origin_name"]])
    return summary.sort_values("late_share", ascending=False, kind="stable").reset_index(drop=True)


def by_hour(flights: pd.DataFrame) -> pd.DataFrame:
    """One row per hour of scheduled departure and airport; the airport `all` also has quartiles."""
    hour = flights["scheduled"].dt.hour.rename("hour")
    per_airport = summarise(flights, [hour, flights["origin"].astype(str)])
    overall = summarise(flights, [hour]).assign(origin="all")
    quartiles = flights["arr_delay"].astype("float64").groupby(hour).quantile([0.25, 0.75]).unstack()
    quartiles.columns = ["lower_quartile", "upper_quartile"]
    return pd.concat([overall.merge(quartiles.reset_index(), on="hour"), per_airport], ignore_index=True)


def by_day(flights: pd.DataFrame) -> pd.DataFrame:
    """One row per day of the year."""
    time = flights["scheduled"].dt
    return summarise(flights, [time.month.rename("month"), time.day.rename("day")])


def by_weather(flights: pd.DataFrame) -> pd.DataFrame:
    """One row per kind of weather and class of it, in the order of `WEATHER_CLASSES`."""
    tables: list[pd.DataFrame] = []
    for column, (title, edges, labels) in WEATHER_CLASSES.items():
        classes = pd.cut(flights[column], edges, right=False, labels=labels).rename("class")
        table = summarise(flights, [classes])
        tables.append(table.assign(**{"class": table["class"].astype(str), "weather": title}))
    return pd.concat(tables, ignore_index=True)
