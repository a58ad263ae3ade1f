"""Outputs reach their folder together or not at all, and nobody else's file is touched."""

import json
import os
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdgis.errors import ReportError
from cdgis.report.files import atomic_output as delivery
from cdgis.report.files.atomic_output import LISTING, staged

OLD = {"index.html": "旧", "data/a.csv": "旧表", "sites/1.html": "旧页"}
NEW = {"index.html": "新", "data/a.csv": "新表", "sites/2.html": "新页"}


def deliver(out: Path, files: dict[str, str], own: tuple[str, ...] = ("",)) -> list[Path]:
    with staged(out, own=own) as stage:
        for name, text in files.items():
            (stage.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (stage.folder / name).write_text(text, encoding="utf-8")
    return stage.written


def content(out: Path) -> dict[str, str]:
    files = sorted(path for path in out.rglob("*") if path.is_file())
    return {path.relative_to(out).as_posix(): path.read_text(encoding="utf-8") for path in files}


def pages(out: Path) -> dict[str, str]:
    return {name: text for name, text in content(out).items() if name != LISTING}


def test_new_files_replace_old_ones_and_listed_leftovers_go(tmp_path: Path) -> None:
    deliver(tmp_path, OLD)
    written = deliver(tmp_path, NEW)
    assert pages(tmp_path) == NEW
    assert sorted(path.relative_to(tmp_path).as_posix() for path in written) == sorted([*NEW, LISTING])
    assert set(json.loads((tmp_path / LISTING).read_text(encoding="utf-8"))) == set(NEW)


def test_files_of_others_and_changed_ones_stay(tmp_path: Path) -> None:
    deliver(tmp_path, OLD)
    (tmp_path / "sites" / "别人的.html").write_text("别人", encoding="utf-8")
    (tmp_path / "sites" / "1.html").write_text("批注过", encoding="utf-8")
    deliver(tmp_path, NEW)
    assert pages(tmp_path) == NEW | {"sites/别人的.html": "别人", "sites/1.html": "批注过"}


def test_a_listing_that_names_files_elsewhere_removes_nothing(tmp_path: Path) -> None:
    out, other = tmp_path / "out", tmp_path / "x.html"
    other.write_text("别处", encoding="utf-8")
    digest = sha256(other.read_bytes()).hexdigest()
    deliver(out, OLD)
    (out / LISTING).write_text(json.dumps({"../x.html": digest, str(other): digest, "a\x00b": digest}), encoding="utf-8")
    deliver(out, NEW)
    assert other.exists()


def test_reports_on_single_sites_are_neither_listed_nor_removed(tmp_path: Path) -> None:
    deliver(tmp_path, {"P1.html": "甲", "data/a.csv": "一"}, own=("data/",))
    deliver(tmp_path, {"P2.html": "乙", "data/b.csv": "二"}, own=("data/",))
    assert pages(tmp_path) == {"P1.html": "甲", "P2.html": "乙", "data/b.csv": "二"}


@settings(max_examples=25, deadline=None)
@given(broken=st.integers(0, 20), error=st.sampled_from([OSError("满"), KeyboardInterrupt()]))
def test_an_error_at_any_move_leaves_the_old_files_whole(
    tmp_path_factory: pytest.TempPathFactory, broken: int, error: BaseException
) -> None:
    out = tmp_path_factory.mktemp("out")
    deliver(out, OLD)
    before = content(out)
    moves = {"count": 0}
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        moves["count"] += 1
        if moves["count"] == broken + 1:
            raise error
        return rename(self, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "rename", failing)
        try:
            deliver(out, NEW)
        except (ReportError, KeyboardInterrupt):
            assert content(out) == before
        else:
            assert pages(out) == NEW
    assert not list(out.glob(".cdgis-*"))


@pytest.mark.parametrize("moved", (0, 1, 4, 7, 8))
def test_what_a_killed_run_left_is_undone_by_the_next(tmp_path: Path, moved: int) -> None:
    deliver(tmp_path, OLD)
    before = content(tmp_path)
    script = f"""
import os
from pathlib import Path
from cdgis.report.files.atomic_output import staged
rename, count = Path.rename, [0]
def dying(self, target):
    count[0] += 1
    if count[0] > {moved}:
        os._exit(9)
    return rename(self, target)
Path.rename = dying
with staged(Path({str(tmp_path)!r})) as stage:
    for name, text in {NEW!r}.items():
        (stage.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (stage.folder / name).write_text(text, encoding="utf-8")
"""
    code = subprocess.run([sys.executable, "-c", script], check=False).returncode
    assert code == (9 if moved < 8 else 0)
    if code:
        assert list(tmp_path.glob(".cdgis-*"))
        with pytest.raises(ReportError, match="别的原因"), staged(tmp_path):
            assert content(tmp_path) == before
            raise ReportError("别的原因")
        assert content(tmp_path) == before
    assert not list(tmp_path.glob(".cdgis-*"))


def test_a_second_run_into_one_folder_is_refused(tmp_path: Path) -> None:
    with staged(tmp_path), pytest.raises(ReportError, match="另一个 cdgis 正在写入"), staged(tmp_path):
        pass


@pytest.mark.parametrize("place", ["data", "sites"])
def test_a_linked_folder_is_not_followed(tmp_path: Path, place: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    out = tmp_path / "out"
    out.mkdir()
    (out / place).symlink_to(elsewhere)
    with pytest.raises(ReportError, match="是链接或文件"):
        deliver(out, OLD)
    assert list(elsewhere.iterdir()) == [] and [path.name for path in out.iterdir()] == [place]


def test_a_folder_where_a_file_must_go_is_kept(tmp_path: Path) -> None:
    (tmp_path / "index.html").mkdir()
    (tmp_path / "index.html" / "x").write_text("别人", encoding="utf-8")
    with pytest.raises(ReportError, match="是文件夹"):
        deliver(tmp_path, OLD)
    assert content(tmp_path) == {"index.html/x": "别人"}


def test_a_signal_in_the_middle_of_the_swap_waits_for_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_way = delivery._make_way

    def interrupted(place: Path, keep: Path) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
        make_way(place, keep)

    deliver(tmp_path, OLD)
    monkeypatch.setattr(delivery, "_make_way", interrupted)
    deliver(tmp_path, NEW)
    assert pages(tmp_path) == NEW
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
