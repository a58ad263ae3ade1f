"""Which sites are worth asking about? Seeded ones of every kind, size and shape, at and near the edges of zones."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from . import planes, statute
from .zones import ZoneLayer

DATES = (date(2026, 1, 1), date(2026, 6, 1), date(2026, 11, 1))
KINDS = ("project", "project", "enterprise")
PROJECT_TYPES = ("新建", "新建", "改建", "扩建", "迁建", "既有", "")
ACTIVITIES = (
    "", "开发性生产性建设", "开发性生产性建设", "A01", "A06", "A08", "国家重大项目", "造林", "入河排污口", "A05;A10",
)  # fmt: skip
ODD_CODES = ("", "", "C", "B", "C3011", "9999", "31", "26", "2", "4411")
OFFSETS_M = (0.0, 0.0, 0.02, 0.04, 0.06, 0.3, 3.0, 15.0, 19.0, 31.0, 90.0)
"""How far a flush site reaches over the edge it stands on; 0 shares the edge's own vertices."""
NUMBERS = {
    "protection_distance_m": (50, 300, 1000, 3000), "blast_furnace_volume_m3": (450, 1000, 2500),
    "bulk_freight_t_per_yr": (100000, 1500000, 9000000), "coal_t_per_yr": (0, 9999, 10000, 50000),
}  # fmt: skip
WORDS = {
    "equipment": ("高炉", "高炉;烧结机", "球团竖炉", "锅炉"), "sinter_machine_type": ("步进式烧结机", "带式烧结机"),
    "pellet_equipment_type": ("球团竖炉", "带式焙烧机"), "opinion_document": ("冀示例〔2026〕1号", "冀示例(2026)第7号", "无", "申请中", "函1号"),
    "opinion_document_seen": ("某经办人",), "activity_seen": ("某经办人",), "serves_water_supply_seen": ("某经办人",),
    "approval_date": ("2025-05-01",), "serves_water_supply": ("true", "false"), "serves_city": ("true", "否"),
}  # fmt: skip
OTHERWISE = ("true", "false")
SEEN = ("opinion_document_seen", "activity_seen", "serves_water_supply_seen")


@dataclass(frozen=True)
class Site:
    """One site to be judged."""

    id: str
    kind: str
    industry: str
    project_type: str
    activity: str
    attributes: dict[str, str]
    accuracy_m: float
    as_of: date
    lonlat: BaseGeometry


def random_sites(count: int, seed: int, layers: dict[str, ZoneLayer]) -> list[Site]:
    """Return `count` sites; the same seed gives the same sites."""
    draw = random.Random(seed)
    asked = sorted({c["attribute"] for day in DATES for rule in statute.rules_in_force(day) for c in _conditions(rule)})
    codes = sorted(statute.industry_names())
    flagged = sorted(statute.industry_flags())
    return [
        Site(
            id=f"R{number:05d}", kind=draw.choice(KINDS), project_type=draw.choice(PROJECT_TYPES),
            industry=draw.choice((draw.choice(codes), draw.choice(flagged), draw.choice(flagged), draw.choice(ODD_CODES))),
            activity=draw.choice(ACTIVITIES), attributes=_attributes(asked, draw),
            accuracy_m=draw.choice((0.0, 0.0, 5.0, 50.0, 700.0)), as_of=DATES[number % 3], lonlat=_geometry(layers, draw),
        )
        for number in range(count)
    ]  # fmt: skip


def _conditions(rule: statute.Rule) -> list[dict[str, str]]:
    ways = [condition for way in rule["unless"] for condition in way.get("conditions", [])]
    return [*rule["conditions"], *ways, *filter(None, [rule["or_declared"]])]


def _attributes(asked: list[str], draw: random.Random) -> dict[str, str]:
    known = draw.choice((0.1, 0.5, 0.9))
    found = {}
    for name in [*asked, *SEEN, "two_high", "relocation_sector", "water_sensitive", "air_sensitive", "protection_distance_m"]:
        if draw.random() < (known if name in asked or name in SEEN[:1] else 0.1):
            found[name] = str(draw.choice(NUMBERS.get(name) or WORDS.get(name) or OTHERWISE))
    return found


