"""Features of one layer as a source gave them, complete, in the source's own coordinate system."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import shapely

from cdgis.core.array_types import GeometryArray
from cdgis.core.errors import SourceError
from cdgis.geometry.gauss_kruger import identify_crs
from cdgis.readers.coordinates import CHINA_BOX
from cdgis.readers.crs import GEOGRAPHIC, plane_axes


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSet:
    """One layer, whole."""

    ids: tuple[str, ...]
    """The source's own name of each feature, "" where it gives none."""
    attributes: pd.DataFrame
    geometries: GeometryArray | None
    """x = easting or longitude; None for a table without shapes."""
    crs: str
    """Definition as the source states it, "" when it states none."""
    query: str
    """What was asked, without secrets."""
    stated_count: int | None
    """How many features the source says there are; None when it does not say."""
    domains: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Field -> code -> meaning, where the source keeps code lists."""
    remarks: tuple[str, ...] = ()
    """What whoever uses the snapshot should know, in Chinese."""

    def __len__(self) -> int:
        return len(self.attributes)

    def check_whole(self, source: str) -> None:
        """Check that no feature came twice and none is missing.

        Raises
        ------
        SourceError : the source contradicts itself.
        """
        known = [name for name in self.ids if name]
        twice = sorted(name for name, count in Counter(known).items() if count > 1)
        if twice:
            raise SourceError(
                f"源端把 {len(twice)} 个要素给了两次（如 {twice[0]}），分页不可靠", source=source,
                remedy="原有快照未动。请稍后重试；仍如此，请管理员给图层设主键或排序，或导出为文件",
            )  # fmt: skip
        if self.stated_count is not None and self.stated_count != len(self):
            raise SourceError(f"源端说有 {self.stated_count} 个要素，取到 {len(self)} 个", source=source,
                              remedy="原有快照未动。源端可能正在修改，请稍后重试")  # fmt: skip


def table_of(rows: Sequence[Mapping[str, object]], columns: Iterable[str] = ()) -> pd.DataFrame:
    """Return rows of attributes as plain texts, numbers and blanks, columns in the order they are first met."""
    names = list(dict.fromkeys((*columns, *(name for row in rows for name in row))))
    return pd.DataFrame([{name: _plain(row.get(name)) for name in names} for row in rows], columns=names, dtype=object)


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def shapes_of(found: Sequence[shapely.Geometry | None]) -> GeometryArray:
    """Return shapes as an array, heights dropped."""
    shapes = np.full(len(found), None, dtype=object)
    shapes[:] = found
    return np.asarray(shapely.force_2d(shapes), dtype=object)


def in_x_y_order(shapes: GeometryArray, crs: str) -> tuple[GeometryArray, bool]:
    """Return shapes with x = easting or longitude, and whether they came the other way round.

    Services differ in whether they heed the order of axes that EPSG gives CGCS2000 (north first). In China the numbers
    tell: no latitude is a longitude, and no northing an easting; where they do not tell nothing is changed.
    """
    filled = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    if not len(filled):
        return shapes, False
    first, second = shapely.get_coordinates(filled).T
    west, south, east, north = CHINA_BOX
    if identify_crs(crs) in GEOGRAPHIC:
        turned = bool((first >= south).all() and (first <= north).all() and (second > north).all() and (second <= east).all()
                      and west > north)  # fmt: skip
    else:
        axes = plane_axes(first, second)
        turned = axes is not None and axes.first_is_north
    if not turned:
        return shapes, False
    swapped = np.asarray(shapely.transform(shapes, lambda xy: xy[:, ::-1]), dtype=object)
    return swapped, True
