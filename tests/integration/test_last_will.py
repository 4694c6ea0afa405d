"""A supervised worker that dies: the server hears of it at once, and another worker goes on where it was."""

import pathlib
import signal
import subprocess
import time
from typing import Callable, Iterator

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle

from harness.gate import Gate
from harness.process import ManagedProcess
from harness.programs import Finished, clean_environment, lifecycle_program, sanitizers
from harness.server import TemporalServer
from harness.supervised import SupervisedWorker, children_of, start_supervised
from harness.temporal_api import TemporalApi, completed_steps, count, started
from harness.waiting import wait_until
from harness.workers import WorkerPool

# Without a will: 5 s until the heartbeat time-out, 10 s until a workflow task's, and the retry's delay on top.
HEARD_SECONDS = 4.0


def one_of(candidates: list[SupervisedWorker], identity: str) -> SupervisedWorker:
    (found,) = [worker for worker in candidates if worker.is_behind(identity)]
    return found


def seconds_until_second_attempt(api: TemporalApi, handle: WorkflowHandle, context: Callable[[], str]) -> float:
    begin = time.monotonic()
    wait_until(
        lambda: (step := api.pending_activity(handle)) and step.attempt == 2 and started(step), "a second attempt", 30, context=context
    )
    return time.monotonic() - begin


def assert_each_step_once(api: TemporalApi, handle: WorkflowHandle, steps: int) -> None:
    events = api.events(handle)
    assert [step["step"] for step in completed_steps(events)] == list(range(steps)), "a step was lost, doubled or out of order"
    assert count(events, EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED) == steps


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGKILL, 137), (signal.SIGSEGV, 139), (signal.SIGABRT, 134)])
def test_a_step_goes_on_elsewhere_at_once_whatever_killed_its_worker(
    api: TemporalApi, workers: WorkerPool, queue: str, number: signal.Signals, exit_code: int
) -> None:
    if number == signal.SIGSEGV and sanitizers():
        pytest.skip("a sanitizer turns this signal into a report and an exit code of its own")
    pair = [start_supervised(workers) for _ in range(2)]
    handle = api.start(queue, steps=3, step_duration_ms=3000)
    victim = one_of(pair, api.wait_for_started_step(handle, after_steps=1).last_worker_identity)
    victim.send(number)

    seconds = seconds_until_second_attempt(api, handle, workers.logs)

    assert seconds < HEARD_SECONDS
    assert victim.parent.wait() == exit_code, victim.parent.log()
    failure = api.pending_activity(handle).last_failure
    assert number.name in failure.message and failure.application_failure_info.type == "WorkerDied", failure
    assert api.result(handle)["retries"] == 1
    assert_each_step_once(api, handle, 3)


def test_progress_that_was_throttled_is_not_lost(api: TemporalApi, workers: WorkerPool, queue: str) -> None:
    pair = [start_supervised(workers) for _ in range(2)]
    # Heartbeats come each 500 ms and are sent at most every 4 s: the server knows of 500 ms alone when the worker dies after 2.5 s.
    handle = api.start(queue, steps=1, step_duration_ms=8000)
    step = api.wait_for_started_step(handle)
    began = step.last_started_time.ToNanoseconds() / 1e9
    wait_until(lambda: time.time() > began + 2.6, "2.6 s of work")
    one_of(pair, step.last_worker_identity).kill()
    seconds_until_second_attempt(api, handle, workers.logs)
    api.result(handle)

    (completed,) = [e for e in api.events(handle) if e.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED]
    (resumed,) = [e for e in api.events(handle) if e.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED]
    attempt_seconds = (completed.event_time.ToNanoseconds() - resumed.event_time.ToNanoseconds()) / 1e9
    print(f"\nthe second attempt worked for {attempt_seconds:.1f} s of 8 s")
    assert attempt_seconds < 6.8, "it began again from what the server had been sent, or from the start"


@pytest.fixture
def gate(server: TemporalServer) -> Iterator[Gate]:
    opened = Gate(server.address)
    yield opened
    opened.close()


