"""A desk on a small workspace, asked without a server, and the ways of a browser that the guard expects."""

import time
from pathlib import Path

import shapely
from desk_answers import held
from desk_databases import database_for
from fastapi.testclient import TestClient
from shapes import metres
from small_workspace import small_workspace

from cdgis.web.desk_app import make_app
from cdgis.web.desk_options import DeskOptions
from cdgis.web.desk_settings import DeskSettings, Limits
from cdgis.web.guards import csrf_of

HOST = "127.0.0.1:8433"
TOKEN = "launch-token-of-a-test"
ABOUT = {"name": "示例项目", "industry": "3031", "project_type": "新建", "activity": "开发性生产性建设", "due_on": "", "attributes": {}}
OVER = metres(900, 100, 1300, 200)
"""A site that reaches into the red line from the east."""
BESIDE = metres(1200, 100, 1300, 200)


def desk_settings(root: Path, **changed) -> DeskSettings:
    given = {"workspace": root, "hosts": (HOST,), "token": TOKEN, "in_process": True, "pdf": False, "limits": Limits(seconds=60)}
    options = changed.pop("options", None) or DeskOptions(database=database_for(root))
    return DeskSettings(**(given | changed), options=options)


class Browser:
    """One signed-in browser: its cookie, and the token that writes carry."""

    def __init__(self, app, token: str = TOKEN, cookie: str = "cdgis_desk_8433") -> None:
        self.client = TestClient(app, base_url=f"http://{HOST}", follow_redirects=False, headers={"host": HOST})
        self.client.cookies.set(cookie, token, domain="127.0.0.1", path="/")
        self.headers = {"origin": f"http://{HOST}", "x-csrf-token": csrf_of(token)}

    def get(self, path: str, **options):
        return held(self.client.get(path, **options), "get", path)

    def post(self, path: str, body=None, **options):
        sent = options if "files" in options else options | {"json": body}
        return held(self.client.post(path, headers=self.headers, **sent), "post", path)

    def put(self, path: str, body):
        return held(self.client.put(path, json=body, headers=self.headers), "put", path)

    def delete(self, path: str):
        return held(self.client.delete(path, headers=self.headers), "delete", path)


def opened_desk(root: Path, **changed):
    """Return an application on a small workspace in `root`, and the settings it has."""
    if not (root / "cdgis.toml").exists():
        small_workspace(root)
    settings = desk_settings(root, **changed)
    return make_app(settings), settings


def new_case(browser: Browser) -> str:
    return browser.post("/api/cases", {}).json()["id"]


def upload(browser: Browser, case: str, name: str, content: bytes):
    return browser.post(f"/api/cases/{case}/files", files=[("files", (name, content))])


def wkt_geojson(shape) -> bytes:
    crs = '"crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::4490"}},'
    return f'{{"type":"FeatureCollection",{crs}"features":[{{"type":"Feature","properties":{{}},"geometry":{shapely.to_geojson(shape)}}}]}}'.encode()


def confirmed_case(browser: Browser, shape=OVER, name: str = "地块.geojson", about=ABOUT) -> str:
    """Return a case with a confirmed boundary and facts."""
    case = new_case(browser)
    assert upload(browser, case, name, wkt_geojson(shape)).status_code == 201
    found = browser.get(f"/api/cases/{case}/boundary").json()
    assert browser.post(f"/api/cases/{case}/confirm", {"digest": found["digest"]}).status_code == 200, found
    version = browser.get(f"/api/cases/{case}").json()["version"]
    answer = browser.put(f"/api/cases/{case}/facts", about | {"version": version})
    assert answer.status_code == 200, answer.text
    return case


def ended(browser: Browser, job: str):
    """Return a job once it has ended."""
    for _ in range(600):
        found = browser.get(f"/api/jobs/{job}").json()
        if found["state"] not in ("等候", "进行中"):
            return found
        time.sleep(0.1)
    raise TimeoutError(job)
