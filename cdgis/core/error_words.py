"""What an exception of a library says, in Chinese: its text is English and names what no user knows.

The kind of exception decides, never its text. What cdgis itself words for the user is a `Worded` error and keeps its text.
"""

import json
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Callable
from typing import cast
from xml.etree.ElementTree import ParseError

import tomli as tomllib
from shapely.errors import ShapelyError

from cdgis.core.errors import CdgisError, os_reason

_TOML_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)")
_XML_FAULTS = {3: "内容到此中断", 7: "标签没有配对", 9: "根元素之后还有内容", 11: "引用了没有声明的实体", 27: "名称前缀没有声明"}
"""Expat's error codes -> what they mean to whoever wrote the file."""
_SQLITE_FAULTS = {
    sqlite3.SQLITE_BUSY: "正被别的程序占用", sqlite3.SQLITE_LOCKED: "正被别的程序占用", sqlite3.SQLITE_CORRUPT: "内容已损坏",
    sqlite3.SQLITE_NOTADB: "不是 SQLite 数据库", sqlite3.SQLITE_CANTOPEN: "打不开", sqlite3.SQLITE_IOERR: "读到一半中断",
}  # fmt: skip
UNFIT = "内容残缺，或不合这种格式的规定"
"""What is said of a fault nobody has better words for."""


class Worded(ValueError):
    """Raised where a value breaks a rule; its text is Chinese and meant for the user."""


def in_words(err: BaseException) -> str:
    """Return in Chinese what `err` says: cdgis's own text, else a statement by the kind of exception."""
    if isinstance(err, CdgisError | Worded):
        return str(err)
    return next((words(err) for kind, words in _BY_KIND if isinstance(err, kind)), UNFIT)


def _unicode(err: BaseException) -> str:
    failed = cast(UnicodeError, err)
    return f"有不是 {getattr(failed, 'encoding', 'UTF-8')} 编码的字节"


def _json(err: BaseException) -> str:
    failed = cast(json.JSONDecodeError, err)
    return f"第 {failed.lineno} 行第 {failed.colno} 列写法不对"


def _toml(err: BaseException) -> str:
    place = _TOML_PLACE.search(str(err))
    return f"第 {place[1]} 行第 {place[2]} 列写法不对" if place else "末尾写法不对"


def _xml(err: BaseException) -> str:
    failed = cast(ParseError, err)
    line, column = failed.position
    return f"第 {line} 行第 {column + 1} 列{_XML_FAULTS.get(failed.code, '写法不对')}"


def _sqlite(err: BaseException) -> str:
    # extended codes hold the plain one in their last byte
    return _SQLITE_FAULTS.get(getattr(err, "sqlite_errorcode", 0) & 0xFF, "内容已损坏")


_BY_KIND: tuple[tuple[type[BaseException], Callable[[BaseException], str]], ...] = (
    (UnicodeError, _unicode),
    (json.JSONDecodeError, _json),
    (tomllib.TOMLDecodeError, _toml),
    (ParseError, _xml),
    (sqlite3.Error, _sqlite),
    (zipfile.BadZipFile, lambda _: "不是 zip 压缩文件，或已损坏"),
    (zlib.error, lambda _: "压缩数据已损坏"),
    (EOFError, lambda _: "内容到半途中断"),
    (RecursionError, lambda _: "嵌套过深"),
    (MemoryError, lambda _: "内存不足"),
    (ShapelyError, lambda _: "坐标不足以成形，或写法不对"),
    (OSError, lambda err: os_reason(cast(OSError, err))),
)
