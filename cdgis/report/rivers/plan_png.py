"""River plan as a PNG, for paper made elsewhere than in a browser (drawn with Pillow)."""

import io

from PIL import Image, ImageDraw

from cdgis.report.drawing.fonts import chinese_font
from cdgis.report.rivers.strip_map import PLAN_PX, Plan

SCALE = 2
_LOOKS = {"border": ("#9aa5b1", 2), "stream": ("#9cc4dc", 2), "stem": ("#1f78b4", 6)}
_GROUND, _INK, _FAINT = "#fbfcfd", "#1f2733", "#5a6472"


def draw_plan_png(plan: Plan) -> bytes:
    """Return the plan as PNG bytes; without a Chinese font on the machine it carries no labels."""
    image = Image.new("RGB", (PLAN_PX[0] * SCALE, PLAN_PX[1] * SCALE), _GROUND)
    pen, font = ImageDraw.Draw(image), chinese_font()
    for line in plan.lines:
        colour, width = _LOOKS[line.style]
        pen.line([(x * SCALE, y * SCALE) for x, y in line.points.tolist()], fill=colour, width=width, joint="curve")
    for spot in plan.spots:
        x, y = spot.x * SCALE, spot.y * SCALE
        pen.ellipse((x - 8, y - 8, x + 8, y + 8), fill=spot.colour, outline="#ffffff")
    left, low = 16 * SCALE, (PLAN_PX[1] - 12) * SCALE
    pen.line([(left, low), (left + plan.bar[0] * SCALE, low)], fill=_INK, width=3)
    if font is not None:
        for name in plan.names:
            pen.text((name.x * SCALE, name.y * SCALE), name.label, font=font, fill=_FAINT, anchor="mm")
        for spot in plan.spots:
            pen.text((spot.x * SCALE + 14, spot.y * SCALE), spot.label, font=font, fill=_INK, anchor="lm",
                     stroke_width=3, stroke_fill=_GROUND)  # fmt: skip
        pen.text((left, low - 10), plan.bar[1], font=font, fill=_INK, anchor="ls")
    stream = io.BytesIO()
    image.save(stream, format="PNG")
    return stream.getvalue()
