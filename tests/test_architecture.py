"""The house rules as a contract: who may import whom, which package stays behind which door, how large a thing may be."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "cdgis"

LEVELS: tuple[tuple[str, ...], ...] = (
    ("core",),
    ("geometry", "rules"),
    ("workspace",),
    ("readers", "raster"),
    ("results",),
    ("rivers",),
    ("judging", "carbon"),
    ("siting",),
    ("relocation",),
    ("report",),
    ("pipelines",),
    ("web",),
    ("cli",),
    ("__main__",),
)
"""Rooms, lowest first; a room imports only rooms of rows above its own."""

REPORT_LEVELS: tuple[tuple[str, ...], ...] = (
    ("wording", "table_rows"),
    ("drawing",),
    ("files",),
    ("templating",),
    ("standalone_page", "rules_catalogue", "rule_changes_page"),
    ("screening", "carbon", "rivers", "relocation"),
    ("map",),
    ("site",),
    ("public", "publish", "notebook"),
)
"""Rooms inside report/, lowest first: the same law once more."""

FENCES = {
    "fiona": ("readers", "report.files"),
    "pyogrio": ("readers", "report.files"),
    "rasterio": ("raster",),
    "pyproj": ("geometry.geodesy", "geometry.gauss_kruger", "geometry.projections", "geometry.projection_faults"),
    "folium": ("report.map",),
    **dict.fromkeys(("fastapi", "starlette", "uvicorn", "sqlalchemy", "alembic", "argon2", "multiprocessing", "psutil", "joserfc"), ("web",)),
    "numba": ("core.compiled",),
    "docx": (
        "report.files.docx_base", "report.screening.docx", "report.screening.official_form", "report.screening.word_record",
        "report.rivers.docx", "report.relocation.docx",
    ),
    "matplotlib": ("report.site.overview_png",),
    "PIL": ("report.drawing.fonts", "report.drawing.zone_picture", "report.screening.figure_png", "report.rivers.plan_png"),
}
NETWORK = ("urllib.request", "urllib.error", "http", "http.client", "socket", "ssl", "psycopg", "requests", "urllib3", "ftplib", "asyncio")
NETWORK_ROOMS = ("readers.sources", "web.webhooks", "web.single_sign_on")
"""What can open a connection, and what alone may: the room that takes snapshots, and the desk's messages to configured addresses."""
FORBIDDEN_NAMES = ("utils", "helpers", "common")
SHARED_STEMS = ("page", "content", "docx", "publish")
"""What several rooms may call a file of theirs; every other file is known by its name alone."""
MEANS_SOMETHING_ELSE = ("cli.water", "pipelines.output_folder", "report.site.place_content", "carbon.account.landcover", "workspace.settings")
"""Modules where a word that is also a layer's id names a command, a folder, a zone or a setting."""
MAX_TOP_NAMES = 20
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


def report_faults(trees: dict[str, ast.Module]) -> list[str]:
    """Return rooms inside report/ missing from REPORT_LEVELS, and imports of a room of the same or a higher level."""
    level = {unit: i for i, row in enumerate(REPORT_LEVELS) for unit in row}
    inside = {name: tree for name, tree in trees.items() if name.startswith("report.")}
    faults = [f"{name} 不在 report/ 的层级表中" for name in inside if name.split(".")[1] not in level]
    for name, tree in inside.items():
        for target in sorted(own_imports(name, tree, set(inside))):
            mine, other = name.split(".")[1], target.split(".")[1]
            if mine != other and level.get(other, -1) >= level.get(mine, len(level)):
                faults.append(f"{name} 导入了 report/ 中不低于自己的 {target}")
    return faults


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


def network_faults(trees: dict[str, ast.Module]) -> list[str]:
    """Return imports of what can open a connection outside the room that takes snapshots."""
    return [
        f"{name} 导入了 {target}"
        for name, tree in trees.items()
        for target in sorted(set(imports(tree)))
        if any(target == library or target.startswith(f"{library}.") for library in NETWORK) and not name.startswith(NETWORK_ROOMS)
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
        faults += [f"{name} 的第一行不是一句陈述"] if not is_statement(ast.get_docstring(tree)) else []
    return faults


def is_statement(docstring: str | None) -> bool:
    """Return whether a docstring's first line can stand in a listing: one sentence, no question."""
    first = (docstring or ".").splitlines()[0]
    return "?" not in first and first.rstrip(")").endswith(".")


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


def literal_faults(trees: dict[str, ast.Module]) -> list[str]:
    """Return comparisons with a Chinese literal, outside the readers whose grammar it is: an enumeration is missing."""
    faults = []
    for name, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Compare) and not name.startswith("readers."):
                words = {w for part in (node.left, *node.comparators) for w in chinese_words(part)}
                faults += [f"{name} 与“{word}”比较" for word in sorted(words)]
    return sorted(set(faults))


