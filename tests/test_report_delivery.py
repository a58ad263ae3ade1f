"""Outputs reach their folder together or not at all, and nobody else's file is touched."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdgis.core.errors import ReportError
from cdgis.core.written_files import LISTING, REGISTER
from cdgis.report.files import atomic_output as delivery
from cdgis.report.files.atomic_output import MARKER, interrupted, staged

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
    return {name: text for name, text in content(out).items() if name not in (LISTING, REGISTER)}


def test_new_files_replace_old_ones_and_listed_leftovers_go(tmp_path: Path) -> None:
    deliver(tmp_path, OLD)
    written = deliver(tmp_path, NEW)
    assert pages(tmp_path) == NEW
    assert sorted(path.relative_to(tmp_path).as_posix() for path in written) == sorted([*NEW, LISTING])
    assert set(json.loads((tmp_path / LISTING).read_text(encoding="utf-8"))) == set(NEW)


def spoilt(out: Path) -> None:
    """Let nothing tell what was written here."""
    for name in (LISTING, REGISTER):
        (out / name).unlink(missing_ok=True)


@pytest.mark.parametrize("name", [*NEW, LISTING])
def test_somebody_elses_file_is_never_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("别人", encoding="utf-8")
    with pytest.raises(ReportError, match=rf"不是 cdgis 写出的.*{name}.*--out"):
        deliver(tmp_path, NEW)
    assert content(tmp_path) == {name: "别人"}


@settings(max_examples=40, deadline=None)
@given(
    theirs=st.dictionaries(st.sampled_from(["a", "b", "data/a", "data/b", "sites/a"]), st.text("甲乙", max_size=2), max_size=4),
    rounds=st.lists(
        st.tuples(
            st.dictionaries(st.sampled_from(["a", "b", "data/a", "data/b", "sites/a"]), st.text("丙丁", max_size=2), min_size=1),
            st.sampled_from([("",), ("data/",), ()]),
            st.dictionaries(st.sampled_from(["a", "data/b", "sites/a"]), st.just("改过"), max_size=1),
        ),
        max_size=4,
    ),
)
def test_nothing_that_others_wrote_or_changed_is_ever_lost(
    tmp_path_factory: pytest.TempPathFactory, theirs: dict[str, str], rounds: list
) -> None:
    out = tmp_path_factory.mktemp("out")
    people = {}

    def by_hand(files: dict[str, str]) -> None:
        for name, text in files.items():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (out / name).write_text(text, encoding="utf-8")
            people[name] = text

    by_hand(theirs)
    for files, own, edits in rounds:
        try:
            deliver(out, files, own)
        except ReportError:
            assert any(people.get(name, text) != text for name, text in files.items())
        else:
            assert {name: pages(out)[name] for name in files} == files
            # what was written over had the same bytes, so that it is the tool's from now on
            people = {name: text for name, text in people.items() if name not in files}
        assert people.items() <= content(out).items()
        by_hand(edits)


def test_a_run_after_a_screening_and_the_other_way_round_leave_each_others_files(tmp_path: Path) -> None:
    deliver(tmp_path, OLD)
    deliver(tmp_path, {"P1.html": "甲", "data/b.csv": "一"}, own=("data/",))
    assert {"index.html", "sites/1.html", "P1.html"} <= pages(tmp_path).keys()
    deliver(tmp_path, NEW)
    assert {"index.html", "sites/2.html", "P1.html"} <= pages(tmp_path).keys()


def test_files_of_a_folder_written_by_an_earlier_version_are_known_by_its_listing(tmp_path: Path) -> None:
    deliver(tmp_path, OLD)
    (tmp_path / REGISTER).unlink()
    deliver(tmp_path, NEW)
    assert pages(tmp_path) == NEW


def test_where_nothing_tells_what_was_written_everything_is_somebody_elses(tmp_path: Path) -> None:
    deliver(tmp_path, OLD)
    spoilt(tmp_path)
    with pytest.raises(ReportError, match="不是 cdgis 写出的"):
        deliver(tmp_path, NEW)
    assert content(tmp_path) == OLD


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
    (out / REGISTER).unlink()
    (out / LISTING).write_text(json.dumps({"../x.html": digest, str(other): digest, "a\x00b": digest}), encoding="utf-8")
    deliver(out, OLD)
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


@pytest.mark.parametrize("moved", (0, 1, 4, 7, 9, 10))
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
    assert code == (9 if moved < 10 else 0)
    if code:
        assert list(tmp_path.glob(".cdgis-*"))
        with pytest.raises(ReportError, match="别的原因"), staged(tmp_path):
            assert content(tmp_path) == before
            raise ReportError("别的原因")
        assert content(tmp_path) == before
    assert not list(tmp_path.glob(".cdgis-*"))


DYING = """
import os, sys
from pathlib import Path
from cdgis.report.files import atomic_output
from cdgis.report.files.atomic_output import staged
left = [int(sys.argv[2])]
def dying(event, args):
    if left[0] >= 0 and event in ("os.rename", "open", "os.remove", "os.mkdir", "os.rmdir"):
        left[0] -= 1
        if left[0] < 0:
            os._exit(9)
