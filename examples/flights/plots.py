"""The figures of the report. Each function takes a small table and returns a figure that nobody else holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

INK = "#22303c"
MUTED = "#75828e"
GRID = "#e4e8eb"
ACCENT = "#c8452e"
PALE = "#b9c6d2"
AIRPORTS = {"EWR": "#c8452e", "JFK": "#1f6f8b", "LGA": "#8a6fb0"}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
PERCENT = FuncFormatter(lambda value, _: f"{value:.0%}")
DPI = 130
#: Lets a label stand on a line.
ON_WHITE = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
FEATURE_NAMES = {
    "recent_delay": "delays of the last hours",
    "recent_flights": "flights of the last hours",
    "minute_of_day": "time of day",
    "dest": "destination",
    "origin": "airport",
    "carrier": "airline",
    "temp": "temperature",
    "dewp": "dew point",
    "humid": "humidity",
    "precip": "rain or snow",
    "visib": "visibility",
}


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG. No date or version goes into the file, so equal data make equal files."""
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=DPI, facecolor="white", metadata={"Software": None})


def _figure(
    title: str, subtitle: str, width: float = 8.0, height: float = 4.6, **grid: Any
) -> tuple[Figure, Any]:
    figure = Figure(figsize=(width, height))
    inch = 1 / height
    figure.text(0.6 / width, 1 - 0.36 * inch, title, size=14, weight="bold", color=INK)
    figure.text(0.6 / width, 1 - 0.62 * inch, subtitle, size=9.5, color=MUTED)
    axes = figure.subplots(**grid)
    figure.subplots_adjust(
        left=0.72 / width, right=1 - 0.3 / width, top=1 - 0.95 * inch, bottom=0.62 * inch, wspace=0.12
    )
    for one in np.ravel(np.asarray(axes, dtype=object)):
        _plain(one)
    return figure, axes


def _plain(axes: Axes) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(PALE)
    axes.tick_params(length=0, labelsize=9, labelcolor=MUTED)
    axes.set_axisbelow(True)


def _label(axes: Axes, x: str = "", y: str = "") -> None:
    axes.set_xlabel(x, size=9.5, color=MUTED, labelpad=6)
    axes.set_ylabel(y, size=9.5, color=MUTED, labelpad=6)


def draw_hours(by_hour: pd.DataFrame) -> Figure:
    """Mean arrival delay over the day, per airport, with the quartiles of all flights behind."""
    figure, axes = _figure(
        "Delays build up through the day",
        "mean arrival delay per airport, by hour of scheduled departure",
    )
    axes.grid(axis="y", color=GRID)
    axes.axhline(0, color=MUTED, linewidth=0.8)
    overall = by_hour[by_hour["origin"] == "all"].sort_values("hour")
    axes.fill_between(
        overall["hour"],
        overall["lower_quartile"],
        overall["upper_quartile"],
        color=PALE,
        alpha=0.45,
        linewidth=0,
    )
    ends: list[tuple[float, str]] = []
    for origin, color in AIRPORTS.items():
        line = by_hour[(by_hour["origin"] == origin) & (by_hour["flights"] >= 30)].sort_values("hour")
        if line.empty:
            continue
        axes.plot(
            line["hour"], line["mean_delay"], color=color, linewidth=2.2, marker="o", markersize=3.5
        )
        ends.append((float(line["mean_delay"].iloc[-1]), origin))
    last = float(by_hour["hour"].max())
    axes.set_xlim(float(by_hour["hour"].min()) - 0.3, last + 1.6)
    _label_ends(axes, last + 0.35, ends)
    middle = overall.iloc[len(overall) // 3]
    axes.annotate(
        "middle half of all flights",
        (middle["hour"], middle["lower_quartile"]),
        xytext=(0, 10),
        textcoords="offset points",
        size=8.5,
        color=MUTED,
        ha="center",
    )
    axes.set_xticks(range(int(by_hour["hour"].min()), int(last) + 1, 2))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}:00"))
    _label(axes, "scheduled departure", "minutes")
    return figure


