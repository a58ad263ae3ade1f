"""Codes of GB/T 4754-2017: names, flags and prefixes in three-valued logic."""

import pytest

from cdgis.core.errors import RuleError
from cdgis.rules import industry


def test_table_holds_the_published_numbers_of_codes() -> None:
    lengths = [len(code) for code in industry.codes()]
    assert [lengths.count(n) for n in (2, 3, 4)] == [97, 473, 1381]


@pytest.mark.parametrize(
    ("code", "name"),
    [("3110", "炼铁"), ("C3110", "炼铁"), (" 31 ", "黑色金属冶炼和压延加工业"), ("9999", ""), ("", "")],
)
def test_name_of_code(code: str, name: str) -> None:
    assert industry.name_of(code) == name
    assert industry.is_known(code) is bool(name)


@pytest.mark.parametrize(
    ("code", "column", "answer"),
    [
        ("3110", "two_high", True),
        ("2611", "two_high", None),  # cond: depends on the product
        ("1371", "two_high", False),  # absent from industries.csv
        ("26", "two_high", None),  # classes differ
        ("311", "two_high", True),  # its only class is 3110
        ("13", "two_high", False),  # no class is listed
        ("2631", "two_high", False),
        ("2631", "relocation_sector", True),
        ("", "two_high", None),
        ("9999", "two_high", None),
    ],
)
def test_flag_follows_the_table(code: str, column: str, answer: bool | None) -> None:
    assert industry.flag(code, column) is answer


def test_flag_refuses_an_unknown_column() -> None:
    with pytest.raises(RuleError, match="没有标志列 colour"):
        industry.flag("3110", "colour")


@pytest.mark.parametrize(
    ("code", "prefixes", "answer"),
    [
        ("3110", ["31"], True),
        ("31", ["31"], True),
        ("3", ["31"], None),
        ("31", ["311"], None),
        ("32", ["311"], False),
        ("", ["31"], None),
        ("C", ["31"], None),  # section C holds division 31
        ("A", ["31"], False),
        ("C3110", ["26", "31"], True),
    ],
)
def test_prefix_match_is_unknown_when_the_code_is_too_short(
    code: str, prefixes: list[str], answer: bool | None
) -> None:
    assert industry.matches_prefix(code, prefixes) is answer


@pytest.mark.parametrize(
    ("name", "text", "answer"),
    [("风力发电", "示例风电场", True), ("风力发电", "示例太阳能电站", False), ("核力发电", "示例风力发电场", False),
     ("热电联产", "示例热电厂", True), ("钢压延加工", "示例加工厂", False), ("铁合金冶炼", "示例铁合金厂", True), ("炼铁", "", False)],
)  # fmt: skip
def test_a_name_speaks_for_an_industry_by_its_telling_words(name: str, text: str, answer: bool) -> None:
    assert industry.speaks_for(name, text) is answer


@pytest.mark.parametrize(
    ("text", "code"),
    [("炼铁", "3110"), ("水泥制造", "3011"), ("水泥制造业", "3011"), ("风力发电项目", "4415"), ("风电", "4415"), ("光伏发电", "4416"),
     ("黑色金属冶炼和压延加工业", "31"), ("造纸", "222"), ("瓶(罐)装饮用水制造", "1522"), ("水泥", ""), ("光伏", ""), ("", ""), ("业", "")],
)  # fmt: skip
def test_name_means_its_code_only_when_it_is_whole(text: str, code: str) -> None:
    assert industry.named(text) == code


def test_every_name_of_the_standard_means_a_code_of_that_name() -> None:
    assert [code for code in industry.codes() if industry.name_of(industry.named(industry.name_of(code))) != industry.name_of(code)] == []


def test_part_of_a_name_lists_the_classes_that_hold_it() -> None:
    found = industry.search("水泥")
    # names that begin with the word first
    assert [code for code, _ in found] == ["3011", "3021", "3023", "3029"]
    assert all("水泥" in name for _, name in found)
    assert industry.search("风力发电") == (("4415", "风力发电"),)
    assert industry.search("没有这样的行业") == () == industry.search("")


@pytest.mark.parametrize(
    ("code", "name", "now"),
    [("4414", "风力发电", "4415 风力发电"), ("D4414", "风力发电", "4415 风力发电"), ("3150", "铁合金冶炼", "3140 铁合金冶炼"),
     ("2520", "炼焦", "2521 炼焦、2523 煤制液体燃料生产、2529 其他煤炭加工"), ("326", "铜压延加工", "325 有色金属压延加工")],
)  # fmt: skip
def test_a_code_of_another_edition_is_told_with_its_successors(code: str, name: str, now: str) -> None:
    found = industry.former(code)
    assert found is not None and found.name.startswith(name)
    assert (found.edition, found.now) == ("GB/T 4754-2011", now)


@pytest.mark.parametrize("code", ["3110", "0810", "31", "C", "", "9999"])
def test_a_code_that_did_not_move_or_never_was_has_no_former_meaning(code: str) -> None:
    assert industry.former(code) is None


def test_every_successor_of_the_crosswalk_is_a_present_code_and_no_code_succeeds_itself() -> None:
    rows = industry._former_codes("GB/T 4754-2011")
    assert len(rows) == 296
    for code, row in rows.items():
        assert row.successors and all(len(new) == 4 and industry.is_known(new) for new in row.successors), code
        assert code not in row.successors
    # What no longer exists is refused by whoever reads it; the rest has another name now.
    assert all(industry.name_of(code) != row.name for code, row in rows.items())


def test_the_present_edition_is_the_latest_that_has_a_table() -> None:
    assert industry.edition_name() == "GB/T 4754-2017"
