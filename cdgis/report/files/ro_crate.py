"""Provenance of a data folder as RO-Crate 1.1 (ro-crate-metadata.json), made from run.json and the files beside it.

The folder is the crate: its files with size and SHA-256, the program that made them, the inputs it read with their hashes. Nothing
in it depends on the clock; the date of publication is the day of judgement.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cdgis.core.written_files import file_digest

CRATE = "ro-crate-metadata.json"
_CONTEXT, _PROFILE = "https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/crate/1.1"
_DONE = "http://schema.org/CompletedActionStatus"
_FORMATS = {
    ".csv": "text/csv", ".json": "application/json", ".txt": "text/plain", ".gpkg": "application/geopackage+sqlite3",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".tif": "image/tiff; application=geotiff; profile=cloud-optimized",
    ".qml": "application/xml", ".qgz": "application/zip", ".parquet": "application/vnd.apache.parquet",
}  # fmt: skip

Entity = dict[str, Any]


def crate_text(run: Mapping[str, Any], files: Iterable[Path], titles: Mapping[str, str]) -> str:
    """Return the text of ro-crate-metadata.json for a folder that holds `files`.

    Parameters
    ----------
    run : the content of run.json.
    titles : file name -> what it is in Chinese; a file without one goes by its name.
    """
    parts = [_file(path, titles.get(path.name, path.name)) for path in sorted(files)]
    inputs = list(_inputs(run["inputs"]))
    number = run["report_numbers"].get("", "")
    name = f"{run['settings']['name']} {number}".strip()
    status = run["stamp"] or "全部图层为官方图层"
    root: Entity = {
        "@id": "./", "@type": "Dataset", "name": name, "identifier": number, "datePublished": run["as_of"], "inLanguage": "zh-CN",
        "description": f"cdgis {run['version']} 的计算机初筛结果，判定基准日 {run['as_of']}。{status}。", "license": _to("#terms"),
        "hasPart": [_to(part["@id"]) for part in parts], "mentions": [_to("#run")],
    }  # fmt: skip
    terms: Entity = {
        "@id": "#terms", "@type": "CreativeWork", "name": status,
        "description": "结果供内部研究使用，不替代审批、核准、备案或执法决定；各图层的许可见目录的 licence。",
    }  # fmt: skip
    program: Entity = {
        "@id": "#cdgis", "@type": "SoftwareApplication", "name": "cdgis", "version": run["version"], "softwareVersion": run["version"],
        "license": _to("https://www.apache.org/licenses/LICENSE-2.0"),
    }  # fmt: skip
    action: Entity = {
        "@id": "#run", "@type": "CreateAction", "name": f"cdgis {run['request']['command']}", "actionStatus": _DONE,
        "instrument": _to("#cdgis"), "object": [_to(entity["@id"]) for entity in inputs], "result": _to("./"),
    }  # fmt: skip
    licence: Entity = {"@id": "https://www.apache.org/licenses/LICENSE-2.0", "@type": "CreativeWork", "name": "Apache License 2.0"}
    descriptor: Entity = {"@id": CRATE, "@type": "CreativeWork", "conformsTo": _to(_PROFILE), "about": _to("./")}
    graph = [descriptor, root, terms, program, licence, action, *parts, *inputs]
    return json.dumps({"@context": _CONTEXT, "@graph": graph}, ensure_ascii=False, indent=1) + "\n"


def _to(name: str) -> Entity:
    return {"@id": name}


def _file(path: Path, title: str) -> Entity:
    return {
        "@id": path.name, "@type": "File", "name": title, "contentSize": str(path.stat().st_size),
        "encodingFormat": _FORMATS.get(path.suffix, "application/octet-stream"), "identifier": f"sha256:{file_digest(path)}",
    }  # fmt: skip


def _inputs(rows: Iterable[Mapping[str, Any]]) -> Iterator[Entity]:
    for number, row in enumerate(rows, start=1):
        about = "、".join(filter(None, (row["layer"], row["sublayer"], "官方" if row["official"] else "")))
        yield {
            "@id": f"#input-{number:03d}", "@type": "CreativeWork", "name": row["path"] or row["layer"], "description": f"{row['kind']}：{about}",
            "identifier": f"sha256:{row['sha256']}", **({"version": row["version"]} if row["version"] else {}),
        }  # fmt: skip
