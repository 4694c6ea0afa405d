"""The Dockerfile keeps its promises as far as its text shows; ci/build and the cluster's tests build it."""

import fnmatch
import re

import manifests as m

DOCKERFILE = (m.ROOT / "Dockerfile").read_text()
RUNTIME = DOCKERFILE[DOCKERFILE.index("FROM ${RUNTIME_IMAGE}"):]


def test_two_versions_differ_in_metadata_alone() -> None:
    after = RUNTIME[RUNTIME.index("ARG VERSION"):]
    assert not re.search(r"^(RUN|COPY|ADD) ", after, re.MULTILINE)
    assert "VERSION" not in DOCKERFILE[DOCKERFILE.index("FROM ${BUILD_IMAGE}"):DOCKERFILE.index("FROM ${RUNTIME_IMAGE}")]
    assert "ENV LIFECYCLE_WORKER_VERSION=${VERSION}" in after


def test_the_image_runs_as_the_user_that_the_manifests_name() -> None:
    uid, gid = re.search(r"^USER (\d+):(\d+)$", RUNTIME, re.MULTILINE).groups()
    for name, _, pod in m.pods(m.layout(m.SIMPLE)):
        if any(container["image"].startswith("lifecycle-worker:") for container in pod["spec"]["containers"]):
            assert (pod["spec"]["securityContext"]["runAsUser"], pod["spec"]["securityContext"]["runAsGroup"]) == (int(uid), int(gid)), name


def test_entry_point_and_health_check_need_no_shell() -> None:
    assert 'ENTRYPOINT ["lifecycle"]' in RUNTIME
    assert re.search(r'^HEALTHCHECK .*CMD \["lifecycle", "probe"', RUNTIME, re.MULTILINE)


def test_nothing_is_fetched_that_the_build_arguments_do_not_name() -> None:
    assert not re.search(r"^#\s*syntax\s*=", DOCKERFILE, re.MULTILINE)
    images = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert images == ["${BUILD_IMAGE}", "${RUNTIME_IMAGE}"]


def test_what_cmake_reads_is_in_the_context_and_no_more() -> None:
    lines = [line for line in (m.ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    kept = {line.removeprefix("!") for line in lines[1:]}
    for wanted in ("CMakeLists.txt", "CMakePresets.json", "LICENSE", "ci/requirements.txt", "ci/setup", "cli", "cmake", "completions", "lib", "worker"):
        assert wanted in kept and (m.ROOT / wanted).exists()
    assert not any(fnmatch.fnmatch(name, kept_name) for name in ("build", "tests", ".git") for kept_name in kept)