@pytest.fixture
def gated(gate: Gate, api: TemporalApi, queue: str, tmp_path: pathlib.Path) -> Iterator[WorkerPool]:
    """Workers that reach the server through the gate; those of `workers` go there directly."""
    directory = tmp_path / "gated"
    directory.mkdir()
    pool = WorkerPool(gate.address, queue, directory, api)
    yield pool
    print(pool.logs())  # pytest shows it when the test failed
    pool.kill_all()


def test_a_workflow_task_goes_to_another_worker_at_once(
    api: TemporalApi, workers: WorkerPool, queue: str, gate: Gate, gated: WorkerPool
) -> None:
    victim = start_supervised(gated)
    gate.shut()  # its polls are open: it gets the task, and its completion does not arrive
    handle = api.start(queue, steps=1, step_duration_ms=0)
    wait_until(
        lambda: count(api.events(handle), EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED), "a started workflow task", context=gated.logs
    )
    workers.lifecycle()
    killed = time.monotonic()
    assert victim.kill() == 137
    api.result(handle)
    seconds = time.monotonic() - killed

    failed = [e for e in api.events(handle) if e.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED]
    assert len(failed) == 1, victim.parent.log()
    assert "SIGKILL" in failed[0].workflow_task_failed_event_attributes.failure.message
    assert seconds < HEARD_SECONDS
    assert_each_step_once(api, handle, 1)


def test_a_step_whose_completion_was_lost_with_its_worker_is_done_again_and_counted_once(
    api: TemporalApi, workers: WorkerPool, queue: str, gate: Gate, gated: WorkerPool
) -> None:
    victim = start_supervised(gated)
    handle = api.start(queue, steps=1, step_duration_ms=1500)
    step = api.wait_for_started_step(handle)
    gate.shut()
    began = step.last_started_time.ToNanoseconds() / 1e9
    wait_until(lambda: time.time() > began + 2, "the end of the step in its worker")
    assert api.completed(handle) == 0
    workers.lifecycle()
    assert victim.kill() == 137
    assert seconds_until_second_attempt_or_end(api, handle) < HEARD_SECONDS
    assert api.result(handle)["retries"] == 1
    assert_each_step_once(api, handle, 1)


def seconds_until_second_attempt_or_end(api: TemporalApi, handle: WorkflowHandle) -> float:
    """The second attempt has nothing left to do, as the details of the first say, and may be over before it is seen."""
    begin = time.monotonic()
    wait_until(lambda: api.completed(handle) or ((step := api.pending_activity(handle)) and step.attempt == 2), "a second attempt", 30)
    return time.monotonic() - begin


def test_a_worker_that_is_killed_while_it_stops_is_spoken_for_too(api: TemporalApi, workers: WorkerPool, queue: str) -> None:
    pair = [start_supervised(workers) for _ in range(2)]
    handle = api.start(queue, steps=2, step_duration_ms=6000)
    victim = one_of(pair, api.wait_for_started_step(handle).last_worker_identity)
    victim.parent.send(signal.SIGTERM)
    wait_until(lambda: "stopping gracefully" in victim.parent.log(), "the beginning of the stop", context=victim.parent.log)
    victim.send(signal.SIGKILL)
    assert seconds_until_second_attempt(api, handle, workers.logs) < HEARD_SECONDS
    assert victim.parent.wait() == 137
    api.result(handle)
    assert_each_step_once(api, handle, 2)


