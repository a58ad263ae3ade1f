"""Codes of GB/T 4754-2017: names, flags and prefixes in three-valued logic."""

import pytest

from cdgis.errors import RuleError
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
    ("code", "name", "answer"),
    [
        ("4414", "示例风力发电场", True),
        ("4414", "核力发电", False),
        ("4415", "示例太阳能电站", True),
        ("4415", "示例风电场", False),
        ("3110", "示例炼铁厂", False),
        ("4413", "水力发电", False),
    ],
)
def test_2011_code_is_recognised_by_its_name(code: str, name: str, answer: bool) -> None:
    assert industry.looks_like_2011(code, name) is answer


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


@pytest.mark.parametrize(("code", "meaning"), [("4414", ("风力发电", "4415")), ("D4414", ("风力发电", "4415")), ("3110", ("", ""))])
def test_old_meaning_of_a_code(code: str, meaning: tuple[str, str]) -> None:
    assert industry.meaning_2011(code) == meaning
