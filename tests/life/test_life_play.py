"""A person at the window of Life: mouse, brushes, speed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pygame
import pytest

import envs.play
from envs.catalog import find_world, make_params
from envs.play import PlayConfig, Session
from envs.viewer import Event, Window, key_code

SIZE = 480  # pixels of a picture of 10 x 10 cells
Script = list[list[pygame.event.Event]]
Play = Callable[..., list[Any]]

QUIT = pygame.event.Event(pygame.QUIT)


def tap(key: str) -> list[pygame.event.Event]:
    code = key_code(key)
    return [pygame.event.Event(kind, key=code) for kind in (pygame.KEYDOWN, pygame.KEYUP)]


def spot(row: int, column: int) -> tuple[int, int]:
    return SIZE // 10 * column + 5, SIZE // 10 * row + 5


def click(row: int, column: int, button: int = 1) -> pygame.event.Event:
    return pygame.event.Event(pygame.MOUSEBUTTONDOWN, pos=spot(row, column), button=button)


def drag(row: int, column: int, *buttons: int) -> pygame.event.Event:
    held = tuple(int(number in buttons) for number in (1, 2, 3))
    return pygame.event.Event(pygame.MOUSEMOTION, pos=spot(row, column), rel=(1, 1), buttons=held)


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Play]:
    """Plays a script, paused from the start on, and gives the states after each wait."""
    monkeypatch.chdir(tmp_path)
    now, seen = [0.0], []
    ask = Window.events

    def run(script: Script, world: str = "ToroidalLife-v0", **params: Any) -> list[Any]:
        waits = iter([tap("return"), *script])
        row = find_world(world)
        values = {"height": 10, "width": 10, "init": "empty", **params}
        config = PlayConfig(world=world, seed=1)
        session = Session(row, make_params(row, values), (SIZE, SIZE), config)

        def events(window: Window, milliseconds: int) -> list[Event]:
            seen.append((np.argwhere(session._episode.state.cells).tolist(), session._fps))
            for event in next(waits, [QUIT]):
                pygame.event.post(event)
            now[0] += milliseconds / 1000
            return ask(window, 0)

        monkeypatch.setattr(Window, "events", events)
        monkeypatch.setattr(envs.play.time, "monotonic", lambda: now[0])
        session.run()
        return seen

    yield run
    pygame.display.quit()


def test_a_click_paints_a_cell_and_the_other_button_erases_it(play: Play) -> None:
    seen = play([[click(2, 3)], [click(7, 9)], [click(2, 3, button=3)]])
    assert [cells for cells, _ in seen[2:]] == [[[2, 3]], [[2, 3], [7, 9]], [[7, 9]]]


def test_dragging_paints_on_and_moving_does_not(play: Play) -> None:
    seen = play([[click(2, 3), drag(2, 4, 1), drag(2, 5)], [drag(2, 4, 3)]])
    assert [cells for cells, _ in seen[2:]] == [[[2, 3], [2, 4]], [[2, 3]]]


def test_a_brush_stamps_a_pattern_once(play: Play) -> None:
    seen = play([[*tap("1"), click(5, 5), drag(8, 8, 1)], [*tap("0"), click(0, 0)]])
    block = [[4, 4], [4, 5], [5, 4], [5, 5]]
    assert [cells for cells, _ in seen[2:]] == [block, [[0, 0], *block]]


def test_what_was_painted_lives_on_when_stepped(play: Play) -> None:
    seen = play([[*tap("2"), click(5, 5)], tap("period")])
    assert [cells for cells, _ in seen[2:]] == [
        [[5, 4], [5, 5], [5, 6]],
        [[4, 5], [5, 5], [6, 5]],
    ]


def test_keys_change_the_speed_within_bounds(play: Play) -> None:
    speeds = [fps for _, fps in play([tap("equals"), tap("minus"), *[tap("equals")] * 9])]
    assert speeds[2:4] == [7.5, 5.0]
    assert speeds[-1] == 120.0


def test_arrows_move_the_agent_and_toggle_no_cell_without_one(play: Play) -> None:
    seen = play([tap("return"), tap("left"), tap("left")])
    assert all(cells == [] for cells, _ in seen)


@pytest.mark.parametrize("mode", ["noop", "multi", "paint", "agent"])
def test_a_person_may_watch_in_every_action_mode(play: Play, mode: str) -> None:
    seen = play([tap("return"), [], [click(5, 5)]], action_mode=mode)
    assert len(seen) >= 4


def test_a_click_beside_the_picture_paints_nothing() -> None:
    window = Window("test", (100, 100))
    window.show(np.zeros((100, 100, 3), np.uint8), {})
    pygame.event.post(pygame.event.Event(pygame.MOUSEBUTTONDOWN, pos=(5, 5), button=1))
    pygame.event.post(pygame.event.Event(pygame.MOUSEBUTTONDOWN, pos=(240, 240), button=2))
    middle = pygame.event.Event(pygame.MOUSEBUTTONDOWN, pos=(240, 215), button=1)
    pygame.event.post(middle)
    assert window.events(0) == [Event("paint", "", (0.5, 0.25))]
    window.close()
