"""Every input of the shipped workspace damaged in five ways, a run of each, and the table of all: docs/damage.md.

    python -m tests.damage                       # all inputs, half an hour of a quiet core to an hour; writes docs/damage.md
    python -m tests.damage --only redlines,carbon --write-every 1

Runs on a copy of the repository's workspace with coarser grids and half a dozen subjects. Ends with exit code 1 if
a run stopped, or changed an answer in silence.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import rasterio
from rasterio.transform import Affine

sys.path.insert(0, str(Path(__file__).parents[1]))

from cdgis.workspace.catalog import Catalog
from cdgis.workspace.settings import open_workspace

from .trial import Bench, Outcome, attempt, only
from .ways import WAYS

REPO = Path(__file__).resolve().parents[2]
PAGE = REPO / "docs" / "damage.md"
MOST = 12
"""Subjects of one file that are judged."""
HEAD = """# 输入坏了会怎样

随附工作区的每一个输入，各坏五种样子，各运行一遍。本页由 `python -m tests.damage` 写出；`tests/test_damage.py` 在小工作区上抽查同样的要求。

| 样子 | 做法 |
|---|---|
| 清空 | 没有一行；栅格全部无值 |
| 空白 | 每三行一行的字段为空（界址点、KML 为空行）；栅格三分之一无值 |
| 错位 | 东移三度（带号差一）；表格每三行一行各列错开一格；界址点、KML 每三行一行错开一个字符 |
| 截断 | 文件只剩前六成字节 |
| 错值 | 每三行一行的字段写成不可能的值（界址点、KML 数字打成字母）；栅格三分之一为未声明的填充值 |

每次运行都要求：照常结束；不依赖这个输入的结论一个不变；依赖它的只能变为资料不足或更严；
凡结果有变，`data/gaps.csv`、`data/intake.csv` 或总说明写明这个文件。格内：

- 对象少 n：n 个对象读不出，不再研判（在 `data/intake.csv` 写明）；
- 结论 n：n 个结论变为资料不足或更严；
- 隔离 n：n 行未采用，逐行写明；
- 缺口 n：`data/gaps.csv` 增加的行；
- 仅值变：名称等变了，已写明，结论不变；
- 照常：`cdgis run` 不用它，或坏处不影响结果。

违反要求的用粗体写出。为省时，图层各行只带五六个对象（触及该图层的两个，另三四个结论各不相同），项目与企业的文件
只带它自己的前十二个对象，栅格每三行三列取一，碳账户只在它读这个输入时重算；各次只算到表，连同网页写出的用 `--write-every` 另试。
共 {count} 次，违反要求 {bad} 次。

河流、水库的图层整体错位、但仍有一部分落在本市时，以高程推导的河道为另一份数据：河线跟随它不比随便一处好多少的不用来命名，
水库、断面多数不在河上的列入 `data/gaps.csv`；河网直接采用所载河线的，报告写明“未与其他来源核对”。

| 输入 | {ways} |
|---|{bars}
"""


def main() -> int:
    """Try what was asked for and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="parts of file names, separated by commas; the page is then printed, not written")
    parser.add_argument("--write-every", type=int, default=1000, help="every so many runs, all pages are written too")
    parser.add_argument("--log", type=Path, help="a file of outcomes as they come, which a later call goes on from")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    rows: dict[str, dict[str, str]] = json.loads(asked.log.read_text(encoding="utf-8")) if asked.log and asked.log.exists() else {}
    with tempfile.TemporaryDirectory(prefix="cdgis-damage-") as scratch:
        benches = Benches(_copied(Path(scratch) / "w"))
        for number, (name, title, layer) in enumerate(_inputs(benches.root, open_workspace(benches.root).catalog)):
            cells = rows.setdefault(f"{title}（`{name}`）", {})
            if cells.keys() >= WAYS.keys() or (asked.only and not any(part in name for part in asked.only.split(","))):
                continue
            mine = benches.of(name, layer)
            for place, way in enumerate(WAYS, number * len(WAYS)):
                if way in cells:
                    continue
                out = Path(scratch) / "out" if place % asked.write_every == 0 else None
                started = time.perf_counter()
                found = attempt(mine, name, way, layer=layer, out=out, seed=number)
                cells[way] = found.words
                _say(name, way, found, time.perf_counter() - started)
                if asked.log:
                    asked.log.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    text = page(rows)
    if asked.only:
        sys.stdout.write(text)
    else:
        PAGE.write_text(text, encoding="utf-8")
    return int("**" in text)


