"""What a workflow loses when the worker that executes its current step is killed: nothing but time."""

import json

from temporalio.client import WorkflowHandle

from harness.temporal_api import TemporalApi, completed_steps, started, unique
from harness.waiting import wait_until
from harness.workers import WorkerPool, WorkerProcess

STEPS = 5
STEP_MS = 1500


def killed_during_a_step(api: TemporalApi, workers: WorkerPool, handle: WorkflowHandle) -> WorkerProcess:
    """Kills the worker that the server names as executing the step after the first two."""
    activity = api.wait_for_started_step(handle, after_steps=2)
    victim = workers.behind(activity.last_worker_identity)
    victim.kill_at_once()
    return victim


def test_the_step_of_a_killed_worker_is_retried_on_the_other_one(api: TemporalApi, workers: WorkerPool, queue: str) -> None:
    workers.lifecycle("v1.0.0")
    workers.lifecycle("v1.0.0")
    handle = api.start(queue, steps=STEPS, step_duration_ms=STEP_MS)
    victim = killed_during_a_step(api, workers, handle)
    survivor = workers.other_than(victim)

    result = api.result(handle)

    steps = completed_steps(api.events(handle))
    assert [step["step"] for step in steps] == list(range(STEPS)), "a step was lost, doubled or out of order"
    retried = [step for step in steps if step["attempt"] > 1]
    assert len(retried) == 1 and survivor.is_behind(retried[0]["worker"]), steps
    assert result["retries"] == sum(step["attempt"] - 1 for step in steps) == 1
    assert result["steps_completed"] == STEPS
    assert result["worker_versions_used"] == ["v1.0.0"] * STEPS
    assert result["version_changes_detected"] is False and result["rollout_detected"] is False
    assert result["workers_used"] == list(dict.fromkeys(step["worker"] for step in steps))


def heartbeat_of(api: TemporalApi, handle: WorkflowHandle) -> tuple[int, int] | None:
    """Attempt and elapsed milliseconds that the server knows of the executing step."""
    activity = api.pending_activity(handle)
    if not activity or not started(activity) or not activity.heartbeat_details.payloads:
        return None
    return activity.attempt, json.loads(activity.heartbeat_details.payloads[0].data)["elapsed_ms"]


def test_the_retry_goes_on_from_the_last_heartbeat(api: TemporalApi, workers: WorkerPool, queue: str) -> None:
    workers.lifecycle("v1.0.0")
    workers.lifecycle("v1.0.0")
    # The longest throttling that a worker may do to heartbeats is 4 s here: the second one that the server sees is past that.
    handle = api.start(queue, steps=1, step_duration_ms=9000)
    wait_until(lambda: (beat := heartbeat_of(api, handle)) and beat[1] >= 1000, "a second heartbeat", seconds=20)
    victim = workers.behind(api.wait_for_started_step(handle).last_worker_identity)
    victim.kill_at_once()
    last = heartbeat_of(api, handle)
    assert last is not None and last[0] == 1

    seen: list[tuple[int, int]] = []

    def retry_reports_progress() -> bool:
        beat = heartbeat_of(api, handle)
        if beat and beat[0] == 2:
            seen.append(beat)
        # The server keeps the first attempt's details until the second one reports: a larger figure is the second's own.
        return bool(seen) and seen[-1][1] != last[1]

    wait_until(retry_reports_progress, "progress of the second attempt", seconds=30, context=workers.logs)
    assert seen[-1][1] > last[1], f"the second attempt reports {seen[-1][1]} ms, less than the {last[1]} ms that the first had done"
    assert api.result(handle)["retries"] == 1


def test_a_killed_worker_that_runs_alone_is_replaced_by_a_new_one(api: TemporalApi, workers: WorkerPool, queue: str) -> None:
    alone = workers.lifecycle("v1.0.0")
    handle = api.start(queue, unique("alone"), steps=4, step_duration_ms=800)
    api.wait_for_started_step(handle, after_steps=1)
    alone.kill_at_once()
    replacement = workers.lifecycle("v1.0.1")

    result = api.result(handle)

    steps = completed_steps(api.events(handle))
    assert [step["step"] for step in steps] == [0, 1, 2, 3]
    assert alone.is_behind(steps[0]["worker"]) and replacement.is_behind(steps[-1]["worker"])
    assert result["rollout_detected"] is True and result["version_changes_detected"] is True
