"""docs/api.md says what the docstrings say, each public thing has an example, and every example runs."""

import ast
import doctest
import inspect
import json
import os
import re
import subprocess
import sys
from functools import cached_property
from pathlib import Path

import pytest

import cdgis
from cdgis.workspace.create import create_workspace

pytestmark = pytest.mark.usefixtures("reads_once")
REPO = Path(__file__).resolve().parents[1]
PAGE = REPO / "docs" / "api.md"
MAKE = REPO / "docs" / "make_api.py"
KINDS = (cdgis.Session, cdgis.LayerFrames, cdgis.Result, cdgis.TraceResult, cdgis.CdgisError)


def made(*arguments, folder=REPO):
    place = {**os.environ, "PYTHONPATH": str(REPO), "PYTHONUTF8": "1"}
    return subprocess.run([sys.executable, MAKE, *arguments], capture_output=True, text=True, encoding="utf-8", cwd=folder, env=place)


def test_page_is_what_the_docstrings_say():
    found = made("--check")
    assert found.returncode == 0, found.stderr


def test_page_that_differs_is_noticed(tmp_path):
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "make_api.py").write_bytes(MAKE.read_bytes())
    (docs / "decisions").mkdir()
    (docs / "decisions" / "0032-frames-as-files.md").touch()
    (docs / "api.md").write_text(PAGE.read_text(encoding="utf-8").replace("ws.screen(", "ws.screne(", 1), encoding="utf-8")
    place = {**os.environ, "PYTHONPATH": str(REPO), "PYTHONUTF8": "1"}
    check = subprocess.run([sys.executable, docs / "make_api.py", "--check"], capture_output=True, env=place, check=False)
    assert check.returncode == 1


def functions():
    """Yield name -> function of everything public that can be called."""
    yield "open_workspace", cdgis.open_workspace
    for kind in KINDS:
        for name, member in vars(kind).items():
            if inspect.isfunction(member) and not name.startswith("_"):
                yield f"{kind.__name__}.{name}", member


def lacking(members):
    """Return the names whose docstring has no example."""
    return [name for name, member in members if ">>> " not in (inspect.getdoc(member) or "")]


def test_every_public_function_and_class_has_an_example_and_every_property_a_sentence():
    assert lacking(functions()) == []
    assert lacking((kind.__name__, kind) for kind in KINDS if kind is not cdgis.Session) == []
    for kind in KINDS:
        for name, member in vars(kind).items():
            if isinstance(member, property | cached_property):
                assert inspect.getdoc(member), f"{kind.__name__}.{name}"


def test_missing_example_is_noticed():
    assert lacking([("f", lambda: None), ("run", cdgis.Session.run)]) == ["f"]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """Return the shipped workspace with a few of its projects and enterprises."""
    root = tmp_path_factory.mktemp("api") / "承德"
    create_workspace(root)
    text = (root / "cdgis.toml").read_text(encoding="utf-8")
    few = {'"layers/projects/*"': '"layers/projects/一般选址.geojson"',
           '"layers/enterprises/*.xlsx", "layers/enterprises/*.csv"': '"layers/enterprises/排污许可导出.csv"'}  # fmt: skip
    for many, some in few.items():
        assert many in text
        text = text.replace(many, some)
    (root / "cdgis.toml").write_text(text, encoding="utf-8")
    return root


def examples():
    """Return name -> examples that belong together: methods of an answer go on from the example of its class."""
    found = {}
    for kind in (cdgis.open_workspace, *KINDS):
        for test in doctest.DocTestFinder().find(kind, kind.__name__, module=False):
            if test.examples:
                alone = kind in (cdgis.open_workspace, cdgis.Session)
                found.setdefault(test.name if alone else kind.__name__, []).append(test)
    return found


EXAMPLES = examples()


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_run_as_printed(name, workspace, monkeypatch):
    monkeypatch.chdir(workspace)
    told, names, runner = [], {}, doctest.DocTestRunner(verbose=False)
    for test in sorted(EXAMPLES[name], key=lambda test: test.name):
        test.globs = names
        runner.run(test, out=told.append, clear_globs=False)
    assert runner.summarize(verbose=False).failed == 0, "".join(told)


@pytest.mark.slow
def test_block_of_the_page_runs_as_printed_in_another_process(workspace, tmp_path):
    block = PAGE.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    assert "gdf_or_path_or_wkt" in block and "result.explore()" in block
    sites = "gdf_or_path_or_wkt = 'layers/projects/一般选址.geojson'\n"
    after = "result.explore().save('map.html')\n"
    code = sites + block + after
    place = {**os.environ, "PYTHONPATH": str(REPO), "PYTHONUTF8": "1"}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=workspace, env=place, check=False)
    assert found.returncode == 0, found.stderr
    assert {path.suffix for path in (workspace / "reports").iterdir() if path.is_file() and path.stem[0] != "."} >= {".html", ".docx"}
    page = (workspace / "map.html").read_text(encoding="utf-8")
    assert "<script src=" not in page and "https://cdn" not in page


NOTEBOOK = REPO / "docs" / "first_map.ipynb"


def run_cells(cells, names):
    """Run code cells as a notebook does and yield what each shows: its last expression."""
    for cell in cells:
        tree = ast.parse("".join(cell["source"]), mode="exec")
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, cell["id"], "exec"), names)
        yield eval(compile(ast.Expression(last.value), cell["id"], "eval"), names) if last is not None else None


@pytest.mark.slow
def test_notebook_goes_from_a_boundary_to_a_map_in_ten_cells(workspace, monkeypatch):
    book = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert (book["nbformat"], len(book["cells"])) == (4, 10)
    assert all(re.search("[\u4e00-\u9fff]", "".join(cell["source"])) for cell in book["cells"])
    monkeypatch.chdir(workspace)
    code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] for cell in code)
    shown = list(run_cells(code, {"__name__": "__main__"}))
    assert all("<" in thing._repr_html_() for thing in shown[:-1])
    names = shown[-1]
    assert names and all((workspace / "reports" / name).is_file() for name in names)
    page = (workspace / "map.html").read_text(encoding="utf-8")
    assert "<script src=" not in page and all(json.dumps(word)[1:-1] in page for word in ("不符合", "生态保护红线"))


def test_cell_that_fails_is_noticed():
    with pytest.raises(ZeroDivisionError):
        list(run_cells([{"id": "c", "source": ["x = 0\n", "1 / x"]}], {}))
