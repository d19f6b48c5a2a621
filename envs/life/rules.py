"""Rules of the Life family, and the strings that name them."""

import dataclasses
import math
import re
from functools import cache
from typing import Final, Literal, get_args

Boundary = Literal["torus", "dead", "klein"]
"""What lies beyond an edge: the opposite edge, dead cells, or a Klein bottle, on which a step over
the upper or lower edge also mirrors the columns."""
Neighbourhood = Literal["M", "N", "C"]  # Moore, von Neumann, circular

BOUNDARIES: Final[tuple[Boundary, ...]] = get_args(Boundary)
LARGEST_REACH: Final = 50
_TOPOLOGY: Final[dict[str, Boundary]] = {"T": "torus", "P": "dead", "K": "klein"}

NAMES: Final[dict[str, str]] = {
    "life": "B3/S23",
    "highlife": "B36/S23",
    "day&night": "B3678/S34678",
    "seeds": "B2/S",
    "replicator": "B1357/S1357",
    "fredkin": "B1357/S02468",
    "life without death": "B3/S012345678",
    "maze": "B3/S12345",
    "mazectric": "B3/S1234",
    "2x2": "B36/S125",
    "diamoeba": "B35678/S5678",
    "morley": "B368/S245",
    "anneal": "B4678/S35678",
    "34 life": "B34/S34",
    "coral": "B3/S45678",
    "gnarl": "B1/S1",
    "long life": "B345/S5",
    "walled cities": "B45678/S2345",
    "stains": "B3678/S235678",
    "assimilation": "B345/S4567",
    "bugs": "R5,C0,M1,S34..58,B34..45,NM",
    "majority": "R4,C0,M1,S41..81,B41..81,NM",
    "waffle": "R7,C0,M1,S100..200,B75..170,NM",
    "globe": "R8,C0,M0,S163..223,B74..252,NM",
}


@dataclasses.dataclass(frozen=True)
class Rule:
    """An outer-totalistic rule: what becomes of a cell depends on its 8 neighbours' number.

    Both tuples ascend, without repetition, over 0..8.
    """

    born: tuple[int, ...]  # counts of live neighbours with which a dead cell comes alive
    survive: tuple[int, ...]  # counts with which a live cell stays alive

    def __str__(self) -> str:
        return f"B{''.join(map(str, self.born))}/S{''.join(map(str, self.survive))}"

    def dual(self) -> "Rule":
        """The rule that does to dead cells what this one does to live ones."""
        return Rule(
            born=tuple(n for n in range(9) if 8 - n not in self.survive),
            survive=tuple(n for n in range(9) if 8 - n not in self.born),
        )


@dataclasses.dataclass(frozen=True)
class WideRule:
    """A rule of Larger than Life: counts between two bounds, over a large neighbourhood."""

    reach: int  # 1..50
    neighbourhood: Neighbourhood
    born: tuple[int, int]  # least and largest count
    survive: tuple[int, int]
    counts_centre: bool  # whether a live cell counts itself

    def __str__(self) -> str:
        return (
            f"R{self.reach},C0,M{int(self.counts_centre)},S{self.survive[0]}..{self.survive[1]},"
            f"B{self.born[0]}..{self.born[1]},N{self.neighbourhood}"
        )

    def half_widths(self) -> list[int]:
        """How far the neighbourhood reaches sideways, in rows -reach..reach."""
        rows = range(-self.reach, self.reach + 1)
        if self.neighbourhood == "M":
            return [self.reach for _ in rows]
        if self.neighbourhood == "N":
            return [self.reach - abs(row) for row in rows]
        return [math.isqrt(self.reach**2 + self.reach - row * row) for row in rows]


AnyRule = Rule | WideRule
LIFE: Final = Rule(born=(3,), survive=(2, 3))


@dataclasses.dataclass(frozen=True)
class BoundedRule:
    """A rule and, where its string says so, the grid it runs on."""

    rule: AnyRule
    boundary: Boundary | None = None
    width: int | None = None
    height: int | None = None


def parse_rule(text: str) -> AnyRule:
    """Read a rule without a grid; see `parse_bounded_rule`.

    Raises:
        ValueError: it is no rule, or it names a grid.
    """
    bounded = parse_bounded_rule(text)
    if bounded.boundary is not None:
        raise ValueError(f"a rule without a grid is wanted here; got {text!r}")
    return bounded.rule


