"""Steps that fail on purpose: retried as the policy says, elsewhere when the failing worker is busy."""

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ActivityError, ApplicationError

from harness.temporal_api import TemporalApi, completed_steps, started
from harness.waiting import wait_until
from harness.workers import WorkerPool


def test_a_failing_step_is_retried_until_it_succeeds(api: TemporalApi, workers: WorkerPool, queue: str) -> None:
    workers.lifecycle()
    handle = api.start(queue, steps=3, step_duration_ms=0, fail_step=1, fail_attempts=2, retry={"initial_interval_ms": 100})

    result = api.result(handle)

    assert [step["attempt"] for step in completed_steps(api.events(handle))] == [1, 3, 1]
    assert result["retries"] == 2 and result["steps_completed"] == 3


def test_the_retry_lands_on_the_other_worker_when_the_failing_one_is_busy(api: TemporalApi, workers: WorkerPool, queue: str) -> None:
    busy = workers.lifecycle("v1.0.0", "--max-concurrent-activities", "1")
    failing = api.start(queue, steps=1, step_duration_ms=0, fail_step=0, fail_attempts=1, retry={"initial_interval_ms": 6000})
    wait_until(
        lambda: (activity := api.pending_activity(failing)) and activity.attempt == 2 and not started(activity),
        "the back-off after the first failure",
    )
    assert busy.is_behind(api.pending_activity(failing).last_worker_identity)
    # The only slot of the failing worker is taken before there is any other worker: the retry has one place to go.
    holder = api.start(queue, steps=1, step_duration_ms=60_000)
    assert busy.is_behind(api.wait_for_started_step(holder).last_worker_identity)
    free = workers.lifecycle("v1.0.1")

    result = api.result(failing)

    assert result["retries"] == 1
    assert len(result["workers_used"]) == 1 and free.is_behind(result["workers_used"][0])
    api.run(holder.terminate())


def test_a_step_that_uses_up_its_attempts_fails_the_workflow(api: TemporalApi, workers: WorkerPool, queue: str) -> None:
    worker = workers.lifecycle()
    retry = {"initial_interval_ms": 50, "maximum_attempts": 2}
    handle = api.start(queue, steps=2, step_duration_ms=0, fail_step=0, fail_attempts=5, retry=retry)

    with pytest.raises(WorkflowFailureError) as failure:
        api.result(handle)

    activity_error = failure.value.cause
    assert isinstance(activity_error, ActivityError) and worker.is_behind(activity_error.identity)
    assert isinstance(activity_error.cause, ApplicationError)
    assert activity_error.cause.type == "SimulatedFailure" and not activity_error.cause.non_retryable
