"""Another project against the installed library: examples/greeting is configured, built, tested and run outside of this tree."""

import os
import pathlib
import shutil
import signal
import subprocess
from typing import Iterator

import pytest

from harness.process import ManagedProcess
from harness.programs import REPOSITORY, clean_environment, sanitizers
from harness.server import TemporalServer, temporal_program

BUILD = pathlib.Path(os.environ.get("LIFECYCLE_BUILD", REPOSITORY / "build" / "release"))
COMPILER = os.environ.get("LIFECYCLE_CXX", "clang++-19")

pytestmark = pytest.mark.skipif(bool(sanitizers()), reason="a library with a sanitizer in it is not for others")


def run(*command: str | os.PathLike, cwd: pathlib.Path, env: dict[str, str] | None = None, expect: int = 0) -> str:
    done = subprocess.run([os.fspath(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True)
    assert done.returncode == expect, f"{command}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("prefix")
    run("cmake", "--install", BUILD, "--component", "sdk", "--prefix", folder, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def project(prefix: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The example, copied away from here and built; returns its build folder."""
    folder = tmp_path_factory.mktemp("outside")
    shutil.copytree(REPOSITORY / "examples" / "greeting", folder / "greeting")
    source, build = folder / "greeting", folder / "build"
    # lld, because the libraries may be those of a debug build, with which GNU's linker takes half a minute for each program.
    settings = [f"-DCMAKE_CXX_COMPILER={COMPILER}", f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld -Wl,--gc-sections"]
    run("cmake", "-G", "Ninja", "-S", source, "-B", build, *settings, cwd=folder)
    run("cmake", "--build", build, cwd=folder)
    return build


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalServer]:
    started = TemporalServer(tmp_path_factory.mktemp("server"))
    try:
        yield started.start()
    finally:
        started.remove()


def test_the_installed_files_name_no_place_of_the_build(prefix: pathlib.Path) -> None:
    for file in prefix.rglob("*.cmake"):
        assert str(REPOSITORY) not in file.read_text(), file


def test_the_examples_own_replay_test_passes_and_can_fail(project: pathlib.Path, tmp_path: pathlib.Path) -> None:
    run("ctest", "--output-on-failure", cwd=project)
    recorded = (project.parent / "greeting" / "histories" / "greeting.json").read_text()
    other = tmp_path / "other.json"
    other.write_text(recorded.replace('"Greet"', '"Salute"'))
    assert "recorded ActivityTaskScheduled(Salute" in run(project / "replay_test", other, cwd=tmp_path, expect=1)


def test_the_examples_worker_serves_its_workflow_and_its_history_replays(
    project: pathlib.Path, server: TemporalServer, tmp_path: pathlib.Path
) -> None:
    env = clean_environment(tmp_path, {"TEMPORAL_ADDRESS": server.address})
    worker = ManagedProcess([project / "greeting_worker"], tmp_path / "worker.log", env)
    try:
        temporal = temporal_program()
        started = ["-w", "greeting-1", "-t", "greeting", "--type", "GreetingWorkflow", "-i", '"Ada"']
        assert "Hello, Ada!" in run(temporal, "workflow", "execute", *started, cwd=tmp_path, env=env)
        history = tmp_path / "history.json"
        history.write_text(run(temporal, "workflow", "show", "-w", "greeting-1", "-o", "json", cwd=tmp_path, env=env))
        run(project / "replay_test", history, cwd=tmp_path)
        worker.send(signal.SIGTERM)
        assert worker.wait() == 0, worker.log()
    finally:
        worker.kill()


def test_a_project_with_another_compiler_is_told_why_not(prefix: pathlib.Path, tmp_path: pathlib.Path) -> None:
    gcc = shutil.which("g++")
    if gcc is None:
        pytest.skip("no g++ to be refused")
    source = REPOSITORY / "examples" / "greeting"
    settings = [f"-DCMAKE_CXX_COMPILER={gcc}", f"-DCMAKE_PREFIX_PATH={prefix}"]
    told = run("cmake", "-G", "Ninja", "-S", source, "-B", tmp_path, *settings, cwd=tmp_path, expect=1)
    assert "lifecycle needs clang 19 or newer" in " ".join(told.split())
