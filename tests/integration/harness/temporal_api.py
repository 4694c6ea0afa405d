"""A synchronous view on a Temporal server for tests, through the official client."""

import asyncio
import json
import time
import uuid
from typing import Any, Awaitable, Coroutine, Iterable, TypeVar

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType, PendingActivityState, TaskQueueType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeTaskQueueResponse,
    DescribeWorkflowExecutionRequest,
    RegisterNamespaceRequest,
)
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle, WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode

from .waiting import wait_until

Answer = TypeVar("Answer")

QueueTypes = tuple["TaskQueueType.ValueType", ...]
QUEUE_TYPES: QueueTypes = (TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)


def unique(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def started(activity: PendingActivityInfo) -> bool:
    return activity.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED


def completed_steps(events: Iterable[HistoryEvent]) -> list[dict]:
    """What the activities returned, in the order of their completion."""
    return [
        json.loads(event.activity_task_completed_event_attributes.result.payloads[0].data)
        for event in events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED
    ]


def count(events: Iterable[HistoryEvent], event_type: "EventType.ValueType") -> int:
    return sum(event.event_type == event_type for event in events)


class TemporalApi:
    """Runs the official client's coroutines to their end, one call at a time."""

    def __init__(self, address: str, namespace: str = "default") -> None:
        self.namespace = namespace
        self._loop = asyncio.new_event_loop()
        self.client = self.run(Client.connect(address, namespace=namespace, identity="client@host"))

    def close(self) -> None:
        self._loop.close()

    def run(self, call: Awaitable[Answer], seconds: float = 60) -> Answer:
        return self._loop.run_until_complete(asyncio.wait_for(call, seconds))

    def run_all(self, calls: Iterable[Awaitable[Answer]], seconds: float = 60) -> list[Answer]:
        """Side by side; the answers are in the order of the calls."""

        async def gather() -> list[Answer]:
            return await asyncio.gather(*calls)

        return self.run(gather(), seconds)

    def begin(self, call: Coroutine[Any, Any, Answer]) -> "asyncio.Task[Answer]":
        """Goes on beside the other calls: whenever one of them runs."""
        return self._loop.create_task(call)

    def run_until_one_ends(self, begun: Iterable["asyncio.Task[Any]"], seconds: float) -> None:
        """Or until the time is up."""
        self.run(asyncio.wait(begun, timeout=seconds, return_when=asyncio.FIRST_COMPLETED))

    # --- workflows

    def start(self, task_queue: str, workflow_id: str | None = None, **workflow_input: Any) -> WorkflowHandle:
        """Starts LifecycleWorkflow with these input fields."""
        identifier = workflow_id or unique("wf")
        return self.run(self.client.start_workflow("LifecycleWorkflow", workflow_input, id=identifier, task_queue=task_queue))

    def result(self, handle: WorkflowHandle, seconds: float = 60) -> Any:
        return self.run(handle.result(), seconds)

    def events(self, handle: WorkflowHandle) -> list[HistoryEvent]:
        return list(self.history(handle).events)

    def history(self, handle: WorkflowHandle) -> WorkflowHistory:
        return self.run(handle.fetch_history())

    def completed(self, handle: WorkflowHandle) -> int:
        return len(completed_steps(self.events(handle)))

    def is_closed(self, handle: WorkflowHandle) -> bool:
        return self.run(handle.describe()).status != WorkflowExecutionStatus.RUNNING

    def pending_activity(self, handle: WorkflowHandle) -> PendingActivityInfo | None:
        request = DescribeWorkflowExecutionRequest(namespace=self.namespace, execution=WorkflowExecution(workflow_id=handle.id))
        pending = self.run(self.client.workflow_service.describe_workflow_execution(request)).pending_activities
        return pending[0] if pending else None

    def wait_for_steps(self, handle: WorkflowHandle, steps: int, seconds: float = 60) -> None:
        wait_until(lambda: self.completed(handle) >= steps, f"{steps} completed steps of {handle.id}", seconds)

    def wait_for_started_step(self, handle: WorkflowHandle, after_steps: int = 0, seconds: float = 60) -> PendingActivityInfo:
        """The activity that a worker is executing, once `after_steps` steps are completed."""

        def executing() -> PendingActivityInfo | None:
            if self.completed(handle) < after_steps:
                return None
            activity = self.pending_activity(handle)
            return activity if activity and started(activity) else None

        return wait_until(executing, f"a started step of {handle.id} after {after_steps} completed ones", seconds)

    # --- task queues and namespaces

    def describe_queue(self, task_queue: str, queue_type: "TaskQueueType.ValueType") -> DescribeTaskQueueResponse:
        return self.run(
            self.client.workflow_service.describe_task_queue(
                DescribeTaskQueueRequest(namespace=self.namespace, task_queue=TaskQueue(name=task_queue), task_queue_type=queue_type)
            )
        )

    def polls(self, task_queue: str, pid: int, since: float = 0, queue_types: QueueTypes = QUEUE_TYPES) -> bool:
        """Whether this process has polled for these kinds of tasks since then (seconds since the epoch)."""
        for queue_type in queue_types:
            pollers = self.describe_queue(task_queue, queue_type).pollers
            # The identity of all workers here begins with "<pid>@".
            if not any(p.identity.startswith(f"{pid}@") and p.last_access_time.ToNanoseconds() / 1e9 >= since for p in pollers):
                return False
        return True

    def register_namespace(self) -> None:
        """Creates the namespace of this view, and waits until the server's caches know it."""
        request = RegisterNamespaceRequest(namespace=self.namespace)
        request.workflow_execution_retention_period.FromSeconds(24 * 3600)
        self.run(self.client.workflow_service.register_namespace(request))

        def known() -> bool:
            try:
                self.describe_queue("any", QUEUE_TYPES[0])
                return True
            except RPCError as error:
                if error.status == RPCStatusCode.NOT_FOUND:
                    return False
                raise

        wait_until(known, f"namespace {self.namespace}")

    def answers(self) -> bool:
        """Whether the server is there now, asked once without the client's own retries."""
        try:
            self.run(self.client.service_client.check_health(retry=False))
            return True
        except RPCError as error:
            if error.status in (RPCStatusCode.UNAVAILABLE, RPCStatusCode.CANCELLED, RPCStatusCode.DEADLINE_EXCEEDED):
                return False
            raise


def now() -> float:
    """Seconds since the epoch: the clock that the server on this machine writes its times with."""
    return time.time()
