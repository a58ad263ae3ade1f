import re
from datetime import date
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from cdgis.core.toml_files import schema_problems


class _Thing(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=2, default="甲乙")
    day: date = date(2026, 11, 1)
    size_m: float = Field(default=1.0, ge=0)
    kind: Literal["面", "线"] = "面"
    parts: tuple[str, ...] = ()
    flag: bool = True

    @field_validator("parts")
    @classmethod
    def _no_blank(cls, parts: tuple[str, ...]) -> tuple[str, ...]:
        if "" in parts:
            raise ValueError("不得有空项")
        return parts


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": 5}, "name：应为文字，请加引号（读到 5）"),
        ({"name": ""}, "name：至少 2 个字（读到 ''）"),
        ({"day": "x"}, "day：应为日期，如 2026-11-01（读到 'x'）"),
        ({"size_m": -1}, "size_m：不得小于 0（读到 -1）"),
        ({"size_m": "x"}, "size_m：应为数字（读到 'x'）"),
        ({"kind": "点"}, "kind：应为 '面'、'线' 之一（读到 '点'）"),
        ({"parts": "甲"}, 'parts：应为列表，如 ["甲", "乙"]（读到 \'甲\'）'),
        ({"parts": [""]}, "parts：不得有空项"),
        ({"flag": "perhaps"}, "flag：应为 true 或 false（读到 'perhaps'）"),
        ({"sise": 1}, "sise：没有这一项，请核对拼写（读到 1）"),
    ],
)
def test_fault_is_told_in_chinese_when_data_breaks_the_schema(wrong, sentence):
    with pytest.raises(ValidationError) as caught:
        _Thing(**wrong)
    assert schema_problems(caught.value) == (sentence,)


def test_all_faults_are_told_at_once_and_long_values_are_cut():
    with pytest.raises(ValidationError) as caught:
        _Thing(size_m="x" * 200, kind="点")
    first, second = schema_problems(caught.value)
    assert first.endswith("…）") and len(first) < 90 and "kind" in second


def test_unforeseen_fault_names_its_kind_without_english_prose():
    class Odd(BaseModel):
        mark: bytes

    with pytest.raises(ValidationError) as caught:
        Odd(mark=1.5)
    assert schema_problems(caught.value) == ("mark：不合要求（bytes_type）（读到 1.5）",)
    assert not re.search("Input should", schema_problems(caught.value)[0])
