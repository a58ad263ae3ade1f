"""What does the command line do when it is used well, used badly, interrupted, or broken?"""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from small_workspace import small_workspace
from typer.main import get_command

from cdgis import __version__
from cdgis.cli import app, main

REPO = Path(__file__).resolve().parents[1]
PARCEL = "layers/projects/界址点_经纬度.txt"
COMMANDS = (
    "run", "publish", "screen", "guide", "review", "verify", "status", "compare", "trace", "rivers", "outfalls",
    "relocate", "carbon", "reuse", "synergy", "init", "doctor",
)  # fmt: skip
NESTED = [
    "layers list", "layers check", "layers fetch", "layers add", "layers none", "rules list", "rules check", "rules explain",
    "pack new", "pack add", "pack list", "desk", "desk backup", "desk restore",
]  # fmt: skip
ENGLISH = re.compile(r"Usage:|Show this message|No such|Missing|Got unexpected|Traceback|Error:|Options|Commands")
"""What typer and click would say if left alone."""


class Outcome:
    """What one call of the command line printed and how it ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def call(capsys):
    def run(*args: object) -> Outcome:
        with pytest.raises(SystemExit) as end:
            main([str(arg) for arg in args])
        printed = capsys.readouterr()
        return Outcome(int(end.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def workspace(tmp_path, call):
    folder = tmp_path / "空 工作区"
    assert call("init", folder, "--empty").code == 0
    return folder


def _usage_error(outcome: Outcome, *words: str) -> None:
    assert outcome.code == 2
    assert "错误" in outcome.err and not ENGLISH.search(outcome.err)
    for word in words:
        assert word in outcome.err.replace("\n", "")


@pytest.mark.parametrize("command", ["", *COMMANDS, "layers", "rules", "pack", *NESTED])
def test_help_is_chinese_when_asked_of_any_command(call, command):
    outcome = call(*command.split(), "--help")
    assert outcome.code == 0 and not ENGLISH.search(outcome.out)
    assert "用法" in outcome.out and "显示本说明并退出" in outcome.out
    assert command in ("layers", "rules", "pack") or "示例" in outcome.out


def test_help_lists_every_command_of_the_application():
    assert list(get_command(app).commands) == [*COMMANDS, "layers", "rules", "pack", "desk"]


def test_version_is_printed_when_asked(call):
    outcome = call("--version")
    assert (outcome.code, outcome.out.strip()) == (0, f"cdgis {__version__}")


def test_help_loads_no_heavy_library_when_asked():
    script = (
        "import sys\nfrom cdgis.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'geopandas', 'pandas', 'rasterio', 'fiona', 'pyogrio', 'folium', 'shapely'} & set(sys.modules)\n"
        "sys.exit('、'.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=REPO, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["nosuch"], ["没有命令“nosuch”", "--help"]),
        (["scren", "a.txt"], ["没有命令“scren”", "是否想用 screen"]),
        (["layers", "lst"], ["没有命令“lst”", "是否想用 list", "cdgis layers --help"]),
        (["run", "--nope"], ["没有选项 --nope"]),
        (["run", "--out"], ["选项 --out 缺少值"]),
        (["run", "extra"], ["多余的参数“extra”"]),
        (["run", "--jobs", "0"], ["--jobs 的值不合要求", "整数", "不小于 1"]),
        (["run", "--jobs", "many"], ["--jobs 的值不合要求", "整数"]),
        (["screen"], ["没有给出项目位置", "--wkt"]),
        (["screen", "a.txt", "--tolerance", "-1"], ["--tolerance 的值不合要求", "不小于 0"]),
        (["rules", "explain"], ["缺少参数 编号"]),
    ],
)
def test_usage_error_says_in_chinese_what_was_wrong_when_misused(call, args, words):
    _usage_error(call(*args), *words)


def test_command_line_without_command_shows_help_and_counts_as_misuse(call):
    outcome = call()
    assert outcome.code == 2 and "命令" in outcome.out + outcome.err


def test_error_says_where_it_looked_when_there_is_no_workspace(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _usage_error(call("layers", "list"), "没有找到 cdgis.toml", "cdgis init")
    _usage_error(call("layers", "list", "--workspace", tmp_path), "缺少 cdgis.toml")


def test_as_of_is_refused_when_it_is_no_date(call):
    _usage_error(call("rules", "list", "--workspace", REPO, "--as-of", "2026-13-01"), "2026-13-01", "YYYY-MM-DD")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = ", ["cdgis.toml", "TOML"]),
        ('name = "a"\ncity = "b"\n', ["as_of"]),
        ('name = "a"\ncity = "b"\nas_of = 2026-11-01\ntolerence_m = 5\n', ["tolerence_m"]),
    ],
)
def test_settings_are_refused_when_broken(call, workspace, text, words):
    (workspace / "cdgis.toml").write_text(text, encoding="utf-8")
    _usage_error(call("layers", "list", "--workspace", workspace), *words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[layers", ["catalog.toml", "TOML"]),
        ('[layers.a]\ntitle = "甲"\n', ["theme", "geometry", "official"]),
        (
            '[layers.a]\ntitle = "甲"\ntheme = "要素"\ngeometry = "polygon"\ncoverage = "all"\n'
            'official = false\nversion = "2026"\nsource = "x"\nlicence = "x"\n',
            ["path", "none"],
        ),
        (
            '[layers.a]\ntitle = "甲"\ntheme = "要素"\ngeometry = "polygon"\npath = "a.gpkg"\n'
            'official = false\nversion = "2026"\nsource = "x"\nlicence = "x"\n',
            ["coverage"],
        ),
    ],
)
def test_catalogue_is_refused_when_broken(call, workspace, text, words):
    (workspace / "layers" / "catalog.toml").write_text(text, encoding="utf-8")
    _usage_error(call("layers", "list", "--workspace", workspace), *words)


def test_catalogue_is_refused_when_missing(call, workspace):
    (workspace / "layers" / "catalog.toml").unlink()
    _usage_error(call("layers", "list", "--workspace", workspace), "catalog.toml", "cdgis init")


def test_run_says_what_is_lacking_when_the_workspace_has_no_layer(call, workspace):
    _usage_error(call("run", "--workspace", workspace, "--quiet"), "图层目录是空的")
    assert not (workspace / "maps").exists()


def test_screen_names_the_file_when_it_does_not_exist(call, tmp_path):
    outcome = call("screen", tmp_path / "没有.txt", "--workspace", REPO, "--out", tmp_path / "out", "--quiet")
    _usage_error(outcome, "没有.txt")


def test_screen_refuses_an_attribute_without_value(call):
    _usage_error(call("screen", REPO / PARCEL, "--workspace", REPO, "--attr", "two_high"), "two_high", "名称=值")


@pytest.fixture
def broken(monkeypatch):
    def fail(root: Path) -> None:
        raise ZeroDivisionError("[seven] over nought")

    monkeypatch.setattr("cdgis.workspace.settings.open_workspace", fail)


def test_internal_error_ends_with_3_and_no_traceback(call, broken):
    outcome = call("layers", "list", "--workspace", REPO)
    assert outcome.code == 3
    assert "程序内部错误" in outcome.err and "[seven] over nought" in outcome.err and "--debug" in outcome.err
    assert "Traceback" not in outcome.err


def test_internal_error_shows_the_traceback_when_debugging(call, broken):
    outcome = call("layers", "list", "--workspace", REPO, "--debug")
    assert outcome.code == 3 and "Traceback" in outcome.err and "ZeroDivisionError" in outcome.err


def test_interrupt_ends_with_130_and_one_line(call, monkeypatch):
    def interrupt(root: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cdgis.workspace.settings.open_workspace", interrupt)
    outcome = call("layers", "list", "--workspace", REPO)
    assert outcome.code == 130 and "已中断" in outcome.err and "Traceback" not in outcome.err


def test_init_copies_the_shipped_workspace(call, tmp_path):
    folder = tmp_path / "我的 [工作区]"
    outcome = call("init", folder)
    assert outcome.code == 0 and "[工作区]" in outcome.out
    shipped = {path.relative_to(REPO) for path in (REPO / "layers").rglob("*") if path.is_file()}
    copied = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    assert copied == {p for p in shipped if "__pycache__" not in p.parts} | {Path("cdgis.toml")}
    assert call("layers", "list", "--workspace", folder).code == 0


def test_init_refuses_a_folder_that_is_not_empty(call, tmp_path):
    (tmp_path / "旧文件.txt").write_text("x", encoding="utf-8")
    _usage_error(call("init", tmp_path), "不为空")
    assert [path.name for path in tmp_path.iterdir()] == ["旧文件.txt"]


def test_layers_list_names_every_layer_of_the_catalogue(call):
    outcome = call("layers", "list", "--workspace", REPO)
    assert outcome.code == 0
    assert "management_units" in outcome.out and "环境管控单元" in outcome.out


def test_layers_check_finds_nothing_in_the_shipped_layers(call):
    outcome = call("layers", "check", "--workspace", REPO)
    assert outcome.code == 0, outcome.out
    assert "未发现问题" in outcome.out


def test_rules_check_finds_nothing_in_the_shipped_rules(call):
    outcome = call("rules", "check", "--workspace", REPO)
    assert outcome.code == 0, outcome.out
    assert "未发现问题" in outcome.out


def test_rules_list_follows_the_date(call):
    before = call("rules", "list", "--workspace", REPO, "--as-of", "2026-08-14").out
    after = call("rules", "list", "--workspace", REPO, "--as-of", "2026-08-15").out
    assert "WS-01-2026" not in before and "WS-01-2026" in after


def test_rules_explain_gives_sentence_basis_and_date(call):
    outcome = call("rules", "explain", "WS-01-2026", "--workspace", REPO)
    assert outcome.code == 0
    for word in ("WS-01-2026", "饮用水水源保护区", "生态环境法典", "2026-08-15"):
        assert word in outcome.out


def test_rules_explain_points_to_the_list_when_there_is_no_such_rule(call):
    _usage_error(call("rules", "explain", "XX-99", "--workspace", REPO), "XX-99", "cdgis rules list")


def test_screen_judges_and_summarises_a_site(call, tmp_path):
    said = ["--industry", "3031", "--project-type", "新建", "--activity", "开发性生产性建设"]
    outcome = call("screen", REPO / PARCEL, "--workspace", REPO, "--out", tmp_path / "报告", *said, "--strict")
    assert outcome.code == 1, outcome.err
    assert "不符合" in outcome.out and "PF-01" in outcome.out and "示范数据，不作审批依据" in outcome.out
    assert len(list((tmp_path / "报告").glob("*.html"))) == 1
    assert (tmp_path / "报告" / "data" / "verdicts.csv").read_bytes().startswith(b"\xef\xbb\xbfsubject_id,verdict")


def test_quiet_prints_nothing_when_all_is_well(call, tmp_path):
    outcome = call("run", "--workspace", small_workspace(tmp_path / "区"), "--out", tmp_path / "图", "--quiet")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
