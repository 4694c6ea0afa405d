"""What is scraped is what listens, and the dashboard asks only for metrics that the SDKs have, by the labels that they carry."""

import json
import re

import yaml

import manifests as m

# The SDKs' names in the Go dialect, without prefix: counters end in _total, histograms are seconds.
COUNTERS = {
    "request", "request_failure", "long_request", "long_request_failure", "worker_start", "sticky_cache_hit", "sticky_cache_miss",
    "sticky_cache_total_forced_eviction", "workflow_task_queue_poll_succeed", "workflow_task_queue_poll_empty",
    "workflow_task_execution_failed", "workflow_completed", "workflow_canceled", "workflow_failed", "workflow_continue_as_new",
    "activity_poll_no_task", "activity_execution_failed",
}
GAUGES = {"num_pollers", "worker_task_slots_available", "worker_task_slots_used", "sticky_cache_size"}
HISTOGRAMS = {
    "request_latency", "long_request_latency", "workflow_task_schedule_to_start_latency", "workflow_task_execution_latency",
    "workflow_task_replay_latency", "workflow_endtoend_latency", "activity_schedule_to_start_latency", "activity_execution_latency",
    "activity_succeed_endtoend_latency",
}
NAMES = (
    {f"temporal_{name}_total" for name in COUNTERS}
    | {f"temporal_{name}" for name in GAUGES}
    | {f"temporal_{name}_seconds_{part}" for name in HISTOGRAMS for part in ("bucket", "count", "sum")}
)
LABELS = {
    "namespace", "task_queue", "operation", "status_code", "workflow_type", "activity_type", "worker_type", "failure_reason", "poller_type",
    "worker_build_id", "le", "pod",
}


def dashboard() -> m.Object:
    return json.loads((m.MANIFESTS / "monitoring" / "lifecycle-workers.json").read_text())


def test_the_dashboard_asks_for_metrics_and_labels_that_exist() -> None:
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            expression = target["expr"]
            asked = set(re.findall(r"temporal_\w+", expression))
            assert asked and asked <= NAMES, f"{panel['title']}: {asked - NAMES}"
            groups = {label.strip() for group in re.findall(r"by \(([^)]+)\)", expression) for label in group.split(",")}
            shown = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            matched = set(re.findall(r"(\w+)=~", expression))
            assert groups | shown | matched <= LABELS, panel["title"]
            assert shown <= groups, f"{panel['title']}: a legend can only show what the sum keeps"


def test_panels_neither_overlap_nor_share_an_id() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (panel["gridPos"]["x"] + column, panel["gridPos"]["y"] + row)
        for panel in panels
        for column in range(panel["gridPos"]["w"])
        for row in range(panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells) and max(x for x, _ in cells) < 24


def test_each_pod_that_wants_to_be_scraped_has_one_port_of_that_name_and_number() -> None:
    scraped = 0
    for name, _, pod in m.pods(m.layout(m.PRODUCTION)):
        annotations = pod["metadata"].get("annotations", {})
        ports = [port for container in pod["spec"]["containers"] for port in container.get("ports", []) if port["name"] == "metrics"]
        assert [str(port["containerPort"]) for port in ports] == [annotations["prometheus.io/port"] for _ in annotations][:1], name
        scraped += len(ports)
    assert scraped == 4 + 4


def test_prometheus_may_list_the_pods_of_the_namespaces_that_it_scrapes() -> None:
    config = yaml.safe_load((m.MANIFESTS / "monitoring" / "prometheus.yml").read_text())
    namespaces = {name for job in config["scrape_configs"] for source in job["kubernetes_sd_configs"] for name in source["namespaces"]["names"]}
    rights = m.read(m.MANIFESTS / "monitoring" / "prometheus-rights.yaml")
    for kind in ("Role", "RoleBinding"):
        assert {document["metadata"]["namespace"] for document in m.of_kind(rights, kind)} == namespaces
