"""Two columns that mean the same agree, or the row is asked about: nobody's name goes to another's place, no datum to another's numbers."""

import random

import pytest
from shapes import write_xlsx
from small_workspace import small_workspace

from cdgis.core.errors import ReaderError
from cdgis.readers import read_sites
from cdgis.readers.sidecar import read_sidecar
from cdgis.workspace.settings import open_workspace

HEADERS = ("企业名称", "经度", "纬度", "行业代码", "县区", "电镀")
ROWS = (("甲", "117.512345", "41.412345", "3011", "", ""), ("乙", "117.522345", "41.402345", "2710", "", ""))
OTHER_NAMES = {"经度": ("百度经度", "企业经度", "lng"), "纬度": ("百度纬度", "中心纬度", "lat")}


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    return open_workspace(small_workspace(tmp_path_factory.mktemp("repeated") / "w"))


def read(space, tmp_path, headers, rows, suffix):
    path = tmp_path / f"表.{suffix}"
    if suffix == "csv":
        path.write_text("\n".join(",".join(row) for row in (headers, *rows)), encoding="utf-8")
    else:
        write_xlsx(path, {"表": [list(headers), *map(list, rows)]})
    return read_sites(space, [path], declared={"crs": "CGCS2000"})


def told(found):
    frame = found.frame
    return [(name, industry, shape.x, shape.y) for name, industry, shape in zip(frame["name"], frame["industry"], frame.geometry, strict=True)]


@pytest.mark.parametrize("seed", range(24))
def test_a_repeated_column_changes_nothing_or_its_row_is_asked_about(space, tmp_path, seed):
    draw = random.Random(seed)
    suffix = draw.choice(["csv", "xlsx"])
    plain = told(read(space, tmp_path, HEADERS, ROWS, suffix))
    assert len(plain) == 2
    column = draw.randrange(4)
    header = HEADERS[column]
    renamed = draw.choice(OTHER_NAMES[header]) if header in OTHER_NAMES and draw.random() < 0.5 else header
    before = draw.random() < 0.3 and renamed == header
    said = draw.choice(["same", "blank", "other"])
    foreign = {"企业名称": "丙", "行业代码": "1310"}.get(header, "117.9")
    words = {"same": lambda row: row[column], "blank": lambda _: "", "other": lambda _: foreign}
    where = column if before else draw.randrange(column + 1, len(HEADERS) + 1)
    headers = (*HEADERS[:where], renamed, *HEADERS[where:])
    rows = [(*row[:where], words[said](row), *row[where:]) for row in ROWS]
    found = read(space, tmp_path, headers, rows, suffix)
    if said == "other":
        assert not len(found.frame) and all(line.status.value == "quarantined" for line in found.intake), (headers, rows)
        assert all("两列" in line.reason and renamed in line.field for line in found.intake)
    else:
        assert told(found) == plain, (headers, rows)


def test_blank_under_one_name_and_filled_under_another_is_asked_about(space, tmp_path):
    """The second name may tell a datum of its own."""
    rows = [("甲", "", "", "117.512345", "41.412345")]
    found = read(space, tmp_path, ("企业名称", "经度", "纬度", "百度经度", "百度纬度"), rows, "csv")
    assert not len(found.frame) and "百度经度" in found.intake[0].field


def test_datum_of_a_second_pair_is_not_given_to_the_first(space, tmp_path):
    """Equal numbers in both pairs: a datum said of one only must not shift the other unseen."""
    same = ("117.512345", "41.412345")
    plain = told(read(space, tmp_path, ("企业名称", "经度", "纬度"), [("甲", *same)], "csv"))
    found = read(space, tmp_path, ("企业名称", "经度", "纬度", "百度经度", "百度纬度"), [("甲", *same, *same)], "csv")
    assert told(found) == plain


def test_objects_side_by_side_are_not_mixed(space, tmp_path):
    headers = ("企业名称", "经度", "纬度") * 2
    found = read(space, tmp_path, headers, [("甲", "117.51", "41.41", "乙", "117.52", "41.40"), ("丙", "117.53", "41.41", "", "", "")], "xlsx")
    assert [name for name, *_ in told(found)] == ["丙"] and "一行一个" in found.intake[0].remedy


def test_degrees_in_decimals_and_in_seconds_are_one_place(space, tmp_path):
    rows = [("甲", "117.5125", "41.4125", "117°30′45″", "41°24′45″")]
    found = read(space, tmp_path, ("企业名称", "经度", "纬度", "中心经度", "中心纬度"), rows, "csv")
    assert [(round(x, 6), round(y, 6)) for _, _, x, y in told(found)] == [(117.5125, 41.4125)]


@pytest.mark.parametrize(("second", "refused"), [("3011", False), ("", False), ("2710", True)])
def test_sidecar_with_two_columns_of_one_name(tmp_path, second, refused):
    path = tmp_path / "附表.csv"
    path.write_text(f"文件,行业代码,行业代码\n甲.geojson,3011,{second}\n", encoding="utf-8")
    if refused:
        with pytest.raises(ReaderError, match="第 2 行有两列都叫“行业代码”.*3011 / 2710"):
            read_sidecar(path, label="附表.csv")
    else:
        assert read_sidecar(path, label="附表.csv").rows[0].texts["行业代码"] == "3011"
