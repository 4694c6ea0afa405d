"""Workers under their small parent, found by the process that executes tasks."""

import os
import pathlib
import signal

from .waiting import wait_until
from .workers import WorkerPool, WorkerProcess


def children_of(pid: int) -> list[int]:
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class SupervisedWorker:
    """`parent` is the process that was started, `pid` the worker that it watches."""

    def __init__(self, parent: WorkerProcess, pid: int) -> None:
        self.parent = parent
        self.pid = pid

    def is_behind(self, identity: str) -> bool:
        return identity.startswith(f"{self.pid}@")

    def send(self, signal_number: int) -> None:
        """To the worker itself, as a fault injector would."""
        os.kill(self.pid, signal_number)

    def kill(self, seconds: float = 30) -> int:
        """SIGKILL for the worker; what the parent then ends with."""
        self.send(signal.SIGKILL)
        return self.parent.wait(seconds)


def start_supervised(workers: WorkerPool, *flags: str, version: str = "v1.0.0") -> SupervisedWorker:
    """Returns when the server has seen the worker's polls."""
    parent = workers.lifecycle(version, "--supervise", *flags, wait=False)
    wait_until(lambda: children_of(parent.pid), "the worker under its parent", context=parent.log)
    (pid,) = children_of(parent.pid)
    assert workers.api is not None
    api = workers.api
    wait_until(lambda: api.polls(workers.task_queue, pid), f"polls of worker {pid}", 60, parent.log)
    return SupervisedWorker(parent, pid)
