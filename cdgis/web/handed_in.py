"""Files handed in for the workspace rather than for a case: kept apart under safe names until they are used or forgotten."""

import shutil
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

from fastapi import UploadFile

from cdgis.core.errors import DeskError, os_reason
from cdgis.web.case_files import checked_name
from cdgis.web.running_desk import Desk

_KEPT_S = 7 * 24 * 3600.0
LAYER_SUFFIXES = (".shp", ".gpkg", ".geojson", ".json", ".kml", ".kmz", ".dxf", ".tab", ".mif", ".zip", ".gml", ".fgb", ".parquet")
"""What a layer is named by; the other files handed in with it are its parts."""


def kept_upload(desk: Desk, files: Sequence[UploadFile], *, main: Sequence[str] = LAYER_SUFFIXES) -> Path:
    """Keep the files of a layer (or of another thing named by one of the suffixes `main`) in a folder; return the one it is named by.

    Raises
    ------
    DeskError : a name cannot be used, no file is a layer or more than one is, or the disk is full.
    """
    names = [checked_name(file.filename or "") for file in files]
    if not names or len(names) > desk.settings.limits.files or len({name.casefold() for name in names}) != len(names):
        raise DeskError(f"一次最多交 {desk.settings.limits.files} 个文件，名称不能重复")
    found = [name for name in names if Path(name).suffix.lower() in main]
    if len(found) != 1:
        raise DeskError(f"应交一份 {'、'.join(main)} 文件（SHP 连同 .shx .dbf .prj）", remedy=f"读到 {'、'.join(names)[:100]}，请改正后重新上传")
    forget_old(desk)
    folder = desk.settings.folder / "uploads" / uuid.uuid4().hex
    try:
        folder.mkdir(parents=True)
        for name, file in zip(names, files, strict=True):
            with (folder / name).open("xb") as target:
                shutil.copyfileobj(file.file, target)
    except OSError as err:
        shutil.rmtree(folder, ignore_errors=True)
        raise DeskError(f"文件没有保存：{os_reason(err)}", remedy="请检查磁盘空间和权限后重试", status=503) from err
    return folder / found[0]


def upload_named(desk: Desk, folder: str, name: str) -> Path:
    """Return a file handed in before.

    Raises
    ------
    DeskError : there is none.
    """
    base = (desk.settings.folder / "uploads").resolve()
    found = (base / folder / name).resolve()
    if found.parent.parent != base or not found.is_file():
        raise DeskError("没有这个文件", remedy="请重新上传", status=404)
    return found


def forget_old(desk: Desk) -> None:
    """Remove what was handed in a week ago."""
    for folder in (desk.settings.folder / "uploads").glob("*"):
        if folder.is_dir() and time.time() - folder.stat().st_mtime > _KEPT_S:
            shutil.rmtree(folder, ignore_errors=True)
