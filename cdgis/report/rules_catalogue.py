"""Page 准入规则一览: the rules in force, for applicants to read first; place and industry narrow it, offline, in one file."""

from collections.abc import Mapping
from dataclasses import dataclass

from cdgis import __version__
from cdgis.core.vocabulary import ProjectType, SubjectKind
from cdgis.readers.loading import Loaded
from cdgis.report.files.inline_assets import content_policy, inline_code, static_text, template_text
from cdgis.report.templating import filled
from cdgis.results.data_status import stamp_for
from cdgis.rules.attributes import load_attributes
from cdgis.rules.columns import attribute_titles
from cdgis.rules.notation import write_conditions, write_unless
from cdgis.rules.rule import Rule

_ANYWHERE = "不论何处"
_KINDS = {SubjectKind.PROJECT: "项目", SubjectKind.ENTERPRISE: "企业"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueRule:
    """One rule as the page says it."""

    rule: Rule
    place: str
    """Layer title, the heading it stands under."""
    zones: str
    scope: str
    """Whom it concerns."""
    asked: str
    """Facts that must hold."""
    exceptions: str
    prefixes: str
    """Industry prefixes separated by blanks, for the page's filter; empty: it does not go by industry alone."""


def render_rules_catalogue(loaded: Loaded) -> str:
    """Return the page of all rules in force on the workspace's day, by place."""
    layers = {spec.id: spec.title for spec in loaded.workspace.catalog.layers.values()}
    facts = attribute_titles(load_attributes())
    rules = [_entry(rule, layers, facts) for rule in loaded.rules if rule.geometry != "engine"]
    places = sorted({entry.place for entry in rules}, key=lambda place: (place == _ANYWHERE, place))
    script = static_text("rules.js")
    return filled(
        "rules_catalogue.html",
        policy=content_policy((script,)), style=inline_code(template_text("style.css")), script=inline_code(script),
        settings={"map_review_number": loaded.settings.map_review_number}, version=__version__, looks={},
        name=loaded.settings.name, as_of=loaded.as_of.isoformat(), count=len(rules), project_types=list(ProjectType),
        parts=[(place, [entry for entry in rules if entry.place == place]) for place in places],
        switched_off=loaded.rulebook.switched_off, stamp=stamp_for(loaded.records),
    )  # fmt: skip


def _entry(rule: Rule, layers: Mapping[str, str], facts: Mapping[str, str]) -> CatalogueRule:
    zones = "、".join((*rule.zone_classes, *rule.zone_ids)) or ("全部" if rule.layer else "")
    if rule.geometry == "within":
        zones += "及其周边" + ("规定距离" if rule.reach_m is None else f" {rule.reach_m:g} 米") + "以内"
    industries = (f"行业 {'、'.join(rule.industry_prefixes)}",) if rule.industry_prefixes else ()
    flagged = (f"{facts.get(rule.industry_flag, rule.industry_flag)}行业",) if rule.industry_flag else ()
    declared = (f"或{write_conditions((rule.or_declared,), facts)}",) if rule.or_declared else ()
    scope = ("、".join(_KINDS[kind] for kind in rule.subject_kinds), "、".join(rule.project_types), "、".join(rule.activities))
    return CatalogueRule(
        rule=rule, place=layers.get(rule.layer, rule.layer) or _ANYWHERE, zones=zones,
        scope="；".join(part for part in (*scope, *industries, *flagged, *declared) if part),
        asked=write_conditions(rule.conditions, facts), exceptions=write_unless(rule.unless, facts),
        prefixes="" if rule.or_declared else " ".join(rule.industry_prefixes),
    )  # fmt: skip
