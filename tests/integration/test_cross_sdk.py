"""One workflow, two SDKs: what a worker of one began, a worker of another ends, and each can replay what the other wrote."""

import pathlib
import subprocess
from typing import Callable

from temporalio.api.enums.v1 import EventType, TaskQueueType
from temporalio.client import WorkflowHandle, WorkflowHistory
from temporalio.worker import Replayer

from contract import LifecycleWorkflow
from harness.programs import GO_PEER
from harness.temporal_api import TemporalApi, completed_steps
from harness.waiting import wait_until
from harness.workers import WorkerPool, WorkerProcess

STEPS = 4
STEP_MS = 700

StartWorker = Callable[[], WorkerProcess]


def replays_in_python(api: TemporalApi, history: WorkflowHistory) -> None:
    api.run(Replayer(workflows=[LifecycleWorkflow]).replay_workflow(history))


def replays_in_go(history: WorkflowHistory, directory: pathlib.Path) -> None:
    path = directory / "history.json"
    path.write_text(history.to_json())
    replayed = subprocess.run([str(GO_PEER), "--replay", str(path), "1"], capture_output=True, text=True, timeout=60)
    assert replayed.returncode == 0, replayed.stderr


def run_half_by_each(api: TemporalApi, workers: WorkerPool, begin: StartWorker, end: StartWorker) -> WorkflowHistory:
    """Kills the first worker in the middle of a step, lets the second one end the workflow, and returns the history of both."""
    first = begin()
    handle = api.start(workers.task_queue, steps=STEPS, step_duration_ms=STEP_MS)
    api.wait_for_started_step(handle, after_steps=2)
    first.kill_at_once()
    second = end()

    result = api.result(handle)

    steps = completed_steps(api.events(handle))
    assert [step["step"] for step in steps] == list(range(STEPS))
    assert first.is_behind(steps[0]["worker"]) and second.is_behind(steps[-1]["worker"])
    assert result["worker_versions_used"] == [step["worker_version"] for step in steps]
    assert set(result["worker_versions_used"]) == {first.version, second.version}
    assert result["rollout_detected"] is True and result["version_changes_detected"] is True
    assert result["retries"] == sum(step["attempt"] - 1 for step in steps)
    return api.history(handle)


def test_our_worker_ends_what_a_python_worker_began(api: TemporalApi, workers: WorkerPool) -> None:
    history = run_half_by_each(api, workers, workers.python, workers.lifecycle)
    replays_in_python(api, history)


def test_our_worker_ends_what_a_python_worker_with_ids_of_its_own_began(api: TemporalApi, workers: WorkerPool) -> None:
    """Core numbers activities from 1: no reason to refuse its workflows. (It would refuse ours, see `next_activity_id` of the peer.)"""
    run_half_by_each(api, workers, lambda: workers.python("python-1", "--sdk-activity-ids"), workers.lifecycle)


def test_a_python_worker_ends_what_our_worker_began(api: TemporalApi, workers: WorkerPool) -> None:
    history = run_half_by_each(api, workers, workers.lifecycle, workers.python)
    replays_in_python(api, history)


def test_our_worker_ends_what_a_go_worker_began(api: TemporalApi, go_workers: WorkerPool, tmp_path: pathlib.Path) -> None:
    history = run_half_by_each(api, go_workers, go_workers.go, go_workers.lifecycle)
    replays_in_go(history, tmp_path)


def test_a_go_worker_ends_what_our_worker_began(api: TemporalApi, go_workers: WorkerPool, tmp_path: pathlib.Path) -> None:
    history = run_half_by_each(api, go_workers, go_workers.lifecycle, go_workers.go)
    replays_in_go(history, tmp_path)


def test_what_our_worker_wrote_alone_replays_in_every_sdk(api: TemporalApi, go_workers: WorkerPool, tmp_path: pathlib.Path) -> None:
    go_workers.lifecycle()
    handle = api.start(go_workers.task_queue, steps=5, step_duration_ms=0, fail_step=2, fail_attempts=1, retry={"initial_interval_ms": 50})
    api.result(handle)
    history = api.history(handle)
    replays_in_python(api, history)
    replays_in_go(history, tmp_path)


def kind_of_last_task(api: TemporalApi, handle: WorkflowHandle) -> list[int]:
    """The event types since the last workflow task that was completed before the last one."""
    types = [event.event_type for event in api.events(handle)]
    completed = [index for index, kind in enumerate(types) if kind == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED]
    return types[completed[-2] :]


def test_a_pause_and_the_end_of_a_step_in_one_task_mean_the_same_in_every_sdk(
    api: TemporalApi, go_workers: WorkerPool, tmp_path: pathlib.Path
) -> None:
    """The pause counts first, whichever came first: the next step waits. SDKs that did not agree could not replay each other's histories."""
    first = go_workers.lifecycle("v1.0.0", "--max-concurrent-activities", "1")
    holder = api.start(go_workers.task_queue, steps=1, step_duration_ms=300_000)
    assert first.is_behind(api.wait_for_started_step(holder).last_worker_identity)
    hands = go_workers.python("hands", "--activities-only", wait=False)
    hands.wait_for_polls(api, queue_types=(TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,))
    handle = api.start(go_workers.task_queue, steps=2, step_duration_ms=1000)
    assert hands.is_behind(api.wait_for_started_step(handle).last_worker_identity)
    # With nobody left to run workflow tasks, the step's end and the pause wait for the next worker together.
    first.kill_at_once()
    api.run(handle.signal("pause"))
    wait_until(lambda: api.pending_activity(handle) is None, "the end of the step")
    assert api.completed(handle) == 1
    api.run(holder.terminate())
    go_workers.lifecycle("v1.0.1")

    wait_until(lambda: api.events(handle)[-1].event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED, "the pause to be handled")
    together = kind_of_last_task(api, handle)
    assert EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED in together and EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED in together
    assert api.pending_activity(handle) is None, "the next step waits"
    api.run(handle.signal("resume"))
    assert api.result(handle)["steps_completed"] == 2
    replays_in_python(api, api.history(handle))
    replays_in_go(api.history(handle), tmp_path)
