"""Judging, not only overlaying: the same rules asked by cdgis, by a geopandas script, by PostGIS and by DuckDB.

    python benchmarks/bench_judging.py [--data DIR] [--only 10000]

The rules are those of the shipped book that concern the layers of the batch workspace or no layer at all, and one rule
on restoration areas. Peers get them as one table, written from cdgis's own plan of the rules and not typed anew: what is
declared (industry, project type, activity), layer, class -> how strict, and whether it applies or is open. The strictest
wins; an open rule stricter than all that apply makes it 资料不足. Peers get parcels and zones on the measuring plane,
cut small where that helps them, loaded and indexed beforehand (databases). Each writes two tables: findings with clause
and basis, and a verdict a parcel; the checksum is of all verdicts. cdgis is the whole command of a user, from start to
register: longitude and latitude in, every row looked at, seven tables out.

$CDGIS_BENCH_POSTGRES and $CDGIS_BENCH_PEERS_PYTHON as in bench_vectors.py.
"""

import hashlib
import os
import shutil
import sys
from functools import partial
from pathlib import Path

import bench_batch
import judging_sql
import numpy as np
import shapely
import side_by_side
import vectors

SIZES = (1_000, 10_000, 100_000)
FOLDER = "judging"
ZONES = {"ecological_redline": "red1m", "restoration_areas": "restore"}
DECLARED = ("industry", "project_type", "activity")
PAIR = ("subject_id", *DECLARED, "layer", "zone_id", "zone_class")
SAID = {
    "industry": ("3011", "0610", "7724", "4411", "2710"),
    "project_type": ("新建", "改建", "扩建", "迁建"),
    "activity": ("开发性生产性建设", "A01", "A04", "造林"),
}
SCRATCH_SHARE, SCRATCH_M2 = 0.02, 50.0
"""Parcels that a zone overlaps by less are left out: cdgis tells slivers apart, and the peers' predicates cannot."""
WORDS = ("未发现冲突", "有条件符合", "须论证", "不符合")
OPEN = "资料不足"
RULE_OF_OURS = """\
[[rule]]
id = "XF-BENCH"
title = "修复区内建设须论证"
level = "市"
layer = "restoration_areas"
project_types = ["新建", "扩建", "迁建"]
types_reason = "示例"
effect = "须论证"
dimension = "空间布局约束"
clause = "示例条款：修复区内建设的，须先论证。"
basis = [{ document = "基准示例", issuer = "示例", mark = "示例条款" }]
effective_from = 2020-01-01
source = "benchmarks"
mark = "示例条款"
"""


def job_name(count: int) -> str:
    """Return the name of the job of `count` parcels."""
    return f"{count} 块按同样规则研判"


def prepare(job: str, data: Path) -> None:
    """Make what the runs read, so that no run is charged for it."""
    if not (data / FOLDER / "rules.parquet").is_file():
        _workspace(data)
    count = next(count for count in SIZES if job_name(count) == job)
    if not _file(data, f"plane{count}").is_file():
        _parcels(data, count)
    for name in ZONES:
        if not _file(data, name).is_file():
            _zones(data, name)
    if where := os.environ.get("CDGIS_BENCH_POSTGRES"):
        judging_sql.ready(where, data / FOLDER, tuple(ZONES), count)


def _file(data: Path, name: str) -> Path:
    return data / FOLDER / f"{name}.parquet"


def _workspace(data: Path) -> None:
    """Make the workspace, all rules on other layers switched off, and write what is left as the peers' table."""
    import pandas as pd

    from cdgis.judging.rule_plan import plan_of
    from cdgis.readers.loading import load_rules
    from cdgis.workspace.settings import open_workspace

    root = data / FOLDER
    shutil.copytree(bench_batch.workspace(data) / "layers", root / "layers", dirs_exist_ok=True)
    (root / "rules").mkdir(exist_ok=True)
    (root / "rules" / "restoration.toml").write_text(RULE_OF_OURS, encoding="utf-8")
    settings = root / "cdgis.toml"
    shutil.copyfile(bench_batch.workspace(data) / "cdgis.toml", settings)
    loaded = load_rules(open_workspace(root))
    off = {rule.id: "工作区没有这个图层" for rule in loaded.rulebook.rules if rule.layer not in ("", *ZONES)}
    plan = plan_of([rule for rule in loaded.rules if rule.id not in off], loaded.as_of)
    off |= {rule.id: "问面积，对照的规则表写不了" for rule, sized in zip(plan.rules, plan.sized[plan.bearing], strict=True) if sized}
    lines = [f'\n[[rules_off]]\nid = "{name}"\nreason = "{reason}"\n' for name, reason in off.items()]
    settings.write_text(settings.read_text(encoding="utf-8") + "".join(lines), encoding="utf-8")
    loaded = load_rules(open_workspace(root))
    pd.DataFrame(list(_rules_table(loaded.rules, loaded.as_of))).to_parquet(_file(data, "rules"))


