"""Forgeries that a check could be talked into: every one is found, or its file is named as not checked."""

import hashlib
import json
import random
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest
from docx import Document
from shapes import metres, write_layer
from small_workspace import small_workspace

from cdgis.cli import main
from cdgis.core.errors import ReportError
from cdgis.core.written_files import REGISTER
from cdgis.report.screening.docx import render_docx
from cdgis.report.screening.html import render_screening
from cdgis.report.screening.record import load_report
from cdgis.results.report_file import canonical, read_report
from cdgis.results.review_journal import START, Entry, read_journal

NAME = "site-1"


def call(*args):
    with pytest.raises(SystemExit) as ended:
        main([str(arg) for arg in args])
    return ended.value.code or 0


EVERY, BARE = "html,json,docx,xlsx,gpkg", "html,json"


def screened(root, formats=EVERY):
    return call("screen", root / "layers/projects/site.gpkg", "--workspace", root, "--out", root / "reports", "--quiet",
                "--format", formats)  # fmt: skip


def reviewed(root, formats):
    """A workspace with two reports, one of them reviewed twice, and its register."""
    small_workspace(root)
    sites = [metres(1200, 100, 1300, 200), metres(100, 100, 200, 200)]
    write_layer(root / "layers/projects/site.gpkg", sites, {"name": ["示例甲", "示例乙"]})
    assert screened(root, formats) == 0
    report = root / "reports" / f"{NAME}.html"
    rule = read_report(report).rows("findings")[0]["rule_id"]
    for decision in ("同意", "补充材料"):
        assert call("review", report, "--finding", rule, "--decision", decision, "--reason", "核实", "--officer", "张三",
                    "--date", "2026-11-02") == 0  # fmt: skip
    return root


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return reviewed(tmp_path_factory.mktemp("forged") / "区", EVERY)


@pytest.fixture(scope="module")
def made_bare(tmp_path_factory):
    return reviewed(tmp_path_factory.mktemp("bare") / "区", BARE)


@pytest.fixture
def space(made, tmp_path):
    """Reports in every format."""
    return shutil.copytree(made, tmp_path / "区")


@pytest.fixture
def bare(made_bare, tmp_path):
    """Pages and records alone: a Word file is made anew at every check."""
    return shutil.copytree(made_bare, tmp_path / "简")


def told(capsys, root, *names, alone=False):
    """Return exit code and words of `cdgis verify`; `alone` judges nothing anew, which what is forged here must not need."""
    capsys.readouterr()
    more = ["--alone"] if alone else ["--workspace", root]
    code = call("verify", *(root / "reports" / name for name in names or [""]), *more)
    return code, capsys.readouterr().out


def test_an_honest_folder_is_accepted_and_every_file_of_it_counted_for(space, capsys):
    (space / "reports" / "说明.txt").write_text("别人的", encoding="utf-8")
    (space / "reports" / "data" / "附.csv").write_text("别人的", encoding="utf-8")
    code, out = told(capsys, space)
    assert code == 0, out
    assert sorted(line.split("：")[0] for line in out.splitlines() if "未核对" in line) == ["未核对　data/附.csv", "未核对　说明.txt"]


@pytest.mark.parametrize(("what", "formats"), [("deleted", f"{BARE},docx"), ("cut", BARE), ("spoilt", BARE)])
def test_a_journal_lost_before_screening_again_is_said_from_then_on(bare, capsys, what, formats):
    folder = bare / "reports"
    journal = folder / f"{NAME}.journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    if what == "deleted":
        journal.unlink()
    else:
        journal.write_bytes(lines[0] if what == "cut" else b"{\n")
    for _ in range(2):
        assert screened(bare, formats) == 0
        printed = read_report(folder / f"{NAME}.json").content["declaration"]["journal"]
        assert printed["faults"], "the report itself says so"
        page = (folder / f"{NAME}.html").read_text(encoding="utf-8")
        assert "复核记录有缺失" in page
        if formats != BARE:
            cells = [c.text for t in Document(folder / f"{NAME}.docx").tables for row in t.rows for c in row.cells]
            assert "复核记录有缺失" in cells
        code, out = told(capsys, bare, alone=True)
        assert code == 2 and "登记册" in out
    journal.write_bytes(b"".join(lines))
    assert screened(bare, formats) == 0
    code, out = told(capsys, bare)
    assert code == 0, out


