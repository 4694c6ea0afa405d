"""PatchWorkflow as the official Python SDK has it: the same stages as tests/support/patch_workflows.cc, for runs that move between the two."""

from datetime import timedelta
from typing import Awaitable, TypeVar

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

PATCH_ID = "thank-first"
WORKFLOW = "PatchWorkflow"
STAGES = ("original", "patched", "deprecated", "reordered")

Answer = TypeVar("Answer")


@activity.defn(name="Greet")
async def greet(name: str) -> str:
    return f"hello {name}"


@activity.defn(name="Thank")
async def thank(name: str) -> str:
    return f"thanks {name}"


class _Patch:
    """What the stages share. A workflow class must define its run method itself."""

    def __init__(self) -> None:
        self.may_proceed = False

    @workflow.signal
    def proceed(self) -> None:
        self.may_proceed = True

    async def say(self, *activities: str) -> str:
        first = await workflow.execute_activity(activities[0], "x", start_to_close_timeout=timedelta(seconds=10), result_type=str)
        await workflow.wait_condition(lambda: self.may_proceed)
        second = await workflow.execute_activity(activities[1], "x", start_to_close_timeout=timedelta(seconds=10), result_type=str)
        return f"{first}, {second}"


@workflow.defn(name=WORKFLOW)
class Original(_Patch):
    @workflow.run
    async def run(self) -> str:
        return await self.say("Greet", "Thank")


@workflow.defn(name=WORKFLOW)
class Patched(_Patch):
    @workflow.run
    async def run(self) -> str:
        if workflow.patched(PATCH_ID):
            return await self.say("Thank", "Greet")
        return await self.say("Greet", "Thank")


@workflow.defn(name=WORKFLOW)
class Deprecated(_Patch):
    @workflow.run
    async def run(self) -> str:
        workflow.deprecate_patch(PATCH_ID)
        return await self.say("Thank", "Greet")


@workflow.defn(name=WORKFLOW)
class Reordered(_Patch):
    @workflow.run
    async def run(self) -> str:
        return await self.say("Thank", "Greet")


WORKFLOWS: dict[str, type] = dict(zip(STAGES, (Original, Patched, Deprecated, Reordered)))


async def while_python_serves(client: Client, queue: str, stage: str, work: Awaitable[Answer]) -> Answer:
    """What `work` returns, with a Python worker of this stage on the queue for as long as it takes."""
    worker = Worker(
        client,
        task_queue=queue,
        workflows=[WORKFLOWS[stage]],
        activities=[greet, thank],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    async with worker:
        return await work
