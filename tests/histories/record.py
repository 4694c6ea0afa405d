"""Records the histories of this folder again, with the peers in bench/peers against an embedded server. See README.md.

    build/venv/bin/python tests/histories/record.py [NAME...]

Every history is replayed by the SDK that wrote it before it is saved. Event times, run ids and task tokens differ from one recording to the
next; process ids, host names and paths do not, because they are set or replaced here.
"""

import asyncio
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
from typing import Callable

FOLDER = pathlib.Path(__file__).resolve().parent
REPOSITORY = FOLDER.parent.parent
sys.path[:0] = [str(REPOSITORY / "tests" / "integration"), str(REPOSITORY / "bench" / "peers" / "python")]

from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowFailureError, WorkflowHandle, WorkflowHistory
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from harness.process import ManagedProcess
from harness.programs import build_go_peer, python_peer_command
from harness.server import TemporalServer
from harness.temporal_api import QUEUE_TYPES, TemporalApi, count, unique
from harness.waiting import wait_until

ACTIVITY_QUEUE = QUEUE_TYPES[1:]
SDK_IDS = "--sdk-activity-ids"


class Recorder:
    """Server, client and workers of one recording. Workers are known by numbers, which stand where process ids would."""

    def __init__(self, api: TemporalApi, address: str, directory: pathlib.Path) -> None:
        self.api = api
        self.queue = unique("history")
        self._address = address
        self._directory = directory
        self._processes: list[ManagedProcess] = []

    def worker(self, sdk: str, number: int, version: str = "v1.0.0", *flags: str, queue_types=QUEUE_TYPES) -> ManagedProcess:
        """Starts a worker that calls itself "<number>@host/<version>#<number>", and waits for its polls."""
        program = python_peer_command() if sdk == "python" else [str(build_go_peer())]
        identity = f"{number}@host/{version}#{number:08x}"
        command = [*program, "--address", self._address, "--task-queue", self.queue, "--worker-version", version, "--identity", identity]
        process = ManagedProcess([*command, *flags], self._directory / f"{self.queue}-{number}.log")
        self._processes.append(process)
        polls = lambda: self.api.polls(self.queue, number, queue_types=queue_types)
        wait_until(polls, f"polls of worker {number}", context=process.log)
        return process

    def start(self, **workflow_input) -> WorkflowHandle:
        return self.api.start(self.queue, **workflow_input)

    def close(self) -> None:
        for process in self._processes:
            process.kill()


def finished(recorder: Recorder, handle: WorkflowHandle) -> WorkflowHandle:
    try:
        recorder.api.result(handle)
    except WorkflowFailureError:
        pass  # some are to end that way
    return handle


def complete(recorder: Recorder, sdk: str, *flags: str) -> WorkflowHandle:
    recorder.worker(sdk, 1234, "v1.0.0", *flags)
    return finished(recorder, recorder.start(steps=10, step_duration_ms=0))


def retried_step(recorder: Recorder, sdk: str, *flags: str) -> WorkflowHandle:
    recorder.worker(sdk, 1234, "v1.0.0", *flags)
    return finished(recorder, recorder.start(steps=3, step_duration_ms=0, fail_step=1, fail_attempts=2, retry={"initial_interval_ms": 100}))


def failed(recorder: Recorder, sdk: str, *flags: str) -> WorkflowHandle:
    recorder.worker(sdk, 1234, "v1.0.0", *flags)
    return finished(recorder, recorder.start(steps=3, step_duration_ms=0, fail_step=1, fail_attempts=9, retry={"maximum_attempts": 1}))


def killed_worker(recorder: Recorder, first: str, second: str, *flags: str) -> WorkflowHandle:
    """The second worker ends what the first, killed in its third step, began: a heartbeat time-out and a sticky queue that nobody polls."""
    victim = recorder.worker(first, 1234, "v1.0.0", *flags)
    handle = recorder.start(steps=4, step_duration_ms=600)
    recorder.api.wait_for_started_step(handle, after_steps=2)
    victim.kill()
    recorder.worker(second, 1235, "v1.1.0", *flags)
    return finished(recorder, handle)


