"""Page of uses for derelict and polluted land: a map of the best use, a ranked list each."""


import numpy as np
import pandas as pd
import shapely

from cdgis.core import layer_ids
from cdgis.core.vocabulary import Admissibility
from cdgis.geometry.map_frame import View
from cdgis.readers.loading import Loaded
from cdgis.report.drawing.marks import Line, Spot
from cdgis.report.drawing.palette import read_palette
from cdgis.report.standalone_page import render_page
from cdgis.report.table_rows import records
from cdgis.siting.reuse_options import reuse_options

MAP_PX = (900, 720)
MOST_ROWS = 25
_ROOM = 1.05
_NONE = "无可选用途"
_DEVELOPED = ("风电", "光伏", "造林增汇", "生态空间")
"""Energy first on the map, because green space is open to nearly every patch and would hide the rest."""


def render_reuse(loaded: Loaded, table: pd.DataFrame, *, stamp: str) -> str:
    """Return the page."""
    view, colours = _view(loaded), read_palette().kinds["reuse"]
    best = _best(table)
    xy = view.pixels(best[["lon", "lat"]].to_numpy(dtype=float))
    spots = [
        Spot(x=float(x), y=float(y), colour=colours[row["best"]], label="", title=f"{row['name']}（{row['zone_class']}）：{row['best']}")
        for (x, y), row in zip(xy, best.to_dict("records"), strict=True)
    ]  # fmt: skip
    return render_page(
        "reuse.html", review_number=loaded.settings.map_review_number, name=loaded.settings.name, stamp=stamp,
        as_of=loaded.as_of.isoformat(), size=MAP_PX, lines=_borders(loaded, view), spots=spots, colours=colours, most=MOST_ROWS,
        counts=best["best"].value_counts().to_dict(), parts=[(o, records(table[table["option"] == o.title])) for o in reuse_options()],
    )  # fmt: skip


def _best(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row per patch with the use shown on the map."""
    place = {word: rank for rank, word in enumerate(_DEVELOPED)}
    rows = table.assign(
        best=np.where(table["admissible"] == Admissibility.OPEN, table["option"], _NONE), place=table["option"].map(place).fillna(9)
    )
    rows.loc[rows["best"] == _NONE, "place"] = 99
    first = rows.sort_values(["patch_id", "place"], kind="stable").drop_duplicates("patch_id", ignore_index=True)
    return first


def _view(loaded: Loaded) -> View:
    west, south, east, north = map(float, loaded.layers[layer_ids.COUNTIES].zones.total_bounds)
    return View.around((west, south, east, north), MAP_PX, room=_ROOM)


def _borders(loaded: Loaded, view: View) -> list[Line]:
    shapes = shapely.simplify(loaded.layers[layer_ids.COUNTIES].zones.geometry.to_numpy(), 0.5 / view.degree_px)
    rings = shapely.get_parts(shapely.boundary(shapes))
    return [Line(style="border", points=view.pixels(shapely.get_coordinates(ring))) for ring in rings]
