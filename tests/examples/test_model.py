from __future__ import annotations

import pandas as pd
import pytest

from examples.flights import features, model


def test_scores_of_a_case_by_hand():
    predictions = pd.DataFrame({"actual": [0.0, 40.0], "predicted": [10.0, 40.0]})
    train = pd.DataFrame({"arr_delay": [0.0, 10.0, 50.0]})
    scores = model.score_forecasts(predictions, train).set_index("forecast")
    assert scores["mae"].to_dict() == {"timetable": 20.0, "mean": 20.0, "median": 20.0, "model": 5.0}
    assert scores["rmse"].loc["model"] == pytest.approx(50**0.5)
    assert scores["r2"].loc["mean"] == 0
    assert scores["late_auc"].to_dict() == {"timetable": 0.5, "mean": 0.5, "median": 0.5, "model": 1.0}


def test_the_model_beats_guessing_who_is_late_on_days_it_has_not_seen(predictions, split):
    scores = model.score_forecasts(predictions, split[0]).set_index("forecast")
    assert scores["late_auc"].loc["model"] > 0.6
    assert model.mean_absolute_error(scores.reset_index(), "model") == scores["mae"].loc["model"]


def test_training_twice_gives_the_same_predictions(split, predictions):
    again = model.train_model(split[0], iterations=20, learning_rate=0.2, leaves=31, seed=13)
    pd.testing.assert_frame_equal(model.predict_delays(again, split[1]), predictions)


def test_features_are_ranked_by_what_they_are_worth(trained, split):
    drivers = model.rank_features(trained, split[1], flights=300, seed=1)
    assert set(drivers["feature"]) == set(features.FEATURES)
    assert drivers["minutes"].is_monotonic_decreasing
    assert drivers["minutes"].iloc[0] > 0
