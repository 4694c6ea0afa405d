"""How long a workflow stands still when the worker that executes its current step meets a fault: ours, and workers of the Go and Python SDKs.

    build/venv/bin/python bench/recovery.py [--runs N] [--faults term,kill,stop] [--only TEXT] [--step-ms MS]

Each run starts two workers on a task queue of its own, lets three steps pass, and sends the fault to the process that the server names for the
current step, at a random moment between its first heartbeat and 0.2 s before its end. All contestants meet the same fault side by side: nearly
all of the time is spent waiting. A stopped process stays stopped until the run is measured. Times are milliseconds, medians and in brackets the
longest:

    restart    from the signal until the step runs as a newer attempt on another process. For a step that still ended (a graceful stop): what
               its completion was late, 0 at least.
    step lost  what the faulted step's completion was late: its time since the completion before, less what a step took before the fault.
    run lost   the same through five more steps: adds what workflow tasks lost, for example on the dead worker's own queue.
    bound      the longest restart that the server's time-outs allow: without a will the heartbeat time-out and the retry's delay, with one the
               retry's delay of 1 ms, each with the slack of the server's timers. Not for a graceful stop, which waits for no time-out; and a
               stopped process may exceed it, because its open polls may swallow the retry as well.

"slack" is a server whose timers may be late by 10 ms (history.timerProcessorMaxTimeShift) instead of by 1 s, its default. The table is printed;
everything measured is written to build/bench-recovery.json.
"""

import argparse
import concurrent.futures
import dataclasses
import itertools
import json
import os
import pathlib
import random
import shutil
import signal
import statistics
import tempfile
import time

from common import BUILD

from harness.process import ManagedProcess
from harness.programs import build_go_peer, clean_environment, lifecycle_program, python_peer_command
from harness.server import TemporalServer
from harness.supervised import children_of
from harness.temporal_api import QUEUE_TYPES, TemporalApi, started, unique
from harness.waiting import wait_until
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle

STEPS_BEFORE = 3
STEPS_AFTER = 5
RUN_SECONDS_MAX = 180
FINE_SECONDS = 2.0  # for as long the server is asked every 10 ms, later every 100 ms
SLACK_LOWERED = {"history.timerProcessorMaxTimeShift": '"10ms"'}
FAULTS = {"term": signal.SIGTERM, "kill": signal.SIGKILL, "stop": signal.SIGSTOP}

# The workflow's own settings, and the servers' defaults.
HEARTBEAT_TIMEOUT_MS = 5000
RETRY_MS = 1000
WILL_RETRY_MS = 1
TIMER_SLACK_MS = 1000
TIMER_SLACK_LOWERED_MS = 10


@dataclasses.dataclass
class Contestant:
    name: str
    command: list[str]
    slack_lowered: bool = False
    has_will: bool = False


@dataclasses.dataclass
class Recovery:
    """One run's figures, in milliseconds."""

    restart: float
    step_lost: float
    run_lost: float
    ended: bool  # the faulted step was completed by the worker that the fault hit
    attempts: int


def contestants() -> list[Contestant]:
    ours = [str(lifecycle_program()), "worker"]
    found = [
        Contestant("lifecycle", ours),
        Contestant("lifecycle --supervise", [*ours, "--supervise"], has_will=True),
        Contestant("lifecycle --supervise, slack", [*ours, "--supervise"], slack_lowered=True, has_will=True),
    ]
    if go_peer := build_go_peer():
        found.append(Contestant("go", [str(go_peer)]))
    else:
        print("no `go` in PATH: measuring without the Go peer")
    found.append(Contestant("python", python_peer_command()))
    return found


