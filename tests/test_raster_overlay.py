"""Pictures for the map: a known cell is painted where Leaflet will draw it, and the same bytes come every time."""

import io
from dataclasses import replace

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pytest
import shapely
from PIL import Image
from test_raster import CHENGDE_GK, make_raster

from cdgis.raster import (
    ColourScale,
    Grid,
    Overlay,
    Raster,
    class_overlay,
    read_scale,
    relief_overlay,
    zone_overlay,
)  # fmt: skip

WEST, SOUTH, EAST, NORTH = 115.0, 39.0, 119.0, 43.0
"""Four degrees high, so that even steps of latitude and of Mercator differ by kilometres."""
SCALE = ColourScale(
    title="值",
    unit="单位",
    upper=(1.0, 2.0),
    colours=("#101010", "#808080", "#f0f0f0"),
    unknown="#ff00ff",
    unknown_title="无",
)
COLOURS = {0: (16, 16, 16, 255), 1: (128, 128, 128, 255), 2: (240, 240, 240, 255), None: (255, 0, 255, 255)}


def raster_with_one_cell(lon: float, lat: float, *, step: float = 0.02) -> Raster:
    """Class 1 everywhere but in the cell that holds the point, which is class 2."""
    grid = Grid(crs="EPSG:4490", west=WEST, north=NORTH, cell_width=step, cell_height=step, rows=200, columns=200)
    values = np.ones((200, 200), dtype=np.uint8)
    values[int((NORTH - lat) / step), int((lon - WEST) / step)] = 2
    return replace(make_raster(values), grid=grid)


def whole() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"zone_id": ["a"]}, geometry=[shapely.box(WEST, SOUTH, EAST, NORTH)], crs=4490)


def painted(overlay: Overlay) -> npt.NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(overlay.png)).convert("RGBA"))


def colour_at(overlay: Overlay, lon: float, lat: float) -> tuple[int, ...]:
    """The colour Leaflet shows at a place: pixels are even in longitude and in Mercator's y between the bounds."""
    picture = painted(overlay)

    def mercator(latitude: float) -> float:
        return float(np.log(np.tan(np.pi / 4 + np.radians(latitude) / 2)))

    down = (mercator(overlay.north) - mercator(lat)) / (mercator(overlay.north) - mercator(overlay.south))
    across = (lon - overlay.west) / (overlay.east - overlay.west)
    return tuple(int(part) for part in picture[int(down * picture.shape[0]), int(across * picture.shape[1])])


@pytest.mark.parametrize(("lon", "lat"), [(117.01, 41.01), (115.01, 42.99), (118.99, 39.01), (116.33, 40.17)])
def test_a_known_cell_lands_where_leaflet_draws_it(lon: float, lat: float) -> None:
    overlay = class_overlay(raster_with_one_cell(lon, lat), {1: 0.5, 2: 5.0}, SCALE, whole(), width=800)
    assert colour_at(overlay, lon, lat) == COLOURS[2]
    # A picture cut evenly in latitude would have the cell 0.025 degrees further off in the middle.
    for beside in ((lon + 0.03, lat), (lon - 0.03, lat), (lon, lat + 0.03), (lon, lat - 0.03)):
        if WEST < beside[0] < EAST and SOUTH < beside[1] < NORTH:
            assert colour_at(overlay, *beside) == COLOURS[0]


def test_class_overlay_samples_a_projected_raster() -> None:
    grid = Grid(
        crs=CHENGDE_GK, west=499_000.0, north=4_553_000.0, cell_width=1000.0, cell_height=1000.0, rows=8, columns=8
    )
    values = np.ones((8, 8), dtype=np.uint8)
    values[3, 5] = 2
    raster = replace(make_raster(values), grid=grid)
    centre = gpd.GeoSeries([shapely.Point(504_500, 4_549_500)], crs=CHENGDE_GK).to_crs(4490)[0]
    around = gpd.GeoDataFrame({"zone_id": ["a"]}, geometry=[centre.buffer(0.02)], crs=4490)
    overlay = class_overlay(raster, {1: 0.5, 2: 5.0}, SCALE, around, width=200)
    assert colour_at(overlay, centre.x, centre.y) == COLOURS[2]
    assert colour_at(overlay, centre.x - 0.01, centre.y) == COLOURS[0]