def test_a_journal_is_not_continued_after_a_cut(space, capsys):
    journal = space / "reports" / f"{NAME}.journal.jsonl"
    journal.write_bytes(journal.read_bytes().splitlines(keepends=True)[0])
    before = journal.read_bytes()
    rule = read_journal(journal).entries[0].rule_id
    for report in (f"{NAME}.html", f"{NAME}.json"):
        assert call("review", space / "reports" / report, "--finding", rule, "--decision", "同意", "--reason", "r", "--officer", "o") == 2
        assert "不能续写" in capsys.readouterr().err
    assert journal.read_bytes() == before


def rechained(space, change, *, place=1):
    """Alter one entry and make the chain, the report and the register fit again, as only someone who knows how can."""
    folder = space / "reports"
    path = folder / f"{NAME}.journal.jsonl"
    rows = [asdict(entry) for entry in read_journal(path).entries]
    rows[place] |= change
    previous = START
    text = ""
    for row in rows:
        row["previous"] = previous
        line = json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        previous = hashlib.sha256(line.encode()).hexdigest()
        text += f"{line}\n"
    path.write_text(text, encoding="utf-8")
    content = json.loads((folder / f"{NAME}.json").read_bytes())
    content["declaration"]["journal"]["head_sha256"] = previous
    (folder / f"{NAME}.json").write_bytes(canonical(content))
    register = json.loads((folder / REGISTER).read_text(encoding="utf-8"))
    register["journals"][path.name]["head"] = previous
    register["files"] = {}
    (folder / REGISTER).write_text(json.dumps(register), encoding="utf-8")


FORGED = {
    "a misquoted effect": ({"effect": "鼓励"}, "引述"),
    "a misquoted state": ({"state": "not_applicable"}, "引述"),
    "a state there is not": ({"state": "fine"}, "不是 cdgis 写出的"),
    "a word outside the set": ({"decision": "通过"}, "通过"),
    "no officer": ({"officer": " "}, "officer|不得为空"),
    "no reason": ({"reason": ""}, "不得为空"),
    "an impossible date": ({"decided_on": "2026-02-30"}, "2026-02-30"),
    "a date of another spelling": ({"decided_on": "20261102"}, "20261102"),
    "another subject": ({"subject_id": "site-2"}, "site-2"),
    "a rule of no finding": ({"rule_id": "ZZ-99"}, "ZZ-99"),
    "a zone of no finding": ({"zone_id": "别处"}, "引述"),
    "a name read backwards": ({"officer": "张\u202e三"}, "u202E"),
    "an escape sequence": ({"reason": "核\x1b[2J实"}, "u001B"),
    "a number for a name": ({"officer": 7}, "不是完整的记录"),
    "a truth for a number": ({"number": True}, "不是完整的记录"),
}


@pytest.mark.parametrize("forged", FORGED)
def test_a_journal_rechained_after_a_forgery_is_found(space, capsys, forged):
    change, words = FORGED[forged]
    if "number" in change:
        rechained(space, change, place=0)
    else:
        rechained(space, change)
    code, out = told(capsys, space, f"{NAME}.json", alone=True)
    assert code == 2
    fault = next(line for line in out.splitlines() if "·" in line)
    assert any(word in out for word in words.split("|")), fault


@pytest.mark.parametrize("option", ["--officer", "--reason", "--zone", "--finding"])
@pytest.mark.parametrize("sign", ["\u202e", "\x1b[31m", "\u200b", "\x07"])
def test_no_text_of_a_review_takes_characters_that_act(space, capsys, option, sign):
    values = {"--finding": "A-1", "--decision": "同意", "--reason": "理由", "--officer": "张三"}
    values[option] = f"甲{sign}乙"
    options = [part for pair in values.items() for part in pair]
    before = (space / "reports" / f"{NAME}.journal.jsonl").read_bytes()
    assert call("review", space / "reports" / f"{NAME}.html", *options) == 2
    told_ = capsys.readouterr().err
    assert sign not in told_ and "控制字符" in told_
    assert (space / "reports" / f"{NAME}.journal.jsonl").read_bytes() == before


