"""The benchmark command: what counts as agreement, what a demand needs to be met, and the plot."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

import bench_judging
import must_show
import plots
import run_all
from side_by_side import Measured


def row(peer: str, seconds: float, checksum: str = "3 对；1.500000 km²", *, job: str = "甲", runs: int = 3) -> Measured:
    return Measured(job, peer, seconds, seconds, seconds, 100.0, checksum, runs)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("3 对；1.500000 km²", True),
        ("3 对；1.50000001 km²", True),
        ("3 对；1.500010 km²", False),
        ("4 对；1.500000 km²", False),
        ("3 对", False),
    ],
)
def test_checksums_agree_when_counts_are_equal_and_decimals_near(other: str, same: bool) -> None:
    assert (run_all.differing([row("cdgis", 1), row("乙", 1, other)]) == []) is same


def test_peers_that_did_not_finish_or_answer_another_question_are_not_compared() -> None:
    rows = [row("cdgis", 1), row("乙", math.nan, "没有跑", runs=0), row("丙（不精确）", 1, "9 对")]
    assert run_all.differing(rows) == []


def test_exponent_is_that_of_the_power_law_from_ten_thousand_on() -> None:
    seconds = {n: 3e-5 * n**0.9 for n in (1e4, 1e5, 1e6)}
    assert must_show.exponent({1e3: 5.0, **seconds}) == pytest.approx(0.9)
    assert math.isnan(must_show.exponent({1e3: 5.0, 1e4: 5.0}))
    assert must_show.last_slope({1e3: 5.0, 1e5: 2.0, 1e6: 40.0}) == pytest.approx(math.log10(20))


def test_demand_is_met_only_when_the_fastest_peer_is_slow_enough() -> None:
    job = "30 米 × 150 单元"
    rows = [row("cdgis", 1.0, job=job), row("exactextract，1 进程", 12.0, job=job)]
    assert "| 12.0（处理器 12.0） | 达到 |" in must_show.judged(rows)
    faster = [*rows, row("exactextract，2 进程", 8.0, job=job)]
    assert "| 8.0（处理器 8.0） | **未达到** |" in must_show.judged(faster)


def test_dask_overhead_needs_the_same_bytes() -> None:
    job = "1000000 块研判"
    one, two = row("cdgis，单进程", 100.0, "sha a", job=job), row("cdgis --engine dask，2 进程", 60.0, "sha a", job=job)
    assert "钟表 +20%（对单进程处理器秒的一半） | 达到 |" in must_show.judged([one, two])
    other = row(two.peer, 60.0, "sha b", job=job)
    assert "**未达到**" in must_show.judged([one, other])


def test_plot_places_decades_evenly_and_is_the_same_each_time() -> None:
    series = {"cdgis": {1e3: 0.1, 1e5: 10.0}, "<乙>": {1e4: 1.0}, "没跑": {1e4: math.nan}}
    first = plots.log_log(series, title="图", axis="n")
    assert first == plots.log_log(series, title="图", axis="n")
    assert "M70.0 386.0L520.0 44.0" in first
    assert "&lt;乙&gt;" in first and "没跑" not in first


def test_checksum_of_verdicts_depends_on_whose_verdict_it_is_and_not_on_the_order() -> None:
    ids, verdicts = np.array(["a", "b", "c"], dtype=object), np.array(["不符合", "须论证", "须论证"], dtype=object)
    found = bench_judging.checksum(ids, verdicts)
    turned = np.array([2, 0, 1])
    assert found == bench_judging.checksum(ids[turned], verdicts[turned])
    assert found != bench_judging.checksum(ids, verdicts[turned])  # the same counts, another owner
