"""More open workflows than the worker keeps in memory: evicted ones are replayed from history, and end the same."""

import pytest

from harness.temporal_api import TemporalApi, completed_steps
from harness.workers import WorkerPool

WORKFLOWS = 12
STEPS = 5


@pytest.mark.parametrize("max_cached_workflows", ["2", "0"])
def test_workflows_beyond_the_cache_complete(api: TemporalApi, workers: WorkerPool, queue: str, max_cached_workflows: str) -> None:
    workers.lifecycle("v1.0.0", "--max-cached-workflows", max_cached_workflows)
    handles = [api.start(queue, steps=STEPS, step_duration_ms=100) for _ in range(WORKFLOWS)]

    for handle in handles:
        result = api.result(handle)
        assert result["steps_completed"] == STEPS and result["retries"] == 0
        assert [step["step"] for step in completed_steps(api.events(handle))] == list(range(STEPS))
