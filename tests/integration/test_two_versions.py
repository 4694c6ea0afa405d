"""Two versions of one deployment side by side while workers of both are killed again and again, and the current version changes."""

import asyncio
import collections
import dataclasses
import itertools

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent, WorkflowTaskCompletedEventAttributes
from temporalio.client import WorkflowHandle
from temporalio.common import PinnedVersioningOverride, WorkerDeploymentVersion

from harness.deployment import SOON, Deployment, versions_of_workflow_tasks
from harness.temporal_api import TemporalApi, completed_steps, count, now, unique
from harness.waiting import wait_until
from harness.workers import WorkerProcess

OLD, NEW = "v1.0.0", "v2.0.0"
WORKERS_PER_VERSION = 2

ROUNDS = 4
WORKFLOWS_PER_ROUND = 50
STEPS = 4
STEP_DURATION_MS = 700
# One after the other as workflows end, or after this time: sooner, and lost steps would be lost again before they are repeated.
PAUSE_BETWEEN_KILLS_SECONDS = 2
# A lost workflow task costs up to 10 s and a lost step 6 s, and one workflow may lose several.
ALL_END_SECONDS = 120
# The servers of the tests look after each version every 5 s.
DRAINED_SECONDS = 60


@dataclasses.dataclass
class Run:
    """A workflow that is to stay on one version: on the one that its start names, else on the one that its first task is completed by."""

    handle: WorkflowHandle
    result: asyncio.Task
    version: str  # the one that its start names, else the one that was current then
    is_override: bool


@dataclasses.dataclass
class RoutingChange:
    """Until it has ended, tasks may go either way. In seconds since the epoch."""

    began: float
    ended: float
    version: str


class Fleet:
    """Workers of both versions, of which one after the other is killed and replaced."""

    def __init__(self, deployment: Deployment, *flags: str) -> None:
        self._deployment = deployment
        self._flags = flags
        self.all: list[WorkerProcess] = []  # those that were killed, too
        self._alive = {version: collections.deque(self._start(version) for _ in range(WORKERS_PER_VERSION)) for version in (OLD, NEW)}
        self._next_victim = itertools.cycle((OLD, NEW))
        self.kills = 0

    def kill_one(self) -> None:
        """Kills the oldest worker of the one version, then of the other, and goes on when its replacement polls."""
        version = next(self._next_victim)
        self._alive[version].popleft().kill_at_once()
        self.kills += 1
        self._alive[version].append(self._start(version))

    def _start(self, version: str) -> WorkerProcess:
        worker = self._deployment.worker(version, *self._flags)
        self.all.append(worker)
        return worker

    def version_behind(self, identity: str) -> str:
        (version,) = [worker.version for worker in self.all if worker.is_behind(identity)]
        return version


def start_runs(api: TemporalApi, deployment: Deployment, version: str, is_override: bool, how_many: int) -> list[Run]:
    override = PinnedVersioningOverride(WorkerDeploymentVersion(deployment.name, version)) if is_override else None
    starts = [
        api.client.start_workflow(
            "LifecycleWorkflow",
            {"steps": STEPS, "step_duration_ms": STEP_DURATION_MS},
            id=unique("override" if is_override else "current"),
            task_queue=deployment.queue,
            versioning_override=override,
        )
        for _ in range(how_many)
    ]
    handles = api.run_all(starts)
    return [Run(handle, api.begin(handle.result()), version, is_override) for handle in handles]


def promote(api: TemporalApi, deployment: Deployment, version: str) -> None:
    """Returns when new workflows begin on the version."""
    promoted = deployment.rollout("promote", version, "--wait-timeout", "10s")
    if promoted.exit_code == 0:
        return
    # Server 1.32 may call the routing "in progress" for ever although it has reached every queue (temporalio/temporal issue 11842): here when
    # changes follow each other within seconds. Whether it has is shown by where a new workflow begins.
    assert promoted.exit_code == 124 and "it is set and goes on spreading" in promoted.stderr, promoted
    print(f"the server did not say that its routing to {version} has spread")

    def new_workflow_begins_there() -> bool:
        (run,) = start_runs(api, deployment, version, False, 1)
        wait_until(lambda: versions_of_workflow_tasks(api, run.handle), "a completed workflow task", SOON)
        return versions_of_workflow_tasks(api, run.handle)[0] == version

    wait_until(new_workflow_begins_there, f"that new workflows begin on {version}", SOON)


def tasks_since_scheduled(events: list[HistoryEvent]) -> list[tuple[float, str]]:
    """When the server scheduled each workflow task that was completed (seconds since the epoch), and the version that it went to."""
    tasks = []
    for event in events:
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            attributes = event.workflow_task_completed_event_attributes
            scheduled = events[attributes.scheduled_event_id - 1].event_time.ToNanoseconds() / 1e9
            tasks.append((scheduled, attributes.deployment_version.build_id))
    return tasks


def first_completed_task(events: list[HistoryEvent]) -> WorkflowTaskCompletedEventAttributes:
    return next(
        event.workflow_task_completed_event_attributes
        for event in events
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    )