def _label_ends(axes: Axes, x: float, ends: list[tuple[float, str]]) -> None:
    low, high = axes.get_ylim()
    gap = (high - low) * 0.055
    at = -np.inf
    for value, origin in sorted(ends):
        at = max(value, at + gap)
        axes.text(x, at, origin, color=AIRPORTS[origin], size=10, weight="bold", va="center")


def draw_carriers(by_carrier: pd.DataFrame) -> Figure:
    """Share of late flights per airline."""
    table = by_carrier.sort_values("late_share")
    figure, axes = _figure(
        "Who is late",
        "share of flights that arrive at least 15 minutes late",
        height=0.32 * len(table) + 1.6,
    )
    figure.subplots_adjust(left=0.26, bottom=0.04)
    share = float(np.average(table["late_share"], weights=table["flights"]))
    colors = [ACCENT if value > share else PALE for value in table["late_share"]]
    places = np.arange(len(table))
    axes.barh(places, table["late_share"], color=colors, height=0.72)
    axes.axvline(share, ymax=0.975, color=MUTED, linewidth=0.9, linestyle=(0, (3, 3)), zorder=0)
    axes.text(share, len(table) - 0.1, f"all {share:.0%}", size=8.5, color=INK, ha="center", va="bottom")
    for place, (late, flights) in enumerate(zip(table["late_share"], table["flights"], strict=True)):
        axes.text(
            late + 0.004,
            place,
            f"{late:.0%}",
            size=9,
            color=INK,
            va="center",
            weight="bold",
            bbox=ON_WHITE,
        )
        axes.text(
            late + 0.034, place, f"of {flights:,}", size=8.5, color=MUTED, va="center", bbox=ON_WHITE
        )
    axes.set_yticks(places, [name.removesuffix(".") for name in table["airline"].astype(str)])
    axes.tick_params(axis="y", labelcolor=INK)
    axes.set_xlim(0, float(table["late_share"].max()) + 0.09)
    axes.set_ylim(-0.6, len(table) + 0.3)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    return figure


def draw_weather(by_weather: pd.DataFrame) -> Figure:
    """Share of late flights in each class of weather, a panel per kind of it."""
    kinds = list(dict.fromkeys(by_weather["weather"]))
    figure, panels = _figure(
        "Weather makes flights late",
        "share of flights that arrive at least 15 minutes late, by the weather at departure; dashed: all flights",
        width=10.0,
        ncols=len(kinds),
        sharey=True,
        squeeze=False,
    )
    usual = float(np.average(by_weather["late_share"], weights=by_weather["flights"]))
    for axes, kind in zip(panels[0], kinds, strict=True):
        table = by_weather[by_weather["weather"] == kind]
        colors = [ACCENT if value > usual * 1.15 else PALE for value in table["late_share"]]
        axes.bar(table["class"], table["late_share"], color=colors, width=0.78)
        axes.axhline(usual, color=MUTED, linewidth=0.9, linestyle=(0, (3, 3)), zorder=0)
        for place, late in enumerate(table["late_share"]):
            axes.text(place, late + 0.008, f"{late:.0%}", size=8, color=INK, ha="center", bbox=ON_WHITE)
        axes.yaxis.set_major_formatter(PERCENT)
        _label(axes, kind)
    return figure


