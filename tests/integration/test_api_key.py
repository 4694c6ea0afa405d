"""API keys in front of a real server: shown, refused, renewed, and never printed. And the proxies on the way there."""

import base64
import json
import pathlib
from typing import Callable, Iterator, Sequence

import pytest

from harness.certificates import Authority, Certificate
from harness.fronts import NOT_WITH_THREAD_SANITIZER, ApiKeyFront, ConnectProxy, TlsFront
from harness.programs import Finished
from harness.server import TemporalServer
from harness.temporal_api import TemporalApi, unique
from harness.waiting import wait_until
from harness.workers import WorkerPool

pytestmark = NOT_WITH_THREAD_SANITIZER

RunLifecycle = Callable[..., Finished]

KEY = "key-7f3a-secret"
NEXT_KEY = "key-91bc-secret"
PROBE = ("rollout", "status", "-o", "json")
HOST = "temporal.example"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def certificate(authority: Authority) -> Certificate:
    return authority.issue("server", ("DNS:localhost", f"DNS:{HOST}"))


@pytest.fixture
def front(server: TemporalServer, certificate: Certificate) -> Iterator[ApiKeyFront]:
    running = ApiKeyFront(server.address, certificate, KEY)
    yield running
    running.close()


def trusting(front: ApiKeyFront, authority: Authority) -> dict[str, str | None]:
    return {
        "TEMPORAL_ADDRESS": f"localhost:{front.port}",
        "TEMPORAL_TLS_SERVER_CA_CERT_PATH": str(authority.certificate),
    }


