"""Records the history of OrderWorkflow in this folder again: a run of a workflow that has one of everything, written by the Python SDK.

    build/venv/bin/python tests/histories/record_order.py

See README.md.
"""

import json
import pathlib
import shutil
import sys
import tempfile
from typing import Any

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "integration"))

from temporalio.client import Client, WorkflowHistory

from harness.order_workflow import OrderWorkflow, while_orders_are_served
from harness.server import TemporalServer
from harness.temporal_api import TemporalApi, unique


async def first_run(client: Client, queue: str) -> WorkflowHistory:
    handle = await client.start_workflow(OrderWorkflow.run, args=["order-7", True], id="order-7", task_queue=queue)
    await handle.signal(OrderWorkflow.approve)
    await handle.execute_update(OrderWorkflow.change_address, "Main Street 1")
    await handle.result()
    return await client.get_workflow_handle("order-7", run_id=handle.first_execution_run_id).fetch_history()


def without_stack_traces(value: Any) -> Any:
    """They name folders of the machine that recorded them."""
    if isinstance(value, dict):
        return {key: without_stack_traces(item) for key, item in value.items() if key != "stackTrace"}
    return [without_stack_traces(item) for item in value] if isinstance(value, list) else value


def main() -> None:
    directory = pathlib.Path(tempfile.mkdtemp(prefix="histories-"))
    server = TemporalServer(directory).start()
    api = TemporalApi(server.address)
    try:
        queue = unique("orders")
        history = api.run(while_orders_are_served(api.client, queue, "1234@host/v1.0.0#000004d2", first_run(api.client, queue)))
        (FOLDER / "python_order.json").write_text(json.dumps(without_stack_traces(json.loads(history.to_json())), indent=1) + "\n")
        print(f"python_order: {len(history.events)} events", flush=True)
    finally:
        api.close()
        server.kill()
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
