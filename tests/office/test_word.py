"""Does the Word report open in LibreOffice and keep its tables and pictures on paper?"""

import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from cdgis.pipelines.assess_sites import assess_sites
from cdgis.report.screening.publish import write_screening
from cdgis.workspace.settings import open_workspace

REPO = Path(__file__).resolve().parents[2]
SITE = REPO / "layers" / "projects" / "红线开发_39带带号.zip"
PARTS = ("项目基本信息", "结论与等级", "压占总表", "四维对照", "刚性红线", "邻近分析", "依据清单", "声明")

pytestmark = pytest.mark.skipif(
    not (shutil.which("soffice") and shutil.which("pdftotext")),
    reason="no soffice or pdftotext: install the Debian packages libreoffice-writer-nogui and poppler-utils",
)


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return the DOCX of one shipped site and the text of its PDF."""
    folder = tmp_path_factory.mktemp("office")
    write_screening(assess_sites(open_workspace(REPO), [SITE]), folder, formats=("docx",))
    word = folder / "P023.docx"
    profile = f"-env:UserInstallation=file://{folder}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(folder), str(word)]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    text = subprocess.run(["pdftotext", "-layout", str(word.with_suffix(".pdf")), "-"], check=True, capture_output=True)
    return word, text.stdout.decode()


def test_all_parts_arrive_on_paper(converted: tuple[Path, str]) -> None:
    _, text = converted
    assert [part for part in PARTS if part not in text] == []


def test_figures_of_the_verdict_arrive_on_paper(converted: tuple[Path, str]) -> None:
    _, text = converted
    assert "不符合" in text and "6,178.66" in text and "生态环境法典" in text


def test_pictures_survive(converted: tuple[Path, str]) -> None:
    word, _ = converted
    with zipfile.ZipFile(word) as archive:
        drawn = [name for name in archive.namelist() if re.fullmatch(r"word/media/.*\.png", name)]
    listing = subprocess.run(["pdfimages", "-list", str(word.with_suffix(".pdf"))], check=True, capture_output=True)
    assert 0 < len(drawn) <= len(listing.stdout.decode().splitlines()) - 2
