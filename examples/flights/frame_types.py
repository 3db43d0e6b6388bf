"""Dagster types of the tables that travel between the steps; both versions of the example use them."""

from __future__ import annotations

import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor

from dagster import DagsterType, PythonObjectDagsterType, TypeCheck
from examples.flights.data import JOINED_COLUMNS, missing_columns
from examples.flights.features import FEATURES, TARGET


def build_frame_type(name: str, columns: tuple[str, ...], description: str) -> DagsterType:
    """The type of pandas frames that have these columns and at least one row."""

    def check_frame(_context: object, value: object) -> TypeCheck:
        if not isinstance(value, pd.DataFrame):
            return TypeCheck(False, f"expected a pandas DataFrame, got: {type(value).__name__}")
        missing = missing_columns(value, columns)
        if missing:
            return TypeCheck(
                False, f"expected the columns {', '.join(missing)}, got: {', '.join(value.columns)}"
            )
        if value.empty:
            return TypeCheck(False, "expected at least one row, got: none")
        return TypeCheck(True, metadata={"rows": len(value), "columns": len(value.columns)})

    return DagsterType(check_frame, name=name, description=description, typing_type=pd.DataFrame)


Table = build_frame_type("Table", (), "A table as it was read.")
JoinedFlights = build_frame_type(
    "JoinedFlights",
    JOINED_COLUMNS,
    "Flights with their weather, their plane and the names behind the codes.",
)
FeatureTable = build_frame_type(
    "FeatureTable", (*FEATURES, TARGET), "What the model learns from, and its target."
)
Predictions = build_frame_type(
    "Predictions", ("actual", "predicted"), "Delays that came and delays predicted."
)
Scores = build_frame_type(
    "Scores", ("forecast", "mae", "rmse", "r2", "late_auc"), "Errors per forecast."
)
Model = PythonObjectDagsterType(
    HistGradientBoostingRegressor, name="Model", description="A trained model of the arrival delay."
)
