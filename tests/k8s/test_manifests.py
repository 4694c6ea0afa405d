"""The manifests fit together: names that the demonstration uses, selectors, probes, rights, budgets, and how much it all asks for."""

import copy
import json
import re
import shutil
import subprocess

import pytest
import yaml

import manifests as m

LAYOUTS = pytest.mark.parametrize("server", [m.SIMPLE, m.PRODUCTION])
WORKERS = {
    "lifecycle-workers-v1": ("lifecycle-workers", "v1.0.0", 2, False),
    "lifecycle-workers-v2": ("lifecycle-workers", "v2.0.0", 1, False),
    "lifecycle-versioned-v1": ("lifecycle-versioned", "v1.0.0", 2, True),
    "lifecycle-versioned-v2": ("lifecycle-versioned", "v2.0.0", 2, True),
}


def find(documents: list[m.Object], name: str) -> m.Object:
    found = [document for document in documents if m.name_of(document) == name]
    assert len(found) == 1, f"{name}: {len(found)} of it"
    return found[0]


def worker_deployments() -> list[m.Object]:
    return [find(m.layout(m.SIMPLE), f"Deployment/workers/{name}") for name in WORKERS]


@LAYOUTS
def test_no_object_is_there_twice_and_each_namespace_exists_before_it_is_used(server: str) -> None:
    seen: set[str] = set()
    for document in m.layout(server):
        name = m.name_of(document)
        assert name not in seen, name
        seen.add(name)
        namespace = document["metadata"].get("namespace")
        assert document["kind"] == "Namespace" or f"Namespace//{namespace}" in seen, f"{name} comes before its namespace"


