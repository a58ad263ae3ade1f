"""What a second process answers is what this one would, and where there is none the work is done here all the same."""

import math
import os
import time

import pandas as pd
import pytest

from cdgis.core import beside as module
from cdgis.core.beside import Beside, beside
from cdgis.core.errors import CdgisError, UsageError
from cdgis.core.number_format import metres


@pytest.fixture(scope="module")
def other():
    """One process for the tests that need it alive; blocks opened by the tests do not share it."""
    started = Beside()
    yield started
    started.close()


def _refuse() -> None:
    raise UsageError("不行")


def test_another_process_answers_and_what_it_is_given_comes_back_whole(other):
    frame = pd.DataFrame({"a": pd.array(["甲", ""], dtype="string"), "b": [1.5, float("nan")]})
    asked = other.begin(os.getpid), other.begin(metres, 1234.5), other.begin(pd.DataFrame.copy, frame)
    assert asked[0]() != os.getpid()
    assert asked[1]() == metres(1234.5)
    pd.testing.assert_frame_equal(asked[2](), frame)


def test_what_is_given_is_taken_as_it_was_when_asked(other):
    rows = [1, 2]
    answer = other.begin(sum, rows)
    rows.append(100)
    assert answer() == 3


def test_nobody_is_started_unasked():
    with beside(wanted=False) as nobody:
        assert nobody.begin(os.getpid)() == os.getpid()
        assert nobody.begin(math.factorial, 5, here=lambda: "here")() == "here"
        assert nobody.begin_once(len, rows := [1])() == 1 and nobody.begun(len, rows) is None


def test_inside_another_program_nobody_is_started(monkeypatch):
    """A desktop GIS has itself for `sys.executable`: starting that would open a second window."""
    monkeypatch.setattr(module.sys, "executable", "/opt/qgis-bin.exe")
    with beside(wanted=True) as nobody:
        assert not isinstance(nobody, Beside)


def test_a_process_that_ends_leaves_its_work_to_this_one():
    with beside(wanted=True) as started:
        answer = started.begin(os._exit, 3, here=os.getpid)
        assert answer() == os.getpid()
        assert started.begin(os.getpid)() == os.getpid()


def test_an_error_is_this_process_s_own():
    with beside(wanted=True) as started, pytest.raises(CdgisError, match="不行"):
        started.begin(_refuse)()


def test_what_cannot_travel_is_worked_on_here(other):
    assert other.begin(str.upper, "a", here=lambda: "A")() == "A"
    assert other.begin(lambda: os.getpid())() == os.getpid()


def test_a_python_that_cannot_be_started_is_no_error(monkeypatch, tmp_path):
    monkeypatch.setattr(module.sys, "executable", str(tmp_path / "python-absent"))
    with beside(wanted=True) as started:
        assert started.begin(os.getpid)() == os.getpid()


def test_a_block_inside_another_shares_its_process():
    with beside(wanted=True) as outer:
        first = outer.begin(os.getpid)()
        with beside(wanted=True) as inner:
            assert inner.begin(os.getpid)() == first != os.getpid()
        with beside(wanted=False) as nobody:
            assert nobody.begin(os.getpid)() == os.getpid()
        assert outer.begin(os.getpid)() == first


def test_an_error_does_not_end_the_process():
    with beside(wanted=True) as started:
        there = started.begin(os.getpid)()
        with pytest.raises(CdgisError, match="不行"):
            started.begin(_refuse)()
        assert started.begin(os.getpid)() == there


def test_what_is_begun_once_is_answered_once_for_the_same_object_alone(other):
    first, same = [1, 2], [1, 2]
    answer = other.begin_once(len, first)
    assert other.begin_once(len, first) is answer
    assert other.begin_once(len, same) is not answer and other.begin_once(max, first) is not answer
    assert answer() == 2 and other.begin_once(max, first)() == 2
    assert other.begun(len, first) == 2 and other.begun(len, [1, 2]) is None and other.begun(min, first) is None


def _identity(around: dict[str, list[object]]) -> int:
    return id(around["of"][0])


def test_what_is_kept_is_sent_once_and_reached_through_whatever_refers_to_it(monkeypatch):
    sizes, send = [], module._send
    monkeypatch.setattr(module, "_send", lambda stream, content: (sizes.append(len(content)), send(stream, content)))
    kept, other_one = ["甲" * 10_000, 1.5], ["乙"]
    with beside(wanted=True) as started:
        first = started.begin(id, kept, keep=kept)()
        assert started.begin(_identity, {"of": [kept]})() == first != id(kept)
        assert started.begin(list, kept)() == kept and started.begin(len, [kept, other_one, kept])() == 3
        assert started.begin(id, other_one, keep=other_one)() != first
        assert started.begin(_identity, {"of": [kept]}, keep=kept)() == first
        assert started.begin(list, [other_one, kept])() == [other_one, kept]
    assert sizes[0] > 30_000 > 1_000 > max(sizes[1:])


def test_what_could_not_be_sent_is_not_taken_for_kept(other):
    strange = [lambda: None]
    assert other.begin(len, strange, keep=strange)() == 1
    assert other.begin(_identity, {"of": [strange]})() == id(strange)
    assert other.begin(len, [1, 2])() == 2


def _who(about: list[float], part: int) -> tuple[int, int, int]:
    time.sleep(about[0])
    return part, id(about), os.getpid()


@pytest.mark.parametrize("busy_s", [0.0, 60.0])
def test_shared_work_is_done_once_by_whoever_is_free(busy_s):
    """However long the other is with an earlier question, nobody waits while parts are left."""
    about = [0.01]
    with beside(wanted=True) as started:
        there = started.begin(os.getpid)()
        started.begin(time.sleep, busy_s)
        done = list(started.share(_who, about, range(12)))
    assert sorted(part for part, _, _ in done) == list(range(12))
    assert {pid for _, _, pid in done} == ({os.getpid()} if busy_s else {os.getpid(), there})
    assert len({kept for _, kept, pid in done if pid == there}) == (0 if busy_s else 1)


def test_shared_work_is_done_here_where_the_other_cannot():
    with beside(wanted=True) as started:
        started.begin(os._exit, 3)
        assert [part for part, _, _ in started.share(_who, [0.0], [1, 2, 3])] == [3, 2, 1]
        assert list(started.share(lambda about, part: about + part, 1, [1, 2])) == [3, 2]
    with beside(wanted=False) as nobody:
        assert list(nobody.share(max, 2, [1, 3])) == [3, 2]


def test_what_is_taken_back_leaves_nothing_kept_in_doubt():
    """The other is busy, so all that was offered about one thing is done here; later questions about others mean those."""
    first, second = ["甲"], ["乙", "丙"]
    with beside(wanted=True) as started:
        started.begin(time.sleep, 0.3)
        offered = started.offer(_who, [0.0], [1, 2], here=lambda part: (part, 0, os.getpid()))
        assert [answer()[0] for answer in offered] == [1, 2]
        assert [answer() for answer in started.offer(_said_of, first, "ab", here=str.upper)] == ["A", "B"]
        held = started.begin(list, second, keep=second)
        assert started.begin(_said_of, first, "x", here=lambda: "here")() == "甲x"
        assert held() == second and started.begin(_said_of, second, "y", here=lambda: "here")() == "乙丙y"


def _said_of(about: list[str], part: str) -> str:
    return "".join(about) + part
