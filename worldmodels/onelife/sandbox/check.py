"""Whether a source text stays inside the language of laws: a small part of Python.

What is not listed is rejected. Nothing is run.
"""

import ast
import warnings
from collections.abc import Callable, Collection, Iterator
from typing import Any, Final

from worldmodels.onelife.sandbox.errors import LawError
from worldmodels.onelife.sandbox.names import ATTRIBUTES, BUILTINS, OFFERED, is_plain

MAX_CHARACTERS: Final = 20_000  # of a source text; also bounds the number of its nodes
MAX_DEPTH: Final = 60  # of nested expressions and blocks
MAX_NUMBER: Final = 2**63  # whole numbers written in a source are smaller
MAX_EXPONENT: Final = 64  # of constant powers and shifts
MAX_REPEAT: Final = 10_000  # of constant repetitions of texts and lists
METHODS: Final = {"precondition": ("state", "action"), "effect": ("state", "action")}

_MAX_COMPLAINTS: Final = 10
_SEQUENCES: Final = (ast.JoinedStr, ast.List, ast.Tuple)

Complaint = tuple[ast.AST, str]  # where, and what with its remedy


def check_source(source: str, names: Collection[str] = ()) -> None:
    """Reject what a law must not contain.

    Args:
        source: Two functions `precondition(state, action)` and `effect(state, action)`, or one
            class with these two methods, besides constants and functions they use.
        names: Attributes of states that the law may read.

    Raises:
        LawError: of kind `rejected`; one line per complaint, each with line and column.
    """
    if len(source) > MAX_CHARACTERS:
        raise LawError(
            "rejected", f"a law has at most {MAX_CHARACTERS} characters, got {len(source)}"
        )
    tree = _parsed(source)
    attributes = ATTRIBUTES | frozenset(names) | frozenset(_members(tree))
    words = frozenset((*BUILTINS, *OFFERED)) | frozenset(_bound(tree))
    complaints = sorted(
        (getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1, text)
        for node, text in _complaints(tree, words, attributes)
    )
    if complaints:
        shown = complaints[:_MAX_COMPLAINTS]
        lines = [f"line {line}, column {column}: {text}" for line, column, text in shown]
        raise LawError("rejected", "\n".join(lines))


