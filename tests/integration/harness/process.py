"""Child processes that cannot outlive the tests: each leads a process group of its own, and ends with us whatever ends us."""

import atexit
import os
import pathlib
import signal
import subprocess
import weakref
from typing import Mapping, Sequence

_running: "weakref.WeakSet[ManagedProcess]" = weakref.WeakSet()


class ManagedProcess:
    """A running program whose stderr goes to `log_path`, and its stdout too unless it is to have a file of its own.

    Signals go to exactly this process, or to its own group.
    """

    def __init__(
        self,
        command: Sequence[str | os.PathLike],
        log_path: pathlib.Path,
        env: Mapping[str, str] | None = None,
        output_path: pathlib.Path | None = None,
    ) -> None:
        self.log_path = log_path
        self.output_path = output_path or log_path
        with open(log_path, "ab") as log, open(self.output_path, "ab") as output:
            # setpriv makes the kernel kill the child when we are killed ourselves, which no handler of ours could do. It replaces itself by
            # the command, so that the process id is the command's.
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *map(os.fspath, command)],
                env=None if env is None else dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                start_new_session=True,
            )
        self.pid = self._process.pid
        _running.add(self)

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def output(self) -> str:
        return self.output_path.read_text(errors="replace")

    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number when a signal ended it."""
        return self._process.poll()

    def send(self, signal_number: int) -> None:
        self._process.send_signal(signal_number)

    def wait(self, seconds: float = 30) -> int:
        return self._process.wait(seconds)

    def kill(self) -> None:
        """Ends the process and all that it started, at once, and waits for it."""
        if self._process.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self, seconds: float = 15) -> int:
        """Asks it to end, and makes it when it does not."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.returncode


@atexit.register
def _kill_what_still_runs() -> None:
    for process in list(_running):
        process.kill()
