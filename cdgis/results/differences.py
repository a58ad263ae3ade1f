"""Differences between a report and the same report made anew, each one Chinese line."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from cdgis.results.assessment import Assessment
from cdgis.results.report_file import ReportFile
from cdgis.results.tables.validation import TABLES

MOST_LISTED = 20
"""Differences listed per check; the rest are counted."""
_FIRST = ("verdicts", "findings", "overlaps")
"""Tables whose differences are shown before the rest."""


def listed(faults: Iterator[str]) -> tuple[str, ...]:
    """Return at most MOST_LISTED faults and how many more there are."""
    found = list(faults)
    more = [f"……另有 {len(found) - MOST_LISTED} 处"] if len(found) > MOST_LISTED else []
    return (*found[:MOST_LISTED], *more)


def input_faults(report: ReportFile, fresh: Assessment) -> Iterator[str]:
    """Yield every input that is gone, new, or of other bytes than the report rests on."""
    keys = ("kind", "layer", "path", "sublayer")
    old = {tuple(row[k] for k in keys): row for row in report.content["inputs"]}
    new = {tuple(getattr(record, k) for k in keys): asdict(record) for record in fresh.inputs}
    for key in sorted(old.keys() | new.keys()):
        name = f"{key[1]}（{key[2]}）"
        if key not in new:
            yield f"{name}：报告所依据的输入现在没有"
        elif key not in old:
            yield f"{name}：现在多出的输入，报告没有"
        elif old[key]["sha256"] != new[key]["sha256"]:
            yield f"{name}：文件内容已变，报告依据 {old[key]['sha256'][:12]}…，现为 {new[key]['sha256'][:12]}…"
        elif old[key] != new[key]:
            yield f"{name}：版本或性质已变"


def setting_faults(report: ReportFile, fresh: Assessment) -> Iterator[str]:
    """Yield where version or settings are not those of the report."""
    if report.content["version"] != fresh.version:
        yield f"软件版本：报告为 {report.content['version']}，现为 {fresh.version}"
    old, new = report.content["settings"], fresh.settings.model_dump(mode="json")
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            yield f"设置 {key}：报告为 {old.get(key)!r}，现为 {new.get(key)!r}"


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
