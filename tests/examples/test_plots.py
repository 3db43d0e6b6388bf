from __future__ import annotations

import pytest

from examples.flights import analyses, model, plots

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def figures(joined, predictions, trained, split):
    return {
        "hours": lambda: plots.draw_hours(analyses.by_hour(joined)),
        "carriers": lambda: plots.draw_carriers(analyses.by_carrier(joined)),
        "weather": lambda: plots.draw_weather(analyses.by_weather(joined)),
        "calendar": lambda: plots.draw_calendar(analyses.by_day(joined)),
        "predictions": lambda: plots.draw_predictions(predictions),
        "drivers": lambda: plots.draw_drivers(
            model.rank_features(trained, split[1], flights=200, seed=1)
        ),
    }


@pytest.mark.parametrize("name", ["hours", "carriers", "weather", "calendar", "predictions", "drivers"])
def test_a_figure_is_a_png_and_the_same_each_time(figures, name, tmp_path):
    contents = []
    for attempt in ("one.png", "two.png"):
        plots.save_figure(figures[name](), tmp_path / attempt)
        contents.append((tmp_path / attempt).read_bytes())
    assert contents[0].startswith(PNG)
    assert contents[0] == contents[1]


def test_carriers_are_labelled_with_their_share(joined):
    table = analyses.by_carrier(joined)
    axes = plots.draw_carriers(table).axes[0]
    texts = [text.get_text() for text in axes.texts]
    assert f"{table['late_share'].iloc[0]:.0%}" in texts
    assert len(axes.patches) == len(table)


def test_an_airport_with_few_flights_has_no_line(joined):
    table = analyses.by_hour(joined)
    few = table.assign(flights=table["flights"].where(table["origin"] != "LGA", 1))
    labels = {text.get_text() for text in plots.draw_hours(few).axes[0].texts}
    assert {"EWR", "JFK"} <= labels
    assert "LGA" not in labels
