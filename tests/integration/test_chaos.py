"""Faults of workers that are processes: proven, undone, and what the workflows made of them."""

import json
import os
import pathlib
import signal
import subprocess
from typing import Any, Callable, Iterator

import pytest

from harness.process import ManagedProcess
from harness.programs import Finished, clean_environment, lifecycle_program
from harness.supervised import children_of, start_supervised
from harness.temporal_api import TemporalApi
from harness.waiting import wait_until
from harness.workers import WorkerPool

Lifecycle = Callable[..., Finished]
Client = Callable[..., ManagedProcess]
PROCESS = ("--target", "process")
# By how much a bound may be exceeded where the machine is so busy that the server itself is late: what is tested is that it is counted.
LATE_SECONDS = 20.0


def state_of(pid: int) -> str:
    """S or R: it runs; T: it is stopped."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def is_stopped(pid: int) -> bool:
    return state_of(pid) == "T"


@pytest.fixture
def journal(tmp_path: pathlib.Path) -> Callable[[], list[dict[str, Any]]]:
    path = tmp_path / ".local" / "state" / "lifecycle" / "journal.jsonl"
    return lambda: [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def events(lines: list[dict[str, Any]]) -> list[str]:
    return [line["event"] for line in lines]


def document(finished: Finished, exit_code: int = 0) -> dict[str, Any]:
    assert finished.exit_code == exit_code, str(finished)
    return json.loads(finished.stdout)


def only(items: list[Any]) -> Any:
    (item,) = items
    return item


def test_a_killed_worker_is_proven_dead_and_its_step_is_seen_to_go_on(
    api: TemporalApi, workers: WorkerPool, queue: str, lifecycle: Lifecycle, journal: Callable[[], list[dict[str, Any]]]
) -> None:
    workers.lifecycle("v1.0.0")
    workers.lifecycle("v2.0.0")
    handle = api.start(queue, steps=1, step_duration_ms=8000)
    api.wait_for_started_step(handle)

    done = document(lifecycle("chaos", "kill-pod", *PROCESS, "--running-workflow", handle.id, "--yes", "--wait", "-o", "json"))

    fault = only(done["faults"])
    victim = workers.behind(fault["workerIdentity"])
    assert (fault["pid"], fault["version"]) == (victim.pid, victim.version)
    assert victim.wait() == -signal.SIGKILL
    assert "SIGKILL" in fault["proof"]
    recovery = only(fault["executing"])
    other = workers.other_than(victim)
    assert (recovery["workflowId"], recovery["attempt"], recovery["recovery"]) == (handle.id, 1, "taken over")
    assert other.is_behind(recovery["takenOverBy"])
    assert (recovery["takenOverAttempt"], recovery["takenOverVersion"]) == (2, other.version)
    # Heartbeat time-out 5 s, retry 1 s, the server's two timers.
    assert recovery["boundMillis"] == 8000, recovery["bound"]
    assert 1000 < recovery["standstillMillis"] < recovery["boundMillis"] + LATE_SECONDS * 1000
    assert events(journal()) == ["planned", "injected", "proven"]
    line = journal()[-1]
    assert (line["fault"], line["target"], line["pid"], line["workflow_ids"]) == ("sigkill", "process", victim.pid, [handle.id])
    assert line["worker_identity"] == fault["workerIdentity"] and line["undo"] == {}
    assert api.result(handle)["steps_completed"] == 1


def test_a_supervised_worker_is_the_victim_and_not_its_parent_and_the_bound_says_so(
    api: TemporalApi, workers: WorkerPool, queue: str, lifecycle: Lifecycle
) -> None:
    pair = [start_supervised(workers) for _ in range(2)]
    handle = api.start(queue, steps=1, step_duration_ms=8000)
    victim = only([each for each in pair if each.is_behind(api.wait_for_started_step(handle).last_worker_identity)])

    # Whoever starts a supervised worker knows its parent's id.
    options = ("--pid", str(victim.parent.pid), "--running-workflow", handle.id)
    done = document(lifecycle("chaos", "kill-pod", *PROCESS, *options, "--yes", "--wait", "-o", "json"))

    fault = only(done["faults"])
    assert fault["pid"] == victim.pid
    assert victim.parent.wait() == 137
    recovery = only(fault["executing"])
    assert recovery["boundMillis"] == 1001, recovery["bound"]
    assert recovery["standstillMillis"] < recovery["boundMillis"] + LATE_SECONDS * 1000
    assert api.result(handle)["steps_completed"] == 1


@pytest.mark.parametrize("sdk", ["python", "go"])
def test_a_worker_of_another_sdk_is_a_victim_as_any_other_once_it_is_named(
    sdk: str, api: TemporalApi, workers: WorkerPool, queue: str, lifecycle: Lifecycle
) -> None:
    other = workers.python() if sdk == "python" else workers.go()
    if other is None:
        pytest.skip("no Go tool chain (`go`) in PATH: the Go peer cannot be built")
    handle = api.start(queue, steps=1, step_duration_ms=15_000)
    api.wait_for_started_step(handle)
    ours = workers.lifecycle("v1.0.0")
    options = (*PROCESS, "--running-workflow", handle.id, "--yes", "--wait", "-o", "json")

    unnamed = lifecycle("chaos", "kill-pod", *options)
    assert unnamed.exit_code == 5 and f"--pid {other.pid}" in unnamed.stderr, str(unnamed)
    assert other.exit_code() is None

    fault = only(document(lifecycle("chaos", "kill-pod", *options, "--pid", str(other.pid)))["faults"])
    assert other.wait() == -signal.SIGKILL
    assert other.is_behind(fault["workerIdentity"])
    assert ours.is_behind(only(fault["executing"])["takenOverBy"])
    assert api.result(handle)["steps_completed"] == 1


def test_a_worker_that_is_told_to_stop_ends_its_step_itself(
    api: TemporalApi, workers: WorkerPool, queue: str, lifecycle: Lifecycle
) -> None:
    workers.lifecycle()
    workers.lifecycle()
    handle = api.start(queue, steps=1, step_duration_ms=6000)
    api.wait_for_started_step(handle)

    options = ("--mode", "delete", "--grace-period", "20", "--running-workflow", handle.id)
    fault = only(document(lifecycle("chaos", "kill-pod", *PROCESS, *options, "--yes", "--wait", "-o", "json"))["faults"])

    assert workers.behind(fault["workerIdentity"]).wait() == 0
    assert "SIGTERM" in fault["proof"]
    assert only(fault["executing"])["recovery"] == "finished by the victim"
    assert api.result(handle)["retries"] == 0


def test_a_paused_worker_is_seen_to_stand_still_and_to_go_on(
    api: TemporalApi, workers: WorkerPool, queue: str, lifecycle: Lifecycle, journal: Callable[[], list[dict[str, Any]]]
) -> None:
    workers.lifecycle("v1.0.0")
    workers.lifecycle("v2.0.0")
    handle = api.start(queue, steps=1, step_duration_ms=6000)
    api.wait_for_started_step(handle)

    options = ("--for", "12s", "--running-workflow", handle.id)
    fault = only(document(lifecycle("chaos", "pause", *PROCESS, *options, "--yes", "--wait", "-o", "json"))["faults"])

    victim = workers.behind(fault["workerIdentity"])
    assert "stopped" in fault["proof"] and "goes on" in fault["undone"]
    assert victim.exit_code() is None and not is_stopped(victim.pid)
    recovery = only(fault["executing"])
    assert recovery["recovery"] == "taken over" and recovery["takenOverAttempt"] >= 2, recovery
    assert events(journal()) == ["planned", "injected", "proven", "undone"]
    assert journal()[0]["undo"]["action"] == "continue"
    assert api.result(handle)["steps_completed"] == 1


def wait_for_event(journal: Callable[[], list[dict[str, Any]]], event: str, context: Callable[[], str]) -> None:
    wait_until(lambda: event in events(journal()), f"'{event}' in the journal", context=context)


@pytest.fixture
def paused(
    workers: WorkerPool, client_process: Client, journal: Callable[[], list[dict[str, Any]]]
) -> Iterator[tuple[ManagedProcess, int]]:
    """A command that holds a worker for a minute, and the worker's process id."""
    worker = workers.lifecycle()
    tool = client_process("chaos", "pause", *PROCESS, "--pid", str(worker.pid), "--for", "60s", "--yes", "--no-wait")
    wait_for_event(journal, "proven", tool.log)
    assert is_stopped(worker.pid)
    yield tool, worker.pid
    worker.send(signal.SIGCONT)


