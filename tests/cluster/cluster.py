"""A cluster as its operator sees it: through kubectl, and through the client pod inside of it."""

import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
from typing import Any, Iterator

from harness.server import free_port
from harness.waiting import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOCAL_KUBECONFIG = ROOT / "build" / "cluster" / "admin.kubeconfig"
LATE_SECONDS = 10.0  # so much later than theory allows things may be seen on a busy machine
NAMESPACES = ("temporal", "workers", "infra")
WORKERS = ("lifecycle-workers-v1", "lifecycle-workers-v2", "lifecycle-versioned-v1", "lifecycle-versioned-v2")

Object = dict[str, Any]


def kubectl_environment() -> dict[str, str]:
    environment = dict(os.environ)
    if "KUBECONFIG" not in environment and LOCAL_KUBECONFIG.exists():
        environment["KUBECONFIG"] = str(LOCAL_KUBECONFIG)
    programs = ROOT / "build" / "kubernetes"
    environment["PATH"] += os.pathsep + str(programs)
    return environment


def why_there_is_none() -> str | None:
    environment = kubectl_environment()
    if shutil.which("kubectl", path=environment["PATH"]) is None:
        return "kubectl is not installed: make cluster-up"
    asked = subprocess.run(
        ["kubectl", "-n", "workers", "get", "pod", "lifecycle-client", "--request-timeout=10s"], env=environment, capture_output=True, text=True
    )
    return None if asked.returncode == 0 else f"the demonstration is in no cluster that kubectl reaches: {asked.stderr.strip()}"


def is_whole(item: Object) -> bool:
    """Of a Deployment, a StatefulSet or a pod: it is what it is meant to be, and nobody is still at it."""
    if item["kind"] == "Pod":
        return "deletionTimestamp" not in item["metadata"]
    wanted, status = item["spec"]["replicas"], item["status"]
    counts = [status.get(count, 0) for count in ("replicas", "readyReplicas", "updatedReplicas")]
    return status.get("observedGeneration") == item["metadata"]["generation"] and counts == [wanted] * 3


class Cluster:
    def __init__(self) -> None:
        self._environment = kubectl_environment()

    def run(self, *arguments: str, timeout_seconds: float = 180, input_text: str | None = None) -> subprocess.CompletedProcess[str]:
        """kubectl, whatever comes of it."""
        return subprocess.run(
            ["kubectl", *arguments], env=self._environment, capture_output=True, text=True, timeout=timeout_seconds, input=input_text
        )

    def kubectl(self, *arguments: str, timeout_seconds: float = 180) -> str:
        done = self.run(*arguments, timeout_seconds=timeout_seconds)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def kubectl_in_background(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """For the caller to end."""
        return subprocess.Popen(["kubectl", *arguments], env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def get(self, *arguments: str) -> Object:
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def apply(self, namespace: str, document: Object) -> None:
        done = self.run("-n", namespace, "apply", "-f", "-", input_text=json.dumps(document))
        assert done.returncode == 0, done.stderr

    def pods(self, namespace: str, selector: str = "") -> list[Object]:
        """Those that stay: a pod that is being deleted is no longer counted."""
        pods = self.get("-n", namespace, "pods", *(["-l", selector] if selector else []))["items"]
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    def settle(self) -> None:
        """Waits until every pod of the demonstration's Deployments and StatefulSets is Ready, and none is being deleted."""

        def is_settled() -> bool:
            there = self.get("deployments,statefulsets,pods", "--all-namespaces")["items"]
            return all(is_whole(each) for each in there if each["metadata"]["namespace"] in NAMESPACES)

        wait_until(is_settled, "every pod that is wanted is Ready", 180, lambda: self.run("get", "pods", "--all-namespaces", "-o", "wide").stdout)

    def replace_what_waits_to_be_started_again(self) -> None:
        """Kubernetes lets a container that ended often wait for minutes; a new pod begins at once."""
        for pod in self.pods("workers", "chaos.lifecycle.dev/enabled=true"):
            waiting = [status["state"].get("waiting", {}) for status in pod["status"].get("containerStatuses", [])]
            if any(state.get("reason") == "CrashLoopBackOff" for state in waiting):
                self.kubectl("-n", "workers", "delete", "pod", pod["metadata"]["name"], "--wait=false")

    def lifecycle(self, *arguments: str, timeout_seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """The binary in the client pod."""
        return self.run("-n", "workers", "exec", "lifecycle-client", "--", "lifecycle", *arguments, timeout_seconds=timeout_seconds)

    def completed(self, *arguments: str) -> Object:
        """What the workflow comes to that the command starts, or waits for."""
        done = self.lifecycle(*arguments, "-o", "json")
        assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)

    @contextlib.contextmanager
    def worker_pod(self, name: str, variables: dict[str, str], memory_limit: str | None = None) -> Iterator[str]:
        """A pod of its own like those of lifecycle-workers-v1, but for these variables of its environment and this limit of its memory, for as long
        as it is needed."""
        spec = self.get("-n", "workers", "deployment", "lifecycle-workers-v1")["spec"]["template"]["spec"]
        spec.pop("topologySpreadConstraints", None)
        (container,) = spec["containers"]
        container["env"] = [entry for entry in container["env"] if entry["name"] not in variables]
        container["env"] += [{"name": variable, "value": value} for variable, value in variables.items()]
        if memory_limit is not None:
            container["resources"]["requests"]["memory"] = container["resources"]["limits"]["memory"] = memory_limit
        self.apply("workers", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": spec})
        try:
            yield name
        finally:
            self.kubectl("-n", "workers", "delete", "pod", name, "--grace-period=1")

    def this_machine(self) -> str | None:
        """The address at which pods of the local cluster reach this machine; another cluster's is not known."""
        node = self.get("nodes")["items"][0]["status"]["addresses"][0]["address"]
        return "198.18.0.1" if node == "198.18.0.2" else None

    def wait_ready(self, namespace: str, *names: str) -> None:
        for name in names:
            self.kubectl("-n", namespace, "rollout", "status", name, "--timeout=120s")

    @contextlib.contextmanager
    def forwarded(self, namespace: str, service: str, port: int) -> Iterator[str]:
        """The address on this machine that leads to the service, for as long as the pod behind it lives."""
        address = ("127.0.0.1", free_port())

        def listens() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(address) == 0

        command = ["kubectl", "-n", namespace, "port-forward", f"svc/{service}", f"{address[1]}:{port}"]
        forward = subprocess.Popen(command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(listens, f"kubectl port-forward to {service}")
            yield f"{address[0]}:{address[1]}"
        finally:
            forward.kill()
            forward.wait()

    def may(self, account: str, verb: str, resource: str, namespace: str) -> bool:
        """`resource` is "pods", "deployments/name" or, for a subresource, "pods:exec"."""
        resource, _, subresource = resource.partition(":")
        who = f"--as=system:serviceaccount:workers:{account}"
        answer = self.run("auth", "can-i", verb, resource, f"--subresource={subresource}", "-n", namespace, who)
        return answer.stdout.strip() == "yes"
