"""Indexed PNG of few colours (ISO/IEC 15948), the same bytes every time."""

import struct
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Colour = tuple[int, int, int, int]
"""Red, green, blue and opacity, 0 to 255."""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_INDEXED, _EIGHT_BITS = 3, 8
_LEVEL = 6
"""Of compression; 9 takes ten times as long on flat colours and saves little."""


def indexed_png(pixels: npt.NDArray[np.uint8], colours: Sequence[Colour]) -> bytes:
    """Return a PNG whose pixels (rows from the top) are positions in `colours`, at most 256."""
    height, width = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, _EIGHT_BITS, _INDEXED, 0, 0, 0)
    # Each row begins with its filter type; 0 is none, which suits flat colours.
    rows = np.zeros((height, width + 1), dtype=np.uint8)
    rows[:, 1:] = pixels
    return b"".join(
        [
            _SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", bytes(part for colour in colours for part in colour[:3])),
            _chunk(b"tRNS", bytes(colour[3] for colour in colours)),
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), _LEVEL)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
