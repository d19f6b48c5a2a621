"""A person solves routing problems by clicks; pictures and words."""

from collections.abc import Callable, Iterator
from typing import Any

import gymnasium
import numpy as np
import pygame
import pytest

import envs.play
from envs.catalog import find_world, load_core, make_params
from envs.play import PlayConfig, Session
from envs.routing.instances import CVRP, OP, TSP
from envs.routing.solution import routes_of
from envs.viewer import Event, Window

SIZE = (480, 480)
SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
QUIT = pygame.event.Event(pygame.QUIT)
PLAYS = {
    "TSP-v0": TSP(SQUARE, optimum=4.0),
    "CVRP-v0": CVRP(SQUARE, np.array([0, 2, 2, 2]), 4),
    "OP-v0": OP(SQUARE, np.array([0.0, 1.0, 2.0, 3.0]), 3.2),
}
Play = Callable[..., list[Any]]


def corner(node: int) -> tuple[int, int]:
    """Pixels near a node of the square, which is drawn upright with a margin all round."""
    x, y = SQUARE[node]
    height = 480 - 0.07 * 480
    side = height * (1 - 2 * 0.07)
    return round(240 + side * (x - 0.5)) + 4, round(height / 2 - side * (y - 0.5)) - 4


def click(*nodes: int, button: int = 1) -> list[pygame.event.Event]:
    return [
        pygame.event.Event(pygame.MOUSEBUTTONDOWN, pos=corner(node), button=button)
        for node in nodes
    ]


def tap(key: int) -> list[pygame.event.Event]:
    return [pygame.event.Event(kind, key=key) for kind in (pygame.KEYDOWN, pygame.KEYUP)]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Iterator[Play]:
    """Plays a script; gives the routes at each wait, and at last the notice and the panel."""
    ask, show = Window.events, Window.show

    def run(script: list[list[pygame.event.Event]], name: str, **params: Any) -> list[Any]:
        now, seen, shown = [0.0], [], [("", {})]
        waits, row = iter(script), find_world(name)
        values = make_params(row, {"instance": PLAYS[name], **params})
        session = Session(row, values, SIZE, PlayConfig(world=name, seed=1))

        def events(window: Window, milliseconds: int) -> list[Event]:
            seen.append(routes_of(session._episode.state))
            for event in next(waits, [QUIT]):
                pygame.event.post(event)
            now[0] += 1.0
            return ask(window, 0)

        def showing(window: Window, frame: Any, panel: Any, notice: str = "") -> None:
            shown.append((notice, panel))
            show(window, frame, panel, notice)

        monkeypatch.setattr(Window, "events", events)
        monkeypatch.setattr(Window, "show", showing)
        monkeypatch.setattr(envs.play.time, "monotonic", lambda: now[0])
        session.run()
        return [*seen, shown[-1]]

    yield run
    pygame.display.quit()


def test_a_click_goes_to_a_node_and_the_end_shows_the_gap(play: Play) -> None:
    seen = play([click(2), [], click(2), click(1), click(3), click(0)], "TSP-v0")
    notice, panel = seen.pop()
    assert seen[:5] == [[[0]], [[0, 2]], [[0, 2]], [[0, 2]], [[0, 2, 1]]]
    assert seen[-1] == [[0, 2, 1, 3]]
    assert notice.startswith("the end")
    walk = panel["walk"]
    assert walk["is_success"]
    assert walk["cost"] == pytest.approx(2 + 2 * 2**0.5)
    assert walk["gap"] == pytest.approx(100 * (2 * 2**0.5 - 2) / 4, abs=1e-3)


def test_neither_time_nor_keys_nor_other_buttons_move(play: Play) -> None:
    script = [[], [], click(1, button=3), tap(pygame.K_PERIOD), [*tap(pygame.K_RETURN)], click(1)]
    seen = play([*script, tap(pygame.K_PERIOD), tap(pygame.K_RETURN), []], "TSP-v0")
    assert all(routes == [[0]] for routes in seen[:-1]), "while paused, clicks do not count"


def test_in_both_modes_of_cvrp_a_person_clicks_customers(play: Play) -> None:
    seen = play([click(1), click(3), click(2), click(0), click(2)], "CVRP-v0")
    assert seen[3] == [[1, 3]], "customer 2 does not fit"
    assert seen[-2] == [[1, 3], [2]]
    seen = play([click(1), click(3), click(0), click(2)], "CVRP-v0", action_mode="via")
    assert seen[3] == [[1, 3]]
    assert seen[-2] == [[1, 3], [2]], "by the depot, as there is no other way"


def test_a_click_on_the_depot_ends_a_walk_of_op(play: Play) -> None:
    seen = play([click(3), click(1), click(0)], "OP-v0")
    notice, panel = seen.pop()
    assert seen[-1] == [[3]], "by node 1 the way home is too long"
    assert notice.startswith("the end")
    assert (panel["walk"]["prize"], panel["walk"]["is_success"]) == (3, True)


@pytest.mark.parametrize("name", PLAYS)
@pytest.mark.parametrize("size", [(512, 512), (160, 96)])
def test_pictures_of_any_size_show_each_move(name: str, size: tuple[int, int]) -> None:
    core, params = load_core(find_world(name)), make_params(find_world(name), {})
    env: Any = gymnasium.make(name, render_mode="rgb_array", render_size=size).unwrapped
    obs, _ = env.reset(seed=0)
    frames = [env.render()]
    for _ in range(3):
        obs, *_ = env.step(int(np.flatnonzero(obs["action_mask"])[-1]))
        frames.append(env.render())
    assert all(frame.shape == (size[1], size[0], 3) for frame in frames)
    assert len({frame.tobytes() for frame in frames}) == 4
    shares = [(step + 0.5) / 20 for step in range(20)]
    places = {core.action_at(env.state, params, (x, y), size) for x in shares for y in shares}
    legal = set(np.flatnonzero(obs["action_mask"]).tolist())
    assert places <= legal | {None}
    assert len(places) > 3


def test_words_say_the_routes_and_what_is_left() -> None:
    env: Any = gymnasium.make("CVRP-v0", instance=PLAYS["CVRP-v0"], render_mode="ansi")
    env.reset(seed=0)
    for action in (1, 2, 0):
        env.step(action)
    assert env.render() == "1 2\ncost 3.41421   4 of 4 left   1 to visit"
