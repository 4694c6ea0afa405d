"""Worker Deployments: what is pinned stays, what is not moves, and both are proven from history."""

import json
from typing import Callable

import pytest
from temporalio.api.deployment.v1 import WorkerDeploymentVersion as ApiVersion
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflow.v1 import VersioningOverride
from temporalio.api.workflowservice.v1 import UpdateWorkflowExecutionOptionsRequest
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.common import PinnedVersioningOverride, WorkerDeploymentVersion
from temporalio.service import RPCError, RPCStatusCode

from harness.deployment import SOON, Deployment, RunLifecycle, versions_of_steps, versions_of_workflow_tasks
from harness.process import ManagedProcess
from harness.temporal_api import TemporalApi, unique
from harness.waiting import wait_until
from harness.workers import WorkerPool

StartClient = Callable[..., ManagedProcess]

SHORT = ("--steps", "3", "--step-duration", "300ms")


def status_of(api: TemporalApi, workflow_id: str) -> WorkflowExecutionStatus | None:
    """None as long as there is no such workflow."""
    try:
        return api.run(api.client.get_workflow_handle(workflow_id).describe()).status
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return None
        raise


# --- versioned


def test_a_pinned_run_is_proven_from_its_history(deployment: Deployment) -> None:
    deployment.worker("v1.0.0")
    deployment.worker("v2.0.0")
    done = deployment.versioned("v1.0.0", "quick", *SHORT)
    assert done.exit_code == 0, done
    assert "PROVEN: 4 workflow tasks and 3 activities ran on v1.0.0" in done.stdout, done
    assert "v2.0.0" not in done.stdout


def test_json_has_the_run_and_its_proof_with_event_ids(deployment: Deployment, api: TemporalApi) -> None:
    worker = deployment.worker("v1.0.0")
    done = deployment.versioned("v1.0.0", "quick", *SHORT, "-o", "json")
    assert done.exit_code == 0, done
    document = json.loads(done.stdout)
    proof = document["proof"]
    assert document["result"]["worker_versions_used"] == ["v1.0.0"] * 3
    assert (proof["verdict"], proof["workflowTasks"], proof["activities"]) == ("proven", 4, 3)
    assert all(worker.is_behind(task["worker"]) and task["onVersion"] for task in proof["tasks"])
    events = {event.event_id: event for event in api.events(api.client.get_workflow_handle(document["workflowId"]))}
    started = (EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED, EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED)
    assert all(events[task["eventId"]].event_type in started for task in proof["tasks"])


def test_pinned_workflows_never_mix_versions_although_workers_are_killed(
    deployment: Deployment, api: TemporalApi
) -> None:
    victims = {version: deployment.worker(version) for version in ("v1.0.0", "v2.0.0")}
    survivors = [deployment.worker(version) for version in ("v1.0.0", "v2.0.0")]
    pinned: list[tuple[str, WorkflowHandle]] = []
    for number in range(20):
        version = survivors[number % 2].version
        override = PinnedVersioningOverride(WorkerDeploymentVersion(deployment.name, version))
        start = api.client.start_workflow(
            "LifecycleWorkflow",
            {"steps": 4, "step_duration_ms": 400},
            id=unique("pinned"),
            task_queue=deployment.queue,
            versioning_override=override,
        )
        pinned.append((version, api.run(start)))
    # The workers of the killed version have taken something by then, so that there is something to lose.
    api.wait_for_steps(pinned[0][1], 1)
    victims["v1.0.0"].kill_at_once()

    for version, handle in pinned:
        result = api.result(handle)
        assert result["worker_versions_used"] == [version] * 4
        assert result["rollout_detected"] is False
        assert set(versions_of_workflow_tasks(api, handle)) == {version}


def test_a_workflow_that_was_moved_to_another_version_breaks_the_guarantee(
    deployment: Deployment, api: TemporalApi, client_process: StartClient
) -> None:
    deployment.worker("v1.0.0")
    deployment.worker("v2.0.0")
    workflow_id = unique("moved")
    command = ("versioned", "v1.0.0", "quick", "--steps", "4", "--step-duration", "700ms", "-w", workflow_id, "-o", "json")
    client = client_process(*command, *deployment.flags())
    handle = api.client.get_workflow_handle(workflow_id)
    wait_until(lambda: status_of(api, workflow_id), "the run", SOON, client.log)
    api.wait_for_steps(handle, 1)
    request = UpdateWorkflowExecutionOptionsRequest(namespace="default")
    request.workflow_execution.workflow_id = workflow_id
    request.update_mask.paths.append("versioning_override")
    pin = request.workflow_execution_options.versioning_override.pinned
    pin.behavior = VersioningOverride.PinnedOverrideBehavior.PINNED_OVERRIDE_BEHAVIOR_PINNED
    pin.version.CopyFrom(ApiVersion(deployment_name=deployment.name, build_id="v2.0.0"))
    api.run(api.client.workflow_service.update_workflow_execution_options(request))

    assert client.wait(60) == 7, client.log()
    proof = json.loads(client.output())["proof"]
    assert proof["verdict"] == "broken"
    assert {version for task in proof["tasks"] for version in task["versions"]} == {"v1.0.0", "v2.0.0"}
    assert "did not keep to version 'v1.0.0'" in client.log()


