"""A PostgreSQL server of our own, which ends with us, in a folder of its own, on a Unix socket."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from itertools import count
from pathlib import Path
from typing import Self

import psycopg
from sqlalchemy import URL, make_url

from tests.support.lab.namespace import LabError
from tests.support.lab.process import ENVIRONMENT, Process
from tests.support.requirements import POSTGRES

ROLE = "wireboot"
"""The superuser, let in without a password. Any other role needs one of its own."""
STRANGER = "stranger"
"""Would be let in without a password, if it were there."""
_USER = "postgres"
"""The package's user: PostgreSQL refuses to run as root."""
_WITHIN_S = 30.0


class PostgreSql:
    """Databases to fill, and a server to stop, kill and start again."""

    def __init__(self) -> None:
        # Not below pytest's folder, which is root's alone; and a socket's path must be short.
        self.folder = Path(tempfile.mkdtemp(prefix="wireboot-pg-"))
        self._numbers = count(1)
        self._process: Process | None = None
        shutil.chown(self.folder, _USER)
        self.folder.chmod(0o755)
        made = subprocess.run(
            _as_user(
                Path(POSTGRES).with_name("initdb"), "-D", self._data, "-U", ROLE, "-E", "UTF8", "--locale=C.UTF-8"
            ),
            capture_output=True,
            text=True,
            check=False,
            env=ENVIRONMENT,
        )
        if made.returncode:
            raise LabError(f"initdb: {made.stderr}")
        (self._data / "pg_hba.conf").write_text(
            f"local all {ROLE} trust\nlocal all {STRANGER} trust\nlocal all all scram-sha-256\n"
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def is_running(self) -> bool:
        return self._process is not None

    def start(self, *settings: str) -> None:
        """Until it lets clients in. `settings`: as in postgresql.conf, for this run."""
        options = [word for setting in ("listen_addresses=", *settings) for word in ("-c", setting)]
        command = _as_user(POSTGRES, "-D", self._data, "-k", self.folder, *options)
        self._process = Process(command, self.folder / "server.log")
        self._process.wait_for("ready to accept connections", _WITHIN_S)

    def stop(self) -> None:
        """As an administrator does it: sessions are ended, all is written."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """At once, with nothing written that is not written yet; the next start recovers."""
        self._end(signal.SIGQUIT)

    def new_database(self, options: str = "") -> URL:
        """An empty one. `options`: as in CREATE DATABASE."""
        name = f"site{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} {options}")
        return self.url(name)

    def url(self, database: str, role: str = ROLE) -> URL:
        return make_url(f"postgresql+psycopg://{role}@/{database}?host={self.folder}")

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """As the superuser, in a session of its own."""
        with self.session(database) as session:
            result = session.execute(statement.encode())
            return result.fetchall() if result.description else []

    def session(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(host=str(self.folder), user=ROLE, dbname=database, autocommit=True)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _end(self, by: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(by)
            self._process.wait(_WITHIN_S)
            self._process = None


def _as_user(*argv: str | Path) -> tuple[str, ...]:
    # When we end, in whatever way, so does it.
    drop = ("setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups", "--pdeathsig=QUIT", "--")
    return (*drop, *map(str, argv))