def versions_of_tasks(fleet: Fleet, events: list[HistoryEvent]) -> set[str]:
    """Of each task that a worker has taken, completed or not: what its identity says, and the server of those that were completed."""
    versions = set()
    for event in events:
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED:
            versions.add(fleet.version_behind(event.workflow_task_started_event_attributes.identity))
        elif event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            versions.add(event.workflow_task_completed_event_attributes.deployment_version.build_id)
        elif event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED:
            versions.add(fleet.version_behind(event.activity_task_started_event_attributes.identity))
    return versions


def check_kept_its_version(fleet: Fleet, run: Run, events: list[HistoryEvent], result: dict) -> None:
    first = first_completed_task(events)
    version = first.deployment_version.build_id
    if not run.is_override:
        # Whoever loses the first task decides nothing: until one is completed, the workflow belongs to no version.
        is_first_lost = count(events[: first.started_event_id], EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT) > 0
        assert version == run.version or is_first_lost, f"{run.handle.id} began on {version} although {run.version} was current"
        events = events[first.started_event_id - 1 :]
    else:
        assert version == run.version
    assert versions_of_tasks(fleet, events) == {version}, run.handle.id
    assert [step["step"] for step in completed_steps(events)] == list(range(STEPS))
    assert result["worker_versions_used"] == [version] * STEPS
    assert result["rollout_detected"] is False


def test_pinned_workflows_never_mix_versions_while_workers_are_killed_and_the_current_version_changes(
    deployment: Deployment, api: TemporalApi
) -> None:
    fleet = Fleet(deployment)
    runs: list[Run] = []
    for current in itertools.islice(itertools.cycle((OLD, NEW)), ROUNDS):
        promote(api, deployment, current)
        started = [run for version in (OLD, NEW) for run in start_runs(api, deployment, version, True, WORKFLOWS_PER_ROUND // 4)]
        started += start_runs(api, deployment, current, False, WORKFLOWS_PER_ROUND - len(started))
        runs += started
        # The next change comes while many of these still run, and not before workers of both versions were killed.
        fleet.kill_one()
        fleet.kill_one()
        while unfinished := [run.result for run in started if not run.result.done()]:
            if len(unfinished) <= WORKFLOWS_PER_ROUND * 3 // 4:
                break
            api.run_until_one_ends(unfinished, PAUSE_BETWEEN_KILLS_SECONDS)
            fleet.kill_one()
    results = api.run_all((run.result for run in runs), ALL_END_SECONDS)

    for run, result in zip(runs, results, strict=True):
        check_kept_its_version(fleet, run, api.events(run.handle), result)
    retries = sum(result["retries"] for result in results)
    print(f"\n{len(runs)} workflows, {fleet.kills} kills, {retries} steps repeated")
    assert len(runs) == ROUNDS * WORKFLOWS_PER_ROUND
    assert retries > 0, "kills that cost nothing prove nothing"


def test_auto_upgrading_workflows_move_with_their_next_task_and_back_with_a_rollback(deployment: Deployment, api: TemporalApi) -> None:
    fleet = Fleet(deployment, "--versioning-behavior", "auto-upgrade")
    assert deployment.rollout("promote", OLD).exit_code == 0
    handles = [api.start(deployment.queue, steps=20, step_duration_ms=500) for _ in range(10)]
    for handle in handles:
        api.wait_for_steps(handle, 1)
    changes: list[RoutingChange] = []
    for action, version in ((("promote", NEW), NEW), (("rollback",), OLD)):
        began = now()
        changed = deployment.rollout(*action)
        assert changed.exit_code == 0, changed
        changes.append(RoutingChange(began, now(), version))
        fleet.kill_one()
        seen = [api.completed(handle) for handle in handles]
        for handle, steps in zip(handles, seen, strict=True):
            api.wait_for_steps(handle, min(steps + 2, 20))

    for handle in handles:
        api.result(handle)
        events = api.events(handle)
        tasks = tasks_since_scheduled(events)
        assert [version for version, _ in itertools.groupby(version for _, version in tasks)] == [OLD, NEW, OLD], handle.id
        for scheduled, version in tasks:
            last_change = [change for change in changes if change.began < scheduled][-1:]
            for change in last_change:
                assert version == change.version or scheduled < change.ended, f"{handle.id}: a task went to {version} after {change}"
        assert [step["step"] for step in completed_steps(events)] == list(range(20))


def test_a_version_is_drained_when_its_last_pinned_workflow_has_ended(deployment: Deployment, api: TemporalApi) -> None:
    deployment.worker(OLD)
    deployment.worker(NEW)
    assert deployment.rollout("promote", OLD).exit_code == 0
    (run,) = start_runs(api, deployment, OLD, False, 1)
    api.run(run.handle.signal("pause"))
    # With the first task that is completed it belongs to the version.
    wait_until(lambda: versions_of_workflow_tasks(api, run.handle), "a completed workflow task", SOON)
    assert deployment.rollout("promote", NEW).exit_code == 0
    wait_until(lambda: deployment.status_of(OLD)["openPinnedWorkflows"] == 1, "the count of pinned workflows", SOON)
    row = deployment.status_of(OLD)
    assert (row["status"], row["drainage"]) == ("draining", "draining"), row

    api.run(run.handle.signal("resume"))
    api.result(run.handle)

    wait_until(lambda: deployment.status_of(OLD)["drainage"] == "drained", "that the version is drained", DRAINED_SECONDS)
    row = deployment.status_of(OLD)
    assert (row["status"], row["openPinnedWorkflows"]) == ("drained", 0), row
    assert deployment.status()["warnings"] == []
