"""Commands in containers: over a WebSocket, with all that its frames may do."""

import json
from typing import Any, Callable

import pytest

from driver import Code, Driver, failed
from fake_api_server import Connection, FakeApiServer, Received, Reply, WebSocket, pod, status, write_token

EXEC = "GET /api/v1/namespaces/workers/pods/one/exec"
ASKED = {"namespace": "workers", "name": "one", "container": "worker", "command": ["lifecycle", "a b&c", "--x=ü"]}


def serve(script: Callable[[WebSocket], None], protocol: str = "v5.channel.k8s.io", accept: str | None = None) -> Any:
    def answer(received: Received, connection: Connection) -> None:
        script(WebSocket(received, connection, protocol, accept))

    return answer


@pytest.mark.parametrize("protocol", ["v5.channel.k8s.io", "v4.channel.k8s.io"])
def test_a_command_returns_what_it_wrote_and_its_exit_code(server: FakeApiServer, driver: Driver, protocol: str) -> None:
    def script(socket: WebSocket) -> None:
        for channel in (1, 2, 3):
            socket.channel(channel, b"")  # how channels are opened
        socket.channel(1, b"out")
        socket.channel(2, b"err")
        socket.channel(1, b"put\n")
        socket.exit(0 if protocol.startswith("v5") else 42)
        socket.close()

    server.on(EXEC, serve(script, protocol))
    code = 0 if protocol.startswith("v5") else 42
    assert driver.ask("exec", **ASKED) == {"exit_code": code, "stdout": "output\n", "stderr": "err"}
    [request] = server.requests
    assert [value for name, value in request.query if name == "command"] == ASKED["command"]
    assert {"container": "worker", "stdout": "true", "stderr": "true"}.items() <= request.parameters.items()
    assert request.headers["Sec-WebSocket-Protocol"] == "v5.channel.k8s.io, v4.channel.k8s.io"
    assert (request.headers["Sec-WebSocket-Version"], request.token) == ("13", "secret-token")


def test_messages_come_in_pieces_of_every_size_with_pings_between(server: FakeApiServer, driver: Driver) -> None:
    pongs: list[tuple[int, bytes]] = []

    def script(socket: WebSocket) -> None:
        socket.frame(2, b"\x01fir", final=False)
        socket.frame(9, b"still there?")
        socket.frame(0, b"st ", final=False)
        socket.frame(0, b"", final=False)
        socket.frame(0, b"message|")
        pongs.append(socket.read_frame())
        socket.channel(1, b"m" * 300)
        socket.channel(2, b"l" * 70_000)
        socket.exit(7)
        socket.close()

    server.on(EXEC, serve(script))
    assert driver.ask("exec", **ASKED) == {"exit_code": 7, "stdout": "first message|" + "m" * 300, "stderr": "l" * 70_000}
    assert pongs == [(10, b"still there?")]


def test_bytes_are_taken_however_they_are_cut(server: FakeApiServer, driver: Driver) -> None:
    def answer(received: Received, connection: Connection) -> None:
        class Slow:
            def send(self, data: bytes) -> None:
                for index in range(len(data)):
                    connection.send(data[index : index + 1])

            def read(self, count: int) -> bytes:
                return connection.read(count)

        socket = WebSocket(received, Slow(), "v5.channel.k8s.io")  # type: ignore[arg-type]
        socket.channel(1, b"piecemeal")
        socket.exit(0)
        socket.close()

    server.on(EXEC, answer)
    assert driver.ask("exec", **ASKED) == {"exit_code": 0, "stdout": "piecemeal", "stderr": ""}


def test_a_connection_that_ends_before_the_command_leaves_its_exit_code_open(server: FakeApiServer, driver: Driver) -> None:
    server.on(EXEC, serve(lambda socket: socket.channel(1, b"killing")))
    assert driver.ask("exec", **ASKED) == {"exit_code": None, "stdout": "killing", "stderr": ""}


