"""ci/dev, with three edits of the demonstration's worker under a live workflow: each is seen in the cluster within one round."""

import contextlib
import json
import os
import pathlib
import queue
import signal
import subprocess
import threading
from typing import Iterator

import pytest

from cluster import ROOT, Cluster
from harness.temporal_api import unique
from harness.waiting import wait_until

ACTIVITY = ROOT / "worker" / "process_step.cc"
WORKFLOW = ROOT / "worker" / "lifecycle_workflow.cc"
OUTPUT = ".worker_version = info.worker_version,"
FIRST_LINE = "steps_total_ = input.steps;\n"
# A timer where every history has the first step's activity.
REORDERED = FIRST_LINE + "  co_await ctx.sleep(seconds(1));\n"
PATCHED = FIRST_LINE + '  if (ctx.patched("wait-first")) {\n    co_await ctx.sleep(seconds(1));\n  }\n'
ROUND_SECONDS = 240


class DevLoop:
    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [ROOT / "ci" / "dev", "--steps", "2", "--step-duration", "100ms"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # Whoever runs the tests in the background has SIGINT ignored, and a shell cannot trap what was ignored when it began.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self.told: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)

    def wait_for(self, *wanted: str) -> str:
        """The next line that has one of these words."""
        while True:
            try:
                line = self._lines.get(timeout=ROUND_SECONDS)
            except queue.Empty:
                raise AssertionError(f"no line with {wanted} in:\n{''.join(self.told[-40:])}") from None
            self.told.append(line)
            if any(word in line for word in wanted):
                return line

    def end(self) -> None:
        os.killpg(self._process.pid, signal.SIGINT)  # as a terminal sends Ctrl-C
        self._process.wait(60)


@contextlib.contextmanager
def edited(path: pathlib.Path, old: str, new: str) -> Iterator[None]:
    before = path.read_text()
    assert before.count(old) == 1, f"{path} has changed: {old}"
    path.write_text(before.replace(old, new))
    try:
        yield
    finally:
        path.write_text(before)


@pytest.fixture
def loop(cluster: Cluster) -> Iterator[DevLoop]:
    loop = DevLoop()
    try:
        loop.wait_for("the workers are v")
        yield loop
    finally:
        loop.end()


@pytest.mark.long
def test_three_edits_under_a_live_workflow(cluster: Cluster, loop: DevLoop) -> None:
    live = ("start", "lifecycle", "-w", unique("live"), "--id-conflict-policy", "UseExisting", "--steps", "240", "--step-duration", "1s")
    started = cluster.lifecycle(*live, "--no-wait")
    assert started.returncode == 0, started.stderr
    workflow_id = live[3]

    def history() -> str:
        follower = cluster.run(
            *("-n", "workers", "exec", "lifecycle-client", "--", "timeout", "3", "lifecycle", *live, "-o", "jsonl"), timeout_seconds=30
        )
        return follower.stdout

    def steps_of(version: str) -> bool:
        lines = [json.loads(line) for line in history().splitlines()]
        return any(line.get("event") == "step_completed" and version in line.get("version", "") for line in lines)

    with edited(ACTIVITY, OUTPUT, '.worker_version = info.worker_version + "-edited",'):
        version = loop.wait_for("the workers are v").split()[-1]
        wait_until(lambda: steps_of(f"{version}-edited"), f"steps of {workflow_id} with another output", 60)

        with edited(ACTIVITY, '+ "-edited",', '+ "-edited"'):
            loop.wait_for("error")
            loop.wait_for("the workers are left alone")
        loop.wait_for("the program is the same")
        assert steps_of(f"{version}-edited"), "the workers still serve"

    loop.wait_for("the workers are v")
    with edited(WORKFLOW, FIRST_LINE, REORDERED):
        loop.wait_for("the workers are v")
        wait_until(lambda: "[TMPRL1100]" in history(), f"the task of {workflow_id} fails and says why", 60, history)
    version = loop.wait_for("the workers are v").split()[-1]
    wait_until(lambda: steps_of(version), f"{workflow_id} heals once the code is as it was", 60, history)

    with edited(WORKFLOW, FIRST_LINE, PATCHED):
        version = loop.wait_for("the workers are v").split()[-1]
        wait_until(lambda: steps_of(version), f"{workflow_id} goes on, on the old side of the patch", 60, history)
        new = unique("new")
        assert cluster.completed("quick", "-w", new, "--steps", "2", "--step-duration", "100ms")["result"]["steps_completed"] == 2
        events = cluster.lifecycle("describe", new, "--history").stdout
        assert "MARKER_RECORDED" in events and "TIMER_FIRED" in events, "a new workflow takes the new side"
        ended = ("wait", workflow_id, "--for", "completed", "--timeout", "290s", "-o", "json")
        followed = cluster.lifecycle(*ended, timeout_seconds=300)
        assert followed.returncode == 0, followed.stderr
        assert json.loads(followed.stdout)["result"]["steps_completed"] == 240
