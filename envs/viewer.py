"""The window: a picture, a panel of values beside it, the keys below. Knows no world by name."""

import os
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np

from envs.canvas import ACCENT, BACKGROUND, DIM, LINE, NOTICE, SURFACE, TEXT, Colour
from envs.core import Frame

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame  # after the line above, or it greets on the console

PANEL_WIDTH: Final = 350
SMALLEST_STAGE: Final = (480, 480)  # pixels kept for the picture, whatever its size
MARGIN: Final = 16
KEY_ROW: Final = 23

BARS: Final = ((226, 96, 96), (230, 158, 84), (92, 158, 230), (226, 204, 98), (150, 136, 220))

_BUTTONS: Final = {1: "paint", 3: "erase"}  # by pygame's number of the mouse button
_OTHER_EVENTS: Final = {pygame.QUIT: "quit", pygame.WINDOWFOCUSLOST: "blur"}

ARROWS: Final = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
CAPS: Final = {"return": "Enter", "escape": "Esc", "period": ".", "backspace": "Backspace"}


def key_code(name: str) -> int:
    """The number that pygame gives a key.

    Raises:
        ValueError: pygame has no such key.
    """
    code = getattr(pygame, f"K_{name if len(name) == 1 else name.upper()}", None)
    if not isinstance(code, int):
        raise ValueError(f"pygame knows no key {name!r}; names are like 'a', 'left', 'space'")
    return code


class Event(NamedTuple):
    """Something a person did."""

    kind: str
    """"press" or "release" of a key; "paint" or "erase" with the mouse, "paint on" or "erase on"
    while it is dragged; "quit" for the window's close button; "blur" when another window gets the
    keys."""
    key: str = ""  # name of the key
    spot: tuple[float, float] = (0.0, 0.0)  # of the mouse: (x, y) as shares of the picture


