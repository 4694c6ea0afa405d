"""lifecycle.toml as a worker and `lifecycle config show` meet it."""

import json
import pathlib
import tomllib
from typing import Callable

from harness.process import ManagedProcess
from harness.programs import Finished, clean_environment, lifecycle_program
from harness.server import TemporalServer
from harness.temporal_api import unique

RunLifecycle = Callable[..., Finished]


def write(path: pathlib.Path, text: str) -> pathlib.Path:
    path.write_text(text)
    return path


def test_a_worker_serves_the_queue_that_its_settings_file_names(
    server: TemporalServer, queue: str, lifecycle: RunLifecycle, tmp_path: pathlib.Path
) -> None:
    file = write(tmp_path / "worker.toml", f'[worker]\ntask_queue = "{queue}"\nworker_version = "v7"\nlog_format = "json"\n')
    env = clean_environment(tmp_path, {"TEMPORAL_ADDRESS": server.address, "LIFECYCLE_SETTINGS_FILE": str(file)})
    worker = ManagedProcess([lifecycle_program(), "worker"], tmp_path / "worker.err", env)
    try:
        done = lifecycle("quick", "-t", queue, "-w", unique("settings"), "--steps", "1", "--step-duration", "100ms", "-o", "json")
        assert done.exit_code == 0, done
        assert json.loads(done.stdout)["result"]["worker_versions_used"] == ["v7"]
        started = json.loads(worker.log().splitlines()[0])
        assert started["settings_file"] == str(file) and started["task_queue"] == queue
    finally:
        worker.kill()


def test_what_config_show_prints_is_a_settings_file_again(lifecycle: RunLifecycle, tmp_path: pathlib.Path) -> None:
    given = ("--sticky-timeout", "1500ms", "--max-cached-workflows", "7", "--worker-version", 'a "quoted" one')
    shown = lifecycle("config", "show", "--origin", *given)
    assert shown.exit_code == 0, shown
    worker = tomllib.loads(shown.stdout)["worker"]
    assert (worker["sticky_timeout"], worker["max_cached_workflows"], worker["worker_version"]) == ("1.5s", 7, 'a "quoted" one')
    file = write(tmp_path / "again.toml", shown.stdout)
    again = lifecycle("config", "show", "--settings-file", str(file))
    assert tomllib.loads(again.stdout)["worker"] == worker


def test_each_value_says_where_it_came_from(lifecycle: RunLifecycle, tmp_path: pathlib.Path) -> None:
    file = write(tmp_path / "mine.toml", '[worker]\nmax_cached_workflows = 5\nsticky_timeout = "1s"\n')
    env = {"TEMPORAL_TASK_QUEUE": "from-environment", "LIFECYCLE_STICKY_TIMEOUT": "3s"}
    arguments = ("config", "show", "--origin", "--settings-file", str(file), "--worker-version", "v9", "-o", "json")
    document = json.loads(lifecycle(*arguments, env=env).stdout)
    assert document["settings_file"] == str(file)
    assert document["worker"]["worker_version"] == {"value": "v9", "origin": "--worker-version"}
    assert document["worker"]["task_queue"] == {"value": "from-environment", "origin": "TEMPORAL_TASK_QUEUE"}
    assert document["worker"]["sticky_timeout"] == {"value": "3s", "origin": "LIFECYCLE_STICKY_TIMEOUT"}
    assert document["worker"]["max_cached_workflows"] == {"value": 5, "origin": f"{file}:2:24"}
    assert document["worker"]["eager_activities"] == {"value": False, "origin": "default"}


def test_a_worker_does_not_start_with_settings_that_it_does_not_understand(lifecycle: RunLifecycle, tmp_path: pathlib.Path) -> None:
    file = write(tmp_path / "bad.toml", '[worker]\nmax_cached_workflow = 5\n')
    for command in (("worker",), ("config", "show")):
        done = lifecycle(*command, "--settings-file", str(file))
        assert done.exit_code == 78
        assert f"{file}:2:1: setting 'max_cached_workflow' is not known" in done.stderr
        assert "did you mean 'max_cached_workflows'?" in done.stderr
    by_variable = lifecycle("worker", env={"LIFECYCLE_STICKY_TIMEOUT": "soon"})
    assert by_variable.exit_code == 78 and "LIFECYCLE_STICKY_TIMEOUT" in by_variable.stderr
