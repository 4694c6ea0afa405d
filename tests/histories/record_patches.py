"""Records the histories of PatchWorkflow in this folder again: each stage of the change to its code, written by the Python SDK and by this one.

    build/venv/bin/python tests/histories/record_patches.py PATCH_WORKER

PATCH_WORKER is the program of tests/patch_worker. Each history is complete: a word, the signal, the other word. See README.md.
"""

import asyncio
import json
import pathlib
import shutil
import sys
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "integration"))

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHistory

from harness.patch_workflows import STAGES, WORKFLOW, while_python_serves
from harness.process import ManagedProcess
from harness.server import TemporalServer
from harness.temporal_api import TemporalApi, count, unique


async def complete_run(client: Client, queue: str) -> WorkflowHistory:
    handle = await client.start_workflow(WORKFLOW, id=unique("history"), task_queue=queue)
    while count((await handle.fetch_history()).events, EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED) < 2:
        await asyncio.sleep(0.05)
    await handle.signal("proceed")
    await handle.result()
    return await handle.fetch_history()


def save(name: str, history: WorkflowHistory) -> None:
    (FOLDER / f"{name}.json").write_text(json.dumps(json.loads(history.to_json()), indent=1) + "\n")
    print(f"{name}: {len(history.events)} events", flush=True)


def main() -> None:
    program = sys.argv[1]
    directory = pathlib.Path(tempfile.mkdtemp(prefix="histories-"))
    server = TemporalServer(directory).start()
    api = TemporalApi(server.address)
    try:
        for stage in STAGES:
            queue = unique("history")
            save(f"python_patch_{stage}", api.run(while_python_serves(api.client, queue, stage, complete_run(api.client, queue))))
            queue = unique("history")
            command = [program, "--stage", stage, "--address", server.address, "--task-queue", queue, "--worker-version", "v1.0.0"]
            worker = ManagedProcess(command, directory / f"{stage}.log")
            save(f"ours_patch_{stage}", api.run(complete_run(api.client, queue)))
            worker.stop()
    finally:
        api.close()
        server.kill()
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