@pytest.mark.parametrize("ending", [".htm", ".HTML", ".html"])
def test_a_page_with_a_forged_verdict_is_found_under_any_ending(bare, capsys, ending):
    folder = bare / "reports"
    page = (folder / f"{NAME}.html").read_text(encoding="utf-8")
    word = next(w for w in ("不符合", "资料不足", "须论证", "未发现冲突") if f">{w}" in page)
    forged = page.replace(f">{word}", ">有条件符合")
    # with the hash of the page made to fit
    old = page.split('name="cdgis-content-sha256" content="')[1][:64]
    blank = forged.replace(old, "", 1)
    forged = forged.replace(old, hashlib.sha256(blank.encode()).hexdigest(), 1)
    (folder / f"{NAME}.html").unlink()
    path = folder / f"{NAME}{ending}"
    path.write_text(forged, encoding="utf-8")
    for names in ([path.name], [""]):
        code, out = told(capsys, bare, *names, alone=True)
        assert code == 2 and "页面的文字与内嵌记录" in out


def test_a_word_file_changed_beside_its_report_is_found(space, capsys):
    path = space / "reports" / f"{NAME}.docx"
    document = Document(path)
    run = next(r for table in document.tables for row in table.rows for cell in row.cells for p in cell.paragraphs for r in p.runs if r.text)
    run.text = "未发现冲突"
    document.save(path)
    for names in ([path.name], [""]):
        code, out = told(capsys, space, *names, alone=True)
        assert code == 2 and "Word 文件" in out
    (space / "reports" / f"{NAME}.json").unlink()
    (space / "reports" / f"{NAME}.html").unlink()
    assert told(capsys, space, path.name, alone=True)[0] == 2
    code, out = told(capsys, space, alone=True)
    assert code == 2 and "内容被改　Word 文件" in out


TABLES = ("verdicts.csv", "findings.csv", "intake.csv", "cdgis.xlsx", "cdgis.gpkg")


@pytest.mark.parametrize("names", [TABLES, ("run.json",), ("files.json",)], ids=lambda names: names[0])
def test_tables_of_a_screening_that_were_changed_are_found(request, capsys, names):
    space = request.getfixturevalue("space" if names == TABLES else "bare")
    for path in (space / "reports" / "data" / name for name in names):
        data = path.read_bytes()
        data = data.replace(b'"version"', b'"version "', 1) if path.name == "run.json" else data[:-20] + bytes([data[-20] ^ 1]) + data[-19:]
        path.write_bytes(data)
    # whoever changes a table can make the register fit
    (space / "reports" / REGISTER).unlink()
    code, out = told(capsys, space)
    assert code == 2 and "data/" in out
    assert names != TABLES or [name for name in names if f"data/{name}" not in out] == []


def test_a_genuine_report_under_another_subjects_name_is_found(space, capsys):
    folder = space / "reports"
    for ending in (".html", ".json", ".docx"):
        shutil.copyfile(folder / f"site-2{ending}", folder / f"{NAME}{ending}")
    (folder / f"{NAME}.journal.jsonl").unlink()
    for name in (f"{NAME}.html", f"{NAME}.json"):
        code, out = told(capsys, space, name, alone=True)
        assert code == 2 and "改名" in out
    shutil.copyfile(folder / "site-2.json", folder / "site-20.json")
    assert told(capsys, space, "site-20.json", alone=True)[0] == 2
    shutil.copyfile(folder / "site-2.json", folder / "site-2 (1).json")
    assert told(capsys, space, "site-2 (1).json", alone=True)[0] == 0


def test_a_reviewed_report_deleted_with_its_journal_is_remembered(bare, capsys):
    for path in (bare / "reports").glob(f"{NAME}.*"):
        path.unlink()
    code, out = told(capsys, bare, alone=True)
    assert code == 2 and f"{NAME}.journal.jsonl" in out and "2 条" in out


def test_an_exchange_broken_off_is_told_to_whoever_checks(bare, capsys):
    scratch = bare / "reports" / ".cdgis-x"
    scratch.mkdir()
    (scratch / "moves.json").write_text('{"new": [], "gone": []}', encoding="utf-8")
    code, out = told(capsys, bare, alone=True)
    assert code == 2 and "被中断" in out


def deformed(draw, value, depth=0):
    """Return the same JSON with one part of it of another kind, or gone."""
    if isinstance(value, dict) and value and (depth < 1 or draw.random() < 0.8):
        key = draw.choice(sorted(value))
        if draw.random() < 0.15:
            return {k: v for k, v in value.items() if k != key}
        return {**value, key: deformed(draw, value[key], depth + 1)}
    if isinstance(value, list) and value and draw.random() < 0.7:
        place = draw.randrange(len(value))
        return [*value[:place], deformed(draw, value[place], depth + 1), *value[place + 1 :]]
    return draw.choice([None, True, -1, 1e308, "", "甲", "2026-99-99", [], {}, [None], {"": None}, [[1]], "\ud800"])


