"""``dagster.yaml``: its schema, and reading it with every problem at once, by file and line."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from dagster._config.config_type import Array, Bool, Int, ScalarUnion, String
from dagster._config.errors import DagsterEvaluationErrorReason, EvaluationError
from dagster._config.evaluate import apply_defaults
from dagster._config.field import Field
from dagster._config.shapes import Permissive, Selector, Shape
from dagster._config.source import BoolSource, IntSource, StringSource
from dagster._config.yaml_files import load_yaml, merge_dicts
from dagster._core.errors import DagsterInvalidConfigError, DagsterInvariantViolationError
from dagster._core.instance.home import DAGSTER_CONFIG_YAML_FILENAME
from dagster._core.run_coordinator.queued import RUN_QUEUE_FIELDS, TAG_CONCURRENCY_LIMITS
from dagster._process.late_module import LateModule

if TYPE_CHECKING:
    from dagster._core.instance import part_classes
else:
    part_classes = LateModule("dagster._core.instance.part_classes")

#: Keys that choose and configure one class each.
CLASS_KEYS = (
    "local_artifact_storage",
    "compute_logs",
    "run_storage",
    "event_log_storage",
    "schedule_storage",
    "scheduler",
    "run_coordinator",
    "run_launcher",
    "instance_class",
    "defs_state_storage",
)
#: The keys under which a class may stand.
_CHOOSING = frozenset({*CLASS_KEYS, "custom_instance_class", "storage", "secrets"})
_STORAGE_KEYS = ("run_storage", "event_log_storage", "schedule_storage")
#: Keys that choose no class: they are kept as they are.
SETTINGS_KEYS = (
    "telemetry",
    "nux",
    "python_logs",
    "run_monitoring",
    "run_retries",
    "code_servers",
    "retention",
    "backfills",
    "sensors",
    "schedules",
    "auto_materialize",
    "freshness",
    "concurrency",
    "run_queue",
)


def _class_reference(description: str) -> Shape:
    return Shape(
        {
            "module": Field(String, description="The Python module of the class."),
            "class": Field(String, description="The class in it: a ConfigurableClass."),
            "config": Field(
                Permissive(), is_required=False, default_value={}, description="Its config."
            ),
        },
        description=description,
    )


def _optional(config: Any, description: str | None = None) -> Field:
    return Field(config, is_required=False, description=description)


def _storage() -> Selector:
    mysql_db = {
        "username": StringSource,
        "password": StringSource,
        "hostname": StringSource,
        "db_name": StringSource,
        "port": Field(IntSource, is_required=False, default_value=3306),
    }
    postgres_db = {
        "username": StringSource,
        "password": Field(StringSource, is_required=False, default_value=""),
        "hostname": StringSource,
        "db_name": StringSource,
        "port": Field(IntSource, is_required=False, default_value=5432),
        "params": Field(Permissive(), is_required=False, default_value={}),
        "scheme": Field(StringSource, is_required=False, default_value="postgresql"),
    }
    azure_scope = Field(
        StringSource,
        is_required=False,
        default_value="https://ossrdbms-aad.database.windows.net/.default",
    )
    auth_provider = {
        "aws_wif": Shape({"region": StringSource}),
        "azure_wif": Shape({"scope": azure_scope}),
        "gcp_wif": Shape({}),
    }
    postgres = {
        "postgres_url": _optional(StringSource),
        "postgres_db": _optional(Shape(postgres_db)),
        "should_autocreate_tables": Field(Bool, is_required=False, default_value=True),
        "auth_provider": _optional(Selector(auth_provider)),
    }
    return Selector(
        {
            "sqlite": Shape({"base_dir": StringSource}),
            "postgres": Shape(postgres),
            "mysql": Selector({"mysql_url": StringSource, "mysql_db": Shape(mysql_db)}),
            "custom": _class_reference("A storage of your own."),
        },
        description="Where runs, events and schedules are kept, all three.",
    )


def _workers(word: str) -> Field:
    return _optional(
        {
            "use_threads": Field(Bool, is_required=False, default_value=False),
            "num_workers": _optional(Int),
            "num_submit_workers": _optional(Int),
        },
        f"Whether {word} are looked at in threads, and in how many.",
    )


def _retention() -> Field:
    days = Shape(
        {name: _optional(Int) for name in ("skipped", "failure", "success", "started")},
        description="Days by status; -1 keeps for ever.",
    )
    ticks = Shape({"purge_after_days": Field(ScalarUnion(scalar_type=int, non_scalar_schema=days))})
    return _optional(
        {
            "schedule": _optional(ticks),
            "sensor": _optional(ticks),
            "auto_materialize": _optional(ticks),
            "event_log": _optional(
                {
                    "purge_after_days": Field(
                        Int, description="Days after which events of ended runs are deleted; -1 never."
                    )
                },
                "What is known of assets and partitions stays.",
            ),
        },
        "How long ticks and events are kept.",
    )


_MONITORING = (
    "start_timeout_seconds",
    "cancel_timeout_seconds",
    "max_runtime_seconds",
    "max_resume_run_attempts",
    "poll_interval_seconds",
    "cancellation_thread_poll_interval_seconds",
    "free_slots_after_run_end_seconds",
)


def _settings() -> dict[str, Field]:
    handlers = {name: _optional(Permissive()) for name in ("handlers", "formatters", "filters")}
    return {
        "telemetry": _optional(
            {"enabled": _optional(Bool)}, "Nothing is ever reported, whatever it says."
        ),
        "nux": _optional({"enabled": _optional(Bool)}, "The greeting at first use."),
        "python_logs": _optional(
            {
                "managed_python_loggers": _optional(
                    Array(String), "Python loggers that are captured while user code runs."
                ),
                "python_log_level": _optional(String, "Messages below this level are dropped."),
                "dagster_handler_config": _optional(
                    handlers, "Handlers and formatters for all messages, as logging.config has them."
                ),
            }
        ),
        "run_monitoring": _optional(
            {"enabled": _optional(Bool), **{name: _optional(Int) for name in _MONITORING}}
        ),
        "run_retries": _optional(
            {
                "enabled": Field(Bool, is_required=False, default_value=False),
                "max_retries": Field(Int, is_required=False, default_value=0),
                "retry_on_asset_or_op_failure": Field(Bool, is_required=False, default_value=True),
            }
        ),
        "code_servers": _optional(
            {
                "local_startup_timeout": _optional(Int),
                "reload_timeout": _optional(Int),
                "wait_for_local_processes_on_shutdown": _optional(Bool),
            }
        ),
        "retention": _retention(),
        "backfills": _workers("backfills"),
        "sensors": _workers("sensors"),
        "schedules": _workers("schedules"),
        "auto_materialize": _optional(
            {
                "enabled": _optional(BoolSource),
                "minimum_interval_seconds": _optional(IntSource),
                "run_tags": _optional(Permissive()),
                "respect_materialization_data_versions": _optional(BoolSource),
                "max_tick_retries": Field(IntSource, is_required=False, default_value=3),
                "use_sensors": _optional(BoolSource),
                "use_threads": Field(Bool, is_required=False, default_value=False),
                "num_workers": _optional(Int),
            }
        ),
        "freshness": _optional({"enabled": Bool}),
        "concurrency": _optional(
            {
                "default_op_concurrency_limit": _optional(Int),
                "pools": _optional(
                    {
                        "default_limit": _optional(Int),
                        "granularity": _optional(String, '"run" or "op".'),
                        "op_granularity_run_buffer": _optional(Int),
                    }
                ),
                "runs": _optional(
                    {
                        "max_concurrent_runs": _optional(Int),
                        "tag_concurrency_limits": TAG_CONCURRENCY_LIMITS,
                    }
                ),
            }
        ),
        "run_queue": _optional(dict(RUN_QUEUE_FIELDS), "The queue of submitted runs."),
    }


@cache
def settings_schema() -> Shape:
    """Return the schema of the keys that are settings."""
    return Shape(_settings())


@cache
def dagster_yaml_schema() -> Shape:
    """Return the schema of the whole file."""
    return Shape(
        {
            **{key: _optional(_class_reference(key.replace("_", " "))) for key in CLASS_KEYS},
            "custom_instance_class": _optional(_class_reference("The older name of instance_class.")),
            "storage": _optional(_storage()),
            "secrets": _optional(Selector({"custom": _class_reference("A loader of secrets.")})),
            **_settings(),
        }
    )


def load_dagster_yaml(
    directory: str,
    filename: str = DAGSTER_CONFIG_YAML_FILENAME,
    overrides: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the config of an instance. Without a file, it is the overrides alone.

    Environment variables are looked up when something is made of the config, not here. Classes that the
    config chooses are imported, and asked whether their config fits; nothing is made of them.

    Args:
        directory: Where the file is.
        filename: Its name.
        overrides: Config that goes before what the file says, key by key.

    Raises:
        DagsterInvariantViolationError: If the file is no YAML.
        DagsterInvalidConfigError: With every problem, each with file and line.
    """
    path = os.path.join(directory, filename)
    text = _read(path)
    given = load_yaml(text, path) if text else None
    if given is None:
        given = {}
    if not isinstance(given, dict):
        raise DagsterInvariantViolationError(
            f"expected {path} to hold a mapping of keys like storage: and run_queue:, got: "
            f"{type(given).__name__}."
        )
    merged = merge_dicts(given, overrides) if overrides else given
    # An entry without anything under it is as good as not there.
    merged = {key: value for key, value in merged.items() if value is not None}
    result = apply_defaults(dagster_yaml_schema(), merged)
    errors = [*result.errors, *_conflicts(merged), *_part_errors(merged)]
    if errors:
        lines = Lines(text)
        placed = [
            error._replace(message=f"{path}{f', line {line}' if line else ''}: {error.message}")
            for line, error in sorted(((lines.of(e), e) for e in errors), key=lambda found: found[0])
        ]
        raise DagsterInvalidConfigError("Errors whilst loading dagster instance config", placed, merged)
    # Only what was given: a default that nobody wrote is no choice.
    return {key: result.value[key] for key in merged}


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as exc:
        raise DagsterInvariantViolationError(
            f"Cannot read the config of the instance, {path}: {exc}."
        ) from exc