def chinese_words(node: ast.expr) -> Iterator[str]:
    """Yield the Chinese literals that an operand is, or that it lists."""
    parts = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]
    for part in parts:
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and any("一" <= c <= "鿿" for c in part.value):
            yield part.value


def layer_id_faults(trees: dict[str, ast.Module]) -> list[str]:
    """Return layer ids written out in code instead of taken from `core.layer_ids`."""
    known = {n.value.value for n in trees["core.layer_ids"].body if isinstance(n, ast.Assign) and isinstance(n.value, ast.Constant)}
    faults = []
    for name, tree in trees.items():
        if name == "core.layer_ids" or name in MEANS_SOMETHING_ELSE:
            continue
        docs = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
        faults += [
            f"{name}:{n.lineno} 写出了图层号 {n.value}"
            for n in ast.walk(tree)
            if isinstance(n, ast.Constant) and n.value in known and id(n) not in docs
        ]
    return faults


def stem_faults(package: Path) -> list[str]:
    """Return file names that stand in more than one folder, and a top folder too full to take in at a glance."""
    folders: dict[str, list[str]] = {}
    for path in sorted(package.rglob("*.py")):
        if path.stem not in ("__init__", *SHARED_STEMS):
            folders.setdefault(path.stem, []).append(path.parent.relative_to(package).as_posix())
    faults = [f"{stem} 同名于 {'、'.join(found)}" for stem, found in folders.items() if len(found) > 1]
    top = [path.name for path in package.iterdir() if path.name != "__pycache__"]
    return faults + ([f"顶层有 {len(top)} 个名字"] if len(top) > MAX_TOP_NAMES else [])


@pytest.fixture(scope="module")
def trees():
    """Return the syntax trees of the package: parsed when a test asks and let go with this file, for they are large."""
    return modules(PACKAGE)


def test_every_module_imports_only_lower_levels(trees):
    assert order_faults(trees) == []


def test_rooms_inside_report_import_only_lower_ones(trees):
    assert report_faults(trees) == []
    assert {f"report.{unit}" for row in REPORT_LEVELS for unit in row} <= set(trees)


def test_levels_name_no_module_that_is_gone(trees):
    assert {unit for row in LEVELS for unit in row} - {unit_of(name) for name in trees} == set()


def test_no_module_imports_itself_in_the_end(trees):
    assert cycles(trees) == []


def test_fenced_libraries_stay_behind_their_doors(trees):
    assert fence_faults(trees) == []


def test_only_the_snapshot_room_can_open_a_connection(trees):
    assert network_faults(trees) == []
    assert any(target == "psycopg" for tree in trees.values() for target in imports(tree))


def test_house_habits_are_kept(trees):
    assert habit_faults(trees) == []


def test_files_are_of_a_size_and_have_names():
    assert size_faults(PACKAGE) == []


def test_nothing_is_compared_with_a_chinese_literal(trees):
    assert literal_faults(trees) == []


def test_layer_ids_are_written_in_one_place(trees):
    assert layer_id_faults(trees) == []


def test_planted_literals_are_found():
    planted = {
        "core.layer_ids": ast.parse('CITY = "city"'),
        "rivers.x": ast.parse('a = row["kind"] == "水库"; b = state in ("符合", "x")'),
        "rivers.y": ast.parse('layer = layers["city"]'),
        "readers.z": ast.parse('a = word == "东经"'),
    }
    assert literal_faults(planted) == ["rivers.x 与“水库”比较", "rivers.x 与“符合”比较"]
    assert layer_id_faults(planted) == ["rivers.y:1 写出了图层号 city"]


def test_every_file_is_known_by_its_name_alone():
    assert stem_faults(PACKAGE) == []


