"""Instances in TSPLIB files, CVRPLIB's .vrp and OPLIB's .oplib among them: bq-nco.md 6.4.

Deviation: EDGE_WEIGHT_TYPE may also be EUCLIDEAN, not rounded, because TSPLIB has no name for
what most learned solvers are measured by.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
from jaxtyping import Float64, Int64

from envs.routing.distances import METRICS, Metric
from envs.routing.files.document import (
    Document,
    NumberT,
    Section,
    fail,
    finite,
    parse_document,
    plain,
    whole,
)
from envs.routing.instances import ATSP, CVRP, OP, TSP, Coords, Instance, Matrix

TYPES: Final = ("TSP", "ATSP", "CVRP", "OP")
FORMATS: Final = ("FULL_MATRIX", "UPPER_ROW", "LOWER_ROW", "UPPER_DIAG_ROW", "LOWER_DIAG_ROW")
_STATED: Final = re.compile(
    r"\b(?:optimal|optimum|best)(?:\s+(?:known|value|cost|length|prize|solution|tour))*"
    r"\s*[:=]?\s*(\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?![\w.])",
    re.IGNORECASE,
)


def parse_tsplib(text: str, source: str = "TSPLIB") -> Instance:
    """Read an instance.

    The known optimum is taken from a COMMENT like `Optimal value: 784`. Every tour of OP visits
    the depot, so a score of the depot is no prize; a file that has one states no optimum, since
    files do not say whether theirs counts it.

    Raises:
        ValueError: names `source`, the line, and what is wrong with it.
    """
    document = parse_document(text, source)
    kind = document.text("TYPE", TYPES)
    name = document.fields["NAME"].value if "NAME" in document.fields else ""
    comment = document.fields["COMMENT"].value if "COMMENT" in document.fields else ""
    stated = _STATED.search(comment)
    optimum = float(stated[1]) if stated else None
    size = document.number("DIMENSION", whole, "a whole number")
    if size < 2:
        fail(
            source,
            document.fields["DIMENSION"].line,
            f"an instance has 2 nodes or more; got {size}",
        )
    if kind == "ATSP":
        document.text("EDGE_WEIGHT_TYPE", ("EXPLICIT",))
        return ATSP(_matrix(document, size, ("FULL_MATRIX",)), name, optimum)
    coords, metric, matrix = _places(document, size)
    if kind == "TSP":
        return TSP(coords, metric, matrix, name, optimum)
    _check_depot(document)
    if kind == "CVRP":
        capacity = document.number("CAPACITY", whole, "a whole number")
        demands = _demands(document, size, capacity)
        return CVRP(coords, demands, capacity, metric, matrix, name, optimum)
    limit = document.number("COST_LIMIT", finite, "a number")
    if limit < 0:
        fail(source, document.fields["COST_LIMIT"].line, f"COST_LIMIT is 0 or more; got {limit}")
    prizes = _prizes(document, size)
    optimum = None if prizes[0] else optimum
    prizes[0] = 0
    return OP(coords, prizes, limit, metric, matrix, name, optimum)


def _places(document: Document, size: int) -> tuple[Coords | None, Metric, Matrix | None]:
    metric: Metric = document.text("EDGE_WEIGHT_TYPE", METRICS)  # type: ignore[assignment]
    if "NODE_COORD_TYPE" in document.fields:
        document.text("NODE_COORD_TYPE", ("TWOD_COORDS", "NO_COORDS"))
    if metric != "EXPLICIT":
        section = document.section("NODE_COORD_SECTION", "a line 'node x y' for each node")
        return _by_node(document, section, size, 2, finite, "'node x y'"), metric, None
    matrix = _matrix(document, size, FORMATS)
    if not np.array_equal(matrix, matrix.T):
        first, second = np.argwhere(matrix != matrix.T)[0] + 1
        fail(
            document.source,
            document.sections["EDGE_WEIGHT_SECTION"].line,
            f"the distances between nodes {first} and {second} differ by direction, and only "
            "TYPE ATSP may have such",
        )
    for name in ("NODE_COORD_SECTION", "DISPLAY_DATA_SECTION"):
        if name in document.sections:
            coords = _by_node(document, document.sections[name], size, 2, finite, "'node x y'")
            return coords, metric, matrix
    return None, metric, matrix


def _by_node(
    document: Document,
    section: Section,
    size: int,
    width: int,
    parse: Callable[[str], NumberT],
    form: str,
) -> Float64[np.ndarray, "nodes width"]:
    """The numbers that stand behind each node's own, in the order of the nodes."""
    if len(section.rows) != size:
        line = section.rows[-1].line if section.rows else section.line
        fail(
            document.source,
            line,
            f"the section of line {section.line} has {len(section.rows)} lines {form}, "
            f"DIMENSION says {size}; is the file cut off?",
        )
    values: list[list[NumberT] | None] = [None] * size
    for line, words in section.rows:
        try:
            node, numbers = whole(words[0]), [parse(word) for word in words[1:]]
        except ValueError:
            fail(document.source, line, f"{form} is expected, got {' '.join(words)[:60]!r}")
        if len(numbers) != width or not 1 <= node <= size:
            fail(
                document.source,
                line,
                f"{form} is expected with nodes from 1 to {size}, got {' '.join(words)[:60]!r}",
            )
        if values[node - 1] is not None:
            fail(document.source, line, f"node {node} stands in this section already")
        values[node - 1] = numbers
    return np.array(values, np.float64)


