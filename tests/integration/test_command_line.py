"""The command line as scripts and people meet it: exit codes, streams, formats."""

import json
import pathlib
import re
import signal
import subprocess
from datetime import datetime
from typing import Callable

import pytest

from harness.process import ManagedProcess
from harness.programs import Finished, clean_environment, lifecycle_program
from harness.ports import free_port
from harness.server import TemporalServer
from harness.temporal_api import TemporalApi, unique
from harness.waiting import wait_until
from harness.workers import WorkerPool

RunLifecycle = Callable[..., Finished]
StartClient = Callable[..., ManagedProcess]

SHORT = ("--steps", "2", "--step-duration", "300ms")


@pytest.fixture
def served(workers: WorkerPool, queue: str) -> str:
    """A task queue that a worker polls."""
    workers.lifecycle("v1.0.0")
    return queue


# --- formats


def test_json_output_is_one_document(served: str, lifecycle: RunLifecycle, api: TemporalApi) -> None:
    workflow_id = unique("json")
    done = lifecycle("start", "quick", "-t", served, "-w", workflow_id, *SHORT, "-o", "json")
    assert done.exit_code == 0, done
    document = json.loads(done.stdout)
    assert document["workflowId"] == workflow_id
    assert document["runId"] and document["type"] == "LifecycleWorkflow"
    assert document["namespace"] == "default" and document["taskQueue"] == served
    assert document["status"] == "COMPLETED" and document["durationMillis"] >= 600
    assert document["result"]["steps_completed"] == 2
    assert [(step["step"], step["version"], step["attempt"]) for step in document["steps"]] == [(0, "v1.0.0", 1), (1, "v1.0.0", 1)]
    assert [step["worker"] for step in document["steps"]] == document["result"]["workers_used"] * 2


def test_jsonl_output_tells_each_change_as_it_happens(served: str, lifecycle: RunLifecycle) -> None:
    done = lifecycle("start", "quick", "-t", served, "--steps", "2", "--step-duration", "1200ms", "-o", "jsonl")
    assert done.exit_code == 0, done
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    for line in lines:
        assert line["event"] and datetime.fromisoformat(line["time"].replace("Z", "+00:00")).tzinfo is not None
    for event in ("step_started", "step_completed"):
        of_steps = [line for line in lines if line["event"] == event]
        assert [line["step"] for line in of_steps] == [0, 1], done
        assert all(line["version"] == "v1.0.0" and "/v1.0.0#" in line["worker"] and line["attempt"] == 1 for line in of_steps)
    assert lines[-1]["result"]["steps_completed"] == 2


def test_no_output_is_no_output(served: str, lifecycle: RunLifecycle) -> None:
    done = lifecycle("start", "quick", "-t", served, *SHORT, "-o", "none")
    assert (done.exit_code, done.stdout) == (0, ""), done


def test_no_wait_prints_only_the_id(served: str, lifecycle: RunLifecycle, api: TemporalApi) -> None:
    done = lifecycle("start", "quick", "-t", served, *SHORT, "--no-wait")
    assert done.exit_code == 0, done
    (workflow_id,) = done.stdout.splitlines()
    assert workflow_id.startswith("quick-")
    assert api.result(api.client.get_workflow_handle(workflow_id))["steps_completed"] == 2


def test_a_pipe_closed_by_its_reader_ends_quietly(server: TemporalServer, served: str, tmp_path: pathlib.Path) -> None:
    command = f"{lifecycle_program()} start quick -t {served} --steps 3 --step-duration 300ms -o jsonl | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        env=clean_environment(tmp_path, {"TEMPORAL_ADDRESS": server.address}),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done
    assert len(done.stdout.splitlines()) == 1 and json.loads(done.stdout)
    assert not re.search(r"(?i)broken pipe|error|fatal|terminate", done.stderr), done.stderr


# --- exit codes


