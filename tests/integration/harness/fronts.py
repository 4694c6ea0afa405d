"""What may stand between a client and Temporal: TLS, a check of API keys, an HTTP proxy. Each passes on to a real server."""

import asyncio
import concurrent.futures
import contextlib
import pathlib
import select
import socket
import ssl
import struct
import threading
import time
import warnings
from typing import Any, Coroutine, Mapping

import grpc
import pytest

from .certificates import Certificate
from .programs import sanitizers

# For files whose programs speak TLS.
NOT_WITH_THREAD_SANITIZER = pytest.mark.skipif(
    sanitizers() == "thread", reason="what TLS adds happens inside of OpenSSL, of which ThreadSanitizer sees only every other function"
)

HTTP2_PREFACE_BYTES = 24
HTTP2_FRAME_HEADER_BYTES = 9
PING, ACK = 6, 1


class _LoopThread:
    """An event loop on a thread of its own, on 127.0.0.1 and a free port."""

    def __init__(self) -> None:
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: asyncio.Server | None = None

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    def _listen(self, handler: Any) -> None:
        async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await handler(reader, writer)
            except (OSError, asyncio.IncompleteReadError):
                pass  # one side has gone: that is how connections end
            finally:
                writer.close()

        async def start() -> None:
            self._server = await asyncio.start_server(guarded, "127.0.0.1", 0)
            self.port = self._server.sockets[0].getsockname()[1]

        self._run(start())

    def close(self) -> None:
        async def stop() -> None:
            if self._server:
                self._server.close()
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self._run(stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while block := await reader.read(65536):
            writer.write(block)
            await writer.drain()
    finally:
        writer.close()


async def _join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.gather(_pump(reader, server_writer), _pump(server_reader, writer), return_exceptions=True)


class _PingWatch:
    """Notes when a client sends HTTP/2 pings of its own."""

    def __init__(self, times: list[float]) -> None:
        self._times = times
        self._bytes = b""
        self._skip = HTTP2_PREFACE_BYTES

    def __call__(self, block: bytes) -> None:
        self._bytes += block
        while True:
            skipped = self._bytes[: self._skip]
            self._skip -= len(skipped)
            self._bytes = self._bytes[len(skipped) :]
            if len(self._bytes) < HTTP2_FRAME_HEADER_BYTES:
                return
            high, low, kind, flags = struct.unpack_from(">BHBB", self._bytes)
            if kind == PING and not flags & ACK:
                self._times.append(time.monotonic())
            self._skip = HTTP2_FRAME_HEADER_BYTES + (high << 16) + low


class TlsFront:
    """Ends TLS and pumps the bytes to the plaintext server on `port`. With `client_ca` it demands a client certificate.

    A thread for each connection, and OpenSSL on the socket itself: asyncio would swallow the alerts of a failed handshake.
    """

    def __init__(
        self,
        port: int,
        certificate: Certificate,
        client_ca: pathlib.Path | None = None,
        version: ssl.TLSVersion | None = None,
        alpn: bool = True,
        hang_up: bool = False,
    ) -> None:
        self.peers: list[str] = []  # serial numbers of the client certificates, in the order of the connections
        self.ping_times: list[float] = []
        self._server_port = port
        self._hang_up = hang_up  # after each handshake
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.show(certificate)
        if alpn:
            self._context.set_alpn_protocols(["h2"])
        if client_ca:
            self._context.verify_mode = ssl.CERT_REQUIRED
            self._context.load_verify_locations(client_ca)
        if version:
            self._context.set_ciphers("DEFAULT@SECLEVEL=0")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # old versions are old: that is the test
                self._context.minimum_version = self._context.maximum_version = version
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._connections: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def show(self, certificate: Certificate) -> None:
        """The certificate for new connections."""
        self._context.load_cert_chain(certificate.certificate, certificate.key)

    def drop_connections(self) -> None:
        """Ends those that there are; new ones are accepted."""
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop_connections()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:  # a refused client and a lost connection are what the tests are about
            with self._context.wrap_socket(connection, server_side=True) as encrypted:
                self._connections.add(encrypted)  # before anybody can see it in `peers` and wish to end it
                try:
                    peer = encrypted.getpeercert()
                    self.peers.append(peer["serialNumber"] if peer else "")
                    if self._hang_up:
                        return
                    with socket.create_connection(("127.0.0.1", self._server_port)) as server:
                        self._pump(encrypted, server, _PingWatch(self.ping_times))
                finally:
                    self._connections.discard(encrypted)

    @staticmethod
    def _pump(encrypted: ssl.SSLSocket, server: socket.socket, see: _PingWatch) -> None:
        """Both directions on one thread: two would use OpenSSL's connection at once."""
        while True:
            ready = [encrypted] if encrypted.pending() else select.select([encrypted, server], [], [])[0]
            if encrypted in ready:
                block = encrypted.recv(65536)
                if not block:
                    return
                see(block)
                server.sendall(block)
            if server in ready:
                block = server.recv(65536)
                if not block:
                    return
                encrypted.sendall(block)


class ConnectProxy(_LoopThread):
    """An HTTP proxy that knows the hosts in `hosts` (name to port on this machine) and refuses all others."""

    def __init__(self, hosts: Mapping[str, int], authorization: str = "") -> None:
        super().__init__()
        self.asked: list[str] = []

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            target = head.split()[1]
            self.asked.append(target)
            allowed = not authorization or f"proxy-authorization: basic {authorization}".lower() in head.lower()
            if not allowed or target not in hosts:
                writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n" if not allowed else b"HTTP/1.1 403 Forbidden\r\n\r\n")
                await writer.drain()
                return
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            await _join(reader, writer, hosts[target])

        self._listen(handle)


class ApiKeyFront:
    """A gRPC server with TLS that asks for an API key and passes calls with a good one on to the server at `address`."""

    def __init__(self, address: str, certificate: Certificate, key: str, listens_on: str = "127.0.0.1") -> None:
        self.key = key  # may be changed at any time
        self.refused: list[str] = []  # methods
        self.denied_methods: set[str] = set()  # that this key has no permission for
        self._channel = grpc.insecure_channel(address)
        self._server = grpc.server(concurrent.futures.ThreadPoolExecutor(64))
        self._server.add_generic_rpc_handlers((_Forwarding(self, self._channel),))
        credentials = grpc.ssl_server_credentials([(certificate.key.read_bytes(), certificate.certificate.read_bytes())])
        self.port = self._server.add_secure_port(f"{listens_on}:0", credentials)
        self._server.start()

    def check(self, method: str, context: grpc.ServicerContext) -> None:
        name = method.rpartition("/")[2]
        if dict(context.invocation_metadata()).get("authorization") != f"Bearer {self.key}":
            self.refused.append(name)
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "Request unauthorized.")
        if name in self.denied_methods:
            self.refused.append(name)
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "Request unauthorized.")

    def close(self) -> None:
        self._server.stop(None).wait()
        self._channel.close()


class _Forwarding(grpc.GenericRpcHandler):
    def __init__(self, front: ApiKeyFront, channel: grpc.Channel) -> None:
        self._front = front
        self._channel = channel

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        forward = self._channel.unary_unary(details.method)

        def handle(request: bytes, context: grpc.ServicerContext) -> bytes:
            self._front.check(details.method, context)
            metadata = [(name, value) for name, value in context.invocation_metadata() if name.startswith(("client-", "temporal-"))]
            call = forward.future(request, timeout=context.time_remaining(), metadata=metadata)
            context.add_callback(call.cancel)
            try:
                return call.result()
            except grpc.RpcError as error:
                context.set_trailing_metadata([item for item in error.trailing_metadata() or () if item[0] == "grpc-status-details-bin"])
                context.abort(error.code(), error.details())
            except grpc.FutureCancelledError:
                context.abort(grpc.StatusCode.CANCELLED, "cancelled by the client")
            raise AssertionError("abort() raises")

        return grpc.unary_unary_rpc_method_handler(handle)
