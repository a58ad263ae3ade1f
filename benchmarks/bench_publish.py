"""How large, how quick to make and how quick to open is the overview page of a very large city?

python benchmarks/bench_publish.py [--folium] : a red line of 1 000 000 vertices, 150 units, 5 000 enterprises, seeded.
Prints size of index.html, seconds and peak memory to build it, first paint and frame time while panning in headless
Chromium (network cut). `--folium` measures plain folium on the same shapes beside it.
"""

import argparse
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from report_fixtures import make_assessment

from cdgis.report.screening import Casebook
from cdgis.report.site.overview import sum_up
from cdgis.report.site.overview_map import build_map
from cdgis.report.site.page import render_index
from cdgis.report.site.subject_list import list_subjects
from cdgis.results.assessment import Assessment
from cdgis.workspace.layers import Layer

VERTICES, UNITS, ENTERPRISES = 1_000_000, 150, 5_000
WEST, SOUTH, WIDTH, HEIGHT = 115.9, 40.2, 3.2, 2.5
PAN = """async () => {
  const frames = []; let last = performance.now();
  for (let i = 0; i < 40; i++) {
    map.panBy([i % 20 < 10 ? 23 : -23, 11], {animate: false});
    await new Promise(requestAnimationFrame);
    const now = performance.now(); frames.push(now - last); last = now;
  }
  return frames;
}"""