@pytest.mark.parametrize("command", ["run", "screen"])
@pytest.mark.parametrize("seed", range(3))
def test_a_deformed_record_of_a_run_is_told_never_thrown(space, capsys, monkeypatch, seed, command):
    """Nothing is computed anew: what comes before is what stumbled."""
    from cdgis.core.errors import ReaderError
    from cdgis.pipelines import repeat_request

    def gone(*args, **options):
        raise ReaderError("不重算")

    for name in ("assess_workspace", "assess_sites", "assess_relocation"):
        monkeypatch.setattr(repeat_request, name, gone)
    for other in (space / "reports").glob("site-*"):
        other.unlink()
    path = space / "reports" / "data" / "run.json"
    content = json.loads(path.read_bytes())
    content["request"]["command"] = command
    if command == "run":
        content["request"]["what_if"] = {"close": ["A"], "cap_ha": {"A": 1.0}, "weights": {"priority": {"x": 1}}}
        content["request"]["command"] = "relocate"
    draw = random.Random(seed)
    for _ in range(25):
        spoilt = deformed(draw, content)
        path.write_bytes(json.dumps(spoilt).encode("utf-8", "surrogatepass"))
        assert told(capsys, space)[0] == 2, json.dumps(spoilt)[:300]


@pytest.mark.parametrize("seed", range(3))
def test_a_deformed_report_is_told_never_thrown(space, capsys, seed):
    path = space / "reports" / f"{NAME}.json"
    content = json.loads(path.read_bytes())
    draw = random.Random(seed)
    for _ in range(15):
        spoilt = deformed(draw, content)
        path.write_bytes(json.dumps(spoilt, ensure_ascii=False, sort_keys=True, indent=1).encode("utf-8", "surrogatepass") + b"\n")
        # words that nothing else in the record gives again can only be compared with the inputs
        assert call("verify", path, "--alone") in (0, 2), json.dumps(spoilt)[:300]
        capsys.readouterr()


def leaves(value, path=()):
    """Yield the path of every value in a JSON document that holds no others."""
    if isinstance(value, dict | list) and value:
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from leaves(value[key], (*path, key))
    else:
        yield path


def test_a_record_with_a_value_of_another_kind_is_refused_or_rendered_in_every_format(space):
    content = json.loads((space / "reports" / f"{NAME}.json").read_bytes())
    places = [path for path in leaves(content) if path[0] not in ("record", "request", "settings", "inputs")]
    draw = random.Random(20)
    refused = 0
    for path in draw.sample(places, 30):
        spoilt = json.loads(json.dumps(content))
        holder = spoilt
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = draw.choice([None, True, -1, "甲", [], {}, [None], {"": None}])
        try:
            report = load_report(canonical(spoilt))
        except ReportError:
            refused += 1
            continue
        assert render_docx(report) and render_screening(report), path
    assert refused > 9


def test_pages_of_others_among_those_of_a_run_are_found(tmp_path, capsys):
    root = small_workspace(tmp_path / "区")
    assert call("run", "--workspace", root, "--out", root / "maps", "--quiet") == 0
    (root / "maps" / "README.md").write_text("说明", encoding="utf-8")
    (root / "maps" / "reports").mkdir()
    (root / "maps" / "reports" / REGISTER).write_text("{}", encoding="utf-8")
    capsys.readouterr()
    assert call("verify", root / "maps", "--workspace", root) == 0
    assert "未核对　README.md" in capsys.readouterr().out
    places = ["别的.html", "sites/P9.html", "sites/P9.png", "counties/x.html", "新/y.HTM", "z.docx", "data/x.csv"]
    for name in places:
        (root / "maps" / name).parent.mkdir(exist_ok=True)
        (root / "maps" / name).write_text("别人", encoding="utf-8")
    assert call("verify", root / "maps", "--workspace", root) == 2
    out = capsys.readouterr().out
    assert [name for name in places if name not in out] == []


def test_an_entry_says_what_it_is(space):
    entries = read_journal(space / "reports" / f"{NAME}.journal.jsonl").entries
    assert [type(entry) for entry in entries] == [Entry, Entry]
    assert Path(space / "reports" / REGISTER).is_file()
