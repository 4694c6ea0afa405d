"""kubeconfig files mean what kubectl takes them to mean."""

import base64
import json
import os
import pathlib
import shutil
import subprocess
from typing import Any, Callable

import pytest

from driver import Code, Driver, failed

Start = Callable[..., Driver]
HELLO = base64.b64encode(b"hello").decode()

# Each is one context, "c", of a cluster and a user, both "x": what kubectl takes, and what it refuses.
ENTRIES = {
    "plain": ("server: https://a:1", "token: abc"),
    "empty user": ("server: https://a:1/prefix/", ""),
    "unknown fields": ("{server: https://a, colour: blue}", "{token: abc, mood: good}"),
    "nulls": ("{server: https://a, tls-server-name: null, proxy-url: ~}", "{token: , username: null}"),
    "other case": ("{server: https://a, Tls-Server-Name: b}", "Token: abc"),
    "YAML 1.1 boolean": ("{server: https://a, insecure-skip-tls-verify: yes}", ""),
    "boolean as text": ('{server: https://a, insecure-skip-tls-verify: "true"}', ""),
    "number as text": ("server: https://a", "token: 123"),
    "number in quotes": ("server: https://a", 'token: "123"'),
    "letter that is a boolean": ("server: https://a", "token: n"),
    "octal": ("server: https://a", "token: 017"),
    "word that looks like a number": ("server: https://a", "token: 0x"),
    "key twice": ("{server: https://a, server: https://b}", "{token: a, token: b}"),
    "inline authority": ("{server: https://a, certificate-authority-data: %s}" % HELLO, ""),
    "authority over lines": ("server: https://a\n    certificate-authority-data: |\n      aGVs\n      bG8=", ""),
    "not base 64": ("{server: https://a, certificate-authority-data: '!!'}", ""),
    "base 64 without its end": ("{server: https://a, certificate-authority-data: aGVsbG8}", ""),
    "authority in a file": ("{server: https://a, certificate-authority: ca.pem}", ""),
    "certificates in files": ("server: https://a", "{client-certificate: sub/cert.pem, client-key: sub/key.pem}"),
    "certificates inline": ("server: https://a", "{client-certificate-data: %s, client-key-data: %s}" % (HELLO, HELLO)),
    "token file": ("server: https://a", "tokenFile: sub/token"),
    "password": ("server: https://a", "{username: u, password: p}"),
    "names and proxies": ("{server: https://a, tls-server-name: b, proxy-url: 'socks5://p:1'}", ""),
    "plugin in PATH": ("server: https://a", "exec: {apiVersion: client.authentication.k8s.io/v1, command: plug, args: [a, b], env: [{name: N, value: v}], interactiveMode: Never}"),
    "plugin beside the file": ("server: https://a", "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: ./plug}"),
    "merged keys": ("&base {server: https://a}", ""),
    "list instead of map": ("[a]", ""),
}


def kubectl() -> str:
    ours = pathlib.Path(__file__).resolve().parents[2] / "build" / "kubernetes" / "kubectl"
    found = str(ours) if ours.exists() else shutil.which("kubectl")
    if found is None:
        pytest.skip("no kubectl in build/kubernetes (ci/build-kubernetes makes it) or in PATH to compare with")
    return found


def view(paths: str, *arguments: str) -> dict[str, Any] | None:
    """What kubectl makes of KUBECONFIG; None when it refuses. Certificates and keys that are in files are read."""
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "KUBECONFIG": paths}
    command = [kubectl(), "config", "view", "--minify", "--raw", "--flatten", "-o", "json", *arguments]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout) if done.returncode == 0 else None


def entry(cluster: str, user: str) -> str:
    def block(text: str) -> str:
        return f" {text}" if text.startswith(("{", "[", "&")) or not text else f"\n    {text}"

    return (
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
        f"contexts:\n- name: c\n  context: {{cluster: x, user: x, namespace: space}}\n"
        f"clusters:\n- name: x\n  cluster:{block(cluster)}\n"
        f"users:\n- name: x\n  user:{block(user)}\n"
    )


