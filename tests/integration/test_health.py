"""What a worker says of its own health, asked by the official client, by `lifecycle probe` and by `temporal worker list`."""

import contextlib
import json
import os
import pathlib
import subprocess
from typing import Iterator

from harness.health import HealthClient
from harness.process import ManagedProcess
from harness.programs import Finished, clean_environment, lifecycle_program, run_program
from harness.server import TemporalServer, free_port, temporal_program
from harness.temporal_api import TemporalApi, unique
from harness.waiting import wait_until
from harness.workers import WorkerPool, WorkerProcess


def probe(directory: pathlib.Path, *arguments: str) -> Finished:
    return run_program(lifecycle_program(), ["probe", *arguments], clean_environment(directory))


@contextlib.contextmanager
def asking(address: str) -> Iterator[HealthClient]:
    client = HealthClient(address)
    try:
        yield client
    finally:
        client.close()


def wait_for(client: HealthClient, service: str, status: str, worker: ManagedProcess) -> None:
    wait_until(lambda: client.check(service) == status, f"{service} is {status}", 30, worker.log)


def listed_workers(server: TemporalServer, queue: str) -> list[dict]:
    """What `temporal worker list` shows of one task queue."""
    command = [temporal_program(), "worker", "list", "--address", server.address, "--query", f'TaskQueue="{queue}"', "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    return [one["workerHeartbeat"] for one in json.loads(done.stdout or "[]")]


def test_ready_follows_the_server_and_live_does_not(tmp_path: pathlib.Path) -> None:
    server = TemporalServer(tmp_path, tmp_path / "temporal.sqlite").start()
    api = TemporalApi(server.address)
    pool = WorkerPool(server.address, unique("health"), tmp_path, api)
    address = f"127.0.0.1:{free_port()}"
    try:
        worker = pool.lifecycle("v1.0.0", "--health-address", address)
        with asking(address) as client, client.watch("ready") as ready, client.watch("live") as live:
            wait_for(client, "ready", "SERVING", worker)
            assert client.check("") == "SERVING" and client.check("startup") == "SERVING"
            first = ready.get(timeout=10)
            assert (first if first == "SERVING" else ready.get(timeout=10)) == "SERVING"
            assert live.get(timeout=10) == "SERVING"

            server.kill()

            assert ready.get(timeout=30) == "NOT_SERVING"
            assert client.check("ready") == client.check("") == "NOT_SERVING"
            assert client.check("startup") == "SERVING"
            assert client.check("live") == "SERVING"
            told = probe(tmp_path, "ready", "--health-address", address)
            assert told.exit_code == 1 and "polls for" in told.stdout and "UNAVAILABLE" in told.stdout, told

            server.start()

            assert ready.get(timeout=30) == "SERVING"
            assert api.result(api.start(pool.task_queue, steps=1, step_duration_ms=0))["steps_completed"] == 1
            assert live.empty() and ready.empty()
        assert "not ready" in worker.log() and "ready: polls are accepted" in worker.log()
    finally:
        print(pool.logs())
        pool.kill_all()
        api.close()
        server.kill()


def test_without_a_server_the_worker_is_live_but_has_not_started(tmp_path: pathlib.Path) -> None:
    pool = WorkerPool(f"127.0.0.1:{free_port()}", unique("health"), tmp_path, api=None)
    address = f"127.0.0.1:{free_port()}"
    try:
        worker = pool.lifecycle("v1.0.0", "--health-address", address, wait=False)
        with asking(address) as client:
            wait_for(client, "live", "SERVING", worker)
            assert client.check("startup") == client.check("ready") == "NOT_SERVING"
        told = wait_until(
            lambda: (one := probe(tmp_path, "startup", "--health-address", address)) and "is the server up?" in one.stdout and one,
            "the reason",
            context=worker.log,
        )
        assert told.exit_code == 1, told
    finally:
        pool.kill_all()


def test_a_namespace_that_is_not_there_is_named_and_waited_for(server: TemporalServer, tmp_path: pathlib.Path) -> None:
    namespace = unique("later")
    pool = WorkerPool(server.address, unique("health"), tmp_path, api=None)
    address = f"127.0.0.1:{free_port()}"
    api = TemporalApi(server.address, namespace)
    try:
        worker = pool.lifecycle("v1.0.0", "--health-address", address, "--namespace", namespace, wait=False)
        wait_until(lambda: "the namespace does not exist on this server" in worker.log(), "the error", context=worker.log)
        assert f"namespace={namespace}" in worker.log()
        with asking(address) as client:
            assert client.check("startup") == client.check("ready") == "NOT_SERVING"
            assert client.check("live") == "SERVING"
            api.register_namespace()
            wait_for(client, "startup", "SERVING", worker)
            wait_for(client, "ready", "SERVING", worker)
    finally:
        pool.kill_all()
        api.close()


def test_the_service_keeps_to_the_standard(server: TemporalServer, workers: WorkerPool) -> None:
    address = f"127.0.0.1:{free_port()}"
    worker = workers.lifecycle("v1.0.0", "--health-address", address)
    with asking(address) as client:
        wait_for(client, "ready", "SERVING", worker)
        assert client.check("other") == "NOT_FOUND"
        with client.watch("other") as other:
            assert other.get(timeout=10) == "SERVICE_UNKNOWN"
        with contextlib.ExitStack() as stack:  # many at once
            watches = [stack.enter_context(client.watch("live")) for _ in range(20)]
            assert [watch.get(timeout=10) for watch in watches] == ["SERVING"] * 20
        with client.watch("ready") as ready:
            assert ready.get(timeout=10) == "SERVING"
            assert worker.stop() == 0
            seen = ready.get(timeout=10)  # a worker that stops ends the watch, and may say before that it is not ready
            assert (ready.get(timeout=10) if seen == "NOT_SERVING" else seen) in ("CANCELLED", "UNAVAILABLE")


def test_the_probe_tells_serving_from_not_serving_from_nobody(
    server: TemporalServer, workers: WorkerPool, tmp_path: pathlib.Path
) -> None:
    address = f"127.0.0.1:{free_port()}"
    nobody = probe(tmp_path, "--health-address", address)
    assert nobody.exit_code == 3 and f"no health service at {address}" in nobody.stderr, nobody
    worker = workers.lifecycle("v1.0.0", "--health-address", address)
    wait_until(lambda: probe(tmp_path, "--health-address", address).exit_code == 0, "a probe that succeeds", context=worker.log)
    by_environment = run_program(
        lifecycle_program(), ["probe", "live", "-o", "json"], clean_environment(tmp_path, {"LIFECYCLE_HEALTH_ADDRESS": address})
    )
    assert json.loads(by_environment.stdout) == {"service": "live", "serving": True, "reason": ""}
    settings = tmp_path / "worker.toml"
    settings.write_text(f'[worker]\nhealth_address = "{address}"\n')
    assert probe(tmp_path, "startup", "--settings-file", str(settings)).exit_code == 0
    other = probe(tmp_path, "--health-address", server.address)
    assert other.exit_code == 1 and "is no worker's health service" in other.stderr, other
    assert probe(tmp_path).exit_code == 2
    assert probe(tmp_path, "alive").exit_code == 2
    assert probe(tmp_path, "--health-address", "8086").exit_code == 2


def test_a_stopped_process_does_not_answer_the_probe(workers: WorkerPool, tmp_path: pathlib.Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    worker = workers.lifecycle("v1.0.0", "--health-address", address)
    wait_until(lambda: probe(tmp_path, "live", "--health-address", address).exit_code == 0, "a probe that succeeds", context=worker.log)
    worker.send(19)
    silent = probe(tmp_path, "live", "--health-address", address, "--timeout", "300ms")
    worker.send(18)
    assert silent.exit_code == 3 and "has not answered within 300ms" in silent.stderr, silent
    assert probe(tmp_path, "live", "--health-address", address, "--timeout", "10s").exit_code == 0


def test_a_health_address_that_is_taken_ends_the_worker_at_once(workers: WorkerPool) -> None:
    address = f"127.0.0.1:{free_port()}"
    workers.lifecycle("v1.0.0", "--health-address", address)
    second = workers.lifecycle("v1.0.0", "--health-address", address, wait=False)
    assert second.wait() == 1
    assert f"health address {address}: cannot be listened on" in second.log()


def test_without_a_health_address_nothing_listens(workers: WorkerPool) -> None:
    worker = workers.lifecycle("v1.0.0")
    sockets = set()
    for descriptor in pathlib.Path(f"/proc/{worker.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            sockets.add(os.readlink(descriptor))
    listening = [line.split()[9] for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"]
    assert not {f"socket:[{inode}]" for inode in listening} & sockets


def test_a_loop_that_is_stuck_is_told_and_then_not_live(server: TemporalServer, api: TemporalApi, queue: str, tmp_path: pathlib.Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    command = [os.environ["LIFECYCLE_STUCK_WORKER"], server.address, queue, address]
    worker = ManagedProcess(command, tmp_path / "stuck.log", clean_environment(tmp_path))
    try:
        with asking(address) as client, contextlib.ExitStack() as stack:
            wait_for(client, "ready", "SERVING", worker)
            live = stack.enter_context(client.watch("live"))
            assert live.get(timeout=10) == "SERVING"
            workflow_id = unique("stuck")
            handle = api.run(api.client.start_workflow("Stuck", id=workflow_id, task_queue=queue))
            wait_until(lambda: "does not yield" in worker.log(), "the warning", context=worker.log)
            assert client.check("live") == "SERVING"  # a warning is no verdict
            assert f"workflow_id={workflow_id}" in worker.log() and "workflow_type=Stuck" in worker.log()
            assert live.get(timeout=30) == "NOT_SERVING"
            told = probe(tmp_path, "live", "--health-address", address)
            assert told.exit_code == 1 and f"code of workflow '{workflow_id}' (Stuck) does not yield" in told.stdout, told
        assert worker.exit_code() is None
        api.run(handle.terminate())
    finally:
        worker.kill()


def test_temporal_worker_list_shows_the_worker_and_its_end(server: TemporalServer, workers: WorkerPool, api: TemporalApi) -> None:
    worker = workers.lifecycle("v1.0.0", "--worker-heartbeat-interval", "1s", "--max-concurrent-activities", "7")
    (seen,) = wait_until(lambda: listed_workers(server, worker.task_queue), "the worker in `temporal worker list`", context=worker.log)
    assert worker.is_behind(seen["workerIdentity"])
    assert seen["status"] == "WORKER_STATUS_RUNNING"
    assert seen["hostInfo"]["processId"] == str(worker.pid)
    assert seen["sdkName"] == "temporal-cpp-lifecycle"
    assert seen["activityTaskSlotsInfo"]["currentAvailableSlots"] == 7
    api.result(api.start(worker.task_queue, steps=3, step_duration_ms=0))

    def counted() -> dict | None:
        (one,) = listed_workers(server, worker.task_queue)
        return one if one["activityTaskSlotsInfo"].get("totalProcessedTasks") == 3 else None

    again = wait_until(counted, "a heartbeat that counts the activities", context=worker.log)
    assert again["workerInstanceKey"] == seen["workerInstanceKey"]
    assert again["activityPollerInfo"]["currentPollers"] == 5 and "lastSuccessfulPollTime" in again["activityPollerInfo"]
    assert worker.stop() == 0
    (ended,) = listed_workers(server, worker.task_queue)
    assert ended["status"] == "WORKER_STATUS_SHUTTING_DOWN"


def test_heartbeats_can_be_switched_off(server: TemporalServer, workers: WorkerPool, api: TemporalApi) -> None:
    worker = workers.lifecycle("v1.0.0", "--worker-heartbeat-interval", "0s")
    wait_until(lambda: "connected server_version=" in worker.log(), "the server's answer", context=worker.log)
    api.result(api.start(worker.task_queue, steps=1, step_duration_ms=0))
    assert listed_workers(server, worker.task_queue) == []


def start_of_steps(api: TemporalApi, handles: list) -> list[float]:
    """When the activities of these workflows were started, by the server's clock, in order."""
    return sorted(
        event.event_time.ToNanoseconds() / 1e9
        for handle in handles
        for event in api.events(handle)
        if event.HasField("activity_task_started_event_attributes")
    )


def most_within(times: list[float], seconds: float) -> int:
    return max(sum(begin <= time < begin + seconds for time in times) for begin in times)


def test_a_worker_begins_no_more_activities_than_its_rate(workers: WorkerPool, api: TemporalApi) -> None:
    rate, steps, workflows = 5, 5, 6
    worker: WorkerProcess = workers.lifecycle("v1.0.0", "--max-activities-per-second", str(rate))
    handles = [api.start(worker.task_queue, steps=steps, step_duration_ms=0) for _ in range(workflows)]
    for handle in handles:
        api.result(handle)
    times = start_of_steps(api, handles)
    assert len(times) == steps * workflows
    most = most_within(times, 1)
    print(f"\n{len(times)} activities in {times[-1] - times[0]:.1f} s, at most {most} in one second; {rate} a second are allowed")
    assert most <= 2 * rate + 1  # a second's worth at once, and the rate; one for the clocks
    assert times[-1] - times[0] >= (steps * workflows - rate) / rate - 0.5


def test_the_server_hands_out_no_more_activities_than_the_queues_rate(workers: WorkerPool, api: TemporalApi) -> None:
    rate, steps, workflows = 4, 5, 4
    worker = workers.lifecycle("v1.0.0", "--max-task-queue-activities-per-second", str(rate))
    handles = [api.start(worker.task_queue, steps=steps, step_duration_ms=0) for _ in range(workflows)]
    for handle in handles:
        api.result(handle)
    times = start_of_steps(api, handles)
    took = times[-1] - times[0]
    print(f"\n{len(times)} activities in {took:.1f} s; {rate} a second are allowed")
    assert took >= (steps * workflows - 2 * rate) / rate
