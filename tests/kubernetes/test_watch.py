"""A watch tells each change once, whatever happens to its connection."""

import json
from typing import Any

from driver import Code, Driver, failed
from fake_api_server import Connection, FakeApiServer, Received, Reply, pod, pods, status

PODS = "GET /api/v1/namespaces/workers/pods"


class Stream:
    """The server's side of one watch: the events, then its end."""

    def __init__(self, *events: tuple[str, dict[str, Any]], rest: bytes = b"", stays: bool = False) -> None:
        self.events, self.rest, self.stays = events, rest, stays

    def __call__(self, received: Received, connection: Connection) -> None:
        connection.begin_stream()
        for kind, item in self.events:
            connection.send_event(kind, item)
        connection.send(self.rest)
        if self.stays:
            connection.wait_for_end()


def stream(*events: tuple[str, dict[str, Any]], rest: bytes = b"", stays: bool = False) -> Any:
    served = Stream(*events, rest=rest, stays=stays)

    def serve(received: Received, connection: Connection) -> None:
        served(received, connection)

    return serve


def watch(driver: Driver, count: int, **more: Any) -> list[tuple[str, str]]:
    driver.write(json.dumps({"call": "watch_pods", "namespace": "workers", "events": count, **more}))
    told = []
    while (line := driver.read()) and "event" in line:
        told.append((line["event"], line["name"]))
    assert line == {}, line
    return told


def bookmark(version: int) -> tuple[str, dict[str, Any]]:
    return "BOOKMARK", {"kind": "Pod", "metadata": {"resourceVersion": str(version)}}


def test_what_is_there_comes_first_and_then_each_change(server: FakeApiServer, driver: Driver) -> None:
    events = [("ADDED", pod("two", 6)), ("MODIFIED", pod("one", 7)), ("DELETED", pod("two", 8))]
    server.on(PODS, pods([pod("one", 5)], 5), stream(*events, stays=True))
    assert watch(driver, 4) == [("added", "one"), ("added", "two"), ("modified", "one"), ("deleted", "two")]
    asked = server.requests[1].parameters
    assert (asked["watch"], asked["resourceVersion"], asked["allowWatchBookmarks"]) == ("true", "5", "true")
    assert 0 < int(asked["timeoutSeconds"]) <= 20  # no longer than the call


def test_a_watch_that_ends_goes_on_where_it_was(server: FakeApiServer, driver: Driver) -> None:
    server.on(
        PODS,
        pods([], 5),
        stream(("ADDED", pod("one", 6))),
        stream(bookmark(90)),
        stream(("MODIFIED", pod("one", 91)), rest=b'{"type": "MODIFIED", "object": {"metada'),
        stream(("MODIFIED", pod("one", 91)), ("DELETED", pod("one", 92)), stays=True),
    )
    assert watch(driver, 3) == [("added", "one"), ("modified", "one"), ("deleted", "one")]
    assert [each.parameters["resourceVersion"] for each in server.requests[1:]] == ["5", "6", "90", "91"]


def test_what_was_missed_arrives_as_the_difference(server: FakeApiServer, driver: Driver) -> None:
    expired = status(410, "Expired", "too old resource version")
    server.on(
        PODS,
        pods([pod("same", 1), pod("changed", 2), pod("gone", 3), pod("replaced", 4, "old")], 5),
        stream(("ERROR", expired)),
        pods([pod("same", 1), pod("changed", 6), pod("new", 7), pod("replaced", 8, "young")], 9),
        Reply(410, expired),
        pods([pod("new", 7)], 20),
        stream(stays=True),
    )
    told = watch(driver, 12)
    assert told[:4] == [("added", name) for name in ("same", "changed", "gone", "replaced")]
    first, second = told[4:9], told[9:]
    assert sorted(first) == [("added", "new"), ("added", "replaced"), ("deleted", "gone"), ("deleted", "replaced"), ("modified", "changed")]
    assert first.index(("deleted", "replaced")) < first.index(("added", "replaced"))
    assert sorted(second) == [("deleted", "changed"), ("deleted", "replaced"), ("deleted", "same")]


def test_a_watch_outlives_a_server_that_is_away_for_a_while(server: FakeApiServer, driver: Driver) -> None:
    def cut(received: Received, connection: Connection) -> None:
        del received, connection  # closed without an answer

    server.on(PODS, pods([], 5), cut, Reply(503, status(503, "ServiceUnavailable", "starting")), stream(("ADDED", pod("one", 6)), stays=True))
    assert watch(driver, 1) == [("added", "one")]
    assert len(server.requests) == 4


def test_a_watch_that_may_not_be_is_an_error_and_one_that_sees_nothing_ends_in_time(server: FakeApiServer, driver: Driver) -> None:
    server.on(PODS, Reply(403, status(403, "Forbidden", "no")))
    failed(driver.ask("watch_pods", namespace="workers"), Code.PERMISSION_DENIED, "list pods in namespace workers")
    server.on(PODS, pods([], 5), Reply(403, status(403, "Forbidden", "no")))
    failed(driver.ask("watch_pods", namespace="workers"), Code.PERMISSION_DENIED, "watch pods in namespace workers")
    server.on(PODS, pods([], 5), stream(stays=True))
    failed(driver.ask("watch_pods", namespace="workers", timeout_ms=300), Code.DEADLINE_EXCEEDED)
