"""Several subjects at one place are all reached; an index.html sent alone leads nowhere and says what is missing."""

import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from report_fixtures import make_assessment
from visits import DESKTOP, Visit

from cdgis.report.files.folder_zip import START, zip_folder
from cdgis.report.publish import write_reports

pytestmark = pytest.mark.browser
_CARD = "document.querySelector('#card').innerText"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run in which P001, P002 and E010 lie at the place of P000."""
    made = make_assessment()
    subjects, frame = made.tables["subjects"].copy(), made.subjects.frame.copy()
    together = ["P000", "P001", "P002", "E010"]
    assert set(together) <= set(subjects["subject_id"])
    rows = subjects["subject_id"].isin(together)
    first = subjects[subjects["subject_id"] == "P000"].iloc[0]
    subjects.loc[rows, ["lon", "lat"]] = [first["lon"], first["lat"]]
    where = frame.set_index("subject_id").geometry["P000"]
    frame.loc[frame["subject_id"].isin(together), "geometry"] = where
    out = tmp_path_factory.mktemp("shared") / "maps"
    write_reports(replace(made, tables={**made.tables, "subjects": subjects}, subjects=replace(made.subjects, frame=frame)), out)
    return out


def test_clicks_at_one_place_reach_all_that_lie_there(browser, folder):
    with Visit(browser, folder / "index.html", DESKTOP) as visit:
        at = visit.page.evaluate(
            "(() => { const s = subjectsById.get('P000'); const p = map.latLngToContainerPoint([s.lat, s.lon]); return [p.x, p.y]; })()"
        )
        seen = []
        for _ in range(5):
            visit.page.locator(".folium-map").click(position={"x": at[0], "y": at[1]})
            seen.append(visit.page.evaluate("state.chosen"))
        assert sorted(seen[:4]) == ["E010", "P000", "P001", "P002"] and seen[4] == seen[0]
        assert "同一位置另有 3 个" in visit.page.evaluate(_CARD)
        visit.page.locator("#card .zone-list button", has_text="P002").click()
        assert visit.page.evaluate("state.chosen") == "P002"


def test_found_in_the_list_it_names_the_others_at_its_place(browser, folder):
    with Visit(browser, folder / "index.html", DESKTOP) as visit:
        visit.page.fill("#search", "e010")
        visit.page.click("#verdict-table tr[data-id='E010']")
        assert all(key in visit.page.evaluate(_CARD) for key in ("同一位置另有 3 个", "P000", "P001", "P002"))
        visit.page.click("#reset")
        visit.page.click("#verdict-table tr[data-id='P004']")
        assert "同一位置" not in visit.page.evaluate(_CARD)


def test_an_index_sent_alone_has_no_dead_link_and_says_what_is_missing(browser, folder, tmp_path):
    alone = Path(shutil.copy(folder / "index.html", tmp_path))
    with Visit(browser, alone, DESKTOP) as visit:
        assert [url for url in visit.requests if url.startswith("file:")] == [alone.as_uri()]
        visit.page.click("nav.jumps a[href='dashboard.html']")
        visit.page.wait_for_selector("#alone:not([hidden])")
        assert visit.page.url.split('#')[0] == alone.as_uri() and "dashboard.html" in visit.page.inner_text("#alone")
        dead = "[...document.querySelectorAll('a[href]')].filter(leadsElsewhere).length"
        assert visit.page.evaluate(dead) == 0 and "sites/" in visit.page.inner_text("#data")


def test_in_its_folder_links_lead_where_they_did(browser, folder):
    with Visit(browser, folder / "index.html", DESKTOP) as visit:
        visit.page.click("nav.jumps a[href='dashboard.html']")
        visit.page.wait_for_url("**/dashboard.html")
        assert visit.page.locator("h1").count() == 1


def test_archive_is_whole_starts_with_its_page_and_is_the_same_twice(browser, folder, tmp_path):
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
    first = zip_folder(folder, names, title="甲<乙>").read_bytes()
    archive = zip_folder(folder, names[::-1], title="甲<乙>")
    assert archive.read_bytes() == first
    with zipfile.ZipFile(archive) as held:
        assert held.namelist()[0] == START and set(held.namelist()) == {START, *(f"maps/{name}" for name in names)}
        held.extractall(tmp_path)
    with Visit(browser, tmp_path / START, DESKTOP) as visit:
        assert visit.complaints == [] and "甲<乙>" in visit.page.inner_text("h1")
        for link in visit.page.locator("a").all():
            assert (tmp_path / link.get_attribute("href")).is_file()
