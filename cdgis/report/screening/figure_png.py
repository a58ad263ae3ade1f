"""Figure of a report as a PNG, for paper made elsewhere than in a browser (drawn with Pillow).

The same paths as the SVG, at twice the size and smoothed by drawing twice larger still. Without a Chinese font on
the machine the picture carries no labels; the tables hold all they would say.
"""

import io
import re

from PIL import Image, ImageChops, ImageDraw

from cdgis.report.drawing.fonts import SCALE, Font, chinese_font
from cdgis.report.screening.content import Figure, Measure, Outline
from cdgis.report.screening.figure_style import LOOKS, OVERLAP, SHIFT, Look, colour_of, legend_of

_SMOOTH = 2
_KEY_ROW_PX, _KEY_PAD_PX = 22, 8
_GROUND = "#fbfbf9"
_RINGS = re.compile(r"M([^MZ]*)(Z?)")
Point = tuple[float, float]


def draw_png(figure: Figure) -> bytes:
    """Return the figure with its legend below as PNG bytes."""
    font = chinese_font()
    size = (figure.width * SCALE * _SMOOTH, figure.height * SCALE * _SMOOTH)
    canvas = Image.new("RGB", size, _GROUND)
    for outline in figure.outlines:
        _draw_outline(canvas, outline)
    for measure in figure.measures:
        _draw_measure(canvas, measure)
    _draw_points(canvas, figure)
    image = canvas.resize((figure.width * SCALE, figure.height * SCALE), Image.Resampling.LANCZOS)
    _draw_furniture(image, figure, font)
    if font is not None:
        image = _with_legend(image, figure, font)
    stream = io.BytesIO()
    image.save(stream, format="PNG")
    return stream.getvalue()


def _rings(path: str, factor: float) -> list[tuple[list[Point], bool]]:
    """Return the rings and lines of SVG path data in canvas pixels, and whether each is closed."""
    made = []
    for points, closed in _RINGS.findall(path):
        pairs = (pair.split(" ") for pair in points.split("L"))
        made.append(([(float(x) * factor, float(y) * factor) for x, y in pairs], bool(closed)))
    return made


def _draw_outline(canvas: Image.Image, outline: Outline) -> None:
    look, colour = LOOKS[outline.style], colour_of(outline)
    rings = _rings(outline.path, SCALE * _SMOOTH)
    if look.fill_opacity:
        _fill(canvas, [ring for ring, closed in rings if closed and len(ring) > 2], look, colour)
    if look.stroke_width:
        pen = ImageDraw.Draw(canvas)
        width = round(look.stroke_width * SCALE * _SMOOTH)
        for ring, _ in rings:
            _line(pen, ring, "#ffffff" if outline.style == "unit" else colour, width, look.dash)


def _fill(canvas: Image.Image, rings: list[list[Point]], look: Look, colour: str) -> None:
    """Lay a colour over all rings by the even-odd rule, as the SVG does; only the pixels they can reach are touched."""
    xs, ys = [x for ring in rings for x, _ in ring], [y for ring in rings for _, y in ring]
    if not xs:
        return
    left, top = max(int(min(xs)), 0), max(int(min(ys)), 0)
    right, bottom = min(int(max(xs)) + 2, canvas.width), min(int(max(ys)) + 2, canvas.height)
    if right <= left or bottom <= top:
        return
    mask = Image.new("1", (right - left, bottom - top), 0)
    for ring in rings:
        part = Image.new("1", mask.size, 0)
        ImageDraw.Draw(part).polygon([(x - left, y - top) for x, y in ring], fill=1)
        mask = ImageChops.logical_xor(mask, part)
    opacity = round(255 * look.fill_opacity)
    canvas.paste(colour, (left, top, right, bottom), mask=mask.convert("L").point(lambda v: opacity if v else 0))


def _line(pen: ImageDraw.ImageDraw, points: list[Point], colour: str, width: int, dash: tuple[int, ...]) -> None:
    if not dash:
        pen.line(points, fill=colour, width=width, joint="curve")
        return
    for piece in _dashes(points, [length * SCALE * _SMOOTH for length in dash]):
        pen.line(piece, fill=colour, width=width)


def _dashes(points: list[Point], pattern: list[int]) -> list[list[Point]]:
    """Return the drawn pieces of a dashed line."""
    pieces: list[list[Point]] = []
    place, left, drawn = 0, float(pattern[0]), True
    for (x1, y1), (x2, y2) in zip(points, points[1:], strict=False):
        length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
        done = 0.0
        while length - done > 1e-9:
            step = min(left, length - done)
            ends = [
                (x1 + (x2 - x1) * t / length, y1 + (y2 - y1) * t / length) for t in (done, done + step)
            ]
            if drawn:
                pieces.append(ends)
            done, left = done + step, left - step
            if left <= 1e-9:
                place, drawn = (place + 1) % len(pattern), not drawn
                left = float(pattern[place])
    return pieces


