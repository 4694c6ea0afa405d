"""How workers stop: a first signal drains, a second one forces."""

import signal

import pytest
from temporalio.api.enums.v1 import EventType

from harness.temporal_api import TemporalApi, completed_steps
from harness.waiting import wait_until
from harness.workers import WorkerPool, WorkerProcess

# A step lasts 1 s. Without a word to the server, a stopped worker's tasks wait 5 to 10 s for it.
STEP_MS = 1000
STANDSTILL_SECONDS = 8


def longest_gap_seconds(api: TemporalApi, handle) -> float:
    completions = [
        event.event_time.ToNanoseconds() / 1e9
        for event in api.events(handle)
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED
    ]
    return max(after - before for before, after in zip(completions, completions[1:]))


def test_a_stopping_worker_leaves_no_standstill(api: TemporalApi, workers: WorkerPool, queue: str) -> None:
    workers.lifecycle("v1.0.0")
    workers.lifecycle("v1.0.0")
    handle = api.start(queue, steps=6, step_duration_ms=STEP_MS)
    activity = api.wait_for_started_step(handle, after_steps=2)
    stopping = workers.behind(activity.last_worker_identity)
    stopping.send(signal.SIGTERM)
    assert stopping.wait() == 0, stopping.log()

    result = api.result(handle)

    assert [step["step"] for step in completed_steps(api.events(handle))] == list(range(6))
    assert result["retries"] <= 1, "the step in hand is finished, or handed over once"
    assert workers.other_than(stopping).is_behind(completed_steps(api.events(handle))[-1]["worker"])
    gap = longest_gap_seconds(api, handle)
    print(f"\nlongest time between two completed steps: {gap:.1f} s, of which {STEP_MS / 1000:.1f} s are the step")
    assert gap < STANDSTILL_SECONDS


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_worker_stops_with_success(workers: WorkerPool, signal_number: signal.Signals) -> None:
    worker = workers.lifecycle()
    worker.send(signal_number)
    assert worker.wait() == 0, worker.log()


def signal_until_it_ends(worker: WorkerProcess, signal_number: signal.Signals) -> None:
    """Sends the second signal again while it may have been merged with the first, which the kernel does to signals not yet taken."""

    def ended() -> bool:
        if worker.exit_code() is None:
            worker.send(signal_number)
        return worker.exit_code() is not None

    wait_until(ended, "the end of the worker after a second signal", seconds=20, context=worker.log)


@pytest.mark.parametrize(("signal_number", "exit_code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_second_signal_ends_the_worker_at_once(
    api: TemporalApi, workers: WorkerPool, queue: str, signal_number: signal.Signals, exit_code: int
) -> None:
    worker = workers.lifecycle()
    handle = api.start(queue, steps=1, step_duration_ms=300_000)
    api.wait_for_started_step(handle)
    worker.send(signal_number)
    signal_until_it_ends(worker, signal_number)
    assert worker.exit_code() == exit_code, worker.log()
    api.run(handle.terminate())