def test_a_failed_workflow_exits_1_and_says_why(served: str, lifecycle: RunLifecycle) -> None:
    done = lifecycle("start", "quick", "-t", served, *SHORT, "--fail-step", "0", "--fail-attempts", "3", "--retry-max-attempts", "1")
    assert done.exit_code == 1, done
    assert "SimulatedFailure" in done.stderr or "simulated" in done.stderr.lower(), done
    assert len(done.stderr.splitlines()) < 40, "a chain of messages, not a stack trace"


@pytest.mark.parametrize("way", ["cancel", "terminate"])
def test_a_workflow_stopped_by_others_exits_1(served: str, client_process: StartClient, api: TemporalApi, way: str) -> None:
    workflow_id = unique(way)
    client = client_process("start", "quick", "-t", served, "-w", workflow_id)
    wait_until(lambda: workflow_id in client.log(), "the id", context=client.log)
    handle = api.client.get_workflow_handle(workflow_id)
    api.wait_for_started_step(handle)
    api.run(getattr(handle, way)())
    assert client.wait() == 1, client.log()
    assert re.search("(?i)cancel" if way == "cancel" else "(?i)terminat", client.log())


def test_an_id_that_is_running_already_exits_1_and_can_be_followed(
    served: str, lifecycle: RunLifecycle, api: TemporalApi
) -> None:
    running = api.start(served, steps=3, step_duration_ms=1000)
    refused = lifecycle("start", "quick", "-t", served, "-w", running.id, *SHORT)
    assert refused.exit_code == 1, refused
    assert running.id in refused.stderr and refused.stdout == ""
    followed = lifecycle("start", "quick", "-t", served, "-w", running.id, "--id-conflict-policy", "UseExisting", "-o", "json")
    assert followed.exit_code == 0, followed
    assert json.loads(followed.stdout)["result"]["steps_completed"] == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ("start", "quick", "--step-duration", "soon"),
        ("start", "quick", "--step-duration", "-5s"),
        ("start", "quick", "--steps", "many"),
        ("start", "quick", "--steps", "60000"),
        ("start", "quick", "--no-such-flag"),
        ("start", "no-such-workflow"),
        ("start", "quick", "-o", "yaml"),
        ("worker", "--max-concurrent-activities", "none"),
        ("quikc",),
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_2(lifecycle: RunLifecycle, arguments: tuple[str, ...]) -> None:
    done = lifecycle(*arguments, seconds=20)
    assert done.exit_code == 2, done
    assert done.stdout == "" and done.stderr.strip()


def test_a_mistyped_subcommand_gets_a_suggestion(lifecycle: RunLifecycle) -> None:
    assert "quick" in lifecycle("quikc").stderr


@pytest.mark.parametrize("arguments", [("--help",), ("start", "--help"), ("worker", "--help"), ("--version",), ("help", "exit-codes")], ids=" ".join)
def test_help_and_version_are_answers(lifecycle: RunLifecycle, arguments: tuple[str, ...]) -> None:
    done = lifecycle(*arguments)
    assert done.exit_code == 0 and done.stdout.strip(), done


def test_an_unreachable_server_exits_3_and_says_where(lifecycle: RunLifecycle) -> None:
    address = f"127.0.0.1:{free_port()}"
    done = lifecycle("quick", "--address", address, "--client-connect-timeout", "1s", seconds=30)
    assert done.exit_code == 3, done
    assert address in done.stderr and done.stdout == ""


def test_errors_are_json_where_json_was_asked_for(lifecycle: RunLifecycle) -> None:
    address = f"127.0.0.1:{free_port()}"
    done = lifecycle("quick", "--address", address, "--client-connect-timeout", "1s", "-o", "json")
    assert done.exit_code == 3 and done.stdout == "", done
    error = json.loads(done.stderr.splitlines()[-1])["error"]
    assert error["exitCode"] == 3 and address in error["message"]


def test_an_unknown_namespace_exits_5(lifecycle: RunLifecycle) -> None:
    done = lifecycle("quick", "--namespace", "no-such-namespace")
    assert done.exit_code == 5, done
    assert "no-such-namespace" in done.stderr


