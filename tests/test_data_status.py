"""The demonstration stamp is decided in one place: one unofficial access list is enough, for every way a result leaves."""

import pandas as pd
import pytest
from small_workspace import new_redline, small_workspace

from cdgis.core.progress import Silent
from cdgis.core.vocabulary import DEMO_STAMP, InputRecord
from cdgis.judging.batch import judge_in_order, plan_batch
from cdgis.judging.compare_versions import compare_versions
from cdgis.pipelines.assess_city import assess_workspace
from cdgis.pipelines.assess_sites import assess_sites
from cdgis.readers.loading import load_workspace
from cdgis.report.files.table_files import write_tables
from cdgis.report.screening import compose_report
from cdgis.results.data_status import OFFICIAL_STATUS, stamp_for, stamp_of, stamp_of_names
from cdgis.results.overview_notes import overview_notes
from cdgis.workspace.settings import open_workspace

LIST = '''[layers.access_list]
title = "生态环境准入清单"
theme = "一单"
geometry = "table"
path = "access_list.csv"
official = {official}
version = "2026"
source = "测试"
licence = "CC0"
zones = false
'''
HEAD = "unit_code,clause_no,dimension,text,industry_prefixes,project_types,attribute,op,value,effect,plan_measure\n"
CASES = [pytest.param(True, OFFICIAL_STATUS, id="all-official"), pytest.param(False, DEMO_STAMP, id="list-unofficial")]


def workspace_with_list(root, *, official):
    """Write a workspace whose layers are all official, with an access list that is or is not."""
    small_workspace(root)
    catalog = root / "layers" / "catalog.toml"
    text = catalog.read_text(encoding="utf-8").replace("official = false", "official = true")
    catalog.write_text(text + LIST.format(official=str(official).lower()), encoding="utf-8")
    (root / "layers" / "access_list.csv").write_text(HEAD + "ZH13080210001,1,空间布局约束,禁止造纸,221,,,,,禁止,\n", encoding="utf-8")
    return open_workspace(root)


@pytest.mark.parametrize(("official", "status"), CASES)
def test_tables_report_and_overview_of_one_list(official, status, tmp_path):
    assessment = assess_workspace(workspace_with_list(tmp_path / "w", official=official))
    write_tables(assessment, tmp_path / "out", containers=())
    assert set(pd.read_csv(tmp_path / "out" / "verdicts.csv")["data_status"]) == {status}
    assert (stamp_of(assessment) or OFFICIAL_STATUS) == status
    assert (compose_report(assessment, assessment.tables["verdicts"]["subject_id"][0]).stamp or OFFICIAL_STATUS) == status
    assert any(DEMO_STAMP in note for note in assessment.notes) == (status == DEMO_STAMP)


@pytest.mark.parametrize(("official", "status"), CASES)
def test_single_report_bears_what_the_whole_run_bears(official, status, tmp_path):
    workspace = workspace_with_list(tmp_path / "w", official=official)
    assessment = assess_sites(workspace, [tmp_path / "w" / "layers" / "projects" / "site.gpkg"])
    assert (compose_report(assessment, assessment.tables["verdicts"]["subject_id"][0]).stamp or OFFICIAL_STATUS) == status


@pytest.mark.parametrize(("official", "status"), CASES)
def test_batch_looks_at_the_list_too(official, status, tmp_path):
    from test_batch import DECLARED, write_parcels

    loaded = load_workspace(workspace_with_list(tmp_path / "w", official=official), as_of=None, progress=Silent())
    job, parts = plan_batch(loaded, [write_parcels(tmp_path / "p.parquet", 3)], tmp_path / "out", declared=DECLARED)
    judge_in_order(job, parts, loaded)
    written = sorted((tmp_path / "out" / "data" / "verdicts").glob("*.parquet"))
    assert set(pd.read_parquet(written[0])["data_status"]) == {status}


@pytest.mark.parametrize(("official", "status"), CASES)
def test_comparison_rests_on_all_data_not_on_the_changed_layer_alone(official, status, tmp_path):
    workspace = workspace_with_list(tmp_path / "w", official=official)
    new = new_redline(tmp_path / "redline2.gpkg")
    found = compare_versions(tmp_path / "w" / "layers" / "redline.gpkg", new, workspace=workspace)
    assert len(found.zones) and (found.stamp or OFFICIAL_STATUS) == status


def test_note_names_the_list_when_no_layer_is_unofficial(tmp_path):
    loaded = load_workspace(workspace_with_list(tmp_path / "w", official=False), as_of=None, progress=Silent())
    assert overview_notes(loaded)[0] == f"{DEMO_STAMP}：生态环境准入清单不是官方成果"


@pytest.mark.parametrize("kind", ["layer", "raster", "table"])
def test_any_unofficial_data_makes_the_stamp_due(kind):
    record = InputRecord(layer="x", kind=kind, path="x", sublayer="", sha256="", version="", official=False)
    assert stamp_for([record]) == DEMO_STAMP


@pytest.mark.parametrize("kind", ["subjects", "rules", "settings"])
def test_what_nobody_publishes_does_not(kind):
    record = InputRecord(layer="x", kind=kind, path="x", sublayer="", sha256="", version="", official=False)
    assert stamp_for([record]) == ""


def test_made_up_names_mark_a_table_without_catalogue_entry():
    assert stamp_of_names(["承德某厂", "示例一厂"]) == DEMO_STAMP
    assert stamp_of_names(["承德某厂"]) == ""
