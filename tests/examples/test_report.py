from __future__ import annotations

import pandas as pd
import pytest

from examples.flights import analyses, model, report


@pytest.fixture
def scores():
    return pd.DataFrame(
        {
            "forecast": ["timetable", "mean", "median", "model"],
            "mae": [25.0, 27.0, 24.5, 20.0],
            "rmse": [44.0, 43.9, 45.0, 38.0],
            "r2": [-0.02, 0.0, -0.06, 0.25],
            "late_auc": [0.5, 0.5, 0.5, 0.77],
        }
    )


def test_markdown_table():
    frame = pd.DataFrame({"name": ["a|b", "c"], "unused": [1, 2], "count": [1234, 5]})
    assert report.markdown_table(frame, {"name": "Name", "count": "Count"}, {"count": "{:,}"}) == (
        "| Name | Count |\n| --- | ---: |\n| a\\|b | 1,234 |\n| c | 5 |"
    )


def test_the_headline_says_how_much_better(scores):
    assert report.headline(scores) == (
        "On days it has never seen the model is off by 20.0 minutes on average, the timetable by 25.0: 20% less."
    )


def test_the_headline_does_not_hide_a_bad_model(scores):
    assert report.headline(scores.replace({"mae": {20.0: 30.0}})).endswith("20% more.")


def test_every_forecast_has_a_name(scores):
    table = report.score_table(scores)
    assert all(name in table for name in model.FORECASTS.values())
    assert "| the model | 20.00 | 38.00 | 0.250 | 0.770 |" in table


def test_the_page_links_its_figures_relative_to_itself(joined, scores, tmp_path):
    page = report.build_report(
        flights=len(joined),
        scores=scores,
        by_carrier=analyses.by_carrier(joined),
        by_hour=analyses.by_hour(joined),
        by_origin=analyses.by_origin(joined),
        plots=[tmp_path / "plots" / "delay_by_hour.png"],
        directory=tmp_path,
    )
    assert page.startswith("# Flights out of New York, 2013\n")
    assert f"{len(joined):,} flights" in page
    assert "![Arrival delay by hour of departure](plots/delay_by_hour.png)" in page
    assert "Newark Liberty Intl" in page
    assert page.count("\n| --- |") == 4