def test_an_invalid_configuration_file_exits_78_with_line_and_column(lifecycle: RunLifecycle, tmp_path: pathlib.Path) -> None:
    config = tmp_path / "temporal.toml"
    config.write_text('[profile.default]\naddress = "127.0.0.1:7233\nnamespace = "default"\n')
    done = lifecycle("quick", env={"TEMPORAL_CONFIG_FILE": str(config)})
    assert done.exit_code == 78, done
    assert str(config) in done.stderr
    assert re.search(r":2:\d+|line 2,? column \d+", done.stderr), done.stderr


def test_a_profile_names_the_server(served: str, server: TemporalServer, lifecycle: RunLifecycle, tmp_path: pathlib.Path) -> None:
    config = tmp_path / "temporal.toml"
    config.write_text(f'[profile.elsewhere]\naddress = "{server.address}"\n')
    done = lifecycle(
        "start", "quick", "-t", served, *SHORT, "--config-file", str(config), "--profile", "elsewhere", env={"TEMPORAL_ADDRESS": None}
    )
    assert done.exit_code == 0, done


def test_a_flag_beats_the_environment(served: str, server: TemporalServer, lifecycle: RunLifecycle) -> None:
    wrong = {"TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}", "TEMPORAL_NAMESPACE": "no-such-namespace"}
    done = lifecycle("start", "quick", "-t", served, *SHORT, "--address", server.address, "--namespace", "default", env=wrong)
    assert done.exit_code == 0, done


def test_a_client_does_not_inherit_the_queue_of_a_worker_pod(lifecycle: RunLifecycle, api: TemporalApi) -> None:
    done = lifecycle("start", "quick", "--no-wait", env={"TEMPORAL_TASK_QUEUE": "the-queue-of-the-pod"})
    assert done.exit_code == 0, done
    handle = api.client.get_workflow_handle(done.stdout.strip())
    assert api.run(handle.describe()).task_queue == "lifecycle-queue"
    api.run(handle.terminate())


def test_a_time_out_exits_124_and_the_workflow_goes_on(served: str, lifecycle: RunLifecycle, api: TemporalApi) -> None:
    workflow_id = unique("timeout")
    done = lifecycle("start", "quick", "-t", served, "-w", workflow_id, "--steps", "1", "--step-duration", "20s", "--timeout", "1s")
    assert done.exit_code == 124, done
    handle = api.client.get_workflow_handle(workflow_id)
    assert api.run(handle.describe()).close_time is None
    api.run(handle.terminate())


@pytest.mark.parametrize(("signal_number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_client_tells_how_to_follow_again(
    served: str, client_process: StartClient, api: TemporalApi, signal_number: signal.Signals, exit_code: int
) -> None:
    workflow_id = unique("interrupted")
    client = client_process("start", "quick", "-t", served, "-w", workflow_id)
    api_handle = api.client.get_workflow_handle(workflow_id)
    wait_until(lambda: workflow_id in client.log(), "the id", context=client.log)
    api.wait_for_started_step(api_handle)
    before = client.log()
    client.send(signal_number)
    assert client.wait() == exit_code, client.log()
    said = client.log()[len(before) :]
    assert workflow_id in said and "UseExisting" in said, said
    assert api.run(api_handle.describe()).close_time is None, "the workflow goes on"
    api.run(api_handle.terminate())


# --- a queue that nobody serves


def test_a_queue_without_a_worker_is_told_once_and_waited_for(
    workers: WorkerPool, queue: str, client_process: StartClient
) -> None:
    client = client_process("start", "quick", "-t", queue, *SHORT)
    told = re.compile(r"(?i)no worker")
    wait_until(lambda: told.search(client.log()), "a word about the missing worker", context=client.log)
    assert client.exit_code() is None
    workers.lifecycle("v1.0.0")
    assert client.wait() == 0, client.log()
    assert len(told.findall(client.log())) == 1, client.log()
    assert json.loads(client.output())["steps_completed"] == 2
