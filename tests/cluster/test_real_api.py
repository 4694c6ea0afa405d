"""lib/kubernetes, from outside of the cluster and with its kubeconfig, beside kubectl: both see the same, and an API server refuses them alike."""

import json
import os
from typing import Iterator

import pytest

from cluster import LOCAL_KUBECONFIG, ROOT, Cluster
from driver import Code, Driver, failed
from harness.programs import lifecycle_program, run_program

V1 = "lifecycle-workers-v1"
PODS = {"namespace": "workers", "label_selector": "app=lifecycle-workers"}


@pytest.fixture(scope="module")
def kubeconfig() -> str:
    """With a client certificate, as of a cluster that somebody administrates."""
    return os.environ.get("KUBECONFIG", str(LOCAL_KUBECONFIG))


@pytest.fixture
def driver(kubeconfig: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Driver]:
    monkeypatch.setenv("LIFECYCLE_KUBERNETES_DRIVER", str(ROOT / "build/release/tests/kubernetes/kubernetes_driver"))
    driver = Driver("--kubeconfig", kubeconfig)
    yield driver
    driver.kill()


def test_it_reads_what_kubectl_reads(cluster: Cluster, driver: Driver) -> None:
    assert driver.ask("version")["version"] == json.loads(cluster.kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"]
    theirs = {pod["metadata"]["name"]: pod for pod in cluster.pods("workers", PODS["label_selector"])}
    assert set(driver.ask("list_pods", **PODS)["names"]) == set(theirs)
    for name, pod in theirs.items():
        ours = driver.ask("get_pod", namespace="workers", name=name)
        assert (ours["uid"], ours["node"], ours["labels"]) == (pod["metadata"]["uid"], pod["spec"]["nodeName"], pod["metadata"]["labels"])
        assert ours["containers"][0]["restart_count"] == pod["status"]["containerStatuses"][0]["restartCount"]
    theirs = cluster.get("-n", "workers", "deployment", V1)
    assert driver.ask("get_deployment", namespace="workers", name=V1)["replicas"] == theirs["spec"]["replicas"]
    assert driver.ask("get_scale", namespace="workers", name=V1)["replicas"] == theirs["spec"]["replicas"]
    budgets = {each["metadata"]["name"]: each["status"]["disruptionsAllowed"] for each in cluster.get("-n", "workers", "pdb")["items"]}
    assert driver.ask("list_pod_disruption_budgets", namespace="workers") == budgets
    assert driver.ask("get_namespace", name="workers")["labels"] == cluster.get("namespace", "workers")["metadata"]["labels"]


def test_dry_runs_are_accepted_and_change_nothing(cluster: Cluster, driver: Driver) -> None:
    pod = cluster.pods("workers", PODS["label_selector"])[0]["metadata"]
    one = {"namespace": "workers", "name": pod["name"], "uid": pod["uid"], "dry_run": True}
    assert "error" not in driver.ask("delete_pod", **one)
    assert driver.ask("evict_pod", **one)["evicted"]
    assert driver.ask("set_scale", namespace="workers", name=V1, replicas=7, dry_run=True)["replicas"] == 7
    body = {"metadata": {"labels": {"tried": "yes"}}}
    assert "error" not in driver.ask("patch_deployment", namespace="workers", name=V1, body=body, dry_run=True)
    assert cluster.get("-n", "workers", "deployment", V1)["spec"]["replicas"] == 2
    assert "deletionTimestamp" not in cluster.get("-n", "workers", "pod", pod["name"])["metadata"]


def test_a_command_in_a_pod_ends_as_kubectl_says(cluster: Cluster, driver: Driver) -> None:
    in_shell = ["/bin/bash", "-c", "echo out; echo err >&2; exit 42"]
    theirs = cluster.run("-n", "workers", "exec", "lifecycle-client", "--", *in_shell)
    ours = driver.ask("exec", namespace="workers", name="lifecycle-client", command=in_shell)
    assert (ours["exit_code"], ours["stdout"], ours["stderr"]) == (42, "out\n", "err\n")
    assert theirs.returncode == 42 and theirs.stdout == "out\n"


def test_what_a_real_api_server_refuses_is_told_as_what_it_is(cluster: Cluster, driver: Driver) -> None:
    failed(driver.ask("get_pod", namespace="workers", name="nobody"), Code.NOT_FOUND, "nobody")
    name = cluster.pods("workers", PODS["label_selector"])[0]["metadata"]["name"]
    failed(driver.ask("delete_pod", namespace="workers", name=name, uid="another"), Code.FAILED_PRECONDITION)
    failed(driver.ask("set_scale", namespace="workers", name=V1, replicas=1, resource_version="1"), Code.FAILED_PRECONDITION)
    failed(driver.ask("list_pods", namespace="workers", label_selector="a in b"), Code.INVALID_ARGUMENT)
    assert cluster.get("-n", "workers", "deployment", V1)["spec"]["replicas"] == 2


def test_who_may_less_is_told_which_right_is_missing(cluster: Cluster, kubeconfig: str, tmp_path_factory: pytest.TempPathFactory, driver: Driver) -> None:
    token = cluster.kubectl("-n", "workers", "create", "token", "default").strip()
    config = json.loads(cluster.kubectl("config", "view", "--raw", "-o", "json", "--kubeconfig", kubeconfig))
    config["users"] = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
    weak = tmp_path_factory.mktemp("weak") / "kubeconfig"
    weak.write_text(json.dumps(config))
    nobody = Driver("--kubeconfig", str(weak))
    try:
        failed(nobody.ask("list_pods", **PODS), Code.PERMISSION_DENIED, "list", "pods", "workers")
        assert driver.ask("may", verb="list", resource="pods", namespace="workers") == {"allowed": True}
        assert nobody.ask("may", verb="list", resource="pods", namespace="workers") == {"allowed": False}
    finally:
        nobody.kill()


def test_the_program_on_a_users_machine_kills_a_pod(cluster: Cluster, kubeconfig: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("home")
    with cluster.forwarded("temporal", "temporal-frontend", 7233) as address:
        kill = ("chaos", "kill-pod", "--owner", f"deployment/{V1}", "--yes", "--no-wait", "-o", "json")
        environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
        done = run_program(lifecycle_program(), [*kill, "--kubeconfig", kubeconfig, "--address", address], environment)
    assert done.exit_code == 0, done
    (fault,) = json.loads(done.stdout)["faults"]
    assert "is gone" in fault["proof"]
    assert fault["uid"] not in {pod["metadata"]["uid"] for pod in cluster.pods("workers")}
