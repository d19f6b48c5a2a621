"""Pictures of walks: nodes, routes, what is asked for or offered, and what is left."""

from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Float64

from envs.canvas import (
    BACKGROUND,
    LINE,
    NOTICE,
    TEXT,
    Canvas,
    Colour,
    Spot,
    caption,
    mixed,
    strip_height,
)
from envs.core import Frame
from envs.routing.solution import routes_of
from envs.routing.state import CVRPState, OPState, RouteState, TourState

ROUTE_COLOURS: Final = (
    (92, 158, 230),
    (240, 146, 86),
    (132, 205, 140),
    (214, 116, 178),
    (226, 204, 98),
    (112, 206, 206),
    (226, 96, 96),
    (160, 146, 234),
    (176, 208, 92),
    (196, 156, 128),
)
"""Of the routes, in turn."""
TOUR_COLOURS: Final = ((70, 112, 214), (120, 226, 200))  # of a single route, from start to end
NODE: Final = (44, 49, 61)  # one not visited yet
OPEN: Final = (160, 167, 182)  # edge of one that may come next
MARGIN: Final = 0.07  # of the side of the map
NODE_SIZE: Final = 0.085  # radius in sides of the map, times the square root of the nodes
RADII: Final = (2.0, 11.0)  # pixels, for a map of 512
CLICK: Final = 2.5  # radii by which a click may miss

Places = Float64[np.ndarray, "nodes 2"]


def draw_walk(
    state: RouteState, is_open: Bool[np.ndarray, " nodes"], words: str, size: tuple[int, int]
) -> Frame:
    """Draw a state.

    Args:
        state: Of one world, not of a batch.
        is_open: Which nodes may come next; the others are drawn darker.
        words: For the line at the foot.
        size: Pixels (width, height).
    """
    canvas = Canvas(size)
    places, radius = _places(state, size), _radius(state, size)
    colours: list[Colour] = [NODE] * len(places)
    routes = _closed_routes(state)
    for number, route in enumerate(routes):
        _draw_route(canvas, [_spot(places, node) for node in route], number, len(routes), radius)
        for step, node in enumerate(route):
            colours[node] = _route_colour(number, len(routes), step / max(len(route) - 1, 1))
    for node in range(len(places)):
        colour = (colours[node], OPEN if is_open[node] else LINE)
        _draw_node(canvas, state, node, _spot(places, node), colour, radius)
    _draw_mark(canvas, _spot(places, int(state.current)), radius)
    caption(canvas, words, _level(state))
    return canvas.frame()


def node_at(state: RouteState, spot: Spot, size: tuple[int, int]) -> int | None:
    """The node at or near a spot of the picture; None if there is none.

    Args:
        state: That is shown.
        spot: (x, y) as shares of the picture.
        size: Pixels (width, height).
    """
    pixel = np.array([spot[0] * size[0], spot[1] * size[1]])
    away = np.linalg.norm(_places(state, size) - pixel, axis=1)
    return int(away.argmin()) if away.min() <= CLICK * _radius(state, size) else None


def _places(state: RouteState, size: tuple[int, int]) -> Places:
    """Pixels of the nodes; on a circle, where the instance has no places."""
    num_nodes = len(state.order)
    coords = np.asarray(state.layout.coords, np.float64)
    if not len(coords):
        angles = 2 * np.pi * np.arange(num_nodes) / num_nodes
        coords = 0.5 + 0.5 * np.stack([np.sin(angles), np.cos(angles)], axis=1)
    low, high = np.zeros(2), np.ones(2)
    if coords.min() < 0 or coords.max() > 1:
        low, high = coords.min(0), coords.max(0)
    width, height = size[0], size[1] - strip_height(size)
    side = min(width, height) * (1 - 2 * MARGIN)
    scale = side / max((high - low).max(), 1e-9)
    offsets = (coords - (low + high) / 2) * scale
    return np.stack([width / 2 + offsets[:, 0], height / 2 - offsets[:, 1]], axis=1)


