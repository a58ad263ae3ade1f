"""Files of the dossiers of a workspace's rivers, and how they are written."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from cdgis.report.files.plain_tables import write_water
from cdgis.report.rivers.docx import render_river_docx
from cdgis.report.rivers.page import render_river
from cdgis.report.rivers.xlsx import render_river_xlsx
from cdgis.rivers.dossier import RiverDossier


def write_dossiers(dossiers: Sequence[RiverDossier], out: Path) -> list[Path]:
    """Write <river>.html, .docx and .xlsx for each river, and the tables of all; return the paths.

    Raises
    ------
    ReportError : the folder cannot be written.
    """
    files: dict[str, bytes] = {}
    for dossier in dossiers:
        files[f"{dossier.name}.html"] = render_river(dossier).encode("utf-8", "replace")
        files[f"{dossier.name}.docx"] = render_river_docx(dossier)
        files[f"{dossier.name}.xlsx"] = render_river_xlsx(dossier)
    registers = pd.concat([dossier.register for dossier in dossiers], ignore_index=True)
    tables = {"river_register": registers, "river_check": dossiers[0].system.check}
    return write_water(tables, out, stamp=dossiers[0].system.stamp, files=files)
