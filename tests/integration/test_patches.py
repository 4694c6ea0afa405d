"""Code that changes under live workflows: refused where it does not fit, healed when it is put back, and carried over by patches, in runs
that stay here and in runs that move between this SDK and the official Python SDK."""

import asyncio

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from harness.patch_workflows import PATCH_ID, STAGES, WORKFLOW, WORKFLOWS, while_python_serves
from harness.programs import patch_worker_program
from harness.temporal_api import TemporalApi, count, unique
from harness.waiting import wait_until
from harness.workers import WorkerPool, WorkerProcess

OLD_SIDE = "hello x, thanks x"
NEW_SIDE = "thanks x, hello x"

MARKER = EventType.EVENT_TYPE_MARKER_RECORDED
UPSERT = EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES
TASK_FAILED = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
TASK_COMPLETED = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED


class Deployments:
    """Which code serves the queue: at most one worker at a time, of one stage."""

    def __init__(self, api: TemporalApi, workers: WorkerPool, queue: str) -> None:
        self.api = api
        self.queue = queue
        self._workers = workers
        self._current: WorkerProcess | None = None

    def deploy(self, stage: str, *flags: str) -> None:
        self.withdraw()
        self._current = self._workers.start([str(patch_worker_program())], stage, ["--stage", stage, *flags])

    def withdraw(self) -> None:
        if self._current:
            assert self._current.stop() == 0, self._current.log()
        self._current = None

    def start(self) -> WorkflowHandle:
        """A run that has said its first word and waits for the signal."""
        handle = self.api.run(self.api.client.start_workflow(WORKFLOW, id=unique("patch"), task_queue=self.queue, result_type=str))
        wait_until(lambda: waits(self.api, handle), f"{handle.id} to wait for its signal")
        return handle

    def start_in_python(self, stage: str) -> WorkflowHandle:
        async def begin() -> WorkflowHandle:
            handle = await self.api.client.start_workflow(WORKFLOW, id=unique("patch"), task_queue=self.queue, result_type=str)
            while not at_rest((await handle.fetch_history()).events):
                await asyncio.sleep(0.05)
            return handle

        self.withdraw()
        return self.api.run(while_python_serves(self.api.client, self.queue, stage, begin()))

    def finish(self, handle: WorkflowHandle) -> str:
        self.api.run(handle.signal("proceed"))
        return self.api.result(handle)

    def finish_in_python(self, handle: WorkflowHandle, stage: str) -> str:
        async def end() -> str:
            await handle.signal("proceed")
            return await handle.result()

        self.withdraw()
        return self.api.run(while_python_serves(self.api.client, self.queue, stage, end()))


def at_rest(events) -> bool:
    events = list(events)
    return count(events, TASK_COMPLETED) == 2 and events[-1].event_type == TASK_COMPLETED


def waits(api: TemporalApi, handle: WorkflowHandle) -> bool:
    return at_rest(api.events(handle))


@pytest.fixture
def code(api: TemporalApi, workers: WorkerPool, queue: str) -> Deployments:
    return Deployments(api, workers, queue)


def replays_in_python(api: TemporalApi, handle: WorkflowHandle, stage: str) -> bool:
    replayer = Replayer(workflows=[WORKFLOWS[stage]], workflow_runner=UnsandboxedWorkflowRunner())
    result = api.run(replayer.replay_workflow(api.history(handle), raise_on_replay_failure=False))
    return result.replay_failure is None


def test_a_reordering_fails_the_task_says_what_differs_and_heals_when_it_is_reverted(api: TemporalApi, code: Deployments) -> None:
    code.deploy("original")
    handle = code.start()

    code.deploy("reordered")
    api.run(handle.signal("proceed"))
    failures = wait_until(
        lambda: [event for event in api.events(handle) if event.event_type == TASK_FAILED], "a failed workflow task"
    )
    failed = failures[0].workflow_task_failed_event_attributes
    assert failed.cause == WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR
    assert failed.failure.message.startswith(
        "[TMPRL1100] nondeterminism at event 5: history recorded ActivityTaskScheduled(Greet, id 5), and the code now tries "
        "ScheduleActivityTask(Thank). "
    )

    def described():
        request = DescribeWorkflowExecutionRequest(namespace=api.namespace, execution=WorkflowExecution(workflow_id=handle.id))
        return api.run(api.client.workflow_service.describe_workflow_execution(request))

    wait_until(lambda: described().pending_workflow_task.attempt >= 2, "the task's next attempt in the description of the run")
    assert api.run(handle.describe()).status == WorkflowExecutionStatus.RUNNING, "the task failed, not the workflow"

    code.deploy("original")
    assert api.result(handle) == OLD_SIDE
    assert count(api.events(handle), TASK_FAILED) == 1, "attempts after the first are not written into history"


