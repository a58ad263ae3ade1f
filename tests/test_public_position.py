"""The attack on a withheld place: least squares from every number a public page prints against outlines all the world has.

The attacker knows the zones exactly (they are published officially), knows the site's own outline up to where it lies,
and reads distances, areas and shares off the public tables. He must not do better than the grid.
"""

from collections.abc import Iterator
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from report_city import make_layers
from report_fixtures import make_assessment
from scipy.optimize import least_squares

from cdgis.core.vocabulary import Relation
from cdgis.geometry.geodesy import geometries_from_local, geometries_to_local
from cdgis.report.public.coarse_measures import distance_step_m
from cdgis.report.public.reduction import public_assessment
from cdgis.report.site.pages import render_pages
from cdgis.results.assessment import Assessment
from cdgis.workspace.layers import Subjects

SHOWN = ("counties", "main_rivers", "places", "railways", "management_units")
GRID_M = 50.0
"""DESIGN 4.10: the public grid is at least this wide on the ground."""


def _zones() -> dict[tuple[str, str], shapely.Geometry]:
    """Return the exact zones in the measuring plane, metres: what anybody can download."""
    return {
        (key, zone_id): shape
        for key, layer in make_layers().items()
        if key in SHOWN
        for zone_id, shape in zip(layer.zones["zone_id"], geometries_to_local(layer.zones.geometry.to_numpy()), strict=True)
    }


ZONES = _zones()
LINES = {key: shapely.boundary(shape) if shapely.get_dimensions(shape) == 2 else shape for key, shape in ZONES.items()}


def _judged(site: shapely.Geometry) -> Assessment:
    """Return the invented city with one site, a shape in the measuring plane, measured against every zone exactly."""
    full, key, area = make_assessment(), "P001", float(site.area)
    overlaps, clear, ledger = [], [], []
    for (layer, zone_id), zone in ZONES.items():
        part = float(shapely.intersection(site, zone).area) if shapely.get_dimensions(zone) == 2 else 0.0
        far = float(shapely.distance(site, zone))
        row = {"subject_id": key, "layer": layer}
        if area and shapely.get_dimensions(zone) == 2:
            ledger.append({**row, "unit": "m2", "inside": part, "outside": area - part, "uncovered": 0.0, "total": area})
        if far > 0:
            clear.append({**row, "nearest_zone_id": zone_id, "distance_m": far})
        if far < 20_000:
            relation = Relation.NEAR if far > 0 else Relation.INSIDE if area - part < 1e-6 * area else Relation.CROSSES
            share = part / area if area else 0.0
            named = {**row, "zone_id": zone_id, "zone_name": "", "zone_class": "", "relation": relation}
            overlaps.append({**named, "area_m2": part, "share": share, "length_m": 0.0, "distance_m": far})
    (shape,) = geometries_from_local(np.array([site], dtype=object))
    lon, lat = shapely.get_coordinates(shapely.centroid(shape))[0]
    subject = full.subjects.frame.set_index("subject_id").loc[[key]].reset_index()
    frame = gpd.GeoDataFrame(subject.assign(area_m2=area, lon=lon, lat=lat, name=key), crs="EPSG:4490").set_geometry([shape], crs=4490)
    near = min(float(shapely.distance(site, line)) for line in LINES.values())
    tables = {name: table[table["subject_id"] == key] if "subject_id" in table else table for name, table in full.tables.items()}
    return replace(
        full, report_numbers={"": "CD-0", key: "CD-1"}, subjects=Subjects(frame=frame, attributes=full.subjects.attributes),
        tables={
            **tables, "overlaps": pd.DataFrame(overlaps), "clear": pd.DataFrame(clear),
            "ledger": pd.DataFrame(ledger, columns=full.tables["ledger"].columns),
            "subjects": pd.DataFrame(frame.drop(columns="geometry"))[full.tables["subjects"].columns],
            "verdicts": tables["verdicts"].assign(critical_layer="management_units", critical_distance_m=near),
        },
    )  # fmt: skip


def _equations(public: Assessment) -> Iterator[tuple[str, tuple[str, str], float, float]]:
    """Yield (kind, zone, printed number, what one unit of misfit counts, in metres) of all that is printed."""
    frame = public.tables["overlaps"]
    for layer, zone_id, far, area in frame[["layer", "zone_id", "distance_m", "area_m2"]].itertuples(index=False, name=None):
        if far > 0:
            yield "distance", (layer, zone_id), far, 1.0
        if area > 0:
            yield "area", (layer, zone_id), area, 1e-2
    clear = public.tables["clear"]
    for layer, zone_id, far in clear[["layer", "nearest_zone_id", "distance_m"]].itertuples(index=False, name=None):
        if far == far:
            yield "distance", (layer, zone_id), far, 1.0


def _attack(public: Assessment, template: shapely.Geometry) -> np.ndarray:
    """Return where least squares put the site, metres: from the public shape on, with the site's outline known."""
    (start,) = geometries_to_local(public.subjects.frame.geometry.to_numpy())
    first = shapely.get_coordinates(shapely.centroid(start))[0]
    equations = list(_equations(public))
    if not equations:
        return first

    def misfit(place: np.ndarray) -> list[float]:
        moved = shapely.transform(template, lambda xy: xy + place)
        return [
            weight * ((shapely.distance(moved, ZONES[zone]) if kind == "distance" else shapely.intersection(moved, ZONES[zone]).area) - told)
            for kind, zone, told, weight in equations
        ]

    return np.asarray(least_squares(misfit, first, loss="soft_l1", f_scale=1.0, diff_step=1e-7, xtol=1e-12).x)


