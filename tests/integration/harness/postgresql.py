"""A PostgreSQL server of one test run: a data directory that is thrown away, a free port of the loopback, a password nobody else knows."""

import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import tempfile

from .ports import free_port
from .process import ManagedProcess
from .waiting import wait_until

USER = "temporal"
# PostgreSQL refuses to run as root. Debian's packages make this user.
UNPRIVILEGED_USER = "postgres"
# What a crash of the machine would lose is worth nothing here, and these make a small machine several times as fast.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "100",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "log_min_messages": "warning",
}


def postgresql_programs() -> pathlib.Path | None:
    """The folder with `initdb` and `postgres`: the newest of Debian's, which are not in PATH, else what PATH has. None without PostgreSQL."""
    installed = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda found: int(found.parts[-3]))
    found = installed[-1] if installed else shutil.which("initdb")
    return pathlib.Path(found).parent if found else None


class PostgreSql:
    """Can be stopped and started again on the same port, with what it has stored."""

    def __init__(self, log_directory: pathlib.Path) -> None:
        self.port = free_port()
        self.password = secrets.token_hex(16)
        self._log_path = log_directory / f"postgresql-{self.port}.log"
        programs = postgresql_programs()
        if not programs:
            raise RuntimeError("no PostgreSQL: neither in /usr/lib/postgresql nor in PATH; on Debian install postgresql-15")
        self._programs = programs
        self._as_user = ["setpriv", f"--reuid={UNPRIVILEGED_USER}", f"--regid={UNPRIVILEGED_USER}", "--clear-groups"] if os.geteuid() == 0 else []
        self._home: pathlib.Path | None = None
        self._process: ManagedProcess | None = None

    def start(self) -> "PostgreSql":
        if not self._home:
            self._home = self._make_database()
        # When we are killed, the kernel asks it to end at once and to tidy up, which a SIGKILL would not let it do: its shared memory would
        # stay. Changing the user forgets such a wish, so that the innermost setpriv has to make it.
        command = [*self._as_user, "setpriv", "--pdeathsig", "QUIT", "--", self._programs / "postgres"]
        command += ["-D", self._home / "data", "-p", str(self.port)]
        for name, value in SETTINGS.items():
            command += ["-c", f"{name}={value}"]
        process = ManagedProcess(command, self._log_path)
        self._process = process
        wait_until(lambda: self._accepts() or process.exit_code() is not None, "a PostgreSQL that accepts connections", 60, process.log)
        if process.exit_code() is not None:
            raise RuntimeError(f"PostgreSQL ended at its start:\n{process.log()}")
        return self

    def stop(self) -> None:
        """Closes all connections, ends, and keeps the data."""
        if self._process and self._process.exit_code() is None:
            self._process.send(signal.SIGINT)
            self._process.stop()

    def remove(self) -> None:
        self.stop()
        if self._home:
            shutil.rmtree(self._home)
            self._home = None

    def _make_database(self) -> pathlib.Path:
        # Not below the tests' own directory, which the unprivileged user may not enter.
        home = pathlib.Path(tempfile.mkdtemp(prefix="lifecycle-postgresql-"))
        password_file = home / "password"
        password_file.write_text(self.password)
        if self._as_user:
            for path in (home, password_file):
                shutil.chown(path, UNPRIVILEGED_USER, UNPRIVILEGED_USER)
        made = subprocess.run(
            [*self._as_user, self._programs / "initdb", "--pgdata", home / "data", "--username", USER, "--pwfile", password_file]
            + ["--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"],
            cwd=home,
            capture_output=True,
            text=True,
        )
        if made.returncode != 0:
            raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")
        return home

    def _accepts(self) -> bool:
        asked = [self._programs / "pg_isready", "--quiet", "--host=127.0.0.1", f"--port={self.port}"]
        return subprocess.run(asked).returncode == 0
