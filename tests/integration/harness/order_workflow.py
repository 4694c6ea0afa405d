"""A workflow with one of everything, on the Python SDK: for what must understand any workflow."""

import asyncio
from datetime import timedelta
from typing import Awaitable, TypeVar

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

Answer = TypeVar("Answer")

TIMEOUT = timedelta(seconds=10)


@activity.defn
async def reserve(order: str) -> str:
    return f"{order} reserved"


@activity.defn
async def charge(order: str) -> str:
    if activity.info().attempt == 1:
        raise ApplicationError("card refused", type="CardRefused")
    return f"{order} charged"


@activity.defn
async def validate(order: str) -> bool:
    return bool(order)


@workflow.defn
class ShipWorkflow:
    @workflow.run
    async def run(self, order: str) -> str:
        return f"{order} shipped"


@workflow.defn
class OrderWorkflow:
    """Local activity, two activities side by side of which one is retried, signal, update, timer, child, and a second run that ends it."""

    def __init__(self) -> None:
        self._approved = False
        self._address = ""

    @workflow.signal
    def approve(self) -> None:
        self._approved = True

    @workflow.update
    async def change_address(self, address: str) -> str:
        self._address = address
        return address

    @workflow.run
    async def run(self, order: str, again: bool) -> str:
        if not again:
            return f"{order} done"
        await workflow.execute_local_activity(validate, order, start_to_close_timeout=TIMEOUT)
        retry = RetryPolicy(initial_interval=timedelta(milliseconds=200))
        await asyncio.gather(
            workflow.execute_activity(reserve, order, start_to_close_timeout=TIMEOUT),
            workflow.execute_activity(charge, order, start_to_close_timeout=TIMEOUT, retry_policy=retry),
        )
        await workflow.wait_condition(lambda: self._approved and bool(self._address))
        await workflow.sleep(timedelta(milliseconds=500), summary="cooling-off")
        await workflow.execute_child_workflow(ShipWorkflow.run, order, id=f"{workflow.info().workflow_id}-ship")
        workflow.continue_as_new(args=[order, False])


async def while_orders_are_served(client: Client, queue: str, identity: str, work: Awaitable[Answer]) -> Answer:
    """Serves the queue until `work` is done, and returns what it returned."""
    worker = Worker(
        client, task_queue=queue, workflows=[OrderWorkflow, ShipWorkflow], activities=[reserve, charge, validate], identity=identity
    )
    async with worker:
        return await work
