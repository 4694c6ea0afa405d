"""A worker that cannot do its work is never Ready, is not killed for what is not its fault, and says what is wrong."""

import pathlib

import pytest

from cluster import Cluster, Object
from harness.certificates import Authority
from harness.fronts import ApiKeyFront
from harness.waiting import wait_until

# What a worker was told wrongly, and what its log must name.
WRONG = {
    "address": ("TEMPORAL_ADDRESS", "temporal-frontend.temporal.svc:7999", ":7999"),
    "host": ("TEMPORAL_ADDRESS", "nobody.temporal.svc:7233", "nobody.temporal.svc"),
    "namespace": ("TEMPORAL_NAMESPACE", "nowhere", "nowhere"),
}
KEY = "key-of-this-test"


def log_of(cluster: Cluster, name: str) -> str:
    logs = ("-n", "workers", "logs", name)
    return cluster.run(*logs, "--previous").stdout + cluster.run(*logs).stdout


def is_ready(cluster: Cluster, name: str) -> bool:
    pod = cluster.get("-n", "workers", "pod", name)
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))


def expect_never_ready(cluster: Cluster, name: str, named: str) -> None:
    def log() -> str:
        return log_of(cluster, name)

    def complaints() -> list[str]:
        return [line for line in log().splitlines() if named in line and ('"level":"warn' in line or '"level":"error"' in line)]

    def refusals() -> list[Object]:
        events = cluster.get("-n", "workers", "events", "--field-selector", f"involvedObject.name={name},reason=Unhealthy")
        return [event for event in events["items"] if "Readiness" in event["message"]]

    wait_until(complaints, "the log names what is wrong", 60, log)
    wait_until(refusals, "the kubelet was told that it is not ready", 60, log)
    assert not is_ready(cluster, name)
    statuses = cluster.get("-n", "workers", "pod", name)["status"]["containerStatuses"]
    assert not any(status["restartCount"] for status in statuses), "killed for what is not its fault"


@pytest.mark.parametrize("what", list(WRONG))
def test_a_worker_that_was_misled_is_never_ready_and_says_why(cluster: Cluster, what: str) -> None:
    variable, value, named = WRONG[what]
    with cluster.worker_pod(f"misled-about-{what}", {variable: value}) as pod:
        expect_never_ready(cluster, pod, named)


def test_a_worker_with_a_wrong_api_key_is_never_ready_and_one_with_the_right_key_is(cluster: Cluster, tmp_path: pathlib.Path) -> None:
    here = cluster.this_machine()
    if here is None:
        pytest.skip("the server that wants API keys listens on this machine, and how this cluster's pods reach it is not known")
    authority = Authority(tmp_path / "ca")
    certificate = authority.issue("front", (f"IP:{here}",))
    with cluster.forwarded("temporal", "temporal-frontend", 7233) as address:
        front = ApiKeyFront(address, certificate, KEY, listens_on=here)
        try:
            server = {
                "TEMPORAL_ADDRESS": f"{here}:{front.port}",
                "TEMPORAL_TLS_SERVER_CA_CERT_DATA": authority.certificate.read_text(),
                "TEMPORAL_TASK_QUEUE": "behind-a-front",
            }
            with cluster.worker_pod("wrong-api-key", {**server, "TEMPORAL_API_KEY": "wrong-secret"}) as pod:
                expect_never_ready(cluster, pod, "UNAUTHENTICATED")
                assert "wrong-secret" not in log_of(cluster, pod)
            with cluster.worker_pod("right-api-key", {**server, "TEMPORAL_API_KEY": KEY}) as pod:
                wait_until(lambda: is_ready(cluster, pod), "the worker is Ready", 60, lambda: log_of(cluster, pod))
                assert KEY not in log_of(cluster, pod)
        finally:
            front.close()
