"""Faults from the client pod: each is proven, undone, and leaves the workflows whole."""

import json
from typing import Any, Callable

import pytest

from cluster import LATE_SECONDS, Cluster, Object
from harness.temporal_api import unique
from harness.waiting import wait_until

V1 = "lifecycle-workers-v1"
OURS = ("--owner", f"deployment/{V1}")
OPT_IN = "chaos.lifecycle.dev/enabled=true"


def chaos(cluster: Cluster, *arguments: str, exit_code: int = 0) -> Object:
    """The JSON document of `lifecycle chaos`."""
    done = cluster.lifecycle("chaos", *arguments, "-o", "json", timeout_seconds=400)
    assert done.returncode == exit_code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout) if done.stdout else {}


def only(items: list[Any]) -> Any:
    (item,) = items
    return item


def uids(cluster: Cluster) -> dict[str, str]:
    return {pod["metadata"]["uid"]: pod["metadata"]["name"] for pod in cluster.pods("workers", OPT_IN)}


@pytest.fixture
def running(cluster: Cluster) -> Callable[..., str]:
    """Starts a workflow of 40 s and returns its id."""

    def start(step_seconds: int = 2) -> str:
        workflow_id = unique("chaos")
        order = ("--steps", str(40 // step_seconds), "--step-duration", f"{step_seconds}s")
        started = cluster.lifecycle("start", "lifecycle", *order, "--workflow-id", workflow_id, "--no-wait")
        assert started.returncode == 0, started.stderr
        return workflow_id

    return start


def completes(cluster: Cluster, workflow_id: str) -> Object:
    return cluster.completed("wait", workflow_id, "--for", "completed", "--timeout", "110s")


def test_a_dry_run_is_checked_by_the_server_and_changes_nothing(cluster: Cluster) -> None:
    before = uids(cluster)
    for mode in ("delete", "evict", "sigkill"):
        plan = chaos(cluster, "kill-pod", *OURS, "--mode", mode, "--dry-run")
        assert only(plan["victims"])["uid"] in before
    assert uids(cluster) == before


def test_bare_it_deletes_one_ready_pod_with_the_label(cluster: Cluster) -> None:
    before = uids(cluster)
    fault = only(chaos(cluster, "kill-pod", "--yes", "--no-wait")["faults"])
    assert fault["uid"] in before and fault["uid"] not in uids(cluster)
    assert "is gone" in fault["proof"]


def test_the_pod_that_runs_a_step_is_killed_for_real_and_the_step_goes_on_elsewhere(cluster: Cluster, running: Callable[..., str]) -> None:
    workflow_id = running(step_seconds=8)  # it must not end between the plan and the kill
    fault = only(chaos(cluster, "kill-pod", "--mode", "sigkill", "--running-workflow", workflow_id, "--yes", "--wait")["faults"])
    assert "exit code 137" in fault["proof"]
    recovery = only([each for each in fault["executing"] if each["workflowId"] == workflow_id])
    assert recovery["recovery"] == "taken over" and not recovery["takenOverBy"].startswith(fault["name"] + "@"), recovery
    assert recovery["standstillMillis"] < recovery["boundMillis"] + LATE_SECONDS * 1000, recovery
    assert completes(cluster, workflow_id)["result"]["steps_completed"] == 5
    assert "WorkerDied" in cluster.lifecycle("describe", workflow_id, "--history").stdout, "its supervisor told of the death"


def test_a_disruption_budget_forbids_the_second_eviction_and_is_named(cluster: Cluster) -> None:
    # The budget lets one be away: two at once are one too many until the first is replaced.
    done = cluster.lifecycle("chaos", "kill-pod", *OURS, "--mode", "evict", "--count", "2", "--yes", "--no-wait", timeout_seconds=400)
    assert done.returncode == 1, f"{done.stdout}\n{done.stderr}"
    assert f"PodDisruptionBudget '{V1}'" in done.stderr


def test_a_paused_worker_goes_on(cluster: Cluster, running: Callable[..., str]) -> None:
    workflow_id = running()
    fault = only(chaos(cluster, "pause", "--for", "12s", "--running-workflow", workflow_id, "--yes", "--wait")["faults"])
    assert '"state":"T"' in fault["proof"] and "goes on" in fault["undone"]
    assert completes(cluster, workflow_id)["result"]["steps_completed"] == 20


def test_a_deployment_is_scaled_to_nothing_and_back(cluster: Cluster) -> None:
    fault = only(chaos(cluster, "scale", V1, "--replicas", "0", "--for", "5s", "--yes", "--no-wait")["faults"])
    assert "has 0 pods" in fault["proof"] and "2 Ready pods again" in fault["undone"]
    assert len(cluster.pods("workers", "app=lifecycle-workers,version=v1.0.0")) == 2


def test_a_deployment_that_an_autoscaler_scales_is_left_alone(cluster: Cluster) -> None:
    spec = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": V1}, "minReplicas": 2, "maxReplicas": 2}
    cluster.apply("workers", {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "busy"}, "spec": spec})
    try:
        refused = cluster.lifecycle("chaos", "scale", V1, "--replicas", "0", "--yes")
    finally:
        cluster.kubectl("-n", "workers", "delete", "horizontalpodautoscaler", "busy")
    assert refused.returncode == 1, refused.stderr
    assert "HorizontalPodAutoscaler 'busy' decides how many pods" in refused.stderr
    assert len(cluster.pods("workers", "app=lifecycle-workers,version=v1.0.0")) == 2


def test_a_restart_replaces_every_pod(cluster: Cluster, running: Callable[..., str]) -> None:
    workflow_id = running()
    before = uids(cluster)
    fault = only(chaos(cluster, "restart", V1, "--yes", "--no-wait")["faults"])
    assert "are new and available" in fault["proof"]
    ours = cluster.pods("workers", "app=lifecycle-workers,version=v1.0.0")
    assert not {pod["metadata"]["uid"] for pod in ours} & set(before)
    assert completes(cluster, workflow_id)["result"]["retries"] == 0


def test_what_a_killed_command_left_behind_is_recovered(cluster: Cluster) -> None:
    shell = f"lifecycle chaos scale {V1} --replicas 1 --for 10m --yes --no-wait & echo $! > $HOME/tool; wait"
    tool = cluster.kubectl_in_background("-n", "workers", "exec", "lifecycle-client", "--", "/bin/bash", "-c", shell)
    try:
        wait_until(lambda: cluster.get("-n", "workers", "deployment", V1)["spec"]["replicas"] == 1, "one replica", 60)
        kill = "kill -KILL $(cat $HOME/tool)"
        cluster.kubectl("-n", "workers", "exec", "lifecycle-client", "--", "/bin/bash", "-c", kill)
    finally:
        tool.kill()
        tool.wait()
    assert only(chaos(cluster, "recover")["faults"])["state"] == "undone"
    assert cluster.get("-n", "workers", "deployment", V1)["spec"]["replicas"] == 2
    assert chaos(cluster, "recover")["faults"] == []


def test_a_worker_that_a_killed_command_left_frozen_goes_on(cluster: Cluster) -> None:
    shell = "lifecycle chaos pause --owner deployment/lifecycle-workers-v1 --for 10m --yes --no-wait & echo $! > $HOME/tool; wait"
    tool = cluster.kubectl_in_background("-n", "workers", "exec", "lifecycle-client", "--", "/bin/bash", "-c", shell)
    proven = 'grep -c \'"event":"proven","fault":"pause"\' $HOME/.local/state/lifecycle/journal.jsonl'

    def count() -> int:
        return int(cluster.run("-n", "workers", "exec", "lifecycle-client", "--", "/bin/bash", "-c", proven).stdout or 0)

    before = count()
    try:
        wait_until(lambda: count() > before, "the worker is stopped", 60)
        cluster.kubectl("-n", "workers", "exec", "lifecycle-client", "--", "/bin/bash", "-c", "kill -KILL $(cat $HOME/tool)")
    finally:
        tool.kill()
        tool.wait()
    (undone,) = chaos(cluster, "recover")["faults"]
    assert undone["state"] == "undone" and "goes on" in undone["message"], undone
    assert chaos(cluster, "recover")["faults"] == []


def test_nothing_is_hit_in_a_protected_namespace_or_without_the_label(cluster: Cluster) -> None:
    assert cluster.lifecycle("chaos", "kill-pod", "--kube-namespace", "kube-system", "--yes").returncode == 2
    assert cluster.lifecycle("chaos", "kill-pod", "-l", "app=lifecycle-client", "--yes").returncode == 5
