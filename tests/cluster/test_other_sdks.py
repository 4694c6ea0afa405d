"""Pods whose workers are written with Temporal's Go and Python SDKs, and have the identities that these give themselves: a pod is found by the
workflow that it executes, killed, and taken over from by the other."""

import json
import pathlib
import shutil
import subprocess
import sysconfig
from typing import Iterator

import pytest

from cluster import LATE_SECONDS, ROOT, Cluster
from harness.programs import PYTHON_PEER, build_go_peer
from harness.temporal_api import unique

USER = 1000
PYTHON_PACKAGES = ("temporalio", "google", "nexusrpc", "typing_extensions.py")
DOCKERFILES = {
    "go": "FROM lifecycle-worker:v1.0.0\nCOPY go-peer /peer\n",
    "python": "FROM debian:bookworm-slim\n"
    "RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 > /dev/null && rm -rf /var/lib/apt/lists/*\n"
    "COPY packages /packages\nCOPY peer /peer\nENV PYTHONPATH=/packages\n",
}
COMMANDS = {"go": ["/peer"], "python": ["python3", "/peer/worker.py"]}
# As the SDKs make them where nobody says another.
IDENTITIES = {"go": "1@$(POD_NAME)@", "python": "1@$(POD_NAME)"}


def make_context(sdk: str, context: pathlib.Path) -> None:
    if sdk == "go":
        peer = build_go_peer()
        if peer is None:
            pytest.skip("there is no Go to build the Go worker with")
        shutil.copy(peer, context / "go-peer")
        return
    installed = pathlib.Path(sysconfig.get_path("platlib"))
    for name in PYTHON_PACKAGES:
        place = installed / name
        copy = shutil.copytree if place.is_dir() else shutil.copy
        (context / "packages").mkdir(exist_ok=True)
        copy(place, context / "packages" / name)
    shutil.copytree(PYTHON_PEER.parent, context / "peer", ignore=shutil.ignore_patterns("__pycache__"))


def make_image(sdk: str, context: pathlib.Path) -> str:
    image = f"lifecycle-peer-{sdk}:test"
    make_context(sdk, context)
    build = f'source ci/kubernetes.sh; start_docker; "$docker" build -q -t {image} -f - "$1"; ci/one-node load {image}'
    done = subprocess.run(["bash", "-c", build, "bash", context], input=DOCKERFILES[sdk], cwd=ROOT, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    return image


@pytest.fixture(params=["go", "python"])
def queue(request: pytest.FixtureRequest, cluster: Cluster, tmp_path: pathlib.Path) -> Iterator[str]:
    """The task queue of two pods, which is their Deployment's name, too."""
    if cluster.this_machine() is None:
        pytest.skip("how an image gets into this cluster is not known")
    sdk = request.param
    name = f"other-{sdk}"
    image = make_image(sdk, tmp_path)
    flags = ["--address", "temporal-frontend.temporal.svc:7233", "--task-queue", name, "--worker-version", "v1", "--identity", IDENTITIES[sdk]]
    container = {
        "name": "worker",
        "image": image,
        "imagePullPolicy": "Never",
        "command": [*COMMANDS[sdk], *flags],
        "env": [{"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}},
    }
    security = {"runAsNonRoot": True, "runAsUser": USER, "seccompProfile": {"type": "RuntimeDefault"}}
    labels = {"app": name, "version": "v1", "chaos.lifecycle.dev/enabled": "true"}
    template = {"metadata": {"labels": labels}, "spec": {"securityContext": security, "containers": [container], "terminationGracePeriodSeconds": 5}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": name}}, "template": template}
    cluster.apply("workers", {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec})
    try:
        cluster.wait_ready("workers", f"deployment/{name}")
        waited = cluster.lifecycle("wait", "--for", f"serving={name}", "--timeout", "60s")
        assert waited.returncode == 0, waited.stderr + cluster.run("-n", "workers", "logs", f"deployment/{name}").stdout
        yield name
    finally:
        cluster.kubectl("-n", "workers", "delete", "deployment", name)


def test_a_pod_of_another_sdk_is_killed_by_what_it_executes(cluster: Cluster, queue: str) -> None:
    pods = {pod["metadata"]["name"] for pod in cluster.pods("workers", f"app={queue}")}
    workflow_id = unique(queue)
    # A kubelet gives also a pod without a grace period two seconds, and a worker that is told to stop finishes what it can in them.
    order = ("--steps", "2", "--step-duration", "15s")
    started = cluster.lifecycle("start", "lifecycle", "-t", queue, *order, "-w", workflow_id, "--no-wait")
    assert started.returncode == 0, started.stderr
    kill = ("kill-pod", "--running-workflow", workflow_id, "--mode", "delete", "--grace-period", "0", "--yes", "--wait", "-o", "json")
    done = cluster.lifecycle("chaos", *kill, timeout_seconds=200)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    (fault,) = json.loads(done.stdout)["faults"]
    assert fault["name"] in pods and fault["version"] == "v1"
    (work,) = fault["executing"]
    assert (work["workflowId"], work["recovery"]) == (workflow_id, "taken over"), work
    assert fault["name"] not in work["takenOverBy"] and work["standstillMillis"] < work["boundMillis"] + LATE_SECONDS * 1000, work
    cluster.completed("wait", workflow_id, "--for", "completed", "--timeout", "110s")
    described = json.loads(cluster.lifecycle("describe", workflow_id, "-o", "json").stdout)
    pods |= {pod["metadata"]["name"] for pod in cluster.pods("workers", f"app={queue}")}
    assert {step["machine"] for step in described["steps"]} <= pods - {fault["name"]}
    (told,) = described["faults"]
    assert fault["name"] in told["target"] and told["outcome"] == "proven", told
    verified = cluster.lifecycle("verify", workflow_id)
    assert verified.returncode == 0, verified.stdout
