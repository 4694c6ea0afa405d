"""Completion in real shells: what a person types, and what the Tab key makes of it."""

import os
import pathlib
import shutil
import socket
import time
from typing import Callable, Iterator

import pytest

from harness.deployment import Deployment
from harness.programs import REPOSITORY, Finished, clean_environment, lifecycle_program, run_program
from harness.server import TemporalServer, temporal_program
from harness.shell import PROMPT, Shell, missing_programs
from harness.temporal_api import TemporalApi, unique
from harness.waiting import wait_until

RunLifecycle = Callable[..., Finished]

SCRIPTS = {"bash": "lifecycle.bash", "zsh": "_lifecycle", "fish": "lifecycle.fish"}
PROGRAMS = ("lifecycle", "temporal-lifecycle", "kubectl-lifecycle")


@pytest.fixture(scope="session")
def program_folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A folder for PATH with the program under all of its names, as it is installed."""
    folder = tmp_path_factory.mktemp("bin")
    for name in PROGRAMS:
        (folder / name).symlink_to(lifecycle_program().resolve())
    shutil.copy(REPOSITORY / "completions" / "kubectl_complete-lifecycle", folder)
    return folder


@pytest.fixture
def shell_environment(program_folder: pathlib.Path, server: TemporalServer, tmp_path: pathlib.Path) -> dict[str, str]:
    env = {"TEMPORAL_ADDRESS": server.address, "LC_ALL": "C.UTF-8", "TERM": "screen-256color"}
    return {**clean_environment(tmp_path, env), "PATH": f"{program_folder}:{os.environ['PATH']}"}


def shell_command(name: str, directory: pathlib.Path) -> list[str]:
    """The shell, which has read its completion script and nothing of its user."""
    script = REPOSITORY / "completions" / SCRIPTS[name]
    if name == "bash":
        (directory / "bashrc").write_text(f"PS1='{PROMPT} '\nbind 'set bell-style none'\nsource {script}\n")
        return ["bash", "--rcfile", str(directory / "bashrc"), "-i"]
    if name == "zsh":
        (directory / ".zshrc").write_text(
            f"PS1='{PROMPT} '\nfpath=({script.parent} $fpath)\nautoload -Uz compinit && compinit -u -d {directory}/zcompdump\n"
        )
        return ["env", f"ZDOTDIR={directory}", "zsh", "-d", "-i"]
    init = f"function fish_prompt; echo -n '{PROMPT} '; end; set -U fish_greeting ''; source {script}"
    return ["fish", "--no-config", "--features=no-query-term", "-i", "-C", init]


@pytest.fixture(params=SCRIPTS)
def shell(request: pytest.FixtureRequest, shell_environment: dict[str, str], tmp_path: pathlib.Path) -> Iterator[Shell]:
    if missing := missing_programs("tmux", request.param):
        pytest.skip(f"not in PATH: {', '.join(missing)}")
    opened = Shell(shell_command(request.param, tmp_path), shell_environment, tmp_path)
    yield opened
    opened.close()


def clear(shell: Shell) -> None:
    """An empty line on an empty screen. Not by Ctrl-C: the terminal then drops the keys that a busy shell has not read yet."""
    shell.press("C-u", "C-l")
    wait_until(lambda: shell.screen().split() == [PROMPT], "an empty line", context=shell.screen)


def expect(shell: Shell, typed: str, line: str) -> None:
    """Tab makes `line` of what was typed."""
    shell.type(typed)
    shell.press("Tab")
    shell.wait_for(f"{PROMPT} {line}")
    clear(shell)


@pytest.fixture
def workflow_id(lifecycle: RunLifecycle, queue: str, api: TemporalApi) -> Iterator[str]:
    """A workflow that runs, in the list of workflows; no worker needs to serve it."""
    chosen = f"{unique('order')}:17"
    started = lifecycle("start", "quick", "-t", queue, "-w", chosen, "--no-wait")
    assert started.exit_code == 0, started
    wait_until(lambda: chosen in complete(lifecycle, "quick", "-w", chosen[:-1]), "the workflow in the list")
    yield chosen
    api.run(api.client.get_workflow_handle(chosen).terminate())


def complete(lifecycle: RunLifecycle, *words: str) -> list[str]:
    """The candidates alone."""
    answer = lifecycle("__completeNoDesc", *words)
    assert answer.exit_code == 0 and answer.stderr == "", answer
    *candidates, directive = answer.stdout.splitlines()
    assert directive.startswith(":")
    return candidates


def test_commands_flags_and_words_in_every_shell(shell: Shell) -> None:
    expect(shell, "lifecycle wor", "lifecycle worker ")
    expect(shell, "lifecycle rollout pro", "lifecycle rollout promote ")
    expect(shell, "lifecycle quick --step-d", "lifecycle quick --step-duration ")
    expect(shell, "lifecycle worker --versioning-behavior au", "lifecycle worker --versioning-behavior auto-upgrade ")
    expect(shell, "lifecycle worker --versioning-behavior=au", "lifecycle worker --versioning-behavior=auto-upgrade ")
    expect(shell, "lifecycle --address localhost:1 -o json quick --no-w", "lifecycle --address localhost:1 -o json quick --no-wait ")


def test_the_list_says_what_each_is_for_in_every_shell(shell: Shell) -> None:
    shell.type("lifecycle rollout ")
    shell.press("Tab", "Tab")
    shell.wait_for("show the versions")
    assert {"status", "promote", "rollback"} <= set(shell.screen().split())


def test_values_of_the_server_in_every_shell(shell: Shell, workflow_id: str, queue: str) -> None:
    quoted = workflow_id.replace(":", "\\:")
    shell.type(f"lifecycle start quick -w {workflow_id[:-5]}")
    shell.press("Tab")
    wait_until(lambda: workflow_id in shell.screen() or quoted in shell.screen(), workflow_id, context=shell.screen)
    clear(shell)
    expect(shell, f"lifecycle worker -t {queue[:-2]}", f"lifecycle worker -t {queue} ")
    expect(shell, f"lifecycle worker --task-queue={queue[:-2]}", f"lifecycle worker --task-queue={queue} ")


def test_a_half_typed_id_with_a_colon_in_every_shell(shell: Shell, workflow_id: str) -> None:
    shell.type(f"lifecycle start quick -w {workflow_id[:-1]}")
    shell.press("Tab")
    shell.wait_for(f"-w {workflow_id} ")


def test_files_in_every_shell(shell: Shell, tmp_path: pathlib.Path) -> None:
    (tmp_path / "settings-of-mine.toml").touch()
    expect(shell, "lifecycle worker --settings-file settings-o", "lifecycle worker --settings-file settings-of-mine.toml ")
    expect(shell, "lifecycle worker --settings-file=settings-o", "lifecycle worker --settings-file=settings-of-mine.toml ")


def test_the_other_names_of_the_program_in_every_shell(shell: Shell) -> None:
    expect(shell, "temporal-lifecycle wor", "temporal-lifecycle worker ")
    expect(shell, "kubectl-lifecycle wor", "kubectl-lifecycle worker ")


def test_a_server_that_is_silent_in_every_shell(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        typed = f"lifecycle --address 127.0.0.1:{silent.getsockname()[1]} quick -w x"
        shell.type(typed)
        shell.press("Tab")
        shell.type("y")
        shell.wait_for(typed + "y")
        assert len([line for line in shell.screen().splitlines() if line.strip()]) == 1, shell.screen()


def test_an_answer_takes_no_longer_than_a_second(lifecycle: RunLifecycle) -> None:
    took_seconds = []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for _ in range(3):  # the best of three: a machine that is busy with other tests is no fault of the program
            begin = time.monotonic()
            answer = lifecycle("__complete", "--address", f"127.0.0.1:{silent.getsockname()[1]}", "quick", "-w", "")
            took_seconds.append(time.monotonic() - begin)
            assert (answer.exit_code, answer.stdout, answer.stderr) == (0, ":4\n", "")
    assert min(took_seconds) < 1.2, took_seconds


@pytest.mark.parametrize(
    "words",
    [
        ("--address", "127.0.0.1:1", "quick", "-w", ""),
        ("--address", "no such address", "quick", "-w", ""),
        ("--namespace", "no-such-namespace", "quick", "-w", ""),
        ("--profile", "no-such-profile", "versioned", ""),
        ("--tls-ca-path", "/no/such/file", "quick", "-w", ""),
        ("rollout", "promote", "--deployment-name", "no-such-deployment", ""),
    ],
    ids=" ".join,
)
def test_what_cannot_be_asked_is_silence(lifecycle: RunLifecycle, words: tuple[str, ...]) -> None:
    answer = lifecycle("__complete", *words)
    assert (answer.exit_code, answer.stdout, answer.stderr) == (0, ":4\n", ""), answer


def test_versions_and_deployments_are_the_servers(lifecycle: RunLifecycle, deployment: Deployment) -> None:
    deployment.worker("v1.0.0")
    deployment.worker("v2.0.0")
    both = ("rollout", "promote", "--deployment-name", deployment.name, "")
    wait_until(lambda: set(complete(lifecycle, *both)) == {"v1.0.0", "v2.0.0"}, "both versions")
    one = ("versioned", "--deployment-name", deployment.name, "v2")
    wait_until(lambda: complete(lifecycle, *one) == ["v2.0.0"], "the version that begins so")
    wait_until(lambda: deployment.name in complete(lifecycle, "rollout", "status", "--deployment-name", ""), "the deployment")


def test_profiles_are_the_files(lifecycle: RunLifecycle, tmp_path: pathlib.Path) -> None:
    profiles = tmp_path / "temporal.toml"
    profiles.write_text('[profile.default]\naddress = "a:1"\n[profile.prod]\naddress = "b:1"\n')
    assert complete(lifecycle, "--config-file", str(profiles), "quick", "--profile", "") == ["default", "prod"]


def test_the_temporal_command_completes_its_extension(shell_environment: dict[str, str]) -> None:
    words = ["__complete", "lifecycle", "quick", "--step-d"]
    answer = run_program(pathlib.Path(temporal_program()), words, shell_environment, 30)
    assert "--step-duration\thow long each step takes" in answer.stdout.splitlines(), answer


def test_the_temporal_command_runs_its_extension(shell_environment: dict[str, str]) -> None:
    answer = run_program(pathlib.Path(temporal_program()), ["lifecycle", "quick", "--help"], shell_environment, 30)
    assert answer.exit_code == 0 and "Usage: temporal lifecycle quick" in answer.stdout, answer


def test_kubectl_finds_the_completion_of_its_plugin(shell_environment: dict[str, str]) -> None:
    program = shutil.which("kubectl_complete-lifecycle", path=shell_environment["PATH"])
    assert program, "kubectl looks for a program of this name"
    answer = run_program(pathlib.Path(program), ["quick", "--step-d"], shell_environment, 30)
    assert answer.stdout == "--step-duration\thow long each step takes\n:4\n", answer
