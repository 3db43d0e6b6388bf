from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.flights import features

START = pd.Timestamp("2013-06-01 06:00")


def departures(rows):
    """Rows of (airport, scheduled minute, delay)."""
    return pd.DataFrame(
        {
            "origin": [origin for origin, _, _ in rows],
            "scheduled": [START + pd.Timedelta(minutes=minute) for _, minute, _ in rows],
            "dep_delay": [float(delay) for _, _, delay in rows],
        }
    )


def test_recent_delay_is_the_mean_of_what_has_left_the_same_airport():
    flights = departures([("EWR", 0, 10), ("EWR", 10, 20), ("JFK", 15, 99), ("EWR", 60, 0)])
    recent = features.recent_delays(flights, hours=2)
    assert recent["recent_delay"].iloc[3] == 15
    assert recent["recent_flights"].tolist() == [0, 0, 0, 2]


def test_recent_delay_does_not_know_a_flight_that_has_not_left_yet():
    flights = departures([("EWR", 0, 90), ("EWR", 60, 0)])
    recent = features.recent_delays(flights, hours=2)
    assert recent["recent_flights"].tolist() == [0, 0]
    assert recent["recent_delay"].isna().all()


rows = st.tuples(st.sampled_from(["EWR", "JFK"]), st.integers(0, 600), st.integers(-20, 300))


@given(st.lists(rows, min_size=1, max_size=40), st.integers(1, 4))
def test_recent_delays_agree_with_counting_one_by_one(rows, hours):
    recent = features.recent_delays(departures(rows), hours)
    for (origin, now, _), mean, count in zip(
        rows, recent["recent_delay"], recent["recent_flights"], strict=True
    ):
        seen = [d for o, at, d in rows if o == origin and now - hours * 60 <= at + d < now]
        assert count == len(seen)
        assert (mean == pytest.approx(sum(seen) / len(seen))) if seen else pd.isna(mean)


def test_features_are_complete(joined):
    built = features.build_features(joined)
    assert list(built.columns) == [*features.FEATURES, features.TARGET, "scheduled"]
    assert len(built) == len(joined)
    assert built["minute_of_day"].between(0, 24 * 60).all()
    assert built[features.TARGET].notna().all()


def test_the_split_parts_whole_days(joined):
    train, test = features.split_by_day(joined, 0.25, seed=1)
    train_days, test_days = (set(part["scheduled"].dt.normalize()) for part in (train, test))
    assert not train_days & test_days
    assert len(test_days) == 5
    assert len(train) + len(test) == len(joined)


def test_the_split_depends_on_the_seed_alone(joined):
    one, same, other = (features.split_by_day(joined, 0.25, seed)[1] for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, same)
    assert not one["scheduled"].equals(other["scheduled"])


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_split_without_one_side_is_refused(joined, share):
    with pytest.raises(ValueError, match=r"expected days on both sides of the split, got: \d+ of 20"):
        features.split_by_day(joined, share, seed=1)
