from __future__ import annotations

import pytest

from examples.flights import data, features, model


@pytest.fixture(scope="session")
def joined():
    """Twenty days of real flights, spread over the year."""
    flights = data.sample_days(data.load_table("flights"), 20)
    return data.join_tables(
        data.clean_flights(flights),
        data.clean_weather(data.load_table("weather")),
        data.load_table("planes"),
        data.load_table("airlines"),
        data.load_table("airports"),
    )


@pytest.fixture(scope="session")
def split(joined):
    return features.split_by_day(features.build_features(joined), 0.25, seed=13)


@pytest.fixture(scope="session")
def trained(split):
    return model.train_model(split[0], iterations=20, learning_rate=0.2, leaves=31, seed=13)


@pytest.fixture(scope="session")
def predictions(trained, split):
    return model.predict_delays(trained, split[1])
