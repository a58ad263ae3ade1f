"""The Chinese font that pictures made with Pillow are lettered in."""

from functools import cache
from pathlib import Path

from PIL import ImageFont

SCALE = 2
"""Pixels of the picture a pixel of the drawing."""
_FONT_PX = 13
_FONTS = (
    "C:/Windows/Fonts/msyh.ttc",
    "C:/Windows/Fonts/simhei.ttf",
    "C:/Windows/Fonts/simsun.ttc",
    "/System/Library/Fonts/PingFang.ttc",
    "/System/Library/Fonts/STHeiti Medium.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
)
Font = ImageFont.FreeTypeFont


@cache
def chinese_font() -> Font | None:
    """Return the first Chinese font found on the machine, None when there is none."""
    for name in _FONTS:
        if Path(name).is_file():
            return ImageFont.truetype(name, _FONT_PX * SCALE)
    return None
