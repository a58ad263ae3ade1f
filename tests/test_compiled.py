"""Kernels give what Python gives, compile nothing at start-up, and work where nothing can be written."""

import subprocess
import sys
from pathlib import Path

from small_workspace import small_workspace

PROGRAM = """\
from cdgis.core.compiled import kernel


@kernel
def add_up(count):
    total = 0.0
    for step in range(count):
        total += step / 3
    return total
"""
REPORT = """
print(add_up(1000) == add_up.py_func(1000), sum(add_up.stats.cache_misses.values()))
"""
ROOT = Path(__file__).parent.parent


def run(program: Path, cache: Path) -> str:
    """Return what a program prints whose user cache is `cache`."""
    environment = {"PATH": "", "HOME": str(cache), "XDG_CACHE_HOME": str(cache), "LOCALAPPDATA": str(cache)}
    done = subprocess.run(
        [sys.executable, str(program)], env={**environment, "PYTHONPATH": str(ROOT)}, capture_output=True, check=True
    )
    return done.stdout.decode().strip()


def test_kernel_is_kept_in_the_user_cache_when_the_package_is_read_only(tmp_path: Path) -> None:
    program = tmp_path / "adding.py"
    program.write_text(PROGRAM + REPORT, encoding="utf-8")
    # A file where the cache folder should be is refused to every user, root included.
    (tmp_path / "__pycache__").write_text("")
    cache = tmp_path / "缓存"
    assert run(program, cache) == "True 1"
    assert list(cache.rglob("*.nbc"))
    assert run(program, cache) == "True 0"


def test_kernel_is_made_anew_when_what_it_calls_has_changed_in_another_file(tmp_path: Path) -> None:
    piece = "from cdgis.core.compiled import kernel\n\n@kernel\ndef step(value):\n    return value + {}\n"
    program = tmp_path / "stepping.py"
    text = "from cdgis.core.compiled import kernel\nfrom stepped import step\n\n@kernel\ndef twice(value):\n    return step(step(value))\n\n"
    program.write_text(text + "print(twice(0), sum(twice.stats.cache_misses.values()))\n", encoding="utf-8")
    found = []
    for by in (1, 1, 20):
        if not found or by != 1:
            (tmp_path / "stepped.py").write_text(piece.format(by), encoding="utf-8")
        found.append(run(program, tmp_path / "缓存"))
    assert found == ["2 1", "2 0", "40 1"]


def test_kernel_runs_when_nothing_can_be_written() -> None:
    found: dict[str, object] = {}
    exec(PROGRAM, found)  # a function without a file has no place for a cache
    assert found["add_up"](10) == sum(step / 3 for step in range(10))  # type: ignore[operator]


NOT_FOR_ONE_SITE = {
    "numba", "llvmlite", "scipy", "sklearn", "matplotlib", "PIL", "folium", "rasterio", "fiona", "openpyxl", "xlrd", "docx", "ezdxf", "lxml",
    "dask", "pyflwdir", "networkx", "tomlkit", "fastapi", "sqlalchemy", "psycopg", "rich.markdown", "typer.rich_utils", "cdgis.web",
    "cdgis.carbon", "cdgis.relocation", "cdgis.report.relocation", "cdgis.report.carbon", "cdgis.report.map", "cdgis.report.site",
    "cdgis.report.public", "cdgis.raster", "cdgis.rivers.network", "cdgis.cli.summary", "cdgis.pipelines.assess_city",
}  # fmt: skip
"""What other commands load, and `cdgis screen` of one site must not pay for."""


def test_one_site_loads_nothing_that_only_other_commands_need(tmp_path: Path) -> None:
    root = small_workspace(tmp_path / "区")
    site = "POLYGON((117.51 41.40,117.52 41.40,117.52 41.41,117.51 41.40))"
    words = ["screen", "--wkt", site, "--workspace", str(root), "--out", str(tmp_path / "出"), "--quiet"]
    program = f"import sys; from cdgis.cli import main\ntry: main({words!r})\nexcept SystemExit as end: assert not end.code\nprint(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    loaded = set(told.split())
    assert "cdgis.report.screening.publish" in loaded and (tmp_path / "出/data/verdicts.csv").is_file()
    assert sorted(loaded & NOT_FOR_ONE_SITE) == []
