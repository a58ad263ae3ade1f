"""The ten reported cases on outputs, by number: each is a test with its variants, here or where `ELSEWHERE` says."""

from pathlib import Path

import pytest
from carbon_workspace import NORTH, STEP, WEST, carbon_workspace
from openpyxl import Workbook
from shapely import box
from shapes import write_layer

from cdgis.carbon.account import account_carbon
from cdgis.core.progress import Silent
from cdgis.pipelines.assess_sites import assess_sites
from cdgis.readers.loading import load_workspace
from cdgis.readers.subjects import describe_site
from cdgis.workspace.settings import open_workspace

TESTS = Path(__file__).parent
ELSEWHERE = {
    "01 nodata stripe in the earlier date": ("test_covered_totals.py", ("test_a_stripe_without_values_at_either_date_is_no_change",)),
    "04 raster covers part of a county": (
        "test_covered_totals.py",
        ("test_rasters_over_the_western_half_are_no_city_total", "test_classes_add_up_to_the_zone_whatever_is_missing",
         "test_pages_of_a_city_half_covered_never_say_the_whole_city"),
    ),
    "06 undeclared void in the elevation": (
        "test_covered_totals.py",
        ("test_undeclared_void_in_heights_is_no_height", "test_heights_that_may_be_true_are_not_suspected",
         "test_declared_nodata_counts_beside_the_one_in_the_file"),
    ),
    "09 printed page clipped": (
        "browser/test_printed_pages.py",
        ("test_every_row_and_column_of_every_page_kind_is_on_paper", "test_a_table_cut_on_paper_is_noticed"),
    ),
    "12 units recoded": (
        "test_compare.py",
        ("test_units_renumbered_keep_their_land_and_are_no_loss_and_gain", "test_codes_that_changed_places_are_told_apart",
         "test_a_unit_split_and_units_merged_name_each_other"),
    ),
    "16 trace over a hole": ("test_trace_end.py", ("test_a_trace_cut_by_a_hole_says_so_and_names_every_county_of_the_basin", "HOLES")),
    "21 markers at one place": (
        "browser/test_shared_places.py",
        ("test_clicks_at_one_place_reach_all_that_lie_there", "test_found_in_the_list_it_names_the_others_at_its_place"),
    ),
    "29 signed Word file": (
        "test_verify_grades.py",
        ("test_4_word_saved_and_signed_is_bytes_alone", "test_10_word_with_a_changed_text_or_cell_is_forged",
         "test_10b_word_with_an_added_paragraph_field_or_changed_record_is_forged"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ELSEWHERE)
def test_the_case_is_tested_where_it_is_said_to_be(case):
    file, names = ELSEWHERE[case]
    text = (TESTS / file).read_text(encoding="utf-8")
    assert [name for name in names if f"def {name}(" not in text and f"\n{name} = " not in text] == []


@pytest.mark.parametrize(("code", "whole"), [("311", "0311"), ("111", "0111"), ("211", "0211")])
def test_08_a_code_that_may_have_lost_its_zero_is_asked_about(code, whole):
    found = describe_site({"名称": "某厂", "行业代码": code})
    assert found.columns["industry"] == ""
    assert any(f"可能缺前导零：{whole}" in remark.reason for remark in found.remarks)


@pytest.mark.parametrize(("code", "words"), [("0311", "某厂"), ("3110", "某厂"), ("311", "炼铁厂")])
def test_08_a_code_that_says_itself_is_taken(code, words):
    found = describe_site({"名称": words, "行业代码": code})
    assert found.columns["industry"] == code


def test_08_codes_come_back_from_a_workbook_as_they_were_written(tmp_path):
    book = Workbook()
    book.active.append(["名称", "行业代码", "经度", "纬度"])
    for number, code in enumerate((311, "0311", 3110)):
        book.active.append([f"厂{number}", code, 117.9 + number / 100, 40.95])
    book.save(tmp_path / "企业.xlsx")
    workspace = open_workspace(carbon_workspace(tmp_path / "w"))
    subjects = assess_sites(workspace, [tmp_path / "企业.xlsx"]).tables["subjects"]
    assert subjects["industry"].tolist() == ["", "0311", "3110"]


BAD_STANDS = {
    "volume missing": {"volume": ["30", "", "45", "80"]},
    "volume no number": {"volume": ["30", "六十", "45", "80"]},
    "species unknown": {"species": ["白桦", "其他软阔类", "白桦", "落叶松"]},
}


@pytest.mark.parametrize("how", BAD_STANDS)
def test_17_one_bad_stand_is_named_and_the_rest_is_counted(tmp_path, how):
    root = carbon_workspace(tmp_path)
    boxes = [box(WEST + k * STEP, NORTH - 2 * STEP, WEST + (k + 1) * STEP, NORTH - STEP) for k in range(2, 6)]
    fields = {
        "id": ["S1", "S2", "S3", "S4"], "species": ["白桦", "油松", "白桦", "落叶松"], "age": [20, 30, 25, 40],
        "volume": ["30", "60.5", "45", "80"], "ha": [60.0] * 4,
    }  # fmt: skip
    write_layer(root / "layers" / "stands.gpkg", boxes, fields | BAD_STANDS[how])
    found = account_carbon(load_workspace(open_workspace(root), as_of=None, progress=Silent()), progress=Silent())
    assert any("stands.gpkg" in gap.file and gap.row for gap in found.gaps)
    total = found.tables["carbon_species"].set_index("species_group").loc["合计"]
    assert total["covered_share"] == pytest.approx(0.75, abs=0.01) and total["area_m2"] > 0
    assert len(found.tables["carbon_zones"]) > 0
