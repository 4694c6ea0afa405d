"""`describe`, `list` and `wait` against a real server, workers of two SDKs, a terminal and a browser."""

import asyncio
import json
import pathlib
import re
import shlex
import shutil
import subprocess
import time
import xml.etree.ElementTree
import zlib
from datetime import datetime
from typing import Any, Callable, Iterator

import pytest
from temporalio.client import WorkflowHandle, WorkflowHistory
from temporalio.worker import Replayer

from contract import LifecycleWorkflow, SdkNumberedWorkflow
from harness.order_workflow import OrderWorkflow, while_orders_are_served
from harness.process import ManagedProcess
from harness.programs import Finished, clean_environment, lifecycle_program
from harness.server import TemporalServer, temporal_program
from harness.temporal_api import TemporalApi, unique
from harness.waiting import wait_until
from harness.workers import WorkerPool

RunLifecycle = Callable[..., Finished]
StartClient = Callable[..., ManagedProcess]

FAILING_TASK_TOLD_SECONDS = 10


def description_of(lifecycle: RunLifecycle, workflow_id: str, *flags: str) -> dict[str, Any]:
    done = lifecycle("describe", workflow_id, "-o", "json", *flags)
    assert done.exit_code == 0, done
    return json.loads(done.stdout)


@pytest.fixture
def completed(workers: WorkerPool, api: TemporalApi, queue: str) -> WorkflowHandle:
    """A run of two steps that has ended, on one worker of v1.0.0."""
    workers.lifecycle("v1.0.0")
    handle = api.start(queue, steps=2, step_duration_ms=300)
    api.result(handle)
    return handle


# --- what it tells


def test_a_completed_run_has_its_steps_with_version_worker_and_times(completed: WorkflowHandle, lifecycle: RunLifecycle, queue: str) -> None:
    story = description_of(lifecycle, completed.id)
    assert (story["workflowId"], story["status"], story["taskQueue"]) == (completed.id, "COMPLETED", queue)
    assert story["result"]["steps_completed"] == 2 and story["versions"] == ["v1.0.0"]
    assert [(step["name"], step["status"], step["version"], step["attempt"]) for step in story["steps"]] == [
        ("step 0", "completed", "v1.0.0", 1),
        ("step 1", "completed", "v1.0.0", 1),
    ]
    assert all(300 <= step["durationMillis"] < 10_000 and step["process"].isdigit() for step in story["steps"])
    assert {task["status"] for task in story["workflowTasks"]} == {"completed"} and story["gaps"] == []
    text = lifecycle("describe", "-w", completed.id)
    assert text.exit_code == 0 and f"{completed.id}  COMPLETED in" in text.stdout, text
    assert re.search(r"^step 1 +completed +A v1\.0\.0 +\d+ ", text.stdout, re.MULTILINE), text
    assert "\033" not in text.stdout and "A v1.0.0" in text.stdout.splitlines()[-1], text


def test_a_step_that_is_tried_again_shows_why_and_when(workers: WorkerPool, api: TemporalApi, queue: str, lifecycle: RunLifecycle) -> None:
    workers.lifecycle("v1.0.0")
    retry = {"initial_interval_ms": 60_000, "maximum_interval_ms": 60_000, "maximum_attempts": 3}
    handle = api.start(queue, steps=1, step_duration_ms=50, fail_step=0, fail_attempts=2, retry=retry)

    def backing_off() -> dict[str, Any] | None:
        (step,) = description_of(lifecycle, handle.id)["steps"] or [{}]
        return step if step.get("status") == "backing off" else None

    step = wait_until(backing_off, "a step that backs off")
    assert (step["attempt"], step["maximumAttempts"]) == (2, 3)
    assert "SimulatedFailure" in step["failure"] and datetime.fromisoformat(step["nextAttemptTime"].replace("Z", "+00:00"))
    text = lifecycle("describe", handle.id).stdout
    assert "retrying: step 0 is at attempt 2 of 3: SimulatedFailure" in text and re.search(r"backing off +2 of 3 +in \d+", text), text


