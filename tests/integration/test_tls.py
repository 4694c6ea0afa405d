"""TLS in front of a real server: who is let in, and what is said to who is not."""

import dataclasses
import json
import pathlib
import ssl
from typing import Callable, Iterator, Mapping, Sequence

import pytest

from harness.certificates import Authority, Certificate
from harness.fronts import NOT_WITH_THREAD_SANITIZER, TlsFront
from harness.process import ManagedProcess
from harness.programs import Finished, clean_environment, lifecycle_program
from harness.server import TemporalServer, free_port
from harness.temporal_api import TemporalApi, now, unique
from harness.waiting import wait_until
from harness.workers import WorkerPool

pytestmark = NOT_WITH_THREAD_SANITIZER

RunLifecycle = Callable[..., Finished]

LOCAL_NAMES = ("DNS:localhost", "IP:127.0.0.1")
# What each command is run with: it starts nothing when it is let in by mistake.
PROBE = ("rollout", "status", "--client-connect-timeout", "20s", "-o", "json")


@dataclasses.dataclass
class Pki:
    """The certificates that the tests speak of."""

    authority: Authority
    other_authority: Authority
    server: Certificate
    expired_server: Certificate
    server_elsewhere: Certificate
    client: Certificate
    other_client: Certificate
    expired_client: Certificate


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    authority = Authority(tmp_path_factory.mktemp("ca"), "Right CA")
    other = Authority(tmp_path_factory.mktemp("other-ca"), "Other CA")
    return Pki(
        authority=authority,
        other_authority=other,
        server=authority.issue("server", LOCAL_NAMES),
        expired_server=authority.issue("server", LOCAL_NAMES, expired=True),
        server_elsewhere=authority.issue("server", ("DNS:temporal.example",)),
        client=authority.issue("client"),
        other_client=other.issue("stranger"),
        expired_client=authority.issue("late client", expired=True),
    )


@pytest.fixture
def front(server: TemporalServer) -> Iterator[Callable[..., TlsFront]]:
    fronts: list[TlsFront] = []

    def make(certificate: Certificate, **how: object) -> TlsFront:
        fronts.append(TlsFront(server.port, certificate, **how))
        return fronts[-1]

    yield make
    for one in fronts:
        one.close()


def client_flags(client: Certificate) -> tuple[str, ...]:
    return ("--tls-cert-path", str(client.certificate), "--tls-key-path", str(client.key))


def mtls_environment(pki: Pki, address: str) -> dict[str, str]:
    return {
        "TEMPORAL_ADDRESS": address,
        "TEMPORAL_TLS_SERVER_CA_CERT_PATH": str(pki.authority.certificate),
        "TEMPORAL_TLS_CLIENT_CERT_PATH": str(pki.client.certificate),
        "TEMPORAL_TLS_CLIENT_KEY_PATH": str(pki.client.key),
    }


def test_worker_and_client_work_over_mutual_tls(
    front: Callable[..., TlsFront], pki: Pki, queue: str, api: TemporalApi, lifecycle: RunLifecycle, tmp_path: pathlib.Path
) -> None:
    entrance = front(pki.server, client_ca=pki.authority.certificate)
    address = f"localhost:{entrance.port}"
    pool = WorkerPool(address, queue, tmp_path, api)
    try:
        pool.lifecycle("v1.0.0", env=mtls_environment(pki, address))
        arguments = ("quick", "-t", queue, "-w", unique("mtls"), "--steps", "2", "--step-duration", "100ms", "-o", "json")
        # The client has its certificates from a profile, as data: the worker's are paths in variables.
        profile = tmp_path / "temporal.toml"
        profile.write_text(
            f"[profile.default]\naddress = '{address}'\n[profile.default.tls]\n"
            f"client_cert_data = '''{pki.client.certificate.read_text()}'''\n"
            f"client_key_data = '''{pki.client.key.read_text()}'''\n"
            f"server_ca_cert_data = '''{pki.authority.certificate.read_text()}'''\n"
        )
        done = lifecycle(*arguments, "--config-file", str(profile), env={"TEMPORAL_ADDRESS": None})
        assert done.exit_code == 0, done
        assert json.loads(done.stdout)["result"]["worker_versions_used"] == ["v1.0.0"] * 2
        assert len(entrance.peers) >= 2 and all(entrance.peers)
    finally:
        print(pool.logs())
        pool.kill_all()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "dns:///localhost"])
