"""What land class covers how much of each zone, cell by cell? (the only module that opens rasters)

area(zone z, class c) = sum over cells k of class c:  f(z, k) * A(row of k)

f is the exact fraction of the cell's lon/lat rectangle inside the zone, A the ellipsoidal area of a cell of
that row in the equal-area formula of DESIGN 4.2, so no cell counts as a nominal square. exactextract finds
the cells; it stores fractions in 32 bits, so those of cells on a zone's edge are cut again in 64 bits.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import rasterio
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from geopandas import GeoDataFrame
from rasterio.crs import CRS
from rasterio.errors import RasterioIOError
from rasterio.transform import Affine

from cdgis.catalog import LayerSpec
from cdgis.errors import CrsError, LayerError
from cdgis.geodesy import GEOGRAPHIC_EPSG, cell_areas_m2, survey_area_m2
from cdgis.geometry import polygonal
from cdgis.model import InputRecord

NODATA_CODE = -1
"""Class code under which cells without a value are reported; never a land class."""

_GEOGRAPHIC = (4490, 4326)


@dataclass(frozen=True, slots=True, kw_only=True)
class Raster:
    """One band, read whole, north up."""

    values: npt.NDArray[np.generic]
    """Rows from north to south, columns from west to east."""
    transform: Affine
    """Column, row -> x, y of the CRS; no rotation."""
    epsg: int
    nodata: float | None
    record: InputRecord
    """Which bytes these values came from."""

    @property
    def lat_edges_deg(self) -> npt.NDArray[np.float64]:
        """Latitudes of the n + 1 row edges, from north to south (geographic rasters only)."""
        return np.asarray(self.transform.f + self.transform.e * np.arange(self.values.shape[0] + 1))

    @property
    def lon_edges_deg(self) -> npt.NDArray[np.float64]:
        """Longitudes of the n + 1 column edges, from west to east (geographic rasters only)."""
        return np.asarray(self.transform.c + self.transform.a * np.arange(self.values.shape[1] + 1))


def read_raster(spec: LayerSpec, folder: Path) -> Raster:
    """Return the first band of the catalogue entry's GeoTIFF.

    Parameters
    ----------
    spec : a raster entry; its `crs` is used only when the file carries none.
    folder : the folder catalogue paths are relative to.

    Raises
    ------
    LayerError : missing, not a GeoTIFF, without georeference, or rotated.
    CrsError : no CRS in the file and none declared, or one without an EPSG code.
    """
    path = folder / spec.path
    if not path.is_file():
        raise LayerError(spec.path, spec.id, ("文件不存在。请放入文件，或修改 layers/catalog.toml 中的 path",))
    # Side files (.aux.xml, .tfw, .ovr) are ignored: the sha256 below must cover every byte that was used.
    with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"):
        try:
            with rasterio.open(path, driver="GTiff") as source:
                values, transform, nodata = source.read(1), source.transform, source.nodata
                crs = source.crs
        except RasterioIOError as err:
            raise LayerError(spec.path, spec.id, (f"不是可读取的 GeoTIFF：{err}",)) from err
    _require_north_up(spec, transform)
    return Raster(
        values=values,
        transform=transform,
        epsg=_epsg(spec, crs),
        nodata=None if nodata is None else float(nodata),
        record=_record(spec, path, folder),
    )


def _require_north_up(spec: LayerSpec, transform: Affine) -> None:
    if transform.is_identity:
        raise LayerError(spec.path, spec.id, ("文件内没有地理坐标。请用带内置坐标的 GeoTIFF（旁挂 .tfw 不读取）",))
    if transform.b or transform.d or transform.a <= 0 or transform.e >= 0:
        raise LayerError(spec.path, spec.id, ("栅格有旋转或不是北向上。请先重采样为北向上的 GeoTIFF",))


def _epsg(spec: LayerSpec, crs: CRS | None) -> int:
    epsg = crs.to_epsg() if crs else None
    if epsg is None and not crs and spec.crs:
        epsg = CRS.from_user_input(spec.crs).to_epsg()
    if epsg is None:
        raise CrsError(
            spec.path,
            found=crs.to_wkt()[:80] if crs else "没有坐标系",
            expected="带 EPSG 编号的坐标系，如 EPSG:4490",
            remedy="为文件写入坐标系，或在 layers/catalog.toml 的该条目中声明 crs",
        )
    return int(epsg)


def _record(spec: LayerSpec, path: Path, folder: Path) -> InputRecord:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return InputRecord(
        layer=spec.id,
        kind="raster",
        path=f"{folder.name}/{spec.path}",
        sublayer=spec.sublayer,
        sha256=digest,
        version=spec.version,
        official=spec.official,
    )


def class_areas(raster: Raster, zones: GeoDataFrame) -> pd.DataFrame:
    """Return the area of every class in every zone: zone_id, class_code (int), area_m2, sorted by both.

    Parameters
    ----------
    raster : integer land classes, geographic (EPSG:4490 or 4326).
    zones : zone_id and valid polygons, EPSG:4490; zones may overlap; rows that share an id are added up.

    Returns
    -------
    One row per zone and class met, area_m2 in ellipsoidal square metres. Cells without a value come back
    under NODATA_CODE. What lies outside the raster has no row: see `area_residuals`.

    Raises
    ------
    CrsError : raster or zones are in another CRS.
    LayerError : the raster's values are not whole numbers.

    Notes
    -----
    Zone edges are straight in longitude and latitude here, straight in the measuring plane for the survey
    area; the difference is part of the residual that `area_residuals` reports.
    """
    codes = _class_codes(raster)
    _require_geographic(raster, zones)
    geoms = zones.geometry.to_numpy()
    cells = _covered_cells(raster, geoms)
    cells["fraction"] = _exact_fractions(raster, geoms, cells)
    row = cells["cell"].to_numpy() // raster.values.shape[1]
    cell_area = cell_areas_m2(raster.lat_edges_deg, raster.transform.a)
    table = pd.DataFrame(
        {
            "zone_id": zones["zone_id"].to_numpy()[cells["zone"].to_numpy()],
            "class_code": codes.ravel()[cells["cell"].to_numpy()],
            "area_m2": cells["fraction"].to_numpy() * cell_area[row],
        }
    )
    return table.groupby(["zone_id", "class_code"], as_index=False, sort=True).agg({"area_m2": "sum"})


def area_residuals(areas: pd.DataFrame, zones: GeoDataFrame) -> pd.DataFrame:
    """Return zone_id, raster_m2, survey_m2, residual_m2 = survey_m2 - raster_m2 for every zone.

    A residual that is not tiny is the part of the zone the raster does not reach.
    """
    survey = pd.Series(survey_area_m2(zones.geometry.to_numpy()), index=zones["zone_id"].to_numpy())
    survey = survey.groupby(level=0, sort=True).sum()
    covered = areas.groupby("zone_id")["area_m2"].sum().reindex(survey.index, fill_value=0.0)
    return pd.DataFrame(
        {
            "zone_id": survey.index.to_numpy(),
            "raster_m2": covered.to_numpy(),
            "survey_m2": survey.to_numpy(),
            "residual_m2": survey.to_numpy() - covered.to_numpy(),
        }
    )


def _class_codes(raster: Raster) -> npt.NDArray[np.int64]:
    values = np.asarray(raster.values, dtype=float)
    empty = np.isnan(values) if raster.nodata is None else (values == raster.nodata) | np.isnan(values)
    filled = np.where(empty, NODATA_CODE, values)
    codes = filled.astype(np.int64)
    if not np.array_equal(codes, filled):
        raise LayerError(raster.record.path, raster.record.layer, ("栅格值不是整数类别代码，不能按类别统计面积",))
    return codes


def _require_geographic(raster: Raster, zones: GeoDataFrame) -> None:
    if raster.epsg not in _GEOGRAPHIC:
        raise CrsError(
            raster.record.path,
            found=f"EPSG:{raster.epsg}",
            expected="EPSG:4490 或 EPSG:4326（经纬度栅格）",
            remedy="请先用最近邻法重投影到 EPSG:4490",
        )
    found = zones.crs.to_epsg() if zones.crs is not None else None
    if found != GEOGRAPHIC_EPSG:
        raise CrsError("分区图层", found=f"EPSG:{found}", expected="EPSG:4490", remedy="经 read_layers 读入后再统计")


def _covered_cells(raster: Raster, geoms: npt.NDArray[np.object_]) -> pd.DataFrame:
    """Return zone (position), cell (row-major index) and fraction (32-bit accuracy) of all cells touched."""
    lon, lat = raster.lon_edges_deg, raster.lat_edges_deg
    source = NumPyRasterSource(
        np.zeros(raster.values.shape, dtype=np.uint8), xmin=lon[0], ymin=lat[-1], xmax=lon[-1], ymax=lat[0]
    )
    usable = np.flatnonzero(~(shapely.is_missing(geoms) | shapely.is_empty(geoms)))
    if not len(usable):
        return pd.DataFrame({"zone": np.array([], int), "cell": np.array([], int), "fraction": np.array([])})
    features = GeoDataFrame({"zone": usable}, geometry=geoms[usable], crs=GEOGRAPHIC_EPSG)
    found = exact_extract(source, features, ["cell_id", "coverage"], include_cols=["zone"], output="pandas")
    counts = [len(cells) for cells in found["cell_id"]]
    return pd.DataFrame(
        {
            "zone": np.repeat(found["zone"].to_numpy(), counts),
            "cell": np.concatenate(found["cell_id"].to_list()).astype(np.int64),
            "fraction": np.concatenate(found["coverage"].to_list()).astype(float),
        }
    )


def _exact_fractions(raster: Raster, geoms: npt.NDArray[np.object_], cells: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the fractions of `cells` with those of edge cells cut anew in 64 bits.

    Each zone is first cut into the raster rows it crosses, so that no large polygon meets every cell.
    """
    fraction = cells["fraction"].to_numpy().copy()
    edge = np.flatnonzero(fraction < 1)
    row, column = np.divmod(cells["cell"].to_numpy()[edge], raster.values.shape[1])
    lon, lat = raster.lon_edges_deg, raster.lat_edges_deg
    strip, of_cell = np.unique(np.column_stack([cells["zone"].to_numpy()[edge], row]), axis=0, return_inverse=True)
    south, north = lat[strip[:, 1] + 1], lat[strip[:, 1]]
    strips = polygonal(shapely.intersection(geoms[strip[:, 0]], shapely.box(lon[0], south, lon[-1], north)))
    boxes = shapely.box(lon[column], lat[row + 1], lon[column + 1], lat[row])
    pieces = shapely.intersection(strips[of_cell.ravel()], boxes)
    fraction[edge] = shapely.area(pieces) / shapely.area(boxes)
    return fraction
