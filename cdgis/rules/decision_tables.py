"""The rule book as DMN 1.3: a decision table for each rule that two-valued logic over complete facts can express.

A table's rows are tried from the top: the rule's own rows give its effect, the last row 不适用. Inputs are described in
Chinese: whether a zone of a scope is hit, how far it is, and the declared facts. Industries are written out
as 4-digit classes, so a shorter code, a blank or an unknown zone has no place here: those need cdgis. What cannot be
expressed is listed in the description of the definitions, each with its reason.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from xml.etree import ElementTree as xml

from cdgis.core.vocabulary import ProjectType, Scope, SubjectKind
from cdgis.rules.attributes import AttributeSpec
from cdgis.rules.industry import codes
from cdgis.rules.rule import NUMERIC_OPERATORS, Condition, Rule

NAMESPACE = "https://www.omg.org/spec/DMN/20191111/MODEL/"
NOT_APPLICABLE = "不适用"
_ANY = "-"
_SIGNS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_PLAIN = (*NUMERIC_OPERATORS, "eq", "ne", "in", "true", "false")
_DECLARED = ("declared", "not_declared", "given")
_MEASURED = {"area_m2": "面积（平方米）", "length_m": "长度（米）"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One question of a table."""

    name: str
    label: str
    kind: str
    """FEEL type: string, number or boolean."""


@dataclass(slots=True)
class Inputs:
    """All questions of the model, each once, in order of appearance."""

    by_name: dict[str, Input] = field(default_factory=dict)
    scopes: dict[Scope, int] = field(default_factory=dict)

    def ask(self, name: str, label: str, kind: str) -> str:
        """Enter a question and return its name."""
        self.by_name.setdefault(name, Input(name=name, label=label, kind=kind))
        return name

    def zone(self, rule: Rule) -> str:
        """Enter what a rule asks of its zones: whether one is hit, or how far the nearest is."""
        scope = Scope(rule.layer, rule.zone_classes, rule.zone_ids)
        number = self.scopes.setdefault(scope, len(self.scopes) + 1)
        where = "、".join((rule.layer, *rule.zone_classes, *rule.zone_ids))
        if rule.geometry == "within":
            return self.ask(f"distance_{number:03d}_m", f"到最近的区的距离（米，压占为 0）：{where}", "number")
        return self.ask(f"hit_{number:03d}", f"压占：{where}", "boolean")


def inexpressible(rule: Rule, attributes: Mapping[str, AttributeSpec]) -> str:
    """Return why a rule has no decision table, empty when it has one."""
    conditions = (*rule.conditions, *((rule.or_declared,) if rule.or_declared else ()))
    reasons = {
        "须人工判定": rule.manual,
        "由程序自己发现（无单元、碎片、图层不一致）": rule.geometry == "engine",
        "例外须看后继规则是否接手": bool(rule.unless),
        "距离取自申报的属性": bool(rule.distance_attribute),
        "一段距离内须人工判定": rule.certain_m is not None,
        "按行业名录的标志判定，名录有未定的类": rule.industry_flag is not None,
        "条件比较多项或未载的属性": any(not _plain(c, attributes) for c in conditions),
    }
    return "；".join(reason for reason, holds in reasons.items() if holds)


def _plain(condition: Condition, attributes: Mapping[str, AttributeSpec]) -> bool:
    if condition.op in _DECLARED:
        return condition.attribute in attributes
    known = condition.attribute in _MEASURED or condition.attribute in attributes
    return known and condition.op in _PLAIN


