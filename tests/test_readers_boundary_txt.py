"""What boundary-point files get wrong, and what is said about it."""

from pathlib import Path

import pytest
import shapely
from shapes import BOW_TIE, PARCEL, boundary_lines, boundary_text, in_crs, square, workspace

from cdgis.geometry.geodesy import survey_area_m2
from cdgis.readers import read_sites
from cdgis.workspace.layers import Subjects

PLANE = in_crs(PARCEL, 4527)
LINES = boundary_lines(PLANE)


def read(tmp_path: Path, text: str, encoding: str = "gbk", **options: object) -> Subjects:
    path = tmp_path / "界址点.txt"
    path.write_bytes(text.encode(encoding))
    return read_sites(workspace(tmp_path), [path], **options)  # type: ignore[arg-type]


def area_of(subjects: Subjects) -> float:
    return float(survey_area_m2(subjects.frame.geometry.to_numpy()).sum())


def fate(subjects: Subjects) -> list[tuple[str, str]]:
    return [(note.row, note.status.value) for note in subjects.intake]


def test_hole_is_read_from_ring_two(tmp_path: Path) -> None:
    subjects = read(tmp_path, boundary_text(LINES))
    assert len(subjects.frame.geometry.iloc[0].interiors) == 1
    assert abs(area_of(subjects) - survey_area_m2([PARCEL])[0]) <= 0.1


def test_several_parcels_keep_their_order_names_and_faults(tmp_path: Path) -> None:
    second = boundary_lines(in_crs(square(117.95, 40.95, 0.002), 4527))
    text = boundary_text(LINES) + "\r\n".join(
        ["5,,DK002,第二块,面,,,,@", *second, "3,,DK003,坏块,面,,,,@", "J1,1,abc,def"]
    )
    subjects = read(tmp_path, text)
    assert fate(subjects) == [("1", "accepted"), ("2", "accepted"), ("3", "quarantined")]
    assert subjects.frame["name"].tolist() == ["示例地块", "第二块"]
    assert "J1,1,abc,def" in subjects.intake[2].value and "第 " in subjects.intake[2].reason


def test_closing_point_with_a_wrong_ring_number_is_taken_back(tmp_path: Path) -> None:
    outer = boundary_lines(shapely.Polygon(PLANE.exterior))
    label, _, north, east = outer[-1].split(",")
    subjects = read(tmp_path, boundary_text([*outer[:-1], f"{label},3,{north},{east}"]))
    assert fate(subjects) == [("1", "repaired")]
    assert "圈号写错" in subjects.intake[0].reason
    assert subjects.frame.geometry.iloc[0].geom_type == "Polygon"


def test_rings_under_one_number_are_split_where_they_close(tmp_path: Path) -> None:
    one_number = [",".join([line.split(",")[0], "1", *line.split(",")[2:]]) for line in LINES]
    subjects = read(tmp_path, boundary_text(one_number))
    assert abs(area_of(subjects) - survey_area_m2([PARCEL])[0]) <= 0.1


def test_ring_outside_the_first_is_a_further_part(tmp_path: Path) -> None:
    both = shapely.MultiPolygon([square(117.90, 40.95, 0.002), square(117.95, 40.95, 0.002)])
    parts = [in_crs(part, 4527) for part in both.geoms]
    lines = [
        line.replace(",1,", f",{number},", 1)
        for number, part in enumerate(parts, start=1)
        for line in boundary_lines(part)
    ]
    subjects = read(tmp_path, boundary_text(lines))
    assert subjects.frame.geometry.iloc[0].geom_type == "MultiPolygon"
    assert "2 个部分" in subjects.intake[0].reason


def test_island_inside_a_hole_is_a_part_again(tmp_path: Path) -> None:
    rings = [square(117.90, 40.95, 0.009), square(117.902, 40.952, 0.005), square(117.904, 40.954, 0.001)]
    lines = [line.replace(",1,", f",{number},", 1) for number, ring in enumerate(rings, start=1)
             for line in boundary_lines(in_crs(ring, 4527))]  # fmt: skip
    subjects = read(tmp_path, boundary_text(lines))
    areas = survey_area_m2(rings)
    assert area_of(subjects) == pytest.approx(areas[0] - areas[1] + areas[2], abs=0.1)


def test_bow_tie_is_quarantined_because_nobody_knows_which_half_is_meant(tmp_path: Path) -> None:
    subjects = read(tmp_path, boundary_text(boundary_lines(in_crs(BOW_TIE, 4527))))
    assert fate(subjects) == [("1", "quarantined")]
    assert "自相交" in subjects.intake[0].reason and "占 50.0" in subjects.intake[0].reason


@pytest.mark.parametrize(("kind", "geometry"), [("线", "LineString"), ("点", "Point")])
def test_lines_and_points_are_read_by_the_shape_word(tmp_path: Path, kind: str, geometry: str) -> None:
    lines = LINES[:3] if kind == "线" else LINES[:1]
    subjects = read(tmp_path, boundary_text(lines, header=f"3,,DK1,示例,{kind},,,,@"))
    assert subjects.frame.geometry.iloc[0].geom_type == geometry


