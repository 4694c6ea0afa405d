"""The tests of a real cluster into which ci/build has brought the demonstration: `make test-cluster` does both. They leave it as they found it."""

import os

import pytest

from cluster import Cluster, why_there_is_none


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    reason = why_there_is_none()
    if reason is not None and "LIFECYCLE_CLUSTER_REQUIRED" in os.environ:
        pytest.exit(reason, returncode=1)
    if reason is not None:
        pytest.skip(reason)
    return Cluster()


@pytest.fixture(autouse=True)
def settled(request: pytest.FixtureRequest) -> None:
    """What the test before has disturbed is whole again: a pod that is on its way out would be taken for one that a test can work with."""
    if "cluster" in request.fixturenames:
        request.getfixturevalue("cluster").settle()
