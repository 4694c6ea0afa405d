"""`lifecycle replay` and `lifecycle verify` on what a real server tells of real runs, in every form that it is told in."""

import datetime
import json
import pathlib
import urllib.request
from typing import Callable, Iterator

import pytest

from harness.ports import free_port
from harness.process import ManagedProcess
from harness.programs import Finished, clean_environment, lifecycle_program, run_program
from harness.server import answers, temporal_program
from harness.temporal_api import TemporalApi, completed_steps, unique
from harness.waiting import wait_until
from harness.workers import WorkerPool

QUICK = ("--steps", "3", "--step-duration", "100ms")


class ServerWithUi:
    """The development server with its Web UI: both answer the HTTP API, each in its own spelling."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.port, self.http_port, self.ui_port = free_port(), free_port(), free_port()
        self.address = f"127.0.0.1:{self.port}"
        command = [temporal_program(), "server", "start-dev", "--ip", "127.0.0.1", "--port", str(self.port), "--http-port", str(self.http_port)]
        self.process = ManagedProcess([*command, "--ui-port", str(self.ui_port), "--log-level", "error"], directory / "server.log")
        wait_until(lambda: answers(self.address), "a server that answers", 60, self.process.log)
        # The Web UI starts beside the server, and says 503 until it has reached it.
        wait_until(self.ui_answers, "a Web UI that answers", 60, self.process.log)

    def ui_answers(self) -> bool:
        try:
            return bool(self.get(self.ui_port, "namespaces/default/workflows"))
        except OSError:
            return False

    def get(self, port: int, path: str) -> bytes:
        url = f"http://127.0.0.1:{port}/api/v1/{path}"
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=10) as answer:
            return answer.read()

    def history_over(self, port: int, workflow_id: str, arguments: str = "") -> bytes:
        return self.get(port, f"namespaces/default/workflows/{workflow_id}/history{arguments}")


@pytest.fixture(scope="module")
def ui_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerWithUi]:
    server = ServerWithUi(tmp_path_factory.mktemp("ui"))
    yield server
    server.process.kill()


def test_every_form_in_which_a_real_server_tells_a_history_replays(ui_server: ServerWithUi, tmp_path: pathlib.Path) -> None:
    env = clean_environment(tmp_path, {"TEMPORAL_ADDRESS": ui_server.address})
    worker = ManagedProcess([lifecycle_program(), "worker", "--worker-version", "v1.0.0"], tmp_path / "worker.log", env)
    try:
        done = run_program(lifecycle_program(), ["quick", "-w", "told", *QUICK], env)
        assert done.exit_code == 0, done
    finally:
        worker.stop()
    shown = run_program(pathlib.Path(temporal_program()), ["workflow", "show", "-w", "told", "-o", "json"], env)
    histories = tmp_path / "histories"
    histories.mkdir()
    (histories / "cli.json").write_text(shown.stdout)
    (histories / "http.json").write_bytes(ui_server.history_over(ui_server.http_port, "told"))
    (histories / "http-no-shorthand.json").write_bytes(ui_server.history_over(ui_server.http_port, "told", "?noPayloadShorthand"))
    (histories / "ui.json").write_bytes(ui_server.history_over(ui_server.ui_port, "told"))
    assert b'"input":[{' in (histories / "http.json").read_bytes(), "the payloads are values there"

    replayed = run_program(lifecycle_program(), ["replay", str(histories), "-o", "json"], env)
    assert replayed.exit_code == 0, replayed
    document = json.loads(replayed.stdout)
    assert document["verdict"] == "accepted"
    assert [each["verdict"] for each in document["histories"]] == ["replayed"] * 4
    verified = run_program(lifecycle_program(), ["verify", "--history", str(histories), "-o", "json"], env)
    assert verified.exit_code == 0, verified
    assert json.loads(verified.stdout)["passed"] == 4

    page = tmp_path / "page.json"
    page.write_bytes(ui_server.history_over(ui_server.http_port, "told", "?maximumPageSize=5"))
    cut = run_program(lifecycle_program(), ["replay", str(page)], env)
    assert cut.exit_code == 1 and "one page of the history" in cut.stderr, cut


def test_runs_are_verified_by_id_and_by_query(
    workers: WorkerPool, queue: str, lifecycle: Callable[..., Finished], api: TemporalApi
) -> None:
    workers.lifecycle("v1.0.0")
    ids = [unique("verified"), unique("verified")]
    for workflow_id in ids:
        assert lifecycle("quick", "-t", queue, "-w", workflow_id, *QUICK, "--fail-step", "1", "--fail-attempts", "1").exit_code == 0
    by_id = lifecycle("verify", *ids, "-o", "json")
    assert by_id.exit_code == 0, by_id
    assert [run["workflowId"] for run in json.loads(by_id.stdout)["runs"]] == ids

    query = f"TaskQueue = '{queue}'"
    wait_until(lambda: lifecycle("verify", "--query", query).stdout.count("PASS     verified-") == 2, "both in the visibility store", 30)
    assert lifecycle("verify", "--query", "WorkflowType = 'NobodyHasThis'").exit_code == 5
    assert lifecycle("verify", "nobody-has-this").exit_code == 5


def test_an_earlier_run_is_verified_by_its_run_id(
    workers: WorkerPool, queue: str, lifecycle: Callable[..., Finished], api: TemporalApi
) -> None:
    workers.lifecycle("v1.0.0")
    workflow_id = unique("again")
    runs = []
    for _ in range(2):
        assert lifecycle("quick", "-t", queue, "-w", workflow_id, *QUICK).exit_code == 0
        runs.append(api.run(api.client.get_workflow_handle(workflow_id).describe()).run_id)
    for run_id, arguments in ((runs[0], ("--run-id", runs[0])), (runs[1], ())):
        verified = lifecycle("verify", workflow_id, *arguments, "-o", "json")
        assert verified.exit_code == 0, verified
        assert [run["runId"] for run in json.loads(verified.stdout)["runs"]] == [run_id]


def test_an_open_run_is_unknown_and_its_history_in_progress(
    workers: WorkerPool, queue: str, lifecycle: Callable[..., Finished], api: TemporalApi, tmp_path: pathlib.Path
) -> None:
    workers.lifecycle("v1.0.0")
    workflow_id = unique("open")
    assert lifecycle("quick", "-t", queue, "-w", workflow_id, "--steps", "2", "--step-duration", "60s", "--no-wait").exit_code == 0
    verified = lifecycle("verify", workflow_id)
    assert verified.exit_code == 1 and "UNKNOWN" in verified.stdout, verified
    history = tmp_path / "open.json"
    history.write_text(api.run(api.client.get_workflow_handle(workflow_id).fetch_history()).to_json())
    replayed = lifecycle("replay", str(history))
    assert replayed.exit_code == 0 and "in progress" in replayed.stdout, replayed
    assert lifecycle("verify", "--history", str(history)).exit_code == 1


def journal_of_a_kill(path: pathlib.Path, when: datetime.datetime, identity: str, workflow_id: str) -> str:
    """A journal as `lifecycle chaos` writes it, of one proven SIGKILL."""
    time = when.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    fault = {"time": time, "id": "chaos-test/1", "event": "proven", "fault": "sigkill", "target": "process", "name": "1"}
    path.write_text(json.dumps({**fault, "worker_identity": identity, "workflow_ids": [workflow_id]}) + "\n")
    return str(path)


def test_a_run_whose_worker_was_killed_passes_and_a_dead_worker_that_goes_on_is_broken(
    workers: WorkerPool, queue: str, lifecycle: Callable[..., Finished], api: TemporalApi, tmp_path: pathlib.Path
) -> None:
    workers.lifecycle("v1.0.0")
    workers.lifecycle("v1.0.0")
    handle = api.start(queue, steps=4, step_duration_ms=1500)
    victim_identity = api.wait_for_started_step(handle, after_steps=1).last_worker_identity
    workers.behind(victim_identity).kill_at_once()
    killed = datetime.datetime.now(datetime.timezone.utc)
    assert api.result(handle)["retries"] == 1

    journal = journal_of_a_kill(tmp_path / "journal.jsonl", killed, victim_identity, handle.id)
    verified = lifecycle("verify", handle.id, "--journal", journal, "-o", "json")
    assert verified.exit_code == 0, verified
    (run,) = json.loads(verified.stdout)["runs"]
    assert next(rule["verdict"] for rule in run["rules"] if rule["id"] == "killed-worker") == "pass"

    (survivor,) = {step["worker"] for step in completed_steps(api.events(handle))} - {victim_identity}
    lie = journal_of_a_kill(tmp_path / "lie.jsonl", api.events(handle)[0].event_time.ToDatetime(datetime.timezone.utc), survivor, handle.id)
    broken = lifecycle("verify", handle.id, "--journal", lie)
    assert broken.exit_code == 7 and "BROKEN   killed-worker: " in broken.stdout, broken
