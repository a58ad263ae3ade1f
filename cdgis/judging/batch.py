"""Batches of very many parcels judged part by part, so that a crash costs no more than one part.

A part's tables are Parquet files under data/<table>/, written under another name and then renamed; its record under
data/parts/ comes last. The record names what the part was made from: a part whose record still agrees is not done again.
Nothing in a part depends on other parts, so any number of workers may do them in any order.
"""

import gc
import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cdgis import __version__
from cdgis.core.errors import ReaderError, ReportError
from cdgis.core.freed_memory import give_back, keep_freed
from cdgis.core.written_files import add_to_register, file_digest, is_written, read_register
from cdgis.geometry.kernels import load_kernels
from cdgis.geometry.planes import PlaneThreads
from cdgis.judging.evaluation import judge_subjects
from cdgis.judging.layer_stack import ready
from cdgis.readers.inputs import file_sha256
from cdgis.readers.intake import NoteLines
from cdgis.readers.loading import Loaded
from cdgis.readers.parcels import PartOfFile, parts_of_files, read_parcels
from cdgis.readers.place_extent import in_place
from cdgis.readers.stated_places import PLACE_LAYERS
from cdgis.results.data_status import stamp_for, status_text
from cdgis.results.packed_parquet import PAGES, RowsByKind, parquet_bytes
from cdgis.results.report_numbers import input_digest
from cdgis.results.tables import table_named
from cdgis.results.tables.validation import framed
from cdgis.workspace.layers import Layer, Subjects

