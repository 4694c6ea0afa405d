"""A cluster as its operator sees it: through kubectl, and through the client pod inside of it."""

import json
import os
import pathlib
import shutil
import subprocess
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOCAL_KUBECONFIG = ROOT / "build" / "cluster" / "admin.kubeconfig"
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

    def get(self, *arguments: str) -> Object:
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def pods(self, namespace: str, selector: str = "") -> list[Object]:
        return self.get("-n", namespace, "pods", *(["-l", selector] if selector else []))["items"]

    def lifecycle(self, *arguments: str, timeout_seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """The binary in the client pod."""
        return self.run("-n", "workers", "exec", "lifecycle-client", "--", "lifecycle", *arguments, timeout_seconds=timeout_seconds)

    def completed(self, *arguments: str) -> Object:
        """What a workflow that is started with these arguments comes to."""
        done = self.lifecycle(*arguments, "-o", "json")
        assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)

    def wait_ready(self, namespace: str, *names: str) -> None:
        for name in names:
            self.kubectl("-n", namespace, "rollout", "status", name, "--timeout=120s")

    def may(self, account: str, verb: str, resource: str, namespace: str) -> bool:
        answer = self.run("auth", "can-i", verb, resource, "-n", namespace, f"--as=system:serviceaccount:workers:{account}")
        return answer.stdout.strip() == "yes"
