"""Who the API server sees, whom the client trusts, and what happens when either changes."""

import json
import os
import pathlib
import ssl
import stat
from typing import Any, Callable

import pytest

from conftest import Tls, encoded
from driver import Code, Driver, failed
from fake_api_server import ConnectProxy, FakeApiServer, Received, Reply, pod, status, write_token
from harness.certificates import Authority

Start = Callable[..., Driver]
Kubeconfig = Callable[..., pathlib.Path]
POD = "/api/v1/namespaces/workers/pods/one"
GET_POD = f"GET {POD}"


def ask(driver: Driver) -> dict[str, Any]:
    return driver.ask("get_pod", namespace="workers", name="one")


def only_for(token: str) -> Callable[[Received], Reply]:
    def answer(received: Received) -> Reply:
        return Reply(body=pod("one")) if received.token == token else Reply(401, status(401, "Unauthorized", "Unauthorized"))

    return answer


def tokens(server: FakeApiServer) -> list[str]:
    return [each.token for each in server.requests]


def test_a_request_says_who_asks_and_with_what(server: FakeApiServer, driver: Driver) -> None:
    server.on(GET_POD, Reply(body=pod("one")))
    assert ask(driver)["name"] == "one"
    [request] = server.requests
    assert request.token == "secret-token"
    assert request.headers["User-Agent"] == "lifecycle/test"
    assert request.headers["Accept"] == "application/json"


def test_a_refused_token_is_shown_once_more_when_its_file_has_a_new_one(server: FakeApiServer, kubeconfig: Kubeconfig, start: Start, tmp_path: pathlib.Path) -> None:
    driver = start("--kubeconfig", str(kubeconfig({"tokenFile": str(write_token(tmp_path, "old"))})))
    server.on(GET_POD, only_for("old"))
    assert ask(driver)["name"] == "one"
    write_token(tmp_path, "new")
    server.on(GET_POD, only_for("new"))
    assert ask(driver)["name"] == "one"
    assert ask(driver)["name"] == "one"
    assert tokens(server) == ["old", "old", "new", "new"]


def test_a_token_that_is_refused_and_has_no_successor_is_an_error_that_does_not_tell_it(server: FakeApiServer, driver: Driver) -> None:
    server.on(GET_POD, only_for("another"))
    answer = ask(driver)
    failed(answer, Code.PERMISSION_DENIED, "401", "get pod workers/one", "log in again")
    assert "secret-token" not in json.dumps(answer)
    assert len(server.requests) == 1


def test_in_a_pod_the_service_account_is_used_and_its_token_followed(server: FakeApiServer, tls: Tls, start: Start, tmp_path: pathlib.Path) -> None:
    write_token(tmp_path, "mounted")
    (tmp_path / "ca.crt").write_bytes(tls.authority.certificate.read_bytes())
    (tmp_path / "namespace").write_text("of-the-pod")
    env = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(server.port)}
    driver = start("--service-account", str(tmp_path), env=env)
    assert driver.access["namespace"] == "of-the-pod"
    server.on(GET_POD, only_for("mounted"))
    assert ask(driver)["name"] == "one"
    write_token(tmp_path, "renewed")
    server.on(GET_POD, only_for("renewed"))
    assert ask(driver)["name"] == "one"
    (tmp_path / "token").unlink()  # what was read last still counts
    assert ask(driver)["name"] == "one"
    assert tokens(server) == ["mounted", "mounted", "renewed", "renewed"]