def _draw_measure(canvas: Image.Image, measure: Measure) -> None:
    factor, colour = SCALE * _SMOOTH, _measure_colour(measure)
    pen = ImageDraw.Draw(canvas)
    ends = [(measure.x1 * factor, measure.y1 * factor), (measure.x2 * factor, measure.y2 * factor)]
    pen.line(ends, fill=colour, width=2 * factor)
    for x, y in ends:
        pen.ellipse((x - 3 * factor, y - 3 * factor, x + 3 * factor, y + 3 * factor), fill=colour)


def _measure_colour(measure: Measure) -> str:
    return OVERLAP if measure.style == "critical" else SHIFT


def _draw_points(canvas: Image.Image, figure: Figure) -> None:
    factor, pen = SCALE * _SMOOTH, ImageDraw.Draw(canvas)
    for mark in figure.marks:
        radius = {"subject": 7.0, "place": 2.6}.get(mark.style, 2.6) * factor
        x, y = mark.x * factor, mark.y * factor
        fill = "#ffffff" if mark.style == "point" else "#2f3640"
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill, outline="#111111", width=factor)


def _draw_furniture(image: Image.Image, figure: Figure, font: Font | None) -> None:
    """Draw frame, scale bar and north arrow, and all labels when there is a font for them."""
    pen = ImageDraw.Draw(image)
    width, height = image.size
    pen.rectangle((0, 0, width - 1, height - 1), outline="#6d7784", width=SCALE)
    x, y = 14 * SCALE, height - 14 * SCALE
    end = x + figure.bar_px * SCALE
    pen.line([(x, y - 12), (x, y), (end, y), (end, y - 12)], fill="#1f2733", width=2 * SCALE)
    tip = (width - 22 * SCALE, 12 * SCALE)
    shape = ((0, 0), (8, 26), (0, 20), (-8, 26))
    pen.polygon([(tip[0] + dx * SCALE, tip[1] + dy * SCALE) for dx, dy in shape], fill="#1f2733")
    if font is None:
        return
    _text(pen, (tip[0], tip[1] + 36 * SCALE), "北", font, anchor="mm")
    _text(pen, (end + 6 * SCALE, y), figure.bar_label, font, anchor="lm")
    for mark in figure.marks:
        if mark.label:
            _text(pen, ((mark.x + 4) * SCALE, (mark.y - 4) * SCALE), mark.label, font, anchor="ls")
    for measure in figure.measures:
        middle = min(max((measure.x1 + measure.x2) / 2, 150), figure.width - 150)
        beside = 18 if measure.style == "shift" else -8  # the critical distance is written above the same place
        above = min(max((measure.y1 + measure.y2) / 2 + beside, 16), figure.height - 26)
        _text(pen, (middle * SCALE, above * SCALE), measure.label, font, anchor="ms", colour=_measure_colour(measure))


def _text(
    pen: ImageDraw.ImageDraw, at: Point, text: str, font: Font, *, anchor: str, colour: str = "#14181f"
) -> None:
    pen.text(at, text, font=font, fill=colour, anchor=anchor, stroke_width=2 * SCALE, stroke_fill="#ffffff")


def _with_legend(image: Image.Image, figure: Figure, font: Font) -> Image.Image:
    """Return the picture with its legend in rows below."""
    rows: list[list[tuple[float, int]]] = [[]]
    keys, x = legend_of(figure), float(_KEY_PAD_PX)
    for place, key in enumerate(keys):
        width = 30 + font.getlength(key.label) / SCALE + 16
        if x + width > figure.width and rows[-1]:
            rows.append([])
            x = float(_KEY_PAD_PX)
        rows[-1].append((x, place))
        x += width
    whole = Image.new("RGB", (image.width, image.height + (len(rows) * _KEY_ROW_PX + _KEY_PAD_PX) * SCALE), "#ffffff")
    whole.paste(image, (0, 0))
    pen = ImageDraw.Draw(whole)
    for number, row in enumerate(rows):
        y = image.height + (number * _KEY_ROW_PX + _KEY_PAD_PX + 6) * SCALE
        for left, place in row:
            key, look = keys[place], LOOKS[keys[place].style]
            box = (left * SCALE, y - 5 * SCALE, (left + 22) * SCALE, y + 5 * SCALE)
            if key.style in ("line", "stream", "border", "shift"):
                _line(pen, [(box[0], y), (box[2], y)], key.colour, 2 * SCALE, ())
            else:
                pen.rectangle(box, fill=_blend(key.colour, look.fill_opacity), outline=key.colour, width=SCALE)
            pen.text(((left + 28) * SCALE, y), key.label, font=font, fill="#14181f", anchor="lm")
    return whole


def _blend(colour: str, opacity: float) -> tuple[int, int, int]:
    """Return a colour laid over white."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    red, green, blue = (round(255 + (part - 255) * opacity) for part in parts)
    return red, green, blue
