"""`cdgis pack new` and `add`: the skeleton of a pack for a province or a city, or somebody's pack, in the workspace's packs/."""

import shutil
from pathlib import Path

from cdgis.core.errors import CdgisError, UsageError, WorkspaceError, os_reason
from cdgis.core.packs import MANIFEST, PACKS_DIR, Pack, current_packs, on_packs, packs_in, read_pack, shipped_packs
from cdgis.core.vocabulary import Level
from cdgis.rules import load_rulebook
from cdgis.workspace.pack_choice import packs_of
from cdgis.workspace.settings import Workspace

_PROVINCE_DIGITS = 2
_MANIFEST = """# 数据包：{title}的规定和本地数据。写法见 docs/packs.md。
id = "{id}"
name = "{title}"                 # 与 cdgis.toml 的 [place] 一致
level = "{level}"
issuer = "（发布机关，待填）"
places = ["{place}"]             # 行政区划代码以它开头的地方适用，别处不适用
version = "{version}"
depends = [{depends}]
"""
_RULES = """# {title}的规定，一条一个 [[rule]]；没有见过原文的标“未核实”，不要编造条号。写法见 docs/howto.md。
# 国家或上级规则在本地另有规定的，只写要改的项：[[amend]]，id 是那条规则的编号。
#
# [[rule]]
# id = "{id}-01"
# title = "标题"
# level = "{level}"
# layer = "ecological_redline"
# project_types = ["新建", "改建", "扩建", "迁建"]
# types_reason = "条文怎样说"
# effect = "须论证"
# dimension = "空间布局约束"
# clause = "条文"
# basis = [{{ document = "文件名", article = "第几条", issuer = "发布机关", mark = "未核实" }}]
# effective_from = 2026-01-01
# source = "何处见到"
# mark = "未核实"
# needs_review = true
"""
_DOCUMENTS = """# 本包规则所据文件自哪一天起施行；cdgis rules check 据此核对。写法：
# [[document]]
# name = "文件名"
# from = 2026-01-01
# read = "何处见到"
document = []
"""
_CARBON = """本地碳因子放在这里（CSV，列名与自带数据包相同，每个值写来源和标记），缺的表由上级数据包补：
pools_<名称>.csv（碳密度）、sink_rates.csv（年增量）、age_class_carbon.csv、age_class_range.csv、growth_richards.csv、
growth_increment.csv、growth_power.csv、stand_rates.csv（林分生长）、planting_rules.csv（适地适树）、milestones.csv（规划目标）。
"""


def new_pack(workspace: Workspace, title: str, place: str) -> Pack:
    """Write the skeleton of a pack for places whose code begins with `place` and return it as read back.

    Raises
    ------
    UsageError : the code is none, the name is no folder's name, or the pack is there already.
    WorkspaceError : another pack of the workspace is wrong.
    """
    if not (place.isdigit() and len(place) in (2, 4, 6)):
        raise UsageError(f"--place 应为 2、4 或 6 位行政区划代码的开头，读到 {place!r}", remedy="例如 --place 43 或 --place 4304")
    name = title.strip()
    if not name or not all(letter.isalnum() or letter in "-_" for letter in name):
        raise UsageError(f"数据包名称应为汉字、字母或数字，读到 {title!r}")
    folder = workspace.root / PACKS_DIR / name
    known = {**shipped_packs(), **packs_in(workspace.root / PACKS_DIR)}
    if folder.exists() or name in known:
        raise UsageError(f"已有数据包 {name}，没有改动", remedy=f"请直接修改 {PACKS_DIR}/{name}/，或换一个名称")
    level = Level.PROVINCE if len(place) == _PROVINCE_DIGITS else Level.CITY
    above = [pack.id for pack in known.values() if any(place != code and place.startswith(code) for code in pack.places)]
    depends = ", ".join(f'"{parent}"' for parent in above or ["national"])
    words = {"id": name, "title": name, "level": level, "place": place, "version": str(workspace.settings.as_of), "depends": depends}
    files = {
        MANIFEST: _MANIFEST, f"rules/{name}.toml": _RULES, "documents.toml": _DOCUMENTS, "carbon/说明.txt": _CARBON,
    }  # fmt: skip
    try:
        for path, text in files.items():
            _write(folder / path, text if path.startswith(("documents", "carbon")) else text.format(**words))
    except OSError as err:
        raise UsageError(f"写不进 {PACKS_DIR}/{name}（{os_reason(err)}）", remedy="请检查权限") from err
    return read_pack(folder)


def add_pack(workspace: Workspace, source: Path) -> Pack:
    """Copy the pack in `source` into the workspace, proved to be read and to apply here, and return it.

    Raises
    ------
    WorkspaceError : `source` is no pack, or is another place's; RuleError : its rules cannot be used. Nothing is left then.
    UsageError : a pack of that id is there already.
    """
    pack = read_pack(source)
    folder = workspace.root / PACKS_DIR / pack.id
    if folder.exists():
        raise UsageError(f"已有数据包 {pack.id}，没有改动", remedy=f"要换新版的，先移走 {PACKS_DIR}/{pack.id}/")
    try:
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns(".*", "__pycache__"))
        with on_packs(packs_of(workspace)):
            if pack.id not in {other.id for other in current_packs()}:
                where = f"它适用 {'、'.join(pack.places)}"
                raise WorkspaceError(f"数据包 {pack.id} 在本工作区不起作用：{where}", remedy="请核对 [place] 的 code 和 packs")
            load_rulebook()
    except OSError as err:
        shutil.rmtree(folder, ignore_errors=True)
        raise UsageError(f"写不进 {PACKS_DIR}/{pack.id}（{os_reason(err)}）", remedy="请检查权限") from err
    except CdgisError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return read_pack(folder)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