def draw_calendar(by_day: pd.DataFrame) -> Figure:
    """Mean arrival delay of each day of the year."""
    figure, axes = _figure("The days to remember", "mean arrival delay per day, minutes", width=10.0)
    days = np.full((12, 31), np.nan)
    days[by_day["month"].to_numpy() - 1, by_day["day"].to_numpy() - 1] = by_day["mean_delay"]
    image = axes.imshow(
        np.ma.masked_invalid(days), cmap="RdYlBu_r", norm=TwoSlopeNorm(0, -30, 60), aspect="auto"
    )
    axes.set_xticks(
        np.arange(31), [str(day) if day % 5 == 0 or day == 1 else "" for day in range(1, 32)]
    )
    axes.set_yticks(np.arange(12), MONTHS)
    axes.set_xticks(np.arange(-0.5, 31), minor=True)
    axes.set_yticks(np.arange(-0.5, 12), minor=True)
    axes.grid(which="minor", color="white", linewidth=1.6)
    axes.tick_params(which="minor", length=0)
    axes.spines["bottom"].set_visible(False)
    for row in by_day.nlargest(5, "mean_delay").itertuples():
        axes.text(
            row.day - 1,
            row.month - 1,
            f"{row.mean_delay:.0f}",
            size=8,
            color="white",
            ha="center",
            va="center",
        )
    _label(axes, "day of the month")
    bar = figure.colorbar(
        image, ax=axes, pad=0.015, fraction=0.03, extend="max", ticks=[-30, -15, 0, 15, 30, 45, 60]
    )
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=8.5, labelcolor=MUTED)
    return figure


def draw_predictions(predictions: pd.DataFrame) -> Figure:
    """Predicted against actual delay: every flight of the test as a cloud, the middle of it as a line."""
    figure, axes = _figure(
        "What was predicted, what came",
        "flights of the held-out days; line and bars: median and middle half of each twentieth",
        width=7.2,
        height=5.6,
    )
    figure.subplots_adjust(right=0.95)
    predicted, actual = predictions["predicted"], predictions["actual"]
    left, right = np.quantile(predicted, [0.001, 0.998])
    bottom, top = np.quantile(actual, [0.001, 0.99])
    shown = predicted.between(left, right) & actual.between(bottom, top)
    cloud = axes.hexbin(
        predicted[shown],
        actual[shown],
        gridsize=(54, 34),
        bins="log",
        cmap="Blues",
        mincnt=1,
        linewidths=0,
    )
    axes.plot([left, right], [left, right], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    axes.text(right, right, "as predicted ", size=8.5, color=INK, ha="right", va="bottom")
    groups = predictions.groupby(pd.qcut(predicted.rank(method="first"), 20), observed=True)
    middle = groups.median()
    low, high = (groups["actual"].quantile(part) for part in (0.25, 0.75))
    axes.errorbar(
        middle["predicted"],
        middle["actual"],
        yerr=[middle["actual"] - low, high - middle["actual"]],
        color=ACCENT,
        linewidth=2,
        elinewidth=1.1,
        marker="o",
        markersize=4,
    )
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    bar = figure.colorbar(cloud, ax=axes, pad=0.02, fraction=0.04, format="%d")
    bar.ax.minorticks_off()
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=8.5, labelcolor=MUTED)
    bar.ax.set_title("flights", size=8.5, color=MUTED, loc="left")
    _label(axes, "predicted delay, minutes", "actual delay, minutes")
    return figure


def draw_drivers(drivers: pd.DataFrame) -> Figure:
    """How much the model leans on each feature."""
    table = drivers.head(12).iloc[::-1]
    figure, axes = _figure(
        "What the model looks at",
        "minutes by which the error grows when one column is shuffled",
        height=4.8,
    )
    figure.subplots_adjust(left=0.25, bottom=0.05)
    places = np.arange(len(table))
    axes.barh(places, table["minutes"], color="#1f6f8b", height=0.7)
    for place, minutes in enumerate(table["minutes"]):
        axes.text(max(minutes, 0) + 0.01, place, f" {minutes:.2f}", size=9, color=INK, va="center")
    axes.set_yticks(
        places, [FEATURE_NAMES.get(name, name.replace("_", " ")) for name in table["feature"]]
    )
    axes.tick_params(axis="y", labelcolor=INK)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    return figure
