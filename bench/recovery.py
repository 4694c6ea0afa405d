"""How long a workflow stands still when the worker that executes its current step meets a fault: ours, and the Go and Python SDKs' workers.

    build/venv/bin/python bench/recovery.py [--runs N] [--at-once N] [--faults term,kill,stop]

Each run has two workers on a task queue of its own and one workflow of steps of 2 s. After three steps, at a random moment of the fourth,
the process that executes it gets the signal; a stopped one stays stopped. Two servers are used: one with its defaults, and one whose timers'
slack (history.timerProcessorMaxTimeShift, 1 s by default) is lowered to 10 ms. Figures, in seconds, median and highest:

    step   from the signal until the step runs again on another worker; where the stopping worker ended the step itself, what that was late
    run    by how much the faulted step and the five after it were later than the run's own pace before: adds what workflow tasks waited
           for a dead worker's sticky queue, and what was done of the step and had to be done again

The table is printed, and everything measured is written to build/bench-recovery.json.
"""

import argparse
import asyncio
import json
import os
import pathlib
import random
import shutil
import signal
import statistics
import tempfile
import time
from typing import Awaitable, Callable

from common import BUILD
from peers import contestants

from harness.process import ManagedProcess
from harness.server import TemporalServer
from harness.temporal_api import QUEUE_TYPES, completed_steps, started, unique
from harness.workers import only_child
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, DescribeWorkflowExecutionRequest
from temporalio.client import Client, WorkflowHandle

STEP_SECONDS = 2.0
STEPS = 24
STEPS_BEFORE = 3  # that pass undisturbed, for the run's own pace
STEPS_AFTER = 5  # through which the loss is followed
LIMIT_SECONDS = 120  # of one run
FAULTS = {"term": signal.SIGTERM, "kill": signal.SIGKILL, "stop": signal.SIGSTOP}
LOWERED_SLACK = {"history.timerProcessorMaxTimeShift": '"10ms"'}
# What the contract's time-outs and the server's timers allow at best and at worst, for a fault that nobody reports.
UNREPORTED_BOUND = "heartbeat time-out 5 s, first retry 1 s, up to 1 s of timer slack on each: step 6 to 8 s"


def seconds_of(event: HistoryEvent) -> float:
    return event.event_time.ToNanoseconds() / 1e9


class Run:
    """Two workers of one kind, one workflow, one fault."""

    def __init__(self, client: Client, command: list[str], directory: pathlib.Path) -> None:
        self.client = client
        self.queue = unique("recovery")
        self.waits_for = ""
        self.supervised = "--supervise" in command
        arguments = [part.replace("{queue}", self.queue) for part in command]
        self.workers = [ManagedProcess(arguments, directory / f"{self.queue}-{number}.log") for number in range(2)]

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()

    def pids(self) -> dict[int, ManagedProcess]:
        return {(only_child(worker.pid) or 0) if self.supervised else worker.pid: worker for worker in self.workers}

    async def wait_for(self, what: str, condition: Callable[[], Awaitable[object]], seconds: float = 0.02):
        self.waits_for = what
        while not (seen := await condition()):
            await asyncio.sleep(seconds)
        return seen

    async def both_poll(self) -> bool:
        for queue_type in QUEUE_TYPES:
            request = DescribeTaskQueueRequest(namespace="default", task_queue=TaskQueue(name=self.queue), task_queue_type=queue_type)
            answer = await self.client.workflow_service.describe_task_queue(request)
            if len({poller.identity for poller in answer.pollers}) < len(self.workers):
                return False
        return True

    async def pending(self) -> PendingActivityInfo | None:
        request = DescribeWorkflowExecutionRequest(namespace="default", execution=WorkflowExecution(workflow_id=self.queue))
        activities = (await self.client.workflow_service.describe_workflow_execution(request)).pending_activities
        return activities[0] if activities else None

    async def executing(self, handle: WorkflowHandle) -> PendingActivityInfo | None:
        """The step after the undisturbed ones, once its worker has reported that it is at work."""
        if len(completed_steps((await handle.fetch_history()).events)) < STEPS_BEFORE:
            return None
        step = await self.pending()
        return step if step and started(step) and step.last_heartbeat_time.ToNanoseconds() > step.last_started_time.ToNanoseconds() else None

    async def completions(self, handle: WorkflowHandle) -> list[float]:
        events = (await handle.fetch_history()).events
        return [seconds_of(event) for event in events if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED]

    async def measure(self, fault: str) -> dict[str, float]:
        await self.wait_for("polls of both workers", self.both_poll)
        handle = await self.client.start_workflow(
            "LifecycleWorkflow", {"steps": STEPS, "step_duration_ms": STEP_SECONDS * 1000}, id=self.queue, task_queue=self.queue
        )
        step = await self.wait_for(f"a heartbeat of step {STEPS_BEFORE}", lambda: self.executing(handle))
        before = len(await self.completions(handle))
        left = step.last_started_time.ToNanoseconds() / 1e9 + STEP_SECONDS - time.time()
        await asyncio.sleep(random.uniform(0, max(left - 0.3, 0)))
        victim = int(step.last_worker_identity.split("@")[0])
        assert victim in self.pids(), f"{step.last_worker_identity} is no worker of this run"
        hit = time.time()
        os.kill(victim, FAULTS[fault])

        async def goes_on() -> bool:
            now = await self.pending()
            if not now or now.activity_id != step.activity_id:
                return True
            return started(now) and now.attempt > step.attempt and now.last_worker_identity != step.last_worker_identity

        await self.wait_for("the step to go on", goes_on)
        stood_still = time.time() - hit
        retried = (now := await self.pending()) is not None and now.activity_id == step.activity_id

        async def followed() -> list[float] | None:
            times = await self.completions(handle)
            return times if len(times) > before + STEPS_AFTER else None

        times = await self.wait_for("the steps after it", followed, 0.1)
        pace = statistics.median(after - earlier for earlier, after in zip(times[:before], times[1:before]))
        late = times[before] - times[before - 1] - pace
        await handle.terminate()
        return {
            "step_s": stood_still if retried else max(late, 0.0),
            "run_s": max(times[before + STEPS_AFTER] - times[before - 1] - pace * (1 + STEPS_AFTER), 0.0),
        }


