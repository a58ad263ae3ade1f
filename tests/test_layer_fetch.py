"""Snapshots from services, files and a real PostGIS: whole or not at all, the same bytes for the same content, no secret anywhere."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from layer_server import COUNT, EPSG, SHAPES, TOKEN, address, codes, layer_server
from reference.postgis import Cluster, cluster
from shapes import in_crs, metres, write_layer
from small_workspace import small_workspace

from cdgis.core.errors import CatalogError, CdgisError, SourceError, UsageError
from cdgis.core.progress import Silent
from cdgis.core.source_secrets import spelt_out_secret
from cdgis.pipelines import fetch_layers as fetching
from cdgis.readers import read_layer
from cdgis.readers.sources import web_requests
from cdgis.readers.sources.address import read_address
from cdgis.readers.sources.snapshot import note_file
from cdgis.workspace.settings import Workspace, open_workspace

KINDS = ("arcgis", "oapif", "wfs")
PASSWORD = "pa55/wörd@'x"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with layer_server() as running:
        yield running


@pytest.fixture(scope="module")
def database() -> Iterator[Cluster]:
    """A real PostGIS; without PostgreSQL its tests are skipped by name, except where CDGIS_REQUIRE_POSTGIS forbids it (.ci/run)."""
    if not (os.environ.get("CDGIS_REQUIRE_POSTGIS") or shutil.which("initdb") or list(Path("/usr/lib/postgresql").glob("*/bin/initdb"))):
        pytest.skip("没有安装 PostgreSQL 与 PostGIS（Debian：postgresql postgresql-postgis）")
    with cluster() as running:
        rows = ", ".join(
            f"({i}, '{code}', '红线{i}', ST_GeomFromWKB(decode('{shapely.to_wkb(in_crs(shape, EPSG), hex=True)}', 'hex'), {EPSG}))"
            for i, (code, shape) in enumerate(zip(codes(), SHAPES, strict=True))
        )
        password = PASSWORD.replace("'", "''")
        running.sql(
            f'create table "红线" (id int primary key, "HXBM" text, "HXMC" text, geom geometry(Polygon, {EPSG}));'
            f'insert into "红线" values {rows};'
            "create table plain (unit_code text, n numeric); insert into plain values ('a', 1.50);"
            "create table mixed (geom geometry);"
            "insert into mixed values (ST_SetSRID(ST_Point(1,2),4490)), (ST_SetSRID(ST_Point(1,2),4527));"
            f"create table two (a geometry, b geometry); create role reader login password '{password}';"
            'grant select on "红线" to reader;'
        )
        yield running


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_requests.time, "sleep", lambda _: None)
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_workspace(tmp_path_factory.mktemp("template") / "w")


@pytest.fixture
def root(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "w"))


def with_url(root: Path, url: str, **changes: str) -> Workspace:
    """Point the red line of a small workspace at `url`."""
    path = root / "layers" / "catalog.toml"
    text = path.read_text(encoding="utf-8")
    head, _, tail = text.partition("[layers.ecological_redline]")
    city = 'title = "生态保护红线"\npath = "snapshots/red.gpkg"\ncoverage = "city"\n'
    fields = changes.get("fields", 'fields = { zone_id = ["HXBM"], zone_name = ["HXMC"] }')
    rest = 'theme = "三线"\ngeometry = "polygon"\nofficial = false\nversion = "2026"\nsource = "测试"\nlicence = "CC0"\n'
    path.write_text(f'{head}[layers.ecological_redline]\nurl = "{url}"\n{city}{fields}\n{rest}', encoding="utf-8")
    assert tail
    return open_workspace(root)


def fetched(workspace: Workspace, *, check: bool = False, environment: dict[str, str] | None = None) -> fetching.Fetched:
    return fetching.fetch_layers(workspace, ["ecological_redline"], check=check, progress=Silent(), environment=environment or {"X": "x"})[0]


def snapshot(workspace: Workspace) -> Path:
    return workspace.root / "layers" / "snapshots" / "red.gpkg"


def assert_is_the_red_line(workspace: Workspace) -> None:
    layer = read_layer(workspace.catalog["ecological_redline"], workspace.layers_dir)
    assert sorted(layer.zones["zone_id"]) == codes() and layer.quarantined == 0
    found = dict(zip(layer.zones["zone_id"], layer.zones.geometry, strict=True))
    for code, shape in zip(codes(), SHAPES, strict=True):
        assert shapely.hausdorff_distance(found[code], shape) < 3e-7 and len(found[code].interiors) == 1


@pytest.mark.parametrize("mode", ["plain", "500once", "cutonce", "turned"])
@pytest.mark.parametrize("kind", KINDS)
def test_service_gives_the_layer_through_interruptions(server: str, root: Path, kind: str, mode: str) -> None:
    workspace = with_url(root, address(server, mode, kind))
    result = fetched(workspace)
    assert not result.failed and result.features == COUNT
    assert_is_the_red_line(workspace)
    note = json.loads(note_file(snapshot(workspace)).read_text(encoding="utf-8"))
    assert note["crs"] == f"EPSG:{EPSG}" and note["features"] == COUNT and note["url"] == address(server, mode, kind)
    assert len(note["extent"]) == 4 and note["query"] and note["fetched_at"].endswith("Z")


def test_wfs_that_speaks_gml_alone_gives_the_layer(server: str, root: Path) -> None:
    workspace = with_url(root, address(server, "gml", "wfs"))
    result = fetched(workspace)
    assert result.lines == ("新取的快照", "服务按北、东次序给出坐标，已对调为东、北")
    assert_is_the_red_line(workspace)


REFUSED = [
    ("wfs", "gmldup", "给了两次"), ("wfs", "gmlbad", "不是合法的 XML"), ("wfs", "gmlarc", "图形含曲线 Arc"),
    *((kind, mode, text) for kind in KINDS for mode, text in (
        ("500always", "试了 4 次"), ("cutalways", "试了 4 次"), ("redirect", "另一台主机"), ("xian80", "西安80|EPSG:2383"),
        ("rename", "缺少字段|编码全部为空"))),
    ("arcgis", "html", "不是 JSON 而是XML"), ("oapif", "html", "不是 JSON 而是XML"), ("wfs", "html", "numberMatched"),
    ("arcgis", "wrongcount", "说有 26 个要素，却列出 25"), ("oapif", "wrongcount", "说有 26 个要素，取到 25"),
    ("wfs", "wrongcount", "说有 26 个要素，取到 25"),
    ("arcgis", "dup", "却列出 26 个编号"), ("oapif", "dup", "给了两次"), ("wfs", "dup", "给了两次"),
    ("arcgis", "missing", "仍缺 1 个要素（如 OBJECTID 13）"), ("oapif", "missing", "取到 24"), ("wfs", "missing", "给了两次|取到 24"),
    ("arcgis", "numberlie", "仍缺"), ("oapif", "numberlie", "自称有 11 个要素"),
    ("oapif", "loop", "绕回了"), ("oapif", "offhost", "另一台主机"), ("wfs", "nocount", "numberMatched"), ("arcgis", "locked", "令牌"),
]  # fmt: skip


@pytest.fixture(scope="module")
def kept(server: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a good snapshot, which no failing fetch may touch."""
    made = small_workspace(tmp_path_factory.mktemp("kept") / "w")
    assert not fetched(with_url(made, address(server, "plain", "arcgis"))).failed
    return made


