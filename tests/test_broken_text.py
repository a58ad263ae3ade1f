"""Text read in a wrong encoding is known as such, and no honest text is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdgis.core.broken_text import is_broken

CHINESE = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=2, max_size=20)


@given(CHINESE, st.text("A1（） ", max_size=4))
def test_utf8_taken_for_latin_letters_is_known(text: str, more: str) -> None:
    assert is_broken((text + more).encode().decode("cp1252", "replace").replace("\ufffd", "")) or is_broken(
        (text + more).encode().decode("cp1252", "replace"))  # fmt: skip


@given(CHINESE, st.text("A1 ", max_size=4))
def test_utf8_taken_for_gbk_is_known_wherever_it_kept_its_bytes(text: str, more: str) -> None:
    raw = (text + more).encode()
    wrong = raw.decode("gb18030", "ignore")
    if wrong.encode("gb18030") in (raw, raw[:-1]):
        assert is_broken(wrong)


HONEST = ("双桥区城镇建成区重点管控单元", "联通", "", "A05", "生态保护红线·核心保护区", "Ø200 管线", "café", "承德市（示范）", "100 m²", "№3", "——")
WORDS = "承德市双桥滦平隆化丰宁围场宽城兴隆县区河水库一般生态空间优先保护重点管控单元第（）0123456789示例项目企业厂砖公司有限责任"


@pytest.mark.parametrize("text", HONEST)
def test_honest_text_is_not(text: str) -> None:
    assert not is_broken(text)


@given(st.text(st.sampled_from(WORDS), min_size=1, max_size=30))
def test_words_of_the_trade_are_not(text: str) -> None:
    assert not is_broken(text)
