"""Whatever bytes a file holds, reading ends with an intake line or a Chinese error, never with another exception."""

import warnings
import zipfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapes import (
    PARCEL,
    boundary_lines,
    boundary_text,
    in_crs,
    layer_spec,
    workspace,
    write_geojson,
    write_layer,
    write_xlsx,
    zip_shapefile,
)

from cdgis.core.errors import CdgisError
from cdgis.readers import TypedSites, read_layer, read_sites

TOKENS = (b"1e999", b"-1", b"nan", b"\x00", b"\xff", b'"', b",", b"\n", b"{", b"]", b"null", b"9" * 400, b"\\ud800", b"<")
KINDS = ("a.geojson", "a.gpkg", "a.zip", "a.txt", "a.csv", "a.xlsx", "a.kml")


@cache
def samples(folder: Path) -> dict[str, bytes]:
    """Return one good file of every kind."""
    write_geojson(folder / "a.geojson", [(PARCEL, {"name": "甲", "zone_id": "A"})], crs="EPSG:4490")
    write_layer(folder / "a.gpkg", [PARCEL], {"name": ["甲"], "zone_id": ["A"]})
    zip_shapefile(folder / "a.zip", write_layer(folder / "a.shp", [PARCEL], {"name": ["甲"]}, epsg=4527))
    (folder / "a.txt").write_text(boundary_text(boundary_lines(in_crs(PARCEL, 4527))), encoding="utf-8")
    (folder / "a.csv").write_text("企业名称,经度,纬度,年耗煤量\n甲,117.9,40.95,3万\n", encoding="gb18030")
    write_xlsx(folder / "a.xlsx", {"表": [["企业名称", "经度", "纬度"], ["甲", 117.9, 40.95]]})
    ring = " ".join(f"{x},{y}" for x, y in PARCEL.exterior.coords)
    placemark = f"<Placemark><Polygon><outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates></LinearRing>"
    (folder / "a.kml").write_text(
        f'<kml xmlns="http://www.opengis.net/kml/2.2">{placemark}</outerBoundaryIs></Polygon></Placemark></kml>',
        encoding="utf-8",
    )
    return {name: (folder / name).read_bytes() for name in KINDS}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return samples(tmp_path_factory.mktemp("good"))


def damaged(data: bytes, wounds: list[tuple[float, str, int, int]]) -> bytes:
    for share, kind, length, token in wounds:
        at = int(share * len(data))
        filler = {"cut": b"", "put": TOKENS[token % len(TOKENS)], "end": b""}[kind]
        data = data[:at] + filler + (b"" if kind == "end" else data[at + (length if kind == "cut" else token % 3) :])
    return data


WOUNDS = st.lists(
    st.tuples(st.floats(0, 1), st.sampled_from(["cut", "put", "put", "end"]), st.integers(1, 60), st.integers(0, 99)),
    min_size=1,
    max_size=4,
)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(KINDS), wounds=WOUNDS, member=st.integers(0, 50))
def test_damaged_file_is_quarantined_or_read(
    good: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory, name: str, wounds: list[tuple[float, str, int, int]], member: int
) -> None:
    folder = tmp_path_factory.mktemp("bad")
    path = folder / name
    if name.endswith((".zip", ".xlsx")) and member % 4:
        (folder / "whole").write_bytes(good[name])
        with zipfile.ZipFile(folder / "whole") as old, zipfile.ZipFile(path, "w") as new:
            for number, entry in enumerate(old.namelist()):
                content = old.read(entry)
                hit = number == member % len(old.namelist())
                new.writestr(entry, damaged(content, wounds) if hit else content)
    else:
        path.write_bytes(damaged(good[name], wounds))
    with warnings.catch_warnings():
        # GDAL and openpyxl may warn of what they skip; every row is accounted for below
        warnings.simplefilter("ignore")
        subjects = read_sites(workspace(folder), [path])
    assert subjects.intake
    for note in subjects.intake:
        note.reason.encode("utf-8")
        assert str(folder) not in note.reason and "cdgis-" not in note.reason
    assert len(subjects.frame) <= sum(note.status != "quarantined" for note in subjects.intake)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(["a.geojson", "a.gpkg"]), wounds=WOUNDS)
def test_damaged_layer_is_refused_or_counts_what_it_lost(
    good: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory, name: str, wounds: list[tuple[float, str, int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("bad")
    (folder / name).write_bytes(damaged(good[name], wounds))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            layer = read_layer(layer_spec(name), folder)
    except CdgisError:
        return
    assert layer.quarantined == sum(note.status == "quarantined" for note in layer.notes)
    assert layer.zones.geometry.is_valid.all()


@settings(max_examples=150, deadline=None)
@given(
    wkt=st.one_of(st.text(max_size=60), st.sampled_from(["POLYGON", "POINT Z", "CURVEPOLYGON", "MULTIPOINT"]).flatmap(
        lambda kind: st.text("0123456789.,() -einfa", max_size=60).map(lambda body: f"{kind}(({body}))"))),
    lonlat=st.text("0123456789.,°′″ENS-e 东经北纬", max_size=30),
    crs=st.one_of(st.just(""), st.text(max_size=12), st.sampled_from(["EPSG:4527", "西安80", "4490", "+proj=x", "EPSG:1"])),
)
def test_typed_texts_are_quarantined_or_read(wkt: str, lonlat: str, crs: str) -> None:
    subjects = read_sites(workspace(Path()), (), typed=TypedSites(wkt=(wkt,), lonlat=(lonlat,)), declared={"crs": crs} if crs else {})
    assert len(subjects.intake) == 2
