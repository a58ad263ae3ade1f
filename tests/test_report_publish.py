from hashlib import sha256
from pathlib import Path

import pytest
from report_fixtures import empty_assessment, make_assessment

from cdgis.core.beside import beside
from cdgis.core.errors import ReportError
from cdgis.core.written_files import REGISTER
from cdgis.report.publish import write_reports
from cdgis.report.site import pages as site_pages

PARTS = ["counties", "dashboard.html", "data", "index.html", "places.html", "relocation.html", "relocations", "sites", "units"]


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest() for path in files}


def test_bytes_do_not_depend_on_folder_jobs_or_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_reports(make_assessment(), tmp_path / "a", jobs=1)
    other = tmp_path / "elsewhere 中文"
    other.mkdir()
    monkeypatch.chdir(other)
    write_reports(make_assessment(), Path("b"), jobs=4)
    assert _hashes(tmp_path / "a") == _hashes(other / "b")


def test_returned_paths_are_what_is_there(tmp_path: Path) -> None:
    written = write_reports(make_assessment(), tmp_path / "out")
    there = {path for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert written == sorted(there - {tmp_path / "out" / REGISTER})
    names = {path.name for path in written}
    assert {"index.html", "P000.html", "verdicts.csv", "cdgis.gpkg", "cdgis.xlsx", "run.json"} <= names


def test_pages_and_tables_of_an_earlier_run_go_and_other_files_stay(tmp_path: Path) -> None:
    made = write_reports(make_assessment(), tmp_path)
    pages = sorted(path.name for path in made if path.parent.name == "sites")
    assert len(pages) > 2
    (tmp_path / "README.md").write_text("stay", encoding="utf-8")
    (tmp_path / "sites" / "P999.html").write_text("somebody's own", encoding="utf-8")
    (tmp_path / "sites" / pages[0]).write_text("annotated by hand", encoding="utf-8")
    write_reports(empty_assessment(), tmp_path)
    assert sorted(path.name for path in (tmp_path / "sites").glob("*.html")) == sorted(["P999.html", pages[0]])
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "stay"


def test_an_interruption_leaves_the_previous_outputs_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "maps"
    write_reports(make_assessment(), out)
    before = _hashes(out)

    def interrupted(*args: object, **kwargs: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(site_pages.SubjectPages, "render", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_reports(make_assessment(text="另一次"), out)
    assert _hashes(out) == before and [path.name for path in tmp_path.iterdir()] == ["maps"]
    assert sorted(path.name for path in out.iterdir()) == [REGISTER, *PARTS]


def test_a_folder_that_cannot_be_written_is_a_readable_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with pytest.raises(ReportError, match="无法写入输出文件夹 .*taken"):
        write_reports(make_assessment(), tmp_path / "taken")


def test_progress_names_each_thing_written(tmp_path: Path) -> None:
    items: list[str] = []
    written = write_reports(make_assessment(), tmp_path, progress=items.append)
    pages = [path.relative_to(tmp_path).as_posix() for path in written if path.suffix == ".html"]
    assert (items[0], items[-1]) == ("index.html", "数据表") and sorted(items[:-1]) == pages


def test_another_process_renders_the_same_pages() -> None:
    alone = dict(site_pages.render_pages(make_assessment(), word=True))
    with beside(wanted=True) as other:
        shared = dict(site_pages.render_pages(make_assessment(), other=other, alone=False))
    apart = dict(site_pages.pages_apart(make_assessment(), word=True))
    assert shared | apart == alone and not shared.keys() & apart.keys()