@pytest.mark.parametrize(("kind", "mode", "text"), REFUSED)
def test_what_is_not_whole_leaves_the_old_snapshot_as_it_was(server: str, kept: Path, kind: str, mode: str, text: str) -> None:
    import re

    workspace = with_url(kept, address(server, mode, kind))
    before = snapshot(workspace).read_bytes(), note_file(snapshot(workspace)).read_bytes()
    result = fetched(workspace)
    assert result.failed and re.search(text, result.lines[0]), result.lines
    assert (snapshot(workspace).read_bytes(), note_file(snapshot(workspace)).read_bytes()) == before
    assert [p.name for p in snapshot(workspace).parent.iterdir() if p.name.endswith(".part")] == []


def test_the_same_content_gives_the_same_bytes_whoever_serves_it_in_whatever_order(server: str, root: Path) -> None:
    made = []
    for mode in ("plain", "cutonce"):
        workspace = with_url(root, address(server, mode, "arcgis"))
        assert not fetched(workspace).failed
        made.append(snapshot(workspace).read_bytes())
    assert made[0] == made[1]
    assert "内容与" in fetched(with_url(root, address(server, "plain", "arcgis"))).lines[0]


@pytest.mark.parametrize("kind", KINDS)
def test_check_says_what_changed_and_writes_nothing(server: str, root: Path, kind: str) -> None:
    plain = with_url(root, address(server, "plain", kind))
    assert fetched(plain, check=True).lines == ("还没有快照",)
    fetched(plain)
    before = snapshot(plain).read_bytes()
    assert fetched(plain, check=True).lines == ("与快照相同",)
    changed = fetched(with_url(root, address(server, "edited", kind)), check=True)
    assert changed.lines == ("源端有变：图形改变 1 个，属性改变 1 个",)
    assert snapshot(plain).read_bytes() == before
    emptied = fetched(with_url(root, address(server, "empty", kind)), check=True)
    assert f"删去 {COUNT} 个" in emptied.lines[0]
    assert "没有替换原有快照" in fetched(with_url(root, address(server, "empty", kind))).lines[0]


