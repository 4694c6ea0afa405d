"""A worker's log: one line for each start and end, levels by signal, outages told once, and never a secret."""

import json
import os
import pathlib
import signal
import urllib.request
from collections import Counter
from typing import Any, Callable

import pytest

from harness.programs import Finished
from harness.server import TemporalServer
from harness.temporal_api import TemporalApi, unique
from harness.waiting import wait_until
from harness.workers import WorkerPool, WorkerProcess

SECRET = "sk-Qm9uam91ci1sZS1tb25kZQ"


def each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)


def lines(worker: WorkerProcess) -> list[dict[str, Any]]:
    return [json.loads(line, object_pairs_hook=each_name_once) for line in worker.log().splitlines()]


def said(worker: WorkerProcess, message: str) -> int:
    return sum(message in line for line in worker.log().splitlines())


def test_each_start_and_end_is_one_line_however_often_the_code_is_replayed(api: TemporalApi, workers: WorkerPool, queue: str) -> None:
    worker = workers.lifecycle("v1.0.0", "--log-format", "json", "--max-cached-workflows", "0")  # each task replays from the start
    handle = api.start(queue, steps=3, step_duration_ms=200, fail_step=1, fail_attempts=1, retry={"initial_interval_ms": 50})
    api.result(handle)
    wait_until(lambda: said(worker, "workflow completed"), "the end in the log", context=worker.log)

    told = [line for line in lines(worker) if line.get("workflow_id") == handle.id]

    assert Counter(line["message"] for line in told if "activity_id" not in line) == {"workflow started": 1, "workflow completed": 1}
    attempts = Counter((line["activity_id"], line["attempt"], line["message"]) for line in told if "activity_id" in line)
    assert all(count == 1 for count in attempts.values()), attempts
    assert Counter(message for _, _, message in attempts) == {"activity started": 4, "activity completed": 3, "activity failed": 1}
    (failed,) = [line for line in told if line["message"] == "activity failed"]
    assert failed["error"] == "simulated failure of step 1, attempt 1 of 1"


def test_lines_say_who_which_version_and_how_long(api: TemporalApi, workers: WorkerPool, queue: str) -> None:
    worker = workers.lifecycle("v1.0.0", "--log-format", "json")
    handle = api.start(queue, steps=1, step_duration_ms=300)
    api.result(handle)
    wait_until(lambda: said(worker, "workflow completed"), "the end in the log", context=worker.log)
    by_message = {line["message"]: line for line in lines(worker) if line.get("workflow_id") == handle.id}
    assert by_message.keys() == {"workflow started", "activity started", "activity completed", "workflow completed"}
    for line in by_message.values():
        assert (line["version"], line["run_id"], line["attempt"]) == ("v1.0.0", handle.result_run_id, 1)
    assert 300 <= by_message["activity completed"]["duration_ms"] < 5000
    assert by_message["activity completed"]["duration_ms"] <= by_message["workflow completed"]["duration_ms"] < 10_000
    assert (by_message["activity started"]["activity_type"], by_message["workflow started"]["workflow_type"]) == ("ProcessStep", "LifecycleWorkflow")


def test_signals_change_the_level_while_it_runs(api: TemporalApi, workers: WorkerPool, queue: str) -> None:
    worker = workers.lifecycle("v1.0.0", "--log-level", "warn")
    assert worker.log() == ""
    worker.send(signal.SIGUSR1)
    wait_until(lambda: said(worker, "log level changed signal=SIGUSR1 from=warn to=info"), "the change", context=worker.log)
    worker.send(signal.SIGUSR1)
    wait_until(lambda: said(worker, "from=info to=debug"), "the change", context=worker.log)
    api.result(api.start(queue, steps=1, step_duration_ms=0))
    wait_until(lambda: said(worker, "DEBUG call ended method=RespondActivityTaskCompleted"), "a call in the log", context=worker.log)
    worker.send(signal.SIGUSR2)
    wait_until(lambda: said(worker, "log level changed signal=SIGUSR2 from=debug to=warn"), "the change back", context=worker.log)
    before = worker.log()
    api.result(api.start(queue, steps=1, step_duration_ms=0))
    assert worker.log() == before
    worker.send(signal.SIGTERM)
    assert worker.wait() == 0, "the signals of the level stop nothing"


