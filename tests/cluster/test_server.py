"""The server's two layouts, and what a workflow lives through when a pod of the server or its database goes away."""

import json
import pathlib
import shutil
import subprocess

import pytest

from cluster import ROOT, Cluster
from harness.temporal_api import unique
from harness.waiting import wait_until

SIMPLE, PRODUCTION = "02-temporal-server-simple.yaml", "02-temporal-server.yaml"
SERVICES = ("frontend", "history", "matching", "worker")


def apply(cluster: Cluster, layout: str) -> None:
    cluster.kubectl("apply", "-f", str(ROOT / "k8s" / layout))
    for service in SERVICES if layout == PRODUCTION else SERVICES[:1]:
        cluster.wait_ready("temporal", f"deployment/temporal-{service}")


def has_production_layout(cluster: Cluster) -> bool:
    return cluster.run("-n", "temporal", "get", "deployment", "temporal-history").returncode == 0


@pytest.fixture(params=["simple", "production"])
def layout(cluster: Cluster, request: pytest.FixtureRequest) -> str:
    """The server in that layout; the simple one is back afterwards."""
    if request.param == "production":
        if not has_production_layout(cluster):
            apply(cluster, PRODUCTION)

            def back() -> None:
                apply(cluster, SIMPLE)
                for service in SERVICES[1:]:
                    for kind in ("deployment", "poddisruptionbudget"):
                        cluster.kubectl("-n", "temporal", "delete", kind, f"temporal-{service}")
                serves(cluster)

            request.addfinalizer(back)
    elif has_production_layout(cluster):
        pytest.skip("somebody has chosen the production layout for this cluster: the simple one is not put in its place")
    serves(cluster)
    return request.param


def serves(cluster: Cluster) -> None:
    wait_until(lambda: cluster.lifecycle("quick", "--steps", "1", "--step-duration", "100ms").returncode == 0, "a workflow runs through", 120)


def outlives(cluster: Cluster, selector: str) -> None:
    """A workflow of 10 s during which the pod is deleted completes, each step once."""
    workflow_id = unique("outlives")
    started = cluster.lifecycle("quick", "-w", workflow_id, "--steps", "10", "--step-duration", "1s", "--no-wait")
    assert started.returncode == 0, started.stderr
    before = {pod["metadata"]["uid"] for pod in cluster.pods("temporal", selector)}
    assert len(before) == 1
    cluster.kubectl("-n", "temporal", "delete", "pod", "-l", selector)
    # Waiting for it fails while nobody answers; the workflow does not mind.
    ended = ("wait", workflow_id, "--for", "completed", "--timeout", "60s", "-o", "json")
    followed = wait_until(lambda: (done := cluster.lifecycle(*ended)).returncode == 0 and done, "the workflow completes", 120)
    assert json.loads(followed.stdout)["result"]["steps_completed"] == 10
    after = {pod["metadata"]["uid"] for pod in cluster.pods("temporal", selector)}
    assert not before & after


def test_a_workflow_outlives_the_frontends_pod(cluster: Cluster, layout: str) -> None:
    outlives(cluster, "app=temporal-server,component=frontend")
    cluster.wait_ready("temporal", "deployment/temporal-frontend")


@pytest.mark.parametrize("layout", ["production"], indirect=True)  # in the simple one a single pod is all services
def test_a_workflow_outlives_the_pods_of_history_and_matching(cluster: Cluster, layout: str) -> None:
    for service in ("history", "matching"):
        outlives(cluster, f"component={service}")
        cluster.wait_ready("temporal", f"deployment/temporal-{service}")


def test_a_workflow_outlives_the_databases_pod(cluster: Cluster, layout: str) -> None:
    outlives(cluster, "app=postgres")
    cluster.wait_ready("temporal", "statefulset/postgres")


def test_the_web_ui_knows_the_workflows(cluster: Cluster) -> None:
    workflow_id = unique("web")
    cluster.completed("quick", "-w", workflow_id, "--steps", "1", "--step-duration", "100ms")
    path = "/api/v1/namespaces/temporal/services/temporal-web:8080/proxy/api/v1/namespaces/default/workflows"
    wait_until(lambda: workflow_id in cluster.run("get", "--raw", path).stdout, "the workflow is in the Web UI's list", 60)


# Chromium asks the network for its own updates otherwise.
BROWSER = (
    "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--window-size=1400,900", "--virtual-time-budget=20000",
)  # fmt: skip


def test_a_browser_shows_a_workflow_in_the_web_ui(cluster: Cluster, tmp_path: pathlib.Path) -> None:
    if shutil.which("chromium") is None:
        pytest.skip("chromium is not installed: ci/setup --cluster")
    workflow_id = unique("browser")
    cluster.completed("quick", "-w", workflow_id, "--steps", "2", "--step-duration", "100ms")
    picture = ROOT / "build" / "web-ui.png"
    with cluster.forwarded("temporal", "temporal-web", 8080) as address:
        page = f"http://{address}/namespaces/default/workflows"

        def shown(*how: str) -> str:
            profile = tmp_path / unique("profile")
            command = [*BROWSER, f"--user-data-dir={profile}", *how, page]
            return subprocess.run(command, capture_output=True, text=True, timeout=90).stdout

        wait_until(lambda: workflow_id in shown("--dump-dom"), "the page that the browser made lists the workflow", 120)
        shown(f"--screenshot={picture}")
    assert picture.stat().st_size > 10_000
