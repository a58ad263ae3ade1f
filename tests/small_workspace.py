"""A workspace small enough to judge in a moment: one red line, one site beside it."""

from pathlib import Path

from shapes import metres, write_layer

LEFT = metres(0, 0, 1000, 1000)


def small_workspace(root: Path) -> Path:
    """Write a workspace of a city, a red line of two units and one site 200 m east of the first; return its folder."""
    write_layer(root / "layers" / "city.gpkg", [metres(-9000, -9000, 9000, 9000)], {"id": ["C"], "name": ["市"]})
    red = {"id": ["H1", "H2"], "name": ["甲", "<b>乙"], "kind": ["红线一般区域"] * 2}
    write_layer(root / "layers" / "redline.gpkg", [LEFT, metres(3000, 0, 3500, 500)], red)
    write_layer(root / "layers" / "projects" / "site.gpkg", [metres(1200, 100, 1300, 200)], {"name": ["示例<项目>"]})
    entry = (
        'theme = "三线"\ngeometry = "polygon"\nofficial = false\nversion = "2026"\nsource = "测试"\nlicence = "CC0"\n'
    )
    (root / "layers" / "catalog.toml").write_text(
        f'[layers.city]\ntitle = "市域"\npath = "city.gpkg"\nzones = false\nfields = {{ zone_id = ["id"] }}\n{entry}'
        f'[layers.ecological_redline]\ntitle = "生态保护红线"\npath = "redline.gpkg"\ncoverage = "city"\n'
        f'fields = {{ zone_id = ["id"], zone_name = ["name"], zone_class = ["kind"] }}\n{entry}',
        encoding="utf-8",
    )
    sources = '[sources]\nprojects = ["layers/projects/*"]\n'
    (root / "cdgis.toml").write_text(f'name = "测"\ncity = "承德市"\nas_of = 2026-11-01\n{sources}', encoding="utf-8")
    return root


def new_redline(path: Path) -> Path:
    """Write a version of the red line whose first unit reaches 500 m further east, over the site."""
    red = {"id": ["H1", "H2"], "name": ["甲", "<b>乙"], "kind": ["红线一般区域"] * 2}
    return write_layer(path, [metres(0, 0, 1500, 1000), metres(3000, 0, 3500, 500)], red)
