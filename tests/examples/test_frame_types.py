from __future__ import annotations

import pandas as pd
import pytest

from dagster import check_dagster_type
from examples.flights.frame_types import Model, Predictions, Table


def test_a_frame_with_its_columns_passes_and_tells_its_size():
    check = check_dagster_type(Predictions, pd.DataFrame({"actual": [1.0], "predicted": [2.0]}))
    assert check.success
    assert check.metadata["rows"].value == 1
    assert check.metadata["columns"].value == 2


@pytest.mark.parametrize(
    ("value", "description"),
    [
        (pd.DataFrame({"actual": [1.0]}), "expected the columns predicted, got: actual"),
        (pd.DataFrame({"actual": [], "predicted": []}), "expected at least one row, got: none"),
        ([1.0], "expected a pandas DataFrame, got: list"),
    ],
)
def test_what_is_wrong_is_said(value, description):
    check = check_dagster_type(Predictions, value)
    assert not check.success
    assert check.description == description


def test_a_table_may_have_any_columns():
    assert check_dagster_type(Table, pd.DataFrame({"x": [1]})).success


def test_a_model_is_a_trained_model():
    assert not check_dagster_type(Model, "a model").success
