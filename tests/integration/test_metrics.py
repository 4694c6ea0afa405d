"""What a worker tells Prometheus after a real run, read by Prometheus' own parser and by the queries of Temporal's dashboards."""

import asyncio
import dataclasses
import datetime
import json
import pathlib
import re
import urllib.error
import urllib.request
from typing import Callable, Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families
from temporalio import workflow
from temporalio.client import WorkflowFailureError
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from harness.programs import Finished
from harness.server import TemporalServer
from harness.temporal_api import TemporalApi, unique
from harness.waiting import wait_until
from harness.workers import WorkerPool, WorkerProcess

# Metric name (without prefix; in Go's dialect counters end in _total and histograms in _seconds) -> type.
METRICS = {
    "worker_start": "counter",
    "num_pollers": "gauge",
    "worker_task_slots_available": "gauge",
    "worker_task_slots_used": "gauge",
    "sticky_cache_size": "gauge",
    "sticky_cache_hit": "counter",
    "sticky_cache_miss": "counter",
    "sticky_cache_total_forced_eviction": "counter",
    "workflow_completed": "counter",
    "workflow_failed": "counter",
    "workflow_canceled": "counter",
    "workflow_endtoend_latency": "histogram",
    "workflow_task_queue_poll_empty": "counter",
    "workflow_task_queue_poll_succeed": "counter",
    "workflow_task_schedule_to_start_latency": "histogram",
    "workflow_task_execution_latency": "histogram",
    "workflow_task_replay_latency": "histogram",
    "workflow_task_execution_failed": "counter",
    "activity_poll_no_task": "counter",
    "activity_schedule_to_start_latency": "histogram",
    "activity_execution_latency": "histogram",
    "activity_succeed_endtoend_latency": "histogram",
    "activity_execution_failed": "counter",
    "activity_execution_cancelled": "counter",
    "request": "counter",
    "request_failure": "counter",
    "request_latency": "histogram",
    "long_request": "counter",
    "long_request_failure": "counter",
    "long_request_latency": "histogram",
}
ONLY_IN = {"go": {"unregistered_activity_invocation": "counter"}, "core": {"activity_task_received": "counter"}}
# workflow_continue_as_new is in the table, too, but the demonstration's workflow never goes on as a new run; tests/worker counts it.

