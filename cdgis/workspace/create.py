"""Creation of a workspace: the shipped Chengde one, or an empty one (`cdgis init`)."""

import shutil
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from cdgis.core import layer_ids
from cdgis.core.errors import WorkspaceError
from cdgis.workspace.catalog import LayerSpec, read_catalog
from cdgis.workspace.settings import SETTINGS_FILE

_PACKAGE = Path(__file__).resolve().parents[1]
_EMPTY_SETTINGS = """name = "我的工作区"
city = "某市"
as_of = {as_of}
catalog = "layers/catalog.toml"

[sources]
projects = ["layers/projects/*"]
project_attributes = "layers/projects/attributes.csv"
enterprises = ["layers/enterprises/*.xlsx", "layers/enterprises/*.csv"]
"""
CITY_SETTINGS = """# 工作区设置，写法见 usage.md。
name = "{name}三线一单工作区"
city = "{name}"
as_of = {as_of}
catalog = "layers/catalog.toml"

[place]
name = "{name}"
code = "{code}"
province = "{province}"
{place}
[sources]
projects = ["layers/projects/*"]
project_attributes = "layers/projects/attributes.csv"
enterprises = ["layers/enterprises/*.xlsx", "layers/enterprises/*.csv"]
"""
CITY_CATALOG = """# 图层目录。规则要用的图层都列在下面，没有填的是注释：
# 有文件的用 cdgis layers add 文件 --as 编号 登记；本市确无此类区的用 cdgis layers none 编号 声明；都没有的按资料不足判。
"""
_EMPTY_SIDECAR = "file,parcel,project_id,name,industry,project_type,activity\n"
_EMPTY_CATALOG = """# 每个图层一个条目，写法见示范工作区的 layers/catalog.toml。
[layers]
"""


def shipped_workspace() -> Path:
    """Return the folder of the Chengde workspace: inside the installed package, or the repository itself.

    Raises
    ------
    WorkspaceError : this installation carries no workspace.
    """
    for folder in (_PACKAGE / "workspace_chengde", _PACKAGE.parent):
        if (folder / SETTINGS_FILE).is_file() and (folder / "layers").is_dir():
            return folder
    raise WorkspaceError("安装包内没有示范工作区", remedy="请重新安装 cdgis，或用 --empty 新建空工作区")


@cache
def known_layers() -> Mapping[str, LayerSpec]:
    """Return what the shipped catalogue says of each layer: how it is called, what it holds, how its fields are named."""
    return read_catalog(shipped_workspace() / "layers" / "catalog.toml").layers


def standard_classes(layer_id: str, named: Sequence[str]) -> tuple[str, ...]:
    """Return the classes a layer may hold: the standard ones of which rules name any, else those that rules name.

    Classes of a layer that the rules in use name none of belong to the place the shipped catalogue is about; the three
    kinds of unit are the same everywhere.
    """
    spec = known_layers().get(layer_id)
    known = spec.allowed_classes if spec is not None else ()
    return known if set(named) & set(known) or layer_id == layer_ids.MANAGEMENT_UNITS else tuple(named)


def make_skeleton(folder: Path) -> None:
    """Create the folders of a workspace without any data.

    Raises
    ------
    WorkspaceError : the folder exists and is not empty.
    """
    _require_free(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _write_skeleton(folder)


def _require_free(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WorkspaceError(f"{folder} 已存在且不为空", remedy="请换一个目录名，以免覆盖已有文件")


def create_workspace(folder: Path, *, empty: bool = False) -> int:
    """Create a workspace in `folder` and return how many files it has.

    Raises
    ------
    WorkspaceError : the folder exists and is not empty, or lies in the data that would be copied.
    """
    _require_free(folder)
    source = None if empty else shipped_workspace()
    if source is not None and folder.resolve().is_relative_to((source / "layers").resolve()):
        raise WorkspaceError(f"{folder} 在示范数据的 layers/ 之内，不能把它复制到自己里面", remedy="请换一个目录")
    folder.mkdir(parents=True, exist_ok=True)
    if source is None:
        _write_skeleton(folder)
    else:
        shutil.copytree(source / "layers", folder / "layers", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copyfile(source / SETTINGS_FILE, folder / SETTINGS_FILE)
    return sum(1 for path in folder.rglob("*") if path.is_file())


def _write_skeleton(folder: Path) -> None:
    for name in ("projects", "enterprises"):
        (folder / "layers" / name).mkdir(parents=True)
    shipped_as_of = "2026-11-01"
    (folder / SETTINGS_FILE).write_text(_EMPTY_SETTINGS.format(as_of=shipped_as_of), encoding="utf-8")
    (folder / "layers" / "projects" / "attributes.csv").write_text(_EMPTY_SIDECAR, encoding="utf-8")
    (folder / "layers" / "catalog.toml").write_text(_EMPTY_CATALOG, encoding="utf-8")
