"""Is anything lost when the desk is killed? ``python -m tests.desk_kills --count 20 --seed 19``

A desk (`cdgis desk`, its own processes, a small workspace) is used by three people at once; at seeded random moments its server,
or one of its workers, is ended with SIGKILL. After each kill the desk is started again where it died, and must hold: the journal
is whole; every step that was answered is there; every decided case has all its files with the hashes of its rows; nothing is half
written; no job runs that nobody works at. Prints one line a kill and a table; ends with 1 when anything did not hold.
"""

import argparse
import http.client
import json
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import psutil

sys.path.insert(0, str(Path(__file__).parent))

from desk_client import ABOUT, BESIDE, OVER, wkt_geojson
from desk_listening import free_port
from small_workspace import new_redline, small_workspace

PORT = free_port()
PEOPLE = 3
_MOST_S = 180.0
_ANSWERED_S = 300.0
_WRITTEN_S = 240.0
"""By then every process that still wrote was ended for taking too long."""
PLACES = ("reports/*/.making-*", "files/*/.part-*", "jobs/.part-*", ".write-*")
"""Of half-made work, written out here: what the desk itself knows of them is being tested."""


class Lost(Exception):
    """The desk did not answer: it was killed, or says that a worker was."""


class Desk:
    """A running desk and how to ask it."""

    def __init__(self, root: Path) -> None:
        self.root, self.left, self.answers = root, [], 0
        command = [sys.executable, "-m", "cdgis", "desk", "--workspace", str(root), "--no-browser", "--port", str(PORT)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8")
        self.token = self._told()
        from cdgis.web.guards import csrf_of

        self.headers = {
            "host": f"127.0.0.1:{PORT}", "cookie": f"cdgis_desk_{PORT}={self.token}", "origin": f"http://127.0.0.1:{PORT}",
            "x-csrf-token": csrf_of(self.token),
        }  # fmt: skip

    def _told(self) -> str:
        said = []
        for line in self.process.stdout:
            said.append(line)
            if "/enter?token=" in line.replace("\n", ""):
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                return line.split("token=")[1].strip()
        raise SystemExit("the desk did not start:\n" + "".join(said))

    def ask(self, method: str, path: str, body: object = None, *, data: bytes | None = None, kind: str = "application/json") -> object:
        """Return the answer's JSON (bytes of a document); None when it is refused for a reason of its own.

        Raises
        ------
        Lost : there is no answer, or none but that a process ended.
        """
        link = http.client.HTTPConnection("127.0.0.1", PORT, timeout=120)
        sent = data if data is not None else json.dumps(body).encode() if body is not None else None
        try:
            link.request(method, path, sent, self.headers | ({"content-type": kind} if sent is not None else {}))
            answer = link.getresponse()
            found = answer.read()
        except (OSError, http.client.HTTPException) as err:
            raise Lost(str(err)) from err
        finally:
            link.close()
        self.answers += 1
        if answer.status >= 500:
            told = json.loads(found)
            if not told["reason"] or not told["remedy"]:
                raise AssertionError(f"{path}: {answer.status} without a word")
            raise Lost(told["reason"])
        if answer.status >= 400:
            return None
        return json.loads(found) if answer.headers["content-type"].startswith("application/json") else found

    def workers(self) -> list[psutil.Process]:
        """Return the processes that read and judge."""
        return [child for child in psutil.Process(self.process.pid).children(recursive=True) if "spawn_main" in " ".join(child.cmdline())]

    def kill(self) -> None:
        """End server and workers without a word."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        _, alive = psutil.wait_procs(children, timeout=60)  # their pipe has ended: they go by themselves, once they have answered
        self.left = [child.pid for child in alive]
        for child in alive:
            child.kill()


class Person(threading.Thread):
    """Works at cases until told to stop, and keeps what the desk has answered."""

    def __init__(self, desk: Desk, seed: str, answered: dict) -> None:
        super().__init__(daemon=True)
        self.desk, self.chooser, self.answered, self.stop = desk, random.Random(seed), answered, threading.Event()
        self.faults: list[str] = []

    def run(self) -> None:
        """Begin case after case."""
        while not self.stop.is_set():
            try:
                self._case()
            except Lost:
                if self.desk.process.poll() is not None:
                    return
                time.sleep(0.2)
            except AssertionError as err:
                self.faults.append(str(err))

    def _case(self) -> None:
        ask, kept = self.desk.ask, self.answered
        case = ask("POST", "/api/cases", {})["id"]
        kept[case] = {"version": 1}
        content = wkt_geojson(self.chooser.choice([OVER, BESIDE]))
        mark = "----part"
        head = f'--{mark}\r\ncontent-disposition: form-data; name="files"; filename="{quote("地块.geojson")}"\r\n\r\n'
        form = head.encode() + content + f"\r\n--{mark}--\r\n".encode()
        if ask("POST", f"/api/cases/{case}/files", data=form, kind=f"multipart/form-data; boundary={mark}"):
            kept[case]["files"] = {sha256(content).hexdigest()}
        found = ask("GET", f"/api/cases/{case}/boundary")
        if ask("POST", f"/api/cases/{case}/confirm", {"digest": found["digest"]}):
            kept[case]["confirmed"] = True
        version = ask("GET", f"/api/cases/{case}")["version"]
        told = ask("PUT", f"/api/cases/{case}/facts", ABOUT | {"name": f"项目{self.chooser.random()}", "version": version})
        kept[case]["version"] = told["version"]
        ask("GET", f"/api/cases/{case}/verdict")
        if self.chooser.random() < 0.3:
            ask("POST", "/api/jobs/rejudge", {})
        final = ask("POST", f"/api/cases/{case}/final", {"version": told["version"]})
        if final:
            kept[case]["number"] = final["report_number"]


def faults_of(desk: Desk, answered: dict) -> list[str]:
    """Return what does not hold after a kill; nothing when all does."""
    faults = [f"journal: {fault}" for fault in desk.ask("GET", "/api/journal")["faults"]]
    rows, offset = [], 0
    while True:
        page = desk.ask("GET", f"/api/cases?offset={offset}")
        rows += page["cases"]
        offset += page["page"]
        if offset >= page["total"]:
            break
    there = {row["id"] for row in rows}
    faults += [f"case {case} is lost" for case in answered if case not in there]
    for row in rows:
        faults += _faults_of_case(desk, desk.ask("GET", f"/api/cases/{row['id']}"), answered.get(row["id"], {}))
    return faults + [f"left behind: {path}" for path in half_made(desk.root, wait_s=_WRITTEN_S)]


def half_made(root: Path, *, wait_s: float) -> list[Path]:
    """Return what half-made work lies there still after `wait_s` seconds: a report whose asker has gone away may be under way until then."""
    until = time.monotonic() + wait_s
    while found := [path for place in PLACES for path in (root / "desk").glob(place)]:
        if time.monotonic() > until:
            return found
        time.sleep(0.5)
    return []


def _faults_of_case(desk: Desk, case: dict, kept: dict) -> list[str]:
    name, faults = f"case {case['number']}", []
    if case["version"] < kept.get("version", 0) or (kept.get("confirmed") and not case["confirmed"]):
        faults.append(f"{name}: an answered step is gone")
    if kept.get("number") not in (None, case["report_number"]):
        faults.append(f"{name}: decided as {kept['number']}, now {case['report_number']}")
    if not kept.get("files", set()) <= {document["sha256"] for document in case["documents"]}:
        faults.append(f"{name}: an answered file is gone")
    for document in case["documents"]:
        data = desk.ask("GET", f"/api/cases/{case['id']}/documents/{document['id']}")
        if not isinstance(data, (bytes, dict, list)) or (isinstance(data, bytes) and sha256(data).hexdigest() != document["sha256"]):
            faults.append(f"{name}: {document['name']} is not what its row says")
    kinds = [document["kind"] for document in case["documents"]]
    if (case["state"] == "定稿") != ("report" in kinds) or (case["state"] == "定稿") != bool(case["report_number"]):
        faults.append(f"{name}: {case['state']} with documents {kinds}")
    return faults


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def stuck_jobs(root: Path) -> list[str]:
    """Return the jobs that are said to run though no desk does; read from the file itself."""
    import sqlite3

    with sqlite3.connect(root / "desk" / "desk.sqlite") as link:
        return [row[0] for row in link.execute("SELECT id FROM jobs WHERE state = '进行中'")]


def main() -> int:
    """Kill, look, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=19)
    parser.add_argument("--folder", type=Path, help="where to work; by default a temporary folder")
    options = parser.parse_args()
    totals: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="cdgis-desk-kills-") as scratch:
        root = small_workspace((options.folder or Path(scratch)) / "区 一")
        chooser, answered, bad = random.Random(options.seed), {}, []
        for number in range(options.count):
            whom = "server" if number % 2 == 0 else "worker"
            desk = Desk(root)
            running = stuck_jobs(root)  # this start has begun none yet
            people = [Person(desk, f"{options.seed}/{number}/{i}", answered) for i in range(PEOPLE)]
            for person in people:
                person.start()
            after, until = chooser.randrange(2, 40), time.monotonic() + _MOST_S
            while desk.answers < after and time.monotonic() < until:
                time.sleep(0.01)
            time.sleep(chooser.uniform(0, 0.4))  # into the midst of whatever is asked next
            if whom == "worker":
                victims = desk.workers()
                if victims:
                    chooser.choice(victims).kill()
                time.sleep(chooser.uniform(1, 4))
            else:
                new_redline(root / "layers" / "redline.gpkg") if chooser.random() < 0.2 else None
            left = []
            if whom == "server":
                desk.kill()
                left = [f"process {pid} outlived its server" for pid in desk.left]
            for person in people:
                person.stop.set()
            for person in people:
                person.join(_ANSWERED_S)
            faults = [f"a question had no answer in {_ANSWERED_S:g} s" for person in people if person.is_alive()]
            if whom == "server":
                desk = Desk(root)
            faults += faults_of(desk, answered)  # after a worker's kill too nothing half made may lie there, without a start
            faults += [f"job {job} runs without anybody" for job in running] + [f for p in people for f in p.faults] + left
            decided = sum("number" in kept for kept in answered.values())
            say(f"{number + 1:2d} {whom} after {after} answers: {len(answered)} cases, {decided} decided; {faults or 'whole'}")
            totals.update(kills=1, **{whom: 1})
            bad += faults
            desk.kill()
    numbers = [totals["kills"], totals["server"], totals["worker"], len(answered), sum("number" in kept for kept in answered.values()), len(bad)]
    say(f"| 杀 | 服务 | 处理进程 | 案件 | 其中定稿 | 不符 |\n|--:|--:|--:|--:|--:|--:|\n| {' | '.join(map(str, numbers))} |")
    return int(bool(bad))


if __name__ == "__main__":
    raise SystemExit(main())
