"""Routes of vehicles without any extra: savings, then strings are removed and inserted anew.

Source: the savings of Clarke and Wright; the removal of strings, slack induction, of Christiaens
and Vanden Berghe. Removal and insertion move and swap customers within and between routes; at the
end every route is polished by 2-opt and Or-opt.
"""

import math
import random
from typing import Final

import numpy as np

from combopt.solvers.budget import Budget
from combopt.solvers.tours import SMALL, Rows, best_of_all, from_start, near_nodes, polish
from envs.routing.instances import CVRP, Matrix

AVERAGE: Final = 10  # customers removed in an iteration, on average
LONGEST: Final = 10  # string
BLINK: Final = 0.01  # chance that a good place for a customer is overlooked
HOTTEST: Final = 1.0  # temperature at the beginning, in mean distances to a near customer
COLDEST: Final = 0.001

Route = tuple[int, ...]


def short_routes(instance: CVRP, budget: Budget, seed: int) -> list[list[int]]:
    """Short routes that serve all customers.

    Args:
        instance: what to serve.
        budget: an iteration removes some ten customers and inserts them again.
        seed: of what is removed.
    """
    matrix = instance.distances()
    rows, demands = matrix.tolist(), instance.demands.tolist()
    by_distance = matrix[1:, 1:].argsort(axis=1, kind="stable") + 1
    near: list[list[int]] = [[], *by_distance.tolist()]
    current = savings(matrix, demands, instance.capacity)
    cost = sum(_length(route, rows) for route in current)
    best, best_cost = current, cost
    draws = random.Random(seed)
    nearest = np.sort(matrix[1:, 1:], axis=1)[:, 1 : 1 + LONGEST]
    unit = float((nearest if nearest.size else matrix).mean())
    for share in budget.shares():
        temperature = unit * HOTTEST * (COLDEST / HOTTEST) ** share
        kept, removed = _remove(current, near, draws)
        routes = _insert(kept, removed, rows, demands, instance.capacity, draws)
        new_cost = sum(_length(route, rows) for route in routes)
        if new_cost < cost - temperature * math.log(1 - draws.random()):
            current, cost = routes, new_cost
            if cost < best_cost - 1e-10 * unit:
                best, best_cost = current, cost
    return [_polished(route, matrix) for route in best]


def savings(matrix: Matrix, demands: list[int], capacity: int) -> list[Route]:
    """Join routes at their ends while that saves most."""
    routes: dict[int, list[int]] = {node: [node] for node in range(1, len(matrix))}
    route_of = {node: node for node in routes}
    loads = {node: demands[node] for node in routes}
    saved = matrix[1:, :1] + matrix[:1, 1:] - matrix[1:, 1:]
    first, second = np.triu_indices(len(saved), 1)
    ranked = np.argsort(-saved[first, second], kind="stable")
    for index in ranked.tolist():
        one, other = int(first[index]) + 1, int(second[index]) + 1
        if saved[one - 1, other - 1] <= 0:
            break
        a, b = route_of[one], route_of[other]
        if a == b or loads[a] + loads[b] > capacity:
            continue
        if one not in (routes[a][0], routes[a][-1]) or other not in (routes[b][0], routes[b][-1]):
            continue
        head = routes[a] if routes[a][-1] == one else routes[a][::-1]
        tail = routes[b] if routes[b][0] == other else routes[b][::-1]
        routes[a] = head + tail
        loads[a] += loads.pop(b)
        for node in routes.pop(b):
            route_of[node] = a
    return [tuple(route) for route in routes.values()]


def _remove(
    routes: list[Route], near: list[list[int]], draws: random.Random
) -> tuple[list[Route], list[int]]:
    """Take a string of customers out of each of some routes near a random customer."""
    route_of = {node: number for number, route in enumerate(routes) for node in route}
    longest = max(1, min(LONGEST, len(route_of) // len(routes)))
    num_strings = int(draws.uniform(1, 4 * AVERAGE / (1 + longest)))
    kept = dict(enumerate(routes))
    removed: list[int] = []
    touched: set[int] = set()
    for node in near[draws.randrange(1, len(near))]:
        number = route_of[node]
        if number in touched:
            continue
        route = routes[number]
        length = int(draws.uniform(1, min(longest, len(route)) + 1))
        place = route.index(node)
        start = draws.randint(max(0, place - length + 1), min(place, len(route) - length))
        removed.extend(route[start : start + length])
        kept[number] = route[:start] + route[start + length :]
        touched.add(number)
        if len(touched) >= num_strings:
            break
    return [route for route in kept.values() if route], removed


def _insert(
    routes: list[Route],
    nodes: list[int],
    rows: Rows,
    demands: list[int],
    capacity: int,
    draws: random.Random,
) -> list[Route]:
    """Insert customers, one by one, where each costs least."""
    order = draws.randrange(3)
    draws.shuffle(nodes)
    if order == 1:
        nodes.sort(key=lambda node: -demands[node])
    elif order == 2:
        nodes.sort(key=lambda node: -rows[0][node])
    loads = [sum(demands[node] for node in route) for route in routes]
    for node in nodes:
        row, demand = rows[node], demands[node]
        least, target, place = 2 * row[0], len(routes), 0  # a route of its own
        for number, route in enumerate(routes):
            if loads[number] + demand > capacity:
                continue
            before = 0
            for index, after in enumerate((*route, 0)):
                added = row[before] + row[after] - rows[before][after]
                if added < least and draws.random() >= BLINK:
                    least, target, place = added, number, index
                before = after
        if target == len(routes):
            routes.append((node,))
            loads.append(demand)
        else:
            route = routes[target]
            routes[target] = (*route[:place], node, *route[place:])
            loads[target] += demand
    return routes


def _length(route: Route, rows: Rows) -> float:
    total, before = 0.0, 0
    for node in route:
        total += rows[before][node]
        before = node
    return total + rows[before][0]


def _polished(route: Route, matrix: Matrix) -> list[int]:
    nodes = (0, *route)
    part = matrix[np.ix_(nodes, nodes)]
    if len(nodes) <= SMALL:
        order = best_of_all(part)
    else:
        order = list(range(len(nodes)))
        polish(order, part.tolist(), near_nodes(part), list(order))
        order = from_start(order)
    return [nodes[index] for index in order[1:]]
