"""A river's dossier: the three renderings say the same, in flow order, with contacts left empty."""

import io
from pathlib import Path

import openpyxl
import pytest
import shipped
from bs4 import BeautifulSoup
from docx import Document

from cdgis.core.errors import NetworkError
from cdgis.report.rivers.docx import render_river_docx
from cdgis.report.rivers.page import render_river
from cdgis.report.rivers.xlsx import render_river_xlsx
from cdgis.rivers.dossier import RiverDossier, make_dossier
from cdgis.rivers.trace import Velocity

ROOT = Path(__file__).parent.parent
SPEED = Velocity.parse("0.5:1.5")


@pytest.fixture(scope="module")
def chao() -> RiverDossier:
    return make_dossier(shipped.rivers(), shipped.subjects(), "潮河", velocity=SPEED)


def test_counties_along_the_chao_are_those_of_the_map(chao):
    assert [name for name, _, _ in chao.counties] == ["丰宁满族自治县", "滦平县", "密云区"]
    assert chao.counties[0][1] == pytest.approx(chao.length_km)


def test_the_register_runs_from_source_to_mouth(chao):
    assert (chao.register["chainage_km"].diff().dropna() <= 1e-9).all()
    order = [name for name in chao.register["name"] if name.endswith("断面")]
    assert order == ["大阁下游断面", "古北口断面"]


def test_page_workbook_and_document_say_the_same(chao):
    page = BeautifulSoup(render_river(chao), "html.parser")
    assert page.find("script") is None
    assert page.find(attrs={"data-field": "sources"}).text == f"{len(chao.sources)} 家"
    assert len(page.find_all("tr", attrs={"data-receptor": True})) == len(chao.structures)
    book = openpyxl.load_workbook(io.BytesIO(render_river_xlsx(chao)))
    assert book["沿河登记"].max_row == len(chao.register) + 1
    assert book["上游风险源"].max_row == len(chao.sources) + 1
    contacts = list(book["通讯录（内部，待填）"].iter_rows(min_row=2, values_only=True))
    assert [row[0] for row in contacts] == ["丰宁满族自治县", "滦平县", "密云区"]
    assert all(not any(row[1:]) for row in contacts)
    told, along, _ = Document(io.BytesIO(render_river_docx(chao))).tables
    assert [row.cells[1].text for row in told.rows][1:] == ["丰宁满族自治县", "滦平县", "密云区"]
    assert len(along.rows) == len(chao.structures) + 1


def test_every_page_is_stamped_and_says_what_it_rests_on(chao):
    text = render_river(chao)
    for words in (
        "示范数据，不作审批依据",
        "由高程推导，非测绘河线",
        "未经审图，不得公开",
        "没有列出不等于没有",
        "仅供内部使用",
    ):
        assert words in text


def test_the_same_dossier_gives_the_same_bytes(chao):
    assert render_river_docx(chao) == render_river_docx(chao)
    assert render_river_xlsx(chao) == render_river_xlsx(chao)
    assert render_river(chao) == render_river(chao)


def test_an_unknown_river_is_an_error_naming_the_known(chao):
    with pytest.raises(NetworkError, match="没有名为“长江”的河流。有名称的河流：.*滦河"):
        chao.system.network.stem("长江")


def test_each_river_is_one_way_down(chao):
    network = chao.system.network
    for name in sorted({str(name) for name in network.river if name}):
        stem = network.stem(name)
        assert (network.forest.receiver[stem[:-1]] == stem[1:]).all(), name


def test_page_keeps_numbers_whole_and_names_layers_when_narrow(chao):
    soup = BeautifulSoup(render_river(chao), "html.parser")
    assert "流速 0.5–1.5 米/秒" in soup.text
    assert all("wide" in table["class"] for table in soup.select(".scroll > table"))
    layers = {row.td.text for row in soup.select("section")[-1].select("tbody tr")}
    assert layers and not {name for name in layers if name.isascii()}
