"""Codes of GB/T 4754-2017: names, flags and prefixes in three-valued logic."""

import pytest

from cdgis import industry
from cdgis.errors import RuleError


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