def pause_resume(recorder: Recorder, sdk: str, *flags: str) -> WorkflowHandle:
    recorder.worker(sdk, 1234, "v1.0.0", *flags)
    handle = recorder.start(steps=3, step_duration_ms=400)
    recorder.api.wait_for_started_step(handle, after_steps=1)
    recorder.api.run(handle.signal("pause"))
    wait_until(lambda: at_rest(recorder, handle), "a pause")
    recorder.api.run(handle.signal("resume"))
    return finished(recorder, handle)


def at_rest(recorder: Recorder, handle: WorkflowHandle) -> bool:
    last = recorder.api.events(handle)[-1].event_type
    return recorder.api.pending_activity(handle) is None and last == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED


def pause_with_step_end(recorder: Recorder, sdk: str, *flags: str) -> WorkflowHandle:
    """The pause and the end of the first step reach the workflow in one task: the next step waits."""
    brain = recorder.worker(sdk, 1234, "v1.0.0", "--max-concurrent-activities", "1", *flags)
    holder = recorder.start(steps=1, step_duration_ms=300_000)
    recorder.api.wait_for_started_step(holder)
    recorder.worker("python", 1300, "v1.0.0", "--activities-only", queue_types=ACTIVITY_QUEUE)
    handle = recorder.start(steps=2, step_duration_ms=800)
    recorder.api.wait_for_started_step(handle)
    brain.kill()
    recorder.api.run(handle.signal("pause"))
    wait_until(lambda: recorder.api.completed(handle) == 1, "the end of the step")
    recorder.api.run(holder.terminate())
    recorder.worker(sdk, 1235, "v1.0.0", *flags)
    wait_until(lambda: at_rest(recorder, handle), "a pause")
    recorder.api.run(handle.signal("resume"))
    return finished(recorder, handle)


def cancelled(recorder: Recorder, sdk: str, *flags: str) -> WorkflowHandle:
    recorder.worker(sdk, 1234, "v1.0.0", *flags)
    handle = recorder.start(steps=3, step_duration_ms=1000)
    recorder.api.wait_for_started_step(handle, after_steps=1)
    recorder.api.run(handle.cancel())
    return finished(recorder, handle)


def terminated(recorder: Recorder, sdk: str, *flags: str) -> WorkflowHandle:
    recorder.worker(sdk, 1234, "v1.0.0", *flags)
    handle = recorder.start(steps=3, step_duration_ms=1000)
    recorder.api.wait_for_started_step(handle, after_steps=1)
    recorder.api.run(handle.terminate("recorded on purpose"))
    return handle


def still_open(recorder: Recorder, sdk: str, *flags: str) -> WorkflowHandle:
    """Its third step is running: scheduled, but not yet started as far as history tells."""
    recorder.worker(sdk, 1234, "v1.0.0", *flags)
    handle = recorder.start(steps=5, step_duration_ms=500)
    recorder.api.wait_for_started_step(handle, after_steps=2)
    return handle


def updated(recorder: Recorder, sdk: str, *flags: str) -> WorkflowHandle:
    recorder.worker(sdk, 1234, "v1.0.0", *flags)
    handle = recorder.start(steps=3, step_duration_ms=1000)
    recorder.api.wait_for_started_step(handle)
    recorder.api.run(handle.execute_update("set_step_duration", {"step_duration_ms": 10}))
    return finished(recorder, handle)


@workflow.defn
class AnotherWorkflow:
    """What the worker knows that was deployed by mistake: not LifecycleWorkflow."""

    @workflow.run
    async def run(self) -> None:
        pass


def failed_task(recorder: Recorder, sdk: str, *flags: str) -> WorkflowHandle:
    """Between two good workers, one takes a workflow task that does not know the workflow, and fails it."""
    good = recorder.worker(sdk, 1234, "v1.0.0", *flags)
    handle = recorder.start(steps=3, step_duration_ms=600)
    recorder.api.wait_for_started_step(handle, after_steps=1)
    good.kill()

    async def serve_the_wrong_workflow() -> None:
        runner = UnsandboxedWorkflowRunner()
        async with Worker(recorder.api.client, task_queue=recorder.queue, workflows=[AnotherWorkflow], workflow_runner=runner):
            failure = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
            while count((await handle.fetch_history()).events, failure) == 0:
                await asyncio.sleep(0.1)

    # The killed worker's step must end for a workflow task to be scheduled: this one runs activities only.
    recorder.worker("python", 1300, "v1.0.0", "--activities-only", queue_types=ACTIVITY_QUEUE)
    recorder.api.run(serve_the_wrong_workflow())
    recorder.worker(sdk, 1235, "v1.0.0", *flags)
    return finished(recorder, handle)