# What Temporal's published SDK dashboards ask for: the sample's name and the labels by which a panel selects, groups or names its series.
GO_DASHBOARD = {
    "temporal_request_total": "namespace operation task_queue",
    "temporal_request_failure_total": "namespace operation status_code",
    "temporal_request_latency_seconds_bucket": "namespace operation task_queue le",
    "temporal_long_request_failure_total": "namespace operation status_code",
    "temporal_long_request_latency_seconds_bucket": "namespace operation task_queue le",
    "temporal_workflow_completed_total": "namespace workflow_type",
    "temporal_workflow_failed_total": "namespace workflow_type",
    "temporal_workflow_endtoend_latency_seconds_bucket": "namespace workflow_type le",
    "temporal_workflow_task_queue_poll_succeed_total": "namespace task_queue",
    "temporal_workflow_task_queue_poll_empty_total": "namespace task_queue",
    "temporal_workflow_task_schedule_to_start_latency_seconds_bucket": "namespace task_queue le",
    "temporal_workflow_task_execution_failed_total": "namespace workflow_type",
    "temporal_workflow_task_execution_latency_seconds_bucket": "namespace workflow_type le",
    "temporal_workflow_task_replay_latency_seconds_bucket": "namespace workflow_type le",
    "temporal_activity_schedule_to_start_latency_seconds_count": "namespace task_queue",
    "temporal_activity_schedule_to_start_latency_seconds_bucket": "namespace task_queue le",
    "temporal_activity_execution_failed_total": "namespace activity_type",
    "temporal_activity_execution_cancelled_total": "namespace activity_type",
    "temporal_activity_execution_latency_seconds_bucket": "namespace activity_type le",
    "temporal_activity_succeed_endtoend_latency_seconds_bucket": "namespace activity_type le",
    "temporal_activity_poll_no_task_total": "namespace task_queue",
    "temporal_worker_task_slots_available": "namespace worker_type task_queue",
    "temporal_worker_task_slots_used": "namespace worker_type task_queue",
    "temporal_sticky_cache_size": "namespace",
    "temporal_sticky_cache_hit_total": "namespace",
    "temporal_sticky_cache_miss_total": "namespace",
    "temporal_sticky_cache_total_forced_eviction_total": "namespace workflow_type",
}
CORE_DASHBOARD = {
    "temporal_request": "namespace operation",
    "temporal_request_failure": "namespace operation status_code",
    "temporal_request_latency_bucket": "namespace operation le",
    "temporal_long_request_failure": "namespace operation status_code",
    "temporal_long_request_latency_bucket": "namespace operation le",
    "temporal_workflow_completed": "namespace workflow_type",
    "temporal_workflow_failed": "namespace workflow_type",
    "temporal_workflow_endtoend_latency_bucket": "namespace workflow_type le",
    "temporal_workflow_task_queue_poll_succeed": "namespace task_queue",
    "temporal_workflow_task_queue_poll_empty": "namespace task_queue",
    "temporal_workflow_task_schedule_to_start_latency_bucket": "namespace task_queue le",
    "temporal_workflow_task_execution_failed": "namespace workflow_type",
    "temporal_workflow_task_execution_latency_bucket": "namespace workflow_type le",
    "temporal_workflow_task_replay_latency_bucket": "namespace workflow_type le",
    "temporal_activity_poll_no_task": "namespace task_queue",
    "temporal_activity_schedule_to_start_latency_bucket": "namespace task_queue le",
    "temporal_activity_execution_failed": "namespace activity_type",
    "temporal_activity_execution_latency_bucket": "namespace activity_type le",
    "temporal_worker_task_slots_available": "namespace worker_type task_queue",
    "temporal_worker_task_slots_used": "namespace worker_type task_queue",
    "temporal_sticky_cache_size": "namespace",
    "temporal_sticky_cache_hit": "namespace",
    "temporal_sticky_cache_miss": "namespace",
    "temporal_sticky_cache_total_forced_eviction": "namespace",
}
DASHBOARDS = {"go": GO_DASHBOARD, "core": CORE_DASHBOARD}
# The Go dashboard's panels on local activities stay empty: this library has none.


def exposed(name: str, kind: str, dialect: str) -> str:
    suffix = {"counter": "_total", "histogram": "_seconds", "gauge": ""}[kind] if dialect == "go" else ""
    return f"temporal_{name}{suffix}"


@dataclasses.dataclass
class Scrape:
    """One answer of a worker to Prometheus."""

    text: str

    def __post_init__(self) -> None:
        # The official parser refuses what Prometheus would refuse. It renames counters, so that names are read from the text itself.
        self.families = list(text_string_to_metric_families(self.text))
        self.types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", self.text, re.MULTILINE))
        self.samples = re.findall(r"^([a-z_]+)(?:\{(.*)\})? (\S+)$", self.text, re.MULTILINE)

    def labels(self, sample: str) -> list[dict[str, str]]:
        return [dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels)) for name, labels, _ in self.samples if name == sample]

    def total(self, sample: str, **wanted: str) -> float:
        return sum(
            float(value)
            for name, labels, value in self.samples
            if name == sample and all(f'{label}="{each}"' in labels for label, each in wanted.items())
        )


def metrics_url(worker: WorkerProcess) -> str:
    found = wait_until(lambda: re.search(r"metrics are served url=(\S+)", worker.log()), "the metrics' address in the log", context=worker.log)
    return found.group(1)


def scrape(url: str) -> Scrape:
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        return Scrape(answer.read().decode())


@workflow.defn
class AsksForAnUnknownActivity:
    @workflow.run
    async def run(self, task_queue: str) -> None:
        try:
            await workflow.execute_activity(
                "Unheard",
                task_queue=task_queue,
                start_to_close_timeout=datetime.timedelta(seconds=10),
                retry_policy=RetryPolicy(maximum_attempts=1),
            )
        except ActivityError:
            pass


