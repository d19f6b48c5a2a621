"""The syntax of TSPLIB: keywords with values, and sections of numbers."""

import dataclasses
import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, NoReturn, TypeVar

NumberT = TypeVar("NumberT", int, float)

FIELDS: Final = (
    "NAME",
    "TYPE",
    "COMMENT",
    "DIMENSION",
    "CAPACITY",
    "COST_LIMIT",
    "EDGE_WEIGHT_TYPE",
    "EDGE_WEIGHT_FORMAT",
    "NODE_COORD_TYPE",
    "DISPLAY_DATA_TYPE",
    "TSP_SOLUTION",
    "VEHICLES",
)
"""TSP_SOLUTION is OPLIB's. The size of the fleet, VEHICLES, limits nothing, as in CVRPLIB."""
SECTIONS: Final = (
    "NODE_COORD_SECTION",
    "DISPLAY_DATA_SECTION",
    "EDGE_WEIGHT_SECTION",
    "DEMAND_SECTION",
    "NODE_SCORE_SECTION",
    "DEPOT_SECTION",
    "TOUR_SECTION",
)
UNSUPPORTED: Final = {
    "DISTANCE": "a longest route",
    "SERVICE_TIME": "times of service",
    "FIXED_EDGES_SECTION": "edges that every tour has",
    "TIME_WINDOW_SECTION": "time windows",
    "BACKHAUL_SECTION": "backhauls",
    "PICKUP_AND_DELIVERY_SECTION": "pickups and deliveries",
}
_KEYWORD: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*(?::\s*(.*?)|\s(.*?))?\s*")


class Field(NamedTuple):
    """The value of a keyword."""

    line: int
    value: str


class Row(NamedTuple):
    """A line of numbers."""

    line: int
    words: list[str]


class Section(NamedTuple):
    """The lines below a keyword, and the line of that."""

    line: int
    rows: list[Row]


def fail(source: str, line: int, message: str) -> NoReturn:
    """Raise the error of a line.

    Raises:
        ValueError: always.
    """
    raise ValueError(f"{source}, line {line}: {message}")


@dataclasses.dataclass(frozen=True)
class Document:
    """A file in the syntax of TSPLIB, its meaning not yet looked at."""

    source: str
    fields: dict[str, Field]
    sections: dict[str, Section]
    last_line: int

    def text(self, name: str, choices: Sequence[str]) -> str:
        """The first word of a field, in capitals, which is one of `choices`."""
        field = self._field(name, f"one of {', '.join(choices)}")
        word = field.value.upper().split()[0]
        if word not in choices:
            fail(
                self.source,
                field.line,
                f"{name} is one of {', '.join(choices)}; got {word!r}. Other files cannot be read",
            )
        return word

    def number(self, name: str, parse: Callable[[str], NumberT], kind: str) -> NumberT:
        """The number of a field; `parse` raises ValueError if it is no number of its `kind`."""
        field = self._field(name, kind)
        try:
            return parse(field.value)
        except ValueError:
            fail(self.source, field.line, f"{name} is {kind}; got {field.value[:40]!r}")

    def section(self, name: str, what: str) -> Section:
        """The lines of a section that has to be there."""
        if name not in self.sections:
            fail(self.source, self.last_line, f"the file ends without {name}, {what}; add it")
        return self.sections[name]

    def _field(self, name: str, kind: str) -> Field:
        if name not in self.fields or not self.fields[name].value:
            line = self.fields[name].line if name in self.fields else self.last_line
            fail(self.source, line, f"a line '{name} : value' is missing, {kind}; add it")
        return self.fields[name]


def parse_document(text: str, source: str) -> Document:
    """Split a file into fields and sections.

    Raises:
        ValueError: names the line with an unknown or repeated keyword, or with stray numbers.
    """
    fields: dict[str, Field] = {}
    sections: dict[str, Section] = {}
    rows: list[Row] | None = None
    number = 1
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        found = _KEYWORD.fullmatch(line)
        if found is None:
            if rows is None:
                fail(
                    source,
                    number,
                    f"a line like 'NAME : value' is expected here, got {line.strip()[:60]!r}; "
                    "numbers belong below the name of a section",
                )
            rows.append(Row(number, line.split()))
            continue
        word, value = found[1].upper(), found[2] or found[3] or ""
        if word == "EOF":
            break
        if word in SECTIONS:
            _check_first(source, number, word, sections)
            rows = []
            sections[word] = Section(number, rows)
        elif word in FIELDS:
            if word == "COMMENT" and word in fields:
                value = f"{fields[word].value} {value}"
            else:
                _check_first(source, number, word, fields)
            fields[word] = Field(number, value)
            rows = None
        elif word in UNSUPPORTED:
            fail(
                source,
                number,
                f"{word} means {UNSUPPORTED[word]}, which no problem here has; "
                "without it this would be another problem",
            )
        else:
            known = ", ".join((*FIELDS, *SECTIONS))
            fail(source, number, f"unknown keyword {word[:40]!r}; known are {known}, EOF")
    return Document(source, fields, sections, number)


def _check_first(
    source: str, line: int, word: str, seen: dict[str, Field] | dict[str, Section]
) -> None:
    if word in seen:
        fail(source, line, f"{word} stands in line {seen[word].line} already; remove one")


def whole(word: str) -> int:
    """A whole number, which may be written as 5.0.

    Raises:
        ValueError: it is not.
    """
    value = float(word)
    if not value.is_integer():  # also of infinity and nan
        raise ValueError(word)
    return int(word) if word.lstrip("+-").isdecimal() else int(value)


def finite(word: str) -> float:
    """A finite number.

    Raises:
        ValueError: it is not.
    """
    value = float(word)
    if not abs(value) < float("inf"):
        raise ValueError(word)
    return value


def plain(value: float) -> str:
    """A number with all of its digits, and no point if it is whole."""
    value = float(value)
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
