"""Links in circles, devices, killed processes, a scheduler that is not there: a clear word, and nothing left behind."""

import gc
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapes import metres, write_layer
from small_workspace import small_workspace

from cdgis.cli import main
from cdgis.core.errors import ReportError, UsageError
from cdgis.core.folder_lock import folder_locked
from cdgis.core.scratch_folder import scratch_folder
from cdgis.core.written_files import read_register


def call(*args: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(arg) for arg in args])
    return int(ended.value.code or 0)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return small_workspace(tmp_path / "区")


@pytest.mark.parametrize("name", ["圈.gpkg", "圈.geojson", "圈.zip"])
def test_a_link_that_leads_in_a_circle_is_told(root: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    loop = root / "layers" / "projects" / name
    loop.symlink_to(loop.name)
    assert call("screen", loop, "--workspace", root, "--quiet") == 2
    assert call("screen", "--lonlat", "117.5,41.4", "--workspace", root, "--out", loop, "--quiet") == 2
    assert call("run", "--workspace", root, "--quiet") == 0
    intake = (root / "maps" / "data" / "intake.csv").read_text(encoding="utf-8-sig")
    assert name in intake
    assert "程序内部错误" not in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no devices here")
@pytest.mark.parametrize("what", ["layer", "catalog", "sidecar", "report", "rules"])
def test_a_device_in_place_of_a_file_is_told(root: Path, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    catalog, settings = root / "layers" / "catalog.toml", root / "cdgis.toml"
    words = ["run", "--workspace", root, "--quiet"]
    if what == "layer":
        catalog.write_text(catalog.read_text(encoding="utf-8").replace('"redline.gpkg"', '"/dev/zero"'), encoding="utf-8")
    elif what == "catalog":
        settings.write_text('catalog = "/dev/zero"\n' + settings.read_text(encoding="utf-8"), encoding="utf-8")
    elif what == "sidecar":
        words = ["screen", "--lonlat", "117.5,41.4", "--attributes", "/dev/zero", "--workspace", root, "--quiet"]
    elif what == "report":
        words = ["verify", "/dev/zero", "--workspace", root]
    else:
        words = ["rules", "import", "/dev/zero", "--workspace", root]
    code, told = call(*words), capsys.readouterr().err
    if what == "layer":  # costs its part alone, by name
        assert code == 0 and "ecological_redline" in (root / "maps/data/gaps.csv").read_text(encoding="utf-8-sig")
    else:
        assert code == 2
    assert "程序内部错误" not in told


def test_a_scratch_folder_of_a_killed_process_goes_with_the_next_and_a_live_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    code = (
        "from cdgis.core.scratch_folder import scratch_folder\nimport sys\nwith scratch_folder() as f:\n"
        " (f / 'x').write_text('x')\n print(f, flush=True)\n sys.stdin.read()"
    )
    command = [sys.executable, "-c", code]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "encoding": "utf-8"}
    with subprocess.Popen(command, **pipes) as dead, subprocess.Popen(command, **pipes) as alive:
        left, held = (Path(process.stdout.readline().strip()).parent for process in (dead, alive))
        dead.kill()
        dead.wait()
        for folder in (left, held):
            os.utime(folder, (time.time() - 3600,) * 2)
        young = tmp_path / "cdgis-scratch-young"
        young.mkdir()
        with scratch_folder() as mine:
            assert not left.exists() and held.exists() and young.exists() and mine.exists()
            with folder_locked(mine):
                assert list(mine.iterdir()) == []
        alive.communicate("")
    assert not mine.parent.exists() and not held.exists()


def test_a_river_of_one_vertex_is_measured_like_any_other() -> None:
    from cdgis.geometry.geodesy import geometries_to_local
    from cdgis.rivers.system import _disagreement

    line = shapely.LineString([(117.5, 41.4), (117.501, 41.4)])
    here = shapely.get_coordinates(geometries_to_local(np.array([line], dtype=object)))
    network = SimpleNamespace(
        river=np.array(["短河"], dtype=object), vertices_local=lambda: here, stem=lambda name: np.array([0])
    )
    layer = SimpleNamespace(zones=gpd.GeoDataFrame({"zone_name": ["短河"]}, geometry=[line], crs=4490))
    apart = _disagreement(network, layer)["短河"]
    assert apart.min() == pytest.approx(0, abs=1e-6) and apart.max() == pytest.approx(np.hypot(*(here[1] - here[0])), rel=1e-3)


def test_a_scheduler_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    from cdgis.judging import dask_batch

    monkeypatch.setattr(dask_batch, "_CONNECT_S", 0.5)
    for address in ("tcp://127.0.0.1:9", "nonsense", "tcp://"):
        with pytest.raises(UsageError, match="连不上 Dask 调度器"):
            dask_batch.judge_on_cluster(None, (), None, scheduler=address)


def test_what_a_lost_scheduler_left_is_closed_before_the_next_is_asked_and_not_meanwhile() -> None:
    from cdgis.judging import dask_batch

    closed: list[object] = []

    class Lost:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            closed.append(self)

    gc.disable()
    try:
        Lost()
    finally:
        gc.enable()
    assert dask_batch._started(lambda: (len(closed), gc.isenabled())) == (1, False)
    assert gc.isenabled()


@pytest.mark.parametrize(("late", "told"), [(2, "连不上 Dask 调度器"), (99, "没有启动，多半是机器太忙")])
def test_a_machine_too_busy_for_dask_is_told_and_tried_again(monkeypatch: pytest.MonkeyPatch, late: int, told: str) -> None:
    distributed = pytest.importorskip("distributed")
    from cdgis.judging import dask_batch

    tries = []

    def client(address: str, **options: object) -> None:
        tries.append(address)
        raise AssertionError if len(tries) <= late else OSError("nobody there")

    monkeypatch.setattr(distributed, "Client", client)
    with pytest.raises(UsageError, match=told):
        dask_batch.judge_on_cluster(None, (), None, scheduler="tcp://127.0.0.1:9")
    assert len(tries) == 3


def test_a_line_end_in_a_name_becomes_a_blank_and_is_told(root: Path) -> None:
    from cdgis.core.progress import Silent
    from cdgis.readers.loading import load_workspace
    from cdgis.workspace.settings import open_workspace

    red = {"id": ["H\r1", "H2"], "name": ["甲\r乙", "丙\n\t丁"], "kind": ["红线一般区域"] * 2}
    write_layer(root / "layers" / "redline.gpkg", [metres(0, 0, 1000, 1000), metres(3000, 0, 3500, 500)], red)
    layer = load_workspace(open_workspace(root), as_of=None, progress=Silent()).layers["ecological_redline"]
    assert list(layer.zones["zone_name"]) == ["甲 乙", "丙 丁"] and layer.zones["zone_id"][0] == "H 1"
    assert sum("换行" in note.reason for note in layer.notes) == 3


def parcels(path: Path, count: int) -> Path:
    shapes = [metres(200 * i, 5000, 200 * i + 90, 5090) for i in range(count)]
    gpd.GeoDataFrame({"地块": range(count)}, geometry=shapes, crs=4490).to_parquet(path, row_group_size=4)
    return path


def test_a_smaller_batch_leaves_nothing_of_a_larger_one_and_others_files_alone(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ("--industry", "3011", "--project-type", "新建", "--workspace", root, "--out", out, "--quiet")
    assert call("screen", parcels(tmp_path / "a.parquet", 12), *options) == 0
    before = set(read_register(out).files)
    (out / "data" / "verdicts" / "我的.txt").write_text("我的", encoding="utf-8")
    kept = out / "data" / "findings" / "part-000002.parquet"
    kept.write_bytes(b"changed by hand")
    assert call("screen", parcels(tmp_path / "b.parquet", 3), *options) == 0
    there = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert there == {*read_register(out).files, ".cdgis.json", "data/verdicts/我的.txt", "data/findings/part-000002.parquet"}
    assert len(read_register(out).files) < len(before)


def test_a_batch_does_not_overwrite_somebodys_tables(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    (out / "data").mkdir(parents=True)
    (out / "data" / "run.json").write_text("我的", encoding="utf-8")
    options = ("--industry", "3011", "--project-type", "新建", "--workspace", root, "--out", out, "--quiet")
    assert call("screen", parcels(tmp_path / "a.parquet", 3), *options) == 2
    assert "data/run.json" in capsys.readouterr().err
    assert (out / "data" / "run.json").read_text(encoding="utf-8") == "我的"


def test_several_hundred_sites_are_a_batch_and_it_is_said(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cdgis.pipelines import assess_sites
    from cdgis.report.screening import publish

    for module in (assess_sites, publish):
        monkeypatch.setattr(module, "MOST_SITES", 3)
    rows = ["name,经度,纬度", *(f"P{i},117.{500 + i},41.497512" for i in range(4))]
    table = tmp_path / "点.csv"
    for count, pages in ((3, 3), (4, 0)):
        table.write_text("\n".join(rows[: count + 1]) + "\n", encoding="utf-8")
        out = tmp_path / f"out{count}"
        assert call("screen", table, "--as", "points", "--workspace", root, "--out", out, "--quiet") == 0
        assert len(list(out.glob("*.html"))) == pages
        assert ("按批量办理" in (out / "data" / "run.json").read_text(encoding="utf-8")) == (count == 4)
        assert (out / "data" / "verdicts.csv").read_text(encoding="utf-8-sig").count("\n") == count + 1


def test_the_bytes_are_the_same_where_the_system_speaks_no_chinese(root: Path, tmp_path: Path) -> None:
    site = tmp_path / "地块甲.gpkg"
    site.write_bytes((root / "layers" / "projects" / "site.gpkg").read_bytes())
    found = {}
    for name, language in (("a", {"LC_ALL": "C.UTF-8"}), ("b", {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})):
        out = tmp_path / name
        words = ["screen", site, "--name", "名称", "--workspace", root, "--out", out, "--quiet", "--format", "html,json,gpkg"]
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "PYTHONUTF8"))}
        command = [sys.executable, "-m", "cdgis", *map(str, words)]
        done = subprocess.run(command, env=environment | language, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
        found[name] = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert found["a"] == found["b"] and any("data/cdgis.gpkg" in name for name in found["a"])


def test_two_runs_into_one_folder_are_not_both_believed(root: Path, tmp_path: Path) -> None:

    out = tmp_path / "out"
    out.mkdir()
    with folder_locked(out):
        assert call("run", "--workspace", root, "--out", out, "--quiet") == 2
        with pytest.raises(ReportError), folder_locked(out):
            pass


@pytest.mark.parametrize(
    "err",
    [
        MemoryError(), np._core._exceptions._ArrayMemoryError((10**12,), np.dtype(float)),
        ImportError("libcrypto.so.1.1: failed to map segment from shared object"),
        ImportError("libgdal.so: cannot allocate memory in static TLS block"),
        ImportError("DLL load failed while importing _geos: The paging file is too small for this operation to complete."),
    ],
)  # fmt: skip
def test_too_little_memory_is_told_wherever_it_runs_out(err: BaseException) -> None:
    from cdgis.cli.words import _describe

    message, code = _describe(err)
    assert "内存不足" in message and code == 2
    assert _describe(ImportError("No module named 'x'"))[1] == 3
