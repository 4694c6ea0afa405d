"""A fake API server for each test, and the program that calls it."""

import base64
import dataclasses
import json
import pathlib
from typing import Any, Callable, Iterator

import pytest

from driver import Driver
from fake_api_server import FakeApiServer
from harness.certificates import Authority, Certificate

NAMES = ("DNS:localhost", "IP:127.0.0.1")


@dataclasses.dataclass(frozen=True)
class Tls:
    authority: Authority
    server: Certificate
    client: Certificate


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    authority = Authority(tmp_path_factory.mktemp("authority"))
    return Tls(authority, authority.issue("api-server", NAMES), authority.issue("somebody"))


@pytest.fixture
def server(tls: Tls) -> Iterator[FakeApiServer]:
    fake = FakeApiServer(tls.server, tls.authority)
    yield fake
    fake.stop()


def encoded(path: pathlib.Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


@pytest.fixture
def kubeconfig(server: FakeApiServer, tls: Tls, tmp_path: pathlib.Path) -> Callable[..., pathlib.Path]:
    """Writes a kubeconfig for the fake: kubeconfig({"token": "abc"}, tls_server_name="x"); None takes an entry out."""

    def write(user: dict[str, Any], **cluster: Any) -> pathlib.Path:
        changes = {name.replace("_", "-"): value for name, value in cluster.items()}
        entry = {"server": server.url, "certificate-authority-data": encoded(tls.authority.certificate), **changes}
        entry = {name: value for name, value in entry.items() if value is not None}
        path = tmp_path / "config"
        content = {
            "current-context": "fake",
            "clusters": [{"name": "fake", "cluster": entry}],
            "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "somebody", "namespace": "workers"}}],
            "users": [{"name": "somebody", "user": user}],
        }
        path.write_text(json.dumps(content))
        return path

    return write


@pytest.fixture
def start() -> Iterator[Callable[..., Driver]]:
    drivers: list[Driver] = []

    def begin(*arguments: str, env: dict[str, str] | None = None) -> Driver:
        drivers.append(Driver(*arguments, env=env))
        return drivers[-1]

    yield begin
    for driver in drivers:
        driver.kill()


@pytest.fixture
def driver(kubeconfig: Callable[..., pathlib.Path], start: Callable[..., Driver]) -> Driver:
    return start("--kubeconfig", str(kubeconfig({"token": "secret-token"})))