def test_what_a_killed_command_left_behind_is_recovered_once(
    paused: tuple[ManagedProcess, int], lifecycle: Lifecycle, journal: Callable[[], list[dict[str, Any]]]
) -> None:
    tool, worker_pid = paused
    tool.kill()
    assert is_stopped(worker_pid)

    recovered = only(document(lifecycle("chaos", "recover", "-o", "json"))["faults"])
    assert recovered["state"] == "undone" and recovered["name"] == str(worker_pid)
    assert not is_stopped(worker_pid)
    assert events(journal()) == ["planned", "injected", "proven", "recovered"]

    again = lifecycle("chaos", "recover")
    assert again.exit_code == 0 and again.stdout == "nothing is left to undo\n", str(again)
    assert len(journal()) == 4


def test_a_command_that_still_runs_is_not_meddled_with(paused: tuple[ManagedProcess, int], lifecycle: Lifecycle) -> None:
    _, worker_pid = paused
    left_alone = only(document(lifecycle("chaos", "recover", "-o", "json"))["faults"])
    assert left_alone["state"] == "left alone"
    assert is_stopped(worker_pid)


def test_an_interrupted_command_undoes_before_it_ends(
    paused: tuple[ManagedProcess, int], journal: Callable[[], list[dict[str, Any]]]
) -> None:
    tool, worker_pid = paused
    tool.send(signal.SIGINT)
    assert tool.wait() == 130, tool.log()
    assert not is_stopped(worker_pid)
    assert events(journal())[-1] == "undone"
    assert "UNDONE" in tool.output()