def test_an_unknown_version_exits_5_and_names_those_that_exist(deployment: Deployment) -> None:
    deployment.worker("v1.0.0")
    done = deployment.versioned("v9.9.9", "quick", "--wait-timeout", "1s")
    assert done.exit_code == 5, done
    assert "v9.9.9" in done.stderr and "these exist: v1.0.0" in done.stderr
    assert "waiting up to 1s" in done.stderr, "it says what it waits for"


def test_a_deployment_that_nobody_has_heard_of_exits_5(lifecycle: RunLifecycle) -> None:
    done = lifecycle("versioned", "v1.0.0", "quick", "--deployment-name", unique("no-such"), "--wait-timeout", "1s")
    assert done.exit_code == 5, done


def test_a_version_whose_workers_are_gone_exits_124_and_leaves_nothing_running(deployment: Deployment, api: TemporalApi) -> None:
    deployment.worker("v1.0.0").kill_at_once()
    workflow_id = unique("silent")
    done = deployment.versioned("v1.0.0", "quick", "-w", workflow_id, "--wait-timeout", "2s")
    assert done.exit_code == 124, done
    assert "known but silent" in done.stderr and "lifecycle worker --deployment-name" in done.stderr
    assert status_of(api, workflow_id) == WorkflowExecutionStatus.TERMINATED


def test_a_version_that_serves_another_queue_exits_124(deployment: Deployment, lifecycle: RunLifecycle) -> None:
    deployment.worker("v1.0.0")
    done = lifecycle(
        "versioned", "v1.0.0", "quick", "--deployment-name", deployment.name, "-t", unique("other"), "--wait-timeout", "1s"
    )
    assert done.exit_code == 124, done
    assert f"it serves: {deployment.queue}" in done.stderr


def test_a_version_that_joins_within_the_wait_time_is_waited_for(
    deployment: Deployment, client_process: StartClient
) -> None:
    client = client_process("versioned", "v1.0.0", "quick", *SHORT, "--wait-timeout", "60s", *deployment.flags())
    wait_until(lambda: "waiting up to" in client.log(), "that it waits", SOON, client.log)
    deployment.worker("v1.0.0")
    assert client.wait(60) == 0, client.log()
    assert "PROVEN" in client.output()


def test_two_versions_are_compared_side_by_side(deployment: Deployment) -> None:
    deployment.worker("v1.0.0")
    deployment.worker("v2.0.0")
    text = deployment.versioned("v1.0.0", "quick", *SHORT, "--compare", "v2.0.0")
    assert text.exit_code == 0, text
    assert text.stdout.splitlines()[0].split() == ["v1.0.0", "v2.0.0"]
    assert text.stdout.count("PROVEN") == 2, text
    document = json.loads(deployment.versioned("v1.0.0", "quick", *SHORT, "--compare", "v2.0.0", "-o", "json").stdout)
    assert [run["result"]["worker_versions_used"] for run in document["runs"]] == [["v1.0.0"] * 3, ["v2.0.0"] * 3]


# --- rollouts


def test_promote_sends_new_workflows_to_the_version_and_rollback_sends_them_back(
    deployment: Deployment, api: TemporalApi
) -> None:
    deployment.worker("v1.0.0")
    deployment.worker("v2.0.0")

    def version_of_new_workflow() -> set[str]:
        handle = api.start(deployment.queue, steps=1, step_duration_ms=0)
        api.result(handle)
        return set(versions_of_workflow_tasks(api, handle))

    for version in ("v1.0.0", "v2.0.0"):
        promoted = deployment.rollout("promote", version)
        assert promoted.exit_code == 0 and f"current {version}" in promoted.stdout, promoted
        assert version_of_new_workflow() == {version}
    back = deployment.rollout("rollback", "-o", "json")
    assert back.exit_code == 0, back
    document = json.loads(back.stdout)
    assert (document["action"], document["current"], document["previous"]) == ("rolled back", "v1.0.0", "v2.0.0")
    assert version_of_new_workflow() == {"v1.0.0"}
    nothing = deployment.rollout("rollback")
    assert nothing.exit_code == 1 and "no version was current before" in nothing.stderr, nothing


def test_rollback_leaves_pinned_workflows_where_they_are(deployment: Deployment, api: TemporalApi) -> None:
    deployment.worker("v1.0.0")
    deployment.worker("v2.0.0")
    assert deployment.rollout("promote", "v1.0.0").exit_code == 0
    assert deployment.rollout("promote", "v2.0.0").exit_code == 0
    handle = api.start(deployment.queue, steps=6, step_duration_ms=1000)
    api.wait_for_steps(handle, 1)
    wait_until(lambda: deployment.status_of("v2.0.0")["openPinnedWorkflows"] == 1, "the count of pinned workflows", SOON)

    back = deployment.rollout("rollback", "-o", "json")

    assert back.exit_code == 0, back
    assert json.loads(back.stdout)["pinnedToPrevious"] == 1
    api.result(handle)
    assert set(versions_of_workflow_tasks(api, handle)) == {"v2.0.0"}
    assert set(versions_of_steps(api, handle)) == {"v2.0.0"}


