"""What a forecaster could know about a flight at its scheduled departure, as columns for a model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

TARGET = "arr_delay"
CATEGORIES = ("carrier", "origin", "dest")
NUMBERS = (
    "month",
    "weekday",
    "minute_of_day",
    "distance",
    "recent_delay",
    "recent_flights",
    "temp",
    "dewp",
    "humid",
    "wind_dir",
    "wind_speed",
    "wind_gust",
    "precip",
    "pressure",
    "visib",
    "plane_age",
    "seats",
)
FEATURES = (*CATEGORIES, *NUMBERS)


def recent_delays(flights: pd.DataFrame, hours: float) -> pd.DataFrame:
    """How late the flights were that left the same airport in the hours before each flight.

    Only departures that had really happened by then count, so nothing leaks from the future.

    Args:
        flights: With the columns `origin`, `scheduled` and `dep_delay` (minutes).
        hours: How far to look back.

    Returns:
        `recent_delay` (mean minutes; empty where nothing left) and `recent_flights`, with the index of `flights`.
    """
    scheduled = flights["scheduled"].to_numpy().astype("datetime64[s]").astype("int64")
    delay = flights["dep_delay"].to_numpy(dtype="float64")
    mean = np.full(len(flights), np.nan)
    count = np.zeros(len(flights))
    for positions in flights.groupby("origin", observed=True).indices.values():
        mean[positions], count[positions] = _mean_before(
            scheduled[positions], delay[positions], hours * 3600
        )
    return pd.DataFrame({"recent_delay": mean, "recent_flights": count}, index=flights.index)


def _mean_before(
    scheduled: npt.NDArray[np.int64], delay: npt.NDArray[np.float64], seconds: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    departed = scheduled + delay * 60
    order = np.argsort(departed, kind="stable")
    departed = departed[order]
    total = np.concatenate([[0.0], np.cumsum(delay[order])])
    until = np.searchsorted(departed, scheduled, "left")
    since = np.searchsorted(departed, scheduled - seconds, "left")
    count = until - since
    mean = np.where(count > 0, (total[until] - total[since]) / np.maximum(count, 1), np.nan)
    return mean, count


def build_features(flights: pd.DataFrame, hours: float = 2.0) -> pd.DataFrame:
    """The columns of `FEATURES`, the target, and `scheduled` to split by."""
    time = flights["scheduled"].dt
    built = flights.assign(
        month=time.month,
        weekday=time.day_of_week,
        minute_of_day=time.hour * 60 + time.minute,
        plane_age=time.year - flights["built"],
        **recent_delays(flights, hours),
    )
    numbers = dict.fromkeys(NUMBERS, "float32")
    categories = dict.fromkeys(CATEGORIES, "category")
    return built[[*FEATURES, TARGET, "scheduled"]].astype({**numbers, **categories})


def split_by_day(frame: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Set whole days aside for the test, chosen at random.

    Whole days, because a model that has seen one flight of a snowstorm has seen the others.

    Args:
        frame: With the column `scheduled`.
        share: Which part of the days to set aside, between 0 and 1.
        seed: Of the random choice.

    Returns:
        The flights to train on and the flights to test on.

    Raises:
        ValueError: The share leaves no day on one of the two sides.
    """
    day = frame["scheduled"].dt.normalize()
    days = np.sort(day.unique())
    held_out = round(len(days) * share)
    if not 0 < held_out < len(days):
        raise ValueError(
            f"expected days on both sides of the split, got: {held_out} of {len(days)} for the test (share {share})"
        )
    chosen = np.random.default_rng(seed).permutation(len(days))[:held_out]
    testing = day.isin(days[chosen])
    return frame[~testing].reset_index(drop=True), frame[testing].reset_index(drop=True)