def test_a_command_that_cannot_be_run_is_an_error_with_the_servers_reason(server: FakeApiServer, driver: Driver) -> None:
    def script(socket: WebSocket) -> None:
        socket.channel(3, json.dumps(status(500, "InternalError", "exec: no such file")).encode())
        socket.close()

    server.on(EXEC, serve(script))
    failed(driver.ask("exec", **ASKED), Code.INTERNAL, "no such file", "create exec of pod workers/one")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_refusal_before_the_command_is_explained(server: FakeApiServer, driver: Driver, chunked: bool) -> None:
    server.on(EXEC, Reply(403, status(403, "Forbidden", 'cannot create resource "pods/exec"'), chunked=chunked))
    failed(driver.ask("exec", **ASKED), Code.PERMISSION_DENIED, "pods/exec", "verb 'create'", "namespace 'workers'")
    server.on(EXEC, Reply(404, status(404, "NotFound", 'pods "one" not found'), chunked=chunked))
    failed(driver.ask("exec", **ASKED), Code.NOT_FOUND)


def test_a_refused_token_is_renewed_for_commands_as_well(server: FakeApiServer, kubeconfig: Any, start: Any, tmp_path: Any) -> None:
    driver = start("--kubeconfig", str(kubeconfig({"tokenFile": str(write_token(tmp_path, "old"))})))
    server.on("GET /version", Reply(body={"gitVersion": "v1"}))
    assert driver.ask("version")["version"] == "v1"
    write_token(tmp_path, "new")

    def script(socket: WebSocket) -> None:
        socket.exit(0)
        socket.close()

    server.on(EXEC, Reply(401, status(401, "Unauthorized", "Unauthorized")), serve(script))
    assert driver.ask("exec", **ASKED)["exit_code"] == 0
    assert [each.token for each in server.requests] == ["old", "old", "new"]


def test_what_is_no_answer_to_the_request_is_not_believed(server: FakeApiServer, driver: Driver) -> None:
    server.on(EXEC, serve(lambda socket: socket.exit(0), accept="bm90IHRoZSByaWdodCBvbmU="))
    failed(driver.ask("exec", **ASKED), Code.DATA_LOSS, "Sec-WebSocket-Accept")
    server.on(EXEC, serve(lambda socket: socket.exit(0), protocol="channel.k8s.io"))
    failed(driver.ask("exec", **ASKED), Code.DATA_LOSS, "channel.k8s.io")
    server.on(EXEC, serve(lambda socket: socket.frame(0x42, b"\x01compressed")))
    failed(driver.ask("exec", **ASKED), Code.DATA_LOSS, "not agreed on")


def test_no_command_is_no_request(server: FakeApiServer, driver: Driver) -> None:
    failed(driver.ask("exec", **{**ASKED, "command": []}), Code.INVALID_ARGUMENT)
    assert server.requests == []


def test_only_the_pod_that_was_meant_runs_it(server: FakeApiServer, driver: Driver) -> None:
    server.on("GET /api/v1/namespaces/workers/pods/one", Reply(body=pod("one")))
    failed(driver.ask("exec", uid="another", **ASKED), Code.FAILED_PRECONDITION)
    assert server.asked(EXEC) == []


def test_a_command_that_never_ends_costs_no_more_than_was_allowed(server: FakeApiServer, driver: Driver) -> None:
    def answer(received: Received, connection: Connection) -> None:
        WebSocket(received, connection, "v5.channel.k8s.io").channel(1, b"working")
        connection.wait_for_end()

    server.on(EXEC, answer)
    failed(driver.ask("exec", timeout_ms=300, **ASKED), Code.DEADLINE_EXCEEDED, "exec of pod workers/one")
    driver.write(json.dumps({"call": "exec", "stop_on_line": True, **ASKED}) + '\n"stop"')
    failed(driver.read(), Code.CANCELLED)


def test_a_command_that_writes_without_end_is_ended(server: FakeApiServer, driver: Driver) -> None:
    def answer(received: Received, connection: Connection) -> None:
        socket = WebSocket(received, connection, "v5.channel.k8s.io")
        try:
            while True:
                socket.channel(1, b"x" * 60_000)
        except OSError:
            pass

    server.on(EXEC, answer)
    failed(driver.ask("exec", **ASKED), Code.RESOURCE_EXHAUSTED, "1 MiB")
