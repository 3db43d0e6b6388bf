"""The report: a Markdown page with the scores, the tables and the figures."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from examples.flights.data import LATE_MINUTES
from examples.flights.model import FORECASTS, MODEL, TIMETABLE, mean_absolute_error

TITLES = {
    "delay_by_hour": "Arrival delay by hour of departure",
    "delay_by_carrier": "Late flights by airline",
    "weather_effect": "Late flights by weather",
    "delay_calendar": "Mean delay of each day",
    "predicted_vs_actual": "Predicted and actual delay",
    "model_drivers": "What the model looks at",
}
PERCENT = "{:.1%}"
MINUTES = "{:.1f}"
COUNT = "{:,}"
GROUP_FORMATS = {
    "flights": COUNT,
    "mean_delay": MINUTES,
    "median_delay": MINUTES,
    "late_share": PERCENT,
}
GROUP_TITLES = {
    "carrier": "Code",
    "airline": "Airline",
    "origin": "Code",
    "origin_name": "Airport",
    "hour": "Departure",
    "flights": "Flights",
    "mean_delay": "Mean delay, min",
    "median_delay": "Median delay, min",
    "late_share": f"Late ({LATE_MINUTES} min or more)",
}


def markdown_table(frame: pd.DataFrame, titles: Mapping[str, str], formats: Mapping[str, str]) -> str:
    """A frame as a Markdown table: the columns named in `titles`, numbers to the right."""
    columns = [column for column in titles if column in frame.columns]
    numeric = [column in formats for column in columns]
    rows = [
        [formats.get(column, "{}").format(value) for column, value in zip(columns, row, strict=True)]
        for row in frame[columns].itertuples(index=False)
    ]
    lines = [
        [titles[column] for column in columns],
        ["---:" if right else "---" for right in numeric],
        *([cell.replace("|", "\\|") for cell in row] for row in rows),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def score_table(scores: pd.DataFrame) -> str:
    """The errors of all forecasts as a Markdown table."""
    named = scores.assign(forecast=scores["forecast"].map(FORECASTS))
    titles = {
        "forecast": "Forecast",
        "mae": "Mean absolute error, min",
        "rmse": "Root mean square error, min",
        "r2": "R²",
        "late_auc": "Late or not (AUC)",
    }
    formats = {"mae": "{:.2f}", "rmse": "{:.2f}", "r2": "{:.3f}", "late_auc": "{:.3f}"}
    return markdown_table(named, titles, formats)


def headline(scores: pd.DataFrame) -> str:
    """One sentence: how good the model is."""
    model, timetable = (mean_absolute_error(scores, name) for name in (MODEL, TIMETABLE))
    change = 1 - model / timetable
    return (
        f"On days it has never seen the model is off by {model:.1f} minutes on average, "
        f"the timetable by {timetable:.1f}: {abs(change):.0%} {'less' if change >= 0 else 'more'}."
    )


def build_report(
    *,
    flights: int,
    scores: pd.DataFrame,
    by_carrier: pd.DataFrame,
    by_hour: pd.DataFrame,
    by_origin: pd.DataFrame,
    plots: Sequence[Path],
    directory: Path,
) -> str:
    """The whole page.

    Args:
        flights: How many flights arrived and were looked at.
        scores: From `model.score_forecasts`.
        by_carrier: From `analyses`, as the next two.
        by_hour: The hours; only the rows of all airports together are shown.
        by_origin: The airports of New York.
        plots: The PNG files, in the order in which to show them.
        directory: Where the report will lie; the plots are linked relative to it.
    """
    hours = by_hour[by_hour["origin"] == "all"].drop(columns=["origin"])
    worst_hours = hours[hours["flights"] >= 30].nlargest(5, "late_share")
    worst_hours = worst_hours.assign(hour=[f"{hour}:00" for hour in worst_hours["hour"]])
    figures = [
        f"### {TITLES.get(plot.stem, plot.stem)}\n\n"
        f"![{TITLES.get(plot.stem, plot.stem)}]({Path(os.path.relpath(plot, directory)).as_posix()})"
        for plot in plots
    ]
    introduction = (
        f"{flights:,} flights that left Newark, JFK and LaGuardia and arrived. "
        f"Delays are arrival delays in minutes; a flight is late from {LATE_MINUTES} minutes on."
    )
    parts = [
        "# Flights out of New York, 2013",
        introduction,
        "## The model",
        headline(scores),
        score_table(scores),
        "## The delays",
        "### Airports",
        markdown_table(by_origin, GROUP_TITLES, GROUP_FORMATS),
        "### The five airlines with the most late flights",
        markdown_table(by_carrier.head(5), GROUP_TITLES, GROUP_FORMATS),
        "### The five worst hours to leave",
        markdown_table(worst_hours, GROUP_TITLES, GROUP_FORMATS),
        "## Figures",
        *figures,
    ]
    return "\n\n".join(parts) + "\n"
