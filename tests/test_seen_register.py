"""The workspace's register of what was seen: it counts for the very words declared, every row is told, and it is an input."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import metres, sites, write_layer
from shapes import workspace as bare_workspace
from small_workspace import small_workspace

from cdgis.core.errors import ReaderError
from cdgis.pipelines.assess_city import assess_workspace
from cdgis.readers.seen_register import COLUMNS, with_register
from cdgis.workspace.layers import Subjects
from cdgis.workspace.settings import Sources, Workspace, open_workspace

NUMBER = "冀自然资函〔2026〕2号"
GOOD = ("S000", "opinion_document", NUMBER, "张三", "2026-11-02")


def subjects() -> Subjects:
    found = sites([metres(0, 0, 10, 10), metres(20, 0, 30, 10)], activity="国家重大项目;开发性生产性建设")
    found.attributes.loc[0] = ["S000", "opinion_document", NUMBER, ""]
    found.attributes.loc[1] = ["S000", "serves_water_supply", "true", ""]
    return found


def register(root: Path, *rows: tuple[str, ...], columns: tuple[str, ...] = COLUMNS) -> Workspace:
    (root / "登记.csv").write_text("\n".join(",".join(row) for row in (columns, *rows)) + "\n", encoding="utf-8")
    return bare_workspace(root, sources=Sources(registered="登记.csv"))


def seen(found: Subjects) -> dict[tuple[str, str], str]:
    rows = found.attributes[found.attributes["attribute"].str.endswith("_seen")]
    return {(row.subject_id, row.attribute): row.value for row in rows.itertuples()}


@pytest.mark.parametrize("matter", ["opinion_document", "意见文号", "认定意见"])
@pytest.mark.parametrize("words", [NUMBER, " 冀自然资函〔2026〕 2号 "])
def test_a_document_seen_by_somebody_is_registered_for_its_subject(tmp_path: Path, matter: str, words: str) -> None:
    found = with_register(subjects(), register(tmp_path, ("S000", matter, words, "张三", "2026-11-02")), whole=True)
    assert seen(found) == {("S000", "opinion_document_seen"): "张三（2026-11-02）"}
    (note,) = found.intake
    assert (note.status, note.row) == ("accepted", "2")
    (record,) = found.records
    assert (record.kind, record.path, len(record.sha256)) == ("table", "登记.csv", 64)


def test_an_activity_and_a_flag_are_registered_too(tmp_path: Path) -> None:
    rows = [("S001", "活动类型", "国家重大项目", "李四", "2026-11-02"), ("S000", "serves_water_supply", "是", "李四", "2026-11-02")]
    found = with_register(subjects(), register(tmp_path, *rows), whole=True)
    assert set(seen(found)) == {("S001", "activity_seen"), ("S000", "serves_water_supply_seen")}


@pytest.mark.parametrize(
    ("place", "text", "told"),
    [
        (0, "S009", "没有这个编号"), (1, "two_high", "没有这样一个可登记的事项"), (1, "", "没有这样一个可登记的事项"),
        (2, "冀自然资函〔2026〕3号", "不作数"), (2, "", "不作数"), (2, "暂无", "不作数"), (3, "", "由谁核验"), (3, "张\u202e三", "由谁核验"),
        (4, "", "YYYY-MM-DD"), (4, "2026-02-30", "YYYY-MM-DD"), (4, "2026年11月2日", "YYYY-MM-DD"), (4, "2026-11-02x", "YYYY-MM-DD"),
        (0, "S001", "未申报"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_count_is_quarantined_and_told(tmp_path: Path, place: int, text: str, told: str) -> None:
    row = [*GOOD[:place], text, *GOOD[place + 1 :]]
    found = with_register(subjects(), register(tmp_path, tuple(row)), whole=True)
    (note,) = found.intake
    assert seen(found) == {} and note.status == "quarantined" and told in note.reason and note.remedy


@settings(max_examples=60)
@given(
    declared=st.sampled_from([NUMBER, "冀自然资函〔2026〕20号", "冀自然资函〔2025〕2号", ""]),
    stated=st.sampled_from([NUMBER, "冀自然资函〔2026〕20号", "有"]),
)
def test_what_was_seen_counts_for_these_words_only(tmp_path_factory: pytest.TempPathFactory, declared: str, stated: str) -> None:
    found = subjects()
    found.attributes.loc[0, "value"] = declared
    root = tmp_path_factory.mktemp("区")
    registered = with_register(found, register(root, ("S000", "opinion_document", stated, "张三", "2026-11-02")), whole=True)
    assert bool(seen(registered)) == (declared == stated)


def test_rows_on_others_are_told_in_a_run_and_left_by_a_screening(tmp_path: Path) -> None:
    space = register(tmp_path, GOOD, ("别的", "opinion_document", NUMBER, "张三", "2026-11-02"), GOOD)
    assert [note.status for note in with_register(subjects(), space, whole=True).intake] == ["accepted", "quarantined", "accepted"]
    screened = with_register(subjects(), space, whole=False)
    assert [note.status for note in screened.intake] == ["accepted", "accepted"] and "已经登记" in screened.intake[1].reason
    assert len(seen(screened)) == len(screened.attributes) - 2 == 1


def test_no_register_changes_nothing_and_a_missing_or_foreign_one_is_refused(tmp_path: Path) -> None:
    plain = subjects()
    assert with_register(plain, bare_workspace(tmp_path), whole=True) is plain
    with pytest.raises(ReaderError, match="找不到"):
        with_register(plain, bare_workspace(tmp_path, sources=Sources(registered="没有.csv")), whole=True)
    with pytest.raises(ReaderError, match="缺少列 核验人"):
        with_register(plain, register(tmp_path, GOOD, columns=("对象编号", "事项", "内容", "谁", "核验日期")), whole=True)


def test_in_a_whole_run_the_register_counts_for_the_subject_it_names_and_every_row_is_told(tmp_path: Path) -> None:
    root = small_workspace(tmp_path / "区")
    same = {"行业代码": "4420", "活动类型": "国家重大项目", "opinion_document": NUMBER, "建设性质": "新建"}
    fields = {"项目编号": ["P1", "P2"], **{name: [value] * 2 for name, value in same.items()}}
    write_layer(root / "layers/projects/site.gpkg", [metres(100, 100, 200, 200), metres(300, 300, 400, 400)], fields)
    settings = root / "cdgis.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("[sources]\n", '[sources]\nregistered = "登记.csv"\n'), encoding="utf-8")
    claims = [("P1", "opinion_document", NUMBER), ("P9", "opinion_document", NUMBER), ("P1", "活动类型", "国家重大项目")]
    rows = [",".join(COLUMNS), *(",".join([*claim, "张三", "2026-10-02"]) for claim in claims)]
    (root / "登记.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    tables = assess_workspace(open_workspace(root)).tables
    findings = tables["findings"].set_index(["subject_id", "rule_id"])
    assert [findings.loc[(who, "ECO-03"), "state"] for who in ("P1", "P2")] == ["not_applicable", "applies"]
    caveats = tables["verdicts"].set_index("subject_id")["caveats"]
    assert "凭申报文号，未核验" in caveats["P2"] and "凭申报文号，未核验" not in caveats["P1"]
    told = tables["intake"].query("file == '登记.csv'")
    assert told["status"].tolist() == ["accepted", "quarantined", "accepted"] and "P9" in told["value"].tolist()