# What is chosen


def _part_errors(config: Mapping[str, Any]) -> Iterator[EvaluationError]:
    """Yield what is wrong with the classes that are chosen, and with their config.

    The schema of this file knows all of the shorthands under ``storage``
    (``test_part_classes.py::test_a_shorthand_takes_what_its_class_takes``): nobody waits for their databases'
    libraries here.
    """
    if not _CHOOSING.isdisjoint(config):
        for chosen in part_classes.chosen_classes(config, [*CLASS_KEYS, "custom_instance_class"]):
            yield from part_classes.class_errors(chosen)


# What excludes each other


def _conflict(stack: Sequence[str], message: str) -> EvaluationError:
    return EvaluationError(
        list(stack), DagsterEvaluationErrorReason.FIELD_ALIAS_COLLISION, message, list(stack[-1:])
    )


def _get(config: Any, *path: str) -> Any:
    for key in path:
        if not isinstance(config, Mapping):
            return None
        config = config.get(key)
    return config


def _conflicts(config: Mapping[str, Any]) -> Iterator[EvaluationError]:
    """Yield what is given twice in different words."""
    separate = [key for key in _STORAGE_KEYS if key in config]
    if "storage" in config and separate:
        names = ", ".join(f'"{name}"' for name in separate)
        yield _conflict(
            ["storage"],
            f'Found config for "storage" which is incompatible with {names}: it is all three. Keep "storage", '
            "or a key for each.",
        )
    for one, other in (("run_queue", "run_coordinator"), ("instance_class", "custom_instance_class")):
        if one in config and other in config:
            yield _conflict(
                [one],
                f'Found config for "{one}" which is incompatible with "{other}". Keep one of them.',
            )
    for field in ("max_concurrent_runs", "tag_concurrency_limits"):
        if _get(config, "concurrency", "runs", field) is None:
            continue
        for where in (("run_queue",), ("run_coordinator", "config")):
            if _get(config, *where, field) is not None:
                yield _conflict(
                    ["concurrency", "runs", field],
                    f'Found config for "{field}" both under concurrency → runs and under '
                    f"{' → '.join(where)}. Keep one of them.",
                )
    if (
        _get(config, "concurrency", "default_op_concurrency_limit") is not None
        and _get(config, "concurrency", "pools", "default_limit") is not None
    ):
        yield _conflict(
            ["concurrency", "default_op_concurrency_limit"],
            "Found config for both concurrency → default_op_concurrency_limit and concurrency → pools → "
            "default_limit. Keep the latter.",
        )
    granularity = _get(config, "concurrency", "pools", "granularity")
    if granularity is not None and granularity not in ("run", "op"):
        yield _conflict(
            ["concurrency", "pools", "granularity"],
            f'expected concurrency → pools → granularity to be "run" or "op", got: {granularity!r}.',
        )
    storage = config.get("storage")
    if isinstance(storage, Mapping) and "postgres" in storage:
        urls = [k for k in ("postgres_url", "postgres_db") if _get(config, "storage", "postgres", k)]
        if len(urls) != 1:
            yield _conflict(
                ["storage", "postgres"],
                'expected exactly one of "postgres_url" and "postgres_db" under storage → postgres, got: '
                f"{'both' if urls else 'neither'}.",
            )


class Lines:
    """The lines on which the entries of a YAML text stand.

    Args:
        text: The text; what it does not hold came from elsewhere and has no line.
    """

    def __init__(self, text: str) -> None:
        self._root: Any = None
        if text:
            import yaml

            self._root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))

    def of(self, error: EvaluationError) -> int:
        """Return the line of a problem, from 1 on; 0 if it is not on a line of the text."""
        node, line = self._root, -1
        for entry in (*error.stack, *error.field_names[:1]):
            found = _child(node, entry)
            if found is None:
                break
            line, node = found
        return line + 1


def _child(node: Any, entry: str | int) -> tuple[int, Any] | None:
    """Return the line and the node of an entry below a node, or None."""
    kind = getattr(node, "id", None)
    if kind == "mapping":
        for key, value in node.value:
            if key.value == str(entry):
                return key.start_mark.line, value
    if kind == "sequence" and isinstance(entry, int) and entry < len(node.value):
        return node.value[entry].start_mark.line, node.value[entry]
    return None