def test_a_server_is_reached_by_name_and_by_number(host: str, front: Callable[..., TlsFront], pki: Pki, lifecycle: RunLifecycle) -> None:
    address = f"{host}:{front(pki.server).port}"
    done = lifecycle(*PROBE, "--address", address, "--tls-ca-path", str(pki.authority.certificate))
    assert done.exit_code == 5, done  # let in: there is no such deployment


def test_another_name_of_the_server_may_be_given(front: Callable[..., TlsFront], pki: Pki, lifecycle: RunLifecycle) -> None:
    address = f"127.0.0.1:{front(pki.server_elsewhere).port}"
    flags = ("--address", address, "--tls-ca-path", str(pki.authority.certificate))
    assert lifecycle(*PROBE, *flags, "--tls-server-name", "temporal.example").exit_code == 5
    assert lifecycle(*PROBE, "--address", address, "--tls-disable-host-verification").exit_code == 5


@dataclasses.dataclass
class Refusal:
    """One way not to be let in: how the front is made, what the command is given, and what it must say."""

    name: str
    exit_code: int
    says: Sequence[str]
    server: str = "server"
    client_ca: bool = False
    flags: Callable[[Pki], Sequence[str]] = lambda pki: ("--tls-ca-path", str(pki.authority.certificate))
    how: Mapping[str, object] = dataclasses.field(default_factory=dict)


REFUSALS = (
    Refusal(
        "wrong CA",
        4,
        ("is from no authority in '", "it was issued by 'Right CA'", "--tls-ca-path"),
        flags=lambda pki: ("--tls-ca-path", str(pki.other_authority.certificate)),
    ),
    Refusal("CA that nobody gave", 4, ("is from no authority that this machine trusts",), flags=lambda pki: ("--tls",)),
    Refusal("expired certificate", 4, ("has expired: the server's is valid until 20",), server="expired_server"),
    Refusal(
        "other host",
        4,
        ("is not for 'localhost': it is for 'temporal.example'", "--tls-server-name"),
        server="server_elsewhere",
    ),
    Refusal(
        "other server name",
        4,
        ("is not for 'cloud.example': it is for 'localhost', '127.0.0.1'",),
        flags=lambda pki: ("--tls-ca-path", str(pki.authority.certificate), "--tls-server-name", "cloud.example"),
    ),
    Refusal("no client certificate", 4, ("asks for a client certificate, and none is given", "--tls-cert-path"), client_ca=True),
    Refusal(
        "no client certificate, TLS 1.2",
        4,
        ("asks for a client certificate, and none is given",),
        client_ca=True,
        how={"version": ssl.TLSVersion.TLSv1_2},
    ),
    Refusal(
        "client certificate of another authority",
        4,
        ("refuses the client certificate for 'stranger': it does not know the authority", "issued by 'Other CA'"),
        client_ca=True,
        flags=lambda pki: ("--tls-ca-path", str(pki.authority.certificate), *client_flags(pki.other_client)),
    ),
    Refusal(
        "expired client certificate",
        4,
        ("refuses the client certificate for 'late client': it has expired",),
        client_ca=True,
        flags=lambda pki: ("--tls-ca-path", str(pki.authority.certificate), *client_flags(pki.expired_client)),
    ),
    Refusal(
        "a server that hangs up on a client certificate",
        4,
        ("refuses the client certificate for 'client': it asked for it, and then ended the connection without a word",),
        client_ca=True,
        flags=lambda pki: ("--tls-ca-path", str(pki.authority.certificate), *client_flags(pki.client)),
        how={"hang_up": True},
    ),
    Refusal("TLS off here", 3, ("speaks TLS, and TLS is off here", "--tls"), flags=lambda pki: ()),
    Refusal("TLS 1.1", 3, ("does not speak TLS 1.2 or later",), how={"version": ssl.TLSVersion.TLSv1_1}),
    Refusal("no HTTP/2", 3, ("offers no HTTP/2 (ALPN 'h2')",), how={"alpn": False}),
)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.name)
def test_a_refused_handshake_says_why(refusal: Refusal, front: Callable[..., TlsFront], pki: Pki, lifecycle: RunLifecycle) -> None:
    client_ca = pki.authority.certificate if refusal.client_ca else None
    entrance = front(getattr(pki, refusal.server), client_ca=client_ca, **refusal.how)
    address = f"localhost:{entrance.port}"
    done = lifecycle(*PROBE, "--address", address, *refusal.flags(pki))
    assert done.exit_code == refusal.exit_code, done
    error = json.loads(done.stderr.splitlines()[-1])["error"]
    told = f"{error['message']} {error['hint']}"
    assert address in told, done
    for words in refusal.says:
        assert words in told, done


