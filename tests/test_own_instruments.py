"""The instruments that test the tests: mutants are what they say, hostile cases are counted by their end, and named tests exist."""

import ast
import os
import re
import time
from pathlib import Path

import pytest
from mutation.mutants import mutants_of, mutated_tree

from cdgis.core.errors import ReaderError

ROOT = Path(__file__).parent.parent
SOURCE = '''
"""Text."""
LIMIT_M = 10.0
__all__ = ["f"]


def f(a: int = 3, *, strict=True) -> bool:
    """Text."""
    if not a < LIMIT_M:
        raise ValueError(f"{a:.3f}")
    return min(a, 2) == -a + 1 and strict
'''


def changes() -> dict[str, str]:
    return {f"{m.before} -> {m.after}": ast.unparse(mutated_tree(SOURCE, m.order)) for m in mutants_of("x.py", SOURCE)}


def test_every_mutant_is_one_change_that_still_compiles():
    plain = ast.unparse(ast.parse(SOURCE)).splitlines()
    for said, text in changes().items():
        compile(text, "x.py", "exec")
        differing = [pair for pair in zip(plain, text.splitlines(), strict=True) if pair[0] != pair[1]]
        assert len(differing) == 1, said


def test_limits_signs_words_and_statements_are_changed_and_texts_are_not():
    found = set(changes())
    wanted = {
        "10.0 -> 20.0", "3 -> 4", "True -> False", "a < LIMIT_M -> a <= LIMIT_M", "a < LIMIT_M -> a > LIMIT_M",
        "not a < LIMIT_M -> a < LIMIT_M", "min(a, 2) -> max(a, 2)", "-a -> a", "-a + 1 -> -a - 1",
        "raise ValueError(f'{a:.3f}') -> （删去）",
    }  # fmt: skip
    assert wanted <= found
    assert not [said for said in found if "Text" in said or "__all__" in said or "'f'" in said]


def test_what_runs_on_import_is_told_from_what_a_test_can_be_seen_to_reach():
    found = {m.before: m.on_import for m in mutants_of("x.py", SOURCE + "\n\nclass C:\n    least = 7\n")}
    assert found["10.0"] and found["3"] and found["True"] and found["7"]
    assert not any(found[said] for said in ("a < LIMIT_M", "2", "-a", "1"))


def test_a_short_trial_is_gone_on_with_where_it_stopped():
    """Tests that share a dear fixture go together and pay for it once; the next trial leaves out those that let the mutant pass."""
    from mutation import __main__ as driver
    from mutation.reach import Reach

    mutant = mutants_of("x.py", SOURCE)[-1]
    tests = {"a.py::1": 1.0, "a.py::2": 1.0, "b.py::1": 0.5, "b.py::2": 0.5, "c.py::1": 9.0}
    shared, marks = {"b.py::1": {"f": 3.0}, "b.py::2": {"f": 3.0}}, dict.fromkeys(("a.py", "b.py", "c.py"), "m")
    reach = Reach({("x.py", mutant.line): frozenset(tests)}, tests, shared, marks)
    assert driver._tests_for(mutant, reach, 1.5) == ["a.py::1", "a.py::2"] and driver._tests_for(mutant, reach, 0.0) == ["a.py::1"]
    assert driver._tests_for(mutant, reach, 5.2) == ["a.py::1", "a.py::2", "b.py::1"] and len(driver._tests_for(mutant, reach, 99)) == 5
    short = driver._tests_for(mutant, reach, 1.5)
    known = {mutant.key: {"fate": driver.LIVED, "tests": driver._mark_of(short, reach), "seconds": "1.5"}}
    assert driver._not_passed(mutant, driver._tests_for(mutant, reach, 99), reach, known) == ["b.py::1", "b.py::2", "c.py::1"]
    changed = Reach(reach.tests, reach.seconds, reach.shared, {**reach.marks, "a.py": "other"})
    assert len(driver._not_passed(mutant, driver._tests_for(mutant, changed, 99), changed, known)) == 5


def test_the_code_of_issue_20_that_tests_once_missed_gives_the_mutants_named_there():
    """NEAR_M, the digits, the easting range, the compared head, the day after the Code: each is among what is tried."""
    wanted = {
        "report/public/leak_check.py": {"10.0 -> 20.0", "6 -> 7"}, "readers/crs.py": {"100000.0 -> 200000.0", "900000.0 -> 1800000.0"},
        "results/review_journal.py": {"(anchor.length, anchor.head) == (journal.length, journal.head) -> "
                                      "(anchor.length, anchor.head) != (journal.length, journal.head)"},
        "judging/rule_outcomes.py": {"distance_of_zones <= threshold -> distance_of_zones < threshold"}, "rules/law.py": {"1 -> 2"},
    }  # fmt: skip
    for path, said in wanted.items():
        source = (ROOT / "cdgis" / path).read_text(encoding="utf-8")
        assert said <= {f"{m.before} -> {m.after}" for m in mutants_of(path, source)}, path


def test_a_case_is_counted_by_how_it_ends():
    from hostile.trials import Fate, apart

    def throws():
        raise KeyError("x")

    def refuses():
        raise ReaderError("没有坐标系", source="a.shp", remedy="请声明")

    ends = {
        Fate.RIGHT: lambda: (Fate.RIGHT, ""), Fate.TRACEBACK: throws, Fate.REFUSED: refuses, Fate.HANG: lambda: time.sleep(9),
        Fate.SILENT: lambda: (Fate.SILENT, "one row less"),
    }  # fmt: skip
    for fate, case in ends.items():
        assert apart(case, 0.1 if fate is Fate.HANG else 30)[0] is fate
    assert apart(lambda: os._exit(1), 30)[0] is Fate.TRACEBACK


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").glob("*.md")))
def test_every_test_that_a_document_names_exists(page):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    for file, name in re.findall(r"`(test_\w+)::(test_\w+)`", text):
        path = ROOT / "tests" / f"{file}.py"
        assert path.exists() and f"def {name}(" in path.read_text(encoding="utf-8"), f"{file}::{name}"
