"""Many workflows under one SIGKILL after the other: none is lost, none does a step twice to the end, and what is pinned stays where it was pinned.

LIFECYCLE_SOAK_SECONDS and LIFECYCLE_SOAK_WORKFLOWS say how long and how many; make soak-cluster asks for 180 and 100."""

import asyncio
import json
import os
import random
import time
from datetime import timedelta

from temporalio.client import Client
from temporalio.common import PinnedVersioningOverride, WorkerDeploymentVersion

from cluster import Cluster
from harness.temporal_api import unique

SECONDS = float(os.environ.get("LIFECYCLE_SOAK_SECONDS", "30"))
WORKFLOWS = int(os.environ.get("LIFECYCLE_SOAK_WORKFLOWS", "20"))
KILL_EVERY_SECONDS = 2.0
VERSIONS = ("v1.0.0", "v2.0.0")


async def start(address: str, prefix: str) -> int:
    """Half of them anywhere, half pinned. Returns how many steps they have in all: about a minute of them, or as long as the kills go on."""
    client = await Client.connect(address)
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    asked = 0
    for number in range(WORKFLOWS):
        step_ms = dice.choice((0, 50, 500, 1000))
        steps = min(120, max(5, int(SECONDS * 1000 / max(step_ms, 250))))
        pinned = WorkerDeploymentVersion("lifecycle", dice.choice(VERSIONS)) if number % 2 else None
        await client.start_workflow(
            "LifecycleWorkflow",
            {"steps": steps, "step_duration_ms": step_ms},
            id=f"{prefix}-{number}",
            task_queue="lifecycle-versioned-queue" if pinned else "lifecycle-queue",
            versioning_override=PinnedVersioningOverride(pinned) if pinned else None,
            execution_timeout=timedelta(seconds=SECONDS + 240),  # one that is lost is to be told of, not waited for
        )
        asked += steps
    return asked


async def completed_steps(address: str, prefix: str) -> int:
    client = await Client.connect(address)
    results = [await client.get_workflow_handle(f"{prefix}-{number}").result() for number in range(WORKFLOWS)]
    return sum(result["steps_completed"] for result in results)


def kill_until(cluster: Cluster, end: float) -> list[str]:
    """The proofs of the kills."""
    proofs: list[str] = []
    while time.monotonic() < end:
        began = time.monotonic()
        kill = ("chaos", "kill-pod", "--mode", "sigkill", "--min-remaining", "3", "--yes", "--no-wait", "-o", "json")
        done = cluster.lifecycle(*kill)
        # 8: the kill is not proven. Everything else that is not 0 says that nobody could be killed just now.
        assert done.returncode != 8, f"{done.stdout}\n{done.stderr}"
        if done.returncode == 0:
            proofs += [fault["proof"] for fault in json.loads(done.stdout)["faults"]]
        cluster.replace_what_waits_to_be_started_again()
        time.sleep(max(0.0, KILL_EVERY_SECONDS - (time.monotonic() - began)))
    return proofs


def test_nothing_is_lost_doubled_or_mixed_under_one_kill_after_the_other(cluster: Cluster) -> None:
    prefix = unique("soak")
    with cluster.forwarded("temporal", "temporal-frontend", 7233) as address:
        asked = asyncio.run(start(address, prefix))
        proofs = kill_until(cluster, time.monotonic() + SECONDS)
        assert asyncio.run(completed_steps(address, prefix)) == asked
    assert len(proofs) >= SECONDS / 10 and all("exit code 137" in proof for proof in proofs), proofs
    verified = cluster.lifecycle("verify", "--query", f"WorkflowId STARTS_WITH '{prefix}-'", "-o", "json", timeout_seconds=300)
    assert verified.returncode == 0, f"{verified.stdout}\n{verified.stderr}"
    verdicts = json.loads(verified.stdout)
    assert verdicts["passed"] == WORKFLOWS == len(verdicts["runs"])
    # The client pod's journal has the kills, so their rule was asked, too.
    rules = [{rule["id"]: rule["verdict"] for rule in run["rules"]} for run in verdicts["runs"]]
    assert sum(run["pinned-version"] == "pass" for run in rules) == WORKFLOWS // 2
    assert any(run["killed-worker"] == "pass" for run in rules)
    print(f"{len(proofs)} kills in {SECONDS:.0f} s under {WORKFLOWS} workflows with {asked} steps")
