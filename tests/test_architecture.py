"""The house rules as a contract: who may import whom, which package stays behind which door, how large a thing may be."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "cdgis"

LEVELS: tuple[tuple[str, ...], ...] = (
    # L0: words and units
    ("errors", "arrays", "units", "model", "plaintext", "progress", "validation", "request"),
    ("amounts",),
    # L1: planes, shapes, tables
    ("offset_datums", "compiled"),
    ("geodesy", "view", "stretches"),
    ("geometry", "tables", "projections"),
    ("kernels", "schema"),
    # L2: what files say
    ("catalog", "attributes", "industry", "factors"),
    ("workspace", "frames", "raster"),
    ("rulebook", "readers"),
    ("policy", "starter"),
    # building blocks of the analyses
    ("kleene", "extents"),
    ("facts",),
    ("ruling", "clearance", "nearest"),
    ("barriers", "stability"),
    # L3: the analyses, which never import each other
    ("overlay", "judge", "describe", "layercheck", "questions", "cumulative", "compare", "relocation", "remedy", "guidance", "carbon",
     "rivers", "synergy", "outfalls", "reuse"),
    # L4: pipelines
    ("audit", "journal", "loading", "flow_store"),
    ("assessment",),
    ("report_file", "rule_editing", "carbon_account", "judging", "remedy_plan", "river_system", "synergy_plan"),
    ("screening", "differences", "river_entry", "relocation_plan"),
    ("trace_plan",),
    ("river_dossier", "outfall_plan", "reuse_plan"),
    ("assess", "batch"),
    ("cluster",),
    ("verify", "compare_plan"),
    ("verify_run",),
    # L5, L6
    ("report", "terminal"),
    ("summary",),
    ("cli",),
    ("__main__",),
)
"""Lowest first; a module imports only from rows above its own. `__init__` holds the version and imports nothing."""

FENCES = {
    "fiona": ("readers", "report.tables", "report.workbook", "report.geopackage"),
    "pyogrio": ("readers", "report.tables", "report.workbook", "report.geopackage"),
    "rasterio": ("raster",),
    "pyproj": ("geodesy", "projections"),
    "folium": ("report.mapview",),
    "numba": ("compiled",),
    "docx": ("report.screening_docx", "report.river_docx", "report.relocation_docx"),
    "matplotlib": ("report.stills",),
    "PIL": ("report.screening_picture", "report.river_picture"),
}
FORBIDDEN_NAMES = ("utils", "helpers", "common")
MAX_FILE_LINES = 320
MAX_BODY_LINES = 45


def modules(package: Path) -> dict[str, ast.Module]:
    """Return dotted names below the package -> syntax trees."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
        found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def imports(tree: ast.Module) -> Iterator[str]:
    """Yield every imported module, those inside functions and TYPE_CHECKING blocks included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield f"{'.' * node.level}{node.module or ''}"
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module)


def own_imports(name: str, tree: ast.Module, known: set[str]) -> set[str]:
    """Return the package's own modules that one module imports, itself excepted."""
    wanted = {target.removeprefix("cdgis.") for target in imports(tree) if target.startswith("cdgis.")}
    return {target for target in wanted if target in known} - {name}


def unit_of(name: str) -> str:
    """Return the row entry a module belongs to: readers.kml -> readers."""
    return name.split(".")[0]


def order_faults(trees: dict[str, ast.Module]) -> list[str]:
    """Return modules missing from LEVELS, relative imports, and imports of the same or a higher level."""
    level = {unit: i for i, row in enumerate(LEVELS) for unit in row}
    faults = [f"{name} 不在层级表中" for name in trees if unit_of(name) not in level and name != "__init__"]
    for name, tree in trees.items():
        faults += [f"{name}：相对导入 {target}" for target in imports(tree) if target.startswith(".")]
        for target in sorted(own_imports(name, tree, set(trees))):
            mine, other = unit_of(name), unit_of(target)
            if mine != other and level.get(other, -1) >= level.get(mine, len(LEVELS)):
                faults.append(f"{name} 导入了不低于自己的 {target}")
    return faults


def cycles(trees: dict[str, ast.Module]) -> list[str]:
    """Return modules that import themselves in the end, lazily or not."""
    graph = {name: own_imports(name, tree, set(trees)) for name, tree in trees.items()}

    def reached(name: str) -> set[str]:
        seen: set[str] = set()
        waiting = list(graph[name])
        while waiting:
            target = waiting.pop()
            if target not in seen:
                seen.add(target)
                waiting += graph[target]
        return seen

    return [name for name in graph if name in reached(name)]


