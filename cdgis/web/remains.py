"""What half-made work leaves on the disk: cleared when the work ends, and by the next start whatever stayed, with a line of the journal."""

import shutil
import time
from pathlib import Path

from cdgis.web.database import Database
from cdgis.web.desk_settings import DeskSettings
from cdgis.web.event_chain import append_event

_PLACES = ("reports/*/.making-*", "files/*/.part-*", "jobs/.part-*", ".write-*")
"""Below the desk's folder; no row speaks of any of it."""
_PAUSES_S = (0.0, 0.1, 0.4, 1.0)
_DAY_S = 86_400
_NAMED = 20
CLEARED = "清理没有做完的文件"
"""Action of the journal."""


def clear(folder: Path) -> None:
    """Remove a folder of half-made work, again where a process that was killed late still wrote into it."""
    for pause in _PAUSES_S:
        time.sleep(pause)
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return


def sweep(settings: DeskSettings, database: Database) -> None:
    """Remove what a killed process left half made, and say so in the journal. What another server may be making is left for a day."""
    folder, gone = settings.folder, []
    for remains in sorted(path for place in _PLACES for path in folder.glob(place)):
        if settings.shared and remains.stat().st_mtime > time.time() - _DAY_S:
            continue
        if remains.is_dir():
            clear(remains)
        else:
            remains.unlink(missing_ok=True)
        if not remains.exists():
            gone.append(remains.relative_to(folder).as_posix())
    if gone:
        with database.writing() as session:
            told = {"count": len(gone), "files": gone[:_NAMED]}
            append_event(session, case_id="", action=CLEARED, who="研判台", when=settings.clock(), detail=told)
