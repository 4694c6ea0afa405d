"""Many deaths, one after the other, of workers that several workflows run on: nothing is lost, nothing is done twice.

LIFECYCLE_KILLS sets how many (50). `make soak` sets 1,000.
"""

import json
import os
import random
import signal
import time

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle

from harness.supervised import SupervisedWorker, start_supervised
from harness.temporal_api import TemporalApi, completed_steps, count
from harness.waiting import wait_until
from harness.workers import WorkerPool

KILLS = int(os.environ.get("LIFECYCLE_KILLS", "50"))
WORKERS = 3
OPEN_WORKFLOWS = 6
STEPS = 4
STEP_MS = 900
# A kill must be able to hit any moment of a step's life.
KILL_INTERVAL_SECONDS = (0.0, 0.5)


# The policy's own delays are not what is tested.
RETRY = {"initial_interval_ms": 100, "backoff_coefficient": 1.0, "maximum_interval_ms": 100}


class Storm:
    """Keeps workers and workflows going, and notes what is seen of the steps' progress."""

    def __init__(self, api: TemporalApi, workers: WorkerPool, queue: str) -> None:
        self.api, self.workers, self.queue = api, workers, queue
        self.random = random.Random(20261127)
        self.alive: list[SupervisedWorker] = []
        self.open: list[WorkflowHandle] = []
        self.finished: list[WorkflowHandle] = []
        self.progress: dict[tuple[str, str], int] = {}
        self.told: dict[str, int] = {}

    def keep_workers(self) -> None:
        while len(self.alive) < WORKERS:
            self.alive.append(start_supervised(self.workers))

    def keep_workflows(self) -> None:
        while len(self.open) < OPEN_WORKFLOWS:
            self.open.append(self.api.start(self.queue, steps=STEPS, step_duration_ms=STEP_MS, retry=RETRY))

    def observe(self) -> None:
        for handle in list(self.open):
            step = self.api.pending_activity(handle)
            # The last step's end is not the workflow's: who was to hear of it may have been killed.
            if step is None and self.api.is_closed(handle):
                self.open.remove(handle)
                self.finished.append(handle)
            elif step is not None and step.heartbeat_details.payloads:
                elapsed = json.loads(step.heartbeat_details.payloads[0].data)["elapsed_ms"]
                before = self.progress.get((handle.id, step.activity_id), 0)
                assert elapsed >= before, f"{handle.id}, activity {step.activity_id}: {before} ms of work became {elapsed} ms"
                self.progress[(handle.id, step.activity_id)] = elapsed

    def kill_one(self) -> None:
        until = time.monotonic() + self.random.uniform(*KILL_INTERVAL_SECONDS)
        self.observe()
        while time.monotonic() < until:
            self.observe()
        victim = self.alive.pop(self.random.randrange(len(self.alive)))
        victim.send(signal.SIGKILL)
        assert victim.parent.wait() == 137, victim.parent.log()
        self.read_report(victim.parent.log())

    def read_report(self, log: str) -> None:
        told = [line for line in log.splitlines() if "told the server" in line]
        assert len(told) == 1, log
        fields = dict(field.split("=", 1) for field in told[0].split() if "=" in field)
        assert fields["sticky_queue_released"] == "true", log
        for name in ("activities_failed", "workflow_tasks_failed", "already_over", "not_told"):
            self.told[name] = self.told.get(name, 0) + int(fields[name])

    def finish(self) -> None:
        self.keep_workers()
        wait_until(lambda: self.observe() or not self.open, "the end of all workflows", seconds=180, context=self.workers.logs)


def assert_nothing_lost_or_doubled(api: TemporalApi, handle: WorkflowHandle) -> int:
    events = api.events(handle)
    assert [step["step"] for step in completed_steps(events)] == list(range(STEPS)), handle.id
    for once in (EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED, EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED):
        assert count(events, once) == STEPS, handle.id
    assert count(events, EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED) == 1
    assert count(events, EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED) == count(events, EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT) == 0
    result = api.result(handle)
    assert result["steps_completed"] == STEPS
    assert result["retries"] == sum(step["attempt"] - 1 for step in completed_steps(events))
    return result["retries"]


def test_a_storm_of_kills_loses_nothing_and_doubles_nothing(api: TemporalApi, workers: WorkerPool, queue: str) -> None:
    storm = Storm(api, workers, queue)
    begin = time.monotonic()
    for _ in range(KILLS):
        storm.keep_workers()
        storm.keep_workflows()
        storm.kill_one()
    storm.finish()

    retries = sum(assert_nothing_lost_or_doubled(api, handle) for handle in storm.finished)
    seconds = time.monotonic() - begin
    print(f"\n{KILLS} kills in {seconds:.0f} s, {len(storm.finished)} workflows, {retries} steps begun again; told: {storm.told}")
    assert storm.told["activities_failed"] > KILLS / 4, "the kills hit idle workers and prove little"
    assert storm.told["not_told"] == 0