POINT = shapely.Point(0, 0)
SQUARE = shapely.box(-450, -450, 450, 450)
SMALL = shapely.box(-25, -25, 25, 25)


def _places(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    lonlat = np.column_stack((rng.uniform(117.35, 117.75, count), rng.uniform(40.7, 40.95, count)))
    return shapely.get_coordinates(geometries_to_local(shapely.points(lonlat)))


@pytest.mark.parametrize("template", [POINT, SMALL, SQUARE], ids=["point", "small", "square"])
def test_least_squares_on_all_printed_numbers_do_no_better_than_the_grid(template: shapely.Geometry) -> None:
    attacked, grid = [], []
    for place in _places(12, seed=5):
        public, _ = public_assessment(_judged(shapely.transform(template, lambda xy, by=place: xy + by)))
        (shown,) = geometries_to_local(public.subjects.frame.geometry.to_numpy())
        grid.append(np.hypot(*(shapely.get_coordinates(shapely.centroid(shown))[0] - place)))
        attacked.append(np.hypot(*(_attack(public, template) - place)))
    assert np.median(attacked) >= 0.9 * np.median(grid) and min(attacked) > 1.0
    if template is not SQUARE:
        assert np.median(attacked) > GRID_M / 3


def test_the_attack_works_on_exact_numbers() -> None:
    for place in _places(4, seed=6):
        exact = _judged(shapely.transform(POINT, lambda xy, by=place: xy + by))
        moved = exact.subjects.frame.set_geometry(geometries_from_local(shapely.points(place + [[40.0, -30.0]])), crs=4490)
        assert np.hypot(*(_attack(replace(exact, subjects=replace(exact.subjects, frame=moved)), POINT) - place)) < 1.0


def _alike(seed: int) -> Iterator[tuple[Assessment, Assessment]]:
    """Yield pairs of sites that look alike on the grid and lie in the same zones."""
    rng = np.random.default_rng(seed)
    for place in _places(24, seed=seed):
        pair = [shapely.transform(SMALL, lambda xy, by=place + by: xy + by) for by in (np.zeros(2), rng.uniform(-15, 15, 2))]
        one, two = (public_assessment(_judged(site))[0] for site in pair)
        relations = [a.tables["overlaps"][["layer", "zone_id", "relation"]].to_csv() for a in (one, two)]
        if one.subjects.frame.geometry.iloc[0].equals(two.subjects.frame.geometry.iloc[0]) and relations[0] == relations[1]:
            yield one, two


def test_sites_that_look_alike_on_the_grid_have_the_same_public_rows_and_pages() -> None:
    pairs = list(_alike(11))
    assert len(pairs) >= 6
    for one, two in pairs:
        for name in ("subjects", "overlaps", "clear", "ledger", "verdicts"):
            pd.testing.assert_frame_equal(one.tables[name], two.tables[name])
    one, two = pairs[0]
    assert dict(render_pages(one)) == dict(render_pages(two))


def test_public_numbers_are_steps_or_withheld_and_the_page_says_so() -> None:
    (place,) = _places(1, seed=3)
    edge = np.array(shapely.shortest_line(shapely.Point(place), LINES["management_units", _nearest(place)]).coords)[1]
    public, _ = public_assessment(_judged(shapely.transform(SQUARE, lambda xy: xy + edge)))
    crossed = public.tables["overlaps"].query("relation == 'crosses'")
    assert len(crossed) >= 2 and crossed[["area_m2", "share"]].isna().all(axis=None)
    ledger = public.tables["ledger"]
    assert ledger["inside"].isna().any() and set(ledger["inside"].dropna()) <= {0.0, *ledger["total"]}
    assert set(ledger["outside"].dropna()) <= {0.0, *ledger["total"]}
    far = public.tables["clear"]["distance_m"].dropna()
    assert len(far) and (far > 0).all() and (far % distance_step_m(0.001) == 0).all()
    assert public.tables["verdicts"]["critical_distance_m"].isna().all()
    text = dict(render_pages(public))["sites/P001.html"]
    assert "nan" not in text.casefold().replace("finance", "") and "决定图层不公开" in text
    assert any("进位到 100 米" in note and "不公开" in note for note in public.notes)


def _nearest(place: np.ndarray) -> str:
    units = [(line.distance(shapely.Point(place)), key[1]) for key, line in LINES.items() if key[0] == "management_units"]
    return min(units)[1]


def test_a_zone_that_is_not_hit_is_never_at_no_distance() -> None:
    line = next(line for (layer, _), line in LINES.items() if layer == "management_units")
    for along in np.linspace(0.1, 0.9, 12):
        place = shapely.get_coordinates(shapely.line_interpolate_point(line, along, normalized=True))[0] + (4.0, 3.0)
        clear = public_assessment(_judged(shapely.Point(place)))[0].tables["clear"]
        assert clear["distance_m"].min() == 100.0


@pytest.mark.parametrize(("grid_deg", "step_m"), [(0.0007, 100), (0.001, 100), (0.005, 600), (0.01, 1100), (0.1, 11100)])
def test_distances_are_rounded_to_about_a_cell(grid_deg: float, step_m: float) -> None:
    assert distance_step_m(grid_deg) == step_m
