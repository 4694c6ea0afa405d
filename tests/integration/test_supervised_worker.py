"""`worker --supervise`: what the parent passes on, and what it tells the server when the worker dies."""

import json
import os
import pathlib
import random
import signal
import time

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle

from harness.temporal_api import TemporalApi, completed_steps
from harness.waiting import wait_until
from harness.workers import WorkerPool, WorkerProcess

STEP_MS = 1500
DEATHS = [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT]


def supervised(workers: WorkerPool) -> WorkerProcess:
    return workers.lifecycle("v1.0.0", "--supervise")


def last_failures(api: TemporalApi, handle: WorkflowHandle) -> list[str]:
    """Why the attempt before each step's last one failed, as the server tells it; empty for the first attempt."""
    return [
        event.activity_task_started_event_attributes.last_failure.message
        for event in api.events(handle)
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED
    ]


@pytest.mark.parametrize("death", DEATHS)
def test_the_server_is_told_at_once_that_the_worker_died(
    api: TemporalApi, workers: WorkerPool, queue: str, death: signal.Signals
) -> None:
    supervised(workers)
    supervised(workers)
    handle = api.start(queue, steps=3, step_duration_ms=STEP_MS)
    victim = workers.behind(api.wait_for_started_step(handle, after_steps=1).last_worker_identity)
    # A heartbeat is sent at the beginning and then only after 4 s here: this one is throttled, and lost without the will.
    time.sleep(0.9)
    os.kill(victim.worker_pid, death)

    result = api.result(handle)

    assert victim.wait() == 128 + death, victim.log()
    assert result["retries"] == 1 and [step["step"] for step in completed_steps(api.events(handle))] == [0, 1, 2]
    assert f"killed by {death.name}" in last_failures(api, handle)[1], "the retry came from a time-out, not from the last will"
    assert "activities=1" in victim.log()
    lasted = duration_of_step(api, handle, 1)
    print(f"\nstep 1 lasted {lasted:.2f} s over both attempts, of which {STEP_MS / 1000} s are its own")


def duration_of_step(api: TemporalApi, handle: WorkflowHandle, step: int) -> float:
    events = api.events(handle)
    completed = [event for event in events if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED][step]
    scheduled = events[completed.activity_task_completed_event_attributes.scheduled_event_id - 1]
    return (completed.event_time.ToNanoseconds() - scheduled.event_time.ToNanoseconds()) / 1e9


def test_heartbeats_that_were_throttled_are_not_lost(api: TemporalApi, workers: WorkerPool, queue: str) -> None:
    supervised(workers)
    supervised(workers)
    handle = api.start(queue, steps=1, step_duration_ms=3500)
    victim = workers.behind(api.wait_for_started_step(handle).last_worker_identity)
    time.sleep(3)  # the server knows of the first half second alone
    os.kill(victim.worker_pid, signal.SIGKILL)

    def resumed_from() -> int | None:
        pending = api.pending_activity(handle)
        if pending and pending.attempt == 2 and pending.heartbeat_details.payloads:
            return int(json.loads(pending.heartbeat_details.payloads[0].data)["elapsed_ms"])
        return None

    elapsed_ms = wait_until(resumed_from, "the details that attempt 2 goes on from", seconds=5, context=workers.logs)
    assert elapsed_ms >= 2500, "the next attempt begins further back than the worker's last heartbeat"
    assert api.result(handle)["retries"] == 1


def test_a_stopped_worker_is_not_declared_dead(api: TemporalApi, workers: WorkerPool, queue: str) -> None:
    worker = supervised(workers)
    handle = api.start(queue, steps=1, step_duration_ms=1000)
    api.wait_for_started_step(handle)
    os.kill(worker.worker_pid, signal.SIGSTOP)
    time.sleep(2)
    os.kill(worker.worker_pid, signal.SIGCONT)
    assert api.result(handle)["retries"] == 0, "something was told to the server in a live worker's name"


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_the_parent_passes_signals_on_and_mirrors_the_exit_code(
    api: TemporalApi, workers: WorkerPool, queue: str, signal_number: signal.Signals
) -> None:
    worker = supervised(workers)
    handle = api.start(queue, steps=1, step_duration_ms=1000)
    api.wait_for_started_step(handle)
    worker.send(signal_number)
    assert worker.wait() == 0, worker.log()
    assert "died" not in worker.log(), "a worker that stopped gracefully leaves no will"
    (step,) = completed_steps(api.events(handle))
    assert step["attempt"] == 1, "the running step ended before the worker did"


