"""How long does the desk keep people waiting? python benchmarks/bench_desk.py [--users 20] [--cases 10000] [--think 3]

A desk on the shipped workspace, its processes and server as `cdgis desk` runs them; asked over HTTP on this computer. Each
live verdict is on a 12-cornered site of its own with another fact changed before each question, so that no answer is kept.
Users wait `--think` seconds (on average) between two questions, as people who fill in a form do; `--think 0` asks without pause.
"""

import argparse
import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import shapely
import uvicorn

REPO = Path(__file__).resolve().parents[1]
PORT = 8497
TOKEN = "token-of-the-benchmark"
TYPES = ("新建", "改建", "扩建", "迁建")
ASKED = 40


class User:
    """One browser with a case of its own."""

    def __init__(self, seed: int) -> None:
        from cdgis.web.guards import csrf_of

        self.chooser = random.Random(seed)
        self.headers = {
            "host": f"127.0.0.1:{PORT}", "cookie": f"cdgis_desk_{PORT}={TOKEN}", "origin": f"http://127.0.0.1:{PORT}",
            "x-csrf-token": csrf_of(TOKEN), "content-type": "application/json",
        }  # fmt: skip
        self.link = http.client.HTTPConnection("127.0.0.1", PORT, timeout=600)
        self.case, self.version = self.ask("POST", "/api/cases", {})["id"], 0
        self.ask("POST", f"/api/cases/{self.case}/drawn", {"geometry": json.loads(shapely.to_geojson(_site(seed)))})
        digest = self.ask("GET", f"/api/cases/{self.case}/boundary")["digest"]
        self.ask("POST", f"/api/cases/{self.case}/confirm", {"digest": digest})

    def ask(self, method: str, path: str, body: object = None) -> dict:
        """Return the answer; anything but success ends the benchmark."""
        self.link.request(method, path, json.dumps(body) if body is not None else None, self.headers)
        answer = self.link.getresponse()
        data = answer.read()
        if answer.status >= 400:
            raise SystemExit(f"{method} {path}: {answer.status} {data.decode()[:300]}")
        return json.loads(data)

    def verdict_s(self) -> float:
        """Change a fact, then return the seconds in which the verdict is there."""
        version = self.ask("GET", f"/api/cases/{self.case}")["version"]
        facts = {"name": str(self.chooser.random()), "industry": "3031", "project_type": self.chooser.choice(TYPES), "activity": "开发性生产性建设"}
        self.ask("PUT", f"/api/cases/{self.case}/facts", facts | {"version": version})
        start = time.perf_counter()
        self.ask("GET", f"/api/cases/{self.case}/verdict")
        return time.perf_counter() - start

    def list_s(self, query: str) -> float:
        """Return the seconds in which a page of the queue is there."""
        start = time.perf_counter()
        self.ask("GET", f"/api/cases?{query}")
        return time.perf_counter() - start


def _site(seed: int) -> shapely.Polygon:
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(116.5, 118.5), rng.uniform(40.6, 42.0)
    turn, radius = np.sort(rng.uniform(0, 2 * np.pi, 12)), rng.uniform(0.5, 1, 12) * 0.004
    return shapely.Polygon(np.c_[lon + radius * np.cos(turn), lat + radius * np.sin(turn)])


