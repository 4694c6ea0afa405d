"""What ci/build has deployed is whole, serves workflows, and lets nobody do more than they need."""

import json
import subprocess

import pytest

from cluster import NAMESPACES, ROOT, WORKERS, Cluster
from harness.waiting import wait_until


def test_everything_is_ready_and_nothing_has_crashed(cluster: Cluster) -> None:
    for namespace in NAMESPACES:
        pods = cluster.pods(namespace)
        assert pods
        for pod in pods:
            name, status = pod["metadata"]["name"], pod["status"]
            if status["phase"] == "Succeeded":
                continue
            assert all(c["type"] != "Ready" or c["status"] == "True" for c in status["conditions"]), name
            for container in status["containerStatuses"]:
                assert "OOMKilled" not in json.dumps(container), name


def test_the_local_node_has_limits_for_disks_in_bytes_so_that_a_large_and_nearly_full_one_serves(cluster: Cluster) -> None:
    if cluster.this_machine() is None:
        pytest.skip("this cluster's nodes are not made by ci/one-node")
    done = cluster.run("get", "--raw", "/api/v1/nodes/node1/proxy/configz")
    kubelet = json.loads(done.stdout)["kubeletconfig"]
    assert kubelet["imageGCHighThresholdPercent"] == 100
    assert not [limit for limit in kubelet["evictionHard"].values() if limit.endswith("%")]


def test_no_pod_was_made_that_the_restricted_standard_would_refuse(cluster: Cluster) -> None:
    privileged = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "refused", "namespace": "workers"},
        "spec": {"containers": [{"name": "c", "image": "lifecycle-worker:v1.0.0", "securityContext": {"privileged": True}}]},
    }
    done = cluster.run("create", "--dry-run=server", "-f", "-", input_text=json.dumps(privileged))
    assert done.returncode != 0 and "restricted" in done.stderr


def test_a_workflow_runs_on_workers_of_both_versions_which_are_those_of_their_images(cluster: Cluster) -> None:
    versions: set[str] = set()
    workers: set[str] = set()

    def both() -> bool:
        result = cluster.completed("quick", "--steps", "6", "--step-duration", "200ms")["result"]
        assert result["steps_completed"] == 6
        versions.update(result["worker_versions_used"])
        workers.update(result["workers_used"])
        return versions == {"v1.0.0", "v2.0.0"}

    wait_until(both, "steps on workers of both versions", 120)
    pods = {pod["metadata"]["name"]: pod["metadata"]["labels"]["version"] for pod in cluster.pods("workers", "app=lifecycle-workers")}
    for worker in workers:
        assert f"/{pods[worker.split('@')[0]]}#" in worker, f"{worker}: the pod's label says another version than the image"


@pytest.mark.parametrize("version", ["v1.0.0", "v2.0.0"])
def test_a_pinned_workflow_stays_on_its_version(cluster: Cluster, version: str) -> None:
    done = cluster.lifecycle("versioned", version, "quick", "--steps", "3", "--step-duration", "200ms")
    assert done.returncode == 0, done.stderr
    assert "PROVEN" in done.stdout + done.stderr


def test_a_client_finds_its_server_in_a_worker_pod_too(cluster: Cluster) -> None:
    done = cluster.run(
        "-n", "workers", "exec", "deployment/lifecycle-workers-v1", "--", "lifecycle", "quick", "--steps", "1", "--step-duration", "100ms", "-o", "json"
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["result"]["steps_completed"] == 1


def test_the_image_has_a_shell_for_people_and_a_root_file_system_for_nobody(cluster: Cluster) -> None:
    pod = ("-n", "workers", "exec", "deployment/lifecycle-workers-v1", "--")
    assert cluster.kubectl(*pod, "/bin/bash", "-c", "id -u").strip() == "1000"
    refused = cluster.run(*pod, "/bin/bash", "-c", "echo x > /usr/local/bin/x")
    assert refused.returncode != 0 and "Read-only file system" in refused.stderr


def test_the_clients_rights_are_those_of_its_tiers(cluster: Cluster) -> None:
    granted = [
        ("get", "pods", "workers"), ("watch", "pods", "workers"), ("delete", "pods", "workers"), ("create", "pods:eviction", "workers"),
        ("patch", "deployments/lifecycle-workers-v1", "workers"), ("patch", "deployments.apps/lifecycle-versioned-v2", "workers"),
        ("create", "pods:exec", "workers"), ("delete", "pods", "temporal"),
    ]
    refused = [
        ("create", "pods", "workers"), ("get", "secrets", "workers"), ("get", "secrets", "temporal"), ("patch", "pods", "workers"),
        ("delete", "deployments", "workers"), ("patch", "deployments/other", "workers"), ("create", "pods:exec", "temporal"),
        ("delete", "pods", "infra"), ("delete", "pods", "kube-system"), ("list", "nodes", "workers"),
    ]
    assert [right for right in granted if not cluster.may("lifecycle-client", *right)] == []
    assert [right for right in refused if cluster.may("lifecycle-client", *right)] == []
    for verb, resource, namespace in granted:
        assert not cluster.may("default", verb, resource, namespace), "a worker's account may nothing"


def test_a_workers_pod_holds_no_token(cluster: Cluster) -> None:
    for deployment in WORKERS:
        done = cluster.run("-n", "workers", "exec", f"deployment/{deployment}", "--", "ls", "/var/run/secrets/kubernetes.io")
        assert done.returncode != 0, deployment


def test_applying_the_same_manifests_again_changes_nothing(cluster: Cluster) -> None:
    for name in ("00-namespaces", "01-postgres", "03-temporal-web", "08-registry"):
        applied = cluster.kubectl("apply", "-f", str(ROOT / "k8s" / f"{name}.yaml"))
        assert all(line.endswith(("unchanged", "configured")) for line in applied.splitlines()), applied
        done = cluster.run("diff", "-f", str(ROOT / "k8s" / f"{name}.yaml"))
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("folder", ["production", "monitoring"])
def test_the_api_server_accepts_what_is_applied_on_top(cluster: Cluster, folder: str) -> None:
    # The jobs' pods are other ones in the other layout; a job that is there cannot be changed.
    made = cluster.kubectl("kustomize", str(ROOT / "k8s" / folder))
    without_jobs = "\n---\n".join(document for document in made.split("\n---\n") if "\nkind: Job\n" not in document)
    done = cluster.run("apply", "--dry-run=server", "-f", "-", input_text=without_jobs)
    assert done.returncode == 0, done.stderr


def test_deploying_again_replaces_nothing(cluster: Cluster) -> None:
    if cluster.this_machine() is None:
        pytest.skip("how images get into this cluster is not known")

    def uids() -> set[str]:
        return {pod["metadata"]["uid"] for namespace in NAMESPACES for pod in cluster.pods(namespace)}

    how = ["--push"] if "localhost:30500/" in json.dumps(cluster.get("-n", "workers", "deployment", WORKERS[0])["spec"]) else []
    before = uids()
    done = subprocess.run([ROOT / "ci" / "build", *how], capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    assert uids() == before
