"""How long workflows in a cluster stand still after each fault of `lifecycle chaos`, as its own reports tell it: the command is all that is used.

    make bench-standstill      (build/venv/bin/python bench/standstill.py [--rounds N] [--workflows N] [--faults NAME,...])

The demonstration must be in the cluster that kubectl speaks to. Many workflows with steps of 2 s run on lifecycle-queue; each round hits one worker of
deployment lifecycle-workers-v1, or the Deployment as a whole, and follows every step that it held. Seconds:

    steps      how many a worker held when it was hit
    finished   of these, how many the victim itself still brought to their end: nobody stood still
    p50 ...    of the others, from the fault until the next attempt runs
    bound      the longest that the server's time-outs allow, with the slack of its timers; the greatest of these steps

What is measured is printed, and written to build/bench-standstill.json."""

import argparse
import json
import sys
import time
from typing import Any

from common import BUILD, REPOSITORY, percentile

sys.path.insert(0, str(REPOSITORY / "tests" / "cluster"))
from cluster import Cluster, why_there_is_none  # noqa: E402

OWNER = "lifecycle-workers-v1"
POD = ("--owner", f"deployment/{OWNER}")
FAULTS: dict[str, tuple[str, ...]] = {
    "sigkill": ("kill-pod", *POD, "--mode", "sigkill"),
    "delete": ("kill-pod", *POD, "--mode", "delete"),
    "evict": ("kill-pod", *POD, "--mode", "evict"),
    "pause 15 s": ("pause", *POD, "--for", "15s"),
    "restart": ("restart", OWNER),
    "scale to 1": ("scale", OWNER, "--replicas", "1", "--for", "10s"),
}
STEP_SECONDS = 2


class Workflows:
    """So many as shall run at any time: one that ended, after four minutes, is replaced."""

    def __init__(self, cluster: Cluster, number: int) -> None:
        self._cluster, self._number = cluster, number
        self._prefix = f"standstill-{int(time.time())}"
        self._started = 0

    def top_up(self) -> None:
        listed = self._cluster.lifecycle("list", "--query", f"ExecutionStatus='Running' AND WorkflowId STARTS_WITH '{self._prefix}-'", "-o", "json")
        if listed.returncode != 0:
            raise SystemExit(listed.stderr)
        for _ in range(self._number - len(json.loads(listed.stdout))):
            self._started += 1
            flags = ("--steps", "120", "--step-duration", f"{STEP_SECONDS}s", "--workflow-id", f"{self._prefix}-{self._started}", "--no-wait")
            started = self._cluster.lifecycle("start", "lifecycle", *flags)
            if started.returncode != 0:
                raise SystemExit(started.stderr)


def hit(cluster: Cluster, fault: tuple[str, ...]) -> list[dict[str, Any]]:
    """What became of each step that the victims held."""
    done = cluster.lifecycle("chaos", *fault, "--yes", "--wait", "-o", "json", timeout_seconds=300)
    if done.returncode != 0:
        raise SystemExit(f"lifecycle chaos {' '.join(fault)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return [step for each in json.loads(done.stdout)["faults"] for step in each["executing"]]


def figures(steps: list[dict[str, Any]]) -> dict[str, Any]:
    stood = sorted(step["standstillMillis"] / 1000 for step in steps if step["standstillMillis"] is not None)
    bounds = [step["boundMillis"] / 1000 for step in steps if step["boundMillis"] is not None]
    return {
        "steps": len(steps),
        "finished": sum(step["recovery"] == "finished by the victim" for step in steps),
        "standstill": {name: percentile(stood, part) for name, part in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))} if stood else {},
        "max": stood[-1] if stood else None,
        "bound": max(bounds) if bounds else None,
    }


def line(name: str, row: dict[str, Any]) -> str:
    times = [row["standstill"].get(key) for key in ("p50", "p90", "p99")] + [row["max"], row["bound"]]
    return f"{name:<12}{row['steps']:>7}{row['finished']:>10}" + "".join(f"{'-' if t is None else format(t, '.2f'):>9}" for t in times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--workflows", type=int, default=30)
    parser.add_argument("--faults", default=",".join(FAULTS), help="which, separated by commas")
    chosen = parser.parse_args()
    if reason := why_there_is_none():
        raise SystemExit(reason)
    cluster = Cluster()
    workflows = Workflows(cluster, chosen.workflows)
    rows: dict[str, Any] = {}
    print(f"{'fault':<12}{'steps':>7}{'finished':>10}{'p50':>9}{'p90':>9}{'p99':>9}{'max':>9}{'bound':>9}")
    for name in chosen.faults.split(","):
        steps: list[dict[str, Any]] = []
        for _ in range(chosen.rounds):
            workflows.top_up()
            cluster.replace_what_waits_to_be_started_again()
            cluster.wait_ready("workers", f"deployment/{OWNER}")
            time.sleep(2 * STEP_SECONDS)  # so that the new pod has steps to do as well
            steps += hit(cluster, FAULTS[name])
        rows[name] = figures(steps)
        print(line(name, rows[name]), flush=True)
        (BUILD / "bench-standstill.json").write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