def test_a_worker_that_cannot_begin_ends_with_its_own_code(workers: WorkerPool) -> None:
    worker = workers.lifecycle("v1.0.0", "--supervise", "--versioning-behavior", "pinned", wait=False)
    assert worker.wait() == 2, worker.log()


def test_the_worker_stops_gracefully_when_its_parent_is_killed(workers: WorkerPool) -> None:
    worker = supervised(workers)
    child = worker.worker_pid
    worker.kill_at_once()
    wait_until(lambda: not pathlib.Path(f"/proc/{child}").exists() or is_zombie(child), "the end of the orphaned worker", context=worker.log)
    assert "stopping gracefully" in worker.log()


def is_zombie(pid: int) -> bool:
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"


def test_the_parent_is_small(workers: WorkerPool) -> None:
    if "ASAN_SYMBOLIZER_PATH" in os.environ:
        pytest.skip("a sanitizer's own memory is larger than what is measured")
    worker = supervised(workers)
    rollup = pathlib.Path(f"/proc/{worker.pid}/smaps_rollup").read_text()
    private_kib = sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Private_Dirty:"))
    print(f"\nprivate memory of the parent: {private_kib} KiB")
    assert private_kib < 2048


class Storm:
    """Kills random workers of a pool, each time a fresh one takes its place, while workflows run."""

    WORKERS = 3
    WORKFLOWS_AT_ONCE = 12
    STEPS = 5

    def __init__(self, api: TemporalApi, workers: WorkerPool, queue: str) -> None:
        self.api, self.workers, self.queue = api, workers, queue
        self.alive = [supervised(workers) for _ in range(self.WORKERS)]
        self.handles: list[WorkflowHandle] = []
        self.open: list[WorkflowHandle] = []

    def rage(self, kills: int) -> None:
        for number in range(kills):
            self.keep_busy(number)
            time.sleep(random.uniform(0, 0.4))
            victim = self.alive.pop(random.randrange(len(self.alive)))
            os.kill(victim.worker_pid, signal.SIGKILL)
            assert victim.wait() == 128 + signal.SIGKILL, victim.log()
            self.alive.append(self.workers.lifecycle("v1.0.0", "--supervise", wait=False))

    def keep_busy(self, number: int) -> None:
        if number % 4 == 0:
            self.open = [handle for handle in self.open if self.api.completed(handle) < self.STEPS]
        while len(self.open) < self.WORKFLOWS_AT_ONCE:
            handle = self.api.start(self.queue, steps=self.STEPS, step_duration_ms=random.choice([0, 50, 300]))
            self.handles.append(handle)
            self.open.append(handle)

    def check(self) -> int:
        """Nothing lost, nothing completed twice. Returns how many attempts were repeated."""
        retries = 0
        for handle in self.handles:
            result = self.api.result(handle, seconds=120)
            steps = [step["step"] for step in completed_steps(self.api.events(handle))]
            assert steps == list(range(self.STEPS)), f"{handle.id}: steps {steps}"
            assert result["steps_completed"] == self.STEPS
            retries += result["retries"]
        return retries


def test_a_storm_of_kills_loses_nothing(api: TemporalApi, workers: WorkerPool, queue: str) -> None:
    kills = int(os.environ.get("LIFECYCLE_SOAK_KILLS", "50"))
    storm = Storm(api, workers, queue)
    storm.rage(kills)
    retries = storm.check()
    delivered = workers.logs().count("the worker died; the server knows what it left behind")
    print(f"\n{kills} kills under {len(storm.handles)} workflows: {retries} attempts repeated, {delivered} last wills delivered")
    assert retries > 0, "no kill hit a step: the storm has shown nothing"
