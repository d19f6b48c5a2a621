"""Solutions in files: TSPLIB's .tour, and CVRPLIB's .sol."""

import re
from typing import Final

from envs.routing.files.document import fail, parse_document, plain, whole
from envs.routing.instances import Routes, Tour

_ROUTE: Final = re.compile(r"\s*route\s*#?\s*\d+\s*:?\s*([\d\s]*)", re.IGNORECASE)
_COST: Final = re.compile(r"\s*cost\s*:?\s*(\d+(?:\.\d*)?(?:e[+-]?\d+)?)\s*", re.IGNORECASE)


def parse_tour(text: str, source: str = "tour") -> list[int]:
    """Read a .tour file as nodes from 0, turned to begin with 0.

    Raises:
        ValueError: names `source`, the line, and what is wrong with it.
    """
    document = parse_document(text, source)
    document.text("TYPE", ("TOUR",))
    section = document.section("TOUR_SECTION", "the nodes in order and then -1")
    nodes: list[int] = []
    line, is_ended = section.line, False
    for line, words in section.rows:
        for word in words:
            try:
                node = whole(word)
            except ValueError:
                fail(source, line, f"a node is a whole number, got {word[:40]!r}")
            if is_ended:
                if node == -1:
                    continue  # some files end the section itself by another -1
                fail(source, line, f"a file has one tour, which -1 ends; got {word} after it")
            if node == -1:
                is_ended = True
            elif node < 1:
                fail(source, line, f"nodes are counted from 1, and -1 ends them; got {node}")
            elif node in nodes[-1:]:
                fail(source, line, f"node {node} follows itself")
            else:
                nodes.append(node)
    if not is_ended:
        fail(source, line, "-1 is missing after the last node; is the file cut off?")
    if "DIMENSION" in document.fields:
        size = document.number("DIMENSION", whole, "a whole number")
        if size != len(nodes):
            fail(source, line, f"DIMENSION says {size} nodes, the tour has {len(nodes)}")
    if sorted(nodes) != list(range(1, len(nodes) + 1)) or not nodes:
        missing = sorted(set(range(1, len(nodes) + 1)) - set(nodes))[:10]
        fail(
            source,
            section.line,
            f"a tour visits each of its {len(nodes)} nodes once; missing are {missing}",
        )
    start = nodes.index(1)
    return [node - 1 for node in (*nodes[start:], *nodes[:start])]


def format_tour(tour: Tour, name: str = "") -> str:
    """The text of a .tour file; `parse_tour` gives the same back."""
    head = [f"NAME : {name}", "TYPE : TOUR", f"DIMENSION : {len(tour)}", "TOUR_SECTION"]
    return "\n".join([*head, *(str(node + 1) for node in tour), "-1", "EOF", ""])


def parse_routes(text: str, source: str = "routes") -> list[list[int]]:
    """Read a .sol file: lines like `Route #1: 4 7 2`, and perhaps `Cost 784`.

    Customers are counted from 1 and the depot is not among them, so their numbers are those of
    nodes from 0. The cost is not used: the instance knows it better.

    Raises:
        ValueError: names `source`, the line, and what is wrong with it.
    """
    routes: list[list[int]] = []
    seen: dict[int, int] = {}
    for line, words in enumerate(text.splitlines(), 1):
        found = _ROUTE.fullmatch(words)
        if found is None:
            if words.strip() and _COST.fullmatch(words) is None:
                fail(
                    source,
                    line,
                    f"a line like 'Route #1: 4 7 2' or 'Cost 784' is expected, got {words[:60]!r}",
                )
            continue
        routes.append([int(word) for word in found[1].split()])
        for node in routes[-1]:
            if node < 1:
                fail(source, line, "customers are counted from 1; the depot is not written")
            if node in seen:
                fail(source, line, f"customer {node} is in line {seen[node]} already")
            seen[node] = line
    if not routes:
        raise ValueError(f"{source}: a solution has a line like 'Route #1: 4 7 2'; there is none")
    return routes


def format_routes(routes: Routes, cost: float) -> str:
    """The text of a .sol file; `parse_routes` gives the same routes back."""
    lines = [
        f"Route #{number}: {' '.join(map(str, route))}" for number, route in enumerate(routes, 1)
    ]
    return "\n".join([*lines, f"Cost {plain(cost)}", ""])
