"""What settings files state is taken as written or refused by name: no number in quotes, no `true` for 1, no seconds for a day."""

import math
import types
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, ValidationError, field_validator
from test_workspace import SETTINGS, written

from cdgis.core import toml_files
from cdgis.core.errors import UsageError, WorkspaceError
from cdgis.core.toml_files import Stated, schema_problems
from cdgis.core.vocabulary import Effect
from cdgis.readers.layer_profiles import Profile
from cdgis.relocation.policy.dispositions import RelocationPolicy
from cdgis.relocation.policy.scoring import DestinationPolicy, PriorityPolicy, read_weights
from cdgis.rules.law import Code
from cdgis.rules.rule import Rule
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.settings import Settings, open_workspace

MODELS = (Settings, LayerSpec, Rule, PriorityPolicy, DestinationPolicy, RelocationPolicy, Profile, Code)
WORDS = ["20", " 20 ", "２０", "1,5", "1_000", "1e2", "0x10", "nan", "inf", "-0", "二十", "", "true", "1793491200", "20261101"]
WRONG = {
    float: [*WORDS, True, False, math.nan, math.inf, -math.inf, date(2026, 11, 1), [1], {}],
    int: [*WORDS, True, False, math.nan, math.inf, 1.5, date(2026, 11, 1), [1], {}],
    bool: [*WORDS, "yes", "是", "on", 0, 1, 0.0, 1.0, [True]],
    date: [*WORDS, "2026-1-1", "2026/11/01", "2026年11月1日", 0, 20261101, 1793491200, 1793491200.0, True, math.nan],
}


def scalars(model: type[BaseModel], seen: frozenset[type] = frozenset()) -> Iterator[tuple[type[BaseModel], str, type]]:
    """Every field of a model, and of the models in it, that holds one number, truth or day (or nothing)."""
    for name, field in model.model_fields.items():
        for kind in kinds(field.annotation):
            if isinstance(kind, type) and issubclass(kind, BaseModel) and kind not in seen:
                yield from scalars(kind, seen | {model, kind})
        plain = [kind for kind in options(field.annotation) if kind is not types.NoneType]
        if len(plain) == 1 and plain[0] in WRONG:
            yield model, name, plain[0]


def options(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Annotated:
        return options(get_args(annotation)[0])
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)


def kinds(annotation: Any) -> Iterator[Any]:
    yield annotation
    if get_origin(annotation) is not Literal:
        for inner in get_args(annotation):
            yield from kinds(inner)


FIELDS = sorted({found for model in MODELS for found in scalars(model)}, key=lambda found: (found[0].__name__, found[1]))


def faults(model: type[BaseModel], name: str, value: object) -> list[str]:
    """What is said of one field, the other fields left out."""
    with pytest.raises(ValidationError) as raised:
        model.model_validate({name: value})
    return [fault for fault in schema_problems(raised.value) if fault.startswith(name) and "缺少这一项" not in fault]


@pytest.mark.parametrize(("model", "name", "kind"), FIELDS, ids=lambda part: getattr(part, "__name__", part))
def test_a_value_written_in_another_kind_is_refused_by_name_and_in_chinese(model, name, kind):
    assert issubclass(model, Stated)
    for value in WRONG[kind]:
        said = faults(model, name, value)
        assert said, f"{name} = {value!r} was taken for a {kind.__name__}"
        assert all(("应" in fault or "不得" in fault) and "不合要求" not in fault for fault in said)


def test_fields_of_every_kind_were_met():
    assert len(FIELDS) > 60 and {kind for *_, kind in FIELDS} == {float, int, bool, date}


@given(st.floats(0, 1e4) | st.integers(0, 10_000))
def test_a_number_written_as_one_is_taken_as_it_stands(number):
    assert Settings(name="测试", city="承德市", as_of=date(2026, 11, 1), tolerance_m=number).tolerance_m == number


@given(st.floats() | st.integers() | st.booleans() | st.text(max_size=6))
def test_a_condition_of_a_rule_compares_with_what_was_written(value):
    try:
        read = Rule.model_fields["or_declared"].annotation.__args__[0](attribute="x", op="lt", value=value).value
    except ValidationError:
        assert isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value))
        return
    assert read == value and isinstance(read, str) == isinstance(value, str)


UNREADABLE = [
    "tolerance_m = １０", "tolerance_m = 1,5", "tolerance_m = 010", "tolerance_m = +-1", "tolerance_m = 1.", "tolerance_m = inf",
    "tolerance_m = true", 'tolerance_m = "20"', 'as_of = "1793491200"', "as_of = 2026-13-01", "as_of = 1793491200",
]  # fmt: skip


@pytest.mark.parametrize("line", UNREADABLE)
def test_the_file_itself_is_refused_with_the_name_or_the_place(tmp_path, line):
    text = "".join(row for row in SETTINGS.splitlines(keepends=True) if not row.startswith(line.split(" ")[0]))
    with pytest.raises(WorkspaceError) as raised:
        open_workspace(written(tmp_path, f"{text}{line}\n"))
    assert line.split(" ")[0] in str(raised.value) or "行" in str(raised.value)


@pytest.mark.parametrize("value", ["true", "nan", "inf", '"0.3"', "[1]", "1979-05-27"])
def test_a_weight_is_a_number(tmp_path, value):
    (tmp_path / "w.toml").write_text(f"[priority]\npeople_near = {value}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"people_near"):
        read_weights(tmp_path / "w.toml")


class EveryField(BaseModel):
    """The plain way: every field is asked, text too."""

    model_config = Stated.model_config
    every = field_validator("*", mode="wrap")(toml_files._as_written)


def nested(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(values, st.lists(values, max_size=2), st.lists(values, max_size=2).map(tuple))


PLAIN_KINDS = st.sampled_from([str, Effect, Literal["甲", "true"], None, int, float, bool, date, Annotated[str, AfterValidator(str.strip)]])
KINDS = st.recursive(PLAIN_KINDS, lambda inner: st.one_of(
    inner.map(lambda kind: tuple[kind, ...]), st.tuples(inner, inner).map(lambda pair: Union[pair]),  # noqa: UP007
    st.tuples(inner, inner).map(lambda pair: tuple[pair]),
), max_leaves=4)  # fmt: skip
VALUES = nested(nested(st.sampled_from(["甲", "禁止", "true", "1", "2026-11-01", "", None, 1, 0, 1.5, True, date(2026, 1, 1), b"x", math.nan])))


@settings(max_examples=200)
@given(KINDS, st.lists(VALUES, min_size=1, max_size=6))
def test_leaving_text_unasked_changes_no_answer(kind, values):
    asked = [types.new_class("Model", (base,), exec_body=lambda names: names.update(__annotations__={"cell": kind}, __module__=__name__))
             for base in (Stated, EveryField)]  # fmt: skip

    def said(model: type[BaseModel], value: object) -> object:
        try:
            return repr(model(cell=value))
        except ValidationError as err:
            return schema_problems(err)

    for value in values:
        assert said(asked[0], value) == said(asked[1], value)
