"""The words of the language of laws. Read by the parent, which checks, and by the child.

Attributes are reached by name only, so that an attribute not listed here (or by a codec, or in
the law's own class) does not exist for a law.
"""

import re
from typing import Final

BUILTINS: Final = (
    *("abs", "all", "any", "bool", "dict", "divmod", "enumerate", "filter", "float", "frozenset"),
    *("int", "isinstance", "iter", "len", "list", "map", "max", "min", "next", "range", "reversed"),
    *("round", "set", "slice", "sorted", "str", "sum", "tuple", "zip"),
)
MATH: Final = ("ceil", "cos", "exp", "floor", "hypot", "inf", "log", "pi", "sin", "sqrt")
OFFERED: Final = ("ABSENT", "Distribution", "math")  # besides the builtins

_OF_TEXT: Final = (
    *("capitalize", "count", "endswith", "find", "index", "isalpha", "isdigit", "join", "lower"),
    *("lstrip", "partition", "removeprefix", "removesuffix", "replace", "rpartition", "rsplit"),
    *("rstrip", "split", "startswith", "strip", "title", "upper"),
)
_OF_CONTAINERS: Final = (
    *("add", "append", "clear", "copy", "difference", "discard", "extend", "get", "insert"),
    *("intersection", "isdisjoint", "issubset", "issuperset", "items", "keys", "pop", "remove"),
    *("reverse", "setdefault", "sort", "union", "update", "values"),
)
_OF_DISTRIBUTIONS: Final = ("logscores", "of", "point", "support", "uniform")
ATTRIBUTES: Final = frozenset((*_OF_TEXT, *_OF_CONTAINERS, *_OF_DISTRIBUTIONS, *MATH))

# Never, not even where a law or a codec introduces them: the ways from an object to its class,
# its frame or its code, and the formatting that follows attributes named in a text.
_FORBIDDEN: Final = re.compile(
    r"_.*|.*__.*|(gi|cr|ag|tb|f|co|func|im)_.*|mro|format|format_map|with_traceback"
)
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_plain(identifier: str) -> bool:
    """Whether an identifier is ASCII and leads nowhere; a single underscore is."""
    if identifier == "_":
        return True
    return bool(_IDENTIFIER.fullmatch(identifier)) and not _FORBIDDEN.fullmatch(identifier)
