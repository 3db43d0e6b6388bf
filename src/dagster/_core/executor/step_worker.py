"""What a process does that runs steps for the run worker, one or several.

It prepares once: loads the job, validates the run config, compiles the plan. Then it gets steps over its
channel, and sends every entry of the log back: the run worker is the only one who writes the run's log.
"""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from dagster._core.definitions.reconstructable import ReconstructableJob
from dagster._core.errors import DagsterExecutionInterruptedError, DagsterWorkerProcessError
from dagster._core.events.entry_codec import decode_entry, encode_entry
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.events.log_level import NO_LEVEL
from dagster._core.events.payloads import EngineEventData
from dagster._core.execution.failure import failure_events
from dagster._core.execution.hooks import run_hooks
from dagster._core.execution.plan_context import PlanExecutionContext
from dagster._core.execution.resource_session import ResourceSession
from dagster._core.execution.step import execute_step
from dagster._core.execution.step_context import StepExecutionContext
from dagster._core.executor.loaded_run import LoadedRun
from dagster._core.executor.log_capture import LogCapture
from dagster._core.instance.event_writer import BOUNDARIES, EventWriter
from dagster._core.instance.instance import DagsterInstance
from dagster._core.instance.ref import InstanceRef
from dagster._core.plan.fingerprint import StepFingerprints
from dagster._core.plan.known_state import KnownExecutionState, KnownStep
from dagster._core.plan.step import ExecutionStep
from dagster._core.plan.step_reference import StepReference
from dagster._core.records.metadata import MetadataValue
from dagster._core.records.retry import RetryMode
from dagster._core.records.run import DagsterRun
from dagster._process.channel import Channel, ChannelClosed
from dagster._process.interrupts import raising_on_signals
from dagster._process.worker_setup import end_of_process
from dagster._serdes.config_class import real_module_name
from dagster._wire.codec import deserialize_value, serialize_value
from dagster._wire.record import Record

#: What the first byte of a worker's message says that the rest is.
ENTRY = b"e"
#: The step is over, with all that belongs to it; the worker can take another one, if it is to take any.
DONE = b"d"

#: The exit code of a worker that cannot reach the run worker any more.
LOST_CHANNEL = 117

_WORKER_STARTED = DagsterEventType.STEP_WORKER_STARTED.value
#: After these the user's code runs.
_BEGINNINGS = frozenset({DagsterEventType.STEP_START.value, DagsterEventType.STEP_RESTARTED.value})


class StepWorkerSetup(Record, frozen=True):
    """What all steps of a run need in another process.

    Args:
        job: The way to load the job.
        run: The run.
        run_config: The run config, as it was given.
        instance_ref: The instance.
        retry_mode: Whether failed steps are tried again.
        known_state: What earlier runs have produced.
        steps_per_worker: How many steps a worker runs; None for any number. With more than one, resources
            are set up once for all of them.
    """

    job: ReconstructableJob
    run: DagsterRun
    run_config: Mapping[str, Any]
    instance_ref: InstanceRef
    retry_mode: RetryMode
    known_state: KnownExecutionState | None = None
    steps_per_worker: int | None = 1


class StepWork(Record, frozen=True):
    """One attempt of a step, for a worker.

    Args:
        step: The step.
        attempt: How often it was tried before.
        ended: If this is given, the step is not run: its process is gone, and its hooks are still to be told
            of this end. The entry of the log that tells of it, as JSON.
        kept: Steps before it that turned out, while the run went on, to be kept as an earlier run made them.
    """

    step: StepReference
    attempt: int = 0
    ended: str | None = None
    kept: dict[str, KnownStep] = {}


#: A success is sent with what follows it at once: that the worker is done.
_BOUNDARIES = BOUNDARIES - {DagsterEventType.STEP_SUCCESS.value}
_decode_work = msgspec.json.Decoder(StepWork).decode


def prepare_step_worker(payload: bytes) -> StepWorker:
    """Load the job and compile its plan; return what a worker does.

    Args:
        payload: A :class:`StepWorkerSetup` as JSON.
    """
    return StepWorker(deserialize_value(payload.decode(), StepWorkerSetup))


#: Keeps output in files, which it opens when a step begins: its module and its name.
_FORKED_LOGS = ("dagster._core.storage.local_compute_log_manager", "LocalComputeLogManager")


