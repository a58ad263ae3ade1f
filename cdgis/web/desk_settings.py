"""Where the desk keeps its files, whom it answers, and how much one request may ask of it."""

import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cdgis.core.errors import DeskError, os_reason
from cdgis.web.desk_options import DeskOptions

FOLDER = "desk"
"""Of the workspace: cases, their documents and reports."""
DATABASE = "desk.sqlite"
PORT = 8433
_NETWORK_SYSTEMS = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afpfs")
_DRIVE_REMOTE = 4
"""Of GetDriveTypeW: a drive that stands for a share."""


def local_now() -> datetime:
    """Return the time of day with its zone, to the second."""
    return datetime.now().astimezone().replace(microsecond=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one request may cost."""

    upload_bytes: int = 64 << 20
    """All files of one request together; more is refused before a byte of it reaches a disk."""
    body_bytes: int = 4 << 20
    """Any other request."""
    files: int = 20
    seconds: float = 60.0
    """After which the process that reads or judges is ended, not waited for."""
    megabytes: int = 1500
    """Of memory, likewise."""
    body_seconds: float = 60.0
    """In which a request must have arrived."""
    job_seconds: float = 4 * 3600.0
    job_megabytes: int = 4000
    """What a job beside the cases may take: a run of the city and the like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskSettings:
    """One desk: its workspace, its address and who may come in."""

    workspace: Path
    hosts: tuple[str, ...]
    """Values of the Host header that are answered; every other request is refused, whatever it asks."""
    token: str
    """Lets the browser of this computer in, for as long as the process lives; "" where accounts do."""
    port: int = PORT
    secure: bool = False
    """Whether browsers reach the desk by https."""
    limits: Limits = field(default_factory=Limits)
    options: DeskOptions = field(default_factory=DeskOptions)
    in_process: bool = False
    """Read and judge in this process: for tests, which hand in nothing hostile."""
    pdf: bool = True
    """Print final reports as PDF too, where Chromium, Chrome or Edge is installed."""
    clock: Callable[[], datetime] = local_now

    @property
    def folder(self) -> Path:
        """Folder of the desk's files."""
        return Path(self.options.folder) if self.options.folder else self.workspace / FOLDER

    @property
    def shared(self) -> bool:
        """Whether several servers may work on the same cases."""
        return bool(self.options.database)

    @property
    def cookie(self) -> str:
        """Name of the session's cookie: browsers do not tell the ports of one computer apart."""
        return f"cdgis_desk_{self.port}"

    @property
    def serves_accounts(self) -> bool:
        """Whether people sign in; otherwise one person works here, on this computer."""
        return not self.token


def prepared_folder(settings: DeskSettings) -> Path:
    """Return the desk's folder, made where it was not there.

    Raises
    ------
    DeskError : it lies on a network drive, where SQLite loses data, or cannot be written.
    """
    folder = settings.folder
    if not settings.shared and on_network(folder):
        raise DeskError(
            f"{folder} 在网络盘上，数据库放在那里会损坏",
            remedy="请把工作区复制到本机硬盘；多人使用请在一台机器上运行 cdgis desk --serve，或在 desk.toml 写明 PostgreSQL",
        )
    try:
        for name in ("files", "reports", "jobs", "uploads"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        probe = folder / f".write-{uuid.uuid4().hex}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as err:
        raise DeskError(f"不能写入 {folder}：{os_reason(err)}", remedy="请检查权限和磁盘空间，或把工作区移到可写的地方") from err
    return folder


def on_network(folder: Path, *, mounts: Mapping[str, str] | None = None, drive_type: Callable[[str], int] | None = None) -> bool:
    """Return whether a folder lies on another computer.

    Parameters
    ----------
    mounts : mount point -> file system; by default those of this system.
    drive_type : drive such as ``Z:\\`` -> number that Windows gives its kind; by default Windows is asked.
    """
    text = str(folder).replace("/", "\\") if drive_type or sys.platform == "win32" else ""
    if text:
        return text.startswith("\\\\") or (drive_type or _windows_drive_type)(text[:3]) == _DRIVE_REMOTE
    found = _mounts() if mounts is None else mounts
    place = folder.resolve()
    under = [point for point in found if place.is_relative_to(point)]
    return bool(under) and found[max(under, key=len)] in _NETWORK_SYSTEMS


def _windows_drive_type(drive: str) -> int:
    import ctypes

    return int(getattr(ctypes, "windll").kernel32.GetDriveTypeW(drive))  # noqa: B009  # only on Windows is it there


def _mounts() -> dict[str, str]:
    try:
        lines = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    return {parts[1]: parts[2] for line in lines if len(parts := line.split()) > 2}
