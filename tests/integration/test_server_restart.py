"""The server goes away and comes back: workers wait and go on, workflows lose nothing that was written."""

import pathlib
from typing import Iterator

import pytest

from harness.programs import clean_environment, lifecycle_program, run_program
from harness.server import TemporalServer
from harness.temporal_api import TemporalApi, completed_steps, now, unique
from harness.workers import WorkerPool

# What is aimed at is 6 s. The bound is for machines that do other things as well; the figure itself is printed.
POLLS_AGAIN_SECONDS = 15


@pytest.fixture
def restartable(tmp_path: pathlib.Path) -> Iterator[TemporalServer]:
    server = TemporalServer(tmp_path, tmp_path / "temporal.sqlite").start()
    yield server
    server.kill()


def test_worker_and_workflow_go_on_after_a_restart_of_the_server(restartable: TemporalServer, tmp_path: pathlib.Path) -> None:
    api = TemporalApi(restartable.address)
    pool = WorkerPool(restartable.address, unique("restart"), tmp_path, api)
    worker = pool.lifecycle("v1.0.0")
    handle = api.start(pool.task_queue, steps=8, step_duration_ms=700)
    api.wait_for_steps(handle, 2)
    restartable.kill()
    # The outage lasts as long as a client waits for the server: long enough for reconnection to back off.
    refused = run_program(
        lifecycle_program(),
        ["start", "quick", "--address", restartable.address, "--client-connect-timeout", "8s", "--no-wait"],
        clean_environment(tmp_path),
    )
    assert refused.exit_code == 3, refused

    restartable.start()
    returned = now()
    worker.wait_for_polls(api, since=returned)
    polled_after = now() - returned
    print(f"\nthe worker polls again {polled_after:.1f} s after the server's return")
    assert polled_after < POLLS_AGAIN_SECONDS

    result = api.result(handle)

    assert result["steps_completed"] == 8
    assert [step["step"] for step in completed_steps(api.events(handle))] == list(range(8))
    assert all(worker.is_behind(identity) for identity in result["workers_used"]), result
    pool.kill_all()
    api.close()