@pytest.mark.parametrize("way", ["flag", "variable", "file flag", "file variable", "profile"])
def test_a_key_is_taken_from_each_place(
    way: str, front: ApiKeyFront, authority: Authority, lifecycle: RunLifecycle, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "key"
    file.write_text(KEY + "\n")
    profile = tmp_path / "temporal.toml"
    profile.write_text(f'[profile.default]\napi_key = "{KEY}"\n')
    flags: dict[str, Sequence[str]] = {
        "flag": ("--api-key", KEY),
        "file flag": ("--api-key-file", str(file)),
        "profile": ("--config-file", str(profile)),
    }
    variables = {"variable": {"TEMPORAL_API_KEY": KEY}, "file variable": {"LIFECYCLE_API_KEY_FILE": str(file)}}
    done = lifecycle(*PROBE, *flags.get(way, ()), env={**trusting(front, authority), **variables.get(way, {})})
    assert done.exit_code == 5 and not front.refused, done  # let in: there is no such deployment


def test_a_bad_key_and_a_missing_permission_have_exit_code_4(
    front: ApiKeyFront, authority: Authority, lifecycle: RunLifecycle
) -> None:
    bad = lifecycle(*PROBE, env={**trusting(front, authority), "TEMPORAL_API_KEY": "wrong-secret"})
    assert bad.exit_code == 4, bad
    assert "not authenticated (UNAUTHENTICATED)" in bad.stderr and "check the API key" in bad.stderr
    assert "wrong-secret" not in bad.stderr + bad.stdout
    front.denied_methods = {"StartWorkflowExecution"}
    flags = ("quick", "--no-wait", "-t", "any", "-w", unique("denied"))
    denied = lifecycle(*flags, env={**trusting(front, authority), "TEMPORAL_API_KEY": KEY})
    assert denied.exit_code == 4, denied
    assert "start workflow" in denied.stderr and "permission denied (PERMISSION_DENIED)" in denied.stderr


def test_a_renewed_key_is_read_when_the_old_one_is_refused(
    front: ApiKeyFront, authority: Authority, queue: str, api: TemporalApi, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "key"
    file.write_text(KEY)
    pool = WorkerPool(f"localhost:{front.port}", queue, tmp_path, api)
    try:
        flags = ("--tls-ca-path", str(authority.certificate), "--api-key-file", str(file), "--log-level", "debug")
        worker = pool.lifecycle("v1.0.0", *flags)
        handle = api.start(queue, steps=3, step_duration_ms=1500)
        api.wait_for_started_step(handle)
        file.write_text(NEXT_KEY)
        front.key = NEXT_KEY  # from now on the old one is refused, in the middle of an activity
        result = api.result(handle)
        assert result["steps_completed"] == 3
        attempts = [event.activity_task_started_event_attributes.attempt for event in api.events(handle) if event.HasField("activity_task_started_event_attributes")]
        assert attempts == [1, 1, 1], "the report of the step that ran meanwhile was made again, not lost"
        assert front.refused, "the old key was refused at least once"
        assert worker.exit_code() is None
        assert KEY not in worker.log() and NEXT_KEY not in worker.log()
    finally:
        print(pool.logs())
        pool.kill_all()


@pytest.mark.parametrize(("content", "says"), [("", "no API key in it"), ("two\nlines", "one line of printable ASCII")])
def test_a_file_without_a_usable_key_is_refused(content: str, says: str, lifecycle: RunLifecycle, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "key"
    file.write_text(content)
    by_flag = lifecycle(*PROBE, "--api-key-file", str(file))
    assert by_flag.exit_code == 2 and f"--api-key-file: file '{file}'" in by_flag.stderr and says in by_flag.stderr, by_flag
    by_variable = lifecycle(*PROBE, env={"LIFECYCLE_API_KEY_FILE": str(file)})
    assert by_variable.exit_code == 78 and says in by_variable.stderr, by_variable
    missing = lifecycle(*PROBE, "--api-key-file", str(tmp_path / "none"))
    assert missing.exit_code == 2 and "No such file" in missing.stderr, missing


# --- proxies


def test_a_proxy_of_the_environment_leads_to_the_server(
    server: TemporalServer, authority: Authority, certificate: Certificate, lifecycle: RunLifecycle
) -> None:
    front = TlsFront(server.port, certificate)
    target = f"{HOST}:7233"
    user = base64.b64encode(b"me:pw-secret").decode()
    proxy = ConnectProxy({target: front.port})
    guarded = ConnectProxy({target: front.port}, authorization=user)
    try:
        base = {"TEMPORAL_ADDRESS": target, "TEMPORAL_TLS_SERVER_CA_CERT_PATH": str(authority.certificate)}
        for variable in ("https_proxy", "HTTPS_PROXY", "grpc_proxy"):
            done = lifecycle(*PROBE, env={**base, variable: f"http://127.0.0.1:{proxy.port}"})
            assert done.exit_code == 5, done  # let in
        assert set(proxy.asked) == {target} and len(proxy.asked) >= 3
        done = lifecycle(*PROBE, env={**base, "https_proxy": f"http://me:pw-secret@127.0.0.1:{guarded.port}"})
        assert done.exit_code == 5 and guarded.asked == [target], done
        # Plaintext goes through it, too.
        plain = ConnectProxy({target: server.port})
        done = lifecycle(*PROBE, env={"TEMPORAL_ADDRESS": target, "https_proxy": f"127.0.0.1:{plain.port}"})
        assert done.exit_code == 5 and plain.asked, done
        plain.close()
    finally:
        for one in (front, proxy, guarded):
            one.close()


def test_no_proxy_is_asked_for_servers_here_and_for_those_excluded(server: TemporalServer, lifecycle: RunLifecycle) -> None:
    proxy = ConnectProxy({})
    try:
        url = f"http://127.0.0.1:{proxy.port}"
        assert lifecycle(*PROBE, env={"https_proxy": url}).exit_code == 5
        excluded = {"TEMPORAL_ADDRESS": f"{HOST}:7233", "https_proxy": url, "NO_PROXY": "other, .example"}
        assert lifecycle(*PROBE, "--client-connect-timeout", "1s", env=excluded).exit_code == 3
        assert proxy.asked == []
    finally:
        proxy.close()


def test_a_proxy_that_refuses_or_is_none_is_named(lifecycle: RunLifecycle) -> None:
    proxy = ConnectProxy({})
    try:
        env = {"TEMPORAL_ADDRESS": f"{HOST}:7233", "https_proxy": f"http://127.0.0.1:{proxy.port}"}
        refused = lifecycle(*PROBE, env=env)
        assert refused.exit_code == 3, refused
        assert f"the HTTP proxy 127.0.0.1:{proxy.port} does not connect to {HOST}:7233: HTTP/1.1 403" in refused.stderr, refused
        useless = lifecycle(*PROBE, env={**env, "https_proxy": "socks5://me:pw-secret@127.0.0.1:1080"})
        assert useless.exit_code == 78 and "https_proxy" in useless.stderr and "pw-secret" not in useless.stderr, useless
    finally:
        proxy.close()


# --- what is configured and not done


def test_a_remote_codec_is_said_not_to_be_used(lifecycle: RunLifecycle, tmp_path: pathlib.Path) -> None:
    profile = tmp_path / "temporal.toml"
    profile.write_text('[profile.default.codec]\nendpoint = "http://localhost:8888"\nauth = "codec-secret"\n')
    done = lifecycle(*PROBE, "--config-file", str(profile))
    assert done.exit_code == 5, done
    assert f"{profile}:2:12: the remote codec is not used" in done.stderr and "codec-secret" not in done.stderr, done
    by_variable = lifecycle("config", "show", "-o", "json", env={"TEMPORAL_CODEC_ENDPOINT": "http://localhost:8888"})
    assert "TEMPORAL_CODEC_ENDPOINT: the remote codec is not used" in by_variable.stderr, by_variable
    assert json.loads(by_variable.stdout)["connection"]["codec.endpoint"] == "not used"


def test_a_key_that_would_travel_in_the_clear_is_warned_of(lifecycle: RunLifecycle) -> None:
    env = {"TEMPORAL_ADDRESS": f"{HOST}:7233", "TEMPORAL_API_KEY": KEY, "TEMPORAL_TLS": "false"}
    shown = lifecycle("config", "show", "--origin", env=env)
    assert shown.exit_code == 0, shown
    assert f"the API key (TEMPORAL_API_KEY) goes to {HOST}:7233 unencrypted, because TLS is off (TEMPORAL_TLS)" in shown.stderr
    assert KEY not in shown.stdout + shown.stderr


def test_a_renewed_key_takes_effect_without_any_refusal(
    front: ApiKeyFront, authority: Authority, queue: str, api: TemporalApi, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "key"
    file.write_text(KEY)
    pool = WorkerPool(f"localhost:{front.port}", queue, tmp_path, api)
    try:
        worker = pool.lifecycle("v1.0.0", "--tls-ca-path", str(authority.certificate), "--api-key-file", str(file))
        file.write_text(NEXT_KEY)
        handle = api.start(queue, steps=20, step_duration_ms=1000)
        # The old key is good until the worker has noticed by itself.
        wait_until(lambda: "API key have changed" in worker.log() or "API key has changed" in worker.log(), "the new key noticed", 60, worker.log)
        api.run(handle.cancel())
    finally:
        print(pool.logs())
        pool.kill_all()
