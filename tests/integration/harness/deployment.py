"""The workers of one Worker Deployment, what our command line says about it, and where its workflows' tasks ran."""

import json
from typing import Callable

from temporalio.api.deployment.v1 import WorkerDeploymentVersion as ApiVersion
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import DescribeWorkerDeploymentVersionRequest
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from .programs import Finished
from .temporal_api import TemporalApi, completed_steps, unique
from .waiting import wait_until
from .workers import WorkerPool, WorkerProcess

RunLifecycle = Callable[..., Finished]

# Visibility, and the cache of which versions a queue has, are a moment behind.
SOON = 30


class Deployment:
    """Workers of one deployment of this test, on a queue of its own."""

    def __init__(self, workers: WorkerPool, run: RunLifecycle, api: TemporalApi) -> None:
        self.name = unique("deployment")
        self.queue = workers.task_queue
        self._workers = workers
        self._run = run
        self._api = api

    def worker(self, version: str, *flags: str) -> WorkerProcess:
        """A worker whose version, and the two queues that it serves, the server has noted."""
        worker = self._workers.lifecycle(version, "--deployment-name", self.name, *flags)
        wait_until(lambda: self._queues_of(version) == 2, f"the queues of {version}", SOON, worker.log)
        return worker

    def _queues_of(self, version: str) -> int:
        request = DescribeWorkerDeploymentVersionRequest(namespace=self._api.namespace)
        request.deployment_version.CopyFrom(ApiVersion(deployment_name=self.name, build_id=version))
        try:
            described = self._api.run(self._api.client.workflow_service.describe_worker_deployment_version(request))
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return 0
            raise
        return len(described.version_task_queues)

    def versioned(self, *arguments: str, **settings: float) -> Finished:
        return self._run("versioned", *arguments, *self.flags(), **settings)

    def rollout(self, *arguments: str) -> Finished:
        return self._run("rollout", *arguments, "--deployment-name", self.name)

    def status(self) -> dict:
        done = self.rollout("status", "-o", "json")
        assert done.exit_code == 0, done
        return json.loads(done.stdout)

    def status_of(self, version: str) -> dict:
        (row,) = [row for row in self.status()["versions"] if row["version"] == version]
        return row

    def flags(self) -> tuple[str, ...]:
        return ("--deployment-name", self.name, "-t", self.queue)


def versions_of_workflow_tasks(api: TemporalApi, handle: WorkflowHandle) -> list[str]:
    return [
        event.workflow_task_completed_event_attributes.deployment_version.build_id
        for event in api.events(handle)
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    ]


def versions_of_steps(api: TemporalApi, handle: WorkflowHandle) -> list[str]:
    return [step["worker_version"] for step in completed_steps(api.events(handle))]
