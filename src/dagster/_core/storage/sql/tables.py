"""All tables, one schema for all databases. Changes to them are migrations.

A column of type :class:`Key` holds the indexed form of a text (``key_of``); where the text itself must
come back, it stands in a body or in an ``ExactText`` column beside it.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

from dagster._core.storage.sql.types import Body, ExactText, Key, RowId, Timestamp

LongText = ExactText

RUN_METADATA = MetaData()
EVENT_METADATA = MetaData()
SCHEDULE_METADATA = MetaData()

# Runs

runs = Table(
    "runs",
    RUN_METADATA,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("run_key", Key, nullable=False, unique=True),
    Column("job_key", Key, nullable=False),
    Column("status", String(32), nullable=False),
    Column("root_run_key", Key),
    Column("parent_run_key", Key),
    Column("snapshot_key", Key),
    Column("is_subrun", Integer, nullable=False, default=0),
    Column("body", Body, nullable=False),
    Column("create_timestamp", Timestamp, nullable=False),
    Column("update_timestamp", Timestamp, nullable=False),
    Column("start_timestamp", Timestamp),
    Column("end_timestamp", Timestamp),
    # One for each column by which runs are looked for or ordered: a page is a walk along an index.
    Index("idx_runs_status", "status", "id"),
    Index("idx_runs_job", "job_key", "id"),
    Index("idx_runs_job_status", "job_key", "status", "id"),
    Index("idx_runs_root", "root_run_key", "id"),
    Index("idx_runs_snapshot", "snapshot_key", "id"),
    Index("idx_runs_subrun", "is_subrun", "id"),
    Index("idx_runs_updated", "update_timestamp", "id"),
    Index("idx_runs_created", "create_timestamp", "id"),
    Index("idx_runs_started", "start_timestamp", "id"),
    Index("idx_runs_ended", "end_timestamp", "id"),
)

run_tags = Table(
    "run_tags",
    RUN_METADATA,
    Column("run_row", BigInteger, primary_key=True, autoincrement=False),
    Column("tag_key", Key, primary_key=True),
    Column("value_key", Key, nullable=False),
    #: Only where the key is not the text itself.
    Column("tag", ExactText),
    Column("value", ExactText),
    Index("idx_run_tags_value", "tag_key", "value_key", "run_row"),
)

snapshots = Table(
    "snapshots",
    RUN_METADATA,
    Column("snapshot_key", Key, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("body", Body, nullable=False),
)

daemon_heartbeats = Table(
    "daemon_heartbeats",
    RUN_METADATA,
    Column("daemon_type", Key, primary_key=True),
    Column("daemon_id", LongText, nullable=False),
    Column("timestamp", Timestamp, nullable=False),
    Column("body", Body, nullable=False),
)

bulk_actions = Table(
    "bulk_actions",
    RUN_METADATA,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("action_key", Key, nullable=False, unique=True),
    Column("status", String(32), nullable=False),
    Column("timestamp", Timestamp, nullable=False),
    Column("job_key", Key),
    Column("body", Body, nullable=False),
    Index("idx_bulk_actions_status", "status", "id"),
    Index("idx_bulk_actions_job", "job_key", "id"),
)

bulk_action_tags = Table(
    "bulk_action_tags",
    RUN_METADATA,
    Column("action_row", BigInteger, primary_key=True, autoincrement=False),
    Column("tag_key", Key, primary_key=True),
    Column("value_key", Key, nullable=False),
    Index("idx_bulk_action_tags_value", "tag_key", "value_key", "action_row"),
)

kvs = Table(
    "kvs",
    RUN_METADATA,
    Column("kv_key", Key, primary_key=True),
    Column("name", LongText, nullable=False),
    Column("value", LongText, nullable=False),
)

# Events

event_logs = Table(
    "event_logs",
    EVENT_METADATA,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("run_key", Key, nullable=False),
    #: In the index beside databases per run: the number of the event in its own run's database.
    Column("run_event_id", BigInteger),
    Column("event_type", String(64)),
    Column("timestamp", Timestamp, nullable=False),
    Column("step_key", Key),
    Column("asset_key", Key),
    Column("partition_key", Key),
    Column("job_key", Key),
    Column("body", Body, nullable=False),
    UniqueConstraint("run_key", "run_event_id", name="uq_event_logs_run_event"),
    Index("idx_event_logs_run", "run_key", "id"),
    Index("idx_event_logs_type", "event_type", "id"),
    Index("idx_event_logs_asset", "asset_key", "event_type", "id"),
    Index("idx_event_logs_partition", "asset_key", "partition_key", "event_type", "id"),
    # An id is never given twice, also after the newest events were deleted: summaries and cursors count
    # on it.
    sqlite_autoincrement=True,
)

#: How far the log of each run has been taken over into the index (databases per run).
run_cursors = Table(
    "run_cursors",
    EVENT_METADATA,
    Column("run_key", Key, primary_key=True),
    Column("run_id", LongText, nullable=False),
    Column("last_event_id", BigInteger, nullable=False),
    Column("update_timestamp", Timestamp, nullable=False),
)

assets = Table(
    "assets",
    EVENT_METADATA,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("asset_key", Key, nullable=False, unique=True),
    #: AssetKey.to_string(): the whole key.
    Column("path", LongText, nullable=False),
    Column("last_event_timestamp", Timestamp),
    Column("last_run_id", LongText),
    Column("last_materialization_id", BigInteger),
    Column("last_materialization_timestamp", Timestamp),
    Column("last_materialization_body", Body),
    Column("last_observation_id", BigInteger),
    Column("last_observation_body", Body),
    Column("last_planned_id", BigInteger),
    Column("last_planned_run_id", LongText),
    Column("last_failed_id", BigInteger),
    Column("last_failed_body", Body),
    Column("last_skipped_id", BigInteger),
    Column("last_skipped_body", Body),
    Column("wipe_timestamp", Timestamp),
    #: Events up to this one are forgotten.
    Column("wipe_event_id", BigInteger),
    Column("cached_status", Body),
    Index("idx_assets_last_event", "last_event_timestamp", "id"),
)

#: What is known of each partition of each asset. Pruning old events does not touch it.
asset_partitions = Table(
    "asset_partitions",
    EVENT_METADATA,
    Column("asset_key", Key, primary_key=True),
    Column("partition_key", Key, primary_key=True),
    Column("partition", LongText, nullable=False),
    Column("first_materialization_id", BigInteger),
    Column("last_materialization_id", BigInteger),
    Column("last_materialization_run_id", LongText),
    Column("last_materialization_tags", Body),
    #: The event since which the data version has been what it is.
    Column("data_version_id", BigInteger),
    Column("last_observation_id", BigInteger),
    Column("last_observation_tags", Body),
    Column("last_planned_id", BigInteger),
    Column("last_planned_run_id", LongText),
    #: The last materialization by the run that planned last.
    Column("last_planned_materialization_id", BigInteger),
    Column("last_failed_id", BigInteger),
    #: Events up to this one are forgotten.
    Column("wipe_event_id", BigInteger),
    Index("idx_asset_partitions_materialization", "asset_key", "last_materialization_id"),
    Index("idx_asset_partitions_planned", "asset_key", "last_planned_id"),
)

asset_event_tags = Table(
    "asset_event_tags",
    EVENT_METADATA,
    Column("event_id", BigInteger, primary_key=True, autoincrement=False),
    Column("tag_key", Key, primary_key=True),
    Column("asset_key", Key, nullable=False),
    Column("value_key", Key, nullable=False),
    Column("tag", LongText, nullable=False),
    Column("value", LongText, nullable=False),
    Index("idx_asset_event_tags_value", "asset_key", "tag_key", "value_key", "event_id"),
)

dynamic_partitions = Table(
    "dynamic_partitions",
    EVENT_METADATA,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("definition_key", Key, nullable=False),
    Column("partition_key", Key, nullable=False),
    Column("partition", LongText, nullable=False),
    Column("create_timestamp", Timestamp, nullable=False),
    UniqueConstraint("definition_key", "partition_key", name="uq_dynamic_partitions"),
    Index("idx_dynamic_partitions_definition", "definition_key", "id"),
    sqlite_autoincrement=True,
)

concurrency_limits = Table(
    "concurrency_limits",
    EVENT_METADATA,
    Column("concurrency_key", Key, primary_key=True),
    Column("name", LongText, nullable=False),
    #: Null for no limit.
    Column("slot_limit", Integer),
    Column("from_default", Integer, nullable=False, default=0),
    #: The number of the last slot that was given: the next holder's is higher.
    Column("last_token", BigInteger, nullable=False, default=0),
)

#: Slots that are held, as leases: a holder that no longer renews its lease loses the slot.
concurrency_slots = Table(
    "concurrency_slots",
    EVENT_METADATA,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("concurrency_key", Key, nullable=False),
    Column("run_key", Key, nullable=False),
    Column("run_id", LongText, nullable=False),
    Column("step_key", Key, nullable=False),
    Column("step", LongText, nullable=False),
    Column("priority", Integer, nullable=False, default=0),
    #: Null while the step waits for a slot.
    Column("assigned_timestamp", Timestamp),
    Column("enqueued_timestamp", Timestamp, nullable=False),
    Column("owner", LongText),
    Column("token", BigInteger, nullable=False, default=0),
    Column("expires_timestamp", Timestamp),
    UniqueConstraint("concurrency_key", "run_key", "step_key", name="uq_concurrency_slots"),
    Index("idx_concurrency_slots_queue", "concurrency_key", "assigned_timestamp", "priority", "id"),
    Index("idx_concurrency_slots_run", "run_key"),
)

# Schedules and sensors

instigators = Table(
    "instigators",
    SCHEDULE_METADATA,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("selector_key", Key, nullable=False, unique=True),
    Column("origin_key", Key, nullable=False),
    Column("repository_origin_key", Key),
    Column("repository_selector_key", Key),
    Column("instigator_type", String(32), nullable=False),
    Column("status", String(32), nullable=False),
    Column("body", Body, nullable=False),
    Column("create_timestamp", Timestamp, nullable=False),
    Column("update_timestamp", Timestamp, nullable=False),
    Index("idx_instigators_type", "instigator_type", "status"),
)

ticks = Table(
    "ticks",
    SCHEDULE_METADATA,
    Column("id", RowId, primary_key=True, autoincrement=True),
    #: Made by the writer, so that a tick that is written again after a broken connection is one tick.
    Column("token", String(32), nullable=False, unique=True),
    Column("selector_key", Key, nullable=False),
    Column("origin_id", LongText, nullable=False),
    Column("instigator_type", String(32), nullable=False),
    Column("status", String(32), nullable=False),
    Column("timestamp", Timestamp, nullable=False),
    Column("body", Body, nullable=False),
    Column("create_timestamp", Timestamp, nullable=False),
    Column("update_timestamp", Timestamp, nullable=False),
    Index("idx_ticks_selector", "selector_key", "timestamp", "id"),
    Index("idx_ticks_status", "selector_key", "status", "timestamp"),
)