def _rules_table(rules, as_of):
    """Yield, for all that may be declared, every rule that then counts: applies (2) or is open (1) where its zone is hit."""
    import itertools

    import pandas as pd

    from cdgis.judging.facts import Facts
    from cdgis.judging.rule_plan import plan_of

    said = pd.DataFrame(list(itertools.product(*SAID.values())), columns=list(SAID))
    empty = pd.DataFrame({"attribute": [], "subject_id": [], "value": []})
    plan = plan_of(rules, as_of)
    if plan.sized[plan.bearing].any() or any(rule.geometry == "within" for rule in plan.rules):
        raise SystemExit("a rule on size or distance is left: the peers' table cannot say it")
    subjects = said.assign(subject_id=said.index.astype(str), kind="project", area_m2=0.0, length_m=0.0)
    rest = plan.but_for_geometry(Facts.of(subjects, empty))[plan.bearing]
    for rule, states in zip(plan.rules, rest, strict=True):
        for row, state in zip(said.itertuples(index=False), states, strict=True):
            if state and rule.effect.rank and not rule.manual:
                for zone_class in rule.zone_classes or ("",):
                    yield {**row._asdict(), "layer": rule.layer, "zone_class": zone_class, "rank": int(rule.effect.rank),
                           "state": int(state), "rule_id": rule.id, "clause": rule.clause, "basis": rule.basis_text}  # fmt: skip


def _parcels(data: Path, count: int) -> None:
    import geopandas as gpd

    from cdgis.geometry.kernels import overlap_areas
    from cdgis.readers.columnar import read_columns

    source = vectors.path_of(data, f"parcels{count}")
    frame, keep = gpd.read_parquet(source)[["geometry"]], np.ones(count, dtype=bool)
    for name in ZONES.values():
        found = overlap_areas(read_columns(source).polygons(), read_columns(vectors.path_of(data, name)).polygons())
        whole = frame.area.to_numpy()[found.subject]
        keep[found.subject[(found.area_m2 < SCRATCH_SHARE * whole) | (found.area_m2 < SCRATCH_M2)]] = False
        parts = gpd.read_parquet(vectors.path_of(data, name)).geometry.explode().to_numpy()
        touched = shapely.STRtree(frame.geometry.to_numpy()).query(parts, predicate="intersects")[1]
        keep[np.setdiff1d(touched, found.subject)] = False  # less than the kernels call an overlap
    rng = np.random.default_rng(31)
    for name, words in SAID.items():
        frame[name] = rng.choice(np.array(words, dtype=object), count)
    frame["subject_id"] = [f"P{i:07d}" for i in range(count)]
    frame["name"] = "地块" + frame["subject_id"]
    frame = frame[keep].reset_index(drop=True)
    frame.to_crs(4490).to_parquet(_file(data, f"parcels{count}"), row_group_size=vectors.ROWS_OF_GROUP)
    frame.to_parquet(_file(data, f"plane{count}"), row_group_size=vectors.ROWS_OF_GROUP)


def _zones(data: Path, name: str) -> None:
    """Write a layer on the plane, as it came and as its single polygons: then no peer has to search one of a thousand parts."""
    import geopandas as gpd

    frame = gpd.read_parquet(vectors.path_of(data, ZONES[name]))
    ids = [f"{name}-{i:04d}" for i in range(len(frame))]
    kind = "红线一般区域" if name == "ecological_redline" else ""
    made = gpd.GeoDataFrame({"layer": name, "zone_id": ids, "zone_class": kind}, geometry=frame.geometry)
    made.to_parquet(_file(data, f"{name}_whole"))
    made.explode(ignore_index=True).to_parquet(_file(data, name))


def checksum(ids: "np.ndarray", verdicts: "np.ndarray") -> str:
    """Return counts of verdicts and a digest of the verdict of every parcel."""
    order = np.argsort(ids)
    text = "\n".join(f"{one} {word}" for one, word in zip(ids[order], verdicts[order], strict=True))
    counts = "，".join(f"{word} {number}" for word, number in zip(*np.unique(verdicts.astype(str), return_counts=True), strict=True))
    return f"{len(ids)} 块；{counts}；sha256 {hashlib.sha256(text.encode()).hexdigest()[:12]}"