def main() -> None:
    """Measure and print one Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--think", type=float, default=3.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        space = Path(folder) / "工作区"
        subprocess.run([sys.executable, "-m", "cdgis", "init", str(space)], check=True, stdout=subprocess.DEVNULL, env=os.environ)
        app, server, thread = _served(space)
        desk = app.state.desk
        start = time.perf_counter()
        desk.judge.warm()
        desk.reader.warm()
        print(f"开始时平均负载 {os.getloadavg()[0]:.1f}，{os.cpu_count()} 核；两个进程读完图层 {time.perf_counter() - start:.1f} 秒。\n")
        print("| 任务 | p50（毫秒） | p95（毫秒） | 次数 |\n|---|--:|--:|--:|")
        used = _used_s(desk)
        alone = _alone()
        _report("草算，一人", alone)
        print(f"| 其中处理进程的处理器时间，平均 | {(_used_s(desk) - used) / (ASKED + 8) * 1000:.0f} | – | {ASKED + 8} |", flush=True)
        _report(f"草算，{options.users} 人，间隔平均 {options.think:g} 秒", _together(options.users, options.think))
        _fill(desk, options.cases)
        _queue(options.cases)
        sizes = [psutil.Process(pid).memory_info().rss / (1 << 20) for pid in (os.getpid(), desk.judge.pid, desk.reader.pid)]
        print(f"\n内存：服务 {sizes[0]:.0f} MB（含压测自身），两个进程 {sizes[1]:.0f}、{sizes[2]:.0f} MB，合计 {sum(sizes):.0f} MB。")
        server.should_exit = True
        thread.join(20)
        desk.close()


def _served(space: Path) -> tuple:
    from cdgis.web.desk_app import make_app
    from cdgis.web.desk_settings import DeskSettings

    app = make_app(DeskSettings(workspace=space, hosts=(f"127.0.0.1:{PORT}",), token=TOKEN, port=PORT))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=PORT, log_level="error", lifespan="off", timeout_keep_alive=60))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    return app, server, thread


def _alone() -> list[float]:
    users = [User(seed) for seed in range(8)]  # reading eight boundaries is part of the processor time told
    for user in users:
        user.verdict_s()
    return [users[i % len(users)].verdict_s() for i in range(ASKED)]


def _used_s(desk: object) -> float:
    """Return the processor seconds the two processes have used."""
    return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in (desk.judge.pid, desk.reader.pid))


def _together(count: int, think_s: float) -> list[float]:
    users = [User(100 + seed) for seed in range(count)]
    found: list[float] = []

    def work(user: User) -> None:
        for _ in range(8):
            time.sleep(user.chooser.uniform(0, 2 * think_s))
            found.append(user.verdict_s())

    threads = [threading.Thread(target=work, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def _fill(desk: object, count: int) -> None:
    """Add decided and open cases as if an office had worked for years."""
    from cdgis.core.pinyin_initials import initials
    from cdgis.web.case_states import CaseState
    from cdgis.web.models import Case

    chooser, states = random.Random(1), list(CaseState)
    with desk.database.writing() as session:
        for number in range(1000, 1000 + count):
            name = f"承德第{number}号{chooser.choice(('光伏', '砖厂', '养殖', '尾矿', '风电'))}项目"
            session.add(Case(
                id=f"{number:032d}", number=number, name=name, state=chooser.choice(states), round=1, version=1, owner_id=0, owner="本机用户",
                answers={}, facts={"industry": "3031"}, seen={}, confirmed="x", reviewers={}, verdict=chooser.choice(("不符合", "资料不足")),
                report_number="", due_on=f"2026-12-{number % 28 + 1:02d}", search_text=f"{number} {name} {initials(name)} 3031",
                outline={"type": "Polygon", "coordinates": [[[117, 41], [117.1, 41], [117.1, 41.1], [117, 41]]]}, area_m2=1e5,
                lon=chooser.uniform(116, 119), lat=chooser.uniform(40.5, 42), made_at="2026-01-01", changed_at=f"2026-01-01T{number:06d}",
            ))  # fmt: skip


def _queue(count: int) -> None:
    user = User(999)
    for title, query in (("列表", ""), ("检索名称", "q=%E5%B0%BE%E7%9F%BF"), ("检索首字母", "q=cdd50"), ("按期限", "sort=due&waiting=true")):
        _report(f"{count} 个案件：{title}", [user.list_s(query) for _ in range(20)])
    start = time.perf_counter()
    user.ask("GET", "/api/cases/places")
    _report(f"{count} 个案件：地图", [time.perf_counter() - start])


def _report(title: str, seconds: list[float]) -> None:
    p50, p95 = np.percentile(np.array(seconds) * 1000, [50, 95])
    print(f"| {title} | {p50:.0f} | {p95:.0f} | {len(seconds)} |", flush=True)


if __name__ == "__main__":
    main()
