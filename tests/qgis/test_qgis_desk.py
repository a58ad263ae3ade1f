"""Does QGIS load a collection of the desk by its own OGC API driver, with a key, where it is?"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from desk_client import Browser, confirmed_case
from desk_listening import held_port, listening
from small_workspace import small_workspace
from test_qgis_project import PYTHON, has_qgis

from cdgis.web import accounts
from cdgis.web.guards import ALONE

PORT = held_port()
RED = "ecological_redline"
SCRIPT = Path(__file__).with_name("open_desk.py")


def test_qgis_loads_layers_and_cases_of_the_running_desk(tmp_path):
    if not os.environ.get("CDGIS_REQUIRE_QGIS") and not has_qgis():
        pytest.skip("no PyQGIS: install the Debian package python3-qgis")
    with listening(small_workspace(tmp_path / "w"), PORT) as app:
        browser = Browser(app, cookie=f"cdgis_desk_{PORT}")
        browser.client.headers["host"] = f"127.0.0.1:{PORT}"
        browser.headers["origin"] = f"http://127.0.0.1:{PORT}"
        confirmed_case(browser)
        key = accounts.add_key(app.state.desk, "QGIS", ALONE)
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PROJ", "GDAL", "PYTHON"))}
        command = [PYTHON, str(SCRIPT), f"http://127.0.0.1:{PORT}/ogc", key, RED]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=clean, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        found = json.loads(done.stdout.strip().splitlines()[-1])
        zones = app.state.desk.workspace.layers[RED]
    assert found["zones"]["valid"] and found["cases"]["valid"] and found["tiles"]
    assert (found["zones"]["rows"], found["zones"]["west"], found["cases"]["rows"]) == (2, 1, 1)
    assert found["zones"]["names"] == sorted(zones["zone_name"])
    assert found["zones"]["bounds"] == pytest.approx(list(zones.total_bounds), abs=1e-6)
