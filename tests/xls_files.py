"""Builder of old Excel files (.xls), which openpyxl does not write: the BIFF 5 records xlrd needs, in no container."""

import struct
from collections.abc import Sequence
from pathlib import Path


def _record(kind: int, data: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def write_xls(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    """Write one sheet of texts (GBK) and numbers; None leaves a cell out."""
    cells: list[bytes] = []
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            place = struct.pack("<HH", number, column)
            if isinstance(value, str):
                raw = value.encode("gbk")
                cells.append(_record(0x0004, place + b"\x00\x00\x00" + struct.pack("<B", len(raw)) + raw))
            elif isinstance(value, int | float):
                cells.append(_record(0x0003, place + b"\x00\x00\x00" + struct.pack("<d", value)))
    codepage = _record(0x0042, struct.pack("<H", 936))
    # BIFF 2: one sheet, no globals
    data = _record(0x0009, struct.pack("<HH", 0x0200, 0x0010)) + codepage + b"".join(cells) + _record(0x000A)
    path.write_bytes(data)
    return path
