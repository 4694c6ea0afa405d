"""The one place that waits: for a condition, with a deadline, never for a guessed time."""

import time
from typing import Callable, TypeVar

Seen = TypeVar("Seen")

DEFAULT_SECONDS = 30.0
POLL_SECONDS = 0.05


def wait_until(condition: Callable[[], Seen], what: str, seconds: float = DEFAULT_SECONDS, context: Callable[[], str] = str) -> Seen:
    """Returns the first truthy value of `condition`. Fails with `what` was awaited, and with what `context` tells, when time is up."""
    deadline = time.monotonic() + seconds
    while True:
        if seen := condition():
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"not seen within {seconds:g} s: {what}\n{context()}")
        time.sleep(POLL_SECONDS)