def _matrix(document: Document, size: int, formats: tuple[str, ...]) -> Matrix:
    form = document.text("EDGE_WEIGHT_FORMAT", formats)
    section = document.section("EDGE_WEIGHT_SECTION", "the distances")
    values = []
    line = section.line
    for line, words in section.rows:
        for word in words:
            try:
                values.append(finite(word))
            except ValueError:
                fail(document.source, line, f"a distance is a finite number; got {word[:40]!r}")
            if values[-1] < 0:
                fail(document.source, line, f"a distance is 0 or more; got {word}")
    if len(values) != _number_of(form, size):
        fail(
            document.source,
            line,
            f"{form} of {size} nodes has {_number_of(form, size)} distances, got {len(values)}; "
            "is the file cut off?",
        )
    matrix = np.zeros((size, size))
    matrix[_cells(form, size)] = values
    np.fill_diagonal(matrix, 0)  # many files have a large number there, so that nobody stays
    return matrix if form == "FULL_MATRIX" else matrix + matrix.T


def _cells(form: str, size: int) -> tuple[Any, Any]:
    """Rows and columns of the distances, in the order of the file."""
    if form == "FULL_MATRIX":
        rows, columns = np.indices((size, size)).reshape(2, -1)
        return rows, columns
    if form.startswith("UPPER"):
        return np.triu_indices(size, 0 if "DIAG" in form else 1)
    return np.tril_indices(size, 0 if "DIAG" in form else -1)


def _number_of(form: str, size: int) -> int:
    if form == "FULL_MATRIX":
        return size**2
    return size * (size + 1 if "DIAG" in form else size - 1) // 2


def _check_depot(document: Document) -> None:
    section = document.section("DEPOT_SECTION", "the node of the depot and then -1")
    words = [word for row in section.rows for word in row.words]
    if words not in (["1", "-1"], ["1"]):
        fail(
            document.source,
            section.rows[0].line if section.rows else section.line,
            f"there is one depot, node 1, and then -1; got {' '.join(words)[:60]!r}. "
            "Number the nodes anew",
        )


def _demands(document: Document, size: int, capacity: int) -> Int64[np.ndarray, " nodes"]:
    section = document.section("DEMAND_SECTION", "a line 'node demand' for each node")
    demands = _by_node(document, section, size, 1, whole, "'node demand'")[:, 0].astype(np.int64)
    for line, words in section.rows:
        node, demand = whole(words[0]), whole(words[1])
        if (demand != 0) if node == 1 else not 1 <= demand <= capacity:
            fail(
                document.source,
                line,
                f"a demand is 0 at the depot and from 1 to CAPACITY, {capacity}, elsewhere; "
                f"got {demand} at node {node}",
            )
    return demands


def _prizes(document: Document, size: int) -> Float64[np.ndarray, " nodes"]:
    section = document.section("NODE_SCORE_SECTION", "a line 'node score' for each node")
    prizes = _by_node(document, section, size, 1, finite, "'node score'")[:, 0]
    for line, words in section.rows:
        if finite(words[1]) < 0:
            fail(document.source, line, f"a score is 0 or more; got {words[1]}")
    return prizes


def format_tsplib(instance: Instance) -> str:
    """The text of an instance; `parse_tsplib` gives the same back.

    Raises:
        ValueError: the name has more than one line.
    """
    return "\n".join([*_lines(instance), "EOF", ""])


def _lines(instance: Instance) -> Iterator[str]:
    if instance.name != " ".join(instance.name.split()):
        raise ValueError(f"a name is one line without spare spaces; got {instance.name!r}")
    yield f"NAME : {instance.name}"
    yield f"TYPE : {type(instance).__name__}"
    if instance.optimum is not None:
        yield f"COMMENT : Optimal value: {plain(instance.optimum)}"
    yield f"DIMENSION : {instance.size}"
    if isinstance(instance, CVRP):
        yield f"CAPACITY : {instance.capacity}"
    if isinstance(instance, OP):
        yield f"COST_LIMIT : {plain(instance.max_length)}"
    if isinstance(instance, ATSP):
        yield from _matrix_lines(instance.matrix)
        return
    if instance.matrix is not None:
        yield from _matrix_lines(instance.matrix)
    else:
        yield f"EDGE_WEIGHT_TYPE : {instance.metric}"
    if instance.coords is not None:
        yield "DISPLAY_DATA_SECTION" if instance.matrix is not None else "NODE_COORD_SECTION"
        for node, (x, y) in enumerate(instance.coords, 1):
            yield f"{node} {plain(x)} {plain(y)}"
    if isinstance(instance, CVRP):
        yield "DEMAND_SECTION"
        yield from (f"{node} {demand}" for node, demand in enumerate(instance.demands, 1))
    if isinstance(instance, OP):
        yield "NODE_SCORE_SECTION"
        yield from (f"{node} {plain(prize)}" for node, prize in enumerate(instance.prizes, 1))
    if isinstance(instance, CVRP | OP):
        yield from ("DEPOT_SECTION", "1", "-1")


def _matrix_lines(matrix: Matrix) -> Iterator[str]:
    yield "EDGE_WEIGHT_TYPE : EXPLICIT"
    yield "EDGE_WEIGHT_FORMAT : FULL_MATRIX"
    yield "EDGE_WEIGHT_SECTION"
    for row in matrix:
        yield " ".join(map(plain, row))
