"""Ten files as people really hand them over: each gives the right site, or one clear message and no site."""

from pathlib import Path

import people_proof
import pytest
from people_proof import CASES, Case
from shapes import PARCEL

from cdgis.geometry.geodesy import survey_area_m2

AREA_M2 = float(survey_area_m2([PARCEL])[0])
READ = {
    "swapped_axes": ("repaired", "横纵坐标颠倒"),
    "gbk": ("accepted", ""),
    "missing_prj_declared": ("accepted", ""),
    "hole": ("accepted", ""),
    "kml_altitude": ("accepted", "高程（Z）已略去"),
    "dxf_millimetres": ("accepted", "孔洞"),
}
REFUSED = {
    "wrong_zone_prefix": ("坐标前缀为 CGCS2000 3度带39带", "改为一致"),
    "wrong_zone": ("才在本市，带号可能写错", "带号"),
    "missing_prj": ("没有坐标系", "--crs"),
    "dxf_without_crs": ("没有坐标系", "--crs"),
    "xian80": ("西安80", "转换参数"),
    "empty_file": ("文件是空的", "重新导出"),
}


@pytest.mark.parametrize("name", READ)
def test_file_gives_the_parcel_in_its_place_when_it_can_be_read(name: str, tmp_path: Path) -> None:
    status, reason = READ[name]
    subjects = CASES[name].read(tmp_path)
    (note,) = subjects.intake
    (shape,) = subjects.frame.geometry
    assert (note.status.value, reason in note.reason) == (status, True)
    assert float(survey_area_m2([shape])[0]) == pytest.approx(AREA_M2, abs=0.1)
    assert shape.symmetric_difference(PARCEL).area <= 1e-6 * PARCEL.area
    assert len(shape.interiors) == 1


@pytest.mark.parametrize("name", REFUSED)
def test_file_gives_one_message_and_no_site_when_it_cannot_be_read(name: str, tmp_path: Path) -> None:
    reason, remedy = REFUSED[name]
    subjects = CASES[name].read(tmp_path)
    (note,) = subjects.intake
    assert len(subjects.frame) == 0
    assert note.status == "quarantined"
    assert reason in note.reason and remedy in note.remedy


def test_two_parcels_become_two_sites_when_they_share_a_file(tmp_path: Path) -> None:
    subjects = CASES["two_parcels"].read(tmp_path)
    assert subjects.frame["name"].tolist() == ["示例地块", "示例地块二"]
    assert [note.status.value for note in subjects.intake] == ["accepted", "accepted"]


def test_gbk_words_are_read_as_written(tmp_path: Path) -> None:
    assert CASES["gbk"].read(tmp_path).frame["name"].tolist() == ["示例项目甲"]


def test_document_shows_every_case_as_it_comes_out_today() -> None:
    shown = people_proof.blocks(people_proof.DOCUMENT.read_text(encoding="utf-8"))
    assert list(shown) == list(CASES)
    assert shown == {name: people_proof.output(case) for name, case in CASES.items()}


def test_document_titles_are_those_of_the_cases() -> None:
    document = people_proof.DOCUMENT.read_text(encoding="utf-8")
    for name, case in CASES.items():
        assert f"### {case.title}\n\n<!-- {name} -->" in document


def test_document_check_fails_when_an_output_is_altered() -> None:
    document = people_proof.DOCUMENT.read_text(encoding="utf-8")
    altered = document.replace("横纵坐标颠倒（东坐标在前），已对调", "横纵坐标颠倒")
    assert people_proof.blocks(altered) != people_proof.blocks(document)
    assert people_proof.renewed(altered) == people_proof.renewed(document)


def test_output_names_the_options_of_the_command(tmp_path: Path) -> None:
    case: Case = CASES["dxf_millimetres"]
    assert case.command(tmp_path) == "cdgis screen 用地红线.dxf --crs EPSG:4548"
