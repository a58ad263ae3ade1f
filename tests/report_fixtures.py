"""A small hand-made Assessment: all five verdicts, every state, every relation, on an invented city.

Nothing in it is computed by cdgis: reports must print what the tables say, whatever that is.
"""

from dataclasses import replace
from datetime import date

import geopandas as gpd
import pandas as pd
import shapely
from report_city import COUNTIES, input_record, make_layers

from cdgis.carbon import total_potential
from cdgis.judging.questions import list_questions
from cdgis.results.assessment import Assessment
from cdgis.results.tables.validation import TABLES, empty, validate
from cdgis.rules import Rule, Rulebook
from cdgis.rules.attributes import load_attributes
from cdgis.workspace.layers import Subjects
from cdgis.workspace.settings import RuleOff, Settings

ATTACKS = (
    "<img src=x onerror=alert(1)>",
    "${alert(1)}{{7*7}}",
    "'';!--\"<XSS>=&{()}",
    "</script><script>alert(2)</script>\u2028",
    '=HYPERLINK("x")',
    '"></title><svg/onload=alert(3)>',
)
VERDICTS = ("不符合", "须论证", "有条件符合", "未发现冲突", "资料不足")


def _subject(number: int, *, text: str) -> dict[str, object]:
    project = number < 10
    prefix = "P" if project else "E"
    name = text or (f"示例项目{number:03d}" if project else f"示例企业{number:03d}")
    x, y = 117.08 + 0.052 * number, 40.68 + 0.031 * (number * 7 % 21)
    half = 0.003 + 0.001 * (number % 4)
    return {
        "subject_id": f"{prefix}{number:03d}",
        "name": name,
        "kind": "project" if project else "enterprise",
        "industry": ("3011", "3110", "2631", "4411")[number % 4],
        "project_type": "新建" if project and number != 3 else "既有",
        "activity": "开发性生产性建设" if project else "",
        "area_m2": 934284.309 + number if project else 0.0,
        "length_m": 0.0,
        "lon": x,
        "lat": y,
        "county": COUNTIES[number % 4],
        "basin": "滦河水系",
        "unit_code": f"ZH13080{number % 4}{number % 3 + 1}{number:04d}",
        "accuracy_m": 0.0 if project else 700.0,
        "source_file": "projects/示例.geojson" if project else "enterprises/示例.xlsx",
        "source_row": str(number + 1),
        "notes": text,
        "geometry": shapely.box(x - half, y - half, x + half, y + half) if project else shapely.Point(x, y),
    }


def _rules() -> tuple[Rule, ...]:
    shared = {
        "basis": [{"document": "生态环境法典", "article": "第六十七条", "issuer": "全国人大", "mark": "M"}],
        "source": "测试",
    }
    rows = (
        ("ECO-02", "生态保护红线内禁止开发性、生产性建设", "国家", "ecological_redline", "禁止", "空间布局约束"),
        ("WS-02", "饮用水水源二级保护区", "国家", "water_source_zones", "禁止", "空间布局约束"),
        ("TH-01", "“两高”项目须论证", "市", "management_units", "须论证", "资源利用效率"),
        ("ZU-02", "重点管控单元对照清单", "市", "management_units", "限制", "污染物排放管控"),
        ("SO-03", "废弃矿山优先用于新能源", "国家", "management_units", "鼓励", "资源利用效率"),
        ("RV-02", "滦河潮河保护条例", "市", "management_units", "提示", "环境风险防控"),
        ("RE-01", "城市建成区重污染企业退出", "省", "management_units", "退出", "空间布局约束"),
    )
    return tuple(
        Rule(
            id=rule_id,
            title=title,
            level=level,
            layer=layer,
            effect=effect,
            dimension=dimension,
            clause=f"{title}：条文全文。",
            effective_from=date(2026, 8, 15),
            plan_measure="1;2",
            mark="M" if rule_id == "RV-02" else "S",
            manual=rule_id == "RV-02",
            **shared,
        )
        for rule_id, title, level, layer, effect, dimension in rows
    )


def _finding(subject: dict[str, object], rule: Rule, state: str, *, text: str, missing: str = "") -> dict[str, object]:
    return {
        "subject_id": subject["subject_id"],
        "rule_id": rule.id,
        "level": rule.level.value,
        "layer": rule.layer,
        "zone_id": {"ecological_redline": "HX02", "water_source_zones": "WS2"}.get(rule.layer, subject["unit_code"]),
        "effect": rule.effect.value,
        "state": state,
        "dimension": rule.dimension.value,
        "clause": text or rule.clause,
        "basis": text or rule.basis_text,
        "effective_from": "2026-08-15",
        "effective_to": "",
        "plan_measure": "1;2",
        "missing_attribute": missing,
        "mark": rule.mark.value,
        "needs_review": state == "manual",
    }