def test_tls_to_a_plaintext_server_says_so(server: TemporalServer, lifecycle: RunLifecycle) -> None:
    done = lifecycle(*PROBE, "--tls")
    assert done.exit_code == 3, done
    assert f"{server.address} speaks no TLS, and TLS is on here" in done.stderr


def test_nobody_there_is_another_matter(pki: Pki, lifecycle: RunLifecycle) -> None:
    flags = ("--address", f"127.0.0.1:{free_port()}", "--tls-ca-path", str(pki.authority.certificate))
    done = lifecycle("rollout", "status", "--client-connect-timeout", "1s", *flags)
    assert done.exit_code == 3 and "no answer from" in done.stderr and "refused" in done.stderr.lower(), done


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda pki, folder: client_flags(Certificate(pki.client.certificate, pki.other_client.key)), "is not the key of the client certificate"),
        (lambda pki, folder: ("--tls-cert-path", str(pki.client.certificate)), "and the key is missing"),
        (lambda pki, folder: client_flags(Certificate(pki.client.key, pki.client.key)), "a private key where a certificate belongs"),
        (lambda pki, folder: ("--tls-ca-path", str(folder / "none.pem")), "No such file"),
        (lambda pki, folder: ("--tls-ca-path", str(folder)), "Is a directory"),
        (lambda pki, folder: ("--tls-ca-data", "nonsense"), "no PEM certificate in it"),
    ],
    ids=["key of another", "no key", "key as certificate", "no file", "folder", "no PEM"],
)
def test_material_that_cannot_work_is_refused_before_anything_is_tried(
    spoil: Callable[[Pki, pathlib.Path], Sequence[str]], says: str, pki: Pki, lifecycle: RunLifecycle, tmp_path: pathlib.Path
) -> None:
    flags = tuple(spoil(pki, tmp_path))
    by_flag = lifecycle(*PROBE, *flags)
    assert by_flag.exit_code == 2 and says in by_flag.stderr, by_flag
    names = {
        "--tls-cert-path": "TEMPORAL_TLS_CLIENT_CERT_PATH",
        "--tls-key-path": "TEMPORAL_TLS_CLIENT_KEY_PATH",
        "--tls-ca-path": "TEMPORAL_TLS_SERVER_CA_CERT_PATH",
        "--tls-ca-data": "TEMPORAL_TLS_SERVER_CA_CERT_DATA",
    }
    by_variable = lifecycle("worker", env={names[flag]: value for flag, value in zip(flags[::2], flags[1::2])})
    assert by_variable.exit_code == 78 and says in by_variable.stderr, by_variable
    assert "BEGIN" not in by_flag.stderr.replace("begins with -----BEGIN", "") + by_variable.stdout


def test_a_worker_that_is_not_let_in_says_why_and_goes_on_trying(
    front: Callable[..., TlsFront], pki: Pki, queue: str, api: TemporalApi, tmp_path: pathlib.Path
) -> None:
    entrance = front(pki.expired_server)
    address = f"localhost:{entrance.port}"
    pool = WorkerPool(address, queue, tmp_path, api)
    try:
        worker = pool.lifecycle("v1.0.0", "--tls-ca-path", str(pki.authority.certificate), wait=False)
        wait_until(lambda: "has expired" in worker.log(), "the reason in the worker's log", 60, worker.log)
        entrance.show(pki.server)  # the operator renews it
        worker.wait_for_polls(api)
    finally:
        print(pool.logs())
        pool.kill_all()


