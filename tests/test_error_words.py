"""No message of cdgis repeats the text of a library: it is English, and tells nobody what to do."""

import ast
import json
import sqlite3
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import shapely
import tomli

import cdgis
from cdgis.core import errors
from cdgis.core.error_words import UNFIT, Worded, in_words

ROOT = Path(cdgis.__file__).parent
OWN = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.CdgisError)}
OWN |= {"Worded", "_DoubledKey", "_Transient"}


def caught(handler: ast.ExceptHandler) -> set[str]:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return {ast.unparse(kind).rpartition(".")[2] for kind in kinds if kind is not None}


def spoken(handler: ast.ExceptHandler) -> Iterator[int]:
    """Yield the lines of a handler that put the exception itself into a text."""
    for node in ast.walk(handler):
        inner = node.value if isinstance(node, ast.FormattedValue) else None
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("str", "repr", "format"):
            inner = node.args[0] if node.args else None
        if isinstance(inner, ast.Name) and inner.id == handler.name:
            yield inner.lineno
        told = isinstance(node, ast.Attribute) and node.attr in ("args", "strerror", "msg", "message")
        if told and isinstance(node.value, ast.Name) and node.value.id == handler.name:
            yield node.lineno


def quoted(source: str) -> list[int]:
    handlers = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ExceptHandler) and node.name]
    return [line for handler in handlers if not caught(handler) <= OWN for line in spoken(handler)]


def test_no_handler_puts_a_librarys_text_into_a_message() -> None:
    found = [f"{path.relative_to(ROOT)}:{line}" for path in sorted(ROOT.rglob("*.py")) for line in quoted(path.read_text("utf-8"))]
    assert found == []


@pytest.mark.parametrize("words", ["f'坏了（{err}）'", "str(err)", "err.args[0]", "f'{err!r}'", "err.strerror"])
def test_that_test_can_fail(words: str) -> None:
    assert quoted(f"try:\n    pass\nexcept (ValueError, ReaderError) as err:\n    text = {words}\n")
    assert not quoted(f"try:\n    pass\nexcept ReaderError as err:\n    text = {words}\n")
    assert not quoted("try:\n    pass\nexcept ValueError as err:\n    raise ReaderError(in_words(err)) from err\n")


def broken_zip() -> None:
    zipfile.ZipFile(Path(__file__))


def broken_database() -> None:
    sqlite3.connect(f"file:{Path(__file__).as_posix()}?mode=ro", uri=True).execute("select * from sqlite_master")


FAULTS: dict[str, tuple[Callable[[], object], str]] = {
    "zip": (broken_zip, "不是 zip 压缩文件，或已损坏"),
    "database": (broken_database, "不是 SQLite 数据库"),
    "json": (lambda: json.loads('{"a":\n 1,}'), "第 2 行第 4 列写法不对"),
    "toml": (lambda: tomli.loads("a = \n"), "第 1 行第 5 列写法不对"),
    "toml_end": (lambda: tomli.loads('a = "x'), "末尾写法不对"),
    "xml": (lambda: ElementTree.fromstring("<a><b></a>"), "第 1 行第 9 列标签没有配对"),
    "prefix": (lambda: ElementTree.fromstring("<a><x:b/></a>"), "第 1 行第 4 列名称前缀没有声明"),
    "zlib": (lambda: zlib.decompress(b"abc"), "压缩数据已损坏"),
    "bytes": (lambda: b"\xff".decode(), "有不是 utf-8 编码的字节"),
    "wkt": (lambda: shapely.from_wkt("POLYGON((0 0"), "坐标不足以成形，或写法不对"),
    "file": (lambda: Path("/没有/这个").read_bytes(), "不存在"),
    "any": (lambda: {}["x"], UNFIT),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_each_kind_of_fault_is_said_in_chinese(kind: str) -> None:
    fault, expected = FAULTS[kind]
    with pytest.raises(Exception) as raised:
        fault()
    assert in_words(raised.value) == expected


def test_what_cdgis_words_itself_is_kept() -> None:
    assert in_words(Worded("没有坐标")) == "没有坐标"
    assert in_words(errors.ReaderError("空的", source="甲.txt", remedy="重新导出")) == "甲.txt：空的。重新导出"
    assert in_words(OSError(9999, "strange thing")) == "系统错误 9999"