def fence_faults(trees: dict[str, ast.Module]) -> list[str]:
    """Return imports of a fenced library outside its own modules."""
    return [
        f"{name} 导入了 {library}"
        for name, tree in trees.items()
        for library in sorted({target.split(".")[0] for target in imports(tree)} & set(FENCES))
        if not any(name == door or name.startswith(f"{door}.") for door in FENCES[library])
    ]


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function without its signature and docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def habit_faults(trees: dict[str, ast.Module]) -> list[str]:
    """Return print, assert isinstance, bare except, long bodies and missing docstrings."""
    faults = []
    for name, tree in trees.items():
        if ast.get_docstring(tree) is None:
            faults.append(f"{name} 没有模块说明")
        public = {n for n in ast.iter_child_nodes(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)}
        for node in ast.walk(tree):
            where = f"{name}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                faults.append(f"{where} print")
            if isinstance(node, ast.Assert):
                faults.append(f"{where} assert")
            if isinstance(node, ast.ExceptHandler) and is_broad(node) and not name.startswith("cli"):
                faults.append(f"{where} 过宽的 except")
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and body_lines(node) > MAX_BODY_LINES:
                faults.append(f"{where} {node.name} 有 {body_lines(node)} 行")
            if node in public and not node.name.startswith("_") and ast.get_docstring(node) is None:
                faults.append(f"{where} {node.name} 没有说明")
    return faults


def is_broad(handler: ast.ExceptHandler) -> bool:
    """Return whether a handler catches everything."""
    return handler.type is None or (
        isinstance(handler.type, ast.Name) and handler.type.id in ("Exception", "BaseException")
    )


def size_faults(package: Path) -> list[str]:
    """Return files that are too long or named for nothing in particular."""
    faults = []
    for path in sorted(package.rglob("*.py")):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MAX_FILE_LINES:
            faults.append(f"{path.name} 有 {lines} 行")
        if path.stem in FORBIDDEN_NAMES:
            faults.append(f"{path.name} 没有说明自己是什么")
    return faults


TREES = modules(PACKAGE)


def test_every_module_imports_only_lower_levels():
    assert order_faults(TREES) == []


def test_levels_name_no_module_that_is_gone():
    assert {unit for row in LEVELS for unit in row} - {unit_of(name) for name in TREES} == set()


def test_no_module_imports_itself_in_the_end():
    assert cycles(TREES) == []


def test_fenced_libraries_stay_behind_their_doors():
    assert fence_faults(TREES) == []


def test_house_habits_are_kept():
    assert habit_faults(TREES) == []


def test_files_are_of_a_size_and_have_names():
    assert size_faults(PACKAGE) == []


PLANTED = {
    "geodesy.py": ('"""D."""\nfrom cdgis.judge import judge\n', order_faults, "geodesy 导入了不低于自己的 judge"),
    "overlay.py": ('"""D."""\nimport cdgis.judge\n', order_faults, "overlay 导入了不低于自己的 judge"),
    "stray.py": ('"""D."""\n', order_faults, "stray 不在层级表中"),
    "kernels/__init__.py": ('"""D."""\nfrom .judge import judge\n', order_faults, "kernels：相对导入 .judge"),
    "facts.py": ('"""D."""\ndef f():\n    """D."""\n    from cdgis import judge\n    return judge\n', cycles, "judge"),
    "guidance.py": ('"""D."""\nimport pyproj\n', fence_faults, "guidance 导入了 pyproj"),
    "report/mapview.py": ('"""D."""\nfrom rasterio.crs import CRS\n', fence_faults, "report.mapview 导入了 rasterio"),
    "rule.py": ('"""D."""\nprint("x")\n', habit_faults, "rule:2 print"),
    "frames.py": ('"""D."""\ndef f(x):\n    """D."""\n    assert isinstance(x, int)\n', habit_faults, "frames:4 assert"),
    "policy.py": ('"""D."""\ntry:\n    pass\nexcept Exception:\n    pass\n', habit_faults, "policy:4 过宽的 except"),
    "audit.py": ('"""D."""\ndef f():\n    return 1\n', habit_faults, "audit:2 f 没有说明"),
    "schema.py": ("import pandas\n", habit_faults, "schema 没有模块说明"),
    "loading.py": ('"""D."""\ndef f():\n    """D."""\n' + "    x = 1\n" * 46, habit_faults, "loading:2 f 有 46 行"),
}


@pytest.mark.parametrize("file", PLANTED)
def test_planted_violation_is_found(file, tmp_path):
    text, check, fault = PLANTED[file]
    (tmp_path / "judge.py").write_text('"""D."""\nfrom cdgis.facts import f\n', encoding="utf-8")
    (tmp_path / "facts.py").write_text('"""D."""\n', encoding="utf-8")
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(text, encoding="utf-8")
    assert fault in check(modules(tmp_path))


def test_planted_long_or_nameless_file_is_found(tmp_path):
    (tmp_path / "utils.py").write_text("x = 1\n" * (MAX_FILE_LINES + 1), encoding="utf-8")
    assert size_faults(tmp_path) == ["utils.py 有 321 行", "utils.py 没有说明自己是什么"]