async def measure_all(address: str, commands: dict[str, list[str]], settings: argparse.Namespace, directory: pathlib.Path) -> list[dict]:
    """All runs of all commands and faults against one server, some at once: they mostly wait."""
    client = await Client.connect(address)
    slots = asyncio.Semaphore(settings.at_once)

    async def one(name: str, command: list[str], fault: str) -> dict:
        async with slots:
            run = Run(client, command, directory)
            try:
                figures = await asyncio.wait_for(run.measure(fault), LIMIT_SECONDS)
            except TimeoutError:
                raise SystemExit(f"{name}, {fault}: no {run.waits_for} within {LIMIT_SECONDS} s")
            finally:
                run.close()
            print(f"{name}, {fault}: step {figures['step_s']:.2f} s, run {figures['run_s']:.2f} s", flush=True)
            return {"worker": name, "fault": fault, **figures}

    jobs = [one(name, command, fault) for _ in range(settings.runs) for name, command in commands.items() for fault in settings.faults]
    return await asyncio.gather(*jobs)


def variants(address: str) -> dict[str, list[str]]:
    commands = contestants(address)
    chosen = {name: commands[name] for name in ("lifecycle", "go", "python") if name in commands}
    if "lifecycle" in chosen:
        chosen = {"lifecycle --supervise": [*chosen["lifecycle"], "--supervise"], **chosen}
    return chosen


def summary(runs: list[dict], figure: str) -> str:
    values = [run[figure] for run in runs]
    return f"{statistics.median(values):.2f} / {max(values):.2f}" if values else "-"


def print_table(title: str, rows: list[dict], faults: list[str]) -> None:
    print(f"\n{title}\n{'worker':<24}" + "".join(f"{'SIG' + fault.upper() + ' step':>18}{'run':>16}" for fault in faults))
    for name in dict.fromkeys(row["worker"] for row in rows):
        cells = []
        for fault in faults:
            of_fault = [row for row in rows if row["worker"] == name and row["fault"] == fault]
            cells.append(f"{summary(of_fault, 'step_s'):>18}{summary(of_fault, 'run_s'):>16}")
        print(f"{name:<24}" + "".join(cells))


def on_server(title: str, dynamic_config: dict[str, str], only: str | None, settings: argparse.Namespace) -> list[dict]:
    directory = pathlib.Path(tempfile.mkdtemp(prefix="bench-recovery-"))
    server = TemporalServer(directory, dynamic_config=dynamic_config).start()
    try:
        commands = {name: command for name, command in variants(server.address).items() if only is None or name == only}
        print(f"--- {title}", flush=True)
        rows = asyncio.run(measure_all(server.address, commands, settings, directory))
    finally:
        server.kill()
        shutil.rmtree(directory)
    return [{"server": title, **row} for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="of each worker and fault")
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--faults", type=lambda text: text.split(","), default=list(FAULTS))
    settings = parser.parse_args()
    default = on_server("server with its defaults", {}, None, settings)
    lowered = on_server("timer slack lowered to 10 ms", LOWERED_SLACK, "lifecycle --supervise", settings)
    print("\nseconds, median / highest of", settings.runs, "runs")
    print_table("server with its defaults", default, settings.faults)
    print_table("timer slack lowered to 10 ms", lowered, settings.faults)
    print(f"\nbound for a death that nobody reports: {UNREPORTED_BOUND}")
    report = BUILD / "bench-recovery.json"
    report.write_text(json.dumps({"settings": vars(settings), "runs": default + lowered}, indent=2) + "\n")
    print(f"all figures: {report.relative_to(BUILD.parent)}")


if __name__ == "__main__":
    main()
