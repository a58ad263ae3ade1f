"""Small wrong changes to one module, found in its syntax tree: compared otherwise, off by one, negated, left out.

What is never changed: docstrings and texts (wording is for readers), type annotations, decorators, imports, module `__all__`.
"""

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

_COMPARED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_REVERSED = {ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE}
_COMPUTED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitOr,
}  # fmt: skip
_CALLED = {
    "min": "max", "max": "min", "any": "all", "all": "any", "minimum": "maximum", "maximum": "minimum", "floor": "ceil",
    "ceil": "floor", "nanmin": "nanmax", "nanmax": "nanmin", "argmin": "argmax", "argmax": "argmin", "any_of": "all_of",
    "all_of": "any_of", "logical_and": "logical_or", "logical_or": "logical_and", "intersects": "disjoint",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: where it stands, and what the code says before and after it."""

    path: str
    """Relative to the repository, with slashes."""
    line: int
    last_line: int
    order: int
    """Place in the list of the module's mutants."""
    before: str
    after: str
    function: str
    """Qualified name of the innermost function or class around it, "" at module level."""
    nth: int
    """1 for the first such change in the function, 2 for the second."""
    on_import: bool
    """Whether it runs when the module is read: outside functions, in the body of a class, as the default of an argument."""

    @property
    def key(self) -> str:
        """What names the mutant however the lines above it move: module, function, change, which of several."""
        which = f" #{self.nth}" if self.nth > 1 else ""
        return f"{self.path}::{self.function}: {self.before} -> {self.after}{which}"


def mutants_of(path: str, source: str) -> list[Mutant]:
    """Return all mutants of a module, in the order of its code."""
    tree = ast.parse(source)
    found: list[Mutant] = []
    seen: Counter[tuple[str, ...]] = Counter()
    called = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
              for part in (node.body if isinstance(node.body, list) else [node.body]) for inner in ast.walk(part)}  # fmt: skip
    for order, (node, scope, changed) in enumerate(_changes(tree)):
        last = getattr(node, "end_lineno", node.lineno) or node.lineno
        texts = (_said(node), "（删去）" if changed is None else _said(changed))
        seen[scope, *texts] += 1
        found.append(Mutant(path, node.lineno, last, order, *texts, scope, seen[scope, *texts], id(node) not in called))
    return found


def mutated_tree(source: str, order: int) -> ast.Module:
    """Return the module's tree with its mutant number `order` applied."""
    tree = ast.parse(source)
    node, _, changed = next(item for place, item in enumerate(_changes(tree)) if place == order)
    new = ast.Pass() if changed is None else changed
    ast.copy_location(new, node)

    class Exchange(ast.NodeTransformer):
        def visit(self, current: ast.AST) -> ast.AST:
            return new if current is node else self.generic_visit(current)

    return ast.fix_missing_locations(Exchange().visit(tree))


def _said(node: ast.AST) -> str:
    if isinstance(node, ast.If | ast.While):
        return f"if {_said(node.test)}"
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 110 else text[:107] + "..."


def _changes(tree: ast.Module) -> Iterator[tuple[ast.AST, str, ast.AST | None]]:
    """Yield (node, scope, what takes its place; None: the statement is left out)."""
    for node, scope in _code(tree, ""):
        for changed in _variants(node):
            yield node, scope, changed


def _code(node: ast.AST, scope: str) -> Iterator[tuple[ast.AST, str]]:
    """Yield the nodes that may be changed, parents first."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        scope = f"{scope}.{node.name}" if scope else node.name
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_params", "bases"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or _is_left(child):
                continue
            yield child, scope
            yield from _code(child, scope)


def _is_left(node: ast.AST) -> bool:
    if isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return True
    named = node.targets if isinstance(node, ast.Assign) else []
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in named)


def _variants(node: ast.AST) -> Iterator[ast.AST | None]:
    match node:
        case ast.Compare():
            yield from _compared(node)
        case ast.BinOp(op=op) if type(op) in _COMPUTED and not _joins_texts(node):
            yield _with(node, op=_COMPUTED[type(op)]())
        case ast.BoolOp(op=op):
            yield _with(node, op=ast.Or() if isinstance(op, ast.And) else ast.And())
        case ast.UnaryOp(op=ast.Not() | ast.Invert() | ast.USub()):
            yield copy.deepcopy(node.operand)
        case ast.Constant(value=value):
            yield from _other_constant(value)
        case ast.Call(func=ast.Name(id=name)) if name in _CALLED:
            yield _with(node, func=ast.Name(id=_CALLED[name], ctx=ast.Load()))
        case ast.Call(func=ast.Attribute(value=owner, attr=name)) if name in _CALLED:
            yield _with(node, func=ast.Attribute(value=owner, attr=_CALLED[name], ctx=ast.Load()))
        case ast.IfExp():
            yield _with(node, body=node.orelse, orelse=node.body)
        case ast.If() | ast.While():
            yield _with(node, test=ast.UnaryOp(op=ast.Not(), operand=node.test))
        case ast.Break():
            yield ast.Continue()
        case ast.Continue():
            yield ast.Break()
        case ast.AugAssign(op=op) if type(op) in _COMPUTED:
            yield _with(node, op=_COMPUTED[type(op)]())
        case ast.Expr() | ast.Raise() | ast.Assert():
            yield None


def _with(node: ast.AST, **fields: object) -> ast.AST:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _compared(node: ast.Compare) -> Iterator[ast.AST]:
    for place, op in enumerate(node.ops):
        for table in (_COMPARED, _REVERSED):
            if type(op) in table:
                yield _with(node, ops=[*node.ops[:place], table[type(op)](), *node.ops[place + 1 :]])


def _joins_texts(node: ast.BinOp) -> bool:
    return any(
        isinstance(side, ast.JoinedStr) or (isinstance(side, ast.Constant) and isinstance(side.value, str | bytes))
        for side in (node.left, node.right)
    )


def _other_constant(value: object) -> Iterator[ast.AST]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
    elif isinstance(value, float):
        yield ast.Constant(value * 2 if value else 1.0)
