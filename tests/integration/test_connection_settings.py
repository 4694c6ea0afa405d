"""How Temporal is reached, as `lifecycle config show` tells it: where each value is from, and the same answers as the official SDK's."""

import json
import pathlib
import re
from typing import Callable, Mapping

import pytest
from temporalio.envconfig import ClientConfigProfile

from harness.certificates import Authority
from harness.programs import Finished

RunLifecycle = Callable[..., Finished]

NO_ADDRESS = {"TEMPORAL_ADDRESS": None}


def connection(lifecycle: RunLifecycle, *flags: str, env: Mapping[str, str | None]) -> dict:
    shown = lifecycle("config", "show", "-o", "json", *flags, env={**NO_ADDRESS, **env})
    assert shown.exit_code == 0, shown
    return json.loads(shown.stdout)["connection"]


def test_each_value_says_where_it_came_from(lifecycle: RunLifecycle, tmp_path: pathlib.Path) -> None:
    authority = Authority(tmp_path / "ca")
    client = authority.issue("client")
    file = tmp_path / "temporal.toml"
    file.write_text(
        '[profile.mine]\naddress = "file:1"\nnamespace = "from-file"\napi_key = "file-secret"\n'
        f'[profile.mine.tls]\nserver_ca_cert_path = "{authority.certificate}"\n'
        '[profile.mine.grpc_meta]\nX_Team = "header-secret"\n'
    )
    env = {
        "TEMPORAL_CONFIG_FILE": str(file),
        "TEMPORAL_NAMESPACE": "from-environment",
        "TEMPORAL_TLS_CLIENT_CERT_DATA": client.certificate.read_text(),
        "TEMPORAL_TLS_CLIENT_KEY_PATH": str(client.key),
        "https_proxy": "http://me:pw-secret@proxy.example:3128",
    }
    flags = ("--profile", "mine", "--address", "flag.example:7233", "--client-authority", "other")
    assert connection(lifecycle, "--origin", *flags, env=env) == {
        "config_file": {"value": str(file), "origin": "TEMPORAL_CONFIG_FILE"},
        "profile": {"value": "mine", "origin": "--profile"},
        "address": {"value": "flag.example:7233", "origin": "--address"},
        "namespace": {"value": "from-environment", "origin": "TEMPORAL_NAMESPACE"},
        "api_key": {"value": "set (hidden)", "origin": f"{file}:4:11"},
        "authority": {"value": "other", "origin": "--client-authority"},
        "tls": {"value": True, "origin": f"{file}:5:1"},
        "tls.server_ca_cert": {"value": str(authority.certificate), "origin": f"{file}:6:23: server_ca_cert"},
        "tls.client_cert": {"value": "set (hidden)", "origin": "TEMPORAL_TLS_CLIENT_CERT"},
        "tls.client_key": {"value": str(client.key), "origin": "TEMPORAL_TLS_CLIENT_KEY"},
        "tls.server_name": {"value": None, "origin": "default"},
        "tls.disable_host_verification": {"value": False, "origin": "default"},
        "http_proxy": {"value": "http://proxy.example:3128", "origin": "https_proxy"},
        "grpc_meta.x-team": {"value": "set (hidden)", "origin": f"{file}:8:10"},
    }
    for text in (lifecycle("config", "show", "--origin", *flags, env={**NO_ADDRESS, **env}), lifecycle("config", "show", *flags, env=env)):
        assert text.exit_code == 0 and "secret" not in text.stdout + text.stderr, text
        assert '# address = "flag.example:7233"' in text.stdout and "# tls.server_name: none" in text.stdout, text


def test_nothing_given_is_a_server_on_this_machine(lifecycle: RunLifecycle) -> None:
    shown = connection(lifecycle, "--origin", env={})
    given = {key: entry["value"] for key, entry in shown.items() if entry["value"] not in (None, False)}
    assert given == {"profile": "default", "address": "localhost:7233", "namespace": "default"}
    assert {entry["origin"] for entry in shown.values()} == {"default"}