TABLES = ("subjects", "attributes", "overlaps", "clear", "ledger", "findings", "verdicts")
PART_ROWS = 5000
MAP = "map"
"""Parcels with their verdicts as GeoParquet, which GIS programs and databases open as they are."""
_WRITTEN = (*TABLES, "intake", MAP)
LOADING_PAYS = 10_000
"""After about so many rows compiled kernels are loaded: of fewer the plain way is as fast. No answer depends on it."""
_LARGE = 1_000_000
"""Vertices of a layer after whose laying out memory is given back at once."""
_RUN = "data/run.json"
_PART_FILE = re.compile(rf"data/({'|'.join(_WRITTEN)})/part-\d+\.parquet")
_MOST_NAMED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchJob:
    """What is the same for every part."""

    out: Path
    declared: Mapping[str, str]
    digest: str
    """Of the workspace's inputs, the parcel files, the settings and what is declared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartDone:
    """What came of one part; its rows close: read = judged + quarantined."""

    number: int
    digest: str
    read: int
    judged: int
    quarantined: int
    verdicts: Mapping[str, int]
    files: Mapping[str, str]
    """Path below the output folder -> SHA-256."""
    again: bool = False
    """Whether it was found done by an earlier run."""


def plan_batch(
    loaded: Loaded, files: Sequence[Path], out: Path, *, declared: Mapping[str, str], part_rows: int = PART_ROWS
) -> tuple[BatchJob, tuple[PartOfFile, ...]]:
    """Return the job and its parts; folders among `files` stand for the Parquet files in them.

    Raises
    ------
    ReaderError : a file is not there or not Parquet.
    """
    paths = [p for path in files for p in (sorted(path.glob("*.parquet")) if path.is_dir() else [path])]
    wrong = [
        str(path) for path in paths if not path.is_file() or path.suffix.lower() not in (".parquet", ".geoparquet")
    ]
    if wrong or not paths:
        raise ReaderError(
            f"分布式研判只读 GeoParquet：{'、'.join(wrong) or '没有文件'}",
            remedy="请先把地块导出为 GeoParquet（可按文件或行组分块）",
        )
    named = [(path, loaded.workspace.relative(path)) for path in paths]
    content = {
        "inputs": input_digest(loaded.records, loaded.settings, loaded.as_of, __version__),
        "files": [(label, file_sha256(path)) for path, label in named],
        "declared": dict(declared),
        "part_rows": part_rows,
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    return BatchJob(out=out, declared=dict(declared), digest=digest), parts_of_files(named, rows=part_rows)


def hold_outlines_alone(job: BatchJob, parts: Sequence[PartOfFile], loaded: Loaded, *, jobs: int = 1) -> None:
    """Make the layers ready by `jobs` threads and let go of their shapes in EPSG:4490, which no part asks for.

    `loaded` is of no use for anything but batches in this process and those forked off it afterwards. Nothing is done
    where every part was done before.
    """
    if all(_record_path(job.out, part.number).is_file() for part in parts):
        return
    with in_place(loaded.workspace), PlaneThreads(max_workers=jobs) as pool:
        list(pool.map(_held, [layer for name, layer in loaded.layers.items() if layer.spec.zones and name not in PLACE_LAYERS]))
    give_back()
    keep_freed()


def _held(layer: Layer) -> None:
    large = len(ready(layer).outlines.chunks.xy) > _LARGE
    layer.zones.drop(columns="geometry", inplace=True)
    if large:
        give_back()


def judge_part(part: PartOfFile, job: BatchJob, loaded: Loaded, *, jobs: int = 1) -> PartDone:
    """Judge one part by `jobs` threads and write its tables, unless an earlier run has done so from the same inputs."""
    record = _record_path(job.out, part.number)
    done = _done_before(record, job)
    if done is not None:
        return done
    if part.number * (part.last - part.first) >= LOADING_PAYS:
        load_kernels()
    with in_place(loaded.workspace):
        return _judge_part(part, job, loaded, record, jobs)


def _judge_part(part: PartOfFile, job: BatchJob, loaded: Loaded, record: Path, jobs: int) -> PartDone:
    subjects = read_parcels(loaded.workspace, part, declared=job.declared, layers=loaded.layers)
    judged = judge_subjects(loaded, subjects, jobs=jobs, packed=True)
    # without those that cannot be measured, whose intake lines say so
    subjects, tables = judged.subjects, dict[str, pd.DataFrame | RowsByKind](judged.tables)
    if judged.findings is not None:
        tables["findings"] = judged.findings
    if notes := NoteLines.of(subjects.intake).with_words():
        tables["intake"] = framed(notes.columns())
    place = {name: f"data/{name}/part-{part.number:06d}.parquet" for name in tables}
    files = {place[name]: _write_table(job.out / place[name], name, table, loaded) for name, table in tables.items()}
    files |= _write_map(job.out, part.number, subjects, judged.tables["verdicts"], loaded)
    read, kept = part.last - part.first, len(subjects.frame)
    verdicts = dict(sorted(Counter(judged.tables["verdicts"]["verdict"].tolist()).items()))
    done = PartDone(
        number=part.number, digest=job.digest, read=read, judged=kept, quarantined=read - kept, verdicts=verdicts, files=files
    )
    _write_whole(record, json.dumps(asdict(done), ensure_ascii=False, sort_keys=True).encode())
    return done


def _record_path(out: Path, number: int) -> Path:
    return out / "data" / "parts" / f"part-{number:06d}.json"


def _done_before(record: Path, job: BatchJob) -> PartDone | None:
    try:
        done = PartDone(**{**json.loads(record.read_text(encoding="utf-8")), "again": True})
        whole = all(file_sha256(job.out / name) == known for name, known in done.files.items())
    except (OSError, ValueError, TypeError):
        return None
    return done if whole and done.digest == job.digest else None


def _write_table(path: Path, name: str, table: pd.DataFrame | RowsByKind, loaded: Loaded) -> str:
    """Write one part of one table; return its SHA-256."""
    content = parquet_bytes(table, status_text(stamp_for(loaded.records)), table_named(name).sort_by[:1])
    _write_whole(path, content)
    return hashlib.sha256(content).hexdigest()


def _write_map(out: Path, number: int, subjects: Subjects, verdicts: pd.DataFrame, loaded: Loaded) -> dict[str, str]:
    """Write the parcels of one part with their verdicts, EPSG:4490; return the file's SHA-256 by its name; none without parcels."""
    if not len(subjects.frame):
        return {}
    words = verdicts[["verdict", "at_least", "decisive_rule_ids"]].astype(str)
    row = {subject: at for at, subject in enumerate(verdicts["subject_id"].tolist())}
    ids = subjects.frame["subject_id"].astype(object)
    place = np.array([row[subject] for subject in ids])
    said = {str(name): words[name].array[place] for name in words}
    frame = subjects.frame[["subject_id", "name", "geometry"]].assign(subject_id=ids, **said).astype({"name": "str"})
    sink = BytesIO()
    frame = frame.assign(data_status=status_text(stamp_for(loaded.records)))
    repeated = [*said, "name", "data_status"]  # outlines and numbers of parcels all differ
    frame.to_parquet(sink, index=False, compression="zstd", use_dictionary=repeated, write_statistics=["subject_id"], **PAGES)
    name = f"data/{MAP}/part-{number:06d}.parquet"
    _write_whole(out / name, sink.getvalue())
    return {name: hashlib.sha256(sink.getvalue()).hexdigest()}