@cache
def parse_bounded_rule(text: str) -> BoundedRule:
    """Read `B3/S23`, `23/3` (survival first), a Larger-than-Life string, or a name.

    Equal rules give equal objects, whatever the spelling. A suffix names the grid: `:T32,16` a
    torus of width 32 and height 16, `:P32,16` dead cells around it, `:K32*,16` a Klein bottle
    whose upper and lower edges are twisted, `:T32` a square.

    Source: lifegpt.md 3.3, after the syntax of Golly.

    Raises:
        ValueError: says what is wrong.
    """
    body, colon, suffix = text.strip().partition(":")
    body = NAMES.get(" ".join(body.lower().split()), "".join(body.split()))
    rule = _parse_wide(text, body) if body[:1] in ("R", "r") else _parse_plain(text, body)
    return BoundedRule(rule, *_parse_grid(text, suffix.strip())) if colon else BoundedRule(rule)


def _parse_plain(text: str, body: str) -> Rule:
    labelled = re.fullmatch(r"B([0-8]*)/?S([0-8]*)", body, re.IGNORECASE)
    swapped = re.fullmatch(r"S([0-8]*)/?B([0-8]*)|([0-8]*)/([0-8]*)", body, re.IGNORECASE)
    if labelled:
        born, survive = labelled.groups()
    elif swapped and body != "/":
        survive, born = [part for part in swapped.groups() if part is not None]
    else:
        raise _wrong(text, _complaint(body))
    return Rule(*(tuple(sorted({int(digit) for digit in part})) for part in (born, survive)))


def _complaint(body: str) -> str:
    if not body:
        return "it is empty"
    if "9" in body:
        return "a cell has 8 neighbours, so 9 is no count"
    letters = sorted(set(re.sub(r"[0-8/BbSs]", "", body)))
    if letters:
        return f"{' '.join(letters)} has no meaning in it"
    return "it needs two parts, of birth and of survival, once each"


def _parse_wide(text: str, body: str) -> AnyRule:
    found = re.fullmatch(
        r"R(\d+),C(\d+),M([01]),S(\d+)\.\.(\d+),B(\d+)\.\.(\d+),N([MNC])", body, re.IGNORECASE
    )
    if not found:
        raise _wrong(text, "Larger than Life needs R, C, M, S, B and N, in this order")
    reach, states, centre, *bounds = map(int, found.groups()[:-1])
    if not 1 <= reach <= LARGEST_REACH:
        raise _wrong(text, f"R is 1..{LARGEST_REACH}")
    if states not in (0, 2):
        raise _wrong(text, "only rules of two states are known, C0 or C2")
    neighbourhood: Neighbourhood = found[8].upper()  # type: ignore[assignment]  # by the pattern
    survive, born = (bounds[0], bounds[1]), (bounds[2], bounds[3])
    rule = WideRule(reach, neighbourhood, born, survive, bool(centre))
    largest = sum(2 * half + 1 for half in rule.half_widths())
    if any(least > most or most > largest for least, most in (born, survive)):
        raise _wrong(text, f"the bounds of S and B ascend, up to the {largest} cells around")
    return _narrowed(rule)


def _narrowed(rule: WideRule) -> AnyRule:
    """A rule over the 8 neighbours as a `Rule`, so that equal rules are equal."""
    if rule.half_widths() != [1, 1, 1]:
        return rule
    itself = int(rule.counts_centre)
    return Rule(
        born=tuple(n for n in range(9) if rule.born[0] <= n <= rule.born[1]),
        survive=tuple(n for n in range(9) if rule.survive[0] <= n + itself <= rule.survive[1]),
    )


def _parse_grid(text: str, suffix: str) -> tuple[Boundary, int, int]:
    found = re.fullmatch(r"([TPK])(\d+)(\*?)(?:,(\d+)(\*?))?", suffix, re.IGNORECASE)
    if not found:
        raise _wrong(text, "after the colon stands a grid like T32,16 or P32,16 or K32*,16")
    kind, width = found[1].upper(), int(found[2])
    height = width if found[4] is None else int(found[4])
    stars = (found[3], found[5] or "")
    if stars != (("*", "") if kind == "K" else ("", "")):
        raise _wrong(text, "a star stands in a Klein bottle, after the width, and nowhere else")
    if min(width, height) < 1:
        raise _wrong(text, "a grid has a width and a height of at least 1; 0, without end, is not")
    return _TOPOLOGY[kind], width, height


def _wrong(text: str, why: str) -> ValueError:
    return ValueError(
        "a rule is like 'B3/S23', '23/3' or 'R5,C0,M1,S34..58,B34..45,NM', or one of the names "
        f"{', '.join(NAMES)}; got {text!r}: {why}"
    )
