"""The official client of gRPC's health service, as Kubernetes' probes ask it."""

import contextlib
import queue
import threading
from typing import Iterator

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

NAMES = {value: name for name, value in HealthCheckResponse.ServingStatus.items()}


class HealthClient:
    def __init__(self, address: str) -> None:
        # Loopback, whatever the shell says of proxies.
        self._channel = grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)])
        self._stub = HealthStub(self._channel)

    def close(self) -> None:
        self._channel.close()

    def check(self, service: str) -> str:
        """"SERVING", "NOT_SERVING", or the name of the status with which the call failed."""
        try:
            return NAMES[self._stub.Check(HealthCheckRequest(service=service), timeout=5).status]
        except grpc.RpcError as error:
            return error.code().name

    @contextlib.contextmanager
    def watch(self, service: str) -> Iterator["queue.Queue[str]"]:
        """What the service says of itself from now on, each change once."""
        call = self._stub.Watch(HealthCheckRequest(service=service))
        seen: "queue.Queue[str]" = queue.Queue()

        def read() -> None:
            try:
                for response in call:
                    seen.put(NAMES[response.status])
            except grpc.RpcError as error:
                seen.put(error.code().name)

        reader = threading.Thread(target=read)
        reader.start()
        try:
            yield seen
        finally:
            call.cancel()
            reader.join()