def test_renewed_certificates_are_used_without_a_restart(
    front: Callable[..., TlsFront], pki: Pki, queue: str, api: TemporalApi, tmp_path: pathlib.Path
) -> None:
    entrance = front(pki.server, client_ca=pki.authority.certificate)
    mine = pki.authority.issue("worker")
    first_serial = serial(mine)
    pool = WorkerPool(f"localhost:{entrance.port}", queue, tmp_path, api)
    try:
        flags = ("--tls-ca-path", str(pki.authority.certificate), *client_flags(mine))
        worker = pool.lifecycle("v1.0.0", *flags)
        assert set(entrance.peers) == {first_serial}
        renewed = pki.authority.issue("worker")
        second_serial = serial(renewed)
        # A key that is not the certificate's is the state in the middle of a renewal.
        renewed.key.rename(mine.key)
        dropped_at = now()
        entrance.drop_connections()
        wait_until(lambda: "those before stay in use" in worker.log(), "the log line about the half of a pair", 60, worker.log)
        # The diagnosis of the lost connection connects, too: only polls show that the worker is back.
        worker.wait_for_polls(api, dropped_at)
        assert set(entrance.peers) == {first_serial}
        renewed.certificate.rename(mine.certificate)
        entrance.drop_connections()
        wait_until(lambda: second_serial in entrance.peers, "a connection with the new certificate", 60, worker.log)
        result = api.result(api.start(queue, steps=2, step_duration_ms=0))
        assert result["steps_completed"] == 2 and worker.exit_code() is None
        assert entrance.peers[-1] == second_serial
    finally:
        print(pool.logs())
        pool.kill_all()


def test_a_new_certificate_authority_is_trusted_without_a_restart(
    front: Callable[..., TlsFront], pki: Pki, queue: str, api: TemporalApi, tmp_path: pathlib.Path
) -> None:
    entrance = front(pki.server)
    trusted = tmp_path / "ca.pem"
    trusted.write_text(pki.authority.certificate.read_text())
    pool = WorkerPool(f"localhost:{entrance.port}", queue, tmp_path, api)
    try:
        worker = pool.lifecycle("v1.0.0", "--tls-ca-path", str(trusted))
        entrance.show(pki.other_authority.issue("server", LOCAL_NAMES))
        entrance.drop_connections()
        wait_until(lambda: "it was issued by 'Other CA'" in worker.log(), "the reason in the worker's log", 60, worker.log)
        added = tmp_path / "both.pem"
        added.write_text(pki.authority.certificate.read_text() + pki.other_authority.certificate.read_text())
        since = now()
        added.rename(trusted)
        worker.wait_for_polls(api, since)
    finally:
        print(pool.logs())
        pool.kill_all()


def serial(certificate: Certificate) -> str:
    return str(ssl._ssl._test_decode_cert(str(certificate.certificate))["serialNumber"])  # type: ignore[attr-defined]


def test_a_quiet_connection_is_pinged_every_ten_seconds(
    front: Callable[..., TlsFront], pki: Pki, queue: str, tmp_path: pathlib.Path
) -> None:
    entrance = front(pki.server)
    address = f"localhost:{entrance.port}"
    env = clean_environment(tmp_path, {"TEMPORAL_ADDRESS": address, "TEMPORAL_TLS_SERVER_CA_CERT_PATH": str(pki.authority.certificate)})
    worker = ManagedProcess([lifecycle_program(), "worker", "-t", queue], tmp_path / "quiet.log", env)
    try:
        wait_until(lambda: len(entrance.ping_times) >= 3, "three pings of a worker that only polls", 60, worker.log)
        pauses = [later - earlier for earlier, later in zip(entrance.ping_times, entrance.ping_times[1:])]
        assert all(10 <= pause < 20 for pause in pauses), pauses
        assert worker.exit_code() is None and len(entrance.peers) == 1, "one connection, which the server does not close for its pings"
    finally:
        worker.kill()