def write_dmn(rules: Sequence[Rule], attributes: Mapping[str, AttributeSpec], *, as_of: date) -> bytes:
    """Return the rules in force on `as_of` as one DMN 1.3 file, UTF-8."""
    inputs = Inputs()
    tables = [(rule, list(_rows(rule, inputs, attributes))) for rule in rules if not inexpressible(rule, attributes)]
    left = [f"{rule.id} {rule.title}：{why}" for rule in rules if (why := inexpressible(rule, attributes))]
    root = xml.Element("definitions", {
        "xmlns": NAMESPACE, "id": "cdgis_rules", "name": f"准入规则（{as_of.isoformat()} 有效）", "namespace": "cdgis:rules",
    })  # fmt: skip
    _text(root, "description", "\n".join((
        f"{len(tables)} 条规则各一张决策表：条件成立给出效力，否则“{NOT_APPLICABLE}”。事实须齐全；"
        "空白、区界不明、行业代码不足四位的，请用 cdgis 研判。",
        f"下列 {len(left)} 条不能用二值决策表表达：", *left,
    )))  # fmt: skip
    for item in inputs.by_name.values():
        data = xml.SubElement(root, "inputData", {"id": f"input_{item.name}", "name": item.name})
        # engines take a label for the variable's name: the Chinese words stand in the description
        _text(data, "description", item.label)
        xml.SubElement(data, "variable", {"id": f"variable_{item.name}", "name": item.name, "typeRef": item.kind})
    for rule, rows in tables:
        _decision(root, rule, rows, inputs)
    xml.indent(root, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{xml.tostring(root, encoding="unicode")}\n'.encode()


def decision_name(rule: Rule) -> str:
    """Return the name a rule's decision goes by: letters, digits and underscores."""
    return "rule_" + "".join(letter if letter.isalnum() else "_" for letter in rule.id)


def _rows(rule: Rule, inputs: Inputs, attributes: Mapping[str, AttributeSpec]) -> Iterator[dict[str, list[str]]]:
    """Yield the rows that give the rule's effect: input name -> what its value must satisfy, all of the list."""
    common: dict[str, list[str]] = {}

    def want(name: str, test: str) -> None:
        """Add a test to the rows."""
        common.setdefault(name, []).append(test)

    if rule.geometry == "within":
        want(inputs.zone(rule), f"<= {rule.distance_m:.15g}")
    elif rule.geometry == "hit":
        want(inputs.zone(rule), "true")
    if set(rule.subject_kinds) != set(SubjectKind):
        want(inputs.ask("subject_kind", "对象类别（project 项目、enterprise 企业）", "string"), _words(rule.subject_kinds))
    if rule.project_types:
        types = f"建设性质（{'、'.join(ProjectType)}）"
        want(inputs.ask("project_type", types, "string"), _words(rule.project_types))
    if rule.activities:
        want(inputs.ask("activity", "活动类型", "string"), _words(rule.activities))
    for condition in rule.conditions:
        want(*_test(condition, inputs, attributes))
    if not rule.industry_prefixes:  # what widens the industries adds nothing where there are all
        yield common
        return
    classes = [code for code in codes() if len(code) == 4 and code.startswith(rule.industry_prefixes)]
    name = inputs.ask("industry", "行业代码（GB/T 4754-2017，四位）", "string")
    yield {**common, name: [*common.get(name, []), _words(classes)]}
    if rule.or_declared:
        name, test = _test(rule.or_declared, inputs, attributes)
        yield {**common, name: [*common.get(name, []), test]}


def _test(condition: Condition, inputs: Inputs, attributes: Mapping[str, AttributeSpec]) -> tuple[str, str]:
    name, op, value = condition.attribute, condition.op, condition.value
    title = _MEASURED.get(name) or attributes[name].title
    if op in _DECLARED:
        asked = f"given_{name}" if op == "given" else f"declared_{name}"
        words = f"{title}：{'已填写' if op == 'given' else '已提供（文号须已登记为见到）'}"
        return inputs.ask(asked, words, "boolean"), "false" if op == "not_declared" else "true"
    if op in _SIGNS:
        return inputs.ask(name, f"{title}{f'（{condition.unit}）' if condition.unit else ''}", "number"), f"{_SIGNS[op]} {value:.15g}"
    if op in ("true", "false"):
        return inputs.ask(name, title, "boolean"), op
    values = value if isinstance(value, tuple) else (value,)
    numeric = all(isinstance(item, float) for item in values)
    listed = ", ".join(f"{item:.15g}" for item in values) if numeric else _words([str(item) for item in values])
    return inputs.ask(name, title, "number" if numeric else "string"), f"not({listed})" if op == "ne" else listed


def _words(values: Sequence[str]) -> str:
    return ", ".join('"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)


def _decision(root: xml.Element, rule: Rule, rows: Sequence[Mapping[str, list[str]]], inputs: Inputs) -> None:
    name = decision_name(rule)
    decision = xml.SubElement(root, "decision", {"id": name, "name": name, "label": f"{rule.id} {rule.title}"})
    _text(decision, "description", f"{rule.clause}\n依据：{rule.basis_text}；{rule.start_text} 起\n出处：{rule.mark}")
    xml.SubElement(decision, "variable", {"id": f"{name}_variable", "name": name, "typeRef": "string"})
    # a column holds one test: two bounds on one attribute are two columns on the same question
    columns = [(key, place) for key in dict.fromkeys(key for row in rows for key in row)
               for place in range(max(len(row.get(key, ())) for row in rows))]  # fmt: skip
    for key in dict.fromkeys(key for key, _ in columns):
        need = xml.SubElement(decision, "informationRequirement", {"id": f"{name}_needs_{key}"})
        xml.SubElement(need, "requiredInput", {"href": f"#input_{key}"})
    table = xml.SubElement(decision, "decisionTable", {"id": f"{name}_table", "hitPolicy": "FIRST"})
    for number, (key, _) in enumerate(columns, start=1):
        item = inputs.by_name[key]
        asked = xml.SubElement(table, "input", {"id": f"{name}_input_{number}"})
        expression = xml.SubElement(asked, "inputExpression", {"id": f"{name}_expression_{number}", "typeRef": item.kind})
        _text(expression, "text", key)
    xml.SubElement(table, "output", {"id": f"{name}_output", "name": name, "label": "效力", "typeRef": "string"})
    for number, row in enumerate((*rows, {}), start=1):
        line = xml.SubElement(table, "rule", {"id": f"{name}_row_{number}"})
        for column, (key, place) in enumerate(columns, start=1):
            tests = row.get(key, ())
            entry = xml.SubElement(line, "inputEntry", {"id": f"{name}_{number}_{column}"})
            _text(entry, "text", tests[place] if place < len(tests) else _ANY)
        output = xml.SubElement(line, "outputEntry", {"id": f"{name}_{number}_effect"})
        _text(output, "text", _words([str(rule.effect) if number <= len(rows) else NOT_APPLICABLE]))


def _text(parent: xml.Element, tag: str, text: str) -> None:
    xml.SubElement(parent, tag).text = text
