"""What the geometry library cannot overlay is one quarantined subject; a fault of a layer is nobody's."""

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest
import shapely
from shapely.errors import GEOSException
from shapes import layer_set, metres, rule, sites, zone_layer

from cdgis.core.vocabulary import IntakeStatus
from cdgis.judging import evaluation, extents
from cdgis.judging.overlay import measure_overlaps
from cdgis.judging.unmeasurable import measure_what_can_be


def test_what_the_library_cannot_overlay_is_one_quarantined_subject():
    """Whichever subjects fail, alone or together, exactly they are set aside, and the others measured as without them."""
    subjects = sites([metres(i * 100, 0, i * 100 + 50, 50) for i in range(9)])
    subjects = replace(subjects, frame=subjects.frame.assign(source_file="a.gpkg", source_row=[str(i) for i in range(9)]))
    layers = layer_set(zone_layer("redline", [metres(0, 0, 1000, 1000)], "红线"))
    for bad in ({"S003"}, {"S000", "S008"}, set(subjects.frame["subject_id"]), set()):

        def measure(some, bad=bad):
            if bad & set(some.frame["subject_id"]):
                raise GEOSException("TopologyException")
            return measure_overlaps(some, layers)

        kept, measurement = measure_what_can_be(subjects, measure)
        assert set(kept.frame["subject_id"]) == set(subjects.frame["subject_id"]) - bad
        assert {note.value for note in kept.intake if note.status is IntakeStatus.QUARANTINED} == bad
        assert set(measurement.subject_ids) == set(kept.frame["subject_id"])
        assert list(kept.frame.columns) == list(subjects.frame.columns) and list(kept.attributes.columns) == list(subjects.attributes.columns)


@pytest.mark.parametrize("effect", ["禁止", "提示"])
def test_a_depth_that_cannot_be_measured_costs_its_own_subject_and_only_where_a_verdict_rests_on_it(effect, monkeypatch):
    measured = extents.inradius_m

    def failing(polygons, **how):
        if (shapely.area(polygons) > 5000).any():
            raise GEOSException("TopologyException")
        return measured(polygons, **how)

    monkeypatch.setattr(extents, "inradius_m", failing)
    subjects = sites([metres(i * 200, 0, i * 200 + (100 if i == 3 else 50), 100 if i == 3 else 50) for i in range(6)])
    subjects = replace(subjects, frame=subjects.frame.assign(source_file="a.gpkg", source_row=[str(i) for i in range(6)]))
    rules = [rule("R-1", "redline", effect)]
    config = SimpleNamespace(tolerance_m=20.0, area_method="survey")
    loaded = SimpleNamespace(
        layers=layer_set(zone_layer("redline", [metres(-50, -50, 5000, 5000)])), rules=rules, settings=config, as_of=date(2026, 11, 1)
    )
    monkeypatch.setattr(evaluation, "judge_again", evaluation.judge_again.__wrapped__)
    judged = evaluation.judge_subjects.__wrapped__(loaded, subjects)
    lost = {note.value for note in judged.subjects.intake if note.status is IntakeStatus.QUARANTINED}
    assert lost == ({"S003"} if effect == "禁止" else set())
    assert set(judged.tables["verdicts"]["subject_id"]) == {f"S00{i}" for i in range(6)} - lost


def test_a_fault_of_a_layer_is_not_blamed_on_subjects():
    def measure(some):
        raise GEOSException("TopologyException")

    with pytest.raises(GEOSException):
        measure_what_can_be(sites([metres(0, 0, 5, 5)]), measure)
