"""The desk's database: opened, brought to the present form, read and written in transactions."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from cdgis.core.errors import DeskError
from cdgis.web.desk_settings import DATABASE

_BUSY_MS = 10_000


class Database:
    """The SQLite file of a desk, in WAL mode: readers never wait for the writer.

    Parameters
    ----------
    folder : on a local disk.

    Raises
    ------
    DeskError : the file is no database, is damaged, or comes from a later version.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / DATABASE
        self.engine = _engine(self.path)
        try:
            migrate(self.engine)
        except (DBAPIError, CommandError) as err:
            raise DeskError(
                f"{self.path} 打不开，或由更新的版本写成", remedy="请用原来的版本打开，或从备份恢复", status=500
            ) from err

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that sees one state of the database and changes nothing."""
        with Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            yield session

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
        except OperationalError as err:
            raise DeskError(
                "数据库写不进去：磁盘已满、只读，或被别的程序占用；这一步没有保存", remedy="请检查磁盘空间和权限后重试", status=503
            ) from err

    def close(self) -> None:
        """Let go of the file."""
        self.engine.dispose()


def migrate(engine: Engine) -> None:
    """Bring a database to the present form, step by step."""
    config = Config()
    config.set_main_option("script_location", str(files("cdgis.web").joinpath("migrations")).replace("%", "%%"))
    with engine.connect().execution_options(desk_writes=True) as link:
        config.attributes["connection"] = link
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
