"""A workspace read once for many questions, and read again as soon as one of its files is another."""

from collections.abc import Hashable
from dataclasses import replace
from datetime import date
from threading import Lock

from cdgis.core.packs import PACKS_DIR
from cdgis.core.progress import Progress
from cdgis.readers.inputs import file_stamp
from cdgis.readers.loading import Loaded, load_workspace
from cdgis.rules.rule_span import checked_day
from cdgis.rules.workspace_rules import rule_files
from cdgis.workspace.settings import SETTINGS_FILE, Workspace


class KeptWorkspace:
    """The layers and rules of a workspace, kept in memory with all that is derived from them.

    What is asked of it is what `load_workspace` would give now: name, size and time of change of every file are
    compared before each answer. Threads may ask at once.
    """

    def __init__(self, workspace: Workspace) -> None:
        """Keep `workspace`; nothing is read before it is asked for."""
        self.workspace = workspace
        self._lock = Lock()
        self._kept: tuple[Hashable, Loaded] | None = None

    def loaded(self, *, as_of: date | None, progress: Progress, tolerance_m: float | None = None) -> Loaded:
        """Return the workspace as read, judged on another day or with another tolerance where these are given.

        Raises
        ------
        CatalogError, LayerError, CrsError, RuleError : as for `load_workspace`.
        """
        with self._lock:
            stamp = self._stamp()
            if self._kept is None or self._kept[0] != stamp:
                self._kept = stamp, load_workspace(self.workspace, as_of=None, progress=progress)
            found = self._kept[1]
        changed = {"as_of": as_of, "tolerance_m": tolerance_m}
        settings = found.settings.model_copy(update={name: value for name, value in changed.items() if value is not None})
        return replace(found, settings=settings, as_of=checked_day(settings.as_of))

    def _stamp(self) -> Hashable:
        root, folder = self.workspace.root, self.workspace.layers_dir
        packs = sorted(path for path in (root / PACKS_DIR).rglob("*") if path.is_file())
        own = (root / SETTINGS_FILE, root / self.workspace.settings.catalog, *rule_files(root), *packs)
        listed = (folder / spec.path for spec in self.workspace.catalog.layers.values() if spec.path)
        return tuple((path, file_stamp(path) if path.exists() else ()) for path in dict.fromkeys((*own, *listed)))
