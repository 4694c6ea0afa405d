"""A shell in a terminal of its own, typed into as a person would."""

import pathlib
import shutil
import subprocess
import uuid
from typing import Mapping, Sequence

from .waiting import wait_until

WIDTH, HEIGHT = 200, 50
PROMPT = "ready>"


class Shell:
    """Runs in tmux, which is the terminal: what the shell draws is read as a screen, not as a stream of escapes."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], directory: pathlib.Path) -> None:
        self._socket = str(directory / f"tmux-{uuid.uuid4().hex[:8]}")
        program = ["env", "-i", *(f"{name}={value}" for name, value in env.items()), *command]
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(WIDTH), "-y", str(HEIGHT), "-c", str(directory), *program)
        self.wait_for(PROMPT)

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(["tmux", "-S", self._socket, *arguments], capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done
        return done.stdout

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    def press(self, *keys: str) -> None:
        self._tmux("send-keys", *keys)

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p", "-N")

    def wait_for(self, text: str) -> None:
        wait_until(lambda: text in self.screen(), f"{text!r} on the screen", 30, self.screen)

    def close(self) -> None:
        subprocess.run(["tmux", "-S", self._socket, "kill-server"], capture_output=True, timeout=30)


def missing_programs(*names: str) -> list[str]:
    return [name for name in names if not shutil.which(name)]
