"""Our worker beside the same worker written with the Go and the Python SDK, on this machine, against one embedded server.

    build/venv/bin/python bench/peers.py [--rounds N] [--workflows N] [--steps N] [--concurrency N] [--hold N] [--ours]

Workers take turns, round after round, so that a noisy minute does not hit one of them alone; the table shows medians and, in brackets, how
they compare to the Go SDK with its defaults. Replay figures are of a history of 300 steps that the Go peer writes first. The table is printed,
and everything measured is written to build/bench-peers.json.
"""

import argparse
import asyncio
import json
import pathlib
import shutil
import statistics
import subprocess
import tempfile

from common import BUILD
from load import measure

from harness.process import ManagedProcess
from harness.programs import build_go_peer, lifecycle_program, python_peer_command
from harness.server import TemporalServer
from harness.temporal_api import TemporalApi, unique

WORKER_FLAGS = ["--task-queue", "{queue}", "--worker-version", "v1.0.0"]
REFERENCE = "go"
REPLAY_STEPS = 300
REPLAYS = {"go": 200, "python": 10}

# (figure, heading)
COLUMNS = [
    ("first_poll_ms", "first poll ms"),
    ("rss_idle_mib", "idle MiB"),
    ("rss_peak_mib", "peak MiB"),
    ("rss_per_open_workflow_kib", "KiB/open wf"),
    ("cpu_ms_per_workflow", "CPU ms/wf"),
    ("workflows_per_s", "wf/s"),
    ("p50_ms", "p50 ms"),
    ("p99_ms", "p99 ms"),
]


def contestants(address: str) -> dict[str, list[str]]:
    """Command lines by name, of those whose program is there."""
    commands: dict[str, list[str]] = {}
    ours, go_peer = lifecycle_program(), build_go_peer()
    if ours.exists():
        commands["lifecycle"] = [str(ours), "worker"]
        commands["lifecycle, eager"] = [str(ours), "worker", "--eager-activities"]
    else:
        print(f"{ours} is not built: measuring the peers alone")
    if go_peer:
        commands["go"] = [str(go_peer)]
        commands["go, not eager"] = [str(go_peer), "--disable-eager-activities"]
    else:
        print("no `go` in PATH: measuring without the Go peer")
    commands["python"] = python_peer_command()
    return {name: [*command, *WORKER_FLAGS, "--address", address] for name, command in commands.items()}


def load_rounds(address: str, settings: argparse.Namespace) -> dict[str, list[dict[str, float]]]:
    commands = contestants(address)
    if settings.ours:
        commands = {name: command for name, command in commands.items() if name.startswith("lifecycle")}
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    for number in range(settings.rounds):
        for name, command in commands.items():
            print(f"round {number + 1} of {settings.rounds}: {name}", flush=True)
            figures = measure(address, command, settings.workflows, settings.steps, settings.concurrency, settings.hold)
            rounds[name].append(asyncio.run(figures))
    return rounds


def medians(rounds: dict[str, list[dict[str, float]]]) -> dict[str, dict[str, float]]:
    return {
        name: {figure: statistics.median(one[figure] for one in measured) for figure in measured[0]} for name, measured in rounds.items()
    }


def long_history(address: str, directory: pathlib.Path) -> pathlib.Path:
    """Lets a peer run a workflow of many steps and writes down its history."""
    api, queue = TemporalApi(address), unique("replay")
    go_peer = build_go_peer()
    command = [str(go_peer)] if go_peer else python_peer_command()
    flags = ["--address", address, "--task-queue", queue, "--worker-version", "v1.0.0"]
    worker = ManagedProcess([*command, *flags], directory / "history-writer.log")
    try:
        handle = api.start(queue, steps=REPLAY_STEPS, step_duration_ms=0)
        api.result(handle, seconds=120)
        path = directory / "history.json"
        path.write_text(api.history(handle).to_json())
        return path
    finally:
        worker.stop()
        api.close()


def replay_figures(history: pathlib.Path) -> list[dict]:
    commands = {"python": python_peer_command()}
    if go_peer := build_go_peer():
        commands = {"go": [str(go_peer)], **commands}
    figures = []
    for name, command in commands.items():
        print(f"replay: {name}", flush=True)
        done = subprocess.run([*command, "--replay", str(history), str(REPLAYS[name])], capture_output=True, text=True, check=True)
        figures.append(json.loads(done.stdout))
    return figures


def cell(value: float, reference: float | None) -> str:
    text = f"{value:.0f}" if value >= 100 else f"{value:.1f}"
    return text if not reference else f"{text} ({value / reference:.2f})"


def print_load_table(by_name: dict[str, dict[str, float]]) -> None:
    columns = [(figure, heading) for figure, heading in COLUMNS if any(figure in figures for figures in by_name.values())]
    reference = by_name.get(REFERENCE, {})
    print("\n" + f"{'worker':<18}" + "".join(f"{heading:>16}" for _, heading in columns))
    for name, figures in by_name.items():
        cells = (cell(figures[figure], None if name == REFERENCE else reference.get(figure)) for figure, _ in columns)
        print(f"{name:<18}" + "".join(f"{text:>16}" for text in cells))
    if reference:
        print(f"in brackets: divided by the figure of {REFERENCE!r}")


def print_replay_table(replays: list[dict]) -> None:
    print(f"\n{'replay':<18}{'events':>16}{'events/s':>16}{'CPU us/event':>16}")
    for one in replays:
        print(f"{one['peer']:<18}{one['events']:>16}{one['events_per_s']:>16}{one['cpu_us_per_event']:>16.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workflows", type=int, default=100)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--concurrency", type=int, default=50)
    parser.add_argument("--hold", type=int, default=200, help="open workflows to measure memory with; 0 to leave out")
    parser.add_argument("--ours", action="store_true", help="measure our worker alone, and leave replay to its own benchmark")
    settings = parser.parse_args()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="bench-peers-"))
    server = TemporalServer(directory).start()
    try:
        rounds = load_rounds(server.address, settings)
        replays = [] if settings.ours else replay_figures(long_history(server.address, directory))
    finally:
        server.kill()
        shutil.rmtree(directory)
    by_name = medians(rounds)
    print_load_table(by_name)
    if replays:
        print_replay_table(replays)
    report = BUILD / "bench-peers.json"
    report.write_text(json.dumps({"settings": vars(settings), "medians": by_name, "rounds": rounds, "replay": replays}, indent=2) + "\n")
    print(f"\nall figures: {report.relative_to(BUILD.parent)}")


if __name__ == "__main__":
    main()
