"""One workflow, two SDKs: what a worker of one began, a worker of another ends, and each can replay what the other wrote."""

import pathlib
import subprocess
import sys
from typing import Callable

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from harness.programs import GO_PEER, PYTHON_PEER
from harness.temporal_api import TemporalApi, completed_steps
from harness.workers import WorkerPool, WorkerProcess

STEPS = 4
STEP_MS = 700

StartWorker = Callable[[], WorkerProcess]


def replays_in_python(api: TemporalApi, history: WorkflowHistory) -> None:
    sys.path.insert(0, str(PYTHON_PEER.parent))
    from contract import LifecycleWorkflow

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


@pytest.mark.parametrize("sdk", ["python", "go"])
def test_a_pause_and_a_step_in_one_workflow_task_mean_the_same_everywhere(
    api: TemporalApi, go_workers: WorkerPool, tmp_path: pathlib.Path, sdk: str
) -> None:
    """A pause that arrives together with the end of a step holds the next step back, whoever replays it."""
    first = getattr(go_workers, sdk)()
    handle = api.start(go_workers.task_queue, steps=3, step_duration_ms=1500)
    api.wait_for_started_step(handle, after_steps=1)
    first.kill_at_once()
    api.run(handle.signal("pause"))
    api.run(handle.signal("resume"))
    go_workers.lifecycle()

    result = api.result(handle)

    assert result["steps_completed"] == 3
    replays_in_python(api, api.history(handle))