out = Path(sys.argv[1])
with staged(out) as stage:
    for name, text in {files!r}.items():
        (stage.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (stage.folder / name).write_text(text, encoding="utf-8")
    sys.addaudithook(dying)
"""


@pytest.mark.parametrize("seed", range(6))
def test_a_kill_at_any_moment_never_leaves_old_and_new_mixed(tmp_path: Path, seed: int) -> None:
    """Old, or new, or a part of one of them under a marker, which the next command makes old or new again."""
    draw = random.Random(seed)
    outcomes = set()
    for turn in range(5):
        out = tmp_path / str(turn)
        deliver(out, OLD)
        subprocess.run(
            [sys.executable, "-c", DYING.replace("{files!r}", repr(NEW)), str(out), str(draw.randrange(75))], check=False
        )
        seen = {name: text for name, text in pages(out).items() if not name.startswith((".cdgis-", MARKER))}
        outcomes.add("旧" if seen == OLD else "新" if seen == NEW else "标")
        if seen not in (OLD, NEW):
            assert interrupted(out) and (out / MARKER).exists()
            assert seen.items() <= OLD.items() or seen.items() <= NEW.items()
        with pytest.raises(ReportError, match="别的原因"), staged(out):
            raise ReportError("别的原因")
        assert pages(out) in (OLD, NEW) and not interrupted(out)
    assert outcomes


LOCKING = """
import sys, types
if sys.argv[2] == "win32":
    # the system's byte lock, as Windows has it, over the one there is here
    import fcntl, os
    fake = types.ModuleType("msvcrt")
    fake.LK_NBLCK = 2
    fake.locking = lambda handle, mode, size: fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    sys.modules["msvcrt"] = fake
    os.O_TEMPORARY = os.O_NOINHERIT = 0
elif sys.argv[2] == "none":
    import fcntl
    def without(handle, how):
        raise OSError(95, "not supported")
    fcntl.flock = without
from pathlib import Path
before, sys.platform = sys.platform, "win32" if sys.argv[2] == "win32" else sys.platform
import cdgis.core.folder_lock as module
from cdgis.core.errors import ReportError
try:
    with module.folder_locked(Path(sys.argv[1])):
        sys.stdout.write("held\\n")
        sys.stdout.flush()
        sys.stdin.readline()
except ReportError as err:
    sys.stdout.write("refused " + str(err) + "\\n")
"""


@pytest.mark.parametrize("system", ["posix", "win32", "none"])
def test_of_two_processes_the_second_is_refused_on_every_system(tmp_path: Path, system: str) -> None:
    command = [sys.executable, "-X", "utf8", "-c", LOCKING, str(tmp_path), system]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "encoding": "utf-8"}
    with subprocess.Popen(command, **pipes) as first:
        assert first.stdout.readline() == "held\n"
        second = subprocess.run(command, input="\n", capture_output=True, encoding="utf-8", check=False)
        assert second.stdout.startswith("refused 另一个 cdgis 正在写入"), second.stderr
        first.communicate("\n")
    third = subprocess.run(command, input="\n", capture_output=True, encoding="utf-8", check=False)
    assert third.stdout == "held\n"


def test_a_lock_of_the_system_goes_with_a_killed_process(tmp_path: Path) -> None:
    command = [sys.executable, "-X", "utf8", "-c", LOCKING, str(tmp_path), "posix"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as first:
        assert first.stdout.readline() == "held\n"
        first.kill()
    with staged(tmp_path):
        pass


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
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever an earlier test of the process left
    try:
        deliver(tmp_path, NEW)
        assert pages(tmp_path) == NEW
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before or signal.default_int_handler)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 8, 9])
@pytest.mark.parametrize("own", [("",), ("data/",), ()])
def test_register_and_listing_hold_the_hash_of_every_file(count: int, own: tuple[str, ...], tmp_path: Path) -> None:
    files = {f"{'data/' if number % 3 else ''}{number}.txt": "文" * number for number in range(count)} | ({LISTING: "{}"} if own else {})
    deliver(tmp_path, files, own)
    told = {name: sha256((tmp_path / name).read_bytes()).hexdigest() for name in files}
    assert json.loads((tmp_path / REGISTER).read_text(encoding="utf-8"))["files"] == told
    if own:
        listed = json.loads((tmp_path / LISTING).read_text(encoding="utf-8"))
        assert {name: told[name] for name in listed if name != LISTING} == {
            name: digest for name, digest in told.items() if name.startswith(own) and name != LISTING
        }
