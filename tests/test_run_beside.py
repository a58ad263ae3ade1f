"""A run shared by two processes, whatever its size, comes to what one process comes to, and says what is wrong as one does."""

import pickle
from pathlib import Path

import pandas as pd
import pytest
from small_workspace import small_workspace

from cdgis.core.errors import ReaderError
from cdgis.pipelines import assess_city
from cdgis.pipelines.assess_city import assess_workspace
from cdgis.results.assessment import Assessment
from cdgis.workspace.settings import open_workspace


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every run, however small, be shared."""
    monkeypatch.setattr(assess_city, "_MANY_BYTES", 0)
    monkeypatch.setattr(assess_city, "MANY", 0)


def _found(assessment: Assessment) -> tuple[dict[str, str], tuple[object, ...]]:
    tables = {name: table.to_csv(index=False) for name, table in assessment.tables.items()}
    return tables, (assessment.report_numbers, assessment.notes, assessment.inputs, assessment.subjects.intake, assessment.subjects.gaps)


def test_two_processes_find_what_one_finds(tmp_path: Path, shared: None) -> None:
    root = small_workspace(tmp_path / "区")
    (root / "layers" / "projects" / "坏.csv").write_text("名称,经度\n甲,不是数\n", encoding="utf-8")  # a row that is quarantined
    workspace = open_workspace(root)
    one, two = assess_workspace(workspace, jobs=1), assess_workspace(workspace, jobs=2)
    assert _found(two) == _found(one) and "quarantined" in set(one.tables["intake"]["status"].astype(str))
    pd.testing.assert_frame_equal(two.subjects.frame, one.subjects.frame)
    sent = pickle.loads(pickle.dumps(one))
    assert _found(sent) == _found(one) and sent.rulebook.rules == one.rulebook.rules
    for name in ("version", "as_of", "settings", "request", "catalog", "packs", "planes", "audience", "verdict_notes"):
        assert getattr(sent, name) == getattr(one, name)


def test_sources_that_nobody_can_look_for_are_told_by_this_process(tmp_path: Path, shared: None) -> None:
    root = small_workspace(tmp_path / "w")
    settings = (root / "cdgis.toml").read_text(encoding="utf-8").replace('"layers/projects/*"', '"/layers/*"')
    (root / "cdgis.toml").write_text(settings, encoding="utf-8")
    with pytest.raises(ReaderError):
        assess_workspace(open_workspace(root), jobs=2)
