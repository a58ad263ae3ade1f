"""One entry of the catalogue put in or changed, every comment and every other entry left as it stands."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import tomli as tomllib
import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable, Table

from cdgis.core.errors import CatalogError, os_reason
from cdgis.core.regular_files import read_regular
from cdgis.workspace.catalog import read_catalog

Value = str | bool | float | int | date | tuple[str, ...] | Mapping[str, object]


def with_entry(text: str, layer_id: str, values: Mapping[str, Value | None]) -> str:
    """Return the catalogue's text with one entry set; None removes a key, keys not named stay.

    Raises
    ------
    CatalogError : the text is no TOML, or `layers` is not a group of entries.
    """
    try:
        document = tomlkit.parse(text)
    except TOMLKitError as err:
        raise CatalogError("图层目录不是合法的 TOML，没有改动", remedy="请先用 cdgis layers list 找出写错的地方") from err
    layers = document.setdefault("layers", tomlkit.table(is_super_table=True))
    if not isinstance(layers, Table | tomlkit.container.OutOfOrderTableProxy):
        raise CatalogError("图层目录的 layers 不是 [layers.编号] 的写法，没有改动")
    is_new = layer_id not in layers
    entry = tomlkit.table() if is_new else layers[layer_id]
    for key, value in values.items():
        if value is None:
            entry.pop(key, None)
        elif key not in entry or entry[key] != value:
            entry[key] = _inline(value) if isinstance(value, Mapping) else list(value) if isinstance(value, tuple) else value
    if is_new:
        return f"{text.rstrip()}\n\n[layers.{layer_id}]\n{entry.as_string().strip()}\n"
    return str(tomlkit.dumps(document))


def _inline(value: Mapping[str, object]) -> InlineTable:
    table = tomlkit.inline_table()
    for key, item in value.items():
        table[key] = list(item) if isinstance(item, tuple) else item
    return table


def write_entry(path: Path, layer_id: str, values: Mapping[str, Value | None]) -> None:
    """Set one entry in the catalogue file; it is read back before it takes the place of the old one.

    Raises
    ------
    CatalogError : it cannot be read, written, or would no longer be a catalogue; the file is as it was.
    """
    try:
        before = read_regular(path).decode("utf-8-sig")
        after = with_entry(before, layer_id, values)
        old, new = (tomllib.loads(text).get("layers", {}) for text in (before, after))
        if {k: v for k, v in old.items() if k != layer_id} != {k: v for k, v in new.items() if k != layer_id}:
            raise CatalogError("改写后别的条目会变，没有写入", remedy="请手工修改 layers/catalog.toml")
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_bytes(after.encode("utf-8"))
        try:
            read_catalog(fresh)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as err:
        raise CatalogError(f"图层目录 {path.name} 写不进去（{os_reason(err)}）", remedy="请检查权限") from err
