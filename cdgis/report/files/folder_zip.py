"""A whole output folder as one archive with a start page; the same files give the same bytes."""

import os
import tempfile
from itertools import chain
from pathlib import Path

from markupsafe import escape

from cdgis.core.errors import ReportError, os_reason
from cdgis.core.fixed_zip import write_members
from cdgis.core.written_files import REGISTER

START = "从这里打开.html"
_PAGES = (
    ("index.html", "一张图：地图、名录、每个对象的条款"), ("dashboard.html", "总览与措施"), ("relocation.html", "搬迁与整治"),
    ("carbon.html", "碳汇"), ("places.html", "分县区、单元、流域"), ("data/README.txt", "数据表说明"), ("data/cdgis.xlsx", "全部表（Excel）"),
    ("reports/合订本.pdf", "报告合订本（PDF）"),
)  # fmt: skip
_STYLE = "body { font: 16px/1.7 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif; max-width: 42em; margin: 2em auto; padding: 0 1em; }"


def zip_folder(folder: Path, names: list[str], *, title: str) -> Path:
    """Write `folder`.zip beside the folder, with these files of it below its name and a start page, and return its path.

    Parameters
    ----------
    names : paths below the folder.
    title : of the start page.

    Raises
    ------
    ReportError : the archive cannot be written.
    """
    target = folder.with_name(f"{folder.name}.zip")
    try:
        handle, scratch = tempfile.mkstemp(prefix=".cdgis-", dir=target.parent)
        files = ((f"{folder.name}/{name}", (folder / name).read_bytes()) for name in sorted(set(names) - {REGISTER}))
        with os.fdopen(handle, "wb") as stream:
            write_members(stream, chain([(START, start_page(folder.name, names, title).encode())], files))
        Path(scratch).replace(target)
    except OSError as err:
        raise ReportError(f"无法写入 {target}：{os_reason(err)}", remedy="请检查权限和磁盘空间，并关闭正打开它的程序后重试") from err
    return target


def start_page(folder: str, names: list[str], title: str) -> str:
    """Return the page a reader opens first: what is in the archive, and that it has to be unpacked."""
    there = set(names)
    links = "".join(f'<li><a href="{escape(folder)}/{name}">{words}</a></li>' for name, words in _PAGES if name in there)
    return (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
        f"<h1>{escape(title)}</h1><p>请先把压缩包整个解开，再从这里打开；在压缩包里直接双击，链接打不开。断网可用。共 {len(there)} 个文件。</p>"
        f"<ul>{links}</ul><p>核对：在原工作区里运行 cdgis verify {escape(folder)}。</p>\n"
    )
