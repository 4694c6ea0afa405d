"""The image that ci/build has made from the Dockerfile: how large, how quick, for whom. In plain Docker, with a development server on loopback."""

import asyncio
import json
import os
import pathlib
import shutil
import subprocess
import time
from typing import Any, Iterator

import pytest
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from harness.server import TemporalServer, free_port

BASE = "debian:bookworm-slim"
QUEUE = "lifecycle-queue"
POLL_TYPES = (TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True, timeout=60).stdout


def inspect(image: str) -> dict[str, Any]:
    return json.loads(docker("image", "inspect", image))[0]


@pytest.fixture(scope="module")
def images() -> dict[str, dict[str, Any]]:
    if shutil.which("docker") is None or subprocess.run(["docker", "info"], capture_output=True).returncode != 0:
        pytest.skip("no Docker engine answers")
    try:
        return {version: inspect(f"lifecycle-worker:{version}") for version in ("v1.0.0", "v2.0.0")}
    except subprocess.CalledProcessError as error:
        pytest.skip(f"ci/build has made no image here: {error.stderr.strip()}")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalServer]:
    server = TemporalServer(tmp_path_factory.mktemp("server")).start()
    yield server
    server.kill()


class Container:
    """The image's own command, as it stands, on the host's network."""

    def __init__(self, version: str, server: TemporalServer) -> None:
        self.id = docker(
            "run", "--detach", "--network", "host", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
            "--env", f"TEMPORAL_ADDRESS={server.address}", "--env", f"LIFECYCLE_HEALTH_ADDRESS=127.0.0.1:{free_port()}",
            f"lifecycle-worker:{version}"
        ).strip()  # fmt: skip

    def state(self) -> dict[str, Any]:
        return json.loads(docker("inspect", "--format", "{{json .State}}", self.id))

    def log(self) -> str:
        done = subprocess.run(["docker", "logs", self.id], capture_output=True, text=True, check=True)
        return done.stdout + done.stderr

    def started_at(self) -> float:
        """When its process was started, to the kernel's 10 ms: the engine notes its own time later."""
        fields = pathlib.Path(f"/proc/{self.state()['Pid']}/stat").read_text().rpartition(")")[2].split()
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return time.time() - age

    def remove(self) -> None:
        docker("rm", "--force", self.id)


@pytest.fixture
def container(images: dict[str, dict[str, Any]], server: TemporalServer) -> Iterator[Container]:
    container = Container("v1.0.0", server)
    yield container
    container.remove()


async def polled_at(server: TemporalServer, since: float) -> float:
    """When the server had seen a poll, after `since`, for workflow and for activity tasks: by its own clock, which is this machine's."""
    client = await Client.connect(server.address)
    while time.time() < since + 30:
        seen = []
        for kind in POLL_TYPES:
            request = DescribeTaskQueueRequest(namespace="default", task_queue=TaskQueue(name=QUEUE), task_queue_type=kind)
            described = await client.workflow_service.describe_task_queue(request)
            times = [poller.last_access_time.ToMicroseconds() / 1e6 for poller in described.pollers]
            seen.append(min((t for t in times if t > since), default=None))
        if None not in seen:
            return max(seen)
        await asyncio.sleep(0.01)
    raise AssertionError("no poll within 30 s")


def test_the_image_adds_less_than_45_mb_to_its_base(images: dict[str, dict[str, Any]]) -> None:
    added = images["v1.0.0"]["Size"] - inspect(BASE)["Size"]
    print(f"{added / 1e6:.1f} MB beyond {BASE}")
    assert 0 < added < 45e6


def test_two_versions_have_every_layer_in_common(images: dict[str, dict[str, Any]]) -> None:
    assert images["v1.0.0"]["RootFS"]["Layers"] == images["v2.0.0"]["RootFS"]["Layers"]
    for version, image in images.items():
        assert f"LIFECYCLE_WORKER_VERSION={version}" in image["Config"]["Env"]
        assert image["Config"]["Labels"]["org.opencontainers.image.version"] == version


def test_the_image_runs_lifecycle_as_a_numeric_user(images: dict[str, dict[str, Any]]) -> None:
    config = images["v1.0.0"]["Config"]
    assert config["User"] == "1000:1000" and config["Entrypoint"] == ["lifecycle"]
    assert config["Healthcheck"]["Test"][:3] == ["CMD", "lifecycle", "probe"]


def test_a_started_container_polls_within_100_ms(images: dict[str, dict[str, Any]], server: TemporalServer) -> None:
    taken: list[float] = []
    # The quickest counts: the others say how busy the machine is.
    while len(taken) < 40 and min(taken, default=1.0) >= 0.1:
        container = Container("v1.0.0", server)
        try:
            since = container.started_at()
            taken.append(asyncio.run(polled_at(server, since)) - since)
        finally:
            container.remove()
    print("ms from process to first polls:", [round(1000 * t) for t in taken])
    assert min(taken) < 0.1


def test_docker_finds_it_healthy_and_it_stops_when_it_is_told_to(container: Container) -> None:
    end = time.monotonic() + 60
    while container.state()["Health"]["Status"] != "healthy":
        assert time.monotonic() < end, container.log()
        time.sleep(0.2)
    docker("stop", "--time", "30", container.id)
    assert container.state()["ExitCode"] == 0, container.log()
