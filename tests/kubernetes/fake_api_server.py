"""An API server that answers as a test says, over TLS, and remembers what it was asked."""

import base64
import dataclasses
import hashlib
import http.server
import json
import pathlib
import socket
import ssl
import struct
import threading
import urllib.parse
from typing import Any, Callable, Mapping

from harness.certificates import Authority, Certificate

Json = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Received:
    method: str
    path: str  # as it came, without the query
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes
    client: str  # the common name of the client's certificate, or ""
    server_name: str  # that the client asked for in the handshake

    @property
    def parameters(self) -> dict[str, str]:
        return dict(self.query)

    @property
    def token(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    @property
    def json(self) -> Json:
        return json.loads(self.body)


@dataclasses.dataclass(frozen=True)
class Reply:
    status: int = 200
    body: Json | str = dataclasses.field(default_factory=dict)
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    chunked: bool = False


class Connection:
    """The raw connection, for what is no plain answer."""

    def __init__(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        self._handler = handler

    def send(self, data: bytes) -> None:
        self._handler.wfile.write(data)
        self._handler.wfile.flush()

    def read(self, count: int) -> bytes:
        return self._handler.rfile.read(count)

    def begin_stream(self) -> None:
        self.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")

    def send_event(self, kind: str, item: Json) -> None:
        self.send(json.dumps({"type": kind, "object": item}).encode() + b"\n")

    def wait_for_end(self) -> None:
        """Until the client has closed its side."""
        try:
            while self._handler.connection.recv(4096):
                pass
        except OSError:
            pass


Responder = Callable[[Received], Reply] | Callable[[Received, Connection], None] | Reply


def status(code: int, reason: str = "", message: str = "", **details: Any) -> Json:
    out = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message}
    return {**out, "details": details} if details else out


class FakeApiServer:
    """Answers GET, POST and so on of a path by the responder that was given for it: the first of several once, the last for good."""

    def __init__(self, certificate: Certificate, authority: Authority, newest_tls: ssl.TLSVersion | None = None) -> None:
        self.requests: list[Received] = []
        self._responders: dict[str, list[Any]] = {}
        self._lock = threading.Lock()
        self._names: dict[int, str] = {}
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if newest_tls is not None:
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = newest_tls
        context.load_cert_chain(certificate.certificate, certificate.key)
        context.load_verify_locations(authority.certificate)
        context.verify_mode = ssl.CERT_OPTIONAL
        context.sni_callback = self._on_name
        self._server = _Server(("127.0.0.1", 0), self._handler_class(), context)
        self.port: int = self._server.server_address[1]
        self.url = f"https://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def on(self, call: str, *responders: Responder) -> None:
        """`call` is like "GET /api/v1/pods"."""
        with self._lock:
            self._responders[call] = list(responders)

    def asked(self, call: str) -> list[Received]:
        method, path = call.split(" ", 1)
        return [each for each in self.requests if (each.method, each.path) == (method, path)]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _on_name(self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        self._names[id(connection)] = name or ""

    def _take(self, received: Received) -> Any:
        with self._lock:
            self.requests.append(received)
            responders = self._responders.get(f"{received.method} {received.path}")
            if not responders:
                return Reply(404, status(404, "NotFound", f"the fake knows no {received.method} {received.path}"))
            return responders.pop(0) if len(responders) > 1 else responders[0]

    def _handler_class(self) -> type[http.server.BaseHTTPRequestHandler]:
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                path, _, query = self.path.partition("?")
                subject = dict(pair[0] for pair in (self.connection.getpeercert() or {}).get("subject", ()))
                received = Received(
                    self.command,
                    path,
                    urllib.parse.parse_qsl(query, keep_blank_values=True),
                    dict(self.headers.items()),
                    self.rfile.read(int(self.headers.get("Content-Length", 0))),
                    subject.get("commonName", ""),
                    fake._names.get(id(self.connection), ""),
                )
                responder = fake._take(received)
                if isinstance(responder, Reply):
                    self.reply(responder)
                elif responder.__code__.co_argcount == 1:
                    self.reply(responder(received))
                else:
                    self.close_connection = True
                    responder(received, Connection(self))

            do_GET = do_POST = do_PATCH = do_DELETE = answer

            def reply(self, reply: Reply) -> None:
                body = reply.body.encode() if isinstance(reply.body, str) else json.dumps(reply.body).encode()
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if reply.chunked:
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    half = len(body) // 2
                    for part in (body[:half], body[half:]):
                        self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
                    self.wfile.write(b"0\r\n\r\n")
                    return
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                del format, args

        return Handler


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], handler: type[http.server.BaseHTTPRequestHandler], context: ssl.SSLContext) -> None:
        super().__init__(address, handler)
        self._context = context

    def finish_request(self, request: Any, client_address: Any) -> None:
        # In the request's own thread: a handshake that hangs must not keep others waiting.
        try:
            with self._context.wrap_socket(request, server_side=True) as secured:
                super().finish_request(secured, client_address)
        except OSError:
            pass  # the client went away, or refused: what the tests are about

    def handle_error(self, request: Any, client_address: Any) -> None:
        del request, client_address