def test_the_undoing_never_reaches_a_process_that_has_the_id_of_one_that_is_gone(
    paused: tuple[ManagedProcess, int], lifecycle: Lifecycle, tmp_path: pathlib.Path
) -> None:
    tool, worker_pid = paused
    tool.kill()
    path = tmp_path / ".local" / "state" / "lifecycle" / "journal.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        line["undo"]["startTicks"] -= 1
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))

    recovered = only(document(lifecycle("chaos", "recover", "-o", "json"))["faults"])
    assert "is gone" in recovered["message"]
    assert is_stopped(worker_pid)


def test_a_dry_run_shows_the_plan_and_changes_nothing(
    api: TemporalApi, workers: WorkerPool, queue: str, lifecycle: Lifecycle, journal: Callable[[], list[dict[str, Any]]]
) -> None:
    pair = [workers.lifecycle("v1.0.0"), workers.lifecycle("v2.0.0")]
    handle = api.start(queue, steps=1, step_duration_ms=8000)
    holder = workers.behind(api.wait_for_started_step(handle).last_worker_identity)

    plan = document(lifecycle("chaos", "kill-pod", *PROCESS, "--running-workflow", handle.id, "--dry-run", "-o", "json"))

    victim = only(plan["victims"])
    assert plan["dryRun"] and victim["pid"] == holder.pid and only(victim["executes"])["workflowId"] == handle.id
    assert only(plan["spared"])["name"] == str(workers.other_than(holder).pid)
    assert [worker.exit_code() for worker in pair] == [None, None]
    assert journal() == []
    assert api.result(handle)["retries"] == 0


def test_the_same_seed_chooses_the_same_victims(workers: WorkerPool, queue: str, lifecycle: Lifecycle) -> None:
    for _ in range(3):
        workers.lifecycle()

    def chosen(seed: int) -> list[int]:
        options = ("--polling", queue, "--count", "2", "--seed", str(seed), "--dry-run", "-o", "json")
        return [victim["pid"] for victim in document(lifecycle("chaos", "kill-pod", *PROCESS, *options))["victims"]]

    assert chosen(7) == chosen(7) and len(set(chosen(7))) == 2
    assert len({tuple(chosen(seed)) for seed in range(8)}) > 1