def content(path: str) -> str:
    return base64.b64encode(pathlib.Path(path).read_bytes()).decode() if path else ""


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def compared(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    cluster, user = theirs["clusters"][0]["cluster"], theirs["users"][0]["user"]
    assert ours["context"] == theirs["current-context"]
    assert ours["namespace"] == theirs["contexts"][0]["context"].get("namespace", "default")
    assert ours["server"] == cluster["server"]
    assert ours["tls_server_name"] == cluster.get("tls-server-name", "")
    assert ours["proxy_url"] == cluster.get("proxy-url", "")
    assert ours["insecure"] == cluster.get("insecure-skip-tls-verify", False)
    assert (encoded(ours["ca_pem"]) or content(ours["ca_path"])) == cluster.get("certificate-authority-data", "")
    assert (encoded(ours["certificate_pem"]) or content(ours["certificate_path"])) == user.get("client-certificate-data", "")
    assert (encoded(ours["key_pem"]) or content(ours["key_path"])) == user.get("client-key-data", "")
    assert ours["token"] == user.get("token", "")
    assert bool(ours["token_path"]) == ("tokenFile" in user)
    assert (ours["username"], ours["password"]) == (user.get("username", ""), user.get("password", ""))
    if "exec" in user:
        theirs_exec = user["exec"]
        variables = [[each["name"], each["value"]] for each in theirs_exec["env"] or []]
        assert ours["exec"]["args"] == (theirs_exec["args"] or [])
        assert (ours["exec"]["env"], ours["exec"]["api_version"]) == (variables, theirs_exec["apiVersion"])
        assert pathlib.Path(ours["exec"]["command"]).name == pathlib.Path(theirs_exec["command"]).name
    else:
        assert ours["exec"] is None


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "sub").mkdir()
    for name in ("ca.pem", "sub/cert.pem", "sub/key.pem", "sub/token"):
        (tmp_path / name).write_text(f"content of {name}")
    return tmp_path


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_means_what_it_means_to_kubectl(name: str, folder: pathlib.Path, start: Start) -> None:
    path = folder / "config"
    path.write_text(entry(*ENTRIES[name]))
    theirs = view(str(path))
    ours = start(env={"KUBECONFIG": str(path)}).access
    if theirs is None:
        failed(ours, Code.INVALID_CONFIG, str(path))
    else:
        compared(ours, theirs)


@pytest.mark.parametrize(
    "text",
    ["", "# nothing\n", "hello", "- a\n", "a: [\n", "kind: Pod\napiVersion: v1\n", "apiVersion: v2\nkind: Config\n", "current-context: c\n---\ncurrent-context: d\n",
     "clusters:\n- {name: x, cluster: {server: a}}\n- {name: x, cluster: {server: b}}\n", "users:\n- {name: 1, user: {}}\n", "contexts: {}\n", "{}", "\x00", "a: &a [*a]\n"],
)
def test_a_file_that_kubectl_cannot_read_is_refused_and_no_other(text: str, folder: pathlib.Path, start: Start) -> None:
    path = folder / "config"
    path.write_text(text)
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "KUBECONFIG": str(path)}
    refused = subprocess.run([kubectl(), "config", "view", "-o", "json"], env=env, capture_output=True, timeout=60).returncode != 0
    ours = start(env={"KUBECONFIG": str(path)}).access
    if refused:
        failed(ours, Code.INVALID_CONFIG, str(path))
    else:  # it can be read, and leads nowhere
        assert "error" in ours and "no current context" in ours["message"] or "there is no context" in ours["message"], ours


def test_files_are_merged_as_kubectl_merges_them(folder: pathlib.Path, start: Start) -> None:
    other = folder / "other"
    other.mkdir()
    (other / "ca.pem").write_text("the other one")
    first, second, third = folder / "first", other / "second", folder / "third"
    first.write_text(
        "contexts: [{name: one, context: {cluster: x, user: who}}, {name: two, context: {cluster: z, user: who, namespace: space}}]\n"
        "clusters: [{name: x, cluster: {server: https://first, certificate-authority: ca.pem}}]\n"
    )
    second.write_text(
        "current-context: two\ncontexts: [{name: one, context: {cluster: nowhere, user: nobody}}]\n"
        "clusters: [{name: x, cluster: {server: https://second, tls-server-name: ignored}},\n"
        "           {name: z, cluster: {server: https://z, certificate-authority: ca.pem}}]\n"
        "users: [{name: who, user: {token: second}}]\n"
    )
    third.write_text("current-context: one\nusers: [{name: who, user: {token: third}}]\n")
    paths = f"{first}::{folder}/missing:{second}:{first}:{third}"
    for context, server in (("", "https://z"), ("one", "https://first")):
        chosen = ["--context", context] if context else []
        theirs = view(paths, *chosen)
        ours = start(*chosen, env={"KUBECONFIG": paths}).access
        assert theirs is not None
        compared(ours, theirs)
        assert (ours["server"], ours["token"]) == (server, "second")
    # Paths are those of the file that they stand in, wherever the program runs.
    assert start(env={"KUBECONFIG": paths}).access["ca_path"] == str(other / "ca.pem")


