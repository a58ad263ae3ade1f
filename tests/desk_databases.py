"""Where desks of tests keep their rows: an SQLite file each, or, where CDGIS_DESK_TESTS_ON=postgresql, a database each of a cluster of our own."""

import atexit
import hashlib
import os
import shutil
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
from reference.postgis import Cluster, cluster

ON_POSTGRES = os.environ.get("CDGIS_DESK_TESTS_ON") == "postgresql"


def need_postgres() -> None:
    """Skip by name where there is no PostgreSQL, except where CDGIS_REQUIRE_POSTGIS forbids it (.ci/run)."""
    if not (os.environ.get("CDGIS_REQUIRE_POSTGIS") or shutil.which("initdb") or list(Path("/usr/lib/postgresql").glob("*/bin/initdb"))):
        pytest.skip("没有安装 PostgreSQL（Debian：postgresql）")


@cache
def running_cluster() -> Cluster:
    """Return the one cluster of this process, stopped when it ends."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(cluster(postgis=False))


def postgres_for(root: Path) -> str:
    """Return the address of the database that belongs to a workspace folder, made empty the first time."""
    name = f"desk_{hashlib.sha256(str(root).encode()).hexdigest()[:16]}"
    _made(name)
    return f"postgresql://cdgis@127.0.0.1:{running_cluster().port}/{name}"


@cache
def _made(name: str) -> None:
    running_cluster().sql(f"create database {name}", database="postgres")


def database_for(root: Path) -> str:
    """Return the `database` setting of a test's desk."""
    return postgres_for(root) if ON_POSTGRES else ""