def test_an_auto_upgrading_workflow_moves_with_its_next_task_after_promote(deployment: Deployment, api: TemporalApi) -> None:
    deployment.worker("v1.0.0", "--versioning-behavior", "auto-upgrade")
    deployment.worker("v2.0.0", "--versioning-behavior", "auto-upgrade")
    assert deployment.rollout("promote", "v1.0.0").exit_code == 0
    handle = api.start(deployment.queue, steps=6, step_duration_ms=700)
    api.wait_for_steps(handle, 2)

    assert deployment.rollout("promote", "v2.0.0").exit_code == 0
    api.result(handle)

    versions = versions_of_workflow_tasks(api, handle)
    assert versions == sorted(versions), "it never goes back"
    assert versions[0] == "v1.0.0" and versions[-1] == "v2.0.0"


def test_status_shows_routing_drainage_liveness_and_open_workflows(deployment: Deployment, api: TemporalApi) -> None:
    deployment.worker("v1.0.0")
    deployment.worker("v2.0.0")
    status = deployment.status()
    assert status["current"] is None and any("no version is current" in warning for warning in status["warnings"])
    assert {row["drainage"] for row in status["versions"]} == {"not yet checked"}

    assert deployment.rollout("promote", "v1.0.0").exit_code == 0
    assert deployment.rollout("promote", "v2.0.0").exit_code == 0
    status = deployment.status()
    assert (status["current"], status["routing"], status["warnings"]) == ("v2.0.0", "propagated", [])
    assert [row["version"] for row in status["versions"]] == ["v2.0.0", "v1.0.0"]
    current, old = status["versions"]
    assert (current["status"], current["drainage"]) == ("current", None)
    assert old["drainage"] in ("draining", "drained")
    assert current["liveness"]["workers"] == 1 and current["liveness"]["silent"] is False
    text = deployment.rollout("status")
    assert text.stdout.splitlines()[0] == f"deployment {deployment.name}: current v2.0.0"
    assert text.stdout.splitlines()[1].split() == ["VERSION", "STATUS", "DRAINAGE", "LIVENESS", "OPEN", "PINNED"]


def test_a_version_that_does_not_take_a_task_shows_as_silent(deployment: Deployment, api: TemporalApi) -> None:
    deployment.worker("v1.0.0").kill_at_once()
    override = PinnedVersioningOverride(WorkerDeploymentVersion(deployment.name, "v1.0.0"))
    handle = api.run(
        api.client.start_workflow("LifecycleWorkflow", {}, id=unique("stuck"), task_queue=deployment.queue, versioning_override=override)
    )
    wait_until(lambda: deployment.status_of("v1.0.0")["liveness"]["silent"], "that it is silent", SOON)
    api.run(handle.terminate())


def test_promoting_an_unknown_version_exits_5(deployment: Deployment) -> None:
    deployment.worker("v1.0.0")
    done = deployment.rollout("promote", "v9.9.9")
    assert done.exit_code == 5, done
    assert "these exist: v1.0.0" in done.stderr


# --- workers


def test_a_worker_without_a_deployment_is_unversioned_and_still_tells_its_version(
    workers: WorkerPool, api: TemporalApi, queue: str
) -> None:
    workers.lifecycle("v1.0.0")
    handle = api.start(queue, steps=1, step_duration_ms=0)
    assert api.result(handle)["worker_versions_used"] == ["v1.0.0"]
    assert versions_of_workflow_tasks(api, handle) == [""] * 2


def test_a_worker_reads_its_deployment_from_the_environment(workers: WorkerPool, lifecycle: RunLifecycle) -> None:
    name = unique("deployment")
    workers.lifecycle("v1.0.0", env={"TEMPORAL_DEPLOYMENT_NAME": name})
    status = lifecycle("rollout", "status", "--deployment-name", name, "-o", "json")
    assert status.exit_code == 0, status
    assert [row["version"] for row in json.loads(status.stdout)["versions"]] == ["v1.0.0"]


@pytest.mark.parametrize(
    ("flags", "rule"),
    [
        (("--deployment-name", "life.cycle"), "'.' or ':'"),
        (("--deployment-name", "life:cycle"), "'.' or ':'"),
        (("--deployment-name", "__lifecycle"), "begins with '__'"),
        (("--deployment-name", "lifecycle", "--worker-version", "__v1"), "begins with '__'"),
        (("--versioning-behavior", "pinned"), "--deployment-name"),
    ],
    ids=" ".join,
)
def test_names_that_the_server_would_refuse_exit_2_with_the_rule(
    lifecycle: RunLifecycle, flags: tuple[str, ...], rule: str
) -> None:
    done = lifecycle("worker", *flags, seconds=20)
    assert done.exit_code == 2, done
    assert rule in done.stderr
