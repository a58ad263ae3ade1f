"""No telephone number, name of a contact, ID card or coordinate reaches a public page, in whatever field it was written."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shapely
from report_fixtures import make_assessment

from cdgis.core.errors import ReportError
from cdgis.geometry.geodesy import from_lonlat
from cdgis.report.public.neutral_ids import without_file_names
from cdgis.report.public.personal_data import check_outgoing, check_written, find_in, find_outgoing, patterns
from cdgis.report.public.reduction import public_assessment
from cdgis.report.public.site import write_public
from cdgis.report.site.pages import render_pages
from cdgis.results.assessment import Assessment
from cdgis.workspace.layers import Subjects
from cdgis.workspace.settings import RuleOff

SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈", "伟芳娜敏静丽强磊军洋"
ENUMERATED = frozenset({
    "subject_id", "kind", "layer", "zone_layer", "relation", "rule_id", "level", "effect", "state", "dimension", "verdict",
    "at_least", "stability", "decisive_rule_ids", "unknown_rule_ids", "unit", "effective_from", "effective_to", "attribute",
    "missing_attribute", "mark", "critical_layer", "industry", "project_type", "land_class", "soil_depth_cm", "plan_measure", "measure",
})  # fmt: skip
"""Columns in which only words of ours can stand: reading or a table's schema refuses anything else."""


def _digits(rng: np.random.Generator, count: int) -> str:
    return "".join(map(str, rng.integers(0, 10, count)))


def _mobile(rng: np.random.Generator) -> str:
    number = f"1{rng.integers(3, 10)}{_digits(rng, 9)}"
    return ("{0}", "+86 {0}", "{1}-{2}-{3}", "{1} {2} {3}")[rng.integers(4)].format(number, number[:3], number[3:7], number[7:])


def _landline(rng: np.random.Generator) -> str:
    number = f"{rng.integers(2, 9)}{_digits(rng, 6)}"
    return ("0314-{0}", "(0314){0}", "0314{0}", "0314 {1} {2}")[rng.integers(4)].format(number, number[:3], number[3:])


def _id_card(rng: np.random.Generator) -> str:
    birth = f"19{rng.integers(50, 100)}{rng.integers(1, 13):02d}{rng.integers(1, 29):02d}"
    return f"1308{_digits(rng, 2)}{birth}{_digits(rng, 3)}{'0123456789X'[rng.integers(11)]}"


def _email(rng: np.random.Generator) -> str:
    return f"li.{_digits(rng, 4)}@{('163.com', 'qq.com', 'chengde.gov.cn')[rng.integers(3)]}"


def _person(rng: np.random.Generator) -> str:
    return SURNAMES[rng.integers(10)] + "".join(GIVEN[i] for i in rng.integers(0, 10, rng.integers(1, 3)))


def _contact(rng: np.random.Generator) -> str:
    return ("联系人：{}", "联系人{}", "联系人 {}", "电话：{}", "负责人：{}", "法定代表人: {}")[rng.integers(6)].format(_person(rng))


def _place(rng: np.random.Generator) -> tuple[float, float]:
    return float(rng.uniform(116, 119)), float(rng.uniform(40.2, 42.6))


def _degrees(rng: np.random.Generator) -> str:
    lon, lat = _place(rng)
    return ("{0:.5f},{1:.5f}", "{1:.4f} {0:.4f}", "经度{0:.6f}、纬度{1:.6f}", "E{0:.5f}° N{1:.5f}°")[rng.integers(4)].format(lon, lat)


def _dms(rng: np.random.Generator) -> str:
    words = []
    for value in _place(rng):
        minutes, seconds = divmod(round(value * 3600 % 3600, 1), 60)
        words.append(("{}°{}′{}″", "{}度{}分{}秒", "{}°{}'{}\"")[rng.integers(3)].format(int(value), int(minutes), round(seconds, 1)))
    return " ".join(words)


def _gauss(rng: np.random.Generator) -> str:
    epsg = (4527, 4548)[rng.integers(2)]
    east, north = shapely.get_coordinates(from_lonlat(np.array([shapely.Point(_place(rng))]), epsg))[0]
    return ("{0:.2f},{1:.2f}", "X={1:.0f} Y={0:.0f}", "X:{1:.3f}；Y:{0:.3f}")[rng.integers(3)].format(east, north)


WAYS = (_mobile, _landline, _id_card, _email, _contact, _degrees, _dms, _gauss)


def _wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


@pytest.mark.parametrize("way", WAYS)
def test_a_secret_is_found_within_any_words_and_in_wide_letters(way) -> None:
    rng = np.random.default_rng(7)
    for round_ in range(200):
        secret = way(rng)
        name = f"示例企业{rng.integers(1, 1000):03d}（{_wide(secret) if round_ % 3 == 0 else secret}）"
        assert find_in([("名称", name)], patterns()), name