def _geometry(layers: dict[str, ZoneLayer], draw: random.Random) -> BaseGeometry:
    """Return a valid shape somewhere in or near the city, often at a zone's edge."""
    while True:
        layer = layers[draw.choice(sorted(layers))]
        zone = draw.choice(layer.plane)
        how: Callable[[BaseGeometry, random.Random], BaseGeometry] = draw.choice(
            (_anywhere, _about_a_vertex, _about_a_vertex, _flush, _flush, _inside)
        )
        lonlat = planes.to_lonlat(how(zone, draw))
        if shapely.is_valid(lonlat) and not shapely.is_empty(lonlat):
            return lonlat


def _anywhere(zone: BaseGeometry, draw: random.Random) -> BaseGeometry:
    x0, y0, x1, y1 = zone.bounds
    return _shape((draw.uniform(x0, x1), draw.uniform(y0, y1)), draw)


def _inside(zone: BaseGeometry, draw: random.Random) -> BaseGeometry:
    point = shapely.point_on_surface(zone)
    return _shape((point.x, point.y), draw)


def _about_a_vertex(zone: BaseGeometry, draw: random.Random) -> BaseGeometry:
    x, y = draw.choice(shapely.get_coordinates(zone).tolist())
    away, turn = draw.choice((0.0, 1.0, 10.0, 25.0, 200.0, 2000.0)), draw.uniform(0, 2 * math.pi)
    return _shape((x + away * math.cos(turn), y + away * math.sin(turn)), draw)


def _flush(zone: BaseGeometry, draw: random.Random) -> BaseGeometry:
    """Return a strip that stands on one edge of a zone, reaching a little over it."""
    lines = [ring for ring in shapely.get_parts(shapely.boundary(zone)) if len(ring.coords) > 2]
    if not lines:
        return _about_a_vertex(zone, draw)
    coords = np.asarray(draw.choice(lines).coords)
    coords = coords[np.append(True, (np.diff(coords, axis=0) != 0).any(axis=1))]
    at = draw.randrange(len(coords) - 1)
    a, b = coords[at], coords[at + 1]
    along = (b - a) / np.hypot(*(b - a))
    out = np.array([-along[1], along[0]]) * draw.choice((-1, 1))
    over, deep = draw.choice(OFFSETS_M), draw.choice((0.4, 5.0, 60.0, 400.0))
    start, end = a - out * over, b - out * over
    if over == 0 and draw.random() < 0.2:
        return shapely.LineString([start, end, end + out * deep])
    return shapely.Polygon([start, end, end + out * deep, start + out * deep])


def _shape(centre: tuple[float, float], draw: random.Random) -> BaseGeometry:
    size = draw.choice((10.0, 60.0, 300.0, 300.0, 1500.0, 6000.0, 20000.0)) * draw.uniform(0.7, 1.3)
    make = draw.choice((_point, _line, _star, _star, _holed, _parcels))
    return make(np.array(centre), size, draw)


def _point(centre: np.ndarray, size: float, draw: random.Random) -> BaseGeometry:
    return shapely.Point(centre)


def _line(centre: np.ndarray, size: float, draw: random.Random) -> BaseGeometry:
    turn, points = draw.uniform(0, 2 * math.pi), [centre]
    for _ in range(draw.randrange(1, 7)):
        turn += draw.uniform(-0.6, 0.6)
        points.append(points[-1] + size / 3 * np.array([math.cos(turn), math.sin(turn)]))
    return shapely.LineString(points)


def _star(centre: np.ndarray, size: float, draw: random.Random) -> shapely.Polygon:
    corners = draw.randrange(3, 25)
    # One corner a sector: the ring never crosses itself.
    turns = [2 * math.pi * (i + draw.uniform(0.1, 0.9)) / corners for i in range(corners)]
    spokes = [size / 2 * draw.uniform(0.5, 1.0) for _ in turns]
    ring = [centre + r * np.array([math.cos(t), math.sin(t)]) for r, t in zip(spokes, turns, strict=True)]
    return shapely.Polygon(ring)


def _holed(centre: np.ndarray, size: float, draw: random.Random) -> BaseGeometry:
    return shapely.difference(_star(centre, size, draw), _star(centre, size * 0.4, draw))


def _parcels(centre: np.ndarray, size: float, draw: random.Random) -> BaseGeometry:
    aside = np.array([size * draw.uniform(0.6, 2.0), size * draw.uniform(-1, 1)])
    return shapely.union_all([_star(centre, size, draw), _star(centre + aside, size * 0.7, draw)])
