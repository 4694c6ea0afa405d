"""The programs under test: our binary, and the peers written with other SDKs."""

import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys
from typing import Mapping, Sequence

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
GO_PEER_SOURCE = REPOSITORY / "bench" / "peers" / "go"
GO_PEER = REPOSITORY / "build" / "peers" / "go-peer"
PYTHON_PEER = REPOSITORY / "bench" / "peers" / "python" / "worker.py"


def lifecycle_program() -> pathlib.Path:
    return pathlib.Path(os.environ.get("LIFECYCLE_BINARY", REPOSITORY / "build" / "release" / "cli" / "lifecycle"))


def patch_worker_program() -> pathlib.Path:
    """The worker of tests/patch_worker, built beside our binary."""
    beside = lifecycle_program().parent.parent / "tests" / "patch_worker" / "lifecycle_patch_worker"
    return pathlib.Path(os.environ.get("LIFECYCLE_PATCH_WORKER", beside))


def sanitizers() -> str:
    """What the binary under test is built with, "address,undefined" or "thread"; empty: nothing."""
    return os.environ.get("LIFECYCLE_SANITIZE", "")


def python_peer_command() -> list[str]:
    return [sys.executable, str(PYTHON_PEER)]


def build_go_peer() -> pathlib.Path | None:
    """Builds the Go peer, which costs a second when nothing changed. None without a Go tool chain."""
    go = shutil.which("go")
    if not go:
        return None
    GO_PEER.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([go, "build", "-buildvcs=false", "-o", str(GO_PEER), "."], cwd=GO_PEER_SOURCE, check=True)
    return GO_PEER


def clean_environment(home: pathlib.Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment less what the caller's shell says about Temporal and proxies, so that the tests mean the same everywhere."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TEMPORAL_", "LIFECYCLE_", "XDG_")) and not name.lower().endswith("_proxy")
    }
    return {**inherited, "HOME": str(home), "NO_COLOR": "1", **(extra or {})}


@dataclasses.dataclass
class Finished:
    """How a command line ended."""

    arguments: Sequence[str]
    exit_code: int
    stdout: str
    stderr: str

    def __str__(self) -> str:
        return f"{' '.join(self.arguments)}\nexit code {self.exit_code}\nstdout: {self.stdout}\nstderr: {self.stderr}"


def run_program(program: pathlib.Path, arguments: Sequence[str], env: Mapping[str, str], seconds: float = 120) -> Finished:
    done = subprocess.run(
        [str(program), *arguments], env=dict(env), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds
    )
    return Finished(arguments, done.returncode, done.stdout, done.stderr)
