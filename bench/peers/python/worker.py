"""The lifecycle contract served with Temporal's Python SDK: a peer to measure `lifecycle worker` against and to take workflows over from.

    worker.py --task-queue QUEUE --worker-version VERSION [flags]   serve until SIGINT or SIGTERM
    worker.py --replay HISTORY.json N                               replay one history N times, print events/s and CPU per event
"""

import argparse
import asyncio
import json
import os
import pathlib
import secrets
import signal
import socket
import time
from datetime import timedelta

from temporalio.client import Client, WorkflowHistory
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import Replayer, Worker, WorkerDeploymentConfig

from contract import LifecycleWorkflow, SdkNumberedWorkflow, StepRunner


def read_settings() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--address", default="localhost:7233")
    parser.add_argument("--namespace", default="default")
    parser.add_argument("--task-queue", default="lifecycle-queue")
    parser.add_argument("--worker-version", default="v0.0.0-python")
    parser.add_argument("--identity", help="default <pid>@<host>/<version>#<nonce>")
    parser.add_argument("--deployment-name", help="serve as this Worker Deployment, pinned")
    parser.add_argument("--max-concurrent-activities", type=int, default=100)
    parser.add_argument("--max-cached-workflows", type=int, default=1000)
    parser.add_argument("--disable-eager-activities", action="store_true")
    parser.add_argument("--graceful-shutdown-seconds", type=float, default=30)
    parser.add_argument("--sdk-activity-ids", action="store_true", help="the SDK's own activity ids instead of the Go SDK's")
    parser.add_argument("--activities-only", action="store_true", help="leave the workflow tasks to other workers")
    parser.add_argument("--replay", nargs=2, metavar=("HISTORY", "N"))
    settings = parser.parse_args()
    settings.workflow = SdkNumberedWorkflow if settings.sdk_activity_ids else LifecycleWorkflow
    if not settings.identity:
        settings.identity = f"{os.getpid()}@{socket.gethostname()}/{settings.worker_version}#{secrets.token_hex(4)}"
    return settings


def deployment_config(settings: argparse.Namespace) -> WorkerDeploymentConfig | None:
    if not settings.deployment_name:
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(settings.deployment_name, settings.worker_version),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.PINNED,
    )


async def serve(settings: argparse.Namespace) -> None:
    client = await Client.connect(settings.address, namespace=settings.namespace, identity=settings.identity)
    runner = StepRunner(settings.worker_version, settings.identity)
    worker = Worker(
        client,
        task_queue=settings.task_queue,
        workflows=[] if settings.activities_only else [settings.workflow],
        activities=[runner.process_step],
        max_concurrent_activities=settings.max_concurrent_activities,
        max_cached_workflows=settings.max_cached_workflows,
        disable_eager_activity_execution=settings.disable_eager_activities,
        graceful_shutdown_timeout=timedelta(seconds=settings.graceful_shutdown_seconds),
        deployment_config=deployment_config(settings),
    )
    stop = asyncio.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    async with worker:
        await stop.wait()


async def replay(workflow: type, path: str, times: int) -> None:
    """Replays once to warm up, then `times` times, and prints the pace as a JSON line."""
    history = WorkflowHistory.from_json("replayed", pathlib.Path(path).read_text())
    replayer = Replayer(workflows=[workflow])
    await replayer.replay_workflow(history)
    begin, cpu_begin = time.perf_counter(), time.process_time()
    for _ in range(times):
        await replayer.replay_workflow(history)
    wall, cpu = time.perf_counter() - begin, time.process_time() - cpu_begin
    events = len(history.events) * times
    figures = {"peer": "python", "events": len(history.events), "replays": times}
    print(json.dumps({**figures, "events_per_s": round(events / wall), "cpu_us_per_event": round(cpu / events * 1e6, 2)}))


def main() -> None:
    settings = read_settings()
    if settings.replay:
        asyncio.run(replay(settings.workflow, settings.replay[0], int(settings.replay[1])))
    else:
        asyncio.run(serve(settings))


if __name__ == "__main__":
    main()