TLS_TABLE = "[profile.default.tls]\n"
# name, variables, content of temporal.toml
SAME_AS_THE_SDK: tuple[tuple[str, Mapping[str, str], str], ...] = (
    ("nothing", {}, ""),
    ("API key", {"TEMPORAL_API_KEY": "k"}, ""),
    ("API key of the file", {}, "[profile.default]\napi_key = 'k'\n"),
    ("API key, TLS off by variable", {"TEMPORAL_API_KEY": "k", "TEMPORAL_TLS": "false"}, ""),
    ("API key, TLS off by file", {"TEMPORAL_API_KEY": "k"}, TLS_TABLE + "disabled = true\n"),
    ("API key, TLS on by file", {"TEMPORAL_API_KEY": "k"}, TLS_TABLE + "disabled = false\n"),
    ("TLS on", {"TEMPORAL_TLS": "true"}, ""),
    ("TLS on, as a number", {"TEMPORAL_TLS": "1"}, ""),
    ("TLS off, as a number", {"TEMPORAL_TLS": "0"}, ""),
    ("TLS off over the file's table", {"TEMPORAL_TLS": "false"}, TLS_TABLE),
    ("TLS on over the file's table", {"TEMPORAL_TLS": "true"}, TLS_TABLE + "disabled = true\n"),
    ("empty table", {}, TLS_TABLE),
    ("table of another profile", {}, "[profile.other.tls]\n"),
    ("table of the chosen profile", {"TEMPORAL_PROFILE": "other"}, "[profile.other.tls]\n"),
    ("server name", {"TEMPORAL_TLS_SERVER_NAME": "n"}, ""),
    ("server name of the file", {}, TLS_TABLE + "server_name = 'n'\n"),
    ("no verification", {"TEMPORAL_TLS_DISABLE_HOST_VERIFICATION": "true"}, ""),
    ("verification", {"TEMPORAL_TLS_DISABLE_HOST_VERIFICATION": "false"}, ""),
    ("certificate authority", {"TEMPORAL_TLS_SERVER_CA_CERT_DATA": "<ca>"}, ""),
    ("certificate authority, TLS off", {"TEMPORAL_TLS_SERVER_CA_CERT_DATA": "<ca>", "TEMPORAL_TLS": "false"}, ""),
    ("address and headers", {"TEMPORAL_ADDRESS": "a:1", "TEMPORAL_GRPC_META_A_B": "v"}, "[profile.default.grpc_meta]\nC_D = 'w'\n"),
    ("a header taken back", {"TEMPORAL_GRPC_META_C_D": ""}, "[profile.default.grpc_meta]\nC_D = 'w'\n"),
    ("address taken back", {"TEMPORAL_ADDRESS": ""}, "[profile.default]\naddress = 'f:1'\n"),
    ("everything of the file", {}, "[profile.default]\naddress = 'f:1'\nnamespace = 'n'\napi_key = 'k'\n"),
    ("unknown keys", {}, "[profile.default]\naddress = 'f:1'\n"),
)


@pytest.mark.parametrize(("name", "variables", "content"), SAME_AS_THE_SDK, ids=[row[0] for row in SAME_AS_THE_SDK])
def test_what_turns_tls_on_is_what_does_in_the_official_sdk(
    name: str, variables: Mapping[str, str], content: str, lifecycle: RunLifecycle, tmp_path: pathlib.Path
) -> None:
    ca = Authority(tmp_path / "ca").certificate.read_text()
    variables = {variable: ca if value == "<ca>" else value for variable, value in variables.items()}
    file = tmp_path / "temporal.toml"
    file.write_text(content)
    official = ClientConfigProfile.load(config_source=file, override_env_vars=variables).to_client_connect_config()
    ours = connection(lifecycle, env={**variables, "TEMPORAL_CONFIG_FILE": str(file)})
    assert ours["tls"] == bool(official.get("tls", False))
    assert ours["address"] == official.get("target_host", "localhost:7233")
    assert ours["namespace"] == official.get("namespace", "default")
    assert (ours["api_key"] is not None) == ("api_key" in official)
    headers = {key.removeprefix("grpc_meta.") for key in ours if key.startswith("grpc_meta.")}
    assert headers == set(official.get("rpc_metadata", {}))


@pytest.mark.parametrize(
    "content",
    [
        "[profile.default]\nadress = 'x'\n",
        "[profile.default]\naddress = 'x'\n\n[profile.other.tls]\n  cert = 1\n",
        "[profile.default.codec]\nendpoint = 'x'\nkey = 'y'\n",
        "[other]\n",
        "[profile.default]\naddress = 5\n",
        "[profile.default.tls]\ndisabled = 'no'\n",
        "[profile.default]\naddress = \n",
    ],
)
def test_a_faulty_profile_file_is_refused_at_the_same_place_as_by_the_official_sdk(
    content: str, lifecycle: RunLifecycle, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "temporal.toml"
    file.write_text(content)
    with pytest.raises(RuntimeError) as official:
        ClientConfigProfile.load(config_source=file, override_env_vars={}, config_file_strict=True)
    place = re.search(r"line (\d+), column (\d+)", str(official.value))
    assert place
    ours = lifecycle("config", "show", "--config-file", str(file))
    assert ours.exit_code == 78, ours
    shown = re.search(re.escape(str(file)) + r":(\d+):(\d+): ", ours.stderr)
    assert shown, ours
    assert shown.group(1) == place.group(1), (ours, official.value)
    if "address = \n" not in content:  # what is no TOML at all ends for each parser where it notices
        assert shown.group(2) == place.group(2), (ours, official.value)


def test_other_commands_ignore_unknown_keys_as_the_official_sdks_do(lifecycle: RunLifecycle, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "temporal.toml"
    file.write_text("[profile.default]\nadress = 'x'\n")
    done = lifecycle("rollout", "status", "--config-file", str(file), "--log-level", "warn")
    assert done.exit_code == 5, done
    assert f"{file}:2:1: 'adress' is not known in [profile.default]" in done.stderr, done


def test_a_header_that_cannot_be_sent_is_refused(lifecycle: RunLifecycle) -> None:
    done = lifecycle("rollout", "status", env={"TEMPORAL_GRPC_META_X_TEAM": "a\nb-secret"})
    assert done.exit_code == 78 and "TEMPORAL_GRPC_META_X_TEAM: header 'x-team'" in done.stderr and "secret" not in done.stderr, done
    done = lifecycle("rollout", "status", "--grpc-meta", "my header=v")
    assert done.exit_code == 2 and "--grpc-meta: 'my header' is no header's name" in done.stderr, done