def test_class_overlay_is_clear_outside_and_where_there_is_no_value_and_marks_unknown_classes() -> None:
    raster = raster_with_one_cell(118.01, 40.01)
    values = raster.values.copy()
    values[:, :50] = 255
    half = gpd.GeoDataFrame(
        {"zone_id": ["a"]}, geometry=[shapely.Polygon([(WEST, SOUTH), (EAST, SOUTH), (EAST, NORTH)])], crs=4490
    )
    overlay = class_overlay(replace(raster, pixels=values), {1: 1.5}, SCALE, half, width=400)
    assert colour_at(overlay, 116.0, 42.0)[3] == 0, "outside the polygon"
    assert colour_at(overlay, 115.5, 39.2)[3] == 0, "no value"
    assert colour_at(overlay, 118.5, 40.0) == COLOURS[1]
    assert colour_at(overlay, 118.01, 40.01) == COLOURS[None], "class without a value"


def test_zone_overlay_paints_each_polygon_its_value_and_the_last_on_top() -> None:
    zones = gpd.GeoDataFrame(
        {"zone_id": ["a", "b", "c"]},
        geometry=[shapely.box(115, 39, 117, 43), shapely.box(116, 39, 118, 43), shapely.Polygon()],
        crs=4490,
    )
    overlay = zone_overlay(zones, [0.5, np.nan, 3.0], SCALE, whole(), width=100)
    assert [colour_at(overlay, lon, 41.0) for lon in (115.5, 116.5, 117.5)] == [
        COLOURS[0],
        COLOURS[None],
        COLOURS[None],
    ]
    assert colour_at(overlay, 118.5, 41.0)[3] == 0


def test_scales_are_told_from_high_to_low_with_their_limits() -> None:
    assert SCALE.positions([1.0, 1.1, 2.0, 9.0, np.nan]).tolist() == [0, 1, 1, 2, 3]
    assert SCALE.legend == (("#f0f0f0", "> 2"), ("#808080", "1–2"), ("#101010", "≤ 1"), ("#ff00ff", "无"))
    for name in ("stock_density", "vegetation_density", "potential_density"):
        assert read_scale(name).unit
    with pytest.raises(ValueError, match="颜色应比上限多一个"):
        replace(SCALE, upper=(2.0, 1.0))


def slope(rise_east: float, rise_north: float) -> Raster:
    grid = Grid(crs="EPSG:4490", west=WEST, north=NORTH, cell_width=0.02, cell_height=0.02, rows=200, columns=200)
    row, column = np.indices((200, 200))
    return replace(make_raster(column * rise_east - row * rise_north, nodata=-9999), grid=grid)


def test_relief_is_dark_away_from_the_light_and_bright_towards_it() -> None:
    level = painted(relief_overlay(slope(0, 0), whole(), width=60))
    assert (level[..., 3] == 0).all(), "level ground is left as it is"
    # Light comes from the north-west: a slope that rises to the south-east faces it.
    towards = painted(relief_overlay(slope(60, -60), whole(), width=60))[30, 30]
    away = painted(relief_overlay(slope(-60, 60), whole(), width=60))[30, 30]
    assert towards[:3].min() > 250 and towards[3] > 0
    assert away[:3].max() < 100 and away[3] > 0


def test_relief_leaves_clear_what_has_no_elevation() -> None:
    raster = slope(-60, 60)
    values = raster.values.copy()
    values[:, :100] = -9999
    picture = painted(relief_overlay(replace(raster, pixels=values), whole(), width=60))
    assert (picture[:, :28, 3] == 0).all() and (picture[:, 33:, 3] > 0).all()


def test_pictures_are_the_same_bytes_every_time() -> None:
    one, two = (class_overlay(raster_with_one_cell(117, 41), {1: 1.5}, SCALE, whole(), width=50) for _ in range(2))
    assert one == two and one.data_uri.startswith("data:image/png;base64,iVBOR")
    assert one.leaflet_bounds == [[SOUTH, WEST], [NORTH, EAST]]
    assert painted(one).shape[1] == 50
