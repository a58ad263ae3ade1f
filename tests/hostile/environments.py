"""The same screening in environments of all sorts: the same bytes, or a clear refusal."""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from small_workspace import small_workspace

from .trials import Case, Fate, Outcome

_ROOT = Path(__file__).parents[2]
_CLEAN = ("LC_", "LANG", "PYTHONUTF8")


def _environments(scratch: Path) -> dict[str, dict[str, str]]:
    """Return by name what differs from the environment of this process."""
    odd = scratch / "临时 文件夹'\"&;"
    odd.mkdir(parents=True)
    return {
        "LC_ALL=C without UTF-8": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        "LANG=C": {"LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        "POSIX": {"LC_ALL": "POSIX"}, "unknown locale": {"LC_ALL": "zh_CN.GB2312"}, "Turkish": {"LC_ALL": "tr_TR.UTF-8"},
        "ASCII output": {"PYTHONIOENCODING": "ascii"}, "GBK output": {"PYTHONIOENCODING": "gbk"},
        "west": {"TZ": "Pacific/Honolulu"}, "east": {"TZ": "Pacific/Kiritimati"}, "no zone": {"TZ": "Nowhere/Town"},
        "odd TMPDIR": {"TMPDIR": str(odd)}, "no HOME": {"HOME": "/nonexistent"}, "narrow": {"COLUMNS": "20"}, "wide": {"COLUMNS": "400"},
        "no colour": {"NO_COLOR": "1", "TERM": "dumb"}, "seed 1": {"PYTHONHASHSEED": "1"}, "seed 2": {"PYTHONHASHSEED": "4294967295"},
        "optimised": {"PYTHONOPTIMIZE": "2"}, "no bytecode": {"PYTHONDONTWRITEBYTECODE": "1"}, "dev": {"PYTHONDEVMODE": "1"},
        "one thread": {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "GDAL_NUM_THREADS": "1"},
        "another GDAL encoding": {"SHAPE_ENCODING": "ISO-8859-1", "OGR_ENABLE_PARTIAL_REPROJECTION": "YES"},
        "GDAL axis and errors": {"OSR_DEFAULT_AXIS_MAPPING_STRATEGY": "AUTHORITY_COMPLIANT", "CPL_DEBUG": "ON"},
        "no PROJ network": {"PROJ_NETWORK": "ON", "PROJ_NETWORK_ENDPOINT": "http://127.0.0.1:9"},
        "a proxy": {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"},
        "a dead display": {"DISPLAY": ":99", "BROWSER": "/nonexistent"}, "SOURCE_DATE_EPOCH": {"SOURCE_DATE_EPOCH": "0"},
        "warnings are errors": {"PYTHONWARNINGS": "error::UserWarning"}, "no fonts": {"FONTCONFIG_FILE": "/nonexistent"},
        "no caches": dict.fromkeys(("XDG_CACHE_HOME", "MPLCONFIGDIR", "NUMBA_CACHE_DIR"), "/proc/nowhere"),
        "nothing but the path": dict.fromkeys(("USER", "LOGNAME", "HOME", "SHELL", "TERM", "TMPDIR", "PWD"), ""),
    }  # fmt: skip


def cases(count: int, seed: int, scratch: Path) -> Iterator[Case]:
    """Yield the environments, then small memory, a full disk, folders to work in and names of folders."""
    root = small_workspace(scratch / "区")
    plain = scratch / "plain"
    if _screened(root, plain, {}).returncode:
        raise SystemExit("the plain environment must do")
    honest = _content(plain)
    trials: list[tuple[str, dict[str, str], Callable[[], None] | None]] = [
        (name, change, None) for name, change in _environments(scratch).items()
    ]
    trials += [
        ("files of at most 20 kB", {}, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))),
        ("600 MB of memory", {}, lambda: resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20))),
        ("64 open files", {}, lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))),
        ("no stdin", {}, lambda: os.close(0)),
        ("a folder nobody can write", {}, lambda: os.chdir("/proc")),
        ("a folder that is gone", {}, lambda: _in_a_lost_folder(scratch / "gone")),
        ("another folder", {}, lambda: os.chdir("/")),
        ("umask 077", {}, lambda: os.umask(0o077) and None),
        ("umask 000", {}, lambda: os.umask(0) and None),
        ("low priority", {}, lambda: os.nice(19) and None),
    ]
    for number, (name, change, before) in enumerate(trials[: count or None]):
        yield name, lambda number=number, change=change, before=before: _same(root, scratch / f"e{number}", change, before, honest)
    for number, folder in enumerate(_FOLDERS if not count else ()):
        yield f"in {folder!r}", lambda number=number, folder=folder: _same(
            Path(shutil.copytree(root, scratch / folder)), scratch / folder / f"出{number}", {}, None, honest
        )


_FOLDERS = ("空 格", "全角　（甲）&乙", "引'号\"", "%TEMP%", "深" * 60, "é-NFD e\u0301", "[1]*?", "-quiet", "$HOME;x")


def _in_a_lost_folder(folder: Path) -> None:
    folder.mkdir()
    os.chdir(folder)
    folder.rmdir()


def _screened(
    root: Path, out: Path, change: dict[str, str], before: Callable[[], None] | None = None
) -> "subprocess.CompletedProcess[bytes]":
    environment = {key: value for key, value in os.environ.items() if not key.startswith(_CLEAN)}
    environment |= {"LC_ALL": "C.UTF-8", "PYTHONPATH": str(_ROOT)} if not any(k.startswith(_CLEAN) for k in change) else {"PYTHONPATH": str(_ROOT)}
    site = root / "layers/projects/site.gpkg"
    words = ["screen", site, "--name", "名称", "--workspace", root, "--out", out, "--quiet", "--format", "html,json,docx,xlsx,gpkg"]
    command = [sys.executable, "-m", "cdgis", *map(str, words)]
    return subprocess.run(command, env=environment | change, capture_output=True, check=False, preexec_fn=before)


def _content(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def _same(root: Path, out: Path, change: dict[str, str], before: Callable[[], None] | None, honest: dict[str, bytes]) -> Outcome:
    done = _screened(root, out, change, before)
    words = (done.stderr + done.stdout).decode("utf-8", "replace")
    if b"Traceback" in done.stderr or "程序内部错误" in words or done.returncode not in (0, 1, 2):
        return Fate.TRACEBACK, f"exit {done.returncode}: {words[-600:]}"
    found = _content(out) if out.exists() else {}
    if done.returncode:
        return (Fate.REFUSED, "") if words.strip() and not found else (Fate.WRONG, f"exit {done.returncode}, {sorted(found)}: {words[-300:]}")
    if found != honest:
        return Fate.WRONG, f"other bytes: {sorted(name for name in honest if found.get(name) != honest[name])}"
    return Fate.RIGHT, ""
