"""The manifests as objects, and the few questions about them that more than one test asks."""

import pathlib
import re
from typing import Any, Iterator

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
MANIFESTS = ROOT / "k8s"
SIMPLE, PRODUCTION = "02-temporal-server-simple.yaml", "02-temporal-server.yaml"

Object = dict[str, Any]


def read(path: pathlib.Path) -> list[Object]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def files() -> list[str]:
    return sorted(path.name for path in MANIFESTS.glob("0*.yaml"))


def layout(server: str) -> list[Object]:
    """All objects, with one of the two layouts of the server."""
    other = PRODUCTION if server == SIMPLE else SIMPLE
    return [document for name in files() if name != other for document in read(MANIFESTS / name)]


def every_object() -> list[Object]:
    return [document for path in sorted(MANIFESTS.rglob("*.yaml")) for document in read(path) if "metadata" in document]


def name_of(document: Object) -> str:
    metadata = document["metadata"]
    return f"{document['kind']}/{metadata.get('namespace', '')}/{metadata['name']}"


def of_kind(documents: list[Object], *kinds: str) -> list[Object]:
    return [document for document in documents if document["kind"] in kinds]


def pod_of(document: Object) -> Object | None:
    """The pod, or the template of pods, that an object describes."""
    if document["kind"] == "Pod":
        return document
    return document.get("spec", {}).get("template") if document["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "Job") else None


def pods(documents: list[Object]) -> Iterator[tuple[str, Object, Object]]:
    """Name, object and pod of everything that runs."""
    for document in documents:
        pod = pod_of(document)
        if pod is not None:
            yield name_of(document), document, pod


def containers(pod: Object) -> list[Object]:
    return pod["spec"].get("initContainers", []) + pod["spec"]["containers"]


def environment(container: Object) -> dict[str, Any]:
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container.get("env", [])}


def quantity(text: str) -> float:
    """CPUs, or bytes."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(m|Ki|Mi|Gi)?", text)
    assert match, f"{text} is not a quantity"
    return float(match[1]) * {None: 1, "m": 0.001, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}[match[2]]


def seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+)(s|m)", text)
    assert match, f"{text} is not a duration"
    return float(match[1]) * {"s": 1, "m": 60}[match[2]]


def requests(documents: list[Object], resource: str) -> float:
    """What all long-running pods ask for together; the scheduler counts a pod's largest init container where that is more."""
    total = 0.0
    for _, document, pod in pods(documents):
        if document["kind"] == "Job":
            continue
        running = sum(quantity(container["resources"]["requests"][resource]) for container in pod["spec"]["containers"])
        starting = max((quantity(container["resources"]["requests"][resource]) for container in pod["spec"].get("initContainers", [])), default=0)
        total += document["spec"].get("replicas", 1) * max(running, starting)
    return total
