"""Take the pictures of docs/img from the pages of a run: each page kind at 1440 and 390 pixels.

    python tools/page_pictures.py maps [--others DIR] [--out docs/img] [--chromium /usr/bin/chromium]

DIR holds what other commands wrote: `cdgis rivers 武烈河 --out DIR/rivers`, `cdgis reuse --out DIR/reuse`,
`cdgis synergy layers/synergy/before_after.csv --out DIR/synergy`, `cdgis publish --audience public --out DIR/public`.

Needs Playwright and Chromium (`pip install ".[dev]"`). A page that the run does not hold keeps its old picture and is
named.
"""

import argparse
import io
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

PAGES: Mapping[str, str] = {
    "index": "index.html", "dashboard": "dashboard.html", "carbon": "carbon.html", "relocation": "relocation.html",
    "places": "places.html", "site": "sites/P038.html", "enterprise": "sites/E0002.html", "county": "counties/130803.html",
    "basin": "basins/LY02.html", "unit": "units/ZH13080220003.html", "restoration": "restoration/XF10019.html",
    "relocation-card": "relocations/E0002.html",
}  # fmt: skip
OTHERS: Mapping[str, str] = {
    "river": "rivers/武烈河.html", "reuse": "reuse/reuse.html", "synergy": "synergy/synergy.html", "public": "public/index.html",
}  # fmt: skip
"""Pages of other commands, under the folder of --others."""
SIZES = {1440: 900, 390: 844}
COLOURS = 128


def taken(browser: Browser, page: Path, width: int) -> bytes:
    """Return a page's first screen as PNG in a palette, the same bytes for the same page."""
    view = browser.new_page(viewport={"width": width, "height": SIZES[width]})
    view.goto(page.resolve().as_uri())
    view.wait_for_timeout(2500)
    picture = shrunk(view.screenshot())
    view.close()
    return picture


def shrunk(png: bytes) -> bytes:
    """Return a picture in a palette, the same bytes for the same picture."""
    picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    stream = io.BytesIO()
    picture.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def main() -> int:
    """Write the pictures that docs/img has of each page; return how many pages are missing."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("run", type=Path)
    options.add_argument("--others", type=Path)
    options.add_argument("--out", type=Path, default=Path("docs/img"))
    options.add_argument("--chromium", default=shutil.which("chromium") or "")
    given = options.parse_args()
    pages = {name: given.run / page for name, page in PAGES.items()}
    pages |= {name: given.others / page for name, page in OTHERS.items()} if given.others else {}
    missing = [page for page in pages.values() if not page.is_file()]
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=given.chromium or None)
        for name, page in pages.items():
            for width in SIZES:
                target = given.out / f"{name}-{width}.png"
                if target.is_file() and page not in missing:
                    target.write_bytes(taken(browser, page, width))
        browser.close()
    sys.stdout.write("".join(f"没有 {page}\n" for page in missing))
    return len(missing)


if __name__ == "__main__":
    raise SystemExit(main())
