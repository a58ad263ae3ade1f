"""Parcels judged part by part: the same answers as all at once, whoever does the parts and whatever dies on the way."""

import logging
import os
import signal
import threading
import time
import warnings
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapes import from_metres
from small_workspace import small_workspace

from cdgis.cli.screen_batch import is_batch
from cdgis.core.errors import ReaderError
from cdgis.core.progress import Silent
from cdgis.judging import batch, dask_batch
from cdgis.judging.batch import MAP, TABLES, close_batch, judge_in_order, judge_part, plan_batch
from cdgis.judging.evaluation import judge_subjects
from cdgis.readers.loading import load_workspace
from cdgis.readers.parcels import parts_of_files, read_parcels
from cdgis.workspace.settings import open_workspace

DECLARED = {"industry": "3011", "project_type": "新建", "activity": "开发性生产性建设"}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    root = small_workspace(tmp_path_factory.mktemp("workspace"))
    return load_workspace(open_workspace(root), as_of=None, progress=Silent())


def write_parcels(path, count=30, *, group=10, epsg=4490, **columns):
    rng = np.random.default_rng(4)
    corner = rng.uniform(-1500, 4500, (count, 2))
    shapes = [from_metres(shapely.box(x, y, x + 120, y + 90)) for x, y in corner]
    frame = gpd.GeoDataFrame({"地块": range(count), **columns}, geometry=shapes, crs=4490).to_crs(epsg)
    frame.to_parquet(path, row_group_size=group)
    return path


def files_below(out):
    return {str(p.relative_to(out)): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}


def table(out, name):
    return pd.concat([pd.read_parquet(p) for p in sorted((out / "data" / name).glob("*.parquet"))], ignore_index=True)


def test_parts_together_say_what_one_judgement_of_all_says(loaded, tmp_path):
    path = write_parcels(tmp_path / "p.parquet")
    job, parts = plan_batch(loaded, [path], tmp_path / "out", declared=DECLARED, part_rows=7)
    assert [p.last - p.first for p in parts] == [7, 3] * 3
    summary = close_batch(job, parts, judge_in_order(job, parts, loaded))
    (all_of_it,) = parts_of_files([(write_parcels(tmp_path / "p.parquet", group=30), "p.parquet")], rows=999)
    whole = judge_subjects(loaded, read_parcels(loaded.workspace, all_of_it, declared=DECLARED)).tables
    assert summary["read"] == summary["judged"] == 30
    for name in TABLES:
        mine = table(tmp_path / "out", name).drop(columns="data_status")
        keys = list(mine.columns)
        theirs = whole[name].astype(mine.dtypes.to_dict())
        if name in ("subjects",):
            theirs = theirs.assign(source_file=mine["source_file"].iloc[0])
        order = [k for k in ("subject_id", "layer", "rule_id", "zone_id", "attribute") if k in keys]
        a, b = (t.sort_values(order, ignore_index=True, kind="stable") for t in (mine, theirs))
        pd.testing.assert_frame_equal(a, b, check_exact=True, obj=name)


def test_map_holds_every_parcel_once_where_it_lies_with_its_verdict(loaded, tmp_path):
    path, out = write_parcels(tmp_path / "p.parquet"), tmp_path / "out"
    job, parts = plan_batch(loaded, [path], out, declared=DECLARED)
    summary = close_batch(job, parts, judge_in_order(job, parts, loaded))
    drawn = pd.concat([gpd.read_parquet(p) for p in sorted((out / "data" / MAP).glob("*.parquet"))], ignore_index=True)
    given, verdicts = gpd.read_parquet(path), table(out, "verdicts").set_index("subject_id")
    assert drawn.crs == 4490 and len(drawn) == len(given) == summary["judged"]
    assert shapely.equals(shapely.normalize(drawn.geometry.array), shapely.normalize(given.geometry.array)).all()
    said = verdicts.loc[drawn["subject_id"]]
    for name in ("verdict", "at_least", "decisive_rule_ids"):
        assert list(drawn[name]) == list(said[name].astype(str))
    assert drawn["verdict"].nunique() > 1 and set(drawn["data_status"]) == set(verdicts["data_status"])


