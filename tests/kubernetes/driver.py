"""The program that makes the calls, and what it returns."""

import enum
import json
import os
import pathlib
import subprocess
from typing import Any, Mapping

Json = dict[str, Any]


class Code(enum.IntEnum):
    """In the order of lib/base/error.h."""

    INVALID_ARGUMENT = 0
    INVALID_CONFIG = 1
    NOT_FOUND = 2
    ALREADY_EXISTS = 3
    UNAVAILABLE = 4
    KUBERNETES_UNREACHABLE = 5
    DEADLINE_EXCEEDED = 6
    PERMISSION_DENIED = 7
    FAILED_PRECONDITION = 8
    RESOURCE_EXHAUSTED = 9
    CANCELLED = 10
    DATA_LOSS = 11
    INTERNAL = 12


def program() -> pathlib.Path:
    return pathlib.Path(os.environ["LIFECYCLE_KUBERNETES_DRIVER"])


class Driver:
    def __init__(self, *arguments: str, env: Mapping[str, str] | None = None) -> None:
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **(env or {})}
        self._process = subprocess.Popen(
            [program(), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        self.access = self.read()

    def read(self) -> Json:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            assert self._process.stderr is not None
            raise AssertionError(f"the driver ended: {self._process.stderr.read()}")
        return json.loads(line)

    def write(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def ask(self, call: str, **arguments: Any) -> Json:
        self.write(json.dumps({"call": call, **arguments}))
        return self.read()

    def stop(self) -> str:
        """Its standard error."""
        _, errors = self._process.communicate(timeout=30)
        return errors

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


def failed(answer: Json, code: Code, *words: str) -> None:
    """Asserts that it is this error, and that its message or hint has these words."""
    assert answer.get("error") == code, answer
    for word in words:
        assert word in answer["message"] + " " + answer["hint"], answer
