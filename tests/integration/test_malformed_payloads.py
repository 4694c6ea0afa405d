"""Inputs that no worker can read: they cost their own workflow, never the worker or its other workflows."""

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle
from temporalio.common import RawValue

from harness.temporal_api import TemporalApi, unique
from harness.waiting import wait_until
from harness.workers import WorkerPool

MALFORMED = {
    "a string instead of an object": Payload(metadata={"encoding": b"json/plain"}, data=b'"ten steps, please"'),
    "a list instead of an object": Payload(metadata={"encoding": b"json/plain"}, data=b"[10, 30000]"),
    "a field of the wrong type": Payload(metadata={"encoding": b"json/plain"}, data=b'{"steps": "ten"}'),
    "cut JSON": Payload(metadata={"encoding": b"json/plain"}, data=b'{"steps": 1'),
    "bytes that are not UTF-8": Payload(metadata={"encoding": b"json/plain"}, data=b'{"steps": 1, "x": "\xff\xfe"}'),
    "an encoding that nobody knows": Payload(metadata={"encoding": b"binary/encrypted-by-someone"}, data=b"\x00\x01\x02"),
    "no encoding": Payload(data=b'{"steps": 1}'),
}


def start_raw(api: TemporalApi, queue: str, *payloads: Payload) -> WorkflowHandle:
    arguments = [RawValue(payload) for payload in payloads]
    return api.run(api.client.start_workflow("LifecycleWorkflow", args=arguments, id=unique("malformed"), task_queue=queue))


def refused(api: TemporalApi, handle: WorkflowHandle) -> bool:
    """Whether the workflow failed, or its workflow task: both are fair."""
    failures = (EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED, EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED)
    return any(event.event_type in failures for event in api.events(handle))


def terminate_if_open(api: TemporalApi, handle: WorkflowHandle) -> None:
    if api.run(handle.describe()).close_time is None:
        api.run(handle.terminate())


def test_unreadable_inputs_leave_the_worker_and_its_other_workflows_alone(api: TemporalApi, workers: WorkerPool, queue: str) -> None:
    worker = workers.lifecycle()
    good = api.start(queue, steps=4, step_duration_ms=500)
    api.wait_for_started_step(good)
    bad = {name: start_raw(api, queue, payload) for name, payload in MALFORMED.items()}

    for name, handle in bad.items():
        wait_until(lambda: refused(api, handle), f"the refusal of {name}", context=worker.log)

    assert api.result(good)["steps_completed"] == 4
    assert api.result(api.start(queue, steps=1, step_duration_ms=0))["steps_completed"] == 1
    assert worker.exit_code() is None, worker.log()
    for handle in bad.values():
        terminate_if_open(api, handle)


@pytest.mark.parametrize("payloads", [(), (Payload(metadata={"encoding": b"json/plain"}, data=b"{}"),)], ids=["no input", "an empty object"])
def test_every_field_of_the_input_may_be_missing(api: TemporalApi, workers: WorkerPool, queue: str, payloads: tuple[Payload, ...]) -> None:
    workers.lifecycle()
    handle = start_raw(api, queue, *payloads)
    api.wait_for_started_step(handle)
    assert api.run(handle.query("progress")) == {"steps_completed": 0, "steps_total": 10, "current_step": 0}
    api.run(handle.terminate())


def test_fields_that_nobody_knows_are_skipped(api: TemporalApi, workers: WorkerPool, queue: str) -> None:
    workers.lifecycle()
    handle = api.start(queue, steps=1, step_duration_ms=0, fail_step=None, from_a_newer_client={"nested": [1, 2, {"deep": None}]})
    assert api.result(handle)["steps_completed"] == 1


def test_a_workflow_type_that_is_not_registered_does_not_end_the_worker(api: TemporalApi, workers: WorkerPool, queue: str) -> None:
    worker = workers.lifecycle()
    stranger = api.run(api.client.start_workflow("NoSuchWorkflow", id=unique("stranger"), task_queue=queue))
    wait_until(lambda: refused(api, stranger), "the refusal of an unknown workflow type", context=worker.log)
    assert api.result(api.start(queue, steps=1, step_duration_ms=0))["steps_completed"] == 1
    assert worker.exit_code() is None
    terminate_if_open(api, stranger)