class Window:
    """One window. Open at once, so that a person sees it before the world has been made."""

    def __init__(
        self, title: str, frame_size: tuple[int, int], keys: dict[str, list[str]] | None = None
    ) -> None:
        """Open it.

        Args:
            title: Of the window.
            frame_size: Pixels (width, height) of the pictures to come.
            keys: Label -> names of the keys that do it, for the lines at the bottom.
        """
        pygame.display.init()
        pygame.font.init()
        stage = [max(pair) for pair in zip(frame_size, SMALLEST_STAGE, strict=True)]
        self._stage = pygame.Rect(0, 0, *stage)
        self._picture = pygame.Rect(0, 0, 0, 0)  # where it was drawn last
        self._names = {key_code(name): name for names in (keys or {}).values() for name in names}
        self._help = _key_rows(keys or {}, self._stage.width - 2 * MARGIN)
        bottom = len(self._help) * KEY_ROW + (MARGIN if self._help else 0)
        self._screen = pygame.display.set_mode((stage[0] + PANEL_WIDTH, stage[1] + bottom))
        pygame.display.set_caption(title)
        self._clock = pygame.time.Clock()
        self._screen.fill(BACKGROUND)
        self._draw_help()
        _write(self._screen, "making the world ...", 22, DIM, (MARGIN, MARGIN))
        pygame.display.flip()

    def show(self, frame: Frame, panel: dict[str, dict[str, Any]], notice: str = "") -> None:
        """Draw everything.

        Args:
            frame: The picture.
            panel: As `FunctionalEnv.panel` gives it.
            notice: A line across the picture, "" for none.
        """
        self._screen.fill(BACKGROUND)
        picture = pygame.surfarray.make_surface(np.swapaxes(frame, 0, 1))
        self._picture = picture.get_rect(center=self._stage.center)
        self._screen.blit(picture, self._picture)
        height = self._screen.get_height()
        _draw_panel(self._screen, panel, pygame.Rect(self._stage.right, 0, PANEL_WIDTH, height))
        self._draw_help()
        if notice:
            _draw_notice(self._screen, notice, self._stage)
        pygame.display.flip()

    def pixels(self) -> Frame:
        """What the window shows now."""
        return np.swapaxes(pygame.surfarray.array3d(self._screen), 0, 1)

    def wait(self, fps: int) -> None:
        """Keep the window alive until the next frame is due."""
        pygame.event.pump()
        self._clock.tick(fps)

    def events(self, milliseconds: int) -> list[Event]:
        """What a person did; sleeps until the first event or until the time is over.

        Only keys of the help lines count, and the mouse over the picture.
        """
        seen: list[Event] = []
        for event in (pygame.event.wait(max(1, milliseconds)), *pygame.event.get()):
            if event.type in (pygame.KEYDOWN, pygame.KEYUP) and event.key in self._names:
                kind = "press" if event.type == pygame.KEYDOWN else "release"
                seen.append(Event(kind, self._names[event.key]))
            elif event.type in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEMOTION):
                seen += self._strokes(event)
            elif event.type in _OTHER_EVENTS:
                seen.append(Event(_OTHER_EVENTS[event.type]))
        return seen

    def _strokes(self, event: pygame.event.Event) -> list[Event]:
        if not self._picture.collidepoint(event.pos):
            return []
        if event.type == pygame.MOUSEBUTTONDOWN:
            kinds = [_BUTTONS[event.button]] if event.button in _BUTTONS else []
        else:
            kinds = [f"{kind} on" for number, kind in _BUTTONS.items() if event.buttons[number - 1]]
        spot = (
            (event.pos[0] - self._picture.left) / self._picture.width,
            (event.pos[1] - self._picture.top) / self._picture.height,
        )
        return [Event(kind, spot=spot) for kind in kinds]

    def close(self) -> None:
        """Close it; a second time does nothing."""
        pygame.display.quit()

    def _draw_help(self) -> None:
        height = self._screen.get_height() - self._stage.bottom
        area = pygame.Rect(0, self._stage.bottom, self._stage.width, height)
        pygame.draw.rect(self._screen, SURFACE, area)
        pygame.draw.line(self._screen, LINE, area.topleft, area.topright)
        for index, row in enumerate(self._help):
            for offset, names, label in row:
                left = MARGIN + offset
                top = area.top + MARGIN // 2 + index * KEY_ROW
                for name in names:
                    left = _draw_key(self._screen, name, (left, top)) + 3
                _write(self._screen, label, 17, DIM, (left + 3, top + 5))