class StepWorker:
    """Runs steps as they come.

    Args:
        setup: What they need.
    """

    def __init__(self, setup: StepWorkerSetup) -> None:
        self._setup = setup
        self._loaded = loaded = LoadedRun(setup.job, setup.run, setup.run_config)
        # Read before the first fork: what is made of code is kept with the code.
        self._fingerprints = StepFingerprints(loaded.plan, loaded.job_def, loaded.config, setup.run.tags)
        self._fingerprints.read_code()
        _import_what_steps_need(setup.instance_ref)
        # Ours opens nothing before somebody asks it for something, and may be forked until then.
        is_own = setup.instance_ref.custom_instance_class_data is None
        self._instance = DagsterInstance.from_ref(setup.instance_ref) if is_own else None
        logs = setup.instance_ref.compute_logs_data
        chosen = (real_module_name(logs.module_name), logs.class_name) if logs is not None else None
        if self._instance is not None and chosen == _FORKED_LOGS:
            # Checked and made once. Others may start threads or open connections.
            self._instance.compute_log_manager  # noqa: B018 - asked for, it is made

    def __call__(self, channel: Channel) -> None:
        """Run steps until there are enough, or no more come."""
        message = channel.receive()
        if not message:
            return
        try:
            self._work(channel, message)
        except (DagsterExecutionInterruptedError, KeyboardInterrupt):
            # The run worker asked for it, and has been told how far the step came, if it had begun.
            return

    def _work(self, channel: Channel, message: bytes) -> None:
        with (
            raising_on_signals(DagsterExecutionInterruptedError) as interrupts,
            self._instance or DagsterInstance.from_ref(self._setup.instance_ref) as instance,
        ):
            sender = _Sender(channel, interrupts, self.steps_per_worker != 1)
            _Session(self, instance, sender).run_all(channel, message)

    def context(self, instance: DagsterInstance, sender: _Sender) -> PlanExecutionContext:
        """Return the context of the steps in this process."""
        context = self._loaded.context(
            instance,
            sender.send_entry,
            retry_mode=self._setup.retry_mode,
            known_state=self._setup.known_state,
            fingerprints=self._fingerprints,
        )
        # Events are shown by the run worker, which gets them all; messages are shown here, where they are
        # made, with everything that the user gave them.
        context.console_level = NO_LEVEL
        return context

    @property
    def steps_per_worker(self) -> int | None:
        """How many steps a worker runs; None for any number."""
        return self._setup.steps_per_worker


def _import_what_steps_need(ref: InstanceRef) -> None:
    """Import once what each forked worker would import otherwise."""
    modules = ["yaml", "dagster._process.output_capture"]
    if ref.compute_logs_data is not None:
        modules.append(ref.compute_logs_data.module_name)
    for name in modules:
        importlib.import_module(name)


class _Sender:
    """Sends entries of the log to the run worker, from any thread of this process.

    Args:
        channel: The channel.
        interrupts: What raises on signals.
        in_batches: Whether events are sent together, when a step ends or within a tenth of a second.
            Messages of the user's code are sent at once in any case: they shall be there if the process is
            killed. So is everything before that code runs: a step that has begun is not given to another
            process.
    """

    def __init__(self, channel: Channel, interrupts: raising_on_signals, in_batches: bool) -> None:
        self._channel = channel
        self._interrupts = interrupts
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._writer = EventWriter(self._send_entries, boundaries=_BOUNDARIES) if in_batches else None

    def send_entry(self, entry: EventLogEntry) -> None:
        """Send an entry of the log."""
        if os.getpid() != self._pid and entry.dagster_event is not None:
            # The step's code has forked, and its child comes to the end of that code as well: by an
            # exception, by sys.exit, by returning. It has no part in the step.
            end_of_process()
            os._exit(1)
        if threading.current_thread() is not threading.main_thread():
            self._take(entry)
            return
        # An interrupt must leave no half of a message, and nothing to be sent twice.
        self._interrupts.hold()
        try:
            self._take(entry)
        finally:
            self._interrupts.let_go()

    def _take(self, entry: EventLogEntry) -> None:
        writer = self._writer
        if writer is None:
            self._send(ENTRY + encode_entry(entry))
            return
        writer.write(entry)
        event = entry.dagster_event
        if event is None or event.event_type_value in _BEGINNINGS:
            writer.flush()

    def flush(self, *messages: bytes) -> None:
        """Send what waits to be sent, and messages after it. For the main thread."""
        self._interrupts.hold()
        try:
            if self._writer is not None:
                self._writer.flush()
            if messages:
                self._send(*messages)
        finally:
            self._interrupts.let_go()

    def send_done(self) -> None:
        """Say that a step is over."""
        self.flush(DONE)

    def _send_entries(self, entries: Sequence[EventLogEntry]) -> None:
        self._send(*(ENTRY + encode_entry(entry) for entry in entries))

    def _send(self, *messages: bytes) -> None:
        try:
            with self._lock:
                self._channel.send(*messages)
        except ChannelClosed:
            # The run worker is gone, or the step has closed a descriptor that is not its own. Whatever
            # the step goes on to do, nobody would know of it.
            os._exit(LOST_CHANNEL)


