"""Do cdgis and the reference say the same of random sites, row by row?

    python -m tests.reference.compare --sites 10000 --seed 1
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cache
from multiprocessing import Pool
from typing import Any

import numpy as np
import pandas as pd
from geopandas import GeoDataFrame

from cdgis.core.progress import Silent
from cdgis.judging.evaluation import judge_subjects
from cdgis.readers.loading import Loaded, load_workspace
from cdgis.workspace.layers import Subjects
from cdgis.workspace.settings import open_workspace

from .opinion import Opinion, opinions
from .sites import DATES, Site, random_sites
from .statute import ROOT
from .zones import read_layers

KEYS = {"overlaps": ("layer", "zone_id"), "clear": ("layer",), "ledger": ("layer",), "findings": ("rule_id", "layer", "zone_id")}
TABLE_NAMES = {**{name: name for name in KEYS}, "verdict": "verdicts"}
TEXT = {
    "overlaps": ("relation", "zone_class"), "clear": (), "ledger": ("unit",), "findings": ("state",),
    "verdict": ("verdict", "at_least", "decisive_rule_ids", "unknown_rule_ids", "stability", "manual_count"),
}  # fmt: skip
NUMBER = {
    "overlaps": ("area_m2", "length_m", "share", "distance_m"), "clear": ("distance_m",),
    "ledger": ("inside", "outside", "uncovered", "total"), "findings": (), "verdict": (),
}  # fmt: skip
AREA = (1e-6, 1e-6)
"""Relative and absolute tolerance (m²) of areas."""
DISTANCE_M = 1e-3
LENGTH_M = 1e-5
BATCH = 500
"""Sites compared at a time, to bound memory."""

Answers = dict[str, Opinion]


@dataclass
class Tally:
    """How many rows were compared, and where the two sides differ."""

    rows: Counter[str] = field(default_factory=Counter)
    mismatches: list[str] = field(default_factory=list)


def subjects_of(sites: Sequence[Site]) -> Subjects:
    """Return the sites as cdgis takes them."""
    columns: dict[str, Any] = {
        "subject_id": [site.id for site in sites], "name": "", "kind": [site.kind for site in sites],
        "industry": [site.industry for site in sites], "project_type": [site.project_type for site in sites],
        "activity": [site.activity for site in sites], "accuracy_m": [site.accuracy_m for site in sites],
        "source_file": "random", "source_row": "", "notes": "",
    }  # fmt: skip
    frame = GeoDataFrame(columns, geometry=[site.lonlat for site in sites], crs="EPSG:4490")
    rows = [(site.id, name, value, "") for site in sites for name, value in sorted(site.attributes.items())]
    return Subjects(frame=frame, attributes=pd.DataFrame(rows, columns=["subject_id", "attribute", "value", "unit"]))


@cache
def shipped() -> Loaded:
    """Return the shipped workspace, read by cdgis."""
    return load_workspace(open_workspace(ROOT), as_of=None, progress=Silent())


def judged(sites: Sequence[Site], loaded: Loaded) -> Answers:
    """Return what cdgis says of every site, in the reference's form."""
    found: Answers = {site.id: {name: [] for name in KEYS} for site in sites}
    for day in DATES:
        batch = [site for site in sites if site.as_of == day]
        if not batch:
            continue
        tables = judge_subjects(replace(loaded, as_of=day), subjects_of(batch)).tables
        for name in KEYS:
            for row in tables[name].to_dict("records"):
                found[row["subject_id"]][name].append(row)
        for row in tables["verdicts"].to_dict("records"):
            found[row["subject_id"]]["verdict"] = row
    return found


def compare(sites: Sequence[Site], *, jobs: int = 1, progress: Callable[[str], object] | None = None) -> Tally:
    """Return every difference between cdgis and the reference on `sites`; `progress` hears of each batch done."""
    tally = Tally()
    batches = [sites[start : start + BATCH] for start in range(0, len(sites), BATCH)]
    with ExitStack() as stack:
        spread = stack.enter_context(Pool(jobs)).imap if jobs > 1 else map
        for part in spread(_compare_batch, batches):
            tally.rows.update(part.rows)
            tally.mismatches += part.mismatches
            if progress:
                listed = "".join(f"{text}\n" for text in part.mismatches)
                progress(f"{listed}{tally.rows['verdict']} sites, differences: {len(tally.mismatches)}\n")
    return tally


def _compare_batch(batch: Sequence[Site]) -> Tally:
    tally = Tally()
    compare_answers(batch, judged(batch, shipped()), opinions(batch), tally)
    return tally


