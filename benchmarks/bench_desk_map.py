"""Does the desk's map follow the hand? python benchmarks/bench_desk_map.py [--vertices 2000000] [--seconds 6]

A desk on the shipped workspace whose largest layer has its outlines made denser to the number of vertices asked for (the
shapes stay where they are, jittered by less than a metre so that nothing can be thinned away for being straight). Chromium
at 1440 px drags the map at three zooms; what is told is the time between two frames while dragging, and how long the
outlines of a new view take to come. Needs Chromium and playwright.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bench_desk
import geopandas
import numpy as np
import shapely
from playwright.sync_api import sync_playwright

LAYER = "management_units"
bench_desk.PORT = 8498
ZOOMS = (9, 11, 13)
FRAMES = """() => { window.frames_ms = []; let last = performance.now();
  const look = (now) => { window.frames_ms.push(now - last); last = now; requestAnimationFrame(look); }; requestAnimationFrame(look); }"""


def main() -> None:
    """Measure and print one Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vertices", type=int, default=2_000_000)
    parser.add_argument("--seconds", type=float, default=6)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        space = Path(folder) / "工作区"
        subprocess.run([sys.executable, "-m", "cdgis", "init", str(space)], check=True, stdout=subprocess.DEVNULL)
        count = _densified(space, options.vertices)
        app, server, thread = bench_desk._served(space)
        print(f"图层 {LAYER}：{count:,} 个顶点。\n")
        print("| 级别 | 一帧 p50（毫秒） | p95 | 最长 | 帧数 | 新视野的图形到达（毫秒） |\n|--:|--:|--:|--:|--:|--:|")
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            seen: list[str] = []
            page.on("request", lambda request: seen.append(request.url) if f"/layers/{LAYER}?" in request.url else None)
            page.goto(f"http://127.0.0.1:{bench_desk.PORT}/enter?token={bench_desk.TOKEN}")
            page.click("#new")
            page.wait_for_selector("html[data-ready]", state="attached")
            page.evaluate(FRAMES)
            while not seen:
                page.wait_for_timeout(100)
            for zoom in ZOOMS:
                print(_dragged(page, seen, zoom, options.seconds), flush=True)
        server.should_exit = True
        thread.join(20)
        app.state.desk.close()


def _densified(space: Path, vertices: int) -> int:
    """Give a layer's outlines more corners, in its own file; return how many it has."""
    catalog = (space / "layers" / "catalog.toml").read_text(encoding="utf-8")
    path = next(file for file in (space / "layers").rglob("*") if file.suffix in (".gpkg", ".shp", ".geojson") and LAYER in file.stem)
    if path.name not in catalog:
        raise SystemExit(f"{path.name} is not the layer's file")
    zones = geopandas.read_file(path)
    metres = zones.to_crs(4548)
    step = metres.length.sum() / vertices
    dense = shapely.segmentize(metres.geometry.to_numpy(), step)
    metres.geometry = shapely.make_valid(shapely.transform(dense, lambda xy: xy + 0.3 * np.sin(xy[:, ::-1] * 7.3)))  # equal points move alike
    metres.geometry = [_areas(shape) for shape in metres.geometry]
    metres.to_crs(zones.crs).to_file(path, driver={".gpkg": "GPKG", ".shp": "ESRI Shapefile", ".geojson": "GeoJSON"}[path.suffix])
    return int(shapely.get_num_coordinates(metres.geometry.to_numpy()).sum())


def _areas(shape: shapely.Geometry) -> shapely.Geometry:
    parts = [part for part in getattr(shape, "geoms", [shape]) if part.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(parts)


def _dragged(page: object, seen: list[str], zoom: int, seconds: float) -> str:
    """Zoom with the wheel to a level, drag for a while, and return the row of figures."""
    box = page.locator("#map").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    while (now := _zoom(seen[-1])) != zoom:
        many = len(seen)
        page.click(".leaflet-control-zoom-in" if now < zoom else ".leaflet-control-zoom-out")
        while len(seen) == many:
            page.wait_for_timeout(100)
    with page.expect_response(lambda answer: f"/layers/{LAYER}?" in answer.url, timeout=120_000):
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 5, y + 5)
        page.mouse.up()
    page.wait_for_timeout(500)
    page.evaluate("() => { window.frames_ms.length = 0; }")
    page.mouse.move(x, y)
    page.mouse.down()
    start, turn = time.monotonic(), 0
    while time.monotonic() - start < seconds:
        turn += 1
        page.mouse.move(x + 250 * np.sin(turn / 9), y + 150 * np.cos(turn / 7))
    frames = np.array(json.loads(page.evaluate("() => JSON.stringify(window.frames_ms)")))
    begun = time.perf_counter()
    with page.expect_response(lambda answer: f"/layers/{LAYER}?" in answer.url, timeout=120_000):
        page.mouse.up()
    came = (time.perf_counter() - begun) * 1000
    p50, p95 = np.percentile(frames, [50, 95])
    return f"| {zoom} | {p50:.0f} | {p95:.0f} | {frames.max():.0f} | {len(frames)} | {came:.0f} |"


def _zoom(url: str) -> float:
    """Return the map's zoom when it asked for this: 256 pixels at level 0 are 360 degrees."""
    return float(np.log2(360 / 256 / float(url.split("px=")[1])))


if __name__ == "__main__":
    main()
