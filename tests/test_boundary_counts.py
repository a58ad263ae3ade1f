"""No line of a boundary-point file is lost unsaid: it is a point of a parcel, or intake names it or the count tells."""

import re
from itertools import combinations
from pathlib import Path
from random import Random

import pytest
from shapes import PARCEL, boundary_lines, boundary_text, in_crs, workspace

from cdgis.readers import read_sites
from cdgis.readers.boundary_lines import parse_boundary_text
from cdgis.readers.boundary_txt import read_boundary_txt
from cdgis.readers.records import SiteSource
from cdgis.workspace.layers import Subjects

LINES = boundary_lines(in_crs(PARCEL, 4527))
"""Ten lines of two closed rings, J1–J4 and J5–J8."""
_POINT = re.compile(r"\d{2,}\.\d{2,}[^\d=]+\d{2,}\.\d{2,}")


def read(tmp_path: Path, text: str) -> Subjects:
    path = tmp_path / "界址点.txt"
    path.write_bytes(text.encode("utf-8"))
    return read_sites(workspace(tmp_path), [path])


def mutated(text: str, random: Random) -> str:
    """Return `text` with one or two characters or pieces put in, taken out or exchanged, among its point lines."""
    for _ in range(random.choice((1, 2))):
        at = random.randrange(len(text) // 4, len(text))
        kind = random.choice(("put", "cut", "line", "over"))
        if kind == "put":
            text = text[:at] + random.choice(("[", "]", "@", "=", ",", "\n", "[附]\n", "[地块坐标]\n", "X", "-", "1.5,", "带号=")) + text[at:]
        elif kind == "cut":
            text = text[:at] + text[at + random.randrange(1, 30) :]
        elif kind == "over":
            text = text[:at] + random.choice("[]@=,;\t") + text[at + 1 :]
        else:
            ends = [match.end() for match in re.finditer("\n", text)]
            at = random.choice(ends)
            text = text[:at] + random.choice(("[", "@", "[J", "[附加信息]\n", "=")) + text[at:]
    return text


@pytest.mark.parametrize("seed", range(8))
def test_every_point_line_is_used_or_named(seed: int) -> None:
    random = Random(seed)
    for _ in range(100):
        text = mutated(boundary_text(LINES).replace("\r", ""), random)
        _, parcels = parse_boundary_text(text)
        used = {vertex.line for parcel in parcels for vertex in parcel.vertices}
        named = {int(n) for parcel in parcels for remark in parcel.remarks for n in re.findall(r"第 (\d+) 行", remark.reason)}
        points = {number for number, line in enumerate(text.split("\n"), start=1) if _POINT.search(line)}
        assert not parcels or points <= used | named, text
        assert not used & named


def test_a_lost_line_is_told_by_the_count_the_numbers_or_the_ring(tmp_path: Path) -> None:
    source = SiteSource(path=tmp_path / "a.txt", label="a.txt")
    lost = [*combinations(range(10), 1), *Random(1).sample(list(combinations(range(10), 2)), 20)]
    for count in ("10", "8", ""):
        for gone in lost:
            kept = [line for index, line in enumerate(LINES) if index not in gone]
            source.path.write_text(boundary_text(kept, header=f"{count},,DK1,示例,面,,,,@"), encoding="utf-8")
            (record,) = read_boundary_txt(source)
            # without a count nothing tells that the last number of the last ring was written
            assert bool(record.remarks) != (not count and gone == (8,)), (count, gone)


@pytest.mark.parametrize(
    ("at", "made", "said"),
    [(5, "[", ""), (5, "[附加]\n", "第 18 行不是坐标"), (None, "@", "第 18 行不是坐标"), (5, "J1.5,1.5,", "第 17 行不是坐标")],
)
def test_marks_that_would_end_the_coordinates_lose_no_hole(tmp_path: Path, at: int | None, made: str, said: str) -> None:
    lines = list(LINES)
    if at is None:
        lines[6] += made
    elif made.endswith(","):
        lines[at] = made + lines[at].split(",", 2)[2]
    else:
        lines[at] = made + lines[at]
    subjects = read(tmp_path, boundary_text(lines))
    if said:
        assert (len(subjects.frame), said in subjects.intake[0].reason) == (0, True)
    else:
        assert len(subjects.frame.geometry.iloc[0].interiors) == 1


@pytest.mark.parametrize(
    ("rings", "said"), [((1, 2), ""), ((0, 1), ""), ((1, 3), "圈号不连续：1 之后是 3"), ((2, 3), "圈号不连续：从 2 写起")]
)
def test_ring_numbers_that_jump_are_told(tmp_path: Path, rings: tuple[int, int], said: str) -> None:
    lines = [",".join((line.split(",")[0], str(rings[index > 4]), *line.split(",")[2:])) for index, line in enumerate(LINES)]
    assert read(tmp_path, boundary_text(lines)).intake[0].reason == said


def test_shared_point_numbers_are_no_gaps(tmp_path: Path) -> None:
    lines = [f"J{7 * int(line[1]) % 23},{line.split(',', 1)[1]}" for line in LINES]
    assert read(tmp_path, boundary_text(lines)).intake[0].reason == ""


@pytest.mark.parametrize(("area", "said"), [("251.09亩", False), ("167393平方米", False), ("16.7393公顷", False), ("167393", True)])
def test_header_area_is_read_in_its_unit(tmp_path: Path, area: str, said: bool) -> None:
    subjects = read(tmp_path, boundary_text(LINES, header=f"10,{area},DK1,示例,面,,,,@"))
    assert ("相差超过 1%" in subjects.intake[0].reason) == said


def test_a_line_of_one_point_is_not_left_out(tmp_path: Path) -> None:
    lines = [*LINES[:3], "K1,2,4535523.5019,39575946.5604"]
    subjects = read(tmp_path, boundary_text(lines, header="4,,DK1,示例,线,,,,@"))
    assert (len(subjects.frame), "线少于两个点" in subjects.intake[0].reason) == (0, True)