@pytest.mark.parametrize("cache", ["1000", "0"])
def test_the_same_reordering_behind_a_patch_carries_old_and_new_runs(api: TemporalApi, code: Deployments, cache: str) -> None:
    code.deploy("original", "--max-cached-workflows", cache)
    old = code.start()

    code.deploy("patched", "--max-cached-workflows", cache)
    new = code.start()
    assert (code.finish(old), code.finish(new)) == (OLD_SIDE, NEW_SIDE)
    for handle, markers in ((old, 0), (new, 1)):
        events = api.events(handle)
        assert [count(events, kind) for kind in (MARKER, UPSERT, TASK_FAILED)] == [markers, markers, 0]

    async def found(condition: str) -> list[str]:
        query = f"TaskQueue = '{code.queue}' AND ({condition})"
        return [execution.id async for execution in api.client.list_workflows(query)]

    taken = f"TemporalChangeVersion = '{PATCH_ID}'"
    not_taken = f"TemporalChangeVersion IS NULL OR TemporalChangeVersion != '{PATCH_ID}'"
    wait_until(lambda: api.run(found(taken)) == [new.id], "visibility to find the run that took the patch, and no other")
    wait_until(lambda: api.run(found(not_taken)) == [old.id], "visibility to find the run that did not, and no other")


def test_a_run_that_loses_its_cache_keeps_its_side(api: TemporalApi, code: Deployments) -> None:
    """Each deployment replays the runs of the one before it from their first event."""
    code.deploy("original")
    old = code.start()
    code.deploy("patched")
    new = code.start()
    code.deploy("patched")
    assert (code.finish(old), code.finish(new)) == (OLD_SIDE, NEW_SIDE)
    assert count(api.events(old), TASK_FAILED) + count(api.events(new), TASK_FAILED) == 0


def test_a_patch_is_deprecated_and_then_removed(api: TemporalApi, code: Deployments) -> None:
    code.deploy("patched")
    patched = code.start()
    code.deploy("deprecated")
    deprecated = code.start()
    assert code.finish(patched) == NEW_SIDE
    code.deploy("reordered")
    removed = code.start()
    assert (code.finish(deprecated), code.finish(removed)) == (NEW_SIDE, NEW_SIDE)
    assert [count(api.events(handle), MARKER) for handle in (patched, deprecated, removed)] == [1, 1, 0]
    assert [count(api.events(handle), TASK_FAILED) for handle in (patched, deprecated, removed)] == [0, 0, 0]


def test_a_patch_that_is_removed_too_early_fails_the_task_and_names_the_patch(api: TemporalApi, code: Deployments) -> None:
    code.deploy("patched")
    handle = code.start()
    code.deploy("reordered")
    api.run(handle.signal("proceed"))
    failures = wait_until(
        lambda: [event for event in api.events(handle) if event.event_type == TASK_FAILED], "a failed workflow task"
    )
    message = failures[0].workflow_task_failed_event_attributes.failure.message
    assert message.startswith(
        f"[TMPRL1100] nondeterminism at event 5: history recorded MarkerRecorded(patch '{PATCH_ID}'), and the code now tries "
        "ScheduleActivityTask(Thank). "
    )
    code.deploy("deprecated")
    assert api.result(handle) == NEW_SIDE


# Stages of the code that a run of each stage may go on with, whichever SDK wrote it. The others are refused.
FITTING = {
    "original": {"original", "patched"},
    "patched": {"patched", "deprecated"},
    "deprecated": {"patched", "deprecated", "reordered"},
    "reordered": {"deprecated", "reordered"},
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_history_written_here_replays_in_the_python_sdk(api: TemporalApi, code: Deployments, stage: str) -> None:
    code.deploy(stage)
    handle = code.start()
    code.finish(handle)
    accepted = {replayed for replayed in STAGES if replays_in_python(api, handle, replayed)}
    # Core compares the types of activities only in histories whose activity ids are numbered as its own are, and takes too many of the
    # others. It always compares markers: without one, the code of this stage would be refused.
    assert accepted == FITTING[stage] if stage == "patched" else accepted >= FITTING[stage]


@pytest.mark.parametrize("begun, ended", [(begun, ended) for begun in STAGES for ended in sorted(FITTING[begun])])
def test_a_run_that_python_began_ends_here(api: TemporalApi, code: Deployments, begun: str, ended: str) -> None:
    handle = code.start_in_python(begun)
    code.deploy(ended)
    assert code.finish(handle) == (OLD_SIDE if begun == "original" else NEW_SIDE)
    assert count(api.events(handle), TASK_FAILED) == 0


@pytest.mark.parametrize("begun, ended", [("original", "patched"), ("patched", "deprecated"), ("deprecated", "reordered")])
def test_a_run_that_began_here_ends_in_python(api: TemporalApi, code: Deployments, begun: str, ended: str) -> None:
    """As far as the patch goes. For more than one replay the workflow must also name its activities' ids: see docs/adr, activity ids."""
    code.deploy(begun)
    handle = code.start()
    assert code.finish_in_python(handle, ended) == (OLD_SIDE if begun == "original" else NEW_SIDE)
    assert count(api.events(handle), TASK_FAILED) == 0