@workflow.defn
class CancelsAStep:
    """Cancels a step that runs elsewhere, and waits until its worker has taken note: the demonstration's workflow does not wait."""

    @workflow.run
    async def run(self, task_queue: str) -> None:
        step = workflow.start_activity(
            "ProcessStep",
            {"step": 0, "duration_ms": 60_000},
            task_queue=task_queue,
            start_to_close_timeout=datetime.timedelta(seconds=90),
            heartbeat_timeout=datetime.timedelta(seconds=2),
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        )
        await asyncio.sleep(2)
        step.cancel()
        try:
            await step
        except ActivityError:
            pass


@pytest.fixture
def impatient_server(tmp_path: pathlib.Path) -> Iterator[TemporalServer]:
    """Answers an empty poll after two seconds instead of sixty. Of this test alone, because it does not outlive it."""
    running = TemporalServer(tmp_path, dynamic_config={"matching.longPollExpirationInterval": '"2s"'}).start()
    yield running
    running.kill()


def complete_and_fail(api: TemporalApi, queue: str) -> None:
    retry = {"initial_interval_ms": 100}
    for _ in range(2):
        api.result(api.start(queue, steps=2, step_duration_ms=0, fail_step=1, fail_attempts=1, retry=retry))
    failing = api.start(queue, steps=1, step_duration_ms=0, fail_step=0, fail_attempts=9, retry={**retry, "maximum_attempts": 1})
    with pytest.raises(WorkflowFailureError):
        api.result(failing)


def cancel_and_terminate(api: TemporalApi, queue: str) -> None:
    cancelled = api.start(queue, steps=1, step_duration_ms=60_000)
    api.wait_for_started_step(cancelled)
    api.run(cancelled.cancel())
    with pytest.raises(WorkflowFailureError):
        api.result(cancelled)
    terminated = api.start(queue, steps=1, step_duration_ms=60_000)
    api.wait_for_started_step(terminated)
    api.run(terminated.terminate())
    # For both, the next heartbeat of the step is NOT_FOUND.


def crowd_the_cache(api: TemporalApi, queue: str) -> None:
    """More workflows than the worker keeps in memory, each with several tasks."""
    for handle in [api.start(queue, steps=4, step_duration_ms=300) for _ in range(4)]:
        api.result(handle)


def ask_from_elsewhere(api: TemporalApi, queue: str) -> None:
    api.run(api.client.start_workflow("Unheard", id=unique("unheard"), task_queue=queue))

    async def run() -> None:
        other = unique("other")
        async with Worker(
            api.client,
            task_queue=other,
            workflows=[AsksForAnUnknownActivity, CancelsAStep],
            workflow_runner=UnsandboxedWorkflowRunner(),
        ):
            await api.client.execute_workflow(CancelsAStep.run, queue, id=unique("cancels"), task_queue=other)
            await api.client.execute_workflow(AsksForAnUnknownActivity.run, queue, id=unique("asks"), task_queue=other)

    api.run(run())


@pytest.mark.parametrize("dialect", ["go", "core"])
def test_every_metric_of_the_dialect_appears_after_a_real_run(
    impatient_server: TemporalServer, queue: str, tmp_path: pathlib.Path, dialect: str
) -> None:
    api = TemporalApi(impatient_server.address)
    pool = WorkerPool(impatient_server.address, queue, tmp_path, api)
    try:
        worker = pool.lifecycle(
            "v1.2.3", "--metrics-address", "127.0.0.1:0", "--metrics-dialect", dialect, "--max-cached-workflows", "2"
        )
        url = metrics_url(worker)
        complete_and_fail(api, queue)
        cancel_and_terminate(api, queue)
        crowd_the_cache(api, queue)
        ask_from_elsewhere(api, queue)
        wanted = {exposed(name, kind, dialect): kind for name, kind in {**METRICS, **ONLY_IN[dialect]}.items()}
        before_outage = {name for name in wanted if "long_request_failure" not in name}
        wait_until(lambda: before_outage <= scrape(url).types.keys(), "the metrics", 30, lambda: str(before_outage - scrape(url).types.keys()))
        used = exposed("worker_task_slots_used", "gauge", dialect)
        wait_until(lambda: scrape(url).total(used, worker_type="ActivityWorker") == 0, "the end of all steps", context=worker.log)
        impatient_server.kill()
        wait_until(lambda: wanted.keys() <= scrape(url).types.keys(), "failed polls", 30, lambda: scrape(url).text)

        seen = scrape(url)

        assert {name: kind for name, kind in seen.types.items() if name.startswith("temporal_")} == wanted
        assert seen.types["lifecycle_build_info"] == "gauge"
        (build,) = seen.labels("lifecycle_build_info")
        assert build["worker_build_id"] == "v1.2.3" and build["version"] and build["revision"]
        check_values(seen, dialect, queue)
        for sample, labels in DASHBOARDS[dialect].items():
            series = seen.labels(sample)
            assert series, f"a dashboard's panel is empty: {sample}"
            for each in series:
                assert set(labels.split()) <= each.keys(), f"{sample} lacks a label that a panel asks for"
                assert (each["namespace"], each["task_queue"], each["worker_build_id"]) == ("default", queue, "v1.2.3")
    finally:
        print(pool.logs())
        pool.kill_all()
        api.close()