def test_a_pod_without_a_token_is_told_so_instead_of_being_nobody(start: Start, tmp_path: pathlib.Path) -> None:
    driver = start("--service-account", str(tmp_path), env={"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "1"})
    failed(driver.access, Code.INVALID_CONFIG, "no service account token", "automountServiceAccountToken")


class Plugin:
    """A credential plugin that notes how it was called and prints what it is told to."""

    def __init__(self, directory: pathlib.Path) -> None:
        self._directory = directory
        self.path = directory / "plugin with a space"
        self.path.write_text(
            "#!/bin/sh\n"
            f'printf "%s\\n" "$KUBERNETES_EXEC_INFO" >> "{directory}/infos"\n'
            f'printf "%s|" "$@" "$EXTRA" >> "{directory}/arguments"; echo >> "{directory}/arguments"\n'
            f'cat "{directory}/credential"\n'
        )
        self.path.chmod(self.path.stat().st_mode | stat.S_IXUSR)

    def prints(self, version: str = "v1", **credential: str) -> None:
        answer = {"apiVersion": f"client.authentication.k8s.io/{version}", "kind": "ExecCredential", "status": credential}
        (self._directory / "credential").write_text(json.dumps(answer))

    def entry(self, version: str = "v1", **more: Any) -> dict[str, Any]:
        base = {"apiVersion": f"client.authentication.k8s.io/{version}", "command": str(self.path), "interactiveMode": "Never"}
        return {"exec": {**base, **more}}

    @property
    def infos(self) -> list[dict[str, Any]]:
        path = self._directory / "infos"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def arguments(self) -> list[str]:
        return (self._directory / "arguments").read_text().splitlines()


def test_a_plugin_runs_without_a_shell_and_is_told_what_it_asks_for(server: FakeApiServer, kubeconfig: Kubeconfig, start: Start, tmp_path: pathlib.Path, tls: Tls) -> None:
    plugin = Plugin(tmp_path)
    server.on(GET_POD, only_for("from-plugin"))
    for version in ("v1", "v1beta1"):
        plugin.prints(version, token="from-plugin")
        arguments = ["a b", "$(touch x)", "'"]
        entry = plugin.entry(version, args=arguments, env=[{"name": "EXTRA", "value": "e x"}], provideClusterInfo=True)
        driver = start("--kubeconfig", str(kubeconfig(entry)))
        assert ask(driver)["name"] == "one"
        assert ask(driver)["name"] == "one"  # it has no expiry: once is enough
        assert plugin.arguments[-1] == "a b|$(touch x)|'|e x|"
        info = plugin.infos[-1]
        assert (info["kind"], info["apiVersion"]) == ("ExecCredential", f"client.authentication.k8s.io/{version}")
        assert info["spec"]["interactive"] is False
        assert info["spec"]["cluster"] == {"server": server.url, "certificate-authority-data": encoded(tls.authority.certificate)}
    assert len(plugin.infos) == 2


def test_a_plugin_runs_again_when_its_token_has_expired_or_is_refused(server: FakeApiServer, kubeconfig: Kubeconfig, start: Start, tmp_path: pathlib.Path) -> None:
    plugin = Plugin(tmp_path)
    plugin.prints(token="old", expirationTimestamp="2020-01-01T00:00:00Z")
    driver = start("--kubeconfig", str(kubeconfig(plugin.entry())))
    server.on(GET_POD, only_for("old"))
    assert ask(driver)["name"] == "one"
    plugin.prints(token="new", expirationTimestamp="2100-01-01T00:00:00Z")
    server.on(GET_POD, only_for("new"))
    assert ask(driver)["name"] == "one"
    assert tokens(server) == ["old", "new"]  # it had expired: no need to be refused
    assert ask(driver)["name"] == "one"
    assert len(plugin.infos) == 2
    plugin.prints(token="newest")
    server.on(GET_POD, only_for("newest"))
    assert ask(driver)["name"] == "one"
    assert tokens(server) == ["old", "new", "new", "new", "newest"]


def test_what_a_plugin_does_wrong_is_told_without_its_secrets(server: FakeApiServer, kubeconfig: Kubeconfig, start: Start, tmp_path: pathlib.Path) -> None:
    plugin = Plugin(tmp_path)
    plugin.prints("v1beta1", token="top-secret")
    first = ask(start("--kubeconfig", str(kubeconfig(plugin.entry("v1")))))
    failed(first, Code.PERMISSION_DENIED, "another apiVersion", "plugin with a space")
    assert "top-secret" not in json.dumps(first)
    plugin.prints()
    failed(ask(start("--kubeconfig", str(kubeconfig(plugin.entry())))), Code.PERMISSION_DENIED, "neither a token nor")
    plugin.prints(clientCertificateData="c")
    failed(ask(start("--kubeconfig", str(kubeconfig(plugin.entry())))), Code.PERMISSION_DENIED, "belong together")
    (tmp_path / "credential").unlink()
    failed(ask(start("--kubeconfig", str(kubeconfig(plugin.entry())))), Code.PERMISSION_DENIED, "exit code 1")
    missing = {"exec": {**plugin.entry()["exec"], "command": "no-such-plugin", "installHint": "install\x1b it"}}
    failed(ask(start("--kubeconfig", str(kubeconfig(missing)))), Code.PERMISSION_DENIED, "is not there", "install it")
    always = plugin.entry(interactiveMode="Always")
    failed(ask(start("--kubeconfig", str(kubeconfig(always)))), Code.PERMISSION_DENIED, "not a terminal")
    assert server.requests == []


def test_a_plugin_that_hangs_ends_with_the_call(kubeconfig: Kubeconfig, start: Start) -> None:
    entry = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "sleep", "args": ["1000"], "interactiveMode": "Never"}}
    driver = start("--kubeconfig", str(kubeconfig(entry)))
    failed(driver.ask("get_pod", namespace="workers", name="one", timeout_ms=200), Code.DEADLINE_EXCEEDED, "sleep")


def test_client_certificates_are_shown_from_data_files_and_plugins(server: FakeApiServer, kubeconfig: Kubeconfig, start: Start, tls: Tls, tmp_path: pathlib.Path) -> None:
    server.on(GET_POD, Reply(body=pod("one")))
    plugin = Plugin(tmp_path)
    plugin.prints(clientCertificateData=tls.client.certificate.read_text(), clientKeyData=tls.client.key.read_text())
    for user in (
        {"client-certificate-data": encoded(tls.client.certificate), "client-key-data": encoded(tls.client.key)},
        {"client-certificate": str(tls.client.certificate), "client-key": os.path.relpath(tls.client.key, tmp_path)},
        plugin.entry(),
    ):
        assert ask(start("--kubeconfig", str(kubeconfig(user))))["name"] == "one"
    assert [each.client for each in server.requests] == ["somebody"] * 3
    wrong = {"client-certificate-data": encoded(tls.client.certificate), "client-key-data": encoded(tls.server.key)}
    failed(ask(start("--kubeconfig", str(kubeconfig(wrong)))), Code.PERMISSION_DENIED, "client certificate cannot be used")


