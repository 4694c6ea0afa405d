"""What happens to workers in a cluster, and that workflows do not mind: a crash, a rolling update, scaling."""

import asyncio
from datetime import timedelta

from temporalio.client import Client, WorkflowHandle

from cluster import Cluster, Object
from harness.temporal_api import unique
from harness.waiting import wait_until

QUEUE = "lifecycle-queue"
UNVERSIONED = ("lifecycle-workers-v1", "lifecycle-workers-v2")


async def why_retried(handle: WorkflowHandle) -> list[str]:
    """Of each step that was tried more than once: what became of the attempt before the last."""
    events = [event async for event in handle.fetch_history_events() if event.HasField("activity_task_started_event_attributes")]
    attempts = [event.activity_task_started_event_attributes for event in events]
    return [f"{handle.id}: {attempt.last_failure.message}" for attempt in attempts if attempt.attempt > 1]


async def while_workflows_run(
    address: str, count: int, steps: int, step_ms: int, disturb: list[tuple[str, ...]], cluster: Cluster
) -> tuple[list[Object], list[str]]:
    """The results of so many workflows, during which those kubectl commands were run, and why steps were retried."""
    client = await Client.connect(address)
    order = {"steps": steps, "step_duration_ms": step_ms}
    handles = [
        await client.start_workflow(
            "LifecycleWorkflow", order, id=unique("disturbed"), task_queue=QUEUE, execution_timeout=timedelta(minutes=4)
        )
        for _ in range(count)
    ]
    results = asyncio.gather(*(handle.result() for handle in handles))
    for command in disturb:
        await asyncio.to_thread(cluster.kubectl, *command)
    return await results, [reason for handle in handles for reason in await why_retried(handle)]


def test_a_rolling_update_under_fifty_workflows_costs_none_of_them_a_step(cluster: Cluster) -> None:
    update = [("-n", "workers", "rollout", "restart", *(f"deployment/{name}" for name in UNVERSIONED))]
    update += [("-n", "workers", "rollout", "status", f"deployment/{name}", "--timeout=120s") for name in UNVERSIONED]
    before = {pod["metadata"]["uid"] for pod in cluster.pods("workers", "app=lifecycle-workers")}
    with cluster.forwarded("temporal", "temporal-frontend", 7233) as address:
        results, retries = asyncio.run(while_workflows_run(address, 50, 20, 1000, update, cluster))
    assert [result["steps_completed"] for result in results] == [20] * 50
    # A step that a stopping worker does not finish would be tried again after its heartbeat time-out.
    assert retries == []
    after = {pod["metadata"]["uid"] for pod in cluster.pods("workers", "app=lifecycle-workers")}
    assert not before & after, "a pod was not replaced"


def test_scaled_workers_share_the_work(cluster: Cluster) -> None:
    def scale(v1: int, v2: int) -> None:
        for name, replicas in zip(UNVERSIONED, (v1, v2)):
            cluster.kubectl("-n", "workers", "scale", f"deployment/{name}", f"--replicas={replicas}")
            cluster.wait_ready("workers", f"deployment/{name}")

    scale(3, 2)
    try:
        with cluster.forwarded("temporal", "temporal-frontend", 7233) as address:
            results, retries = asyncio.run(while_workflows_run(address, 20, 5, 300, [], cluster))
    finally:
        scale(2, 1)
    workers = {worker for result in results for worker in result["workers_used"]}
    assert len(workers) == 5, workers
    assert retries == []


def test_a_worker_killed_inside_its_pod_is_started_again_and_its_step_goes_on_elsewhere(cluster: Cluster) -> None:
    """SIGKILL reaches a supervised worker from inside of the pod: process 1 is the parent, which nothing there can kill."""
    children = "for s in /proc/[0-9]*/status; do [ \"$(sed -n 's/^PPid:\\t//p' $s)\" = 1 ] && kill -KILL $(sed -n 's/^Pid:\\t//p' $s); done; true"
    pod = cluster.pods("workers", "app=lifecycle-workers,version=v1.0.0")[0]["metadata"]["name"]
    (before,) = cluster.get("-n", "workers", "pod", pod)["status"]["containerStatuses"]
    cluster.kubectl("-n", "workers", "exec", pod, "--", "/bin/bash", "-c", children)

    def ended() -> Object | None:
        (status,) = cluster.get("-n", "workers", "pod", pod)["status"]["containerStatuses"]
        is_new = status["restartCount"] > before["restartCount"]
        return status["lastState"].get("terminated") if status["ready"] and is_new else None

    assert wait_until(ended, "the container has ended and is ready again", 60)["exitCode"] == 137


async def start_with_large_inputs(address: str, queue: str) -> list[str]:
    """The ids of workflows of three short steps, each with an input that is nearly as large as the server takes."""
    client = await Client.connect(address)
    order = {"steps": 3, "step_duration_ms": 200, "note": "x" * 1_900_000}
    ids = [unique("large") for _ in range(40)]
    for workflow_id in ids:
        await client.start_workflow("LifecycleWorkflow", order, id=workflow_id, task_queue=queue, execution_timeout=timedelta(minutes=4))
    return ids


async def results_of(address: str, ids: list[str]) -> list[Object]:
    client = await Client.connect(address)
    return [await client.get_workflow_handle(workflow_id).result() for workflow_id in ids]


def test_a_worker_over_its_memory_limit_is_started_again_and_the_workflows_complete(cluster: Cluster) -> None:
    """One worker takes more at once than its container's memory holds. On cgroup v1 the kernel ends the worker alone, and its parent tells what it left
    behind; on v2 it ends both, and the time-outs tell."""
    queue = unique("large")

    def last_end() -> Object | None:
        for status in cluster.get("-n", "workers", "pod", "too-small")["status"].get("containerStatuses", []):
            return status["lastState"].get("terminated") or status["state"].get("terminated")
        return None  # the kubelet has not told yet

    with cluster.forwarded("temporal", "temporal-frontend", 7233) as address:
        ids = asyncio.run(start_with_large_inputs(address, queue))
        many_at_once = {"TEMPORAL_TASK_QUEUE": queue, "LIFECYCLE_MAX_CONCURRENT_WORKFLOW_TASK_POLLS": "40"}
        with cluster.worker_pod("too-small", many_at_once, memory_limit="24Mi"):
            ended = wait_until(last_end, "the container has ended", 60, lambda: cluster.kubectl("-n", "workers", "describe", "pod", "too-small"))
            assert (ended["exitCode"], ended["reason"]) == (137, "OOMKilled"), ended
            with cluster.worker_pod("large-enough", {"TEMPORAL_TASK_QUEUE": queue}):
                assert [result["steps_completed"] for result in asyncio.run(results_of(address, ids))] == [3] * len(ids)
    verified = cluster.lifecycle("verify", *ids, "-o", "json")
    assert verified.returncode == 0, f"{verified.stdout}\n{verified.stderr}"