def ours(data: Path, count: int, engine: tuple[str, ...] = ()) -> str:
    """Judge the parcels by a command of its own."""
    import pyarrow.parquet as pq

    root, out = data / FOLDER, data / FOLDER / "out"
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "cdgis", "screen", str(_file(data, f"parcels{count}")), "--workspace", str(root)]
    side_by_side.run_measured([*command, "--out", str(out), "--quiet", *engine], root)
    found = pq.read_table(out / "data" / "verdicts", columns=["subject_id", "verdict"])
    return checksum(*(found.column(name).to_numpy() for name in ("subject_id", "verdict")))


def geopandas_script(data: Path, count: int, *, areas: bool, whole: bool = False) -> str:
    """Join, look up the rules, let the strictest win: what a good analyst would write; `whole`: layers as they came."""
    import geopandas as gpd
    import pandas as pd

    parcels, rules = gpd.read_parquet(_file(data, f"plane{count}")), pd.read_parquet(_file(data, "rules"))
    hits = []
    for name in ZONES:
        zones = gpd.read_parquet(_file(data, f"{name}_whole" if whole else name))
        if areas:
            pieces = gpd.overlay(parcels, zones, how="intersection", keep_geom_type=True)
            found = pieces.assign(area_m2=pieces.area).groupby([*PAIR], as_index=False)["area_m2"].sum()
        else:  # zones to the left, so that they are the prepared side
            found = gpd.sjoin(zones, parcels, predicate="intersects").drop_duplicates(["subject_id", "zone_id"])
        hits.append(pd.DataFrame(found[[*PAIR, *(["area_m2"] if areas else [])]]))
    hit = pd.concat(hits)
    anywhere = parcels[["subject_id", *DECLARED]].assign(layer="", zone_id="", zone_class="")
    of_class, of_all = rules[rules["zone_class"] != ""], rules[rules["zone_class"] == ""]
    findings = pd.concat([
        hit.merge(of_class, on=[*DECLARED, "layer", "zone_class"]),
        pd.concat([hit, anywhere]).merge(of_all.drop(columns="zone_class"), on=[*DECLARED, "layer"]),
    ])  # fmt: skip
    strictest = findings.groupby(["subject_id", "state"])["rank"].max().unstack().reindex(columns=[1, 2])
    strictest = strictest.reindex(parcels["subject_id"]).fillna(0).astype(int)
    verdict = np.where(strictest[1] > strictest[2], OPEN, np.array(WORDS, dtype=object)[strictest[2]])
    findings.to_parquet(_file(data, "found"))
    pd.DataFrame({"subject_id": strictest.index, "verdict": verdict}).to_parquet(_file(data, "verdicts"))
    return checksum(strictest.index.to_numpy(), verdict)


def postgis(data: Path, count: int, *, areas: bool, zones: str = "judged_cut") -> str:
    """Judge in PostGIS, its zones as they came or cut by ST_Subdivide."""
    return checksum(*judging_sql.postgis(os.environ["CDGIS_BENCH_POSTGRES"], count, zones=zones, areas=areas))


def duckdb(data: Path, count: int) -> str:
    """Judge in DuckDB with its spatial extension, reading included."""
    return checksum(*judging_sql.duckdb(data / FOLDER, tuple(ZONES), count))


PEERS = {
    "cdgis": ours,
    "geopandas sjoin（备好的单面）": partial(geopandas_script, areas=False),
    "geopandas overlay（备好的单面）": partial(geopandas_script, areas=True),
    "PostGIS ST_Intersects（已切分）": partial(postgis, areas=False),
    "PostGIS ST_Intersection（已切分）": partial(postgis, areas=True),
    "DuckDB spatial（备好的单面，含读入）": duckdb,
}
AS_THEY_CAME = {
    "geopandas sjoin（图层原样）": partial(geopandas_script, areas=False, whole=True),
    "geopandas overlay（图层原样）": partial(geopandas_script, areas=True, whole=True),
    "PostGIS ST_Intersects（图层原样）": partial(postgis, areas=False, zones="judged_whole"),
    "PostGIS ST_Intersection（图层原样）": partial(postgis, areas=True, zones="judged_whole"),
}
"""Peers that take layers as their publishers cut them; too slow for the largest size."""
TASKS: side_by_side.Tasks = {
    (job_name(count), peer): partial(task, count=count)
    for count in SIZES for peer, task in {**PEERS, **(AS_THEY_CAME if count < SIZES[-1] else {})}.items()
}  # fmt: skip
NOTE = (
    "每家都写出逐条认定（条款、依据）和逐块结论；校验和是全部结论的。cdgis 是整条命令（启动、读图层、读经纬度地块、"
    "逐行核对、七张表）；对照用备好的平面坐标和由本工具的规则计划导出的规则表，不核对、不留台账；数据库的入库、切分、索引不计时。"
)

if __name__ == "__main__":
    side_by_side.main(Path(__file__), TASKS, "研判：同样的规则", NOTE, prepare=prepare)