HARMLESS = (
    "示例企业001", "年产100万吨水泥熟料", "《河北省水污染防治条例》第二十三条", "冀环规〔2026〕1234号", "2026-11-01", "ZH13082110003",
    "GB/T 4754-2017 第 3011 类", "91130800MA07XXXX1K", "占地 934,284.31 平方米", "总投资 12345678901.5 元", "EPSG:4490",
    "负责人应当立即启动应急预案", "电话、短信告知", "东经117度以东", "北纬41°以北", "G25 长深高速 K1234+500", "1:10000", "二〇二六年",
    "a" * 64, "CDGIS-20261101-5276303A1B2C", "CDGIS-20261101-13912345678A", "0299532471a6", f"校验值 ab13912345678{'c' * 51}",
    "8f14e45fceea167a5a36dedd4bea2543", "ZH13080210001", "电话零售", "承德市生态环境局", "第 13 项 2026-08-15 起施行",
)  # fmt: skip


@pytest.mark.parametrize("text", HARMLESS)
def test_words_codes_dates_and_amounts_are_no_personal_data(text: str) -> None:
    assert find_in([("名称", text)], patterns()) == []


def _planted(rng: np.random.Generator) -> tuple[Assessment, dict[str, str]]:
    """Return the invented city with a telephone number of its own in every field that takes free text, and number -> field."""
    full, secrets = make_assessment(), {}

    def secret(field: str) -> str:
        number = f"1{rng.integers(3, 10)}{_digits(rng, 9)}"
        secrets[number] = field
        return f"甲 {number}"

    def spoiled(frame, place: str):
        made = frame.copy()
        for name in made.columns:
            if name != "geometry" and name not in ENUMERATED and not pd.api.types.is_numeric_dtype(made[name]):
                rows = [secret(f"{place}.{name}") if i < 12 else value for i, value in enumerate(made[name])]
                made[name] = pd.Series(rows, index=made.index, dtype=object)
        return made

    keys = {"unit_code", "zone_id", "nearest_zone_id"}
    tables = {
        name: spoiled(frame, name).assign(**{k: frame[k] for k in keys & set(frame.columns)}) for name, frame in full.tables.items()
    }
    layers = {
        key: replace(
            layer, zones=spoiled(layer.zones, f"图层 {key}").assign(zone_id=layer.zones["zone_id"]),
            spec=layer.spec.model_copy(update={n: secret(f"{key}.{n}") for n in ("title", "source", "licence", "version")}),
        )
        for key, layer in full.layers.items()
    }  # fmt: skip
    publish = full.settings.publish.model_copy(
        update={"show_enterprises": True, "public_attributes": ("capacity", "coal_t_per_yr"), "compiler": secret("compiler")}
    )
    settings = full.settings.model_copy(
        update={
            "publish": publish, "rules_off": (RuleOff(id="RV-04", reason=secret("reason")),),
            **{n: secret(n) for n in ("name", "city", "map_review_number")},
        }
    )  # fmt: skip
    attributes = full.tables["attributes"]
    worded = attributes["attribute"] == "capacity"
    tables["attributes"] = attributes.assign(value=attributes["value"].mask(worded, secret("capacity")))
    made = replace(
        full, settings=settings, tables=tables, layers=layers, catalog=tuple(layer.spec for layer in layers.values()),
        rulebook=replace(full.rulebook, switched_off=(("RV-04", settings.rules_off[0].reason),)),
        subjects=Subjects(frame=spoiled(full.subjects.frame, "subjects frame"), attributes=tables["attributes"]),
        report_numbers={key: secret(f"number {key}") for key in full.report_numbers},
        notes=(secret("note"),), verdict_notes=(secret("verdict note"),),
        inputs=tuple(replace(record, path=secret(f"path {record.layer}")) for record in full.inputs),
    )  # fmt: skip
    return made, secrets


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_field_a_number_stands_in_it_is_on_no_page_or_it_is_found_before_and_after(seed: int) -> None:
    made, secrets = _planted(np.random.default_rng(seed))
    public, _ = public_assessment(made)
    found = {find.value for find in find_outgoing(public)}
    text = "\n".join(page for _, page in render_pages(public))
    printed = {number for number in secrets if number in text}
    assert len(secrets) > 200 and len(printed) > 30
    assert {secrets[number] for number in printed - found} == set()
    with pytest.raises(ReportError, match="页面 index.html中有手机号码"):
        check_written(list(render_pages(public)), public)


