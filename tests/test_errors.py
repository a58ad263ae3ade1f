"""Every error carries what was found and what to do as fields; nobody cuts them out of a message."""

import ast
import inspect
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdgis.core import errors
from cdgis.core.errors import CdgisError, CrsError, LayerError, ReaderError, RuleError, SchemaError

PACKAGE = Path(errors.__file__).parent
KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, CdgisError)]
SPECIAL = {
    CrsError: lambda: CrsError("甲.shp", found="没有坐标系", expected="EPSG:4490", remedy="补上 .prj"),
    LayerError: lambda: LayerError("a.gpkg", "redline", ("编号重复", "类别为空")),
    SchemaError: lambda: SchemaError("ledger", ("缺少列 unit",)),
    RuleError: lambda: RuleError(("R1 没有依据", "R2 没有层级")),
}
ASKS = ("。请", "；请", "，请", "：请")
"""How a remedy begins inside a message."""


def example(kind):
    return SPECIAL.get(kind, lambda: kind("读到 3 列", source="甲.csv", remedy="请补上列名"))()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_has_source_reason_and_remedy(kind):
    err = example(kind)
    assert err.reason and err.remedy and err.source
    assert str(err).startswith(err.source)
    assert all(part in str(err) for part in err.reason.split("；"))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_survives_the_way_to_another_process(kind):
    err = example(kind)
    copy = pickle.loads(pickle.dumps(err))
    assert type(copy) is kind and str(copy) == str(err) and vars(copy) == vars(err)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in SPECIAL], ids=lambda kind: kind.__name__)
def test_error_without_a_remedy_names_the_usual_one_and_keeps_its_message(kind):
    err = kind("读到 3 列")
    assert str(err) == "读到 3 列" and err.remedy == kind.usual_remedy


@given(source=st.text(), reason=st.text(min_size=1), remedy=st.text())
def test_message_is_made_of_the_fields(source, reason, remedy):
    err = ReaderError(reason, source=source, remedy=remedy)
    head = f"{source}：" if source else ""
    tail = ("\n" if "\n" in reason else "。") + remedy if remedy else ""
    assert str(err) == head + reason + tail
    assert (err.source, err.reason, err.told) == (source, reason, reason + tail)


def hidden_remedies(tree):
    """Return the lines on which an error is made whose reason holds the remedy as well."""
    names = {kind.__name__ for kind in KINDS if kind not in SPECIAL}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names and node.args:
            parts = [part.value for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)]
            if any(ask in str(part) for part in parts for ask in ASKS):
                yield node.lineno


def test_no_reason_hides_a_remedy():
    faults = {
        path.relative_to(PACKAGE).as_posix(): lines
        for path in sorted(PACKAGE.rglob("*.py"))
        if (lines := list(hidden_remedies(ast.parse(path.read_text(encoding="utf-8")))))
    }
    assert faults == {}


def test_hidden_remedy_is_found():
    tree = ast.parse('raise ReaderError(f"{label}：文件是空的。请重新导出")\nraise ReaderError("空的", remedy="请重新导出")')
    assert list(hidden_remedies(tree)) == [1]