def _key_rows(keys: dict[str, list[str]], width: int) -> list[list[tuple[int, list[str], str]]]:
    """Break the keys into rows of (offset in pixels, key names, label), in even columns."""
    if not keys:
        return []
    needed = [
        sum(_key_width(name) + 3 for name in names) + _text(label, 17, DIM).get_width() + 20
        for label, names in keys.items()
    ]
    columns = max(1, width // max(needed))
    rows: list[list[tuple[int, list[str], str]]] = []
    for index, (label, names) in enumerate(keys.items()):
        if index % columns == 0:
            rows.append([])
        rows[-1].append((index % columns * (width // columns), names, label))
    return rows


def _key_width(name: str) -> int:
    return 20 if name in ARROWS else max(20, _text(_cap(name), 16, TEXT).get_width() + 10)


def _cap(name: str) -> str:
    return CAPS.get(name, name.capitalize())


def _draw_key(screen: pygame.Surface, name: str, corner: tuple[int, int]) -> int:
    """Draw one key cap; gives its right edge."""
    cap = pygame.Rect(corner, (_key_width(name), 20))
    pygame.draw.rect(screen, LINE, cap, border_radius=4)
    if name in ARROWS:
        x, y = cap.center
        ahead, aside = ARROWS[name], ARROWS[name][::-1]
        tip = (x + 5 * ahead[0], y + 5 * ahead[1])
        wings = [
            (x - 4 * ahead[0] + 5 * side * aside[0], y - 4 * ahead[1] + 5 * side * aside[1])
            for side in (-1, 1)
        ]
        pygame.draw.polygon(screen, TEXT, [tip, *wings])
    else:
        text = _text(_cap(name), 16, TEXT)
        screen.blit(text, text.get_rect(center=cap.center))
    return cap.right


def _draw_panel(
    screen: pygame.Surface, panel: dict[str, dict[str, Any]], area: pygame.Rect
) -> None:
    pygame.draw.rect(screen, SURFACE, area)
    pygame.draw.line(screen, LINE, area.topleft, area.bottomleft)
    inner = area.inflate(-2 * MARGIN, -2 * MARGIN)
    columns = {title: _columns(values) for title, values in panel.items()}
    rows = sum(1.6 + -(-len(values) // columns[title]) for title, values in panel.items())
    height = min(24, int(inner.height / max(rows, 1)))
    top = float(inner.top)
    for title, values in panel.items():
        _write(screen, _words(title).upper(), height - 5, ACCENT, (inner.left, int(top)))
        top += height
        width = inner.width // columns[title]
        lines = -(-len(values) // columns[title])
        for index, (label, value) in enumerate(values.items()):
            column, line = divmod(index, lines)
            cell = pygame.Rect(inner.left + column * width, int(top) + line * height, width, height)
            if column < columns[title] - 1:
                cell.width -= MARGIN
            _draw_entry(screen, _words(label), value, cell, BARS[index % len(BARS)])
        top += (lines + 0.6) * height


def _columns(values: dict[str, Any]) -> int:
    has_bars = any(isinstance(value, tuple) for value in values.values())
    return 1 if has_bars or len(values) <= 5 else 2


def _draw_entry(
    screen: pygame.Surface, label: str, value: Any, cell: pygame.Rect, colour: Colour
) -> None:
    size = cell.height - 3
    if isinstance(value, bool):
        box = pygame.Rect(cell.left, cell.top + 1, size - 5, size - 5)
        pygame.draw.rect(screen, ACCENT if value else LINE, box, 0 if value else 1, 3)
        if value:
            tick = [(0.2, 0.5), (0.42, 0.74), (0.8, 0.26)]
            points = [(box.left + x * box.width, box.top + y * box.height) for x, y in tick]
            pygame.draw.lines(screen, BACKGROUND, False, points, 2)
        _write(screen, label, size, TEXT if value else DIM, (box.right + 6, cell.top), cell.right)
        return
    bright = TEXT if value else DIM
    _write(screen, label, size, bright, cell.topleft, cell.right)
    if isinstance(value, tuple):
        amount, largest = value
        track = pygame.Rect(cell.left + 92, cell.top + 1, cell.width - 92 - 44, size - 6)
        pygame.draw.rect(screen, LINE, track, border_radius=4)
        share = min(max(amount / largest, 0), 1) if largest else 0
        filled = pygame.Rect(track.topleft, (round(track.width * share), track.height))
        pygame.draw.rect(screen, colour, filled, border_radius=4)
        value = amount
    text = _text(f"{value:.2f}" if isinstance(value, float) else str(value), size, bright)
    screen.blit(text, text.get_rect(topright=(cell.right, cell.top)))


def _draw_notice(screen: pygame.Surface, notice: str, area: pygame.Rect) -> None:
    text = _text(notice, 24, NOTICE)
    strip = pygame.Surface((area.width, text.get_height() + 20))
    strip.set_alpha(215)
    strip.fill(BACKGROUND)
    place = strip.get_rect(center=area.center)
    screen.blit(strip, place)
    screen.blit(text, text.get_rect(center=place.center))


def _words(name: str) -> str:
    return name.replace("_", " ")


def _write(
    screen: pygame.Surface,
    words: str,
    size: int,
    colour: Colour,
    corner: tuple[int, int],
    right: int | None = None,
) -> None:
    """Write one line; what would pass `right` is cut off."""
    text = _text(words, size, colour)
    width = text.get_width() if right is None else max(0, right - corner[0])
    screen.blit(text, corner, (0, 0, width, text.get_height()))


@cache  # a game writes the same few hundred words again and again
def _font(size: int) -> pygame.font.Font:
    return pygame.font.Font(None, max(size, 8))


def _text(words: str, size: int, colour: Colour) -> pygame.Surface:
    return _font(size).render(words, True, colour)
