"""The contract of event log storages: what is done to them now and then. See :mod:`.event_log`."""

from __future__ import annotations

from dagster._core.storage.event_log.base import EventLogStorage
from dagster.testing.storage_contract.event_log import whole_run
from dagster.testing.storage_contract.serving import answers_while_limits_change


class UpkeepContract:
    """What is done to a storage now and then loses nothing."""

    def test_getting_ready(self, storage: EventLogStorage) -> None:
        storage.store_event_batch(whole_run())
        before = storage.get_logs_for_run("r")
        storage.upgrade()
        storage.optimize_for_webserver(statement_timeout=5_000, pool_recycle=3_600, max_overflow=20)
        version = storage.alembic_version()
        assert version is None or version[0] == version[1]
        assert storage.default_run_scoped_event_tailer_offset() >= 0
        assert storage.get_logs_for_run("r") == before
        if not storage.is_persistent:
            storage.dispose()
            return
        storage.dispose()
        assert storage.get_logs_for_run("r") == before

    def test_it_answers_while_its_limits_change(self, storage: EventLogStorage) -> None:
        storage.store_event_batch(whole_run())
        before = storage.get_logs_for_run("r")
        answers = answers_while_limits_change(storage, lambda: storage.get_logs_for_run("r"))
        assert all(answer == before for answer in answers)

    def test_pools_of_which_somebody_asks_at_once(self, storage: EventLogStorage) -> None:
        if not storage.supports_global_concurrency_limits:
            return
        storage.set_concurrency_slots("a", 1)
        assert storage.claim_concurrency_slot("a", "r", "s").is_claimed
        infos = storage.get_concurrency_infos(["a", "b"])
        assert {name: info.active_slot_count for name, info in infos.items()} == {"a": 1, "b": 0}
        assert storage.pool_lease_seconds >= 0