class Run:
    """Two workers on a queue of their own, and one workflow."""

    def __init__(self, api: TemporalApi, address: str, contestant: Contestant, step_ms: int, directory: pathlib.Path) -> None:
        self.api, self.step_ms, self.queue = api, step_ms, unique("recovery")
        flags = ["--address", address, "--task-queue", self.queue, "--worker-version", "v1.0.0"]
        env = clean_environment(directory)
        self.workers = [
            ManagedProcess([*contestant.command, *flags], directory / f"{self.queue}-{number}.log", env) for number in range(2)
        ]

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()

    def processes(self) -> list[int]:
        """The workers, and those that they started: a supervised worker is a child."""
        parents = [worker.pid for worker in self.workers if worker.exit_code() is None]
        return [*parents, *(child for parent in parents for child in children_of(parent))]

    def polled(self) -> bool:
        for worker in self.workers:
            if worker.exit_code() is not None:
                raise SystemExit(f"a worker ended with {worker.exit_code()} at its start:\n{worker.log()}")
        return all(len({p.identity for p in self.api.describe_queue(self.queue, kind).pollers}) == 2 for kind in QUEUE_TYPES)

    def completions_ms(self, handle: WorkflowHandle) -> list[float]:
        return [
            event.event_time.ToNanoseconds() / 1e6
            for event in self.api.events(handle)
            if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED
        ]

    def beating_step(self, handle: WorkflowHandle):
        step = self.api.pending_activity(handle)
        beats = step and started(step) and step.last_heartbeat_time.ToNanoseconds() > step.last_started_time.ToNanoseconds()
        return step if beats else None

    def measure(self, fault: str, moment: random.Random) -> Recovery:
        wait_until(self.polled, "polls of both workers", 60)
        handle = self.api.start(self.queue, steps=STEPS_BEFORE + 2 + STEPS_AFTER, step_duration_ms=self.step_ms)
        self.api.wait_for_steps(handle, STEPS_BEFORE)
        step = wait_until(lambda: self.beating_step(handle), "a heartbeat of the step")
        victim = int(step.last_worker_identity.split("@")[0])
        if victim not in self.processes():
            raise SystemExit(f"no worker of this run is behind {step.last_worker_identity!r}")
        index = len(self.completions_ms(handle))
        left = step.last_started_time.ToNanoseconds() / 1e9 + self.step_ms / 1000 - time.time()
        hit_at = time.monotonic() + moment.uniform(0, max(left - 0.2, 0))
        wait_until(lambda: time.monotonic() >= hit_at, "the moment of the fault")
        hit = time.monotonic()
        os.kill(victim, FAULTS[fault])
        ended = self.wait_for_restart(handle, step)
        restart = (time.monotonic() - hit) * 1000
        self.api.wait_for_steps(handle, index + 1 + STEPS_AFTER, RUN_SECONDS_MAX)
        return self.figures(handle, index, restart, ended)

    def wait_for_restart(self, handle: WorkflowHandle, step) -> bool:
        """True when the step ended without a further attempt on another process."""
        begin = time.monotonic()
        deadline = begin + RUN_SECONDS_MAX
        while time.monotonic() < deadline:
            seen = self.api.pending_activity(handle)
            if seen is None or seen.activity_id != step.activity_id:
                return True
            if seen.attempt > step.attempt and started(seen) and seen.last_worker_identity != step.last_worker_identity:
                return False
            time.sleep(0.01 if time.monotonic() - begin < FINE_SECONDS else 0.1)
        raise SystemExit(f"the step of {handle.id} did not go on within {RUN_SECONDS_MAX} s")

    def figures(self, handle: WorkflowHandle, index: int, restart: float, ended: bool) -> Recovery:
        times = self.completions_ms(handle)
        pace = statistics.median_low(after - before for before, after in zip(times[:index], times[1:index]))
        step_lost = times[index] - times[index - 1] - pace
        starts = [e for e in self.api.events(handle) if e.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED]
        return Recovery(
            restart=max(step_lost, 0) if ended else restart,
            step_lost=step_lost,
            run_lost=times[index + STEPS_AFTER] - times[index - 1] - pace * (1 + STEPS_AFTER),
            ended=ended,
            attempts=starts[index].activity_task_started_event_attributes.attempt,
        )


