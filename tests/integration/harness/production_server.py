"""The Temporal server as it runs in production: frontend, history, matching and worker service over PostgreSQL, on free ports of the loopback.

It is told what to do by the environment alone, as in Kubernetes: no configuration file but the dynamic one.
"""

import concurrent.futures
import pathlib
import subprocess

from .ports import free_small_ports
from .postgresql import USER, PostgreSql, postgresql_programs
from .process import ManagedProcess
from .programs import REPOSITORY, clean_environment
from .server import answers
from .temporal_api import TemporalApi
from .waiting import wait_until

GO_TOOLS = REPOSITORY / "build" / "go-tools"
SERVER = GO_TOOLS / "temporal-server"
SQL_TOOL = GO_TOOLS / "temporal-sql-tool"
SQL_PLUGIN = "postgres12_pgx"
# Each database with the schema that the SQL tool carries for it.
DATABASES = {"temporal": "postgresql/v12/temporal", "temporal_visibility": "postgresql/v12/visibility"}

# A version counts as drained after 3 + 3 minutes by default.
DYNAMIC_CONFIG = """\
matching.wv.VersionDrainageStatusVisibilityGracePeriod: [{value: 5s}]
matching.wv.VersionDrainageStatusRefreshInterval: [{value: 5s}]
frontend.enableCancelWorkerPollsOnShutdown: [{value: true}]
history.timerProcessorMaxTimeShift: [{value: 10ms}]
"""


def what_is_missing() -> str | None:
    """Why there can be no production server on this machine, and what to do about it. None when there can."""
    if not SERVER.exists() or not SQL_TOOL.exists():
        return "the production server is not built: `make go-tools` does it, which needs Go"
    if not postgresql_programs():
        return "there is no PostgreSQL for the production server: `ci/setup` installs it"
    return None


class ProductionServer:
    """Can be stopped and started again on the same ports; its state is PostgreSQL's."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.postgresql = PostgreSql(directory)
        # One for each of: frontend (gRPC, HTTP), history, matching, worker; and four for their membership. With PostgreSQL the server keeps
        # them in signed columns of 16 bits, and ends when one does not fit.
        self._ports = free_small_ports(9)
        self.port = self._ports[0]
        self.address = f"127.0.0.1:{self.port}"
        self._directory = directory
        self._log_path = directory / f"production-server-{self.port}.log"
        self._process: ManagedProcess | None = None
        self._has_schema = False

    def start(self) -> "ProductionServer":
        """Starts what does not run yet. A first start makes the databases and the namespace `default`."""
        is_first = not self._has_schema
        if is_first:
            self.postgresql.start()
            self._make_databases()
            self._has_schema = True
        process = ManagedProcess([SERVER, "start"], self._log_path, self._environment())
        self._process = process
        if is_first:
            self._make_namespace(process)
        wait_until(lambda: answers(self.address) or process.exit_code() is not None, "a server that answers", 60, process.log)
        self._check_runs(process)
        return self

    def kill(self) -> None:
        """Ends Temporal's processes at once, and leaves PostgreSQL with what they had written."""
        if self._process:
            self._process.kill()

    def remove(self) -> None:
        self.kill()
        self.postgresql.remove()

    def _make_databases(self) -> None:
        with concurrent.futures.ThreadPoolExecutor() as executor:
            for done in [executor.submit(self._make_database, name, schema) for name, schema in DATABASES.items()]:
                done.result()

    def _make_database(self, name: str, schema: str) -> None:
        env = clean_environment(
            self._directory,
            {
                "SQL_PLUGIN": SQL_PLUGIN,
                "SQL_HOST": "127.0.0.1",
                "SQL_PORT": str(self.postgresql.port),
                "SQL_USER": USER,
                "SQL_PASSWORD": self.postgresql.password,
                "SQL_DATABASE": name,
            },
        )
        for step in (["create-database"], ["setup-schema", "--version", "0.0"], ["update-schema", "--schema-name", schema]):
            done = subprocess.run([SQL_TOOL, *step], env=env, capture_output=True, text=True)
            if done.returncode != 0:
                raise RuntimeError(f"temporal-sql-tool {' '.join(step)} of {name} failed:\n{done.stdout}{done.stderr}")

    def _make_namespace(self, process: ManagedProcess) -> None:
        def connect() -> TemporalApi | None:
            self._check_runs(process)
            try:
                return TemporalApi(self.address)
            except RuntimeError:
                return None

        api = wait_until(connect, "a frontend that takes connections", 60, process.log)
        api.register_namespace()
        api.close()

    def _check_runs(self, process: ManagedProcess) -> None:
        if process.exit_code() is not None:
            raise RuntimeError(f"the production server ended at its start:\n{process.log()[-8000:]}")

    def _environment(self) -> dict[str, str]:
        dynamic_config = self._directory / "dynamic.yaml"
        dynamic_config.write_text(DYNAMIC_CONFIG)
        http_port, history, matching, worker, *membership = map(str, self._ports[1:])
        settings = {
            "DB": SQL_PLUGIN,
            "POSTGRES_SEEDS": "127.0.0.1",
            "DB_PORT": str(self.postgresql.port),
            "POSTGRES_USER": USER,
            "POSTGRES_PWD": self.postgresql.password,
            "NUM_HISTORY_SHARDS": "4",
            "BIND_ON_IP": "127.0.0.1",
            "TEMPORAL_BROADCAST_ADDRESS": "127.0.0.1",
            "FRONTEND_GRPC_PORT": str(self.port),
            "FRONTEND_HTTP_PORT": http_port,
            "HISTORY_GRPC_PORT": history,
            "MATCHING_GRPC_PORT": matching,
            "WORKER_GRPC_PORT": worker,
            "FRONTEND_MEMBERSHIP_PORT": membership[0],
            "HISTORY_MEMBERSHIP_PORT": membership[1],
            "MATCHING_MEMBERSHIP_PORT": membership[2],
            "WORKER_MEMBERSHIP_PORT": membership[3],
            "DYNAMIC_CONFIG_FILE_PATH": str(dynamic_config),
            "TEMPORAL_ALLOW_NO_AUTH": "true",
            "LOG_LEVEL": "warn",
            # A static program asks the environment who it runs as when its user id is in no /etc/passwd.
            "USER": "temporal",
        }
        return clean_environment(self._directory, settings)
