"""A PostgreSQL server for the tests of searches."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def postgresql_server():
    """URL of a server: the one that AMP_SKLEARN_TEST_POSTGRESQL names, else one that is started where it is installed."""
    named = os.environ.get("AMP_SKLEARN_TEST_POSTGRESQL")
    if named:
        yield named
        return
    places = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    found = shutil.which("initdb")
    places += [Path(found).resolve().parent] if found else []
    if not places:
        pytest.skip(
            "no PostgreSQL server: install one (Debian: apt-get install postgresql), or set "
            "AMP_SKLEARN_TEST_POSTGRESQL=postgresql://user:password@host/database"
        )
    psycopg = pytest.importorskip("psycopg")
    folder = Path(tempfile.mkdtemp(prefix="amp_sklearn_postgresql_"))
    owner = {}
    if os.getuid() == 0:  # it refuses to run as root
        owner = {"user": "postgres"}
        shutil.chown(folder, "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = ["-D", folder / "data"]
    subprocess.run(
        [places[-1] / "initdb", *settings, "-U", "tester", "-A", "trust", "--no-sync"],
        check=True, stdout=subprocess.DEVNULL, cwd=folder, **owner,
    )  # fmt: skip
    command = [places[-1] / "postgres", *settings, "-F", "-p", str(port), "-h", "127.0.0.1", "-k", folder]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=folder, **owner)
    url = f"postgresql://tester@127.0.0.1:{port}/postgres"
    try:
        for _ in range(600):
            assert server.poll() is None, "the server ended at once"
            try:
                psycopg.connect(url).close()
                break
            except psycopg.OperationalError:
                time.sleep(0.1)
        yield url
    finally:
        server.send_signal(2)  # disconnects everybody and ends
        server.wait(60)
        shutil.rmtree(folder, ignore_errors=True)