class _Session:
    """The steps of one worker."""

    def __init__(self, worker: StepWorker, instance: DagsterInstance, sender: _Sender) -> None:
        self._sender = sender
        self._steps_left = worker.steps_per_worker
        self._keeps_resources = worker.steps_per_worker != 1
        self._context = worker.context(instance, sender)
        manager = instance.log_capturer
        self._logs = LogCapture(self._context, manager) if manager is not None else None
        self._resources: ResourceSession | None = None

    def run_all(self, channel: Channel, message: bytes | None) -> None:
        """Run steps, the first of which is here already."""
        try:
            while message:
                work = _decode_work(message)
                self._run_one(work)
                if self._steps_left is not None:
                    self._steps_left -= 1
                    if self._steps_left == 0:
                        break
                self._sender.send_done()
                message = channel.receive()
        finally:
            try:
                self._close_resources()
            finally:
                if self._logs is not None:
                    self._logs.close()
                self._sender.flush()
        self._sender.send_done()

    def _run_one(self, work: StepWork) -> None:
        context = self._context
        step = work.step.find(context.plan)
        if step.mapping_key is not None:
            context.steps_by_key[step.key] = step
        if work.kept and context.known_state is not None:
            steps = {**context.known_state.steps, **work.kept}
            context.known_state = context.known_state._replace(steps=steps)
        step_context = StepExecutionContext(context, step, work.attempt)
        if work.ended is None:
            _tell_start(step_context)
        if self._logs is not None:
            self._logs.tell(step.key)
        try:
            self._open_resources(step)
        except (Exception, SystemExit) as exc:  # noqa: BLE001 - it is this step's failure
            _drain(failure_events(step_context, exc))
            return
        if work.ended is not None:
            _run_hooks(step_context, work.ended)
            return
        try:
            _drain(execute_step(step_context))
        finally:
            if not self._keeps_resources:
                context.coroutines.close()

    def _open_resources(self, step: ExecutionStep) -> None:
        if self._resources is None:
            self._sender.flush()
            session = ResourceSession(self._context, None if self._keeps_resources else [step])
            self._resources = session
            try:
                _drain(session.open())
            except BaseException:
                self._close_resources()
                raise

    def _close_resources(self) -> None:
        session, self._resources = self._resources, None
        try:
            self._context.coroutines.close()
        finally:
            if session is not None:
                session.close()


def _tell_start(context: StepExecutionContext) -> None:
    key = context.step.key
    context.emit(
        _WORKER_STARTED,
        f'Executing step "{key}" in subprocess.',
        EngineEventData({"pid": MetadataValue.text(str(os.getpid()))}, marker_end="step_process_start"),
    )


def _run_hooks(context: StepExecutionContext, ended: str) -> None:
    """Tell the hooks of a step whose process is gone of its end."""
    event = decode_entry(ended.encode()).dagster_event
    assert event is not None
    error = event.step_failure_data.error
    message = error.message.strip() if error is not None else ""
    context.capture_step_exception(DagsterWorkerProcessError(message.partition(": ")[2] or message))
    _drain(run_hooks(context, [event]))


def _drain(events: Iterator[DagsterEvent]) -> None:
    """Have what gives events do its work. They travel by the sink."""
    for _ in events:
        continue


def step_worker_payload(setup: StepWorkerSetup) -> bytes:
    """Return a setup as :func:`prepare_step_worker` takes it."""
    return serialize_value(setup).encode()
