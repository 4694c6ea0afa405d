"""What each call sends, and what becomes of each answer."""

from typing import Any

import pytest

from driver import Code, Driver, failed
from fake_api_server import Connection, FakeApiServer, Received, Reply, pod, pods, status

PODS = "/api/v1/namespaces/workers/pods"
DEPLOYMENT = "/apis/apps/v1/namespaces/workers/deployments/api"
ONE = {"namespace": "workers", "name": "one"}
API = {"namespace": "workers", "name": "api"}


def test_all_pages_of_a_list_are_read(server: FakeApiServer, driver: Driver) -> None:
    server.on(f"GET {PODS}", pods([pod("one"), pod("two")], 7, "more=1"), pods([pod("three")], 7))
    answer = driver.ask("list_pods", namespace="workers", label_selector="app in (a,b)", field_selector="spec.nodeName=n")
    assert answer == {"names": ["one", "two", "three"], "resource_version": "7"}
    first, second = server.requests
    assert first.parameters == {"labelSelector": "app in (a,b)", "fieldSelector": "spec.nodeName=n", "limit": "500"}
    assert second.parameters["continue"] == "more=1"


def test_a_list_whose_pages_have_expired_is_read_anew_and_whole(server: FakeApiServer, driver: Driver) -> None:
    gone = Reply(410, status(410, "Expired", "the continue parameter is too old"))
    server.on(f"GET {PODS}", pods([pod("old")], 7, "more"), gone, pods([pod("one"), pod("two")], 9))
    assert driver.ask("list_pods", namespace="workers") == {"names": ["one", "two"], "resource_version": "9"}
    assert server.requests[-1].parameters == {}


def test_a_pod_is_seen_as_it_is(server: FakeApiServer, driver: Driver) -> None:
    one = pod("one", spec={"nodeName": "node-1"})
    one["metadata"] |= {
        "labels": {"app": "x"},
        "deletionTimestamp": "2026-11-27T15:00:00Z",
        "ownerReferences": [{"kind": "Other", "name": "o"}, {"kind": "ReplicaSet", "name": "rs", "controller": True}],
    }
    last = {"terminated": {"exitCode": 137, "finishedAt": "2026-11-27T14:00:00Z"}}
    one["status"] = {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [{"name": "worker", "ready": True, "restartCount": 3, "state": {"running": {}}, "lastState": last}],
    }
    server.on(f"GET {PODS}/one", Reply(body=one))
    seen = driver.ask("get_pod", **ONE)
    assert seen == {
        "name": "one", "namespace": "workers", "uid": "uid-one", "labels": {"app": "x"}, "owner": "ReplicaSet/rs", "node": "node-1",
        "phase": "Running", "ready": True, "deleted": True,
        "containers": [{"name": "worker", "ready": True, "restart_count": 3, "last_exit_code": 137}],
    }
    failed(driver.ask("get_pod", uid="another", **ONE), Code.FAILED_PRECONDITION, "another pod has this name now")


def test_a_deletion_says_which_pod_is_meant_and_how(server: FakeApiServer, driver: Driver) -> None:
    server.on(f"DELETE {PODS}/one", Reply(body=pod("one")))
    assert driver.ask("delete_pod", uid="u", grace_period_s=0, dry_run=True, **ONE) == {}
    assert driver.ask("delete_pod", **ONE) == {}
    assert [each.json for each in server.requests] == [
        {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": "u"}, "gracePeriodSeconds": 0, "dryRun": ["All"]},
        {"kind": "DeleteOptions", "apiVersion": "v1"},
    ]


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (status(403, "Forbidden", 'pods "one" is forbidden: User "u" cannot delete'), Code.PERMISSION_DENIED, ["User", "verb 'delete'", "namespace 'workers'", "auth can-i delete pods -n workers"]),
        (status(404, "NotFound", 'pods "one" not found'), Code.NOT_FOUND, ["delete pod workers/one"]),
        (status(409, "Conflict", "Precondition failed: UID in precondition: a, UID in object meta: b"), Code.FAILED_PRECONDITION, ["UID in precondition", "look at it again"]),
        (status(422, "Invalid", "is invalid", causes=[{"field": "spec", "message": "no"}]), Code.FAILED_PRECONDITION, ["spec: no"]),
        (status(429, "TooManyRequests", "slow down"), Code.RESOURCE_EXHAUSTED, ["slow down"]),
        (status(500, "InternalError", "etcd says no"), Code.INTERNAL, ["etcd says no", "500"]),
        ("<html>Bad Gateway</html>", Code.KUBERNETES_UNREACHABLE, ["in front of the API server", "502"]),
    ],
)
def test_a_refusal_is_explained(server: FakeApiServer, driver: Driver, answer: Any, code: Code, words: list[str]) -> None:
    server.on(f"DELETE {PODS}/one", Reply(502 if isinstance(answer, str) else answer["code"], answer))
    failed(driver.ask("delete_pod", **ONE), code, *words)
    assert len(server.requests) == 1


