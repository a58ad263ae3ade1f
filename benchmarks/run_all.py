"""All benchmarks in one command: measure, compare checksums, write the tables and plots of docs/performance.md.

    python benchmarks/run_all.py [--data DIR]            # all parts, the batch with 100 000 parcels: about an hour
    python benchmarks/run_all.py --only zonal start      # measure these anew, keep the other numbers
    python benchmarks/run_all.py --only national --parcels 1000000 --job 河北 --peer "2 进程"    # one run of one part
    python benchmarks/run_all.py --also rivers publish
    python benchmarks/run_all.py --render                # only write the pages again from the last numbers

Numbers are kept in DIR/results.json, so that pages can be written again. Ends with an error, after writing, if two
peers that answer the same question found different things.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import bench_batch
import bench_judging
import bench_national
import bench_relocation
import bench_start
import bench_vectors
import bench_verdict
import bench_zonal
import must_show
import pages
import side_by_side
from side_by_side import Measured

HERE = Path(__file__).resolve().parent
PARTS: Mapping[str, ModuleType] = {
    "start": bench_start, "zonal": bench_zonal, "vectors": bench_vectors, "judging": bench_judging, "batch": bench_batch,
    "national": bench_national, "verdict": bench_verdict, "relocation": bench_relocation,
}  # fmt: skip
ALSO = {"rivers": ("bench_rivers.py",), "publish": ("bench_publish.py",)}
TOLERANCE = 1e-7
"""Relative difference that decimals of checksums may have; whole numbers must be equal."""


def main() -> None:
    """Measure what is asked for, write the pages, and fail if checksums differ."""
    options = _options()
    kept = options.data / "results.json"
    results: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {"parts": {}, "also": {}}
    if not options.render:
        options.data.mkdir(parents=True, exist_ok=True)
        for name in options.only or PARTS:
            results["parts"][name] = _measured(name, options, results["parts"].get(name, {}).get("rows", ()))
            kept.write_text(json.dumps(results, ensure_ascii=False, indent=1), encoding="utf-8")
        for name in options.also:
            results["also"][name] = {"day": date.today().isoformat(), "text": _printed(ALSO[name])}
            kept.write_text(json.dumps(results, ensure_ascii=False, indent=1), encoding="utf-8")
    rows = [Measured(**row) for part in results["parts"].values() for row in part["rows"]]
    wrong = differing(rows)
    pages.write(results, rows, docs=options.docs)
    print(must_show.judged(rows))
    if wrong:
        sys.exit("校验和不一致：\n" + "\n".join(wrong))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("/tmp/cdgis-benchmarks"), help="seeded data and results.json")
    parser.add_argument("--docs", type=Path, default=HERE.parent / "docs", help="folder of performance.md and scale.md")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=[])
    parser.add_argument("--job", default="", help="only jobs whose name holds this; the part's other numbers are kept")
    parser.add_argument("--peer", default="", help="only peers whose name holds this")
    parser.add_argument("--also", nargs="+", choices=list(ALSO), default=[])
    parser.add_argument("--parcels", type=int, choices=bench_batch.SIZES, default=100_000, help="of the batch")
    parser.add_argument("--render", action="store_true")
    return parser.parse_args()


def _measured(name: str, options: argparse.Namespace, before: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return one part's rows, those of `before` that are not measured anew first, with day and load of this run."""
    module, load = PARTS[name], os.getloadavg()
    if hasattr(module, "rows"):
        rows = [row for row in module.rows(options.data) if options.job in row.job and options.peer in row.peer]
    else:
        sized = name in ("batch", "national")
        tasks: Sequence[tuple[str, str]] = list(module.tasks(options.parcels) if sized else module.TASKS)
        keys = [(job, peer) for job, peer in tasks if options.job in job and options.peer in peer]
        runs = 1 if sized else side_by_side.REPETITIONS
        rows = side_by_side.measured(Path(str(module.__file__)), keys, options.data, runs=runs)
    return {
        "day": date.today().isoformat(),
        "load": load,
        "machine": side_by_side.machine(pages.PACKAGES, load=load),
        "rows": [*_kept(before, rows), *(asdict(row) for row in rows)],
    }


def _kept(before: Sequence[dict[str, Any]], rows: Sequence[Measured]) -> list[dict[str, Any]]:
    """Return the rows of an earlier run that were not measured anew."""
    anew = {(row.job, row.peer) for row in rows}
    return [row for row in before if (row["job"], row["peer"]) not in anew]


def _printed(script: Sequence[str]) -> str:
    print(f"{script[0]} …", file=sys.stderr, flush=True)
    done = subprocess.run([sys.executable, str(HERE / script[0]), *script[1:]], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


def differing(rows: Sequence[Measured]) -> list[str]:
    """Return the jobs whose peers found different things; rows that did not finish or are marked inexact do not count."""
    first: dict[str, Measured] = {}
    wrong = []
    for row in rows:
        if not row.runs or bench_zonal.INEXACT in row.peer:
            continue
        known = first.setdefault(row.job, row)
        if not _agree(known.checksum, row.checksum):
            wrong.append(f"{row.job}：{known.peer} {known.checksum}，{row.peer} {row.checksum}")
    return wrong


def _agree(one: str, other: str) -> bool:
    """Return whether two checksums are equal but for rounding of decimals."""
    decimal = re.compile(r"\d+\.\d+")
    if decimal.sub("", one) != decimal.sub("", other):
        return False
    pairs = zip(map(float, decimal.findall(one)), map(float, decimal.findall(other)), strict=True)
    return all(abs(a - b) <= TOLERANCE * max(abs(a), abs(b)) for a, b in pairs)


if __name__ == "__main__":
    main()
