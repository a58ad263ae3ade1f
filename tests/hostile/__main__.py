"""What becomes of hostile and unlucky use? Seeded cases by kind, each in a process of its own; a table of counts.

    python -m tests.hostile                              # all kinds, numbers as in docs/audit.md
    python -m tests.hostile files forgeries --count 500 --seed 7
    python -m tests.hostile polygons:300 texts forgeries:30 kills:12 environments     # fewer of some

Ends with exit code 1 and the names of the cases if one was answered wrongly, lost without a word, threw, or hung.
"""

import argparse
import importlib
import sys
import tempfile
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

KINDS = {
    "files": (2000, "带伤的文件（全部格式，走 screen 的流程）"), "polygons": (1000, "难叠置的图形"), "texts": (0, "文字字段里的攻击串"),
    "forgeries": (120, "篡改后核验"), "kills": (40, "换文件时被杀"), "environments": (0, "运行环境"),
}  # fmt: skip
"""Kind -> number of cases (0: all there are) and its name in the table."""


def main() -> int:
    """Try the kinds asked for and print the table."""
    from .trials import BAD, Fate, Tally, say, tally

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", default=list(KINDS), help=" ".join(KINDS))
    parser.add_argument("--count", type=int, help="cases a kind instead of the usual number")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60, help="a case that uses more CPU seconds, or ten times as many by the clock, hangs")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    rows: list[tuple[str, Tally, float]] = []
    for kind, _, fewer in (word.partition(":") for word in asked.kinds):
        usual, title = KINDS[kind]
        number_of_cases = int(fewer) if fewer else usual if asked.count is None else asked.count
        module = importlib.import_module(f".{kind}", __package__)
        started, total = time.perf_counter(), Tally()
        with tempfile.TemporaryDirectory(prefix="cdgis-hostile-") as folder:
            cases = module.cases(number_of_cases, asked.seed, Path(folder))
            for number, total in enumerate(tally(cases, seconds=asked.seconds), start=1):
                if number % 200 == 0:
                    say("\n".join((f"{kind} {number} {dict(total.fates)}", *total.bad)))
        rows.append((title, total, time.perf_counter() - started))
        say("\n".join([f"{kind} {dict(total.fates)}", *total.bad[:40]]))
    say("| 种类 | 试 | " + " | ".join(Fate) + " |\n|---|---|" + "---|" * len(Fate))
    for title, total, _ in rows:
        say(f"| {title} | {total.fates.total()} | " + " | ".join(str(total.fates[fate]) for fate in Fate) + " |")
    return int(any(total.fates[fate] for _, total, _ in rows for fate in BAD))


if __name__ == "__main__":
    raise SystemExit(main())