def test_without_kubeconfig_it_is_the_one_of_the_home_folder(folder: pathlib.Path, start: Start) -> None:
    (folder / ".kube").mkdir()
    (folder / ".kube" / "config").write_text(entry("server: https://home", ""))
    assert start(env={"HOME": str(folder)}).access["server"] == "https://home"
    given = folder / "given"
    given.write_text(entry("server: https://given", ""))
    assert start("--kubeconfig", str(given), env={"HOME": str(folder)}).access["server"] == "https://given"
    failed(start("--kubeconfig", str(folder / "none"), env={"HOME": str(folder)}).access, Code.NOT_FOUND, "none")
    failed(start(env={"HOME": str(folder / "nobody")}).access, Code.KUBERNETES_UNREACHABLE, "no Kubernetes cluster is known", "KUBECONFIG")
    failed(start(env={"KUBECONFIG": str(folder)}).access, Code.INVALID_CONFIG, "directory")


def test_a_kubeconfig_that_says_something_wins_over_the_pod_and_an_empty_one_does_not(folder: pathlib.Path, start: Start) -> None:
    (folder / "token").write_text("of the pod")
    pod = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    path = folder / "config"
    path.write_text(entry("server: https://given", ""))
    assert start("--service-account", str(folder), env={"KUBECONFIG": str(path), **pod}).access["server"] == "https://given"
    path.write_text("")
    inside = start("--service-account", str(folder), env={"KUBECONFIG": str(path), "POD_NAMESPACE": "mine", **pod}).access
    assert (inside["server"], inside["namespace"], inside["token_path"]) == ("https://[fd00::1]:443", "mine", str(folder / "token"))
    assert start("--service-account", str(folder), "--namespace", "given", env=pod).access["namespace"] == "given"


@pytest.mark.parametrize(
    ("cluster", "user", "words"),
    [
        ("{server: https://a, certificate-authority: ca.pem, insecure-skip-tls-verify: true}", "", "exclude each other"),
        ("{server: https://a, certificate-authority: ca.pem, certificate-authority-data: %s}" % HELLO, "", "both set"),
        ("{}", "", "no server"),
        ("server: a", "", "not a URL"),
        ("server: https://user:hush@a", "", "not a URL"),
        ("server: https://a", "client-certificate: sub/cert.pem", "belong together"),
        ("server: https://a", "{client-certificate: a, client-certificate-data: %s, client-key: b}" % HELLO, "both set"),
        ("server: https://a", "{token: t, username: u, password: hush}", "too much"),
        ("server: https://a", "auth-provider: {name: gcp}", "auth-provider 'gcp'"),
        ("server: https://a", "as-uid: u", "need as"),
        ("server: https://a", "exec: {apiVersion: client.authentication.k8s.io/v1, command: p}", "interactiveMode"),
        ("server: https://a", "exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: p}", "v1alpha1"),
        ("server: https://a", "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: ''}", "needs a command"),
        ("server: https://a", "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: p, env: [{value: hush}]}", "needs a name"),
        ("server: https://a", "token: 12345", "quote it"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_place_and_without_secrets(cluster: str, user: str, words: str, folder: pathlib.Path, start: Start) -> None:
    path = folder / "config"
    path.write_text(entry(cluster, user))
    answer = start("--kubeconfig", str(path)).access
    failed(answer, Code.INVALID_CONFIG, words, str(path))
    assert "hush" not in json.dumps(answer) and "12345" not in json.dumps(answer)


def test_what_is_not_there_is_told_with_what_is(folder: pathlib.Path, start: Start) -> None:
    path = folder / "config"
    path.write_text(entry("server: https://a", ""))
    failed(start("--kubeconfig", str(path), "--context", "d").access, Code.INVALID_CONFIG, "no context 'd'", "there are: c")
    path.write_text(entry("server: https://a", "").replace("cluster: x,", "cluster: absent,"))
    failed(start("--kubeconfig", str(path)).access, Code.INVALID_CONFIG, "names cluster 'absent'", "there are: x")
    path.write_text(entry("server: https://a", "").replace("user: x,", "user: absent,"))
    failed(start("--kubeconfig", str(path)).access, Code.INVALID_CONFIG, "names user 'absent'", "there are: x")