def _parsed(source: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the law's style
            return ast.parse(source)
    except SyntaxError as error:
        where = f"line {error.lineno}, column {error.offset}"
        raise LawError("rejected", f"{where}: this is not Python: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        text = str(error) or "it is nested too deeply"
        raise LawError("rejected", f"line 1, column 1: this cannot be parsed: {text}") from None


def _members(tree: ast.Module) -> Iterator[str]:
    """Names of what the classes of the source define."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from _bound(ast.Module(node.body, []))


def _bound(tree: ast.AST) -> Iterator[str]:
    """Every name that the source gives to something."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg


def _complaints(
    tree: ast.Module, words: Collection[str], attributes: Collection[str]
) -> Iterator[Complaint]:
    yield from _about_layout(tree)
    rest: list[tuple[ast.AST, int]] = [(tree, 0)]
    while rest:
        node, depth = rest.pop()
        if not isinstance(node, _ALLOWED):
            yield node, _remedy(node)
            continue
        if depth > MAX_DEPTH:
            yield node, f"nested more than {MAX_DEPTH} deep; give parts of it names"
            continue
        yield from _about_names(node, words, attributes)
        judge = _JUDGES.get(type(node))
        if judge is not None and (text := judge(node)):
            yield node, text
        rest += [(child, depth + 1) for child in _children(node)]


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """Parts that will run. Annotations are compiled to texts and never will."""
    for name, value in ast.iter_fields(node):
        if name not in ("annotation", "returns"):
            parts = value if isinstance(value, list) else [value]
            yield from (part for part in parts if isinstance(part, ast.AST))


def _about_names(
    node: ast.AST, words: Collection[str], attributes: Collection[str]
) -> Iterator[Complaint]:
    for name in _identifiers(node):
        if not is_plain(name):
            yield node, f"the name {name!r} is not open to laws; use another, without underscores"
        elif isinstance(node, ast.Attribute):
            if name not in attributes:
                yield node, f"there is no attribute {name!r} here; states and values list theirs"
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            if name not in words:
                yield node, f"the name {name!r} is unknown; offered are {_listed()}"
        elif not isinstance(node, ast.keyword) and name in (*BUILTINS, *OFFERED):
            yield node, f"the name {name!r} is taken; choose another"


def _listed() -> str:
    return ", ".join((*OFFERED, *BUILTINS))


def _identifiers(node: ast.AST) -> list[str]:
    """What this very node names."""
    fields = (getattr(node, field, None) for field in ("id", "attr", "arg", "name"))
    return [name for name in fields if isinstance(name, str)]


def _about_layout(tree: ast.Module) -> Iterator[Complaint]:
    for node in tree.body:
        if not isinstance(node, _OUTERMOST):
            yield node, "the outermost level holds functions, constants and one class"
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    for node in classes:
        for part in node.body:
            if not isinstance(part, (*_OUTERMOST, ast.Pass)) or isinstance(part, ast.ClassDef):
                yield part, "a class holds methods and constants"
    if len(classes) > 1:
        yield classes[1], "a law is at most one class"
    owner: ast.Module | ast.ClassDef = classes[0] if classes else tree
    first = ("self",) if classes else ()
    functions = {node.name: node for node in owner.body if isinstance(node, ast.FunctionDef)}
    for name, parameters in METHODS.items():
        function = functions.get(name)
        signature = f"{name}({', '.join((*first, *parameters))})"
        if function is None:
            yield owner, f"a law defines {signature}; it is missing"
        elif not _takes(function.args, len(first) + len(parameters)):
            yield function, f"a law defines {signature}, with these parameters and no more"


def _takes(arguments: ast.arguments, count: int) -> bool:
    extra = (*arguments.kwonlyargs, arguments.vararg, arguments.kwarg)
    return len((*arguments.posonlyargs, *arguments.args)) == count and not any(extra)


def _judge_function(node: Any) -> str | None:
    if node.decorator_list:
        return "laws have no decorators; call the function yourself"
    return "laws have no type parameters" if getattr(node, "type_params", None) else None


def _judge_class(node: Any) -> str | None:
    if node.bases or node.keywords:
        return "the class of a law has no bases and no metaclass"
    return _judge_function(node)


def _judge_constant(node: Any) -> str | None:
    value = node.value
    if type(value) not in (bool, int, float, str, type(None)):
        return f"constants are numbers and texts, got {type(value).__name__}"
    if isinstance(value, int) and value >= MAX_NUMBER:
        return "whole numbers are smaller than 2**63"
    return None


def _judge_attribute(node: Any) -> str | None:
    if not isinstance(node.ctx, ast.Load):
        return "laws change no attributes; return what will be, in an effect"
    return None


def _judge_annotated(node: Any) -> str | None:
    return None if isinstance(node.target, ast.Name) else "only plain names are annotated"


def _judge_operation(node: Any) -> str | None:
    left, right = getattr(node, "left", None), getattr(node, "right", getattr(node, "value", None))
    if isinstance(node.op, ast.MatMult):
        return "laws have no matrix product"
    if isinstance(node.op, ast.Pow | ast.LShift):
        return f"constant exponents are at most {MAX_EXPONENT}" if _big(right, 64) else None
    if isinstance(node.op, ast.Mult):
        for repeated, count in ((left, right), (right, left)):
            if _is_sequence(repeated) and _big(count, MAX_REPEAT):
                return f"texts and lists are repeated at most {MAX_REPEAT} times"
    return None


def _is_sequence(node: ast.AST | None) -> bool:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return is_text or isinstance(node, _SEQUENCES)


def _big(node: ast.AST | None, limit: int) -> bool:
    """Whether an expression is constant and not plainly a number of at most `limit`."""
    if node is None or any(isinstance(n, ast.Name | ast.Call) for n in ast.walk(node)):
        return False
    number = node.operand if isinstance(node, ast.UnaryOp) else node
    value = number.value if isinstance(number, ast.Constant) else None
    return not isinstance(value, int | float) or value > limit


_JUDGES: Final[dict[type[ast.AST], Callable[[Any], str | None]]] = {
    ast.FunctionDef: _judge_function,
    ast.ClassDef: _judge_class,
    ast.Constant: _judge_constant,
    ast.Attribute: _judge_attribute,
    ast.AnnAssign: _judge_annotated,
    ast.BinOp: _judge_operation,
    ast.AugAssign: _judge_operation,
}
_OUTERMOST: Final = (ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign, ast.Expr)
_ALLOWED: Final = (
    *(ast.Module, ast.FunctionDef, ast.ClassDef, ast.arguments, ast.arg, ast.Return, ast.Lambda),
    *(ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Pass, ast.Assert),
    *(ast.For, ast.While, ast.If, ast.Break, ast.Continue),
    *(ast.Name, ast.Constant, ast.Attribute, ast.Subscript, ast.Slice, ast.Starred),
    *(ast.Call, ast.keyword, ast.JoinedStr, ast.FormattedValue),
    *(ast.Dict, ast.Set, ast.List, ast.Tuple, ast.IfExp),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.comprehension),
    *(ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.Compare),
    *(ast.boolop, ast.operator, ast.unaryop, ast.cmpop, ast.expr_context),
)
_REMEDIES: Final = {
    "Import": "laws import nothing; `math` and `Distribution` are offered",
    "ImportFrom": "laws import nothing; `math` and `Distribution` are offered",
    "Try": "laws catch nothing; test the condition with `if`",
    "TryStar": "laws catch nothing; test the condition with `if`",
    "Raise": "laws raise nothing; let the precondition be False",
    "With": "laws open nothing",
    "Delete": "laws delete nothing; what vanishes has the value ABSENT in an effect",
    "Global": "laws keep nothing between calls; pass values as arguments",
    "Nonlocal": "laws keep nothing between calls; pass values as arguments",
    "NamedExpr": "assign in a statement of its own",
    "Match": "compare with `if`",
    "Yield": "return a list",
    "YieldFrom": "return a list",
}


def _remedy(node: ast.AST) -> str:
    kind = type(node).__name__
    return f"{kind} is not part of the language of laws: {_REMEDIES.get(kind, 'leave it out')}"