def test_nothing_is_said_for_a_stopped_worker_which_goes_on_when_its_parent_is_told_to_continue(
    api: TemporalApi, workers: WorkerPool, queue: str
) -> None:
    worker = start_supervised(workers)
    handle = api.start(queue, steps=1, step_duration_ms=4000)
    step = api.wait_for_started_step(handle)
    worker.send(signal.SIGSTOP)
    stopped = time.monotonic()
    wait_until(lambda: time.monotonic() > stopped + 1.5, "a while in which a will would have been told")
    seen = api.pending_activity(handle)
    assert seen.attempt == 1 and started(seen) and worker.parent.exit_code() is None
    worker.parent.send(signal.SIGCONT)
    assert api.result(handle)["retries"] == 0
    assert worker.is_behind(step.last_worker_identity)
    assert "worker has ended" not in worker.parent.log()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stop_is_handed_on_and_leaves_no_will(workers: WorkerPool, number: signal.Signals) -> None:
    worker = start_supervised(workers)
    worker.parent.send(number)
    assert worker.parent.wait() == 0, worker.parent.log()
    log = worker.parent.log()
    assert "stopping gracefully" in log and "stopped" in log
    assert "worker has ended" not in log and "told the server" not in log
    assert not pathlib.Path(f"/proc/{worker.pid}").exists(), "the worker is reaped"


def test_signals_that_mean_nothing_to_a_worker_do_not_make_it_deaf(workers: WorkerPool) -> None:
    worker = start_supervised(workers)
    worker.parent.send(signal.SIGUSR2)
    worker.parent.send(signal.SIGTERM)
    assert worker.parent.wait() == 0, worker.parent.log()


def test_the_worker_dies_with_its_parent(workers: WorkerPool) -> None:
    worker = start_supervised(workers)
    worker.parent.send(signal.SIGKILL)
    worker.parent.wait()
    wait_until(lambda: not pathlib.Path(f"/proc/{worker.pid}/exe").exists(), "the end of the orphan")


def test_a_worker_that_cannot_start_is_no_death_to_tell_of(lifecycle: Callable[..., Finished]) -> None:
    ended = lifecycle("worker", "--supervise", "--task-queue", "")
    assert ended.exit_code == 2, ended
    assert "--task-queue" in ended.stderr and "told the server" not in ended.stderr


def test_the_parent_is_small_and_has_one_thread(workers: WorkerPool) -> None:
    if sanitizers():
        pytest.skip("a sanitizer's own memory and threads are more than what is measured")
    worker = start_supervised(workers)
    pid = worker.parent.pid
    rollup = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    private_kib = sum(int(rollup[field].split()[0]) for field in ("Private_Clean", "Private_Dirty"))
    print(f"\nprivate memory of the parent: {private_kib} KiB")
    assert private_kib < 2048
    assert len(list(pathlib.Path(f"/proc/{pid}/task").iterdir())) == 1
    assert children_of(pid) == [worker.pid]


def can_make_namespaces() -> bool:
    return subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "true"], capture_output=True).returncode == 0


def inside(pid: int, command: str) -> None:
    """Runs a shell command in the process's namespaces, as `kubectl exec` does."""
    enter = ["nsenter", "--target", str(pid), "--pid", "--mount", "sh", "-c", command]
    subprocess.run(enter, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_as_process_1_it_reaps_orphans_and_its_worker_can_be_killed_from_inside(
    server: TemporalServer, api: TemporalApi, queue: str, tmp_path: pathlib.Path
) -> None:
    if not can_make_namespaces():
        pytest.skip("this user may not make PID namespaces (unshare --pid)")
    worker = [str(lifecycle_program()), "worker", "--supervise", "--address", server.address, "--task-queue", queue]
    unshare = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    shell = ManagedProcess([*unshare, *worker], tmp_path / "log", clean_environment(tmp_path))
    try:
        wait_until(lambda: api.polls(queue, 2), "polls of process 2 of the namespace", context=shell.log)
        (process_1,) = children_of(shell.pid)
        (process_2,) = children_of(process_1)
        inside(process_1, "sleep 1 & exit")
        wait_until(lambda: len(children_of(process_1)) == 2, "an orphan")
        wait_until(lambda: children_of(process_1) == [process_2], "the end of the orphan, without a trace")
        inside(process_1, "kill -KILL 1; kill -KILL 2")
        assert shell.wait() == 137, shell.log()
        assert "killed by SIGKILL" in shell.log() and "sticky_queue_released=true" in shell.log()
    finally:
        shell.kill()
