"""The desk's database: opened, brought to the present form, read and written in transactions."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoneFree
from sqlalchemy.orm import Session

from cdgis.core.errors import DeskError
from cdgis.web.desk_settings import DATABASE

_BUSY_MS = 10_000
_ONE_AT_A_TIME = threading.Lock()
"""Alembic keeps what it is at in the module."""
_AGAIN_S = 2.0
_AWAY_STATUS = 503
_AWAY = (OperationalError, InterfaceError, NoneFree)
"""Raised when the database is gone, busy, full or not to be written."""
_MIGRATIONS = 7_345_000
_WRITERS = 7_345_001
"""Advisory lock of PostgreSQL that every writer of a desk holds until its transaction ends."""


Written = TypeVar("Written")


class Database:
    """The database of a desk: an SQLite file in WAL mode, or a PostgreSQL database that several servers share.

    Readers see one state and never wait for the writer; one writer is at work at a time, over all servers: what a writer
    has read (the last line of the journal, the next number, a version, a waiting job) nobody changes before it commits.

    Parameters
    ----------
    folder : on a local disk; holds the SQLite file.
    address : of PostgreSQL, secrets in their places; "" for SQLite.

    Raises
    ------
    DeskError : it is no database, cannot be reached, is damaged, or comes from a later version.
    """

    def __init__(self, folder: Path, address: str = "", *, name: str = DATABASE) -> None:
        self.path = folder / name
        self.shared = bool(address)
        self.label = make_url(address).render_as_string(hide_password=True) if address else str(self.path)
        self.engine = _shared_engine(address) if address else _engine(self.path)
        event.listen(self.engine, "handle_error", _refused_value)
        try:
            _check_letters(self.engine)
            migrate(self.engine)
        except ModuleNotFoundError as err:
            raise DeskError(f"PostgreSQL 要用的 {err.name} 没有安装", remedy='请运行 pip install "cdgis[desk,postgis]"', status=500) from err
        except (DBAPIError, CommandError) as err:
            self.engine.dispose()
            remedy = "请核对 desk.toml 的 database、服务器是否在运行、口令和权限" if address else "请用原来的版本打开，或从备份恢复"
            raise DeskError(f"{self.label} 打不开，或由更新的版本写成", remedy=remedy, status=500) from err

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that sees one state of the database and changes nothing.

        Raises
        ------
        DeskError : the database does not answer.
        """
        try:
            with Session(self.engine, expire_on_commit=False, autoflush=False) as session:
                yield session
        except _AWAY as err:
            raise DeskError("数据库没有回答", remedy="请检查数据库后重试", status=_AWAY_STATUS) from err

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session that alone may write; leaving it commits all, an error nothing.

        Raises
        ------
        DeskError : the disk is full or cannot be written, or another writer does not finish.
        """
        try:
            link = self.engine.connect().execution_options(desk_writes=True)
            with link, Session(link, expire_on_commit=False) as session, session.begin():
                yield session
        except _AWAY as err:
            raise DeskError(
                "数据库写不进去：磁盘已满、只读，或被别的程序占用；这一步没有保存", remedy="请检查磁盘空间和权限后重试", status=_AWAY_STATUS
            ) from err

    def close(self) -> None:
        """Let go of the file."""
        self.engine.dispose()


def insist(write: Callable[[], Written], stopped: threading.Event) -> Written:
    """Write as soon as the database is there again, and return what the write gives: for what no person waits for and could ask anew.

    Raises
    ------
    DeskError : another reason than that it is away; or `stopped` is set and it still is.
    """
    while True:
        try:
            return write()
        except DeskError as err:
            if err.status != _AWAY_STATUS or stopped.wait(_AGAIN_S):
                raise


def _refused_value(context: ExceptionContext) -> DeskError | None:
    """Return what a person is told whose words no database keeps: a zero character, half a character, a number without end."""
    if isinstance(context.sqlalchemy_exception, DataError) or isinstance(context.original_exception, (OverflowError, UnicodeEncodeError)):
        return DeskError("有文字或数字是数据库不能存、不能查的：空字符、残缺的字符、过大的数或过长的文字", remedy="请改正后重试", status=400)
    return None


def _check_letters(engine: Engine) -> None:
    """Refuse a PostgreSQL database that cannot hold every character: a name it has no letters for would be lost later."""
    if engine.dialect.name != "postgresql":
        return
    with engine.connect() as link:
        found = str(link.exec_driver_sql("SHOW server_encoding").scalar())
    if found != "UTF8":
        engine.dispose()
        remedy = "请另建一个：CREATE DATABASE 库名 ENCODING 'UTF8' TEMPLATE template0"
        raise DeskError(f"PostgreSQL 库的字符编码是 {found}，应为 UTF8", remedy=remedy, status=500)


def migrate(engine: Engine) -> None:
    """Bring a database to the present form, step by step; of several servers that start, one does."""
    config = Config()
    config.set_main_option("script_location", str(files("cdgis.web").joinpath("migrations")).replace("%", "%%"))
    with _ONE_AT_A_TIME, ExitStack() as stack:
        if engine.dialect.name == "postgresql":  # over all steps, each of which is a transaction of its own
            turn = stack.enter_context(engine.connect().execution_options(isolation_level="AUTOCOMMIT"))
            turn.exec_driver_sql(f"SELECT pg_advisory_lock({_MIGRATIONS})")
            stack.callback(turn.exec_driver_sql, f"SELECT pg_advisory_unlock({_MIGRATIONS})")
        config.attributes["connection"] = stack.enter_context(engine.connect().execution_options(desk_writes=True))
        command.upgrade(config, "head")


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path.as_posix()}")

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the driver opens no transaction of its own: `_begin` does
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_BUSY_MS}"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(link: Any) -> None:
        # a writer asks for the lock at once: one that reads first and writes later could lose to another
        link.exec_driver_sql("BEGIN IMMEDIATE" if link.get_execution_options().get("desk_writes") else "BEGIN")

    return engine


def _shared_engine(address: str) -> Engine:
    found = make_url(address)
    engine = create_engine(found.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_size=10, max_overflow=30, pool_timeout=20,
                           connect_args={"connect_timeout": 10})  # fmt: skip

    @event.listens_for(engine, "begin")
    def _begin(link: Any) -> None:
        options = link.get_execution_options()
        if options.get("isolation_level") == "AUTOCOMMIT":
            return
        if options.get("desk_writes"):
            link.exec_driver_sql(f"SET LOCAL lock_timeout = {_BUSY_MS}")
            link.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")
        else:
            link.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

    return engine
