"""The workspace as its files are now: settings and catalogue are read again as soon as one of them is another."""

import hashlib
from collections.abc import Hashable
from pathlib import Path
from threading import Lock

from cdgis.core.packs import PACKS_DIR
from cdgis.pipelines.session import Session, open_workspace
from cdgis.readers.inputs import file_stamp
from cdgis.workspace.settings import SETTINGS_FILE, Workspace


class CurrentWorkspace:
    """A workspace for as long as a process lives; `session` is another object whenever settings or catalogue changed.

    Parameters
    ----------
    root : folder of the workspace.

    Raises
    ------
    WorkspaceError, CatalogError : there is no usable workspace.
    """

    def __init__(self, root: Path) -> None:
        self._root, self._turn = root, Lock()
        self._session = open_workspace(root)
        self._stamp = _settings_stamp(self._session.workspace)

    def session(self) -> Session:
        """Return the workspace as it is now; layers that did not change stay read as long as the catalogue is the same.

        Raises
        ------
        WorkspaceError, CatalogError : what was changed cannot be used; nothing is answered by what was before.
        """
        with self._turn:
            stamp = _settings_stamp(self._session.workspace)
            if stamp != self._stamp:
                self._session = open_workspace(self._root)
                self._stamp = _settings_stamp(self._session.workspace)
            return self._session


def _settings_stamp(workspace: Workspace) -> Hashable:
    root = workspace.root
    packs = sorted(path for path in (root / PACKS_DIR).rglob("*") if path.is_file())
    own = (root / SETTINGS_FILE, root / workspace.settings.catalog, *packs)
    return tuple((path, file_stamp(path) if path.exists() else ()) for path in own)


def files_stamp(workspace: Workspace) -> tuple[tuple[str, int, int], ...]:
    """Return names, sizes and times of a workspace's layers, rules and settings: another stamp may mean another verdict."""
    folders = [workspace.layers_dir, workspace.root / "rules", workspace.root / PACKS_DIR]
    found = [path for folder in folders if folder.is_dir() for path in folder.rglob("*") if path.is_file()]
    own = (workspace.root / SETTINGS_FILE, workspace.root / workspace.settings.catalog)
    states = [(path, path.stat()) for path in dict.fromkeys((*own, *sorted(found)))]
    return tuple((path.as_posix(), state.st_size, state.st_mtime_ns) for path, state in states)


def files_digest(workspace: Workspace) -> str:
    """Return a hash of the state of a workspace's files."""
    return hashlib.sha256(repr(files_stamp(workspace)).encode()).hexdigest()