def compare_answers(sites: Sequence[Site], ours: Answers, theirs: Answers, tally: Tally) -> None:
    """Add to `tally` every difference between two sets of answers on `sites`."""
    for site in sites:
        for name in KEYS:
            tally.mismatches += [f"{site.id} {text}" for text in _rows_differ(name, ours[site.id], theirs[site.id], tally)]
        tally.rows["verdict"] += 1
        mine, other = ours[site.id]["verdict"], theirs[site.id]["verdict"]
        differ = [*_cells_differ("verdict", mine, other), *_critical_distances_differ(mine, other)]
        tally.mismatches += [f"{site.id} verdict {text}" for text in differ]


def _critical_distances_differ(mine: dict[str, Any], other: dict[str, Any]) -> Iterator[str]:
    a, b = mine["critical_distance_m"], other["critical_distance_m"]
    if not np.isclose(a, b, rtol=5e-4, atol=other["critical_precision_m"], equal_nan=True):
        yield f"critical_distance_m: cdgis {a!r}, reference {b!r} ± {other['critical_precision_m']:.3f}"


def _rows_differ(name: str, ours: Opinion, theirs: Opinion, tally: Tally) -> Iterator[str]:
    mine, other = _keyed(name, ours[name]), _keyed(name, theirs[name])
    tally.rows[name] += len(other)
    for key in sorted(mine.keys() | other.keys()):
        if key not in mine or key not in other:
            side, row = ("cdgis", mine[key]) if key in mine else ("reference", other[key])
            yield f"{name} {key} only in {side}: {_brief(name, row)}"
        else:
            yield from (f"{name} {key} {text}" for text in _cells_differ(name, mine[key], other[key], theirs["slack_m2"]))


def _keyed(name: str, rows: Sequence[dict[str, Any]]) -> dict[tuple[str, ...], dict[str, Any]]:
    keyed = {tuple(";".join(sorted(str(row[key]).split(";"))) for key in KEYS[name]): row for row in rows}
    if len(keyed) != len(rows):
        raise ValueError(f"{name}: one key, two rows")
    return keyed


def _brief(name: str, row: dict[str, Any]) -> dict[str, Any]:
    return {column: row[column] for column in (*TEXT[name], *NUMBER[name])}


def _cells_differ(name: str, mine: dict[str, Any], other: dict[str, Any], slack: float = 0.0) -> Iterator[str]:
    for column in TEXT[name]:
        if str(mine[column]) != str(other[column]):
            yield f"{column}: cdgis {mine[column]!r}, reference {other[column]!r}"
    for column in NUMBER[name]:
        more = 0.0 if column == "share" else slack
        if not _close(column, mine[column], other[column], more + _slack(column, other)):
            yield f"{column}: cdgis {mine[column]!r}, reference {other[column]!r}"


def _slack(column: str, row: dict[str, Any]) -> float:
    """Return how well a remainder of a total, a length, or the share a length is of the whole, can be known."""
    if column == "share":
        return (LENGTH_M + float(row["doubt_m"])) * row["share"] / row["length_m"] if row["length_m"] else 0.0
    length = column == "length_m" or row.get("unit") == "m"
    return 1e-9 * float(row.get("total", 0.0)) + (LENGTH_M + float(row.get("doubt_m", 0.0))) * length


def _close(column: str, mine: float, other: float, slack: float) -> bool:
    if column == "share":
        return abs(mine - other) <= 1e-6 + slack
    if column == "distance_m":
        return bool(np.isclose(mine, other, rtol=0, atol=DISTANCE_M, equal_nan=True))
    return bool(np.isclose(mine, other, rtol=AREA[0], atol=AREA[1] + slack))


def main() -> int:
    """Compare on as many random sites as asked for; print counts and differences; 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m tests.reference.compare", description=__doc__)
    parser.add_argument("--sites", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--skip", type=int, default=0, help="sites of the seed's row to leave out at its beginning")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--show", type=int, default=20, help="differences to print")
    options = parser.parse_args()
    start = time.perf_counter()
    sites = random_sites(options.sites, options.seed, read_layers())[options.skip :]
    tally = compare(sites, jobs=options.jobs, progress=sys.stderr.write)
    seconds = time.perf_counter() - start
    rows = ", ".join(f"{name} {count}" for name, count in tally.rows.items())
    out = [f"{len(sites)} sites, seed {options.seed}, {seconds:.0f} s", f"rows compared: {rows}"]
    out += [f"differences: {len(tally.mismatches)}", *tally.mismatches[: options.show]]
    sys.stdout.write("\n".join(out) + "\n")
    return 1 if tally.mismatches else 0


if __name__ == "__main__":
    sys.exit(main())