def test_a_workflow_of_any_type_from_another_sdk_is_told(api: TemporalApi, queue: str, lifecycle: RunLifecycle) -> None:
    async def order() -> WorkflowHandle:
        handle = await api.client.start_workflow(OrderWorkflow.run, args=["order", True], id=unique("order"), task_queue=queue)
        await handle.signal(OrderWorkflow.approve)
        await handle.execute_update(OrderWorkflow.change_address, "here")
        await handle.result()
        return handle

    handle = api.run(while_orders_are_served(api.client, queue, "77@host", order()))
    story = description_of(lifecycle, handle.id, "-r", handle.first_execution_run_id)
    assert story["status"] == "CONTINUED_AS_NEW" and story["continuedToRunId"] == description_of(lifecycle, handle.id)["runId"]
    names = {step["name"]: step for step in story["steps"]}
    assert {"reserve", "charge", "local validate", "child ShipWorkflow", "update change_address", "cooling-off"} == set(names)
    assert names["charge"]["attempt"] == 2 and names["cooling-off"]["type"] == "timer"
    assert names["reserve"]["process"] == "77" and "version" not in names["reserve"], "it told none"
    assert [event["text"] for event in story["events"] if event["event"] == "signal"] == ["approve"]


# --- a workflow task that keeps failing


async def _while_only_orders_are_served(api: TemporalApi, queue: str, look: Callable[[], Any]) -> Any:
    """A worker that polls the queue and does not know LifecycleWorkflow: it fails each of its tasks."""
    return await while_orders_are_served(api.client, queue, "77@host/v9.9.9#ab", asyncio.to_thread(look))


def test_a_workflow_task_that_keeps_failing_is_told_within_seconds(api: TemporalApi, queue: str, lifecycle: RunLifecycle) -> None:
    handle = api.start(queue, steps=1)
    began = time.monotonic()

    def look() -> dict[str, Any]:
        return wait_until(
            lambda: description_of(lifecycle, handle.id).get("failingWorkflowTask"), "a failing workflow task", FAILING_TASK_TOLD_SECONDS
        )

    failing = api.run(_while_only_orders_are_served(api, queue, look))
    assert time.monotonic() - began < FAILING_TASK_TOLD_SECONDS
    assert failing["version"] == "v9.9.9" and failing["worker"].startswith("77@host")
    assert "LifecycleWorkflow" in failing["failure"] and datetime.fromisoformat(failing["since"].replace("Z", "+00:00"))
    text = lifecycle("describe", handle.id).stdout
    assert "stands still: its workflow task has been failing for" in text and "on v9.9.9 (77@host)" in text, text


def test_start_tells_of_it_too(api: TemporalApi, queue: str, client_process: StartClient) -> None:
    began = time.monotonic()

    def look() -> str:
        client = client_process("start", "quick", "-t", queue, "--steps", "1")
        return wait_until(lambda: "workflow task failed" in client.log() and client.log(), "the failed workflow task", FAILING_TASK_TOLD_SECONDS)

    log = api.run(_while_only_orders_are_served(api, queue, look))
    assert time.monotonic() - began < FAILING_TASK_TOLD_SECONDS
    assert "77@host" in log and "v9.9.9" in log and "LifecycleWorkflow" in log, log


# --- faults


def test_faults_from_the_journal_are_shown(completed: WorkflowHandle, lifecycle: RunLifecycle, tmp_path: pathlib.Path) -> None:
    story = description_of(lifecycle, completed.id)
    line = {"time": story["steps"][0]["startedTime"], "id": "c/1", "event": "injected", "fault": "sigkill", "target": "process", "name": "4711"}
    line |= {"namespace": "", "uid": "", "node": "vm", "pid": 4711, "worker_identity": "", "version": "v1.0.0"}
    journal = tmp_path / "journal.jsonl"
    journal.write_text(json.dumps({**line, "workflow_ids": [completed.id], "undo": {}, "message": ""}) + "\n")
    text = lifecycle("describe", completed.id, "--journal", str(journal))
    assert text.exit_code == 0 and "sigkill process 4711 (v1.0.0, on vm), injected" in text.stdout and "! fault" in text.stdout, text
    (fault,) = description_of(lifecycle, completed.id, "--journal", str(journal))["faults"]
    assert fault["target"] == "process 4711"


# --- history


def test_the_history_is_what_the_official_tools_print_and_replay(
    server: TemporalServer, completed: WorkflowHandle, lifecycle: RunLifecycle, api: TemporalApi
) -> None:
    done = lifecycle("describe", completed.id, "--history")
    assert done.exit_code == 0, done
    shown = subprocess.run(
        [temporal_program(), "workflow", "show", "-w", completed.id, "-o", "json", "--address", server.address],
        capture_output=True,
        check=True,
        text=True,
    )
    assert json.loads(done.stdout) == json.loads(shown.stdout)
    api.run(Replayer(workflows=[LifecycleWorkflow]).replay_workflow(WorkflowHistory.from_json(completed.id, done.stdout)))