def _write_whole(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # The process number keeps a worker thought dead and the one that took over from writing to one file.
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(content)
    part.replace(path)


def judge_in_order(
    job: BatchJob, parts: Iterable[PartOfFile], loaded: Loaded, *, progress: Callable[[str], None] | None = None
) -> list[PartDone]:
    """Judge all parts one after the other in this process."""
    done: list[PartDone] = []
    try:
        for part in parts:
            if len(done) == 1:
                gc.freeze()  # layers, indexes and rules stay to the end: looking through them for garbage takes time
            done.append(judge_part(part, job, loaded))
            (progress or _silent)(f"第 {part.number + 1} 块")
    finally:
        gc.unfreeze()
    return done


def close_batch(job: BatchJob, parts: Sequence[PartOfFile], done: Sequence[PartDone]) -> dict[str, object]:
    """Write run.json, once every part is done, and return what it holds: counts over all parts, which close.

    Raises
    ------
    ReaderError : parts are missing, or one subject number stands in two rows.
    """
    if sorted(d.number for d in done) != [part.number for part in parts]:
        raise ReaderError("有分块没有完成", remedy="再运行一次同样的命令，只补做缺的分块")
    _no_number_twice(job.out, parts)
    verdicts: Counter[str] = Counter()
    for one in done:
        verdicts.update(one.verdicts)
    summary: dict[str, object] = {
        "version": __version__, "digest": job.digest, "parts": len(parts), "read": sum(d.read for d in done),
        "judged": sum(d.judged for d in done), "quarantined": sum(d.quarantined for d in done),
        "verdicts": dict(sorted(verdicts.items())),
        "files": {name: known for d in sorted(done, key=lambda d: d.number) for name, known in d.files.items()},
    }  # fmt: skip
    text = (json.dumps(summary, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()
    _write_whole(job.out / _RUN, text)
    records = [_record_path(job.out, part.number).relative_to(job.out).as_posix() for part in parts]
    written = {
        **{name: known for one in done for name, known in one.files.items()},
        **{name: file_digest(job.out / name) for name in records}, _RUN: hashlib.sha256(text).hexdigest(),
    }  # fmt: skip
    add_to_register(job.out, written, gone=_clear_stale(job.out, set(written)))
    return summary


def _clear_stale(out: Path, wanted: set[str]) -> list[str]:
    """Remove the parts of an earlier, larger batch that nobody changed; return their names."""
    gone: list[str] = []
    for record in sorted((out / "data" / "parts").glob("part-*.json")):
        name = record.relative_to(out).as_posix()
        if name in wanted:
            continue
        for below, known in _listed_files(record).items():
            path = out / below
            if below not in wanted and path.is_file() and file_digest(path) == known:
                path.unlink()
                gone.append(below)
        record.unlink()
        gone.append(name)
    return gone


def _listed_files(record: Path) -> Mapping[str, str]:
    """Return the files of a part by its record, those alone that lie in the output's own tables."""
    try:
        files = json.loads(record.read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, TypeError, KeyError):
        return {}
    return {name: known for name, known in files.items() if _PART_FILE.fullmatch(name)} if isinstance(files, dict) else {}


def open_batch_folder(out: Path) -> None:
    """Make the folder of a batch, known from then on by its `data/parts`.

    Raises
    ------
    ReportError : it is none yet, and files of others bear names that a batch writes; they are named.
    """
    parts = out / "data" / "parts"
    if not parts.is_dir():
        register = read_register(out)
        there = [out / _RUN, *(path for name in _WRITTEN for path in (out / "data" / name).glob("part-*.parquet"))]
        names = sorted(path.relative_to(out).as_posix() for path in there if path.exists())
        foreign = [name for name in names if not is_written(out, name, register)]
        if foreign:
            raise ReportError(
                f"{out} 里已有这些文件，不是 cdgis 写出的，或写出后被改过，没有覆盖：{'、'.join(foreign[:_MOST_NAMED])}",
                remedy="请移走或改名后重试，或用 --out 换一个目录",
            )
    parts.mkdir(parents=True, exist_ok=True)


def _no_number_twice(out: Path, parts: Sequence[PartOfFile]) -> None:
    ids = [pq.read_table(out / "data" / "verdicts" / f"part-{p.number:06d}.parquet", columns=["subject_id"]) for p in parts]
    numbers = pa.concat_tables(ids).column("subject_id") if ids else pa.chunked_array([[]], pa.string())
    if len(numbers.unique()) < len(numbers):
        column = numbers.to_pandas()
        twice = column[column.duplicated()].unique()
        raise ReaderError(
            f"地块编号重复：{'、'.join(map(str, twice[:5]))} 等 {len(twice)} 个", remedy="请改正编号后重新运行"
        )


def _silent(item: str) -> None:
    """Take no notice of progress."""
