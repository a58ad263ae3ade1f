"""Does taking any one layer away ever make a verdict milder? Every zone layer, on four days, on the shipped workspace.

Run: python benchmarks/remove_layers.py [--every 1] [--days 2025-06-01,2026-06-01,2026-08-15,2026-11-01] [--first 0]
A verdict is milder when it lets more through than before: 须论证, 有条件符合 or 未发现冲突 where it was stricter, or where
too little was known. Prints a line for each day and layer, and ends with 1 if there was a milder one.
"""

import argparse
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from cdgis.core.progress import Silent
from cdgis.core.vocabulary import Verdict
from cdgis.judging.evaluation import judge_subjects, only
from cdgis.readers import read_subjects
from cdgis.readers.loading import Loaded, load_workspace
from cdgis.workspace.layers import Subjects
from cdgis.workspace.settings import open_workspace

ROOT = Path(__file__).parent.parent
ORDER = [str(v) for v in (Verdict.CLEAR, Verdict.CONDITIONAL, Verdict.JUSTIFY, Verdict.FAIL, Verdict.UNKNOWN)]
"""From what lets most through; a gap in the data lets nothing through."""


def verdicts(loaded: Loaded, subjects: Subjects) -> "pd.Series[int]":
    """Return the place in ORDER of every subject's verdict."""
    found = judge_subjects(loaded, subjects).tables["verdicts"].set_index("subject_id")["verdict"]
    return found.map({word: place for place, word in enumerate(ORDER)}).sort_index()


def main() -> int:
    """Judge without each layer in turn and count the milder verdicts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only every so manyth subject")
    parser.add_argument("--days", default="2025-06-01,2026-06-01,2026-08-15,2026-11-01")
    parser.add_argument("--first", type=int, default=0, help="pairs of day and layer done before: go on after a stop")
    asked = parser.parse_args()
    workspace = open_workspace(ROOT)
    subjects = read_subjects(workspace)
    subjects = only(subjects, np.arange(0, len(subjects.frame), asked.every))
    started, number, total = time.perf_counter(), 0, 0
    for day in map(date.fromisoformat, asked.days.split(",")):
        whole = load_workspace(workspace, as_of=day, progress=Silent())
        before = None
        for name in sorted(name for name, layer in whole.layers.items() if layer.spec.zones):
            number += 1
            if number <= asked.first:
                continue
            before = verdicts(whole, subjects) if before is None else before
            after = verdicts(replace(whole, layers={k: v for k, v in whole.layers.items() if k != name}), subjects)
            milder = after < before
            milder &= after < ORDER.index(str(Verdict.FAIL))
            total += int(milder.sum())
            changed = int((after != before).sum())
            print(f"{number:4} {day} {name:28} {time.perf_counter() - started:7.0f} s  changed {changed:4}  milder {milder.sum()} of {len(after)} "
                  f"{' '.join(milder.index[milder][:9])}", flush=True)  # fmt: skip
    print(f"milder in all: {total}")
    return int(total > 0)


if __name__ == "__main__":
    raise SystemExit(main())
