"""Where a command may write: never among what it reads, so that no output replaces or becomes an input."""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from cdgis.core.errors import UsageError
from cdgis.core.regular_files import real_path
from cdgis.readers.inputs import expand_globs
from cdgis.rules.workspace_rules import RULES_DIR
from cdgis.workspace.settings import SETTINGS_FILE, Workspace, absolute_path

_PARTS = ("", "data", "sites", "counties", "units", "relocations", "stills")
"""Folders below an output folder in which commands put files of fixed names."""
_WILD = "*?["
_MOST_LISTED = 5


def checked_output(out: Path, workspace: Workspace, *, files: Sequence[Path] = ()) -> Path:
    """Return `out` when a command may write there.

    Parameters
    ----------
    files : what the command reads besides the workspace's own sources.

    Raises
    ------
    UsageError : it is a workspace's own folder, lies in a folder of inputs, or has inputs where files would go.
    """
    place = real_path(out)
    if (place / SETTINGS_FILE).is_file():
        raise UsageError(
            f"--out 指向工作区目录本身（{out}）：输出会与图层和设置混在一起",
            remedy="请写到其下的文件夹，如 --out maps",
        )
    for folder in _input_folders(workspace):
        if place.is_relative_to(folder):
            raise UsageError(
                f"--out {out} 在输入数据的文件夹 {folder.name}/ 里：输出会被当作输入", remedy="请写到别的文件夹"
            )
    lying = _inputs_below(place, workspace, files)
    if lying:
        listed = "、".join(lying[:_MOST_LISTED]) + (f" 等 {len(lying)} 个" if len(lying) > _MOST_LISTED else "")
        raise UsageError(
            f"--out {out} 里放着本次要读的文件：{listed}。输出不写在输入旁边",
            remedy="请写到别的文件夹，如 --out reports",
        )
    return out


def _input_folders(workspace: Workspace) -> Iterator[Path]:
    """Yield the folders of layers and own rules, and those in which the patterns for sites look for files."""
    root = real_path(workspace.root)
    for folder in (real_path(workspace.layers_dir), root / RULES_DIR):
        if folder != root:
            yield folder
    sources = workspace.settings.sources
    for pattern in (*sources.projects, *sources.enterprises):
        parts = PurePosixPath(pattern).parts
        fixed = parts[: next((i for i, part in enumerate(parts[:-1]) if any(sign in part for sign in _WILD)), len(parts) - 1)]
        if fixed and ".." not in fixed:
            yield real_path(root.joinpath(*fixed))


def _inputs_below(place: Path, workspace: Workspace, files: Sequence[Path]) -> list[str]:
    sources = workspace.settings.sources
    found = (*files, *expand_globs(workspace.root, (*sources.projects, *sources.enterprises)))
    taken = {place / part for part in _PARTS}
    lying = [path for path in found if {absolute_path(path).parent, real_path(path).parent, real_path(path)} & taken]
    return sorted({path.name for path in lying})
