"""A new version takes over while a workflow runs: the result tells, nothing is lost."""

import signal

from harness.temporal_api import TemporalApi, completed_steps
from harness.workers import WorkerPool


def test_a_rollout_in_the_middle_of_a_run_shows_in_the_result(api: TemporalApi, workers: WorkerPool, queue: str) -> None:
    old = workers.lifecycle("v1.0.0")
    handle = api.start(queue, steps=6, step_duration_ms=600)
    api.wait_for_steps(handle, 2)
    new = workers.lifecycle("v2.0.0")
    old.send(signal.SIGTERM)
    assert old.wait() == 0, old.log()

    result = api.result(handle)

    steps = completed_steps(api.events(handle))
    assert [step["step"] for step in steps] == list(range(6))
    versions = [step["worker_version"] for step in steps]
    assert set(versions) == {"v1.0.0", "v2.0.0"}
    assert versions[0] == "v1.0.0" and versions[-1] == "v2.0.0"
    assert new.is_behind(steps[-1]["worker"])
    assert result["worker_versions_used"] == versions
    assert result["version_changes_detected"] is True
    assert result["rollout_detected"] is True
    assert result["steps_completed"] == 6


def test_workers_of_one_version_make_no_rollout(api: TemporalApi, workers: WorkerPool, queue: str) -> None:
    workers.lifecycle("v1.0.0")
    workers.lifecycle("v1.0.0")

    result = api.result(api.start(queue, steps=4, step_duration_ms=0))

    assert result["worker_versions_used"] == ["v1.0.0"] * 4
    assert result["version_changes_detected"] is False and result["rollout_detected"] is False
    assert result["retries"] == 0
