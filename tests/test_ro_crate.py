"""The data folder is an RO-Crate 1.1: the rules of the specification one by one, and what the crate says of files and inputs."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from report_fixtures import make_assessment

from cdgis.core.written_files import file_digest
from cdgis.report.files.ro_crate import CRATE
from cdgis.report.files.table_files import write_tables


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("crate")
    write_tables(make_assessment(), out, containers=())
    return out


def crate(folder: Path) -> dict:
    return json.loads((folder / CRATE).read_text(encoding="utf-8"))


def faults(content: dict, folder: Path) -> Iterator[str]:
    """Yield which rules of RO-Crate 1.1 a crate breaks (sections 2 to 4 of the specification)."""
    if content.get("@context") != "https://w3id.org/ro/crate/1.1/context":
        yield "context"
    graph = content["@graph"]
    entities = {entity["@id"]: entity for entity in graph}
    if len(entities) != len(graph):
        yield "an @id twice"
    if [entity["@id"] for entity in graph if "@type" not in entity]:
        yield "no @type"
    descriptor = entities.get("ro-crate-metadata.json", {})
    if descriptor.get("@type") != "CreativeWork" or descriptor.get("conformsTo") != {"@id": "https://w3id.org/ro/crate/1.1"}:
        yield "descriptor"
    root = entities.get(descriptor.get("about", {}).get("@id", ""), {})
    if root.get("@id") != "./" or root.get("@type") != "Dataset":
        yield "root"
    if not all(root.get(name) for name in ("name", "description", "license")) or not re.fullmatch(r"\d{4}-\d\d-\d\d", root.get("datePublished", "")):
        yield "root without name, description, license or date"
    parts = {part["@id"] for part in root.get("hasPart", ())}
    if parts != {entity["@id"] for entity in graph if entity["@type"] == "File"}:
        yield "a file that is no part"
    if [name for name in parts if not (folder / name).is_file()]:
        yield "a part that is no file"
    for entity in graph:
        for value in entity.values():
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict) and set(item) != {"@id"}:
                    yield "not flat"
                elif isinstance(item, dict) and item["@id"] not in entities and item["@id"] != "https://w3id.org/ro/crate/1.1":
                    yield f"nothing is called {item['@id']}"


def test_crate_keeps_the_rules(folder: Path) -> None:
    assert list(faults(crate(folder), folder)) == []


@pytest.mark.parametrize("name", ["@context", "about", "license", "hasPart", "file", "nested", "twice"])
def test_a_broken_crate_is_found(folder: Path, name: str) -> None:
    content = crate(folder)
    root = content["@graph"][1]
    broken = {
        "@context": lambda: content.pop("@context"), "about": lambda: content["@graph"][0].pop("about"), "license": lambda: root.pop("license"),
        "hasPart": lambda: root["hasPart"].pop(), "file": lambda: root["hasPart"].append({"@id": "none.csv"}),
        "nested": lambda: root.update(author={"@id": "#a", "name": "b"}), "twice": lambda: content["@graph"].append(dict(root)),
    }  # fmt: skip
    broken[name]()
    assert list(faults(content, folder))


def test_every_file_beside_it_is_described_by_its_own_bytes(folder: Path) -> None:
    files = {entity["@id"]: entity for entity in crate(folder)["@graph"] if entity["@type"] == "File"}
    assert set(files) == {path.name for path in folder.iterdir()} - {CRATE}
    for name, entity in files.items():
        assert entity["identifier"] == f"sha256:{file_digest(folder / name)}" and entity["contentSize"] == str((folder / name).stat().st_size)


def test_inputs_and_program_are_those_of_run_json(folder: Path) -> None:
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    entities = {entity["@id"]: entity for entity in crate(folder)["@graph"]}
    read = [entities[item["@id"]] for item in entities["#run"]["object"]]
    assert [entity["identifier"] for entity in read] == [f"sha256:{row['sha256']}" for row in run["inputs"]] and read
    assert entities["#cdgis"]["version"] == run["version"] and run["report_numbers"][""] in entities["./"]["name"]


def test_the_rocrate_library_reads_it(folder: Path) -> None:
    rocrate = pytest.importorskip("rocrate.rocrate")
    found = rocrate.ROCrate(str(folder))
    assert found.name == crate(folder)["@graph"][1]["name"] and len(found.data_entities) == len(list(folder.iterdir())) - 1


def test_bytes_are_the_same_each_time(folder: Path, tmp_path: Path) -> None:
    write_tables(make_assessment(), tmp_path, containers=())
    assert (tmp_path / CRATE).read_bytes() == (folder / CRATE).read_bytes()