Scenario = Callable[[Recorder], WorkflowHandle]

# By file name: the SDKs that must replay it, and how it is made. "sdk-ids" is the Python peer with the activity ids that Core gives.
RECORDINGS: dict[str, tuple[set[str], Scenario]] = {
    "go_complete_10_steps": ({"go", "python"}, lambda r: complete(r, "go")),
    "go_retried_step": ({"go", "python"}, lambda r: retried_step(r, "go")),
    "go_failed": ({"go", "python"}, lambda r: failed(r, "go")),
    "go_pause_resume": ({"go", "python"}, lambda r: pause_resume(r, "go")),
    "go_pause_with_step_end": ({"go", "python"}, lambda r: pause_with_step_end(r, "go")),
    "go_cancelled": ({"go", "python"}, lambda r: cancelled(r, "go")),
    "go_terminated": ({"go", "python"}, lambda r: terminated(r, "go")),
    "go_failed_task": ({"go", "python"}, lambda r: failed_task(r, "go")),
    "go_open": ({"go", "python"}, lambda r: still_open(r, "go")),
    "go_updated": ({"go"}, lambda r: updated(r, "go")),
    "python_complete_10_steps": ({"sdk-ids"}, lambda r: complete(r, "python", SDK_IDS)),
    "python_retried_step": ({"sdk-ids"}, lambda r: retried_step(r, "python", SDK_IDS)),
    "python_killed_worker": ({"sdk-ids"}, lambda r: killed_worker(r, "python", "python", SDK_IDS)),
    "python_pause_resume": ({"sdk-ids"}, lambda r: pause_resume(r, "python", SDK_IDS)),
    "python_cancelled": ({"sdk-ids"}, lambda r: cancelled(r, "python", SDK_IDS)),
    "python_open": ({"sdk-ids"}, lambda r: still_open(r, "python", SDK_IDS)),
    "python_updated": ({"sdk-ids"}, lambda r: updated(r, "python", SDK_IDS)),
    "go_then_python": ({"go", "python"}, lambda r: killed_worker(r, "go", "python")),
    "python_then_go": ({"go", "python"}, lambda r: killed_worker(r, "python", "go")),
}


def without_traces_of_this_machine(history: WorkflowHistory) -> str:
    """The history as JSON, with paths inside the repository and a neutral host name."""
    text = json.dumps(json.loads(history.to_json()), indent=1) + "\n"
    # The Go SDK names its sticky queue after the host.
    return text.replace(f"{REPOSITORY}/", "").replace(f'"{socket.gethostname()}:', '"host:')


def replay(path: pathlib.Path, by: str) -> None:
    command = [str(build_go_peer())] if by == "go" else python_peer_command()
    flags = [SDK_IDS] if by == "sdk-ids" else []
    replayed = subprocess.run([*command, *flags, "--replay", str(path), "1"], capture_output=True, text=True, timeout=60)
    if replayed.returncode != 0:
        raise SystemExit(f"{path.name} does not replay with {by}:\n{replayed.stderr}")


def record(name: str, api: TemporalApi, address: str, directory: pathlib.Path) -> None:
    replayers, scenario = RECORDINGS[name]
    recorder = Recorder(api, address, directory)
    try:
        history = api.history(scenario(recorder))
    finally:
        recorder.close()
    draft = directory / f"{name}.json"
    draft.write_text(without_traces_of_this_machine(history))
    for by in sorted(replayers):
        replay(draft, by)
    shutil.copy(draft, FOLDER)
    print(f"{name}: {len(history.events)} events, replays with {', '.join(sorted(replayers))}", flush=True)


def main() -> None:
    names = sys.argv[1:] or list(RECORDINGS)
    if unknown := [name for name in names if name not in RECORDINGS]:
        raise SystemExit(f"no such history: {', '.join(unknown)}; there are {', '.join(RECORDINGS)}")
    if not build_go_peer():
        raise SystemExit("`go` is needed to record: it is not in PATH")
    directory = pathlib.Path(tempfile.mkdtemp(prefix="histories-"))
    server = TemporalServer(directory).start()
    api = TemporalApi(server.address)
    try:
        for name in names:
            record(name, api, server.address, directory)
    finally:
        api.close()
        server.kill()
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
