"""The water commands from the command line: what they print, what they write, and how they refuse."""

import csv
from pathlib import Path

import pytest

from cdgis.cli import main

ROOT = Path(__file__).parent.parent


@pytest.fixture
def call(capsys, tmp_path):
    """Run a command in the shipped workspace, writing to a folder of its own."""

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([*words, "--workspace", str(ROOT), "--out", str(tmp_path)])
        shown = capsys.readouterr()
        return int(ended.value.code or 0), shown.out, shown.err

    return run


def read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))


def test_trace_writes_the_columns_asked_for_and_says_who_must_be_told(call, tmp_path):
    code, out, _ = call("trace", "E0003", "--velocity", "0.3:1.5")
    rows = read(tmp_path / "data" / "trace.csv")
    wanted = [
        "order",
        "kind",
        "receptor_id",
        "name",
        "jurisdiction",
        "river_km",
        "offset_m",
        "time_low_h",
        "time_high_h",
    ]
    assert code == 0 and list(rows[0])[:9] == wanted
    assert "依次通知：双桥区（0 公里） → 承德县" in out and "没有列出不等于没有" in out and "示范数据" in out
    one = next(row for row in rows if row["name"] == "上板城断面")
    assert float(one["time_low_h"]) == pytest.approx(float(one["river_km"]) / 5.4, rel=1e-3)
    assert float(one["time_high_h"]) == pytest.approx(float(one["river_km"]) / 1.08, rel=1e-3)


def test_sources_above_a_section_are_listed(call, tmp_path):
    code, out, _ = call("trace", "上板城断面", "--up")
    assert code == 0 and "不是环境风险评估分级" in out and "流速为默认假设、未经实测" in out
    assert len(read(tmp_path / "data" / "trace_sources.csv")) > 50


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("trace", "E0129", "--to", "潘家口水库断面"), "不在该点下游"),
        (("trace", "E0003", "--velocity", "2:1"), "流速范围"),
        (("trace", "E0003", "--velocity", "快"), "应写作 低:高"),
        (("trace", "E0003", "--up", "--to", "x"), "不能与"),
        (("outfalls", "--point", "某处"), "应为 经度,纬度"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(call, words, message):
    code, _, err = call(*words)
    assert code == 2 and message in err.replace("\n", "")


def test_a_refused_point_can_be_traced_from_an_offered_place(call):
    place = next(line for line in call("trace", "117.05,42.3")[2].splitlines() if "该点汇入" in line).split("　")[1]
    code, out, _ = call("trace", "117.05,42.3", "--at", place)
    assert code == 0 and "依次通知" in out