def test_names_cannot_lead_elsewhere_and_none_does_not_mean_all(server: FakeApiServer, driver: Driver) -> None:
    failed(driver.ask("delete_pod", namespace="workers", name=""), Code.INVALID_ARGUMENT)
    failed(driver.ask("delete_pod", namespace="", name="one"), Code.INVALID_ARGUMENT)
    failed(driver.ask("evict_pod", namespace="workers", name=""), Code.INVALID_ARGUMENT)
    assert server.requests == []
    driver.ask("delete_pod", namespace="workers", name="../../x?y#z%")
    driver.ask("delete_pod", namespace="workers", name="..")
    assert [each.path for each in server.requests] == [f"{PODS}/..%2F..%2Fx%3Fy%23z%25", f"{PODS}/.."]


def test_an_eviction_that_a_budget_forbids_names_it(server: FakeApiServer, driver: Driver) -> None:
    words = "The disruption budget front needs 2 healthy pods and has 2 currently"
    refusal = status(429, "TooManyRequests", "Cannot evict pod", causes=[{"reason": "DisruptionBudget", "message": words}])
    server.on(f"POST {PODS}/one/eviction", Reply(429, refusal, {"Retry-After": "10"}), Reply(201, {"kind": "Status", "status": "Success"}))
    assert driver.ask("evict_pod", uid="u", grace_period_s=5, **ONE) == {
        "evicted": False, "budget": "front", "reason": words, "retry_after_s": 10,
    }
    assert driver.ask("evict_pod", **ONE)["evicted"] is True
    assert server.requests[0].json == {
        "kind": "Eviction",
        "apiVersion": "policy/v1",
        "metadata": {"name": "one", "namespace": "workers"},
        "deleteOptions": {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": "u"}, "gracePeriodSeconds": 5},
    }


def test_a_budget_that_the_server_does_not_name_is_looked_for(server: FakeApiServer, driver: Driver) -> None:
    refusal = status(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.")
    server.on(f"POST {PODS}/one/eviction", Reply(429, refusal))

    def budget(name: str, allowed: int) -> dict[str, Any]:
        selector = {"matchLabels": {"app": name}, "matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["x", "y"]}]}
        return {"metadata": {"name": name}, "spec": {"selector": selector}, "status": {"disruptionsAllowed": allowed}}

    items = [budget("free", 1), budget("other", 0), budget("mine", 0)]
    server.on("GET /apis/policy/v1/namespaces/workers/poddisruptionbudgets", Reply(body={"items": items}))
    server.on(f"GET {PODS}", pods([], 1), pods([pod("one")], 1))
    assert driver.ask("evict_pod", **ONE)["budget"] == "mine"
    asked = server.asked(f"GET {PODS}")[-1].parameters
    assert (asked["labelSelector"], asked["fieldSelector"]) == ("app=mine,tier notin (x,y)", "metadata.name=one")
    assert driver.ask("list_pod_disruption_budgets", namespace="workers") == {"free": 1, "other": 0, "mine": 0}


def test_autoscalers_are_listed_with_what_they_scale(server: FakeApiServer, driver: Driver) -> None:
    busy = {"metadata": {"name": "busy"}, "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}}}
    server.on("GET /apis/autoscaling/v2/namespaces/workers/horizontalpodautoscalers", Reply(body={"items": [busy, {}]}))
    assert driver.ask("list_horizontal_pod_autoscalers", namespace="workers") == {"busy": "Deployment/d", "": "/"}


def test_a_server_that_asks_to_wait_is_asked_again(server: FakeApiServer, driver: Driver) -> None:
    busy = Reply(429, status(429, "TooManyRequests", "busy"), {"Retry-After": "1"})
    starting = Reply(503, status(503, "ServiceUnavailable", "starting", retryAfterSeconds=1))
    server.on(f"GET {PODS}/one", busy, starting, Reply(body=pod("one")))
    assert driver.ask("get_pod", **ONE)["name"] == "one"
    assert len(server.requests) == 3
    server.on(f"GET {PODS}/one", Reply(429, status(429, "TooManyRequests", "busy"), {"Retry-After": "1000"}))
    failed(driver.ask("get_pod", **ONE), Code.RESOURCE_EXHAUSTED)  # longer than the call may take


def test_a_scale_is_read_and_changed_if_it_is_still_the_same(server: FakeApiServer, driver: Driver) -> None:
    scale = {"metadata": {"resourceVersion": "5"}, "spec": {"replicas": 3}, "status": {"replicas": 2}}
    server.on(f"GET {DEPLOYMENT}/scale", Reply(body=scale))
    assert driver.ask("get_scale", **API) == {"replicas": 3, "current": 2, "resource_version": "5"}
    server.on(f"PATCH {DEPLOYMENT}/scale", Reply(body=scale), Reply(409, status(409, "Conflict", "the object has been modified")))
    assert driver.ask("set_scale", replicas=0, resource_version="5", dry_run=True, **API)["replicas"] == 3
    [_, change] = server.requests
    assert change.headers["Content-Type"] == "application/merge-patch+json"
    assert change.json == {"metadata": {"resourceVersion": "5"}, "spec": {"replicas": 0}}
    assert change.parameters == {"fieldManager": "lifecycle", "fieldValidation": "Strict", "dryRun": "All"}
    failed(driver.ask("set_scale", replicas=0, resource_version="5", **API), Code.FAILED_PRECONDITION, "deployment workers/api")


def test_a_deployment_is_patched_in_the_way_that_was_asked_for(server: FakeApiServer, driver: Driver) -> None:
    deployment = {
        "metadata": {"name": "api", "generation": 2},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"a": "b"}}},
        "status": {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2},
    }
    seen = {"name": "api", "replicas": 2, "ready": 2, "selector": "a=b", "rolled_out": True}
    server.on(f"GET {DEPLOYMENT}", Reply(body=deployment))
    assert driver.ask("get_deployment", **API) == seen
    server.on(f"PATCH {DEPLOYMENT}", Reply(body=deployment | {"metadata": {"name": "api", "generation": 3}}))
    body = {"spec": {"template": {"metadata": {"annotations": {"x": "y"}}}}}
    assert driver.ask("patch_deployment", body=body, **API) == seen | {"rolled_out": False}  # its controller has not seen it yet
    driver.ask("patch_deployment", body=body, merge=True, **API)
    patches = server.asked(f"PATCH {DEPLOYMENT}")
    assert [each.headers["Content-Type"] for each in patches] == ["application/strategic-merge-patch+json", "application/merge-patch+json"]
    assert patches[0].json == body


def test_version_namespace_and_permission_are_asked_for(server: FakeApiServer, driver: Driver) -> None:
    server.on("GET /version", Reply(body={"gitVersion": "v1.32.4"}))
    assert driver.ask("version") == {"version": "v1.32.4"}
    server.on("GET /api/v1/namespaces/workers", Reply(body={"metadata": {"name": "workers", "labels": {"team": "x"}}}))
    assert driver.ask("get_namespace", name="workers") == {"labels": {"team": "x"}}
    review = "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    server.on(review, Reply(201, {"status": {"allowed": True}}), Reply(201, {"status": {"allowed": False}}))
    question = {"verb": "delete", "resource": "pods", "namespace": "workers"}
    assert [driver.ask("may", **question)["allowed"] for _ in range(2)] == [True, False]
    asked = server.asked(review)[0].json["spec"]["resourceAttributes"]
    assert (asked["verb"], asked["resource"], asked["namespace"]) == ("delete", "pods", "workers")


def never(received: Received, connection: Connection) -> None:
    del received
    connection.wait_for_end()


def test_a_server_that_does_not_answer_costs_no_more_than_was_allowed(server: FakeApiServer, driver: Driver) -> None:
    server.on(f"GET {PODS}/one", never)
    failed(driver.ask("get_pod", timeout_ms=200, **ONE), Code.DEADLINE_EXCEEDED, "get pod workers/one")
    driver.write('{"call": "get_pod", "namespace": "workers", "name": "one", "stop_on_line": true}\n"stop"')
    failed(driver.read(), Code.CANCELLED)
    server.on(f"GET {PODS}/one", Reply(body=pod("one")))
    assert driver.ask("get_pod", **ONE)["name"] == "one"


def test_a_server_that_is_not_there_or_is_something_else_is_told(server: FakeApiServer, driver: Driver) -> None:
    server.on(f"GET {PODS}/one", Reply(body="<html>log in</html>", headers={"Connection": "close"}))
    failed(driver.ask("get_pod", **ONE), Code.KUBERNETES_UNREACHABLE, "not as Kubernetes' API server does")
    server.stop()
    failed(driver.ask("get_pod", **ONE), Code.KUBERNETES_UNREACHABLE, f"127.0.0.1:{server.port}", "cannot be reached", "context 'fake'")
