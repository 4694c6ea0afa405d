"""One real Temporal server for all tests of a run, a task queue of its own for each test."""

import pathlib
from typing import Callable, Iterator, Mapping

import pytest

from harness.chosen_server import Server, chosen_server
from harness.deployment import Deployment
from harness.process import ManagedProcess
from harness.programs import Finished, build_go_peer, clean_environment, lifecycle_program, run_program
from harness.temporal_api import TemporalApi, unique
from harness.workers import WorkerPool


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    chosen = chosen_server(tmp_path_factory.mktemp("server"))
    try:
        yield chosen.start()
    finally:
        chosen.remove()


@pytest.fixture(scope="session")
def api(server: Server) -> Iterator[TemporalApi]:
    connected = TemporalApi(server.address)
    yield connected
    connected.close()


@pytest.fixture
def queue() -> str:
    return unique("queue")


@pytest.fixture
def workers(server: Server, api: TemporalApi, queue: str, tmp_path: pathlib.Path) -> Iterator[WorkerPool]:
    pool = WorkerPool(server.address, queue, tmp_path, api)
    yield pool
    print(pool.logs())  # pytest shows it when the test failed
    pool.kill_all()


@pytest.fixture
def lifecycle(server: Server, tmp_path: pathlib.Path) -> Callable[..., Finished]:
    """Runs our command line against the server and waits for its end: lifecycle("quick", "-t", queue). None in `env` unsets a variable."""

    def run(*arguments: str, env: Mapping[str, str | None] | None = None, seconds: float = 120) -> Finished:
        settings = {"TEMPORAL_ADDRESS": server.address, **(env or {})}
        set_ones = {name: value for name, value in settings.items() if value is not None}
        return run_program(lifecycle_program(), arguments, clean_environment(tmp_path, set_ones), seconds)

    return run


@pytest.fixture
def client_process(server: Server, tmp_path: pathlib.Path) -> Iterator[Callable[..., ManagedProcess]]:
    """Starts our command line in the background: client_process("quick", "-t", queue). Stdout in output(), stderr in log()."""
    processes: list[ManagedProcess] = []

    def start(*arguments: str) -> ManagedProcess:
        number = len(processes)
        env = clean_environment(tmp_path, {"TEMPORAL_ADDRESS": server.address})
        command = [lifecycle_program(), *arguments]
        processes.append(ManagedProcess(command, tmp_path / f"client-{number}.err", env, tmp_path / f"client-{number}.out"))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()


@pytest.fixture
def deployment(workers: WorkerPool, lifecycle: Callable[..., Finished], api: TemporalApi) -> Deployment:
    return Deployment(workers, lifecycle, api)


@pytest.fixture
def go_workers(workers: WorkerPool) -> WorkerPool:
    """The same pool, in tests that need the Go peer."""
    if build_go_peer() is None:
        pytest.skip("no Go tool chain (`go`) in PATH: the Go peer cannot be built")
    return workers