def test_the_namespaces_enforce_the_restricted_standard() -> None:
    namespaces = m.of_kind(m.layout(m.SIMPLE), "Namespace")
    assert {document["metadata"]["name"] for document in namespaces} == {"temporal", "workers", "infra"}
    for document in namespaces:
        assert document["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


@LAYOUTS
def test_each_pod_is_as_the_restricted_standard_wants_it(server: str) -> None:
    for name, _, pod in m.pods(m.layout(server)):
        spec = pod["spec"]
        security = spec["securityContext"]
        assert security["runAsNonRoot"] is True and security["runAsUser"] > 0, name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert spec["enableServiceLinks"] is False, f"{name}: a Service's variables would be read as settings"
        assert not any(spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")), name
        for container in m.containers(pod):
            where = f"{name} {container['name']}"
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, where
        for volume in spec.get("volumes", []):
            assert set(volume) - {"name"} <= {"configMap", "secret", "emptyDir", "persistentVolumeClaim"}, name


@LAYOUTS
def test_only_the_client_has_a_token(server: str) -> None:
    for name, _, pod in m.pods(m.layout(server)):
        assert pod["spec"]["automountServiceAccountToken"] is (name == "Pod/workers/lifecycle-client"), name


@LAYOUTS
def test_each_container_says_its_command_and_its_resources(server: str) -> None:
    for name, _, pod in m.pods(m.layout(server)):
        for container in m.containers(pod):
            where = f"{name} {container['name']}"
            assert container.get("command"), f"{where}: an image's own entry point is not the same everywhere"
            requested, limited = container["resources"]["requests"], container["resources"]["limits"]
            assert set(requested) == {"cpu", "memory"}, where
            assert m.quantity(requested["memory"]) <= m.quantity(limited["memory"]), where
            assert "cpu" not in limited, f"{where}: a CPU limit stops a pod that has done nothing wrong"


@LAYOUTS
def test_it_all_fits_into_a_small_machine_with_five_and_four_workers(server: str) -> None:
    documents = copy.deepcopy(m.layout(server))
    for name, replicas in {"lifecycle-workers-v1": 3, "lifecycle-workers-v2": 2}.items():
        find(documents, f"Deployment/workers/{name}")["spec"]["replicas"] = replicas
    assert m.requests(documents, "cpu") < 1.5
    assert m.requests(documents, "memory") < 3 * 2**30


@LAYOUTS
def test_what_listens_is_probed_and_each_named_port_exists(server: str) -> None:
    for name, _, pod in m.pods(m.layout(server)):
        for container in pod["spec"]["containers"]:
            ports = container.get("ports", [])
            known = {port["name"] for port in ports} | {port["containerPort"] for port in ports}
            probes = {key: container[key] for key in ("startupProbe", "readinessProbe", "livenessProbe") if key in container}
            assert len(probes) == (3 if ports else 0), f"{name} {container['name']}"
            for probe in probes.values():
                handler = probe.get("grpc") or probe.get("httpGet") or probe.get("tcpSocket")
                assert handler is None or handler["port"] in known, f"{name} {container['name']}"


@LAYOUTS
def test_selectors_select_and_nothing_else_is_selected(server: str) -> None:
    documents = m.layout(server)
    labels = {name: (pod["metadata"]["labels"], document["metadata"].get("namespace")) for name, document, pod in m.pods(documents)}

    def selected(selector: dict[str, str], namespace: str) -> set[str]:
        return {name for name, (have, where) in labels.items() if where == namespace and selector.items() <= have.items()}

    for document in m.of_kind(documents, "Deployment", "StatefulSet"):
        selector = document["spec"]["selector"]["matchLabels"]
        assert selected(selector, document["metadata"]["namespace"]) == {m.name_of(document)}
    for document in m.of_kind(documents, "Service"):
        assert len(selected(document["spec"]["selector"], document["metadata"]["namespace"])) == 1, m.name_of(document)


@LAYOUTS
def test_a_service_leads_to_a_port_that_its_pods_have(server: str) -> None:
    documents = m.layout(server)
    for service in m.of_kind(documents, "Service"):
        for _, document, pod in m.pods(documents):
            same_namespace = document["metadata"]["namespace"] == service["metadata"]["namespace"]
            if same_namespace and service["spec"]["selector"].items() <= pod["metadata"]["labels"].items():
                ports = {port["containerPort"] for container in pod["spec"]["containers"] for port in container["ports"]}
                for port in service["spec"]["ports"]:
                    assert port.get("targetPort", port["port"]) in ports, m.name_of(service)


@LAYOUTS
def test_a_drain_takes_one_pod_of_each_kind_at_a_time_and_they_are_spread(server: str) -> None:
    documents = m.layout(server)
    budgets = {json.dumps(budget["spec"]["selector"]): budget["spec"] for budget in m.of_kind(documents, "PodDisruptionBudget")}
    for document in m.of_kind(documents, "Deployment", "StatefulSet"):
        budget = budgets.pop(json.dumps(document["spec"]["selector"]))
        assert budget["maxUnavailable"] == 1
        spreads = document["spec"]["template"]["spec"].get("topologySpreadConstraints", [])
        assert document["kind"] == "StatefulSet" or any(s["topologyKey"] == "kubernetes.io/hostname" for s in spreads), m.name_of(document)
        for spread in spreads:
            assert spread["labelSelector"] == document["spec"]["selector"], m.name_of(document)
    assert budgets == {}, "a budget for pods that nothing makes"


@LAYOUTS
def test_config_maps_secrets_and_claims_that_are_used_exist(server: str) -> None:
    documents = m.layout(server)
    there = {m.name_of(document) for document in documents}
    for name, document, pod in m.pods(documents):
        namespace = document["metadata"]["namespace"]
        text = json.dumps(pod)
        wanted = {f"Secret/{namespace}/{found}" for found in re.findall(r'"secretKeyRef": \{"name": "([^"]+)"', text)}
        wanted |= {f"Secret/{namespace}/{found}" for found in re.findall(r'"secretName": "([^"]+)"', text)}
        wanted |= {f"ConfigMap/{namespace}/{found}" for found in re.findall(r'"configMap(?:Ref)?": \{"name": "([^"]+)"', text)}
        wanted |= {f"PersistentVolumeClaim/{namespace}/{found}" for found in re.findall(r'"claimName": "([^"]+)"', text)}
        assert wanted <= there, name
        volumes = {volume["name"] for volume in pod["spec"].get("volumes", [])}
        volumes |= {claim["metadata"]["name"] for claim in document["spec"].get("volumeClaimTemplates", [])}
        mounted = {mount["name"] for container in m.containers(pod) for mount in container.get("volumeMounts", [])}
        assert mounted == volumes, name


def test_both_layouts_differ_in_their_deployments_alone() -> None:
    def shared(server: str) -> list[m.Object]:
        return [d for d in m.read(m.MANIFESTS / server) if d["kind"] not in ("Deployment", "PodDisruptionBudget")]

    assert shared(m.SIMPLE) == shared(m.PRODUCTION)
    # The same selector, so that applying one turns the other into it in place.
    frontends = [find(m.layout(server), "Deployment/temporal/temporal-frontend") for server in (m.SIMPLE, m.PRODUCTION)]
    assert frontends[0]["spec"]["selector"] == frontends[1]["spec"]["selector"]


@LAYOUTS
def test_clients_reach_frontend_pods_by_the_same_names(server: str) -> None:
    documents = m.layout(server)
    frontend = find(documents, "Deployment/temporal/temporal-frontend")
    for name in ("temporal-frontend", "temporal-frontend-lb"):
        service = find(documents, f"Service/temporal/{name}")
        assert service["spec"]["selector"].items() <= frontend["spec"]["template"]["metadata"]["labels"].items()
        assert 7233 in [port["port"] for port in service["spec"]["ports"]]
    assert find(documents, "ConfigMap/temporal/temporal-server")["data"]["BIND_ON_IP"] == "0.0.0.0"
    for name, document, pod in m.pods(documents):
        is_server = pod["metadata"]["labels"]["app"] == "temporal-server"
        assert is_server == (document["kind"] == "Deployment" and name.startswith("Deployment/temporal/temporal-") and "web" not in name)
        if is_server:
            broadcast = m.environment(pod["spec"]["containers"][0])["TEMPORAL_BROADCAST_ADDRESS"]
            assert broadcast == {"fieldRef": {"fieldPath": "status.podIP"}}, name


def test_the_production_layout_runs_each_service_in_its_own_deployment() -> None:
    services = {}
    for document in m.of_kind(m.read(m.MANIFESTS / m.PRODUCTION), "Deployment"):
        container = document["spec"]["template"]["spec"]["containers"][0]
        services[document["metadata"]["name"]] = m.environment(container)["TEMPORAL_SERVICES"]
    assert services == {f"temporal-{service}": service for service in ("frontend", "history", "matching", "worker")}
    kustomized = m.read(m.MANIFESTS / "production" / "server.yaml")
    assert kustomized == [d for d in m.read(m.MANIFESTS / m.PRODUCTION) if d["kind"] in ("Deployment", "PodDisruptionBudget")]


def test_the_dynamic_configuration_tells_drainage_soon() -> None:
    config = yaml.safe_load(find(m.layout(m.SIMPLE), "ConfigMap/temporal/temporal-dynamic-config")["data"]["dynamic.yaml"])
    assert config["matching.wv.VersionDrainageStatusVisibilityGracePeriod"] == [{"value": "5s"}]
    assert config["matching.wv.VersionDrainageStatusRefreshInterval"] == [{"value": "5s"}]
    assert config["frontend.enableCancelWorkerPollsOnShutdown"] == [{"value": True}]


def test_each_worker_deployment_is_what_the_demonstration_calls_it() -> None:
    for deployment in worker_deployments():
        app, version, replicas, versioned = WORKERS[deployment["metadata"]["name"]]
        assert deployment["spec"]["replicas"] == replicas
        template = deployment["spec"]["template"]
        assert template["metadata"]["labels"].items() >= {"app": app, "version": version, "chaos.lifecycle.dev/enabled": "true"}.items()
        (container,) = template["spec"]["containers"]
        assert container["image"] == f"lifecycle-worker:{version}"
        assert container["command"] == ["lifecycle", "worker", "--supervise"]
        settings = m.environment(container)
        assert settings.get("TEMPORAL_DEPLOYMENT_NAME") == ("lifecycle" if versioned else None)
        assert not {"TEMPORAL_WORKER_BUILD_ID", "LIFECYCLE_WORKER_VERSION"} & set(settings), "the image says its version"
        assert settings["POD_NAME"] == {"fieldRef": {"fieldPath": "metadata.name"}}
        assert settings["NODE_NAME"] == {"fieldRef": {"fieldPath": "spec.nodeName"}}


def test_workers_are_given_the_time_that_they_take_to_end() -> None:
    for deployment in worker_deployments():
        spec = deployment["spec"]["template"]["spec"]
        graceful = m.seconds(m.environment(spec["containers"][0])["LIFECYCLE_GRACEFUL_SHUTDOWN_TIMEOUT"])
        assert spec["terminationGracePeriodSeconds"] == graceful + 15


def test_workers_are_probed_and_scraped_where_they_listen() -> None:
    for deployment in worker_deployments():
        template = deployment["spec"]["template"]
        (container,) = template["spec"]["containers"]
        settings = m.environment(container)
        # What kills a container must not ask for the server: its outage would restart every worker.
        for probe, service in {"startupProbe": "live", "readinessProbe": "ready", "livenessProbe": "live"}.items():
            assert container[probe]["grpc"]["service"] == service
            assert settings["LIFECYCLE_HEALTH_ADDRESS"] == f"0.0.0.0:{container[probe]['grpc']['port']}"
        assert settings["LIFECYCLE_METRICS_ADDRESS"] == f"0.0.0.0:{template['metadata']['annotations']['prometheus.io/port']}"


def test_both_scripts_that_deploy_name_every_manifest_and_wait_for_the_same() -> None:
    files = {path.stem for path in (m.ROOT / "k8s").glob("0*.yaml")}
    for script in ("ci/build", "ci/build.ps1"):
        text = (m.ROOT / script).read_text()
        assert set(re.findall(r"\b0\d-[a-z0-9-]+", text)) == files, script
    for waited in re.findall(r"(?:deployment|statefulset|job|pod)/[a-z0-9-]+", (m.ROOT / "ci/build").read_text()):
        assert waited in (m.ROOT / "ci/build.ps1").read_text()


def test_rights_come_in_tiers_without_secrets_wildcards_or_new_pods() -> None:
    documents = m.layout(m.SIMPLE)
    assert m.of_kind(documents, "ClusterRole", "ClusterRoleBinding") == []
    roles = {m.name_of(role) for role in m.of_kind(documents, "Role")}
    for binding in m.of_kind(documents, "RoleBinding"):
        assert f"Role/{binding['metadata']['namespace']}/{binding['roleRef']['name']}" in roles
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "lifecycle-client", "namespace": "workers"}]
    for role in m.of_kind(documents, "Role"):
        for rule in role["rules"]:
            assert "*" not in rule["apiGroups"] + rule["resources"] + rule["verbs"]
            assert "secrets" not in rule["resources"]
            assert not ("pods" in rule["resources"] and {"create", "update", "patch"} & set(rule["verbs"]))
    for rule in find(documents, "Role/workers/lifecycle-scale")["rules"]:
        if rule["apiGroups"] == ["apps"]:
            assert set(rule["resourceNames"]) == set(WORKERS)


def test_everything_is_in_one_kustomization() -> None:
    listed = yaml.safe_load((m.MANIFESTS / "kustomization.yaml").read_text())["resources"]
    assert listed == [name for name in m.files() if name != m.PRODUCTION]


@pytest.mark.parametrize("folder", [".", "production", "monitoring"])
def test_kubectl_builds_what_the_files_say(folder: str) -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed: the kustomizations are not built")
    built = subprocess.run([kubectl, "kustomize", m.MANIFESTS / folder], capture_output=True, text=True, check=True).stdout
    names = sorted(m.name_of(document) for document in yaml.safe_load_all(built))
    if folder == ".":
        assert names == sorted(m.name_of(document) for document in m.layout(m.SIMPLE))
    assert names