def test_planted_namesake_or_full_top_is_found(tmp_path):
    for name in ("rules/areas.py", "rivers/areas.py", "rules/page.py", "rivers/page.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert stem_faults(tmp_path) == ["areas 同名于 rivers、rules"]
    for number in range(MAX_TOP_NAMES - 1):
        (tmp_path / f"room{number}").mkdir()
    assert stem_faults(tmp_path)[1:] == ["顶层有 21 个名字"]


PLANTED = {
    "report/site/late.py": ('"""D."""\nfrom cdgis.report.public.reduction import Withheld\n', report_faults,
                            "report.site.late 导入了 report/ 中不低于自己的 report.public.reduction"),
    "report/files/across.py": ('"""D."""\nimport cdgis.report.public.reduction\n', report_faults,
                               "report.files.across 导入了 report/ 中不低于自己的 report.public.reduction"),
    "report/carbon/across.py": ('"""D."""\nimport cdgis.report.screening.case\n', report_faults,
                                "report.carbon.across 导入了 report/ 中不低于自己的 report.screening.case"),
    "report/attic.py": ('"""D."""\n', report_faults, "report.attic 不在 report/ 的层级表中"),
    "geometry/plane.py": ('"""D."""\nfrom cdgis.judging.verdicts import judge\n', order_faults,
                          "geometry.plane 导入了不低于自己的 judging.verdicts"),
    "readers/late.py": ('"""D."""\ndef f():\n    """D."""\n    import cdgis.judging.verdicts\n', order_faults,
                        "readers.late 导入了不低于自己的 judging.verdicts"),
    "stray.py": ('"""D."""\n', order_faults, "stray 不在层级表中"),
    "rules/near.py": ('"""D."""\nfrom .book import read\n', order_faults, "rules.near：相对导入 .book"),
    "judging/facts.py": ('"""D."""\ndef f():\n    """D."""\n    from cdgis.judging import verdicts\n    return verdicts\n',
                         cycles, "judging.verdicts"),
    "siting/away.py": ('"""D."""\nimport pyproj\n', fence_faults, "siting.away 导入了 pyproj"),
    "report/map/page.py": ('"""D."""\nfrom rasterio.crs import CRS\n', fence_faults, "report.map.page 导入了 rasterio"),
    "report/page.py": ('"""D."""\nfrom urllib.request import urlopen\n', network_faults, "report.page 导入了 urllib.request"),
    "rules/rule.py": ('"""D."""\nprint("x")\n', habit_faults, "rules.rule:2 print"),
    "core/words.py": ('"""D."""\ndef f(x):\n    """D."""\n    assert isinstance(x, int)\n', habit_faults, "core.words:4 assert"),
    "rules/policy.py": ('"""D."""\ntry:\n    pass\nexcept Exception:\n    pass\n', habit_faults, "rules.policy:4 过宽的 except"),
    "results/audit.py": ('"""D."""\ndef f():\n    return 1\n', habit_faults, "results.audit:2 f 没有说明"),
    "tables/schema.py": ("import pandas\n", habit_faults, "tables.schema 没有模块说明"),
    "judging/zones.py": ('"""Which zone is nearest?"""\n', habit_faults, "judging.zones 的第一行不是一句陈述"),
    "readers/loading.py": ('"""D."""\ndef f():\n    """D."""\n' + "    x = 1\n" * 46, habit_faults, "readers.loading:2 f 有 46 行"),
}


@pytest.mark.parametrize("file", PLANTED)
def test_planted_violation_is_found(file, tmp_path):
    text, check, fault = PLANTED[file]
    (tmp_path / "judging").mkdir()
    (tmp_path / "judging/verdicts.py").write_text('"""D."""\nfrom cdgis.judging.facts import f\n', encoding="utf-8")
    (tmp_path / "judging/facts.py").write_text('"""D."""\n', encoding="utf-8")
    for name in ("report/public/reduction.py", "report/screening/case.py", file):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(text if name == file else '"""D."""\n', encoding="utf-8")
    assert fault in check(modules(tmp_path))


def test_planted_long_or_nameless_file_is_found(tmp_path):
    (tmp_path / "utils.py").write_text("x = 1\n" * (MAX_FILE_LINES + 1), encoding="utf-8")
    assert size_faults(tmp_path) == ["utils.py 有 321 行", "utils.py 没有说明自己是什么"]


def test_no_browser_test_waits_by_evaluating_inside_the_page():
    """Pages forbid `unsafe-eval`: such a wait holds only if its expression is true at the first look (`visits.until` asks from outside)."""
    files = (PACKAGE.parent / "tests" / "browser").glob("*.py")
    assert [path.name for path in files if "wait_for_function(" in path.read_text(encoding="utf-8")] == []
