"""Does a river's dossier open in LibreOffice and keep its tables and plan on paper?"""

import shutil
import subprocess
from pathlib import Path

import pytest
import shipped

from cdgis.report.rivers.docx import render_river_docx
from cdgis.rivers.dossier import make_dossier
from cdgis.rivers.trace import Velocity

REPO = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(
    not (shutil.which("soffice") and shutil.which("pdftotext")),
    reason="no soffice or pdftotext: install the Debian packages libreoffice-writer-nogui and poppler-utils",
)


def test_the_dossier_arrives_on_paper(tmp_path):
    made = make_dossier(shipped.rivers(), shipped.subjects(), "潮河", velocity=Velocity.parse("0.5:1.5"))
    word = tmp_path / "chao.docx"
    word.write_bytes(render_river_docx(made))
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(word)]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    pdf = word.with_suffix(".pdf")
    text = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], check=True, capture_output=True).stdout.decode()
    for words in ("一河一策一图", "古北口断面", "依次通知谁", "丰宁满族自治县", "未经审图", "示范数据，不作审批依据"):
        assert words in text
    listing = subprocess.run(["pdfimages", "-list", str(pdf)], check=True, capture_output=True).stdout.decode()
    assert len(listing.splitlines()) >= 3
