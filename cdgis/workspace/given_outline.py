"""Outlines as they were handed in: their own points in their own order, before repair and densification."""

from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cdgis.core.array_types import FloatArray
from cdgis.geometry.geodesy import to_lonlat


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GivenOutline:
    """What somebody drew, whatever reading made of it; reports list these points and no others."""

    shape: BaseGeometry
    """x = easting or longitude in `epsg`; with `marks` a multipoint in the order handed in."""
    epsg: int
    marks: tuple[tuple[str, int], ...] = ()
    """Label and ring number of each point, where the file states them."""
    inserted: int = 0
    """Points that densification put into long edges for measuring; none of them is in `shape`."""
    arcs: int = 0
    """Edges drawn as arcs: their chords measure and are not in `shape` either."""
    mended: bool = False
    """Whether what is judged was repaired, so that its boundary is not quite this one."""

    def points(self) -> tuple[tuple[str, ...], tuple[tuple[int, int], ...], FloatArray]:
        """Return labels, (parcel, ring) numbers and coordinates in `epsg` of the points, in the order handed in.

        A ring's closing repetition of its first point is left out; unlabelled points are J1, J2, … through all rings.
        """
        if self.marks:
            labels = tuple(label or f"J{n}" for n, (label, _) in enumerate(self.marks, start=1))
            return labels, tuple((1, ring) for _, ring in self.marks), shapely.get_coordinates(self.shape)
        blocks, places = [np.empty((0, 2))], []
        for part_number, part in enumerate(shapely.get_parts(self.shape), start=1):
            areal = shapely.get_dimensions(part) == 2
            for ring_number, line in enumerate(shapely.get_rings(part) if areal else [part], start=1):
                xy = shapely.get_coordinates(line)
                blocks.append(xy[:-1] if areal else xy)
                places += [(part_number, ring_number)] * len(blocks[-1])
        return tuple(f"J{n}" for n in range(1, len(places) + 1)), tuple(places), np.concatenate(blocks)

    def as_rings(self) -> "GivenOutline":
        """Return an outline drawn as lines as the rings of land they go round: no point is listed twice for closing."""
        labels, places, xy = self.points()
        first = {place: index for index, place in reversed(list(enumerate(places)))}
        last = {place: index for index, place in enumerate(places)}
        apart = all((xy[last[place]] == xy[first[place]]).all() for place in first)
        rings = {place: number if apart else 1 for number, place in enumerate(dict.fromkeys(places), start=1)}
        kept = sorted({(rings[place], *xy[i].tolist()): i for i, place in reversed(list(enumerate(places)))}.values())
        points: BaseGeometry = shapely.MultiPoint(xy[kept])
        marks = tuple((labels[i] if self.marks else "", rings[places[i]]) for i in kept)
        return replace(self, shape=points, marks=marks)

    def lonlat(self, xy: FloatArray) -> FloatArray:
        """Return coordinates given in `epsg` as EPSG:4490 longitudes and latitudes, degrees."""
        return np.asarray(shapely.get_coordinates(to_lonlat(np.asarray(shapely.points(xy), dtype=object), self.epsg)))