class WebSocket:
    """The server's side of one WebSocket."""

    def __init__(self, received: Received, connection: Connection, protocol: str, accept: str | None = None) -> None:
        self._connection = connection
        key = received.headers["Sec-WebSocket-Key"]
        computed = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
        connection.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + f"Sec-WebSocket-Accept: {accept or computed}\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n".encode()
        )

    def frame(self, opcode: int, payload: bytes, final: bool = True) -> None:
        length = len(payload)
        size = bytes([length]) if length < 126 else b"\x7e" + struct.pack(">H", length) if length < 65536 else b"\x7f" + struct.pack(">Q", length)
        self._connection.send(bytes([(0x80 if final else 0) | opcode]) + size + payload)

    def channel(self, number: int, data: bytes) -> None:
        self.frame(2, bytes([number]) + data)

    def exit(self, code: int) -> None:
        if code == 0:
            end: Json = {"kind": "Status", "status": "Success"}
        else:
            end = status(500, "NonZeroExitCode", f"command terminated with exit code {code}", causes=[{"reason": "ExitCode", "message": str(code)}])
        self.channel(3, json.dumps(end).encode())

    def read_frame(self) -> tuple[int, bytes]:
        """Of the client: it must be masked."""
        first, second = self._connection.read(2)
        assert second & 0x80, "a client's frames are masked"
        assert second & 0x7F < 126
        mask = self._connection.read(4)
        payload = self._connection.read(second & 0x7F)
        return first & 0x0F, bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))

    def close(self) -> None:
        self.frame(8, struct.pack(">H", 1000))
        opcode, _ = self.read_frame()
        assert opcode == 8


class ConnectProxy:
    """An HTTP proxy that does nothing but CONNECT, to one address whatever it is asked for."""

    def __init__(self, port: int) -> None:
        self.asked: list[str] = []
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        try:
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()
        except OSError:
            return

    def _serve(self, client: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += client.recv(1)
        self.asked.append(head.decode().split(" ")[1])
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        server = socket.create_connection(("127.0.0.1", self._target))
        back = threading.Thread(target=_copy, args=(server, client), daemon=True)
        back.start()
        _copy(client, server)
        back.join()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def pod(name: str, version: int = 1, uid: str = "", **more: Any) -> Json:
    metadata = {"name": name, "namespace": "workers", "uid": uid or f"uid-{name}", "resourceVersion": str(version)}
    return {"kind": "Pod", "apiVersion": "v1", "metadata": metadata, **more}


def pods(items: list[Json], version: int, token: str = "") -> Reply:
    return Reply(body={"kind": "PodList", "metadata": {"resourceVersion": str(version), "continue": token}, "items": items})


def write_token(directory: pathlib.Path, token: str) -> pathlib.Path:
    """By one rename, as kubelet does."""
    path, fresh = directory / "token", directory / "token.new"
    fresh.write_text(token + "\n")
    fresh.rename(path)
    return path
