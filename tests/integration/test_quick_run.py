"""The 30-second workflow from the command line, from its first line to its result."""

import json
from typing import Callable

from harness.programs import Finished
from harness.temporal_api import TemporalApi, completed_steps, unique
from harness.workers import WorkerPool


def test_quick_runs_six_steps_of_five_seconds(
    api: TemporalApi, workers: WorkerPool, queue: str, lifecycle: Callable[..., Finished]
) -> None:
    worker = workers.lifecycle("v1.2.3")
    workflow_id = unique("quick")

    done = lifecycle("quick", "--task-queue", queue, "--workflow-id", workflow_id)

    assert done.exit_code == 0, done
    assert workflow_id in done.stderr.splitlines()[0], "the id comes first"
    handle = api.client.get_workflow_handle(workflow_id)
    steps = completed_steps(api.events(handle))
    assert [step["step"] for step in steps] == list(range(6))
    assert json.loads(done.stdout) == {
        "worker_versions_used": ["v1.2.3"] * 6,
        "version_changes_detected": False,
        "rollout_detected": False,
        "steps_completed": 6,
        "workers_used": [steps[0]["worker"]],
        "retries": 0,
    }
    assert worker.is_behind(steps[0]["worker"]) and "/v1.2.3#" in steps[0]["worker"]
    started, closed = (api.events(handle)[index].event_time.ToNanoseconds() / 1e9 for index in (0, -1))
    assert closed - started >= 30, "six steps of 5 s"