def page(rows: dict[str, dict[str, str]]) -> str:
    """Return the page: input -> way -> what came of it; inputs not tried in all ways are named below the table."""
    done = {name: cells for name, cells in rows.items() if cells.keys() >= WAYS.keys()}
    head = HEAD.format(
        count=len(done) * len(WAYS), bad=sum("**" in cell for cells in done.values() for cell in cells.values()),
        ways=" | ".join(WAYS.values()), bars="---|" * len(WAYS),
    )  # fmt: skip
    text = head + "".join(f"| {name} | {' | '.join(cells[way] for way in WAYS)} |\n" for name, cells in done.items())
    left = [name for name in rows if name not in done]
    return text + (f"\n本次没有试完的 {len(left)} 个输入：{'、'.join(left)}。\n" if left else "")


def _copied(root: Path) -> Path:
    """Copy the workspace with every third row and column of its grids."""
    shutil.copytree(REPO / "layers", root / "layers", ignore=shutil.ignore_patterns("derive", "*.md", "__pycache__", "*.npz"))
    shutil.copy(REPO / "cdgis.toml", root)
    for path in (root / "layers").rglob("*.tif"):
        with rasterio.open(path) as source:
            values, profile = source.read(1)[1::3, 1::3], dict(source.profile)
        height, width = values.shape
        profile |= {"height": height, "width": width, "transform": profile["transform"] * Affine.scale(3)}
        with rasterio.open(path, "w", **profile) as out:
            out.write(values, 1)
    return root


def _inputs(root: Path, catalog: Catalog) -> Iterator[tuple[str, str, str]]:
    """Yield each input's path in the workspace, its title and its catalogue id; a file of subjects has none."""
    for name, spec in catalog.layers.items():
        yield f"layers/{spec.path}", spec.title, name
    for folder, title in (("projects", "项目"), ("enterprises", "企业")):
        for path in sorted((root / "layers" / folder).iterdir()):
            yield path.relative_to(root).as_posix(), title, ""


class Benches:
    """A bench for each input, with few subjects: two that touch the layer and three of other verdicts, or the file's own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._whole = Bench(root)
        judged = self._whole.baseline()
        self._subjects, self._touched = self._whole.subjects, judged.tables["overlaps"]
        verdicts = judged.tables["verdicts"]
        moving = list(judged.tables["relocation"]["enterprise_id"][:1])
        self._always = [*moving, *verdicts.drop_duplicates("verdict")["subject_id"][:3]]
        self._settings = (REPO / "cdgis.toml").read_text(encoding="utf-8")

    def of(self, name: str, layer: str) -> Bench:
        """Return the bench on which the input is to be damaged."""
        whole = self._whole
        bench = Bench(self.root, layers=whole.layers, derived=whole.derived, parts={k: v for k, v in whole.parts.items() if k != "relocation"})
        if layer or name.endswith("attributes.csv"):
            touching = self._touched.loc[self._touched["layer"] == layer, "subject_id"].unique()[:2]
            bench.keep = frozenset([*self._always, *touching])
            if layer:
                bench.subjects = only(self._subjects, bench.keep) if self._subjects else None
            (self.root / "cdgis.toml").write_text(self._settings, encoding="utf-8")
            return bench
        kind = "projects" if "/projects/" in name else "enterprises"
        attributes = 'project_attributes = "layers/projects/attributes.csv"\n' * (kind == "projects")
        head, rest = self._settings.split("[sources]")
        carbon = rest.split("[carbon]")[1]
        (self.root / "cdgis.toml").write_text(f'{head}[sources]\n{kind} = ["{name}"]\n{attributes}\n[carbon]{carbon}', encoding="utf-8")
        bench.most = MOST
        return bench


def _say(name: str, way: str, found: Outcome, seconds: float) -> None:
    sys.stderr.write(f"{name} {way} {seconds:.1f}s {found.words} {','.join(found.tables)[:150]}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    raise SystemExit(main())
