"""Parquet files put together of columns that are encoded already: the format's pages and its footer, and nothing of tables.

Apache Parquet format 2: the pages of one column after the other, then a footer in Thrift's compact protocol that says where
each begins. One row group, one data page a column, packed by Zstandard.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cdgis.core.array_types import BoolArray

PLAIN, RUNS, BY_NUMBER = 0, 3, 8
"""Encodings of cells: as they are, in runs, by their number in the column's dictionary."""
_MAGIC = b"PAR1"
_ZSTD = 6
_INT32, _INT64, _BINARY, _LIST, _STRUCT = 5, 6, 8, 9, 12
_KINDS = {pa.bool_(): 0, pa.int64(): 2, pa.float64(): 5, pa.string(): 6, pa.large_string(): 6}
_STRING = 6
_LONGEST = 4096
"""Bytes of the longest least or greatest value that is kept."""

_Value = tuple[int, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """The cells of one column, encoded."""

    kind: pa.DataType
    count: int
    """Cells, missing ones too."""
    content: bytes
    """The cells that are there, as `encoding` says."""
    encoding: int
    there: BoolArray | None = None
    """Which cells are there; None where no room is left for gaps."""
    texts: Sequence[bytes] | None = None
    """The dictionary."""
    ends: tuple[bytes, ...] = ()
    """The least and the greatest, encoded plainly; none where nobody looks rows up by them."""


def parquet_file(columns: Mapping[str, Cells]) -> bytes:
    """Return the file that holds these columns, all of them of one length."""
    schema = pa.schema([pa.field(name, cells.kind, nullable=cells.there is not None) for name, cells in columns.items()])
    packer, pages, at, unpacked, chunks = pa.Codec("zstd"), [_MAGIC], len(_MAGIC), 0, []
    for name, cells in columns.items():
        written = _pages(cells, packer)
        chunks.append(_chunk(name, cells, written, at))
        pages += [page for page, _ in written]
        at += sum(len(page) for page, _ in written)
        unpacked += sum(size for _, size in written)
    count = next((cells.count for cells in columns.values()), 0)
    footer = _footer(schema, count, chunks, unpacked)
    return b"".join([*pages, footer, len(footer).to_bytes(4, "little"), _MAGIC])


def words(texts: Sequence[bytes]) -> bytes:
    """Return texts as they are, each after its length, as the content of a page."""
    lengths = [*map(len, texts)]
    heads = {length: length.to_bytes(4, "little") for length in {*lengths}}
    parts = [b""] * (2 * len(lengths))
    parts[::2], parts[1::2] = map(heads.__getitem__, lengths), texts
    return b"".join(parts)


def runs(numbers: Sequence[int], lengths: Sequence[int], width: int) -> bytes:
    """Return numbers of `width` bytes, each as often as its length says, in the format's runs."""
    heads = {length: _varint(length << 1) for length in {*lengths}}
    return b"".join(
        heads[length] + number.to_bytes(width, "little") for number, length in zip(numbers, lengths, strict=True) if length
    )


def by_number(codes: npt.NDArray[np.unsignedinteger[Any]]) -> bytes:
    """Return the content of a page of numbers of one, two or four bytes: packed at their own width, they are what they are."""
    width, eights = codes.itemsize, -(-len(codes) // 8)
    cells = codes.astype(codes.dtype.newbyteorder("<"), copy=False)
    return b"".join([bytes([8 * width]), _varint(eights << 1 | 1), cells.data, bytes((8 * eights - len(codes)) * width)])


def _levels(there: BoolArray) -> bytes:
    """Return which cells are there, as the format says it before a page's cells."""
    some = np.packbits(there, bitorder="little").tobytes()
    said = runs([1], [len(there)], 1) if there.all() else _varint(len(some) << 1 | 1) + some
    return len(said).to_bytes(4, "little") + said


def _pages(cells: Cells, packer: pa.Codec) -> list[tuple[bytes, int]]:
    """Return the pages of a column, each with the bytes it holds unpacked: its dictionary, if it has one, and its cells."""
    made = []
    if cells.texts is not None:
        made.append((2, words(cells.texts), 7, {1: _number(len(cells.texts)), 2: _number(PLAIN)}))
    levels = b"" if cells.there is None else _levels(cells.there)
    said = {1: _number(cells.count), 2: _number(cells.encoding), 3: _number(RUNS), 4: _number(RUNS)}
    made.append((0, levels + cells.content, 5, said))
    written = []
    for kind, content, field, about in made:
        packed = packer.compress(content, asbytes=True)
        head = _struct({1: _number(kind), 2: _number(len(content)), 3: _number(len(packed)), field: _struct(about)})[1]
        written.append((head + packed, len(head) + len(content)))
    return written


def _chunk(name: str, cells: Cells, written: Sequence[tuple[bytes, int]], at: int) -> _Value:
    """Return what the footer says of a column whose pages begin `at` this byte."""
    encodings = {cells.encoding, RUNS, *([PLAIN] if cells.texts is not None else [])}
    data = at + sum(len(page) for page, _ in written[:-1])
    about = {
        1: _number(_KINDS[cells.kind]), 2: _list([_number(one) for one in sorted(encodings)]), 3: _list([_text(name.encode())]),
        4: _number(_ZSTD), 5: _number(cells.count, _INT64), 6: _number(sum(size for _, size in written), _INT64),
        7: _number(sum(len(page) for page, _ in written), _INT64), 9: _number(data, _INT64),
    }  # fmt: skip
    if len(written) > 1:
        about[11] = _number(at, _INT64)
    if cells.ends and max(map(len, cells.ends)) <= _LONGEST:
        gaps = 0 if cells.there is None else int(len(cells.there) - np.count_nonzero(cells.there))
        about[12] = _struct({3: _number(gaps, _INT64), 5: _text(cells.ends[1]), 6: _text(cells.ends[0])})
    return _struct({2: _number(0, _INT64), 3: _struct(about)})


def _footer(schema: pa.Schema, count: int, chunks: Sequence[_Value], size: int) -> bytes:
    root = _struct({3: _number(0), 4: _text(b"schema"), 5: _number(len(schema))})
    group = {1: _list(chunks), 2: _number(size, _INT64), 3: _number(count, _INT64)}
    # Arrow's own types, long texts among them, which the format itself does not tell
    told = _struct({1: _text(b"ARROW:schema"), 2: _text(base64.b64encode(schema.serialize()))})
    return _struct({
        1: _number(2), 2: _list([root, *map(_element, schema)]), 3: _number(count, _INT64), 4: _list([_struct(group)]),
        5: _list([told]), 6: _text(b"cdgis"), 7: _list([_struct({1: _struct({})})] * len(schema)),
    })[1]  # fmt: skip


def _element(field: pa.Field) -> _Value:
    about = {1: _number(_KINDS[field.type]), 3: _number(int(field.nullable)), 4: _text(field.name.encode())}
    if _KINDS[field.type] == _STRING:
        about |= {6: _number(0), 10: _struct({1: _struct({})})}
    return _struct(about)


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])


def _number(number: int, kind: int = _INT32) -> _Value:
    """Return a number from 0 as Thrift writes it."""
    return kind, _varint(number << 1)


def _text(content: bytes) -> _Value:
    return _BINARY, _varint(len(content)) + content


def _list(items: Sequence[_Value]) -> _Value:
    kind = items[0][0] if items else _STRUCT
    head = bytes([len(items) << 4 | kind]) if len(items) < 15 else bytes([0xF0 | kind]) + _varint(len(items))
    return _LIST, head + b"".join(content for _, content in items)


def _struct(fields: Mapping[int, _Value]) -> _Value:
    parts, last = [], 0
    for field, (kind, content) in sorted(fields.items()):
        parts += [bytes([(field - last) << 4 | kind]), content]
        last = field
    return _STRUCT, b"".join([*parts, b"\0"])
