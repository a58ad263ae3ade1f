"""Take a first case through the desk as somebody clicks it, and the pictures of docs/img on the way: at 1440 and 390 pixels.

    python tools/desk_pictures.py [--out docs/img] [--chromium /usr/bin/chromium]

A workspace made by `cdgis init`, a desk of its own, a shapefile with one parcel; for each width one case from its boundary
to its numbered report. Prints how long each step took, from the start of the desk to the report. Needs Playwright,
Chromium and the desk (`pip install ".[dev]"`).
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import geopandas
import shapely
from page_pictures import SIZES, shrunk
from playwright.sync_api import Page, sync_playwright

PARCEL = shapely.Polygon([(117.950, 40.950), (117.954, 40.950), (117.954, 40.953), (117.950, 40.953)])
PORT = 8499
_QUICK_MS = 60_000


def main() -> int:
    """Write the pictures and print the times."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, default=Path("docs/img"))
    options.add_argument("--chromium", default=shutil.which("chromium") or "")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as player:
        space = Path(folder) / "工作区"
        subprocess.run([sys.executable, "-m", "cdgis", "init", str(space)], check=True, stdout=subprocess.DEVNULL)
        files = _shapefile(Path(folder))
        start = time.monotonic()
        desk, address = _started(space, Path(folder) / "desk.log")
        try:
            browser = player.chromium.launch(executable_path=given.chromium or None)
            page = browser.new_context(viewport={"width": 1440, "height": SIZES[1440]}, locale="zh-CN").new_page()
            page.set_default_timeout(_QUICK_MS)
            page.goto(address)
            page.wait_for_selector("#new")
            sys.stdout.write(f"启动到首页 {time.monotonic() - start:.1f} 秒\n")
            for width, height in SIZES.items():
                page.set_viewport_size({"width": width, "height": height})
                _case(page, files, given.out, width)
            browser.close()
        finally:
            desk.terminate()
            desk.wait(30)
    return 0


def _shapefile(folder: Path) -> list[str]:
    path = folder / "砖厂用地.shp"
    geopandas.GeoDataFrame({"MC": ["示例砖厂"]}, geometry=[PARCEL], crs=4490).to_crs(4548).to_file(path, encoding="utf-8")
    return [str(part) for part in sorted(folder.glob("砖厂用地.*"))]


def _started(space: Path, log: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start the desk and return it with the address that lets in."""
    command = [sys.executable, "-u", "-m", "cdgis", "desk", "--no-browser", "--port", str(PORT), "--workspace", str(space)]
    desk = subprocess.Popen(command, stdout=log.open("wb"), stderr=subprocess.STDOUT)
    while not (found := re.search(r"http://\S+", log.read_text(encoding="utf-8"))):
        if desk.poll() is not None:
            raise SystemExit(log.read_text(encoding="utf-8"))
        time.sleep(0.1)
    return desk, found[0]


def _case(page: Page, files: list[str], out: Path, width: int) -> None:
    """Take one case from its boundary to its report, with a picture of each step."""
    home = f"http://127.0.0.1:{PORT}"
    start = time.monotonic()
    page.goto(home)
    page.click("#new")
    page.wait_for_selector("html[data-ready]", state="attached")
    page.set_input_files("#files", files)
    page.wait_for_selector("#confirm")
    _taken(page, out, f"desk-boundary-{width}")
    page.click("#confirm")
    page.fill("#facts [name=name]", "示例砖厂")
    page.fill("#industry", "粘土砖瓦")
    page.wait_for_selector("#industry-list li")
    page.press("#industry", "ArrowDown")
    page.press("#industry", "Enter")
    page.select_option("#facts [name=project_type]", "新建")
    page.select_option("#facts [name=activity]", "开发性生产性建设")
    page.wait_for_selector("#live .v-fail", state="attached")
    verdict = time.monotonic() - start
    page.click("text=3 结论")
    _taken(page, out, f"desk-verdict-{width}")
    before = time.monotonic()
    page.click("text=办理")
    page.click("#finalise")
    page.click("#ask-yes")
    page.wait_for_selector("text=已定稿")
    report = time.monotonic() - before
    _taken(page, out, f"desk-final-{width}")
    sys.stdout.write(f"{width} 像素：上传 SHP 到结论 {verdict:.1f} 秒，定稿到报告 {report:.1f} 秒\n")
    for name, place in (("queue", "/"), ("layers", "/workspace")):
        page.goto(home + place)
        if name == "queue":
            page.click("text=案件地图")
        _taken(page, out, f"desk-{name}-{width}")


def _taken(page: Page, out: Path, name: str) -> None:
    page.wait_for_timeout(2500)
    (out / f"{name}.png").write_bytes(shrunk(page.screenshot()))


if __name__ == "__main__":
    raise SystemExit(main())