@pytest.mark.parametrize(("mode", "version", "said"), [
    ("older", "1.1.0", ""), ("older", "2.0.0", "WFS 拒绝了请求"), ("olderlost", "1.1.0", str(COUNT)), ("older", "1.0.0", "不说共有多少个要素"),
])  # fmt: skip
def test_an_older_wfs_is_read_at_once_and_counted(server: str, root: Path, mode: str, version: str, said: str) -> None:
    workspace = with_url(root, f"{address(server, mode, 'wfs')}&version={version}")
    result = fetched(workspace)
    assert result.failed == bool(said) and said in result.lines[0], result.lines
    if not said:
        assert_is_the_red_line(workspace)


def test_check_ends_with_one_when_the_source_differs(server: str, root: Path) -> None:
    from cdgis.cli import main

    def exit_code(mode: str) -> int:
        workspace = with_url(root, address(server, mode, "arcgis"))
        with pytest.raises(SystemExit) as left:
            main(["layers", "fetch", "--all", "--check", "--quiet", "--workspace", str(workspace.root)])
        return int(left.value.code or 0)

    assert exit_code("plain") == 1  # no snapshot yet
    fetched(with_url(root, address(server, "plain", "arcgis")))
    assert [exit_code(mode) for mode in ("plain", "edited", "empty", "wrongcount")] == [0, 1, 1, 2]


def test_missing_count_is_said(server: str, root: Path) -> None:
    result = fetched(with_url(root, address(server, "nocount", "oapif")))
    assert not result.failed and any("无从核对" in line for line in result.lines)


def test_code_lists_of_the_service_are_kept_in_the_note(server: str, root: Path) -> None:
    workspace = with_url(root, address(server, "plain", "arcgis"))
    fetched(workspace)
    assert json.loads(note_file(snapshot(workspace)).read_text(encoding="utf-8"))["domains"]["HXFQ"]["1"] == "核心保护区"


# ---------------------------------------------------------------- PostGIS


def postgres(database: Cluster, table: str, user: str = "cdgis") -> str:
    return f"postgresql://{user}@127.0.0.1:{database.port}/cdgis?table={table}"


def test_postgis_gives_the_layer(database: Cluster, root: Path) -> None:
    workspace = with_url(root, postgres(database, "public.红线"))
    result = fetched(workspace)
    assert not result.failed and result.features == COUNT, result.lines
    assert_is_the_red_line(workspace)
    assert fetched(workspace, check=True).lines == ("与快照相同",)
    database.sql('update "红线" set "HXMC" = \'改了\' where id = 2; delete from "红线" where id = 5')
    assert fetched(workspace, check=True).lines == ("源端有变：删去 1 个，属性改变 1 个",)