def check_values(seen: Scrape, dialect: str, queue: str) -> None:
    """The counts that the run above must have."""

    def total(name: str, kind: str = "counter", **labels: str) -> float:
        return seen.total(exposed(name, kind, dialect) + ("_count" if kind == "histogram" else ""), **labels)

    assert total("workflow_completed", workflow_type="LifecycleWorkflow") == 2 + 4
    assert total("workflow_failed", workflow_type="LifecycleWorkflow") == 1
    assert total("workflow_canceled", workflow_type="LifecycleWorkflow") == 1
    assert total("workflow_endtoend_latency", "histogram") == 2 + 4 + 1 + 1
    assert total("activity_execution_cancelled", activity_type="ProcessStep") == 1
    assert total("activity_succeed_endtoend_latency", "histogram", activity_type="ProcessStep") == 2 * 2 + 4 * 4
    assert total("activity_execution_failed", activity_type="ProcessStep") == 2 + 1
    assert total("activity_execution_failed", activity_type="Unheard") == 1
    assert total("workflow_task_execution_failed", workflow_type="Unheard", failure_reason="WorkflowError") >= 1
    assert total("request_failure", operation="RecordActivityTaskHeartbeat", status_code="NOT_FOUND") >= 2
    assert total("long_request_failure", operation="PollActivityTaskQueue", status_code="UNAVAILABLE") >= 1
    assert total("request", operation="RespondActivityTaskCompleted") == 2 * 2 + 4 * 4
    slots = exposed("worker_task_slots_available", "gauge", dialect)
    assert seen.total(slots, worker_type="ActivityWorker") == 100
    # The time of a whole run, in the dialect's unit: the four of the crowd take 1.2 s each at least.
    assert seen.total(exposed("workflow_endtoend_latency", "histogram", dialect) + "_sum") > (4 * 1.2 if dialect == "go" else 4 * 1200)


def test_a_metrics_address_that_is_taken_or_wrong_ends_the_worker_with_a_reason(workers: WorkerPool, lifecycle: Callable[..., Finished]) -> None:
    first = workers.lifecycle("v1", "--metrics-address", "127.0.0.1:0")
    address = metrics_url(first).removeprefix("http://").removesuffix("/metrics")
    taken = lifecycle("worker", "--metrics-address", address)
    assert taken.exit_code == 1 and f"metrics address '{address}': Address already in use" in taken.stderr
    wrong = lifecycle("worker", "--metrics-address", "localhost")
    assert wrong.exit_code == 2 and "HOST:PORT" in wrong.stderr
    word = lifecycle("worker", "--metrics-dialect", "rust", "-o", "json")
    assert word.exit_code == 2 and json.loads(word.stdout or word.stderr)


def test_without_an_address_nothing_listens_and_other_paths_are_not_found(workers: WorkerPool) -> None:
    silent = workers.lifecycle("v1")
    assert "metrics" not in silent.log()
    url = metrics_url(workers.lifecycle("v2", "--metrics-address", "127.0.0.1:0"))
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url.removesuffix("metrics"), timeout=10)
    assert refused.value.code == 404
