"""Drives a worker of any SDK with the same load and measures its process. Prints one JSON line.

    load.py --address 127.0.0.1:7233 -- lifecycle worker --task-queue {queue} --worker-version v1.0.0
    load.py --address 127.0.0.1:7233 -- build/peers/go-peer --task-queue {queue} --worker-version v1.0.0
    load.py --address 127.0.0.1:7233 --hold 500 -- build/venv/bin/python bench/peers/python/worker.py --task-queue {queue}

{queue} stands for a task queue of its own for each run, because a server remembers pollers for minutes. The command's environment gets
TEMPORAL_ADDRESS. Figures:

    first_poll_ms           from exec until the server has seen polls for workflow and activity tasks
    rss_idle_mib            resident memory after a few workflows to warm up
    rss_peak_mib            its highest during the load
    cpu_ms_per_workflow     user and system time of the worker's process
    workflows_per_s, p50_ms, p99_ms   as a client sees them; the server and this program share the machine
    rss_per_open_workflow_kib         with --hold: growth of resident memory by as many cached, paused workflows
"""

import argparse
import asyncio
import json
import os
import pathlib
import tempfile
import time
import uuid
from typing import Sequence

from common import cpu_seconds, memory_mib, percentile, working_process

from harness.process import ManagedProcess
from harness.temporal_api import QUEUE_TYPES
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client, WorkflowHandle

WARM_UP_WORKFLOWS = 20
POLL_SECONDS = 0.005


class Load:
    """One worker process on a task queue of its own, and the client that keeps it busy."""

    def __init__(self, client: Client, command: Sequence[str], concurrency: int, steps: int) -> None:
        self.client = client
        self.queue = f"load-{uuid.uuid4().hex[:8]}"
        self.slots = asyncio.Semaphore(concurrency)
        self.steps = steps
        log_path = pathlib.Path(tempfile.gettempdir()) / f"{self.queue}.log"
        env = {**os.environ, "TEMPORAL_ADDRESS": client.service_client.config.target_host}
        self.begin = time.perf_counter()
        self.worker = ManagedProcess([part.replace("{queue}", self.queue) for part in command], log_path, env)

    def close(self) -> None:
        self.worker.stop()
        self.worker.log_path.unlink()

    async def first_poll_ms(self) -> float:
        waiting_for = set(QUEUE_TYPES)
        while waiting_for:
            if self.worker.exit_code() is not None:
                raise SystemExit(f"the worker ended with {self.worker.exit_code()}:\n{self.worker.log()}")
            for queue_type in list(waiting_for):
                request = DescribeTaskQueueRequest(
                    namespace=self.client.namespace, task_queue=TaskQueue(name=self.queue), task_queue_type=queue_type
                )
                if (await self.client.workflow_service.describe_task_queue(request)).pollers:
                    waiting_for.discard(queue_type)
            await asyncio.sleep(POLL_SECONDS)
        return (time.perf_counter() - self.begin) * 1000

    async def start(self, steps: int) -> WorkflowHandle:
        return await self.client.start_workflow(
            "LifecycleWorkflow", {"steps": steps, "step_duration_ms": 0}, id=f"load-{uuid.uuid4()}", task_queue=self.queue
        )

    async def latency_ms(self) -> float:
        async with self.slots:
            begin = time.perf_counter()
            result = await (await self.start(self.steps)).result()
            if len(result["worker_versions_used"]) != self.steps:
                raise SystemExit(f"a workflow lost steps: {result}")
            return (time.perf_counter() - begin) * 1000

    async def run(self, workflows: int) -> list[float]:
        return sorted(await asyncio.gather(*(self.latency_ms() for _ in range(workflows))))

    async def hold(self, workflows: int) -> float:
        """Opens workflows that are paused before their first step, so that the worker keeps them in its cache. Returns KiB for each."""
        before = memory_mib(working_process(self.worker.pid), "VmRSS")
        handles = await asyncio.gather(*(self.open_paused() for _ in range(workflows)))
        grown = memory_mib(working_process(self.worker.pid), "VmRSS") - before
        await asyncio.gather(*(self.finish_paused(handle) for handle in handles))
        return grown * 1024 / workflows

    async def open_paused(self) -> WorkflowHandle:
        async with self.slots:
            handle = await self.client.start_workflow(
                "LifecycleWorkflow",
                {"steps": 1, "step_duration_ms": 0},
                id=f"held-{uuid.uuid4()}",
                task_queue=self.queue,
                start_signal="pause",
            )
            await handle.query("progress")  # answered by the worker, so the workflow is in its cache
            return handle

    async def finish_paused(self, handle: WorkflowHandle) -> None:
        async with self.slots:
            await handle.signal("resume")
            await handle.result()


async def measure(address: str, command: Sequence[str], workflows: int, steps: int, concurrency: int, hold: int) -> dict[str, float]:
    """Runs one worker under one load. See the head of this file for the figures."""
    load = Load(await Client.connect(address), command, concurrency, steps)
    try:
        figures = {"first_poll_ms": await load.first_poll_ms()}
        pid = working_process(load.worker.pid)
        await load.run(WARM_UP_WORKFLOWS)
        figures["rss_idle_mib"] = memory_mib(pid, "VmRSS")
        cpu_begin, begin = cpu_seconds(pid), time.perf_counter()
        latencies = await load.run(workflows)
        wall = time.perf_counter() - begin
        figures["cpu_ms_per_workflow"] = (cpu_seconds(pid) - cpu_begin) * 1000 / workflows
        figures["workflows_per_s"] = workflows / wall
        figures["p50_ms"] = percentile(latencies, 0.50)
        figures["p99_ms"] = percentile(latencies, 0.99)
        figures["rss_peak_mib"] = memory_mib(pid, "VmHWM")
        if hold:
            figures["rss_per_open_workflow_kib"] = await load.hold(hold)
        return {name: round(value, 2) for name, value in figures.items()}
    finally:
        load.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--address", default=os.environ.get("TEMPORAL_ADDRESS", "127.0.0.1:7233"))
    parser.add_argument("--workflows", type=int, default=200)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--concurrency", type=int, default=50)
    parser.add_argument("--hold", type=int, default=0, help="workflows to keep open and cached at once, after the load")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="-- the worker's command line")
    settings = parser.parse_args()
    command = settings.command[1:] if settings.command[:1] == ["--"] else settings.command
    if not command:
        parser.error("the worker's command line is missing")
    figures = asyncio.run(measure(settings.address, command, settings.workflows, settings.steps, settings.concurrency, settings.hold))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
