"""Whatever in a drawing could bound land and is not read has a line; the counts close over the entities."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import ezdxf
import pytest
from ezdxf.document import Drawing
from ezdxf.layouts import BaseLayout
from shapes import PARCEL, in_crs, square, workspace

from cdgis.core.vocabulary import IntakeNote
from cdgis.readers import read_sites
from cdgis.readers.drawing import AREA_KINDS, open_drawing
from cdgis.workspace.layers import Subjects

RING = [(x, y) for x, y in in_crs(PARCEL, 4548).exterior.coords][:-1]
APART = [(x, y) for x, y in in_crs(square(117.95, 40.95), 4548).exterior.coords][:-1]


def drawing() -> Drawing:
    document = ezdxf.new("R2000")
    document.header["$INSUNITS"] = 6
    return document


def outline(space: BaseLayout, layer: str = "红线", ring: list[tuple[float, float]] = RING, **attributes: object) -> object:
    return space.add_lwpolyline(ring, close=True, dxfattribs={"layer": layer, **attributes})


def read(document: Drawing, tmp_path: Path, *, rename: tuple[str, str] | None = None) -> Subjects:
    path = tmp_path / "图.dxf"
    document.encoding = "gbk"
    document.saveas(path)
    if rename is not None:
        text = path.read_bytes().replace(f"\n{rename[0]}\n".encode(), f"\n{rename[1]}\n".encode())
        path.write_bytes(text.replace(f"\r\n{rename[0]}\r\n".encode(), f"\r\n{rename[1]}\r\n".encode()))
    content = open_drawing(path, label="图.dxf")
    counted = content.sorted_in + content.passed + sum(map(sum, (c.values() for c in (content.unread, content.hidden, content.broken))))
    assert content.seen == counted
    return read_sites(workspace(tmp_path), (path,), declared={"crs": "EPSG:4548"})


def lost(subjects: Subjects) -> list[IntakeNote]:
    return [note for note in subjects.intake if note.status == "quarantined"]


def face(space: BaseLayout) -> None:
    space.add_3dface(RING, dxfattribs={"layer": "面"})


def solid(space: BaseLayout) -> None:
    space.add_solid(RING, dxfattribs={"layer": "面"})


def mesh(space: BaseLayout) -> None:
    with space.add_mesh(dxfattribs={"layer": "面"}).edit_data() as data:
        data.vertices, data.faces = [(*p, 0) for p in RING], [[0, 1, 2, 3]]


def empty_hatch(space: BaseLayout) -> None:
    space.add_hatch(dxfattribs={"layer": "面"})


def polyface(space: BaseLayout) -> None:
    space.add_polyface(dxfattribs={"layer": "面"}).append_faces([[(*p, 0) for p in RING]])


def multiline(space: BaseLayout) -> None:
    space.add_mline(RING, dxfattribs={"layer": "面"})


DRAWN: dict[str, Callable[[BaseLayout], None]] = {
    "3DFACE": face, "SOLID": solid, "MESH": mesh, "HATCH": empty_hatch, "POLYLINE": polyface, "MLINE": multiline,
}  # fmt: skip


@pytest.mark.parametrize("kind", DRAWN)
def test_what_bounds_land_in_another_way_has_a_line(tmp_path: Path, kind: str) -> None:
    document = drawing()
    outline(document.modelspace())
    for _ in range(2):
        DRAWN[kind](document.modelspace())
    subjects = read(document, tmp_path)
    (note,) = lost(subjects)
    assert len(subjects.frame) == 1 and note.row == f"面#{kind}" and note.reason.startswith(f"2 个{AREA_KINDS[kind]}（{kind}）")


@pytest.mark.parametrize("kind", ["REGION", "BODY", "3DSOLID", "PLANESURFACE", "ACAD_PROXY_ENTITY"])
def test_kinds_that_only_cad_writes_have_a_line_too(tmp_path: Path, kind: str) -> None:
    document = drawing()
    face(document.modelspace())
    subjects = read(document, tmp_path, rename=("3DFACE", kind))
    assert [note.row for note in lost(subjects)] == [f"面#{kind}"] and "未读取" in lost(subjects)[0].reason


def off(document: Drawing) -> None:
    document.layers.add("暗").off()


def frozen(document: Drawing) -> None:
    document.layers.add("暗").freeze()


@pytest.mark.parametrize("hide", [off, frozen])
def test_what_lies_on_a_hidden_layer_has_a_line(tmp_path: Path, hide: Callable[[Drawing], None]) -> None:
    document = drawing()
    hide(document)
    outline(document.modelspace())
    outline(document.modelspace(), "暗", APART)
    document.modelspace().add_text("注记", dxfattribs={"layer": "暗"})
    (note,) = lost(read(document, tmp_path))
    assert note.row == "暗#LWPOLYLINE（隐藏）" and note.reason.startswith("1 个") and "解冻" in note.remedy


def test_hidden_in_other_ways(tmp_path: Path) -> None:
    document = drawing()
    document.layers.add("Redline").freeze()
    space = document.modelspace()
    outline(space)
    outline(space, "REDLINE", APART)  # names of layers know no case
    outline(space, "红线", APART, invisible=1)
    outline(document.blocks.new("块"), "红线", APART)
    space.add_blockref("块", (0, 0), dxfattribs={"layer": "Redline"})  # a frozen block hides all that is in it
    outline(document.layout("Layout1"), "红线", APART)
    subjects = read(document, tmp_path)
    assert len(subjects.frame) == 1
    assert [(note.row, note.reason[:3]) for note in lost(subjects)] == [
        ("REDLINE#LWPOLYLINE（隐藏）", "1 个"), ("红线#LWPOLYLINE（隐藏）", "2 个"), ("图纸空间", "图纸空"),
    ]  # fmt: skip


@pytest.mark.parametrize("inserted", [True, False])
@pytest.mark.parametrize("path", ["D:\\项目\\红线.dwg", "红线.dwg", "../红线.dwg"])
def test_an_external_reference_is_named(tmp_path: Path, inserted: bool, path: str) -> None:
    document = drawing()
    outline(document.modelspace())
    document.add_xref_def(path, "红线")
    if inserted:
        document.modelspace().add_blockref("红线", (0, 0))
    (note,) = lost(read(document, tmp_path))
    assert note.reason == "图内含外部参照 红线.dwg，未读取" and "绑定" in note.remedy


def cass(space: BaseLayout, number: str, ring: list[tuple[float, float]] = RING, code: str = "300000") -> None:
    entity = outline(space, "JZD", ring)
    entity.set_xdata("SOUTH", [(1000, code), (1000, number), (1000, "张三"), (1000, "0702")])  # type: ignore[attr-defined]


def test_parcel_numbers_of_cass_are_ids_and_owners_are_not_read(tmp_path: Path) -> None:
    document = drawing()
    document.appids.new("SOUTH")
    cass(document.modelspace(), "130802001001GB00012")
    cass(document.modelspace(), "130802001001GB00013", APART)
    subjects = read(document, tmp_path)
    assert list(subjects.frame["subject_id"]) == ["130802001001GB00012", "130802001001GB00013"]
    assert "张三" not in subjects.frame.to_csv() + "".join(note.reason + note.value for note in subjects.intake)


@pytest.mark.parametrize(("code", "number"), [("141101", "砼"), ("300000", ""), ("131100", "x")])
def test_other_extended_data_makes_no_id(tmp_path: Path, code: str, number: str) -> None:
    document = drawing()
    document.appids.new("SOUTH")
    cass(document.modelspace(), number, code=code)
    assert not read(document, tmp_path).frame["subject_id"].iloc[0].startswith(number or "张")


@pytest.mark.parametrize("gap_m", [0.03, 0.5, 12.0])
def test_a_line_that_does_not_close_says_how_far_it_is(tmp_path: Path, gap_m: float) -> None:
    document = drawing()
    outline(document.modelspace(), "好", APART)
    document.modelspace().add_lwpolyline([*RING, (RING[0][0] + gap_m, RING[0][1])], dxfattribs={"layer": "缝"})
    (note,) = lost(read(document, tmp_path))
    assert f"首尾最近相距 {gap_m:.3g} 米" in note.reason


def dark_line(space: BaseLayout) -> None:
    space.add_line((0, 0), (1, 1), dxfattribs={"layer": "暗"})


@pytest.mark.parametrize("seed", range(5))
def test_the_counts_close_over_whatever_is_drawn(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    document = drawing()
    off(document)
    block = document.blocks.new("块")
    for space in (document.modelspace(), block):
        for _ in range(random.randrange(1, 12)):
            random.choice([*DRAWN.values(), outline, dark_line, lambda s: s.add_text("x")])(space)
    document.modelspace().add_blockref("块", RING[0], dxfattribs={"layer": random.choice(["0", "暗"])})
    read(document, tmp_path)
