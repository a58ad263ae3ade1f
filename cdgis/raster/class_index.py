"""Raster codes of any size mapped to small class positions, in order of appearance."""

import numpy as np
import numpy.typing as npt

from cdgis.core.errors import LayerError
from cdgis.raster.geotiff import Pixels, Raster

NODATA_CODE = -1
"""Class code under which cells without a value are reported; never a land class."""
_UNLISTED = -1000


def unlisted_code(found: int) -> int:
    """Return the class code that stands for a value of the file that no land class is known for; never a land class."""
    return _UNLISTED - 2 * found if found >= 0 else _UNLISTED + 1 + 2 * found


def value_of_unlisted(code: int) -> int | None:
    """Return the value in the file that `unlisted_code` was made of, None for any other code."""
    if code > _UNLISTED:
        return None
    return (_UNLISTED - code) // 2 if (_UNLISTED - code) % 2 == 0 else -((_UNLISTED + 1 - code) // 2)

Positions = npt.NDArray[np.uint16]
_UNSEEN = int(np.iinfo(np.uint16).max)
_MOST_CODES = 4096
_MOST_BYTES = 254
_WIDEST_SPAN = 1 << 22
"""Largest span of codes that is looked up in a table; land classes span thousands at most."""


class ClassIndex:
    """The class codes met so far; position 0 stands for cells without a value."""

    def __init__(self, raster: Raster) -> None:
        self._record = raster.record
        self._nodata = raster.nodata
        self.codes: list[int] = [NODATA_CODE]
        """Code of each position."""
        self._first = 0
        self._table = np.empty(0, dtype=np.uint16)
        """Position of code `_first` + i."""

    def positions(self, pixels: Pixels) -> Positions:
        """Return the position in `codes` of every pixel, adding codes not met before.

        Raises
        ------
        LayerError : values that are not whole numbers, too many or spread too far to be class codes.
        """
        if pixels.dtype.kind in "iu":
            return self._looked_up(pixels)
        values = np.asarray(pixels, dtype=float)
        missing = np.isnan(values) if self._nodata is None else np.isnan(values) | (values == self._nodata)
        if missing.all():
            return np.zeros(values.shape, dtype=np.uint16)
        # Any code that occurs will do where there is none: its place is cleared below.
        whole = np.where(missing, values[~missing][0], values)
        if not (np.isfinite(whole).all() and (whole == np.floor(whole)).all()):
            raise self._refused("栅格值不是整数类别代码，不能按类别统计面积")
        found = self._looked_up(whole.astype(np.int64))
        found[missing] = 0
        return found

    def of_bytes(self, occurring: npt.NDArray[np.bool_]) -> Positions:
        """Return the position of each value of a byte, adding those that occur; of others any.

        Raises
        ------
        LayerError : as `positions`.
        """
        table = np.zeros(len(occurring), dtype=np.uint16)
        codes = np.flatnonzero(occurring).astype(np.uint8)
        table[codes] = self._looked_up(codes)
        return table

    def _looked_up(self, codes: Pixels) -> Positions:
        self._widen(int(codes.min()), int(codes.max()))
        found = self._table_at(codes)
        unseen = found == _UNSEEN
        if unseen.any():
            self._admit(np.unique(codes[unseen]))
            found = self._table_at(codes)
        return found

    def _table_at(self, codes: Pixels) -> Positions:
        if codes.dtype == np.uint8 and self._first == 0 and len(self.codes) <= _MOST_BYTES:
            # Bytes through a table of bytes: five times as fast as indexing, and most land cover maps are bytes.
            table = np.full(256, 255, dtype=np.uint8)
            table[: len(self._table)] = np.minimum(self._table, 255)[:256]
            found = np.frombuffer(codes.tobytes().translate(table.tobytes()), dtype=np.uint8).reshape(codes.shape)
            if int(found.max()) < 255:
                return found.astype(np.uint16)
        return self._table[codes if self._first == 0 else codes.astype(np.int64) - self._first]

    def _widen(self, lowest: int, highest: int) -> None:
        first = min(self._first, lowest)
        last = max(self._first + len(self._table) - 1, highest)
        if last - first >= _WIDEST_SPAN:
            raise self._refused(
                f"栅格值从 {first} 到 {last}，不像类别代码。请确认这是土地类别栅格，或在文件中写明无数据值"
            )
        if first == self._first and last < self._first + len(self._table):
            return
        table = np.full(last - first + 1, _UNSEEN, dtype=np.uint16)
        table[self._first - first : self._first - first + len(self._table)] = self._table
        self._first, self._table = first, table

    def _admit(self, codes: Pixels) -> None:
        for code in codes.tolist():
            if code == self._nodata:
                self._table[code - self._first] = 0
                continue
            if code == NODATA_CODE:
                raise self._refused(f"类别代码 {NODATA_CODE} 留作无数据。请在文件中写明无数据值，或改用别的代码")
            self._table[code - self._first] = len(self.codes)
            self.codes.append(code)
        if len(self.codes) > _MOST_CODES:
            raise self._refused(f"栅格有 {len(self.codes) - 1} 个以上不同的值，不像类别代码。请确认这是土地类别栅格")

    def _refused(self, problem: str) -> LayerError:
        return LayerError(self._record.path, self._record.layer, (problem,))
