"""The real Temporal server in development mode, on a port of its own."""

import asyncio
import pathlib
import shutil
import sys
from typing import Mapping

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from .ports import free_port
from .process import ManagedProcess
from .waiting import wait_until


def temporal_program() -> str:
    """`temporal` from the virtual environment that runs us, else from PATH."""
    bundled = pathlib.Path(sys.prefix) / "bin" / "temporal"
    found = str(bundled) if bundled.exists() else shutil.which("temporal")
    if not found:
        raise RuntimeError("no `temporal` program: neither in the virtual environment nor in PATH")
    return found


def answers(address: str) -> bool:
    """Whether a server answers there and serves the namespace `default`."""

    async def ask() -> None:
        client = await Client.connect(address)
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="default"))

    try:
        asyncio.run(asyncio.wait_for(ask(), 5))
        return True
    except (RPCError, RuntimeError, TimeoutError):
        return False


# One partition for each task queue: with the usual four, polls that found no room in the root partition do not show in DescribeTaskQueue.
# A version counts as drained after 3 + 3 minutes by default.
DYNAMIC_CONFIG = {
    "matching.numTaskqueueReadPartitions": "1",
    "matching.numTaskqueueWritePartitions": "1",
    "matching.wv.VersionDrainageStatusVisibilityGracePeriod": '"5s"',
    "matching.wv.VersionDrainageStatusRefreshInterval": '"5s"',
}


class TemporalServer:
    """Can be stopped and started again on the same port; keeps its state when it is given a database file."""

    def __init__(
        self,
        directory: pathlib.Path,
        database: pathlib.Path | None = None,
        port: int | None = None,
        dynamic_config: Mapping[str, str] | None = None,
    ) -> None:
        self.port = port or free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._database = database
        self._dynamic_config = {**DYNAMIC_CONFIG, **(dynamic_config or {})}
        self._log_path = directory / f"server-{self.port}.log"
        self._process: ManagedProcess | None = None

    def start(self) -> "TemporalServer":
        command = [temporal_program(), "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(self.port)]
        # The HTTP port is the gRPC port + 1 by default there, which another server may hold.
        command += ["--http-port", str(free_port()), "--log-level", "error"]
        for name, value in self._dynamic_config.items():
            command += ["--dynamic-config-value", f"{name}={value}"]
        if self._database:
            command += ["--db-filename", str(self._database)]
        process = ManagedProcess(command, self._log_path)
        self._process = process
        wait_until(lambda: answers(self.address) or process.exit_code() is not None, "a server that answers", 60, process.log)
        if process.exit_code() is not None:
            raise RuntimeError(f"the server ended at its start:\n{process.log()}")
        return self

    def kill(self) -> None:
        if self._process:
            self._process.kill()

    def remove(self) -> None:
        self.kill()