_APPLIES = {0: (0, 2), 1: (2,), 2: (3,), 3: (4,), 4: (3,)}
"""number % 5 -> indices of the rules that apply, giving VERDICTS[number % 5]."""


def _judge(
    subjects: list[dict[str, object]], rules: tuple[Rule, ...], *, text: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    findings, verdicts = [], []
    for number, subject in enumerate(subjects):
        kind = number % 5
        findings += [_finding(subject, rules[i], "applies", text=text) for i in _APPLIES[kind]]
        findings.append(_finding(subject, rules[5], "manual", text=text))
        findings.append(_finding(subject, rules[6], "not_applicable", text=text))
        if kind == 4:
            findings.append(_finding(subject, rules[1], "unknown", text=text, missing="discharges_pollutants"))
        verdicts.append(
            {
                "subject_id": subject["subject_id"],
                "verdict": VERDICTS[kind],
                "at_least": "有条件符合" if kind == 4 else "",
                "decisive_rule_ids": ";".join(rules[i].id for i in _APPLIES[kind][:1] if rules[i].effect.rank),
                "stability": "临界" if number % 3 == 0 else "稳定",
                "critical_distance_m": 12.345 if number % 3 == 0 else float("nan") if kind == 3 else 431.0,
                "critical_layer": "ecological_redline" if kind != 3 else "",
                "unknown_rule_ids": "WS-02" if kind == 4 else "",
                "manual_count": 1,
                "caveats": "",
            }
        )
    return validate("findings", pd.DataFrame(findings)), validate("verdicts", pd.DataFrame(verdicts))


def _places(subjects: list[dict[str, object]], *, text: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    overlaps, clear, ledger = [], [], []
    for number, subject in enumerate(subjects):
        key, area = subject["subject_id"], float(subject["area_m2"])  # type: ignore[arg-type]
        common = {"subject_id": key, "zone_name": text or "单元", "length_m": 0.0, "distance_m": 0.0}
        overlaps.append(
            {
                **common,
                "layer": "management_units",
                "zone_id": subject["unit_code"],
                "zone_class": "重点管控",
                "relation": "inside",
                "area_m2": area,
                "share": 1.0,
            }
        )
        if number % 5 == 0:
            overlaps.append(
                {
                    **common,
                    "layer": "ecological_redline",
                    "zone_id": "HX02",
                    "zone_class": "红线一般区域",
                    "relation": "crosses",
                    "area_m2": area * 0.25,
                    "share": 0.25,
                }
            )
            ledger.append(
                {
                    "subject_id": key,
                    "layer": "ecological_redline",
                    "unit": "m2",
                    "inside": area * 0.25,
                    "outside": area * 0.75,
                    "uncovered": 0.0,
                    "total": area,
                }
            )
        else:
            clear.append(
                {
                    "subject_id": key,
                    "layer": "ecological_redline",
                    "nearest_zone_id": "HX02",
                    "distance_m": 1234.5 + number,
                }
            )
        overlaps.append(
            {
                **common,
                "layer": "railways",
                "zone_id": "T1",
                "zone_class": "干线",
                "relation": "near",
                "area_m2": 0.0,
                "share": 0.0,
                "distance_m": 321.0,
            }
        )
        clear.append({"subject_id": key, "layer": "water_source_zones", "nearest_zone_id": "WS2", "distance_m": 88.25})
        ledger.append(
            {
                "subject_id": key,
                "layer": "management_units",
                "unit": "m2" if area else "count",
                "inside": area or 1.0,
                "outside": 0.0,
                "uncovered": 0.0,
                "total": area or 1.0,
            }
        )
    return (
        validate("overlaps", pd.DataFrame(overlaps)),
        validate("clear", pd.DataFrame(clear)),
        validate("ledger", pd.DataFrame(ledger)),
    )


def _stock(layer: str, zone_id: str, name: str, land: str, *, area_m2: float, mid_tc: float) -> dict[str, object]:
    """Return one row of carbon_zones: a quarter vegetation, the rest soil, the range a fifth either way."""
    pools = {"above_tc": 0.2, "below_tc": 0.05, "dead_tc": 0.0, "vegetation_tc": 0.25, "soil_tc": 0.75}
    return {
        "zone_layer": layer,
        "zone_id": zone_id,
        "zone_name": name,
        "land_class": land,
        "area_m2": area_m2,
        **{pool: part * mid_tc for pool, part in pools.items()},
        "stock_tc_low": 0.8 * mid_tc,
        "stock_tc_mid": mid_tc,
        "stock_tc_high": 1.2 * mid_tc,
        "stock_tco2e_mid": mid_tc * 44 / 12,
        "density_tc_per_ha_mid": mid_tc / area_m2 * 1e4,
        "soil_share": 1.0,
        "valued_m2": area_m2,
        "covered_share": 1.0,
        "soil_depth_cm": "100",
        "method": "分类储量系数",
        "mark": "M",
    }


def _carbon(*, text: str) -> dict[str, pd.DataFrame]:
    zones = [
        _stock("counties", f"13080{i}", text or name, land, area_m2=1e8 * (15 + i), mid_tc=1e7 * (2 + i))
        for i, name in enumerate(COUNTIES)
        for land in ("乔木林", "草地")
    ]
    zones += [
        _stock("counties", f"13080{i}", text or name, "合计", area_m2=2e8 * (15 + i), mid_tc=2e7 * (2 + i))
        for i, name in enumerate(COUNTIES)
    ]
    zones.append(_stock("city", "city", text or "承德市", "合计", area_m2=2e8 * (4 * 15 + 6), mid_tc=2e7 * (4 * 2 + 6)))
    potential = [
        {
            "area_id": "XF1",
            "area_name": text or "坝上防风固沙区",
            "measure": "造林",
            "year": year,
            "gross_m2": 2e7,
            "eligible_m2": 1.5e7,
            "covered_share": 1.0,
            "flux_tco2e_low": 4e3,
            "flux_tco2e_mid": 6e3,
            "flux_tco2e_high": 9e3,
            "cumulative_tco2e_low": 4e3 * (year - 2025),
            "cumulative_tco2e_mid": 6e3 * (year - 2025),
            "cumulative_tco2e_high": 9e3 * (year - 2025),
            "mark": "M",
        }
        for year in (2030, 2060)
    ]
    table = validate("carbon_potential", pd.DataFrame(potential))
    totals = total_potential(table)
    return {
        "carbon_zones": validate("carbon_zones", pd.DataFrame(zones)),
        "carbon_potential": table,
        "carbon_potential_totals": totals,
    }


_RANKED = ("score", "score_low", "score_high", "rank", "rank_low", "rank_high")


def _relocation(subjects: list[dict[str, object]], *, text: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    moved = [s for s in subjects if s["kind"] == "enterprise"][:4]
    rows = [
        {
            "enterprise_id": s["subject_id"],
            "name": s["name"],
            "industry": s["industry"],
            "county": s["county"],
            "reasons": "RE-01;ECO-02",
            "zones": "HX02",
            "exclusions": text,
            "status": ("候选", "须人工核实", "排除", "候选")[i],
            "disposition": ("关停退出", "异地迁建", "就地改造", "保留观察")[i],
            "action": text or "示例说明",
            **{name: (0.5, 0.4, 0.6, 1.0, 1.0, 2.0)[n] for n, name in enumerate(_RANKED)},
            "grade": "", "grade_range": "A–B", "lead": "法定压力", "driver": text, "assigned": text, "unplaced": text,
            "basis": text or "方案1",
            "missing": "serves_city",
        }
        for i, s in enumerate(moved)
    ]
    parks = [
        {
            "enterprise_id": s["subject_id"],
            "park_id": "YQ1",
            "park_name": text or "示例园区A",
            "feasible": i % 2 == 0,
            "verdict": "未发现冲突",
            "failing_rule": "", "failing_clause": text, "manual_rules": "BA-01", "fits": True, "shortfall": text,
            "score": 0.5, "assigned": i == 0, "distance_m": 15000.0 + i, "land_ha": 2.0, "available_ha": 20.0, "block_ha": 20.0,
            "industry_match": 1.0, "rail_distance_m": 10.0, "receptor_distance_m": 900.0, "missing": "",
            "lon": 117.9, "lat": 40.9,
        }
        for i, s in enumerate(moved)
    ]
    return validate("relocation", pd.DataFrame(rows)), validate("destinations", pd.DataFrame(parks))


def _digest(made: Assessment) -> int:
    tables = "".join(made.tables[name].to_csv() for name in ("subjects", "findings", "verdicts", "overlaps", "relocation"))
    return hash((tables, *shapely.to_wkb(made.subjects.frame.geometry.to_numpy())))


_made: dict[str, tuple[Assessment, int]] = {}


def make_assessment(*, text: str = "") -> Assessment:
    """Return the fabricated assessment; with `text`, that string stands in every free-text field.

    One object serves all tests: copy a table before changing it, or `changed_assessments` names it.
    """
    if text not in _made:
        found = _make_assessment(text=text)
        _made[text] = found, _digest(found)
    return _made[text][0]


def changed_assessments() -> list[str]:
    """Return the texts of the shared assessments that somebody changed, and forget them."""
    changed = [text for text, (found, digest) in _made.items() if _digest(found) != digest]
    for text in changed:
        del _made[text]
    return changed


def _make_assessment(*, text: str) -> Assessment:
    subjects = [_subject(n, text=text) for n in range(20)]
    rules = _rules()
    findings, verdicts = _judge(subjects, rules, text=text)
    overlaps, clear, ledger = _places(subjects, text=text)
    relocation, destinations = _relocation(subjects, text=text)
    frame = gpd.GeoDataFrame(subjects, geometry="geometry", crs="EPSG:4490")
    attributes = pd.DataFrame(
        [
            {"subject_id": "P000", "attribute": "approval_date", "value": "2026-08-14", "unit": ""},
            {"subject_id": "P001", "attribute": "capacity", "value": text or "年产100万吨", "unit": ""},
            {"subject_id": "P001", "attribute": "coal_t_per_yr", "value": "-12000", "unit": "t/a"},
        ]
    )
    intake = pd.DataFrame(
        [
            {
                "file": "projects/示例.geojson",
                "row": str(i + 1),
                "status": status,
                "field": "geometry",
                "value": text,
                "reason": text or "自相交，已修复",
                "remedy": "请核对",
            }
            for i, status in enumerate(("accepted", "repaired", "quarantined"))
        ]
    )
    layers = make_layers()
    if text:
        layers = {key: replace(value, zones=value.zones.assign(zone_name=text)) for key, value in layers.items()}
    ids = [str(s["subject_id"]) for s in subjects]
    return Assessment(
        version="0.1.0",
        as_of=date(2026, 11, 1),
        # opening a workspace refuses such names; pages must not rely on it
        settings=Settings(
            name="测试工作区",
            city="承德市",
            as_of=date(2026, 11, 1),
            rules_off=(RuleOff(id="RV-04", reason=text or "不适用于滦河"),),
        ).model_copy(update={"name": text, "city": text} if text else {}),
        inputs=(*(layer.record for layer in layers.values()), input_record("rules", "rules")),
        tables={
            **{name: empty(name) for name in TABLES},
            "intake": validate("intake", intake),
            "subjects": validate("subjects", pd.DataFrame(frame.drop(columns="geometry"))),
            "attributes": validate("attributes", attributes),
            "overlaps": overlaps,
            "clear": clear,
            "findings": findings,
            "questions": list_questions(findings, load_attributes()),
            "verdicts": verdicts,
            "ledger": ledger,
            "relocation": relocation,
            "destinations": destinations,
            "relocation_ground": validate("relocation_ground", destinations[destinations["assigned"]].assign(
                name=text, industry="3110", project_type="迁建", at_least="", area_m2=20000.0,
                wkt="POLYGON ((117.9 40.9, 117.901 40.9, 117.901 40.902, 117.9 40.902, 117.9 40.9))",
            )),
            **_carbon(text=text),
        },
        subjects=Subjects(frame=frame, attributes=attributes),
        layers=layers,
        catalog=tuple(layer.spec for layer in layers.values()),
        rulebook=Rulebook(rules=rules, switched_off=(("RV-04", text or "不适用于滦河"),)),
        report_numbers={"": "CD-20261101-RUN", **{key: f"CD-20261101-{key}" for key in ids}},
        notes=(text or "生态环境法典条文取自公开转载本，未与公报核对。", "碳核算闭合见 data/carbon_areas.csv"),
        verdict_notes=(text or "生态环境法典条文取自公开转载本，未与公报核对。",),
    )


def empty_assessment() -> Assessment:
    """Return an assessment in which nothing was judged: only the layers are there."""
    full = make_assessment()
    frame = full.subjects.frame.iloc[:0]
    return replace(
        full,
        tables={name: empty(name) for name in full.tables},
        subjects=Subjects(frame=frame, attributes=full.subjects.attributes.iloc[:0]),
        report_numbers={"": "CD-0"},
        notes=(),
    )
