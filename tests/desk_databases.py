"""Where desks of tests keep their rows: an SQLite file each, or, where CDGIS_DESK_TESTS_ON=postgresql, a database each of a cluster of our own.

Each PostgreSQL database is a copy of one that was brought to the present form once. Its alphabet is that of a Chinese office (ICU),
in which texts have another order than by code point: what leans on the order of a database shows.
"""

import atexit
import hashlib
import os
import shutil
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
from reference.postgis import Cluster, cluster

from cdgis.web.database import Database

ON_POSTGRES = os.environ.get("CDGIS_DESK_TESTS_ON") == "postgresql"
_FORM = "desk_form"
_OFFICE = "template template0 encoding 'UTF8' locale_provider icu icu_locale 'zh-Hans-CN'"


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


def postgres_for(root: Path, made: str = f"template {_FORM}") -> str:
    """Return the address of the database that belongs to a workspace folder, made the first time without a row in it."""
    key = f"{root} {made}".encode()
    name = f"desk_{hashlib.sha256(key).hexdigest()[:16]}"
    _form()
    _made(name, made)
    return _address(name)


def empty_postgres_for(root: Path) -> str:
    """Return the address of a database without a table."""
    return postgres_for(root, _OFFICE)


def database_for(root: Path) -> str:
    """Return the `database` setting of a test's desk."""
    return postgres_for(root) if ON_POSTGRES else ""


def settled_office(root: Path) -> Path:
    """Write where a workspace's desk keeps its rows into its desk.toml, for what reads it there."""
    if ON_POSTGRES:
        (root / "desk.toml").write_text(f'database = "{postgres_for(root)}"\n', encoding="utf-8")
    return root


@cache
def _form() -> None:
    _made(_FORM, _OFFICE)
    Database(Path(), _address(_FORM)).close()


@cache
def _made(name: str, how: str) -> None:
    running_cluster().sql(f"create database {name} {how}", database="postgres")


def _address(name: str) -> str:
    return f"postgresql://cdgis@127.0.0.1:{running_cluster().port}/{name}"
