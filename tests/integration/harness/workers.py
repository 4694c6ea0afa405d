"""Worker processes on one task queue, of whatever SDK, found again by the identity that the server reports."""

import pathlib
import signal
from typing import Mapping, Sequence

from .process import ManagedProcess
from .programs import build_go_peer, clean_environment, lifecycle_program, python_peer_command
from .temporal_api import QUEUE_TYPES, QueueTypes, TemporalApi
from .waiting import wait_until


class WorkerProcess(ManagedProcess):
    """A worker that polls `task_queue` as `version`."""

    def __init__(
        self, command: Sequence[str], task_queue: str, version: str, log_path: pathlib.Path, env: Mapping[str, str] | None
    ) -> None:
        super().__init__(command, log_path, env)
        self.task_queue = task_queue
        self.version = version

    def is_behind(self, identity: str) -> bool:
        return identity.startswith(f"{self.pid}@")

    def wait_for_polls(
        self, api: TemporalApi, since: float = 0, seconds: float = 60, queue_types: QueueTypes = QUEUE_TYPES
    ) -> None:
        """Waits until the server has seen polls for these kinds of tasks by this very process."""

        def polls() -> bool:
            if self.exit_code() is not None:
                raise AssertionError(f"the worker ended with {self.exit_code()} before it polled:\n{self.log()}")
            return api.polls(self.task_queue, self.pid, since, queue_types)

        wait_until(polls, f"polls of worker {self.pid} on {self.task_queue}", seconds, self.log)

    def kill_at_once(self) -> None:
        """What a lost node or an out-of-memory kill does: nothing is told to anybody."""
        self.send(signal.SIGKILL)
        self.wait()


class WorkerPool:
    """Starts the workers of one test and ends them after it."""

    def __init__(self, address: str, task_queue: str, directory: pathlib.Path, api: TemporalApi | None) -> None:
        self.address = address
        self.task_queue = task_queue
        self.workers: list[WorkerProcess] = []
        self._directory = directory
        self.api = api

    def lifecycle(self, version: str = "v1.0.0", *flags: str, wait: bool = True, env: Mapping[str, str] | None = None) -> WorkerProcess:
        """Our worker. With `wait` it returns when the server has seen its polls."""
        return self._start([str(lifecycle_program()), "worker"], version, flags, wait, env)

    def python(self, version: str = "python-1", *flags: str, wait: bool = True) -> WorkerProcess:
        return self._start(python_peer_command(), version, flags, wait, None)

    def go(self, version: str = "go-1", *flags: str) -> WorkerProcess | None:
        """None where there is no Go tool chain."""
        program = build_go_peer()
        return self._start([str(program)], version, flags, True, None) if program else None

    def start(self, program: Sequence[str], version: str, flags: Sequence[str]) -> WorkerProcess:
        """A worker of the tests' own, with the flags that all of them know."""
        return self._start(program, version, flags, True, None)

    def behind(self, identity: str) -> WorkerProcess:
        """The worker that the server names by this identity: only ever one that this pool started."""
        for worker in self.workers:
            if worker.is_behind(identity):
                return worker
        raise AssertionError(f"no worker of this test is behind the identity {identity!r}")

    def other_than(self, one: WorkerProcess) -> WorkerProcess:
        (other,) = [worker for worker in self.workers if worker is not one]
        return other

    def kill_all(self) -> None:
        for worker in self.workers:
            worker.kill()

    def logs(self) -> str:
        return "\n".join(f"--- worker {worker.pid} {worker.version}\n{worker.log()[-4000:]}" for worker in self.workers)

    def _start(
        self, program: Sequence[str], version: str, flags: Sequence[str], wait: bool, env: Mapping[str, str] | None
    ) -> WorkerProcess:
        command = [*program, "--address", self.address, "--task-queue", self.task_queue, "--worker-version", version, *flags]
        log_path = self._directory / f"worker-{len(self.workers)}.log"
        worker = WorkerProcess(command, self.task_queue, version, log_path, clean_environment(self._directory, env))
        self.workers.append(worker)
        if wait:
            assert self.api is not None
            worker.wait_for_polls(self.api)
        return worker