@pytest.mark.skipif(not dask_batch.FORKS, reason="workers share memory where processes can be forked")
def test_workers_forked_off_a_process_with_layers_ready_write_the_same_bytes(loaded, tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    # a worker forked while another thread writes to the log of these tests would wait for it for ever
    monkeypatch.setattr(logging.getLogger("distributed"), "propagate", False)
    path, found = write_parcels(tmp_path / "p.parquet"), {}
    for name in ("alone", "forked"):
        job, parts = plan_batch(loaded, [path], tmp_path / name, declared=DECLARED)
        done = judge_in_order(job, parts, loaded) if name == "alone" else dask_batch.judge_on_cluster(job, parts, loaded)
        close_batch(job, parts, done)
        found[name] = files_below(tmp_path / name)
    assert found["alone"] == found["forked"]
    assert not dask_batch._inherited  # nothing is left behind for the next batch


def test_layers_held_as_outlines_alone_give_the_same_bytes_and_their_shapes_cannot_be_asked_for(loaded, tmp_path):
    path, found = write_parcels(tmp_path / "p.parquet"), {}
    lean = load_workspace(loaded.workspace, as_of=None, progress=Silent())
    for name, layers in (("whole", loaded), ("lean", lean)):
        job, parts = plan_batch(layers, [path], tmp_path / name, declared=DECLARED, part_rows=7)
        if layers is lean:
            batch.hold_outlines_alone(job, parts, lean, jobs=2)
        close_batch(job, parts, judge_in_order(job, parts, layers))
        found[name] = files_below(tmp_path / name)
    assert found["whole"] == found["lean"]
    held = [layer for layer in lean.layers.values() if "geometry" not in layer.zones]
    assert held and all(layer.spec.zones for layer in held)
    with pytest.raises(AttributeError):
        _ = held[0].zones.geometry
    again = load_workspace(loaded.workspace, as_of=None, progress=Silent())
    batch.hold_outlines_alone(job, parts, again)  # all is done: nothing is made ready
    assert not any("overlay" in layer._derived for layer in again.layers.values())


def test_kernels_are_loaded_once_a_batch_is_long(loaded, tmp_path, monkeypatch):
    path = write_parcels(tmp_path / "p.parquet")
    job, parts = plan_batch(loaded, [path], tmp_path / "out", declared=DECLARED)
    asked = []
    monkeypatch.setattr(batch, "load_kernels", lambda: asked.append(True))
    judge_in_order(job, parts, loaded)
    assert not asked
    monkeypatch.setattr(batch, "_judge_part", lambda part, *_: part)
    judge_in_order(job, [replace(parts[0], number=1000)], loaded)
    assert asked == [True]


def test_run_that_was_killed_does_only_what_is_missing(loaded, tmp_path):
    path, out = write_parcels(tmp_path / "p.parquet"), tmp_path / "out"
    job, parts = plan_batch(loaded, [path], out, declared=DECLARED)
    judge_in_order(job, parts[:2], loaded)
    (out / "data" / "verdicts" / "part-000001.parquet").write_bytes(b"half")
    (out / "data" / "verdicts" / ".part-000002.parquet.99").write_bytes(b"half")
    with pytest.raises(ReaderError, match="没有完成"):
        close_batch(job, parts, judge_in_order(job, parts[:2], loaded)[:1])
    (out / "data" / "verdicts" / ".part-000002.parquet.99").unlink()
    (out / "data" / "verdicts" / "part-000001.parquet").write_bytes(b"half")
    done = judge_in_order(job, parts, loaded)
    assert [d.again for d in done] == [True, False, False]
    close_batch(job, parts, done)
    fresh, parts = plan_batch(loaded, [path], tmp_path / "fresh", declared=DECLARED)
    close_batch(fresh, parts, judge_in_order(fresh, parts, loaded))
    assert files_below(out) == files_below(tmp_path / "fresh")


def test_part_is_done_again_when_what_is_declared_changes(loaded, tmp_path):
    path = write_parcels(tmp_path / "p.parquet", 5)
    job, parts = plan_batch(loaded, [path], tmp_path / "out", declared=DECLARED)
    assert not judge_part(parts[0], job, loaded).again
    assert judge_part(parts[0], job, loaded).again
    other, parts = plan_batch(loaded, [path], tmp_path / "out", declared=DECLARED | {"industry": "4416"})
    assert not judge_part(parts[0], other, loaded).again


def test_local_cluster_gives_the_same_bytes_though_a_worker_is_killed(loaded, tmp_path):
    distributed = pytest.importorskip("distributed")
    from cdgis.judging.dask_batch import judge_on_cluster

    path = write_parcels(tmp_path / "p.parquet", 24, group=4)
    job, parts = plan_batch(loaded, [path], tmp_path / "cluster", declared=DECLARED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # dask warns of the death we bring about
        with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster:
            killed = []

            def kill_one():
                while not list((tmp_path / "cluster").rglob("part-000001.json")):
                    time.sleep(0.01)
                killed.append(cluster.workers[0].pid)
                os.kill(killed[0], signal.SIGTERM if os.name == "nt" else signal.SIGKILL)

            watcher = threading.Thread(target=kill_one)
            watcher.start()
            done = judge_on_cluster(job, parts, loaded, scheduler=cluster.scheduler_address)
            watcher.join()
    assert killed
    close_batch(job, parts, done)
    alone, parts = plan_batch(loaded, [path], tmp_path / "alone", declared=DECLARED)
    close_batch(alone, parts, judge_in_order(alone, parts, loaded))
    assert files_below(tmp_path / "cluster") == files_below(tmp_path / "alone")


def test_rows_without_shape_are_quarantined_and_crooked_ones_mended(loaded, tmp_path):
    shapes = [from_metres(shapely.box(0, 0, 10, 10)), None, from_metres(shapely.from_wkt("POLYGON ((0 0, 100 0, 100 100, 0 100, 0 -1, 0 0))"))]
    gpd.GeoDataFrame({"名称": ["甲", "乙", "丙"]}, geometry=shapes, crs=4490).to_parquet(tmp_path / "p.parquet")
    job, parts = plan_batch(loaded, [tmp_path / "p.parquet"], tmp_path / "out", declared=DECLARED)
    done = judge_part(parts[0], job, loaded)
    assert (done.read, done.judged, done.quarantined) == (3, 2, 1)
    assert list(table(tmp_path / "out", "subjects")["name"]) == ["甲", "丙"]
    assert list(table(tmp_path / "out", "intake")["row"]) == ["2", "3"]


def test_a_parcel_whose_overlay_fails_is_counted_and_told_as_quarantined(loaded, tmp_path, monkeypatch):
    from cdgis.judging import evaluation

    measure = evaluation._measure

    def failing(loaded, subjects, **how):
        if "p-3" in set(subjects.frame["subject_id"]):
            raise shapely.errors.GEOSException("TopologyException")
        return measure(loaded, subjects, **how)

    monkeypatch.setattr(evaluation, "_measure", failing)
    job, parts = plan_batch(loaded, [write_parcels(tmp_path / "p.parquet", 5)], tmp_path / "out", declared=DECLARED)
    done = judge_part(parts[0], job, loaded)
    assert (done.read, done.judged, done.quarantined) == (5, 4, 1)
    told = table(tmp_path / "out", "intake").set_index("row")["reason"]
    assert "运算失败" in told["3"] and list(table(tmp_path / "out", "verdicts")["subject_id"]) == ["p-1", "p-2", "p-4", "p-5"]


def test_projected_parcels_lie_where_lonlat_ones_do(loaded, tmp_path):
    found = [
        read_parcels(loaded.workspace, parts_of_files([(write_parcels(tmp_path / f"{epsg}.parquet", 5, epsg=epsg), "p")], rows=99)[0], declared={})
        for epsg in (4490, 4548)
    ]
    apart = shapely.hausdorff_distance(*(s.frame.geometry.to_numpy() for s in found))
    assert apart.max() < 1e-9


def test_same_number_twice_is_refused(loaded, tmp_path):
    path = write_parcels(tmp_path / "p.parquet", 12, group=6, subject_id=["A1"] + [f"B{i}" for i in range(10)] + ["A1"])
    job, parts = plan_batch(loaded, [path], tmp_path / "out", declared=DECLARED)
    with pytest.raises(ReaderError, match="编号重复：A1"):
        close_batch(job, parts, judge_in_order(job, parts, loaded))


def test_batch_wants_geoparquet(loaded, tmp_path):
    with pytest.raises(ReaderError, match="只读 GeoParquet"):
        plan_batch(loaded, [tmp_path / "a.shp"], tmp_path / "out", declared={})
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "plain.parquet")
    job, parts = plan_batch(loaded, [tmp_path / "plain.parquet"], tmp_path / "out", declared={})
    with pytest.raises(ReaderError, match="没有 geo 元数据"):
        judge_part(parts[0], job, loaded)
    assert is_batch([tmp_path], "auto")
    assert is_batch([Path("a.shp")], "dask")
    assert not is_batch([Path("a.shp")], "auto")


def test_a_fault_of_the_file_is_given_back_by_a_worker_not_raised_there(monkeypatch):
    from cdgis.core.errors import CrsError
    fault = CrsError("甲.parquet", found="西安80", expected="CGCS2000", remedy="转换")

    def refuse(*_):
        raise fault

    worker = type("Worker", (), {"plugins": {dask_batch.ZONES: type("Zones", (), {"loaded": None})()}})()
    module = type("Module", (), {"get_worker": staticmethod(lambda: worker)})
    monkeypatch.setattr(dask_batch, "judge_part", refuse)
    monkeypatch.setattr(dask_batch, "import_module", lambda _: module)
    assert dask_batch._on_worker(None, None) is fault
