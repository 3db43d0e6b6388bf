"""Train a model of the arrival delay, and test it against what one would say without a model."""

from __future__ import annotations

from contextlib import AbstractContextManager

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.inspection import permutation_importance
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from examples.flights.data import LATE_MINUTES
from examples.flights.features import FEATURES, TARGET

MODEL = "model"
TIMETABLE = "timetable"
FORECASTS = {
    TIMETABLE: "the timetable: never late",
    "mean": "the mean delay of the training days",
    "median": "the median delay of the training days",
    MODEL: "the model",
}


def train_model(
    train: pd.DataFrame, *, iterations: int, learning_rate: float, leaves: int, seed: int
) -> HistGradientBoostingRegressor:
    """Fit gradient-boosted trees to the absolute error, which is what the test measures."""
    model = HistGradientBoostingRegressor(
        loss="absolute_error",
        max_iter=iterations,
        learning_rate=learning_rate,
        max_leaf_nodes=leaves,
        min_samples_leaf=100,
        categorical_features="from_dtype",
        early_stopping=False,
        random_state=seed,
    )
    with one_thread():
        return model.fit(train[list(FEATURES)], train[TARGET])


def one_thread() -> AbstractContextManager[object]:
    """Keep the model to one thread: its threads wait for each other by spinning.

    On a busy machine two of them take ten times as long as one.
    """
    return threadpool_limits(limits=1, user_api="openmp")


def predict_delays(model: HistGradientBoostingRegressor, test: pd.DataFrame) -> pd.DataFrame:
    """The delay each flight of the test had, and the one the model predicts, in minutes."""
    with one_thread():
        predicted = model.predict(test[list(FEATURES)])
    return pd.DataFrame({"actual": test[TARGET], "predicted": predicted})


def score_forecasts(predictions: pd.DataFrame, train: pd.DataFrame) -> pd.DataFrame:
    """Errors of the model and of three forecasts without a model, one row each.

    Returns:
        `forecast`, `mae` and `rmse` (minutes), `r2`, and `late_auc`: the chance that of a late and a punctual
        flight the late one was predicted to be later (0.5 is guessing).
    """
    actual = predictions["actual"].to_numpy(dtype="float64")
    constants = {TIMETABLE: 0.0, "mean": train[TARGET].mean(), "median": train[TARGET].median()}
    forecasts = {name: np.full(len(actual), float(value)) for name, value in constants.items()}
    forecasts[MODEL] = predictions["predicted"].to_numpy(dtype="float64")
    rows = [{"forecast": name, **_errors(actual, forecast)} for name, forecast in forecasts.items()]
    return pd.DataFrame(rows)


def _errors(actual: npt.NDArray[np.float64], forecast: npt.NDArray[np.float64]) -> dict[str, float]:
    error = actual - forecast
    squares = float(np.square(error).mean())
    late = actual >= LATE_MINUTES
    return {
        "mae": float(np.abs(error).mean()),
        "rmse": squares**0.5,
        "r2": 1.0 - squares / float(actual.var()),
        "late_auc": float(roc_auc_score(late, forecast)),
    }


def mean_absolute_error(scores: pd.DataFrame, forecast: str) -> float:
    """The mean absolute error of one forecast of `score_forecasts`, in minutes."""
    return float(scores.set_index("forecast")["mae"].loc[forecast])


def rank_features(
    model: HistGradientBoostingRegressor, test: pd.DataFrame, *, flights: int, seed: int
) -> pd.DataFrame:
    """By how many minutes the error grows when one feature is shuffled, the most important first.

    Args:
        model: The trained model.
        test: Flights it has not seen.
        flights: How many of them to use; shuffling each feature over all of them takes long.
        seed: Of the sample and the shuffling.
    """
    sample = test.sample(min(flights, len(test)), random_state=seed)
    with one_thread():
        result = permutation_importance(
            model,
            sample[list(FEATURES)],
            sample[TARGET],
            scoring="neg_mean_absolute_error",
            n_repeats=3,
            random_state=seed,
        )
    ranked = pd.DataFrame({"feature": list(FEATURES), "minutes": result["importances_mean"]})
    return ranked.sort_values("minutes", ascending=False, kind="stable").reset_index(drop=True)
