"""The workflow contract in Python: the workflow and the activity, with the names and JSON shapes that every worker of it shares."""

import asyncio
from datetime import timedelta
from typing import Any, Mapping

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

HEARTBEAT_INTERVAL_MS = 500
HEARTBEAT_TIMEOUT = timedelta(seconds=5)
START_TO_CLOSE_MARGIN = timedelta(seconds=30)

DEFAULT_INPUT = {"steps": 10, "step_duration_ms": 30_000, "fail_step": None, "fail_attempts": 0}
DEFAULT_RETRY = {"initial_interval_ms": 1000, "backoff_coefficient": 2.0, "maximum_interval_ms": 10_000, "maximum_attempts": 0}


def with_defaults(given: Mapping[str, Any] | None, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults, overridden by what is given; a field that is null keeps its default."""
    return {**defaults, **{name: value for name, value in (given or {}).items() if value is not None}}


def retry_policy(retry: Mapping[str, Any]) -> RetryPolicy:
    return RetryPolicy(
        initial_interval=timedelta(milliseconds=retry["initial_interval_ms"]),
        backoff_coefficient=retry["backoff_coefficient"],
        maximum_interval=timedelta(milliseconds=retry["maximum_interval_ms"]),
        maximum_attempts=retry["maximum_attempts"],
    )


def result_of(steps: list[dict]) -> dict:
    """Sums up the steps that ran: one version per step, and each worker once, in the order of its first step."""
    versions = [step["worker_version"] for step in steps]
    return {
        "worker_versions_used": versions,
        "version_changes_detected": any(before != after for before, after in zip(versions, versions[1:])),
        "rollout_detected": len(set(versions)) > 1,
        "steps_completed": len(steps),
        "workers_used": list(dict.fromkeys(step["worker"] for step in steps)),
        "retries": sum(step["attempt"] - 1 for step in steps),
    }


@workflow.defn(name="LifecycleWorkflow")
class LifecycleWorkflow:
    @workflow.init
    def __init__(self, given: dict | None = None) -> None:
        self.input = with_defaults(given, DEFAULT_INPUT)
        self.retry_policy = retry_policy(with_defaults(self.input.get("retry"), DEFAULT_RETRY))
        self.done: list[dict] = []
        self.paused = False

    @workflow.run
    async def run(self, given: dict | None = None) -> dict:
        for step in range(self.input["steps"]):
            # A condition, no timer: waiting leaves no trace in history, so that any worker may take over.
            await workflow.wait_condition(lambda: not self.paused)
            self.done.append(await self.run_step(step))
        return result_of(self.done)

    async def run_step(self, step: int) -> dict:
        duration_ms = self.input["step_duration_ms"]
        arguments = {"step": step, "duration_ms": duration_ms}
        if step == self.input["fail_step"] and self.input["fail_attempts"] > 0:
            arguments["fail_attempts"] = self.input["fail_attempts"]
        return await workflow.execute_activity(
            "ProcessStep",
            arguments,
            start_to_close_timeout=timedelta(milliseconds=duration_ms) + START_TO_CLOSE_MARGIN,
            heartbeat_timeout=HEARTBEAT_TIMEOUT,
            retry_policy=self.retry_policy,
            activity_id=self.next_activity_id(),
        )

    def next_activity_id(self) -> str | None:
        """The id of the event that will schedule the activity, as the Go SDK numbers them.

        Core numbers activities from 1 and refuses other ids in what a worker of another SDK scheduled last, the Go SDK refuses other ids
        always: a workflow moves freely between SDKs only if all give the same ids. A step is the first command of its workflow task: after
        the event that started the task come its completion and then the step.
        """
        return str(workflow.info().get_current_history_length() + 2)

    @workflow.query
    def progress(self) -> dict:
        completed = len(self.done)
        return {"steps_completed": completed, "steps_total": self.input["steps"], "current_step": completed}

    @workflow.signal
    def pause(self) -> None:
        self.paused = True

    @workflow.signal
    def resume(self) -> None:
        self.paused = False

    @workflow.update
    def set_step_duration(self, wanted: dict) -> dict:
        self.input["step_duration_ms"] = wanted["step_duration_ms"]
        return wanted

    @set_step_duration.validator
    def check_step_duration(self, wanted: dict) -> None:
        if wanted["step_duration_ms"] < 0:
            raise ValueError(f"step_duration_ms is {wanted['step_duration_ms']}: it must not be negative")


@workflow.defn(name="LifecycleWorkflow")
class SdkNumberedWorkflow(LifecycleWorkflow):
    """The same with the activity ids that the SDK gives by itself, as a worker has it whose author never thought of other SDKs."""

    @workflow.init
    def __init__(self, given: dict | None = None) -> None:
        super().__init__(given)

    @workflow.run
    async def run(self, given: dict | None = None) -> dict:
        return await super().run(given)

    def next_activity_id(self) -> str | None:
        return None


class StepRunner:
    """The activity, and what it reports about the process that runs it."""

    def __init__(self, worker_version: str, identity: str) -> None:
        self.worker_version = worker_version
        self.identity = identity

    @activity.defn(name="ProcessStep")
    async def process_step(self, arguments: dict) -> dict:
        """Works for the step's duration, less what an earlier attempt reported as done."""
        info = activity.info()
        fail_attempts = arguments.get("fail_attempts", 0)
        if info.attempt <= fail_attempts:
            raise ApplicationError(
                f"simulated failure of step {arguments['step']}, attempt {info.attempt} of {fail_attempts}", type="SimulatedFailure"
            )
        elapsed_ms = info.heartbeat_details[0]["elapsed_ms"] if info.heartbeat_details else 0
        while elapsed_ms < arguments["duration_ms"]:
            slice_ms = min(HEARTBEAT_INTERVAL_MS, arguments["duration_ms"] - elapsed_ms)
            await asyncio.sleep(slice_ms / 1000)
            elapsed_ms += slice_ms
            activity.heartbeat({"elapsed_ms": elapsed_ms})
        return {"step": arguments["step"], "worker_version": self.worker_version, "worker": self.identity, "attempt": info.attempt}