def test_the_history_of_another_sdks_worker_replays_there(api: TemporalApi, workers: WorkerPool, queue: str, lifecycle: RunLifecycle) -> None:
    workers.python("v2.0.0", "--sdk-activity-ids")
    handle = api.start(queue, steps=2, step_duration_ms=50)
    api.result(handle)
    history = WorkflowHistory.from_json(handle.id, lifecycle("describe", handle.id, "--history").stdout)
    api.run(Replayer(workflows=[SdkNumberedWorkflow]).replay_workflow(history))


# --- pictures


def test_the_svg_is_xml_and_the_page_needs_nothing_else(completed: WorkflowHandle, lifecycle: RunLifecycle) -> None:
    picture = xml.etree.ElementTree.fromstring(lifecycle("describe", completed.id, "-o", "svg").stdout)
    assert picture.tag == "{http://www.w3.org/2000/svg}svg" and len(picture.findall(".//{*}rect[@class='run']")) >= 2
    page = lifecycle("describe", completed.id, "-o", "html").stdout
    assert not re.search(r"""(src|href|url)\s*[=(]\s*["']?(https?:)?//|@import|<link|<script(?! type="application/json")""", page)
    data = re.search(r'<script type="application/json" id="story">(.*?)</script>', page, re.DOTALL)
    assert data and json.loads(data.group(1))["workflowId"] == completed.id


def test_the_page_is_drawn_by_a_browser(completed: WorkflowHandle, lifecycle: RunLifecycle, tmp_path: pathlib.Path) -> None:
    browser = shutil.which("chromium")
    if not browser:
        pytest.skip("no chromium in PATH")
    page = tmp_path / "story.html"
    page.write_text(lifecycle("describe", completed.id, "-o", "html").stdout)
    picture = tmp_path / "story.png"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    flags += ["--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1200,900"]
    subprocess.run([browser, *flags, f"--screenshot={picture}", page.as_uri()], capture_output=True, timeout=120, check=False)
    data = picture.read_bytes()
    assert data.startswith(b"\x89PNG")
    assert len(set(zlib.decompress(b"".join(png_chunks(data, b"IDAT"))))) > 50, "a page without content has few different bytes"


def png_chunks(data: bytes, kind: bytes) -> Iterator[bytes]:
    at = 8
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == kind:
            yield data[at + 8 : at + 8 + length]
        at += length + 12


# --- watching


def test_watching_prints_a_line_for_each_change_and_ends_with_the_run(
    workers: WorkerPool, api: TemporalApi, queue: str, client_process: StartClient
) -> None:
    handle = api.start(queue, steps=2, step_duration_ms=400)
    client = client_process("describe", handle.id, "--watch")
    wait_until(lambda: "no worker: workflow task waits" in client.output(), "that nobody serves the queue", 20, client.log)
    workers.lifecycle("v1.0.0")
    assert client.wait(60) == 0, client.log()
    lines = client.output().splitlines()
    assert [line.split(maxsplit=1)[1].split(" on ")[0] for line in lines if "step" in line] == [
        "step 0 started",
        "step 0 completed",
        "step 1 started",
        "step 1 completed",
    ], lines
    assert any("worker is back" in line for line in lines) and lines[-1].endswith("completed"), lines


