"""A worker that cannot do its work is never Ready, is not killed for what is not its fault, and says what is wrong."""

from typing import Iterator

import pytest

from cluster import Cluster, Object
from harness.waiting import wait_until

WRONG = {
    "address": ("TEMPORAL_ADDRESS", "temporal-frontend.temporal.svc:7999", ":7999"),
    "host": ("TEMPORAL_ADDRESS", "nobody.temporal.svc:7233", "nobody.temporal.svc"),
    "namespace": ("TEMPORAL_NAMESPACE", "nowhere", "nowhere"),
}


def without(template: Object, variable: str) -> list[Object]:
    return [entry for entry in template["spec"]["containers"][0]["env"] if entry["name"] != variable]


@pytest.fixture(params=list(WRONG))
def misled(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """A pod like those of lifecycle-workers-v1 that was told one thing wrongly, and what its log must name."""
    variable, value, named = WRONG[request.param]
    template = cluster.get("-n", "workers", "deployment", "lifecycle-workers-v1")["spec"]["template"]
    name = f"misled-about-{request.param}"
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "misled"}}, "spec": template["spec"]}
    pod["spec"]["containers"][0]["env"] = without(template, variable) + [{"name": variable, "value": value}]
    pod["spec"].pop("topologySpreadConstraints", None)
    cluster.apply("workers", pod)
    yield name, named
    cluster.kubectl("-n", "workers", "delete", "pod", name, "--grace-period=1")


def test_a_worker_that_was_misled_is_never_ready_and_says_why(cluster: Cluster, misled: tuple[str, str]) -> None:
    name, named = misled

    def pod() -> Object:
        return cluster.get("-n", "workers", "pod", name)

    def ready(pod: Object) -> bool:
        return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"]["conditions"])

    def log() -> str:
        logs = ("-n", "workers", "logs", name)
        return cluster.run(*logs, "--previous").stdout + cluster.run(*logs).stdout

    def complaints() -> list[str]:
        return [line for line in log().splitlines() if named in line and ('"level":"warn' in line or '"level":"error"' in line)]

    def refusals() -> list[Object]:
        events = cluster.get("-n", "workers", "events", "--field-selector", f"involvedObject.name={name},reason=Unhealthy")
        return [event for event in events["items"] if "Readiness" in event["message"] or "Startup" in event["message"]]

    wait_until(complaints, "the log names what is wrong", 60, log)
    wait_until(refusals, "the kubelet was told that it is not ready", 60, log)
    assert not ready(pod())
    assert not any(status["restartCount"] for status in pod()["status"]["containerStatuses"]), "killed for what is not its fault"