def test_nobody_is_hit_that_the_limits_protect(workers: WorkerPool, queue: str, lifecycle: Lifecycle) -> None:
    pair = [workers.lifecycle(), workers.lifecycle()]
    for limit in (("--min-remaining", "2"), ("--max-percent", "49")):
        done = lifecycle("chaos", "kill-pod", *PROCESS, "--polling", queue, *limit, "--yes")
        assert done.exit_code == 0 and done.stdout.startswith("nothing is done: "), str(done)
    assert [worker.exit_code() for worker in pair] == [None, None]


def test_a_series_hits_each_worker_once(
    workers: WorkerPool, queue: str, lifecycle: Lifecycle, journal: Callable[[], list[dict[str, Any]]]
) -> None:
    three = [workers.lifecycle() for _ in range(3)]
    options = ("--polling", queue, "--interval", "100ms", "--yes", "--no-wait", "-o", "jsonl")
    done = lifecycle("chaos", "kill-pod", *PROCESS, *options)
    assert done.exit_code == 0, str(done)
    assert sorted(line["pid"] for line in journal() if line["event"] == "proven") == sorted(worker.pid for worker in three)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[:-1] == journal() and len(lines[-1]["faults"]) == 3


def test_nothing_is_done_without_a_yes(workers: WorkerPool, queue: str, lifecycle: Lifecycle) -> None:
    worker = workers.lifecycle()
    done = lifecycle("chaos", "kill-pod", *PROCESS, "--polling", queue)
    assert done.exit_code == 2 and "--yes" in done.stderr, str(done)
    assert worker.exit_code() is None


def test_what_cannot_be_meant_is_wrong_usage(lifecycle: Lifecycle) -> None:
    for arguments in (
        ("kill-pod", *PROCESS, "--mode", "evict"),
        ("kill-pod", "--pid", "1"),
        ("kill-pod", *PROCESS, "--node", "n"),
        ("kill-pod", "--duration", "1m"),
        ("kill-pod", "--kube-namespace", "kube-system"),
    ):
        assert lifecycle("chaos", *arguments).exit_code == 2, arguments


def test_a_workflow_that_nobody_executes_has_no_victim(
    api: TemporalApi, workers: WorkerPool, queue: str, lifecycle: Lifecycle
) -> None:
    workers.lifecycle()
    handle = api.start(queue, steps=1, step_duration_ms=0)
    api.result(handle)
    ended = lifecycle("chaos", "kill-pod", *PROCESS, "--running-workflow", handle.id, "--yes")
    assert ended.exit_code == 1 and "has ended" in ended.stderr, str(ended)
    unknown = lifecycle("chaos", "kill-pod", *PROCESS, "--running-workflow", "nobody-knows", "--yes")
    assert unknown.exit_code == 5, str(unknown)


def test_inside_of_a_container_the_supervised_worker_is_signalled(workers: WorkerPool, queue: str, tmp_path: pathlib.Path) -> None:
    """As `kubectl exec` would: in the process namespace of a first process that nothing can kill or stop from there."""
    if os.geteuid() != 0:
        pytest.skip("only root makes a process namespace")
    program = str(lifecycle_program())
    command = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", program, "worker"]
    container = ManagedProcess(
        [*command, "--supervise", "--address", workers.address, "--task-queue", queue],
        tmp_path / "container.log",
        clean_environment(tmp_path),
    )
    try:
        first = only(wait_until(lambda: children_of(container.pid), "the first process", context=container.log))
        worker = only(wait_until(lambda: children_of(first), "its worker", context=container.log))

        def signal_worker(name: str) -> subprocess.CompletedProcess[str]:
            inside = ["nsenter", "-t", str(first), "-p", "-m", program, "chaos", "signal-worker", name]
            return subprocess.run(inside, capture_output=True, text=True, timeout=60, check=False)

        stopped = signal_worker("stop")
        assert stopped.returncode == 0 and json.loads(stopped.stdout)["state"] == "T", stopped
        assert is_stopped(worker) and not is_stopped(first)
        assert signal_worker("continue").returncode == 0 and not is_stopped(worker)
        signal_worker("kill")  # its own end may come first, with the container's
        assert container.wait() == 137, container.log()
    finally:
        container.kill()
