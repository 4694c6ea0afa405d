"""The server that a run of the tests is about: LIFECYCLE_TEST_SERVER says `development` (the default) or `production`."""

import os
import pathlib

import pytest

from .production_server import ProductionServer, what_is_missing
from .server import TemporalServer

VARIABLE = "LIFECYCLE_TEST_SERVER"

Server = TemporalServer | ProductionServer


def chosen_server(directory: pathlib.Path, keeps_state: bool = False) -> Server:
    """Not started yet. With `keeps_state` it may be killed and started again. Skips the test where the machine cannot have this server."""
    kind = os.environ.get(VARIABLE, "development")
    if kind == "development":
        return TemporalServer(directory, directory / "temporal.sqlite" if keeps_state else None)
    if kind != "production":
        raise RuntimeError(f"{VARIABLE} is {kind!r}; it may be `development` or `production`")
    if missing := what_is_missing():
        # CMake knows these words.
        pytest.skip(f"PRODUCTION SERVER NOT THERE: {missing}")
    return ProductionServer(directory)