def test_watching_a_terminal_redraws_it_and_leaves_the_story_behind(
    server: TemporalServer, workers: WorkerPool, api: TemporalApi, queue: str, tmp_path: pathlib.Path
) -> None:
    if not shutil.which("tmux"):
        pytest.skip("no tmux in PATH")
    handle = api.start(queue, steps=2, step_duration_ms=5000)
    tmux = ["tmux", "-S", str(tmp_path / "tmux"), "-f", "/dev/null"]
    env = clean_environment(tmp_path, {"TEMPORAL_ADDRESS": server.address, "TERM": "xterm-256color"})
    command = f"{shlex.quote(str(lifecycle_program()))} describe {handle.id} --watch; echo exit=$?; exec cat"
    subprocess.run([*tmux, "new-session", "-d", "-x", "110", "-y", "40", command], env=env, check=True)
    try:

        def screen() -> str:
            return subprocess.run([*tmux, "capture-pane", "-p"], capture_output=True, check=True, text=True).stdout

        wait_until(lambda: "no worker: workflow task has been waiting" in screen(), "a screen that says that nobody is there", 30, screen)
        assert f"{handle.id}  RUNNING for" in screen().splitlines()[0]
        workers.lifecycle("v1.0.0")
        running = re.compile(r"^step 1 +running", re.MULTILINE)
        shown = wait_until(lambda: running.search(now := screen()) and now, "step 1 running", 30, screen)
        assert shown.count("RUNNING for") == 1 and "A v1.0.0" in shown, shown
        wait_until(lambda: "exit=0" in screen(), "the end of watching", 30, screen)
        assert "RUNNING for" not in screen() and re.search(r"^step 1 +completed", screen(), re.MULTILINE), screen()
    finally:
        subprocess.run([*tmux, "kill-server"], check=False)


# --- list


def test_list_shows_status_type_and_version(workers: WorkerPool, api: TemporalApi, queue: str, lifecycle: RunLifecycle) -> None:
    handle = api.start(queue, steps=1)

    def listed() -> list[dict[str, Any]]:
        done = lifecycle("list", "-q", f"WorkflowId = '{handle.id}'", "-o", "json")
        assert done.exit_code == 0, done
        return json.loads(done.stdout)

    (item,) = wait_until(listed, "the workflow in the visibility store")
    assert (item["workflowId"], item["type"], item["status"]) == (handle.id, "LifecycleWorkflow", "RUNNING")
    text = lifecycle("list", "--limit", "1", "-q", f"WorkflowId = '{handle.id}'").stdout
    assert text.splitlines()[0].split() == ["STATUS", "WORKFLOW", "ID", "TYPE", "STARTED", "VERSION"] and len(text.splitlines()) == 2, text


def test_a_query_that_is_none_is_refused(lifecycle: RunLifecycle) -> None:
    done = lifecycle("list", "-q", "this is no query")
    assert done.exit_code != 0 and "list workflows with this is no query" in done.stderr, done


# --- wait


def test_waiting_begins_before_there_is_anything_to_wait_for(
    workers: WorkerPool, api: TemporalApi, queue: str, client_process: StartClient
) -> None:
    workflow_id = unique("later")
    serving = client_process("wait", "--for", f"serving={queue}", "--timeout", "60s")
    completed = client_process("wait", workflow_id, "--for", "completed", "--timeout", "60s")
    wait_until(lambda: "does not exist, still waiting" in completed.log(), "that it is not there", 20, completed.log)
    wait_until(lambda: "no worker polls" in serving.log(), "that nobody polls", 20, serving.log)
    workers.lifecycle("v1.0.0")
    assert serving.wait(30) == 0, serving.log()
    api.start(queue, workflow_id, steps=1, step_duration_ms=50)
    assert completed.wait(30) == 0, completed.log()
    assert completed.log().count("still waiting") == 1


def test_waiting_for_a_workflow_that_fails_exits_1_and_a_timeout_124(
    workers: WorkerPool, api: TemporalApi, queue: str, lifecycle: RunLifecycle
) -> None:
    workers.lifecycle("v1.0.0")
    failed = api.start(queue, steps=1, step_duration_ms=10, fail_step=0, fail_attempts=9, retry={"maximum_attempts": 1})
    done = lifecycle("wait", failed.id, "--for", "completed", "--timeout", "30s")
    assert done.exit_code == 1 and "failed" in done.stderr, done
    done = lifecycle("wait", "no-such-workflow", "--for", "completed", "--timeout", "500ms")
    assert done.exit_code == 124, done
    done = lifecycle("wait", "--for", "serving")
    assert done.exit_code == 2 and "serving=QUEUE" in done.stderr, done


def test_waiting_for_a_version_ends_when_its_worker_polls(workers: WorkerPool, queue: str, client_process: StartClient) -> None:
    name = unique("deployment")
    client = client_process("wait", "--for", "version=v1.0.0", "--deployment-name", name, "-t", queue, "--timeout", "60s")
    wait_until(lambda: "has been seen, still waiting" in client.log(), "that the version is unknown", 20, client.log)
    workers.lifecycle("v1.0.0", "--deployment-name", name)
    assert client.wait(40) == 0, client.log()