@pytest.mark.parametrize(("table", "text"), [
    ("nothere", "没有表 nothere"), ("mixed", "几种坐标系"), ("two", "几个图形列"), ("", "没有写明表"), ("a;drop table x", "没有写明表"),
    ("plain", "不是|一张表"),
])  # fmt: skip
def test_postgis_faults_are_said(database: Cluster, root: Path, table: str, text: str) -> None:
    import re

    result = fetched(with_url(root, postgres(database, table)))
    assert result.failed and re.search(text, result.lines[0]), result.lines


def test_postgis_that_cannot_be_reached_or_lacks_rights(database: Cluster, root: Path) -> None:
    away = fetched(with_url(root, "postgresql://cdgis@127.0.0.1:1/cdgis?table=x"))
    assert away.failed and "连不上数据库" in away.lines[0]
    refused = fetched(with_url(root, postgres(database, "plain", user="reader")))
    assert refused.failed and "无权读" in refused.lines[0]


def test_table_without_shapes_becomes_csv(database: Cluster, root: Path) -> None:
    entry = ('[layers.list]\ntitle = "清单"\ntheme = "一单"\ngeometry = "table"\npath = "list.csv"\nzones = false\nofficial = false\nversion = "1"\n'
             f'source = "测"\nlicence = "CC0"\nurl = "{postgres(database, "plain")}"\n')  # fmt: skip
    with (root / "layers" / "catalog.toml").open("a", encoding="utf-8") as catalog:
        catalog.write(entry)
    result = fetching.fetch_layers(open_workspace(root), ["list"], check=False, progress=Silent())[0]
    assert not result.failed and (root / "layers" / "list.csv").read_text(encoding="utf-8-sig").split() == ["unit_code,n", "a,1.50"]


# ---------------------------------------------------------------- files


def test_folder_of_shapefiles_in_two_zones_becomes_one_layer(root: Path, tmp_path: Path) -> None:
    parts = tmp_path / "各县"
    for name, epsg, part in (("甲", 4527, slice(0, 10)), ("乙", 4528, slice(10, COUNT))):
        write_layer(parts / f"{name}.shp", SHAPES[part], {"HXBM": codes()[part], "HXMC": codes()[part]}, epsg=epsg, encoding="UTF-8")
    workspace = with_url(root, parts.as_posix())
    result = fetched(workspace)
    assert not result.failed and any("坐标系不同" in line for line in result.lines), result.lines
    layer = read_layer(workspace.catalog["ecological_redline"], workspace.layers_dir)
    assert sorted(layer.zones["zone_id"]) == codes()
    assert set(gpd.read_file(snapshot(workspace))["来源文件"]) == {"甲.shp", "乙.shp"}


def test_geoparquet_and_geopackage_give_the_same_layer(root: Path, tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"HXBM": codes(), "HXMC": codes()}, geometry=SHAPES, crs=4490)
    frame.to_parquet(tmp_path / "red.parquet")
    frame.to_file(tmp_path / "red.gpkg", engine="pyogrio")
    for name in ("red.parquet", "red.gpkg"):
        workspace = with_url(root, (tmp_path / name).as_posix())
        assert not fetched(workspace).failed
        assert_is_the_red_line(workspace)