@pytest.mark.parametrize("datum", ["80西安坐标系", "1954北京坐标系", "GCJ-02", "独立坐标系"])
def test_other_datums_are_refused_with_a_remedy(tmp_path: Path, datum: str) -> None:
    subjects = read(tmp_path, boundary_text(LINES, 坐标系=datum))
    assert fate(subjects) == [("1", "quarantined")]
    assert subjects.intake[0].value == datum and subjects.intake[0].remedy


def test_missing_datum_is_reported_and_costs_accuracy(tmp_path: Path) -> None:
    subjects = read(tmp_path, boundary_text(LINES, 坐标系=""))
    assert fate(subjects) == [("1", "repaired")]
    assert subjects.frame["accuracy_m"].tolist() == [700.0]
    declared = read(tmp_path, boundary_text(LINES, 坐标系=""), declared={"crs": "CGCS2000"})
    assert (fate(declared), declared.frame["accuracy_m"].tolist()) == ([("1", "accepted")], [0.0])


def test_missing_zone_is_quarantined_unless_the_easting_carries_it(tmp_path: Path) -> None:
    bare = boundary_lines(in_crs(PARCEL, 4548))
    subjects = read(tmp_path, boundary_text(bare, 带号=""))
    assert fate(subjects) == [("1", "quarantined")]
    assert "带号=39" in subjects.intake[0].remedy
    assert fate(read(tmp_path, boundary_text(LINES, 带号=""))) == [("1", "accepted")]
    assert fate(read(tmp_path, boundary_text(bare, 带号=""), declared={"crs": "EPSG:4548"})) == [("1", "accepted")]


@pytest.mark.parametrize(
    ("keys", "declared", "said"),
    [({"带号": "40"}, {}, "带号为 CGCS2000 3度带 中央经线120°"), ({"中央子午线": "114"}, {}, "中央子午线为"),
     ({"带号": "39"}, {"crs": "EPSG:4528"}, "声明为 CGCS2000 3度带40带"), ({"中央子午线": "118"}, {}, "不支持的带号")],
)  # fmt: skip
def test_zone_that_prefix_keys_and_declaration_do_not_agree_on_is_refused(
    tmp_path: Path, keys: dict[str, str], declared: dict[str, str], said: str
) -> None:
    subjects = read(tmp_path, boundary_text(LINES, **keys), declared=declared)
    assert fate(subjects) == [("1", "quarantined")]
    assert said in subjects.intake[0].reason


@pytest.mark.parametrize(("count", "said"), [(10, False), (8, False), (9, True), (13, True), ("1O", True)])
def test_header_count_is_checked_but_the_points_count(tmp_path: Path, count: object, said: bool) -> None:
    subjects = read(tmp_path, boundary_text(LINES, header=f"{count},,DK1,示例,面,,,,@"))
    assert ("界址点数" in subjects.intake[0].reason or "以实有为准" in subjects.intake[0].reason) == said
    assert len(subjects.frame) == 1


@pytest.mark.parametrize(("area", "said"), [("16.7393公顷", False), ("16.70", False), ("12.0公顷", True)])
def test_header_area_is_compared_with_the_points(tmp_path: Path, area: str, said: bool) -> None:
    subjects = read(tmp_path, boundary_text(LINES, header=f"10,{area},DK1,示例,面,,,,@"))
    assert ("相差超过 1%" in subjects.intake[0].reason) == said


def test_coordinates_alone_are_enough(tmp_path: Path) -> None:
    subjects = read(tmp_path, "\n".join(LINES) + "\n", encoding="utf-8")
    assert fate(subjects) == [("1", "repaired")]
    assert abs(area_of(subjects) - survey_area_m2([PARCEL])[0]) <= 0.1


def test_leading_extension_section_and_twelve_fields_are_read(tmp_path: Path) -> None:
    text = "[扩展信息]\r\n说明=1,2,3\r\n" + boundary_text(
        LINES, header="10,16.7,DK1,示例,面,K50,工业,0601,国有,,备注,,@"
    )
    assert fate(read(tmp_path, text)) == [("1", "accepted")]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (LINES[:2], "不足三个"),
        ([], "没有坐标"),
        (["J1,1,1,2", "J2,1,3000,4"], "不像高斯"),
        (["J1,1,,4541000"], "不是坐标"),
    ],
)
def test_hopeless_parcels_are_quarantined(tmp_path: Path, lines: list[str], reason: str) -> None:
    subjects = read(tmp_path, boundary_text(lines))
    assert fate(subjects) == [("1", "quarantined")]
    assert reason in subjects.intake[0].reason


@pytest.mark.parametrize("content", [b"", "这是说明文件\n".encode(), b"\x00\x01", b"\x81\xff\xfe\x81"])
def test_other_text_files_are_quarantined_whole(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "说明.txt").write_bytes(content)
    subjects = read_sites(workspace(tmp_path), [tmp_path / "说明.txt"])
    assert fate(subjects) == [("整个文件", "quarantined")]
