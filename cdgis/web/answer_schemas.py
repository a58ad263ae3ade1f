"""What each operation of the REST interface answers, field by field, as openapi.json states it.

Routes answer plain values; nothing is checked or left out while the desk runs. The tests hold every real answer to this table.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, TypeAdapter, create_model

_REFERENCE = "#/components/schemas/{model}"
_MANY = list.__class_getitem__
_BY_NAME = dict.__class_getitem__


def _model(name: str, about: str, /, **fields: Any) -> Any:
    """Return a model that has all of the fields and no other."""
    made: dict[str, Any] = {field: (kind, ...) for field, kind in fields.items()}
    return create_model(name, __config__=ConfigDict(extra="forbid"), __doc__=about, **made)


def _one(name: str, /, **fields: Any) -> Any:
    return _model(name, "", **fields)


_TEXT = _BY_NAME((str, str))
_ANY = _BY_NAME((str, Any))
_TEXTS = _MANY(str)
_ENDS = _MANY(_MANY(float)) | None
_GEOJSON = _ANY
_DOCUMENT = _one("CaseDocument", id=str, kind=str, round=int, name=str, size=int, sha256=str, made_at=str)
_EVENT = _model(
    "CaseEvent", "日志的一行，previous 是上一行的指纹", number=int, previous=str, case_id=str, action=str, who=str, when=str, reason=str, detail=_ANY
)
_OPINION = _one(
    "OpinionOnFinding", subject_id=str, rule_ids=_TEXTS, title=str, state=str, effect=str, zones=_TEXTS, bases=_TEXTS, mark=str, verdict=str,
    opinion=str, engine=str, round=int, who=str, when=str, reason=str, line=int, last=bool, changed_since=bool,
)  # fmt: skip
_ROW = {
    "id": str, "number": int, "name": str, "state": str, "round": int, "version": int, "owner": str, "verdict": str, "report_number": str,
    "due_on": str, "area_m2": float, "industry": str, "made_at": str, "changed_at": str,
}  # fmt: skip
_QUEUE = _one("CaseQueue", total=int, offset=int, page=int, counts=_BY_NAME((str, int)), cases=_MANY(_one("CaseRow", **_ROW, late=bool, can=_TEXTS)))
_PLACED = _one("PlacedCase", id=str, number=int, name=str, state=str, verdict=str, lon=float, lat=float)
_CASE = _model(
    "CaseAnswer", "一个案件；outline 为已确认边界的 GeoJSON，EPSG:4490 经纬度", **_ROW, answers=_TEXT, facts=_ANY, seen=_TEXT, confirmed=bool,
    outline=_GEOJSON | None, documents=_MANY(_DOCUMENT), events=_MANY(_EVENT), opinions=_MANY(_OPINION), can=_TEXTS, reasons=_TEXTS,
)  # fmt: skip
_INTAKE = _one("IntakeRow", file=str, row=str, status=str, field=str, value=str, reason=str, remedy=str)
_SITE_READ = _one(
    "SiteRead", subject_id=str, name=str, source=str, kind=str, area_m2=float, area_ha=float, area_mu=float, length_m=float, accuracy_m=float | None,
    vertices=int, rings=int, geometry=_GEOJSON | None,
)  # fmt: skip
_BOUNDARY = _one(
    "Boundary", rows=_MANY(_INTAKE), sites=_MANY(_SITE_READ), lost=int, digest=str, formats=_TEXTS, area_m2=float, confirmed=bool, key=str
)
_CLAUSE = _one(
    "ClauseTold", rule_ids=_TEXTS, state=str, title=str, effect=str, text=str, bases=_TEXTS, since=str, mark=str, zones=_TEXTS, missing=_TEXTS,
    zone_keys=_TEXTS,
)  # fmt: skip
_CLAUSES = _MANY(_CLAUSE)
_ASKED_BY = _one("AskingClause", title=str, text=str, bases=_TEXTS)
_QUESTION = _one("QuestionOpen", attribute=str, kind=str, title=str, assumed=bool, effect=str, unit=str, clauses=_MANY(_ASKED_BY))
_HIT = _one("ZoneHit", key=str, layer=str, name=str, effect=str, geometry=_GEOJSON)
_CRITICAL = _one("CriticalDistance", layer=str, distance_m=float, ends=_ENDS)
_SITE = _one(
    "SiteVerdict", subject_id=str, name=str, area_m2=float, county=str, heading=str, verdict=str, label=str, at_least=str, sentence=str, text=str,
    stability=str, critical_m=float | None, counts=_MANY(int), decisive=_CLAUSES, open=_CLAUSES, manual=_CLAUSES, questions=_MANY(_QUESTION),
    idle_questions=_TEXTS, hits=_MANY(_HIT), critical=_CRITICAL | None,
)  # fmt: skip
_VERDICT = _model("DraftVerdict", "草算，不作决定；长度为米，面积为平方米", as_of=str, stamp=str, sites=_MANY(_SITE), verdict=str, notes=_TEXTS)
_REMEDY = _one(
    "WayOut", kind=str, target=str, feasible=bool, reason=str, verdict=str, distance_m=float | None, share=float | None, area_m2=float | None,
    geometry=_GEOJSON | None,
)  # fmt: skip
_CAP = _one(
    "CapOfUnit", zone_name=str, resource=str, cap=float | None, unit=str, declared=float | None, share=float | None, missing_count=int
)
_NEAR = _one("NearestZone", layer=str, zone=str, distance_m=float, ends=_ENDS)
_WAYS = _one("WaysOut", sites=_MANY(_one("WaysOfSite", subject_id=str, remedies=_MANY(_REMEDY), caps=_MANY(_CAP), near=_MANY(_NEAR))))
_LOCATION = _one("Alternative", rank=int, verdict=str, lon=float, lat=float, geometry=_GEOJSON | None)
_PROJECT = _one(
    "Project", id=str, number=int, title=str, sector=str, type=str, current_status=str, sponsor=str, location_object=_GEOJSON | None, start_date=str,
    last_updated=str, process_ids=_TEXTS,
)  # fmt: skip
_PROCESS = _one("Process", id=str, project_id=str, type=str, round=int, status=str, outcome=str, report_number=str, due_date=str)
_STANDARD_DOCUMENT = _one(
    "Document", id=str, project_id=str, process_id=str, title=str, document_type=str, size=int, sha256=str, url=str, publish_date=str
)
_STANDARD_EVENT = _one(
    "ProjectEvent", id=int, project_id=str, process_id=str, name=str, datetime=str, assigned_entity=str, description=str, other=_ANY
)
_ELEMENT = _one("DecisionElement", id=str, title=str, data_type=str, unit=str, registered=bool)
_PAYLOAD = _one("PayloadDeclared", project_id=str, process_id=str, decision_element_id=str, result=str, seen_by=str)
_DECIDED = _one("PayloadDecided", project_id=str, process_id=str, decision_element_id=str, result=str, report_number=str, decisive=_TEXTS)
_ACCOUNT = _one("AccountRow", id=int, login=str, name=str, roles=_TEXTS, active=bool, locked=bool)
_KEY = _one("AccessKeyRow", id=int, name=str, made_at=str, made_by=str, scopes=_TEXTS)
_JOB_ROW = {
    "id": str, "kind": str, "title": str, "state": str, "done": int, "total": int, "message": str, "stage": str, "made_by": str, "made_at": str,
    "ended_at": str, "asked": _ANY,
}  # fmt: skip
_JOB = _model("JobAnswer", "一项作业；result 的内容随 kind 而定", **_JOB_ROW, result=_ANY, can_cancel=bool, kept=bool, mine=bool)
_PARK = _one("ParkChoice", id=str, name=str, spare_ha=str)
_WEIGHT = _one("WeightChoice", id=str, title=str, weight=float)
_TITLED = _one("Titled", id=str, title=str)
_CHOICES = _one("JobChoices", parks=_MANY(_PARK), weights=_BY_NAME((str, _MANY(_WEIGHT))), layers=_MANY(_TITLED))
_FAULT = _one("LayerFault", layer=str, zone=str, problem=str, remedy=str, grave=bool)
_LAYER = _one(
    "LayerOfCatalog", id=str, title=str, theme=str, geometry=str, version=str, source=str, licence=str, official=bool, accuracy_m=float | None,
    path=str, coverage=str, statement=str, there=bool, note=str, faults=_MANY(_FAULT),
)  # fmt: skip
_CHECK = _one("LastCheck", id=str, at=str, lines=_TEXTS, current=bool)
_WORKSPACE = _one(
    "WorkspaceAnswer", layers=_MANY(_LAYER), other_faults=_MANY(_FAULT), check=_CHECK | None, as_of=str, themes=_TEXTS, coverages=_MANY(_TITLED)
)
_MISSING = _one("LayerMissing", id=str, rules=int, title=str)
_FEATURES = _one("FeatureCollection", type=str, features=_MANY(_ANY), cut=bool)
_DRAWN = _one("DrawnLayer", id=str, title=str, theme=str, geometry=str, version=str, official=bool, shown=bool, fill=bool, colours=_TEXT)
_DRAWN_LAYERS = _MANY(_DRAWN)
_PROPOSAL = _one("LayerProposal", text=str, digest=str, preview=_ANY | None, evidence=_TEXTS, questions=_TEXTS, obstacles=_TEXTS)
_SHEET_ROW = _one("RuleSheetRow", row=int | None, rule=str, what=str, fault=bool)
_SHEET_GOOD = {"good": bool, "rows": _MANY(_SHEET_ROW), "told": str, "changed": _TEXTS}
_SHEET_BAD = {"good": bool, "rows": _MANY(_SHEET_ROW), "told": str}
_HELD = {"folder": str, "name": str}
_SNAPPED = _one("SnappedPoint", kind=str, lon=float, lat=float, name=str, distance_m=float, layer=str) | _one("NothingNear")
_VOCABULARY = _one(
    "Vocabulary", project_types=_TEXTS, activities=_MANY(_one("ActivityWord", value=str, article=str, text=str)),
    attributes=_BY_NAME((str, _one("AttributeWord", title=str, type=str, unit=str))),
    notations=_MANY(_one("NotationWord", value=str, title=str)),
)  # fmt: skip
_ABOUT = _one("InquiryAbout", stamp=str, limits=_TEXTS, project_types=_TEXTS, activities=_TEXTS)
_ESTIMATE = _model(
    "InquiryAnswer", "预评估，不作审批依据", stamp=str, as_of=str, said=str, conflict=bool, decisive=_CLAUSES, open_count=int, hits=_MANY(_HIT),
    questions=_TEXTS, limits=_TEXTS,
)  # fmt: skip
_INDUSTRIES = _MANY(_one("Industry", code=str, name=str))
_BOUNDS = _model("Bounds", "西、南、东、北，度", bounds=_MANY(float))
_ID, _VERSION, _NAME, _SIGNED = _one("NewId", id=str), _one("NewVersion", version=int), _one("FileKept", name=str), _one("SignedIn", signed_in=bool)

ANSWERS: Mapping[tuple[str, str], Any] = {
    ("post", "/api/cases/{case_id}/files"): _one("FilesKept", names=_TEXTS), ("post", "/api/cases/{case_id}/drawn"): _NAME,
    ("post", "/api/cases/{case_id}/pasted"): _NAME, ("post", "/api/imports"): _ID, ("post", "/api/cases"): _ID, ("get", "/api/cases"): _QUEUE,
    ("post", "/api/handoff"): _one("HandedOver", case_id=str, number=int, link=str),
    ("post", "/api/handoff/{token}/take"): _one("TakenOver", case_id=str),
    ("get", "/api/cases/places"): _one("CasePlaces", cases=_MANY(_PLACED), without=int, cut=bool), ("get", "/api/cases/{case_id}"): _CASE,
    ("delete", "/api/cases/{case_id}/files/{name}"): _NAME, ("put", "/api/cases/{case_id}/answers"): _one("AnswersKept", kept=bool),
    ("get", "/api/cases/{case_id}/boundary"): _BOUNDARY, ("post", "/api/cases/{case_id}/confirm"): _one("BoundaryConfirmed", confirmed=bool),
    ("put", "/api/cases/{case_id}/facts"): _VERSION, ("get", "/api/cases/{case_id}/verdict"): _VERDICT, ("get", "/api/cases/{case_id}/ways"): _WAYS,
    ("post", "/api/cases/{case_id}/seen"): _VERSION, ("post", "/api/cases/{case_id}/opinions"): _VERSION,
    ("post", "/api/cases/{case_id}/moves"): _one("CaseMoved", moved=bool), ("post", "/api/cases/{case_id}/final"): _one("Decided", report_number=str),
    ("get", "/api/cases/{case_id}/alternatives"): _one("Alternatives", locations=_MANY(_LOCATION), note=str),
    ("get", "/api/project"): _one("ProjectPage", offset=int, page=int, project=_MANY(_PROJECT)),
    ("get", "/api/process"): _one("ProcessPage", offset=int, page=int, process=_MANY(_PROCESS)),
    ("get", "/api/document"): _MANY(_STANDARD_DOCUMENT), ("get", "/api/case_event"): _MANY(_STANDARD_EVENT),
    ("get", "/api/decision_element"): _MANY(_ELEMENT), ("get", "/api/decision_payload"): _MANY(_PAYLOAD | _DECIDED),
    ("post", "/api/login"): _SIGNED, ("post", "/api/setup"): _SIGNED, ("post", "/api/logout"): _SIGNED,
    ("get", "/api/accounts"): _MANY(_ACCOUNT), ("post", "/api/accounts"): _one("NewAccountId", id=int),
    ("put", "/api/accounts/{account_id}"): _one("AccountChanged", changed=bool), ("get", "/api/keys"): _MANY(_KEY),
    ("post", "/api/keys"): _model("NewKey", "密钥只显示这一次", key=str), ("delete", "/api/keys/{key_id}"): _one("KeyDropped", dropped=bool),
    ("get", "/api/journal"): _one("JournalState", count=int, head=str, faults=_TEXTS),
    ("get", "/api/journal/lines"): _one("JournalLines", offset=int, page=int, lines=_MANY(_EVENT)),
    ("get", "/api/places"): _MANY(_one("NamedPlace", name=str, kind=str, bounds=_MANY(float))), ("get", "/api/snap"): _SNAPPED,
    ("get", "/api/layers"): _DRAWN_LAYERS, ("get", "/api/extent"): _BOUNDS, ("get", "/api/layers/{layer_id}"): _FEATURES,
    ("get", "/api/vocabulary"): _VOCABULARY, ("get", "/api/industries"): _INDUSTRIES, ("post", "/api/jobs/{job_id}/again"): _ID,
    ("post", "/api/jobs/rejudge"): _ID, ("post", "/api/jobs/compare"): _ID, ("post", "/api/jobs"): _ID,
    ("get", "/api/jobs/kinds"): _MANY(_one("JobKind", kind=str, title=str, about=str, may=bool)), ("get", "/api/jobs/choices"): _CHOICES,
    ("get", "/api/jobs"): _one("JobPage", total=int, page=int, jobs=_MANY(_one("JobRow", **_JOB_ROW))), ("get", "/api/jobs/{job_id}"): _JOB,
    ("delete", "/api/jobs/{job_id}"): _one("JobCancelled", cancelled=bool),
    ("delete", "/api/jobs/{job_id}/files"): _one("FilesDropped", dropped=bool),
    ("get", "/api/workspace"): _WORKSPACE,
    ("get", "/api/workspace/asked"): _one("LayersAsked", rules=_BY_NAME((str, int)), missing=_MANY(_MISSING)),
    ("post", "/api/workspace/uploads"): _one("LayerHeld", **_HELD), ("post", "/api/workspace/proposals"): _PROPOSAL,
    ("post", "/api/workspace/layers"): _one("LayerTaken", layer_id=str, entry=str), ("post", "/api/workspace/absent"): _one("SaidAbsent", said=_TEXT),
    ("post", "/api/workspace/rule-sheets"): _one("SheetPasses", **_SHEET_GOOD, **_HELD) | _one("SheetFails", **_SHEET_BAD, **_HELD),
    ("post", "/api/workspace/rules"): _one("RulesWritten", **_SHEET_GOOD) | _one("RulesRefused", **_SHEET_BAD),
    ("get", "/api/inquiry/about"): _ABOUT, ("get", "/api/inquiry/extent"): _BOUNDS, ("get", "/api/inquiry/layers"): _DRAWN_LAYERS,
    ("get", "/api/inquiry/layers/{layer_id}"): _FEATURES, ("get", "/api/inquiry/industries"): _INDUSTRIES, ("post", "/api/inquiry"): _ESTIMATE,
}  # fmt: skip
"""Method and path -> type of what is answered when all goes well."""


def add_answers(document: dict[str, Any]) -> None:
    """Write into an OpenAPI document what its operations answer, and what every refusal says."""
    refused = _model("Refusal", "没有办成：原因和办法", reason=str, remedy=str)
    kinds: list[tuple[tuple[str, str], Any, TypeAdapter[Any]]] = [
        (key, "serialization", TypeAdapter(kind)) for key, kind in {**ANSWERS, ("", ""): refused}.items()
    ]
    found, more = TypeAdapter.json_schemas(kinds, ref_template=_REFERENCE)
    document["components"].setdefault("schemas", {}).update(more.get("$defs", {}))
    for path, methods in document["paths"].items():
        for method, about in methods.items():
            schema = found.get(((method, path), "serialization"))
            for status, answer in about["responses"].items():
                if schema is not None and status.startswith("2"):
                    answer["content"] = {"application/json": {"schema": schema}}
            about["responses"].pop("422", None)  # what a request lacks is told with 400, like every refusal
            about["responses"]["4XX"] = {"description": "没有办成", "content": {"application/json": {"schema": found[("", ""), "serialization"]}}}