def test_layer_of_a_container_is_fetched_by_its_name(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "many.gpkg"
    frame = gpd.GeoDataFrame({"HXBM": codes(), "HXMC": codes()}, geometry=SHAPES, crs=4490)
    for name, part in (("别的", frame.iloc[:3]), ("红线", frame)):
        part.to_file(path, layer=name, engine="pyogrio")
    unnamed = fetched(with_url(root, path.as_posix()))
    assert unnamed.failed and "sublayer" in unnamed.lines[0]
    workspace = with_url(root, path.as_posix(), fields='sublayer = "红线"\nfields = { zone_id = ["HXBM"], zone_name = ["HXMC"] }')
    assert not fetched(workspace).failed
    assert_is_the_red_line(workspace)


@pytest.mark.parametrize(("name", "content", "text"), [
    ("x.parquet", b"PAR1", "不是 GeoParquet"), ("x.gpkg", b"no", "不是 GeoPackage"), ("gone.shp", None, "没有这个文件"),
])  # fmt: skip
def test_files_that_cannot_be_read_are_said(root: Path, tmp_path: Path, name: str, content: bytes | None, text: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    result = fetched(with_url(root, (tmp_path / name).as_posix()))
    assert result.failed and text in result.lines[0]


def test_subjects_are_fetched_and_read_without_their_note(server: str, root: Path) -> None:
    url = address(server, "plain", "arcgis")
    settings = root / "cdgis.toml"
    text = f'[sources.fetch."报件"]\nurl = "{url}"\npath = "layers/projects/报件.gpkg"\n'
    settings.write_text(settings.read_text(encoding="utf-8") + text, encoding="utf-8")
    workspace = open_workspace(root)
    assert not fetching.fetch_layers(workspace, [], check=False, progress=Silent())[0].failed
    from cdgis.readers.inputs import expand_globs

    names = [path.name for path in expand_globs(root, workspace.settings.sources.projects)]
    assert names == ["site.gpkg", "报件.gpkg"]
    assert "fetch" not in workspace.settings.model_dump()["sources"]


# ---------------------------------------------------------------- secrets


@pytest.mark.parametrize("url", [
    "postgresql://u:geheim@h/d?table=t", "https://u:geheim@h/FeatureServer/0", "https://h/FeatureServer/0?token=geheim",
    "https://h/wfs?service=WFS&typeNames=a&tk=geheim", "https://h/collections/a?api_key=geheim",
])  # fmt: skip
def test_spelt_out_secret_is_refused_and_not_repeated(root: Path, url: str) -> None:
    with pytest.raises(CatalogError) as caught:
        with_url(root, url)
    assert "环境变量" in str(caught.value) and "geheim" not in str(caught.value)
    with pytest.raises(SourceError) as again:
        read_address(url, {})
    assert "geheim" not in str(again.value)
    assert spelt_out_secret(url.replace("geheim", "${A}")) == ""


def test_missing_variable_is_named(root: Path) -> None:
    result = fetched(with_url(root, "postgresql://u:${NO_SUCH_ONE}@h/d?table=t"))
    assert result.failed and "NO_SUCH_ONE" in result.lines[0]


def test_no_secret_in_any_file_or_message(server: str, database: Cluster, root: Path, capsys: pytest.CaptureFixture[str],
                                          monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """Whatever happens, right or wrong token, whole or broken: nothing written or said holds a secret."""
    from cdgis.cli import main

    monkeypatch.setenv("RED_TOKEN", TOKEN)
    monkeypatch.setenv("RED_PASSWORD", PASSWORD)
    urls = [f"{address(server, mode, 'arcgis')}?token=${{RED_TOKEN}}" for mode in ("locked", "500always", "html", "redirect", "missing")]
    urls += [address(server, "locked", "oapif").replace("http://", "http://reader:${RED_PASSWORD}@")]
    urls += [postgres(database, "红线", user="reader:${RED_PASSWORD}"), postgres(database, "plain", user="nobody:${RED_PASSWORD}"),
             "postgresql://x:${RED_PASSWORD}@127.0.0.1:1/cdgis?table=t"]  # fmt: skip
    said = ""
    for url in urls:
        with_url(root, url)
        for options in (["--check"], []):
            with pytest.raises(SystemExit):
                main(["layers", "fetch", "ecological_redline", "--workspace", str(root), "--debug", *options])
            captured = capsys.readouterr()
            said += captured.out + captured.err
    assert "25 个要素" in said.replace("\n", "")
    written = "".join(path.read_bytes().decode("latin-1") for path in root.rglob("*") if path.is_file())
    for secret in (TOKEN, PASSWORD, "t0p-s3cret", "pa55"):
        assert secret not in said and secret.encode().decode("latin-1") not in written
    assert "${RED_TOKEN}" in said or "${RED_PASSWORD}" in written


def test_the_search_would_find_a_secret(root: Path) -> None:
    (root / "log.txt").write_text(TOKEN, encoding="utf-8")
    assert any(TOKEN in path.read_bytes().decode("latin-1") for path in root.rglob("*") if path.is_file())


# ---------------------------------------------------------------- the workspace around it


def test_names_without_address_and_foreign_addresses_are_refused(root: Path) -> None:
    with pytest.raises(UsageError, match="没有来源地址"):
        fetching.fetch_layers(open_workspace(root), ["city"], check=False, progress=Silent())
    for url, text in (("ftp://h/x", "不支持 ftp"), ("https://h/somewhere", "认不出是哪种服务")):
        result = fetched(with_url(root, url))
        assert result.failed and text in result.lines[0]


def test_run_reads_the_snapshot_only_and_says_when_there_is_none(server: str, root: Path) -> None:
    workspace = with_url(root, address(server, "plain", "arcgis"))
    with pytest.raises(CdgisError, match="cdgis layers fetch ecological_redline"):
        read_layer(workspace.catalog["ecological_redline"], workspace.layers_dir)
    fetched(workspace)
    offline = with_url(root, "http://127.0.0.1:1/FeatureServer/0")
    assert len(read_layer(offline.catalog["ecological_redline"], offline.layers_dir).zones) == COUNT


def test_snapshot_changed_by_hand_is_a_fault_of_the_check(server: str, root: Path) -> None:
    from cdgis.readers.sources.snapshot import note_faults

    workspace = with_url(root, address(server, "plain", "arcgis"))
    fetched(workspace)
    assert note_faults("r", snapshot(workspace)) == ()
    write_layer(snapshot(workspace), [metres(0, 0, 9, 9)], {"HXBM": ["A"], "HXMC": ["A"]})
    assert "被改动过" in note_faults("r", snapshot(workspace))[0].problem


@pytest.mark.parametrize("version", ["GML2", "GML3", "GML3.2"])
def test_gml_of_another_writer_gives_its_shapes(tmp_path: Path, version: str) -> None:
    """GDAL writes, we read: polygons with holes, lines, points and their multiples come back to the digits written."""
    from cdgis.readers.sources.gml_features import read_gml

    line = shapely.LineString([(117.1, 41.1), (117.2, 41.3), (117.3, 41.2)])
    parts = [SHAPES[0], shapely.MultiPolygon(SHAPES[1:3]), line, shapely.MultiLineString([line, shapely.reverse(line)]), line.centroid,
             shapely.MultiPoint(line.coords)]  # fmt: skip
    for number, shape in enumerate(parts):
        path = tmp_path / f"shape{number}.gml"
        gpd.GeoDataFrame({"code": ["<甲&乙>"]}, geometry=[shape], crs="OGC:CRS84").to_file(path, driver="GML", engine="pyogrio", FORMAT=version)
        feature = read_gml(path.read_text(encoding="utf-8"))[0]
        assert feature.name and feature.texts["code"] == "<甲&乙>"
        turned = shapely.transform(feature.shape, lambda xy: xy[:, ::-1]) if feature.shape.bounds[0] < 100 else feature.shape
        assert shapely.equals_exact(shapely.normalize(turned), shapely.normalize(shape), 1e-9), version


MEMBER = "<FeatureCollection><member><f><g>{}</g></f></member></FeatureCollection>"


@pytest.mark.parametrize("text", [
    "", "<a/>", "{}", "<!DOCTYPE a><FeatureCollection/>", MEMBER.format("<Polygon/>"), MEMBER.format("<Point><pos>1 x</pos></Point>"),
    MEMBER.format("<LineString><posList>1 2 3</posList></LineString>"),
])  # fmt: skip
def test_broken_gml_is_refused(text: str) -> None:
    from cdgis.readers.sources.gml_features import read_gml

    with pytest.raises(ValueError):
        read_gml(text)


def test_axis_order_is_told_by_the_numbers_alone() -> None:
    from cdgis.readers.sources.feature_set import in_x_y_order

    for epsg in (4490, 4527, 4548, 4509):
        shapes = np.array([in_crs(shape, epsg) for shape in SHAPES], dtype=object)
        turned = np.array([shapely.transform(s, lambda xy: xy[:, ::-1]) for s in shapes], dtype=object)
        assert not in_x_y_order(shapes, f"EPSG:{epsg}")[1]
        back, swapped = in_x_y_order(turned, f"EPSG:{epsg}")
        assert swapped and shapely.equals_exact(back, shapes).all()