CASES = {
    "name of an enterprise": lambda a, s: _with_name(a, s),
    "reason of a switched-off rule": lambda a, s: replace(
        a, settings=a.settings.model_copy(update={"rules_off": (RuleOff(id="RV-04", reason=s),)})
    ),
    "name of a zone": lambda a, s: replace(
        a,
        layers={
            **a.layers,
            "railways": replace(a.layers["railways"], zones=a.layers["railways"].zones.assign(zone_name=s)),
        },
    ),
}


def _with_name(assessment: Assessment, name: str) -> Assessment:
    table = assessment.tables["subjects"].copy()
    table.loc[table["subject_id"] == "P003", "name"] = name
    return replace(assessment, tables={**assessment.tables, "subjects": table})


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("secret", ["联系人张伟 13912345678", "位于 4567890.12, 39512345.67"])
def test_publishing_stops_with_the_place_the_value_and_what_to_do(case: str, secret: str, tmp_path) -> None:
    public, withheld = public_assessment(CASES[case](make_assessment(), secret))
    with pytest.raises(ReportError) as caught:
        write_public(public, withheld, tmp_path / "out")
    text = str(caught.value)
    place = {"name of an enterprise": "表 subjects 的 name（P003）", "name of a zone": "图层 railways zones 的 zone_name（T1）"}
    assert "公开版未写出" in text and place.get(case, "rules_off") in text and secret.split(" ", 1)[1] in text
    assert "改写该处文字" in text and "public_texts" in text and not (tmp_path / "out").exists()


def test_a_text_that_the_settings_allow_goes_out() -> None:
    full = _with_name(make_assessment(), "举报电话 0314-2050000")
    assert find_outgoing(public_assessment(full)[0])
    publish = full.settings.publish.model_copy(update={"public_texts": ("0314-2050000",)})
    allowed = replace(full, settings=full.settings.model_copy(update={"publish": publish}))
    check_outgoing(public_assessment(allowed)[0])


@pytest.mark.parametrize("shown", ["062550912909", "138123456789", "0625509129091234", "062550912909ab12"])
def test_a_checksum_that_reads_like_a_number_goes_out_and_the_number_elsewhere_does_not(shown: str) -> None:
    full = make_assessment()
    digest = shown + "f" * (64 - len(shown))
    named = next(iter(full.layers))
    record = replace(full.layers[named].record, sha256=digest)
    made = replace(full, layers={**full.layers, named: replace(full.layers[named], record=record)})
    public, _ = public_assessment(made)
    pages = list(render_pages(public))
    assert any(shown[:12] in page for _, page in pages)
    check_written(pages, public)
    with pytest.raises(ReportError, match="号码"):
        check_written([*pages, ("other.html", "<p>0314-20512345</p>")], public)


def _from_file(ids: list[str], file: str, name: str = "") -> Assessment:
    """Return the invented city with the first projects called `ids`, from one file."""
    full = make_assessment()
    new = {f"P{i:03d}": key for i, key in enumerate(ids)}

    def renamed(frame):
        made = frame.assign(subject_id=[new.get(key, key) for key in frame["subject_id"]])
        if "source_file" in made.columns:
            chosen = made["subject_id"].isin(ids)
            made = made.assign(source_file=made["source_file"].mask(chosen, file))
            made = made.assign(name=made["name"].mask(chosen, made["subject_id"] if name == "id" else name or made["name"]))
        return made

    tables = {key: renamed(t) if "subject_id" in t.columns else t for key, t in full.tables.items()}
    return replace(
        full, tables=tables, report_numbers={new.get(k, k): v for k, v in full.report_numbers.items()},
        subjects=Subjects(frame=renamed(full.subjects.frame), attributes=renamed(full.subjects.attributes)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ids", "file"),
    [
        (["张伟13912345678-1", "张伟13912345678-2"], "projects/张伟13912345678.geojson"),
        (["hongqi_li-1", "P001"], "projects/报批.zip!Hongqi Li.shp"),
        (["li-3", "P001"], "projects/li.kml"),
        (["P000", "P001"], "P000.gpkg"),
    ],
)
def test_the_name_of_a_file_is_no_public_id(ids: list[str], file: str) -> None:
    full = _from_file(ids, file, name="id")
    public, withheld = public_assessment(full)
    pages = dict(render_pages(public))
    assert "sites/GK001.html" in pages and f"sites/{ids[0]}.html" not in pages
    assert all(ids[0] not in text for text in pages.values()) or ids[0] == "P000"
    assert set(public.tables["verdicts"]["subject_id"]) == set(public.subjects.frame["subject_id"])
    assert list(public.tables["subjects"]["name"])[0] != ids[0]
    if ids[0] != "P000":
        assert ids[0] in withheld.texts


def test_ids_that_people_chose_stay() -> None:
    full = make_assessment()
    assert without_file_names(full) is full
    assert set(public_assessment(full)[0].subjects.frame["subject_id"]) <= set(full.subjects.frame["subject_id"])
