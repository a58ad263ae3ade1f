import io
import sys

import pytest
from PIL import Image
from report_fixtures import empty_assessment, make_assessment

from cdgis.core.errors import ReportError
from cdgis.report.drawing.palette import read_palette
from cdgis.report.site import overview_png
from cdgis.report.site.overview_png import draw_still, write_still


def test_still_shows_every_verdict_and_is_the_same_twice() -> None:
    first = draw_still(make_assessment())
    assert first == draw_still(make_assessment())
    image = Image.open(io.BytesIO(first)).convert("RGB")
    colours = {colour for _, colour in image.getcolors(maxcolors=10**7)}
    for look in read_palette().verdicts.values():
        assert tuple(int(look.fill[i : i + 2], 16) for i in (1, 3, 5)) in colours
    assert image.width > 1500


def test_still_is_drawn_when_nothing_was_judged() -> None:
    assert draw_still(empty_assessment()).startswith(b"\x89PNG")


def test_missing_font_or_library_is_said_with_what_to_install(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview_png, "chinese_font", lambda: None)
    with pytest.raises(ReportError, match="fonts-noto-cjk"):
        write_still(make_assessment(), tmp_path)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ReportError, match=r"pip install 'cdgis\[stills\]'"):
        draw_still(make_assessment())