def rough_ring(centre: np.ndarray, radius: float, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return a closed ring whose radius wanders like a drawn border does."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    wander = np.zeros(count)
    for wave in (3, 7, 19, 53, 211, 997):
        if wave < count / 3:
            wander += np.sin(wave * angle + rng.uniform(0, 6.28)) / wave**0.8
    wander += rng.normal(0, 0.0015, count)
    r = radius * (1 + 0.35 * wander / 2)
    return centre + np.column_stack((r * np.cos(angle), 0.8 * r * np.sin(angle)))


def red_line(rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return 400 patches of 2 500 vertices in 100 zones of two classes."""
    patches = []
    for k in range(400):
        centre = np.array([WEST + WIDTH * ((k % 20) + 0.5) / 20, SOUTH + HEIGHT * (k // 20 + 0.5) / 20])
        patches.append(shapely.Polygon(rough_ring(centre, 0.045, VERTICES // 400, rng)))
    shapes = [shapely.MultiPolygon(patches[i::100]) for i in range(100)]
    kinds = np.where(np.arange(100) % 3 == 0, "核心保护区", "红线一般区域")
    ids = [f"HX{i:03d}" for i in range(100)]
    return gpd.GeoDataFrame({"zone_id": ids, "zone_name": ids, "zone_class": kinds}, geometry=shapes, crs=4490)


def units(rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return 150 units that tile the city, each border of some 200 vertices shared."""
    xs, ys = np.linspace(WEST, WEST + WIDTH, 16), np.linspace(SOUTH, SOUTH + HEIGHT, 11)
    lines = [shapely.LineString([(x, SOUTH), (x, SOUTH + HEIGHT)]) for x in xs]
    lines += [shapely.LineString([(WEST, y), (WEST + WIDTH, y)]) for y in ys]
    cells = shapely.get_parts(shapely.polygonize([shapely.union_all(lines)]))
    dense = shapely.segmentize(cells, 0.002)
    phase = rng.uniform(0, 6.28, 4)

    def bend(lonlat: np.ndarray) -> np.ndarray:
        x, y = lonlat.round(9).T
        return np.column_stack((x + 0.02 * np.sin(60 * y + phase[0]) + 0.0006 * np.sin(4000 * y + phase[1]),
                                y + 0.02 * np.sin(55 * x + phase[2]) + 0.0006 * np.sin(4000 * x + phase[3])))  # fmt: skip

    shapes = shapely.transform(dense, bend)
    kinds = np.array(["优先保护", "重点管控", "一般管控"])[np.arange(len(shapes)) % 3]
    ids = [f"ZH1308{i:04d}" for i in range(len(shapes))]
    return gpd.GeoDataFrame({"zone_id": ids, "zone_name": ids, "zone_class": kinds}, geometry=shapes, crs=4490)


def large_assessment() -> Assessment:
    """Return the invented city of the tests with these layers, and its enterprises repeated to 5 000."""
    rng, small = np.random.default_rng(6), make_assessment()
    layers = {
        "management_units": replace(small.layers["management_units"], zones=units(rng)),
        "ecological_redline": replace(small.layers["ecological_redline"], zones=red_line(rng)),
    }
    copies = ENTERPRISES // 10
    lonlat = rng.uniform((WEST, SOUTH), (WEST + WIDTH, SOUTH + HEIGHT), (ENTERPRISES, 2))
    tables = dict(small.tables)
    for name, key in (("subjects", "subject_id"), ("verdicts", "subject_id"), ("findings", "subject_id")):
        own = tables[name][tables[name][key].str.startswith("E")]
        parts = [own.assign(**{key: own[key] + f"-{i:03d}"}) for i in range(copies)]
        tables[name] = pd.concat(parts, ignore_index=True)
    tables["subjects"] = tables["subjects"].assign(lon=lonlat[:, 0], lat=lonlat[:, 1])
    frame = gpd.GeoDataFrame(tables["subjects"], geometry=shapely.points(lonlat), crs=4490)
    kept = {key: layer for key, layer in small.layers.items() if key in ("main_rivers", "railways")}
    order: dict[str, Layer] = {**kept, **layers}
    return replace(small, tables=tables, layers=order, subjects=replace(small.subjects, frame=frame))


def build(assessment: Assessment, target: Path) -> float:
    """Write index.html and return the seconds it took."""
    start = time.perf_counter()
    listed = list_subjects(Casebook(assessment))
    view = build_map(assessment, listed)
    text = render_index(assessment, listed, overview=sum_up(assessment, listed), view=view)
    target.write_text(text, encoding="utf-8")
    return time.perf_counter() - start


def plain_folium(assessment: Assessment, target: Path) -> float:
    """Write the same shapes the plain way and return the seconds it took."""
    import folium

    start = time.perf_counter()
    page = folium.Map(location=[SOUTH + HEIGHT / 2, WEST + WIDTH / 2], zoom_start=8, prefer_canvas=True)
    for layer in assessment.layers.values():
        folium.GeoJson(layer.zones, name=layer.spec.title).add_to(page)
    for row in assessment.tables["subjects"].itertuples():
        folium.CircleMarker([row.lat, row.lon], radius=4, popup=row.name).add_to(page)
    page.save(target)
    return time.perf_counter() - start


def open_page(target: Path, *, ours: bool) -> dict[str, float]:
    """Return seconds to the first paint (ours: with the map drawn) and the median frame while panning, ms."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(viewport={"width": 1440, "height": 900}, offline=True).new_page()
        start = time.perf_counter()
        page.goto(target.as_uri(), wait_until="load", timeout=300_000)
        result = {"load_s": time.perf_counter() - start}
        if ours:
            page.wait_for_selector("html[data-ready]", state="attached", timeout=300_000)
            result["map_s"] = time.perf_counter() - start
            paint = "performance.getEntriesByName('first-contentful-paint').map((e) => e.startTime)[0] ?? NaN"
            result["paint_s"] = page.evaluate(paint) / 1000
            for zoom in (8, 11, 14):
                page.evaluate(f"map.setView([{SOUTH + HEIGHT / 2}, {WEST + WIDTH / 2}], {zoom}, {{animate: false}})")
                result[f"pan_z{zoom}_ms"] = statistics.median(page.evaluate(PAN))
        browser.close()
    return result


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folium", action="store_true")
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    assessment = large_assessment()
    counts = {
        key: int(shapely.get_num_coordinates(x.zones.geometry.to_numpy()).sum()) for key, x in assessment.layers.items()
    }
    print(counts, len(assessment.tables["subjects"]), "subjects")
    folder = options.keep or Path(tempfile.mkdtemp())
    target = folder / ("folium.html" if options.folium else "index.html")
    seconds = (plain_folium if options.folium else build)(assessment, target)
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{target.name}: {target.stat().st_size / 1e6:.1f} MB, built in {seconds:.1f} s, peak {peak_gb:.2f} GB")
    print({key: round(value, 3) for key, value in open_page(target, ours=not options.folium).items()})


if __name__ == "__main__":
    main()
