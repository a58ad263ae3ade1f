"""Differences between a report and the same report made anew, each one Chinese line."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from cdgis.core.vocabulary import Grade, InputRecord
from cdgis.results.assessment import Assessment
from cdgis.results.report_file import ReportFile
from cdgis.results.report_numbers import input_digest, report_numbers
from cdgis.results.tables.validation import TABLES

MOST_LISTED = 20
"""Differences listed per check; the rest are counted."""
_FIRST = ("verdicts", "findings", "overlaps")
"""Tables whose differences are shown before the rest."""
_UPDATED = {("rules", ""): "条文或因子", ("settings", "catalog"): "图层目录"}
"""Kind of input and its name ("": all) -> what to call it, where other content is an update and not another report's."""


def listed(faults: Iterator[str]) -> tuple[str, ...]:
    """Return at most MOST_LISTED faults and how many more there are."""
    found = list(faults)
    more = [f"……另有 {len(found) - MOST_LISTED} 处"] if len(found) > MOST_LISTED else []
    return (*found[:MOST_LISTED], *more)


def input_faults(report: ReportFile, fresh: Assessment) -> dict[Grade, list[str]]:
    """Return, by grade, every input that is gone, new, or not what the report rests on.

    Of other bytes that say the same: BYTES. Of another version than the report's, or law that has changed since: OUTDATED.
    """
    return input_changes(report.content["inputs"], fresh.inputs)


def input_changes(rows: Sequence[Mapping[str, Any]], records: Sequence[InputRecord]) -> dict[Grade, list[str]]:
    """Return, by grade, how inputs differ from the rows that a report or run.json keeps of them."""
    keys = ("kind", "layer", "path", "sublayer")
    old = {tuple(row[k] for k in keys): row for row in rows}
    new = {tuple(getattr(record, k) for k in keys): asdict(record) for record in records}
    found: dict[Grade, list[str]] = {}
    for key in sorted(old.keys() | new.keys()):
        told = _input_fault(f"{key[1]}（{key[2]}）", old.get(key), new.get(key))
        if told:
            found.setdefault(told[0], []).append(told[1])
    return found


def _input_fault(name: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> tuple[Grade, str] | None:
    if new is None or old is None:
        law = (old or new or {}).get("kind") == "rules"
        words = "报告所依据的输入现在没有" if new is None else "现在多出的输入，报告没有"
        return (Grade.OUTDATED if law else Grade.CONTENT), f"{name}：{words}"
    if old["sha256"] == new["sha256"]:
        same = all(old.get(key) == value for key, value in new.items() if key != "content_sha256")
        return None if same else (Grade.OUTDATED, f"{name}：版本或性质已变")
    told = f"报告依据 {old['sha256'][:12]}…，现为 {new['sha256'][:12]}…"
    if old.get("content_sha256") and old["content_sha256"] == new["content_sha256"]:
        return Grade.BYTES, f"{name}：文件另存过，内容逐行相同（{told}）"
    updated = _UPDATED.get((new["kind"], new["layer"])) or _UPDATED.get((new["kind"], ""))
    if updated or old.get("version") != new["version"]:
        return Grade.OUTDATED, f"{name}：{updated or '图层'}已更新（{told}）"
    return Grade.CONTENT, f"{name}：文件内容已变，{told}"


def as_reported(report: ReportFile, fresh: Assessment) -> Assessment:
    """Return `fresh` as if its inputs of other bytes and the same content were the report's own: numbers follow from bytes."""
    keys = ("kind", "layer", "path", "sublayer")
    old = {tuple(row[k] for k in keys): row for row in report.content["inputs"]}
    inputs = tuple(_own_bytes(record, old.get(tuple(getattr(record, k) for k in keys))) for record in fresh.inputs)
    if inputs == fresh.inputs:
        return fresh
    digest = input_digest(inputs, fresh.settings, fresh.as_of, fresh.version)
    return replace(fresh, inputs=inputs, report_numbers=report_numbers(fresh.tables, digest, fresh.as_of))


def _own_bytes(record: InputRecord, row: Mapping[str, Any] | None) -> InputRecord:
    same = row is not None and row.get("content_sha256") and row["content_sha256"] == record.content_sha256
    return replace(record, sha256=str(row["sha256"])) if row is not None and same else record


def setting_faults(report: ReportFile, fresh: Assessment) -> dict[Grade, list[str]]:
    """Return, by grade, where version or settings are not those of the report; another version is no forgery."""
    found: dict[Grade, list[str]] = {}
    if report.content["version"] != fresh.version:
        found[Grade.OUTDATED] = [f"软件版本：报告为 {report.content['version']}，现为 {fresh.version}"]
    old, new = report.content["settings"], fresh.settings.model_dump(mode="json")
    changed = [
        f"设置 {key}：报告为 {old.get(key)!r}，现为 {new.get(key)!r}"
        for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)
    ]  # fmt: skip
    return found | ({Grade.CONTENT: changed} if changed else {})


def row_faults(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Yield every row one side has and the other has not, what matters most first.

    `old` and `new` are table -> rows.
    """
    others = sorted((old.keys() | new.keys()) - set(_FIRST))
    for name in (*_FIRST, *others):
        title = TABLES[name].title if name in TABLES else name
        before, after = (
            [json.dumps(row, ensure_ascii=False, sort_keys=True) for row in t.get(name, ())] for t in (old, new)
        )
        yield from (f"{title}：报告缺少一行 {_short(row)}" for row in after if row not in before)
        yield from (f"{title}：报告多出一行 {_short(row)}" for row in before if row not in after)
        if sorted(before) == sorted(after) and before != after:
            yield f"{title}：行的次序不同"
        elif len(before) != len(after) and set(before) == set(after):
            yield f"{title}：报告有 {len(before)} 行，重算有 {len(after)} 行"


def _short(row: str) -> str:
    values: dict[str, Any] = json.loads(row)
    keys = [
        k
        for k in ("rule_id", "layer", "zone_id", "attribute", "state", "verdict", "area_m2")
        if values.get(k) not in (None, "")
    ]
    return "，".join(f"{key}={values[key]}" for key in keys) or row[:120]


def differences(old: Any, new: Any, place: str = "") -> Iterator[str]:
    """Yield every place where the two say different things."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted(old.keys() | new.keys()):
            yield from differences(old.get(key), new.get(key), f"{place}.{key}".lstrip("."))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True), start=1):
            yield from differences(one, other, f"{place}[{number}]")
    elif isinstance(old, list) and isinstance(new, list):
        yield f"{place}：报告有 {len(old)} 项，重算有 {len(new)} 项"
    elif old != new:
        yield f"{place}：报告为 {str(old)[:60]}，重算为 {str(new)[:60]}"
