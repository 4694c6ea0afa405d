"""Workers that come up before what they need: they wait, and serve as soon as it is there."""

import pathlib

from harness.programs import Finished, clean_environment, lifecycle_program, run_program
from harness.ports import free_port
from harness.server import TemporalServer
from harness.temporal_api import TemporalApi, unique
from harness.workers import WorkerPool


def client(directory: pathlib.Path, address: str, *flags: str) -> Finished:
    arguments = ["start", "quick", "--no-wait", "--address", address, "--client-connect-timeout", "2s", *flags]
    return run_program(lifecycle_program(), arguments, clean_environment(directory))


def test_a_worker_started_before_the_server_waits_for_it(tmp_path: pathlib.Path) -> None:
    server = TemporalServer(tmp_path, port=free_port())
    pool = WorkerPool(server.address, unique("early"), tmp_path, api=None)
    worker = pool.lifecycle("v1.0.0", wait=False)
    # A client that gives up is the proof that there was a time without a server.
    assert client(tmp_path, server.address).exit_code == 3
    assert worker.exit_code() is None, worker.log()
    server.start()
    api = TemporalApi(server.address)
    try:
        worker.wait_for_polls(api)
        result = api.result(api.start(pool.task_queue, steps=2, step_duration_ms=0))
        assert result["steps_completed"] == 2 and worker.is_behind(result["workers_used"][0])
    finally:
        pool.kill_all()
        api.close()
        server.kill()


def test_a_worker_started_before_its_namespace_waits_for_it(server: TemporalServer, tmp_path: pathlib.Path) -> None:
    namespace = unique("later")
    pool = WorkerPool(server.address, unique("early"), tmp_path, api=None)
    worker = pool.lifecycle("v1.0.0", "--namespace", namespace, wait=False)
    api = TemporalApi(server.address, namespace)
    try:
        refused = client(tmp_path, server.address, "--namespace", namespace)
        assert refused.exit_code == 5, refused
        assert worker.exit_code() is None, worker.log()
        api.register_namespace()
        worker.wait_for_polls(api)
        result = api.result(api.start(pool.task_queue, steps=2, step_duration_ms=0))
        assert result["steps_completed"] == 2 and worker.is_behind(result["workers_used"][0])
    finally:
        pool.kill_all()
        api.close()
