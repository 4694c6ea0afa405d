"""A way to the server that can be shut: what a worker says from then on never arrives, and nobody but the worker's death ends its connection."""

import contextlib
import socket
import threading


class Gate:
    """Forwards connections to `address` on a port of its own. shut() swallows all that comes over the connections of that moment; later ones are
    not touched, so that whoever speaks for the worker afterwards is heard."""

    def __init__(self, address: str) -> None:
        host, port = address.rsplit(":", 1)
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._lock = threading.Lock()
        self._open: list[tuple[threading.Event, socket.socket, socket.socket]] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def shut(self) -> None:
        with self._lock:
            for swallowing, _, _ in self._open:
                swallowing.set()

    def close(self) -> None:
        self._listener.close()
        with self._lock:
            for _, client, server in self._open:
                client.close()
                server.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed
            server = socket.create_connection(self._target)
            swallowing = threading.Event()
            with self._lock:
                self._open.append((swallowing, client, server))
            threading.Thread(target=self._pump, args=(client, server, swallowing), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, None), daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket, swallowing: threading.Event | None) -> None:
        try:
            while data := source.recv(65536):
                if not (swallowing and swallowing.is_set()):
                    sink.sendall(data)
        except OSError:
            pass  # the other end is gone
        finally:
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_RDWR)