def _radius(state: RouteState, size: tuple[int, int]) -> float:
    side = min(size)
    least, most = (radius * side / 512 for radius in RADII)
    return float(np.clip(NODE_SIZE * side / np.sqrt(len(state.order)), least, most))


def _spot(places: Places, node: int) -> Spot:
    return float(places[node, 0]), float(places[node, 1])


def _closed_routes(state: RouteState) -> list[list[int]]:
    """The routes as they are walked, with the depot where they begin and end."""
    routes = routes_of(state)
    is_complete = not int(state.num_left)
    if isinstance(state, TourState):
        return [[*route, route[0]] if is_complete else route for route in routes]
    depot = [0]
    closed = [[*depot, *route, *depot] for route in routes]
    is_out = int(state.current) != 0 and not (is_complete and isinstance(state, CVRPState))
    if is_out:
        closed[-1].pop()
    return closed


def _route_colour(number: int, num_routes: int, share: float) -> Colour:
    if num_routes == 1:
        return mixed(*TOUR_COLOURS, share)
    return ROUTE_COLOURS[number % len(ROUTE_COLOURS)]


def _draw_route(
    canvas: Canvas, spots: list[Spot], number: int, num_routes: int, radius: float
) -> None:
    for step in range(len(spots) - 1):
        colour = _route_colour(number, num_routes, (step + 0.5) / max(len(spots) - 1, 1))
        canvas.line(spots[step : step + 2], colour, max(1.0, 0.3 * radius))


def _draw_node(
    canvas: Canvas,
    state: RouteState,
    node: int,
    spot: Spot,
    colours: tuple[Colour, Colour],  # of the disc, and of its edge while it is not visited
    radius: float,
) -> None:
    has_depot = not isinstance(state, TourState)
    is_visited = int(state.order[node]) >= 0
    edge = BACKGROUND if is_visited else colours[1]
    if has_depot and node == 0:
        corner = spot[0] - 1.1 * radius, spot[1] - 1.1 * radius
        canvas.box(
            corner, (2.2 * radius, 2.2 * radius), TEXT, BACKGROUND, 0.2 * radius, 0.4 * radius
        )
        return
    if isinstance(state, OPState):
        radius *= 0.55 + 0.75 * _share(state.layout.prizes, node)
    elif isinstance(state, CVRPState) and not is_visited:
        _draw_demand(canvas, spot, _share(state.layout.demands, node), radius)
    is_start = isinstance(state, TourState) and is_visited and int(state.start) == node
    canvas.disc(spot, radius, TEXT if is_start else colours[0], edge, max(0.7, 0.16 * radius))


def _draw_demand(canvas: Canvas, spot: Spot, share: float, radius: float) -> None:
    """A bar below a customer."""
    width, height = 2.4 * radius, max(1.5, 0.42 * radius)
    corner = spot[0] - width / 2, spot[1] + 1.45 * radius
    canvas.box(corner, (width, height), LINE, rounding=height / 2)
    filled = max(height, width * share)
    canvas.box(corner, (filled, height), NOTICE, rounding=height / 2)


def _draw_mark(canvas: Canvas, spot: Spot, radius: float) -> None:
    """The ring around the current node."""
    canvas.disc(spot, 1.75 * radius, None, NOTICE, max(1.0, 0.28 * radius))


def _share(amounts: Any, node: int) -> float:
    """Of the largest amount, what a node has."""
    return float(amounts[node]) / max(float(np.asarray(amounts).max()), 1e-9)


def _level(state: RouteState) -> float | None:
    if isinstance(state, CVRPState):
        return float(state.capacity_left) / max(float(state.layout.capacity), 1.0)
    if isinstance(state, OPState):
        whole = max(float(state.layout.max_length), 1e-9)
        return float(np.clip(float(state.length_left) / whole, 0, 1))
    return None