def test_an_outage_and_its_end_are_told_once_for_each_queue(tmp_path: pathlib.Path, queue: str) -> None:
    server = TemporalServer(tmp_path, tmp_path / "temporal.db").start()
    api = TemporalApi(server.address)
    pool = WorkerPool(server.address, queue, tmp_path, api)
    try:
        worker = pool.lifecycle()
        server.kill()
        wait_until(lambda: said(worker, "polling fails") == 3, "three queues that fail", context=worker.log)
        server.start()
        wait_until(lambda: said(worker, "polling works again") == 3, "three queues that work again", 60, worker.log)
        assert said(worker, "polling fails") == 3, worker.log()
    finally:
        pool.kill_all()
        server.kill()
        api.close()


def profile_with_key(directory: pathlib.Path, key: str) -> pathlib.Path:
    file = directory / "temporal.toml"
    file.write_text(f'[profile.default]\napi_key = "{key}"\n[profile.default.tls]\ndisabled = true\n')
    return file


@pytest.mark.parametrize("source", ["flag", "variable", "file"])
def test_an_api_key_is_nowhere_to_be_read(
    api: TemporalApi, workers: WorkerPool, queue: str, lifecycle: Callable[..., Finished], tmp_path: pathlib.Path, source: str
) -> None:
    flags = {"flag": ("--api-key", SECRET), "variable": (), "file": ("--config-file", str(profile_with_key(tmp_path, SECRET)))}[source]
    variables = {"TEMPORAL_API_KEY": SECRET} if source == "variable" else {}
    everywhere = ("--log-level", "debug", "--no-tls", *flags)
    worker = workers.lifecycle("v1.0.0", *everywhere, "--metrics-address", "127.0.0.1:0", env={**variables, "GRPC_TRACE": "", "GRPC_VERBOSITY": "DEBUG"})
    api.result(api.start(queue, steps=1, step_duration_ms=0))
    url = wait_until(lambda: next((word[4:] for word in worker.log().split() if word.startswith("url=")), None), "the address", context=worker.log)
    metrics = urllib.request.urlopen(url, timeout=10).read().decode()
    worker.send(signal.SIGTERM)
    assert worker.wait() == 0
    texts = {
        "worker's log": worker.log(),
        "metrics": metrics,
        "config show": str(lifecycle("config", "show", "--origin", *everywhere, env=variables).stdout),
        "client": output_of(lifecycle("quick", "-t", queue, "-w", unique("secret"), "--no-wait", *everywhere, env=variables)),
        "unreachable": output_of(lifecycle("quick", "--address", "127.0.0.1:1", "--client-connect-timeout", "1s", *everywhere, env=variables)),
        "usage": output_of(lifecycle("worker", "--metrics-address", "nonsense", *everywhere, env=variables)),
        "settings": output_of(lifecycle("worker", "--settings-file", "/nonexistent", *everywhere, env=variables)),
    }
    assert "DEBUG call ended" in texts["worker's log"] and "temporal_worker_start_total" in metrics
    for where, text in texts.items():
        assert text and SECRET not in text, where
        assert "Bearer" not in text, where


def output_of(done: Finished) -> str:
    assert done.arguments
    return done.stdout + done.stderr


def test_a_profile_file_that_is_broken_at_the_key_does_not_show_it(lifecycle: Callable[..., Finished], tmp_path: pathlib.Path) -> None:
    file = tmp_path / "broken.toml"
    file.write_text(f'[profile.default]\napi_key = "{SECRET}\n')
    for command in (("quick", "--no-wait"), ("worker",)):
        done = lifecycle(*command, "--log-level", "debug", "--config-file", str(file))
        assert done.exit_code == 78, done
        assert SECRET not in output_of(done) and os.fspath(file) in done.stderr
