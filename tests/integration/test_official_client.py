"""Our worker as the official Python client sees it."""

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle, WorkflowQueryFailedError
from temporalio.exceptions import CancelledError

from harness.temporal_api import TemporalApi, count, unique
from harness.waiting import wait_until
from harness.workers import WorkerPool


def progress(api: TemporalApi, handle: WorkflowHandle) -> dict:
    return api.run(handle.query("progress"))


def paused_between_steps(api: TemporalApi, handle: WorkflowHandle) -> bool:
    """True once no step runs and the worker has answered the last workflow task without scheduling another step."""
    events = api.events(handle)
    return api.pending_activity(handle) is None and events[-1].event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED


def test_the_client_queries_pauses_resumes_and_reads_the_result(api: TemporalApi, workers: WorkerPool, queue: str) -> None:
    workers.lifecycle()
    handle = api.start(queue, steps=4, step_duration_ms=500)
    api.wait_for_steps(handle, 1)
    api.run(handle.signal("pause"))
    wait_until(lambda: paused_between_steps(api, handle), "a pause")

    seen = progress(api, handle)
    completed = api.completed(handle)
    assert seen == {"steps_completed": completed, "steps_total": 4, "current_step": completed}
    assert 1 <= completed < 4
    assert count(api.events(handle), EventType.EVENT_TYPE_TIMER_STARTED) == 0, "waiting is a condition, not a timer"

    api.run(handle.signal("resume"))
    assert api.result(handle)["steps_completed"] == 4
    assert progress(api, handle) == {"steps_completed": 4, "steps_total": 4, "current_step": 4}, "a closed workflow still answers"


def test_a_workflow_paused_before_its_first_task_waits(api: TemporalApi, workers: WorkerPool, queue: str) -> None:
    handle = api.run(
        api.client.start_workflow(
            "LifecycleWorkflow", {"steps": 1, "step_duration_ms": 0}, id=unique("wf"), task_queue=queue, start_signal="pause"
        )
    )
    workers.lifecycle()
    wait_until(lambda: paused_between_steps(api, handle), "a pause")
    assert progress(api, handle)["steps_completed"] == 0
    api.run(handle.signal("resume"))
    assert api.result(handle)["steps_completed"] == 1


def test_a_cancelled_workflow_cancels_its_step_and_closes_as_cancelled(api: TemporalApi, workers: WorkerPool, queue: str) -> None:
    workers.lifecycle()
    handle = api.start(queue, steps=3, step_duration_ms=30_000)
    api.wait_for_started_step(handle)
    api.run(handle.cancel())

    with pytest.raises(WorkflowFailureError) as failure:
        api.result(handle)

    assert isinstance(failure.value.cause, CancelledError)
    assert api.run(handle.describe()).status == WorkflowExecutionStatus.CANCELED
    assert count(api.events(handle), EventType.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED) == 1


def test_a_terminated_workflow_leaves_the_worker_in_service(api: TemporalApi, workers: WorkerPool, queue: str) -> None:
    worker = workers.lifecycle()
    handle = api.start(queue, steps=1, step_duration_ms=1500)
    api.wait_for_started_step(handle)
    api.run(handle.terminate("on purpose"))

    assert api.result(api.start(queue, steps=1, step_duration_ms=0))["steps_completed"] == 1
    assert worker.exit_code() is None


def test_an_unknown_query_is_refused_and_the_workflow_goes_on(api: TemporalApi, workers: WorkerPool, queue: str) -> None:
    workers.lifecycle()
    handle = api.start(queue, steps=2, step_duration_ms=700)
    with pytest.raises(WorkflowQueryFailedError, match="no-such-query"):
        api.run(handle.query("no-such-query"))
    assert api.result(handle)["steps_completed"] == 2


def test_an_unknown_signal_is_ignored(api: TemporalApi, workers: WorkerPool, queue: str) -> None:
    workers.lifecycle()
    handle = api.start(queue, steps=2, step_duration_ms=500)
    api.run(handle.signal("no-such-signal", {"some": "thing"}))
    assert api.result(handle)["steps_completed"] == 2