def test_a_server_is_trusted_by_its_authority_and_its_name_alone(server: FakeApiServer, kubeconfig: Kubeconfig, start: Start, tmp_path: pathlib.Path) -> None:
    server.on(GET_POD, Reply(body=pod("one")))
    stranger = Authority(tmp_path / "stranger")
    other = kubeconfig({"token": "t"}, certificate_authority_data=encoded(stranger.certificate))
    failed(ask(start("--kubeconfig", str(other))), Code.PERMISSION_DENIED, "not trusted", "certificate-authority")
    nobody = kubeconfig({"token": "t"}, certificate_authority_data=None)
    failed(ask(start("--kubeconfig", str(nobody))), Code.PERMISSION_DENIED, "not trusted")
    wrong_name = kubeconfig({"token": "t"}, tls_server_name="somewhere.else")
    failed(ask(start("--kubeconfig", str(wrong_name))), Code.PERMISSION_DENIED, "tls-server-name")
    assert server.requests == []
    named = kubeconfig({"token": "t"}, tls_server_name="localhost")
    assert ask(start("--kubeconfig", str(named)))["name"] == "one"
    assert server.requests[-1].server_name == "localhost"
    assert server.requests[-1].headers["Host"] == f"127.0.0.1:{server.port}"
    careless = kubeconfig({"token": "t"}, certificate_authority_data=None, insecure_skip_tls_verify=True)
    assert ask(start("--kubeconfig", str(careless)))["name"] == "one"


@pytest.mark.filterwarnings("ignore:.*TLSv1_1 is deprecated")
def test_old_tls_is_not_spoken(tls: Tls, kubeconfig: Kubeconfig, start: Start) -> None:
    old = FakeApiServer(tls.server, tls.authority, ssl.TLSVersion.TLSv1_1)
    try:
        failed(ask(start("--kubeconfig", str(kubeconfig({"token": "t"}, server=old.url)))), Code.KUBERNETES_UNREACHABLE)
        assert old.requests == []
    finally:
        old.stop()


def test_credentials_go_to_no_server_without_tls_and_to_no_other_place(server: FakeApiServer, kubeconfig: Kubeconfig, start: Start, driver: Driver) -> None:
    failed(start("--kubeconfig", str(kubeconfig({"token": "t"}, server="http://127.0.0.1:1"))).access, Code.INVALID_CONFIG, "without TLS")
    server.on(GET_POD, Reply(302, headers={"Location": server.url + "/elsewhere"}))
    failed(ask(driver), Code.KUBERNETES_UNREACHABLE, "302")
    assert len(server.requests) == 1


def test_a_proxy_is_used_when_the_cluster_names_one(server: FakeApiServer, kubeconfig: Kubeconfig, start: Start) -> None:
    server.on(GET_POD, Reply(body=pod("one")))
    proxy = ConnectProxy(server.port)
    try:
        config = kubeconfig({"token": "t"}, server="https://cluster.invalid:6443", proxy_url=proxy.url, tls_server_name="localhost")
        assert ask(start("--kubeconfig", str(config), env={"NO_PROXY": "*"}))["name"] == "one"
        assert proxy.asked == ["cluster.invalid:6443"]
        # One of the environment is not for servers on this machine.
        assert ask(start("--kubeconfig", str(kubeconfig({"token": "t"})), env={"HTTPS_PROXY": proxy.url}))["name"] == "one"
        assert len(proxy.asked) == 1
    finally:
        proxy.stop()


def test_impersonation_is_told(server: FakeApiServer, kubeconfig: Kubeconfig, start: Start) -> None:
    server.on(GET_POD, Reply(body=pod("one")))
    user = {"token": "t", "as": "someone", "as-uid": "7", "as-groups": ["g"], "as-user-extra": {"Some/Key": ["v"]}}
    assert ask(start("--kubeconfig", str(kubeconfig(user))))["name"] == "one"
    headers = {name: value for name, value in server.requests[0].headers.items() if name.startswith("Impersonate")}
    assert headers == {"Impersonate-User": "someone", "Impersonate-Uid": "7", "Impersonate-Group": "g", "Impersonate-Extra-some%2Fkey": "v"}


def test_a_missing_libcurl_is_told_with_its_package(kubeconfig: Kubeconfig, start: Start, tmp_path: pathlib.Path) -> None:
    (tmp_path / "libcurl.so.4").write_text("not a library")
    driver = start("--kubeconfig", str(kubeconfig({"token": "t"})), env={"LD_LIBRARY_PATH": str(tmp_path)})
    failed(driver.read(), Code.FAILED_PRECONDITION, "libcurl.so.4", "apt-get install libcurl4")
