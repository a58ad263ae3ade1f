"""Flow kept beside an elevation grid: never anything but what deriving it now would give."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import shipped

from cdgis.core.errors import CatalogError
from cdgis.rivers.flow_cache import derived_flow, flow_file, flow_of, keep_flow, kept_flow, same_flow
from cdgis.rivers.lines import Elevation
from cdgis.rivers.system import keep_flow_of, kept_flow_faults, load_rivers, read_elevation
from cdgis.workspace.settings import open_workspace

ROOT = Path(__file__).parents[1]


def ground(*, raised_m: float = 0.0) -> Elevation:
    """A rough slope of 12 x 15 cells with a pit and one cell without a height."""
    rows, columns = 12, 15
    heights = np.random.default_rng(7).normal(100, 20, (rows, columns)).astype(np.float32)
    heights[5, 5], heights[0, 14] = -50, np.nan
    heights[3, 3] += raised_m
    edges = 1 / 120
    return Elevation(
        values_m=heights, lon_edges_deg=117 + edges * np.arange(columns + 1), lat_edges_deg=41 - edges * np.arange(rows + 1)
    )


def workspace_copy(tmp_path: Path) -> Path:
    """Only what the rivers read."""
    shutil.copytree(ROOT / "layers", tmp_path / "layers", ignore=shutil.ignore_patterns("__pycache__", "derive"))
    shutil.copy(ROOT / "cdgis.toml", tmp_path)
    return tmp_path


def test_kept_flow_is_the_derived_one_bit_by_bit(tmp_path):
    path = tmp_path / "dem.tif"
    assert kept_flow(ground(), path) is None
    assert keep_flow(ground(), path) == tmp_path / "dem.flow.npz"
    kept = kept_flow(ground(), path)
    assert kept is not None
    derived = derived_flow(ground())
    assert same_flow(kept, derived) and kept.receiver.dtype == derived.receiver.dtype
    assert kept.receiver[14] == -1 and np.isnan(kept.upstream_km2[0, 14])
    outlets = np.flatnonzero(kept.receiver == np.arange(kept.receiver.size))
    assert np.array_equal(kept.catchments(outlets), derived.catchments(outlets))
    assert np.array_equal(kept.reaches_edge(), derived.reaches_edge())


def test_flow_of_other_heights_or_edges_is_passed_over(tmp_path):
    path = tmp_path / "dem.tif"
    keep_flow(ground(), path)
    other = ground(raised_m=0.5)
    assert kept_flow(other, path) is None
    assert same_flow(flow_of(other, path), derived_flow(other))
    moved = Elevation(
        values_m=ground().values_m, lon_edges_deg=ground().lon_edges_deg + 1e-9, lat_edges_deg=ground().lat_edges_deg
    )
    assert kept_flow(moved, path) is None


@pytest.mark.parametrize("cut", [0, 1, 100])
def test_broken_file_is_passed_over(tmp_path, cut):
    path = tmp_path / "dem.tif"
    kept = keep_flow(ground(), path)
    kept.write_bytes(kept.read_bytes()[:cut])
    assert kept_flow(ground(), path) is None
    assert same_flow(flow_of(ground(), path), derived_flow(ground()))


def test_same_twice_gives_the_same_bytes(tmp_path):
    one, two = (keep_flow(ground(), tmp_path / name).read_bytes() for name in ("one.tif", "two.tif"))
    assert one == two


def test_shipped_flow_is_what_the_shipped_heights_give():
    workspace = open_workspace(ROOT)
    assert flow_file(workspace.layers_dir / workspace.catalog["dem"].path).is_file()
    assert kept_flow_faults(workspace) == ()


def test_rivers_are_the_same_without_the_kept_flow(tmp_path):
    kept = shipped.rivers()
    root = workspace_copy(tmp_path)
    flow_file(root / "layers" / "base" / "dem_30arcsec.tif").unlink()
    derived = load_rivers(open_workspace(root))
    for name in ("lon_deg", "lat_deg", "upstream_km2", "reach", "river", "vertex_of_cell"):
        assert np.array_equal(getattr(kept.network, name), getattr(derived.network, name)), name
    assert kept.events.equals(derived.events) and kept.check.equals(derived.check)


def test_check_names_a_kept_flow_that_is_stale_or_altered(tmp_path):
    workspace = open_workspace(workspace_copy(tmp_path))
    path = workspace.layers_dir / workspace.catalog["dem"].path
    with np.load(flow_file(path)) as held:
        arrays = dict(held)
    arrays["upstream_km2"][100, 100] += 1
    np.savez_compressed(flow_file(path), **arrays)
    assert [fault.problem for fault in kept_flow_faults(workspace)] == ["与由高程重新推导的水流不同"]
    np.savez_compressed(flow_file(path), **(arrays | {"fingerprint": np.array("0" * 64)}))
    assert [fault.problem for fault in kept_flow_faults(workspace)] == ["不是由现在的高程推导的，没有采用"]
    assert keep_flow_of(workspace) == flow_file(path)
    assert kept_flow_faults(workspace) == ()


def test_workspace_of_river_lines_has_nothing_to_keep(tmp_path):
    root = workspace_copy(tmp_path)
    settings = root / "cdgis.toml"
    text = settings.read_text(encoding="utf-8")
    assert "[rivers]" not in text
    settings.write_text(text + '\n[rivers]\nnetwork = "rivers"\n', encoding="utf-8")
    with pytest.raises(CatalogError, match="没有指向高程栅格"):
        keep_flow_of(open_workspace(root))
    assert kept_flow_faults(open_workspace(root)) == ()


def test_elevation_read_back_has_the_fingerprint_it_was_kept_with():
    workspace = open_workspace(ROOT)
    spec = workspace.catalog["dem"]
    assert kept_flow(read_elevation(workspace, spec)[0], workspace.layers_dir / spec.path) is not None


def test_discharging_site_needs_no_compiler(tmp_path):
    """Cold start: what takes seconds to load stays out of a job on one site."""
    program = (
        "import sys\nfrom cdgis.cli.app import main\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code, stop.code\n"
        "heavy = {'numba', 'pyflwdir', 'scipy', 'openpyxl', 'docx', 'matplotlib', 'dask'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    options = ["--industry", "3031", "--project-type", "新建", "--activity", "开发性生产性建设", "--quiet", "--out", str(tmp_path)]
    site = "layers/projects/界址点_经纬度.txt"
    done = subprocess.run([sys.executable, "-c", program, "screen", site, *options], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert len((tmp_path / "data" / "downstream.csv").read_text(encoding="utf-8-sig").splitlines()) > 1