def bound_ms(fault: str, one: Contestant) -> int | None:
    """See the head of this file."""
    if fault == "term":
        return None
    slack = TIMER_SLACK_LOWERED_MS if one.slack_lowered else TIMER_SLACK_MS
    if fault == "kill" and one.has_will:
        return WILL_RETRY_MS + slack
    return HEARTBEAT_TIMEOUT_MS + slack + RETRY_MS + slack


def summary(values: list[float]) -> dict[str, float]:
    return {"p50": round(statistics.median(values), 1), "max": round(max(values), 1)}


def cell(figure: dict[str, float]) -> str:
    return f"{figure['p50']:.0f} ({figure['max']:.0f})"


def print_table(rows: list[dict]) -> None:
    print(f"\n{'fault':<6}{'worker':<32}{'restart':>16}{'step lost':>16}{'run lost':>16}{'bound':>9}{'ended':>8}")
    for row in rows:
        cells = "".join(f"{cell(row[figure]):>16}" for figure in ("restart_ms", "step_lost_ms", "run_lost_ms"))
        bound = "-" if row["bound_ms"] is None else row["bound_ms"]
        print(f"{row['fault']:<6}{row['worker']:<32}{cells}{bound:>9}{row['ended']:>8}")
    print("milliseconds: median (longest); ended: runs in which the worker that the fault hit still completed the step")


def measure_one(address: str, one: Contestant, fault: str, step_ms: int, directory: pathlib.Path, moment: random.Random) -> Recovery:
    api = TemporalApi(address)
    run = Run(api, address, one, step_ms, directory)
    try:
        return run.measure(fault, moment)
    finally:
        run.close()
        api.close()


def rows_of(measured: dict[tuple[str, str], list[Recovery]], chosen: list[Contestant], faults: list[str]) -> list[dict]:
    figures = ("restart", "step_lost", "run_lost")
    return [
        {
            "fault": fault,
            "worker": one.name,
            "bound_ms": bound_ms(fault, one),
            **{f"{figure}_ms": summary([getattr(run, figure) for run in measured[fault, one.name]]) for figure in figures},
            "ended": sum(run.ended for run in measured[fault, one.name]),
            "attempts": [run.attempts for run in measured[fault, one.name]],
        }
        for fault in faults
        for one in chosen
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--faults", default="term,kill,stop")
    parser.add_argument("--only", default="", help="contestants whose name contains this")
    parser.add_argument("--step-ms", type=int, default=2000)
    settings = parser.parse_args()
    faults = settings.faults.split(",")
    chosen = [one for one in contestants() if settings.only in one.name]
    moment = random.Random()
    measured: dict[tuple[str, str], list[Recovery]] = {(fault, one.name): [] for fault in faults for one in chosen}
    directory = pathlib.Path(tempfile.mkdtemp(prefix="bench-recovery-"))
    servers = {
        slack: TemporalServer(directory, dynamic_config=SLACK_LOWERED if slack else {}).start()
        for slack in sorted({one.slack_lowered for one in chosen})
    }
    try:
        for number, fault in itertools.product(range(settings.runs), faults):
            with concurrent.futures.ThreadPoolExecutor(len(chosen)) as threads:
                runs = {
                    one.name: threads.submit(
                        measure_one, servers[one.slack_lowered].address, one, fault, settings.step_ms, directory, moment
                    )
                    for one in chosen
                }
                for name, run in runs.items():
                    last = run.result()
                    measured[fault, name].append(last)
                    lost = f"restart {last.restart:.0f}, run lost {last.run_lost:.0f}"
                    print(f"run {number + 1} of {settings.runs}: {fault}, {name}: {lost}", flush=True)
    finally:
        for server in servers.values():
            server.kill()
        shutil.rmtree(directory)
    rows = rows_of(measured, chosen, faults)
    print_table(rows)
    report = BUILD / "bench-recovery.json"
    every_run = {f"{fault}, {name}": [dataclasses.asdict(run) for run in runs] for (fault, name), runs in measured.items()}
    report.write_text(json.dumps({"settings": vars(settings), "rows": rows, "runs": every_run}, indent=2) + "\n")
    print(f"\nall figures: {report.relative_to(BUILD.parent)}")


if __name__ == "__main__":
    main()
