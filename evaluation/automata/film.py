"""A rollout as an animated picture: the truth, the model, and where they differ."""

import io
import re
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image, ImageDraw, ImageFont

from envs.files import write_bytes
from envs.life.render import ALIVE, DEAD, draw
from evaluation.automata.study import Measured

Grid = Bool[np.ndarray, "rows columns"]
Life = Bool[np.ndarray, "times rows columns"]
Shares = Float[np.ndarray, " times"]
Colours = UInt8[np.ndarray, "rows columns 3"]

PANEL: Final = 256  # pixels of a grid's side
GAP: Final = 16
HEAD: Final = 58  # pixels above the grids
FOOT: Final = 72  # and below
BAR: Final = 40  # height of the bar of a step in which half of the cells are wrong
SWATCH: Final = 11
PAPER: Final = (14, 16, 21)
INK: Final = (226, 229, 236)
SOFT: Final = (140, 147, 160)
WRONG: Final = (240, 140, 60)  # cells that are alive in the model alone
MISSING: Final = (80, 150, 240)  # cells that are alive in truth alone
AGREED: Final = (70, 76, 88)
MILLISECONDS: Final = 350  # of a step
LONG: Final = 1500  # of the first and the last


def write_film(one: Measured, folder: Path) -> Path:
    """Write one rollout of a model: of those with an error one that is right for long at first.

    Returns:
        The path of the GIF.
    """
    path = folder / f"cellular-{_slug(one.model.name)}-{one.side}x{one.side}.gif"
    grid = _most_telling(one)
    truth, said = one.rollouts.truth[grid], one.rollouts.said[grid]
    pictures = [_frame(one, truth, said, step) for step in range(len(truth))]
    gif = io.BytesIO()
    pictures[0].save(
        gif,
        format="GIF",
        save_all=True,
        append_images=pictures[1:],
        duration=[LONG, *[MILLISECONDS] * (len(pictures) - 2), LONG],
        loop=0,
    )
    write_bytes(path, gif.getvalue())
    return path


def _most_telling(one: Measured) -> int:
    """The longest that is right at first; where several are, the liveliest."""
    right = one.rollouts.right_steps
    is_wrong = right < one.rollouts.errors.shape[1]
    changes = (one.rollouts.truth[:, 1:] != one.rollouts.truth[:, :-1]).sum(axis=(1, 2, 3))
    return int(np.lexsort((changes, right, is_wrong))[-1])


def _frame(one: Measured, truths: Life, answers: Life, step: int) -> Image.Image:
    truth, said = truths[step], answers[step]
    picture = Image.new("RGB", (4 * GAP + 3 * PANEL, HEAD + PANEL + FOOT), PAPER)
    pen = ImageDraw.Draw(picture)
    large, small = ImageFont.load_default(16), ImageFont.load_default(13)
    wrong = int((truth != said).sum())
    pen.text((GAP, 10), f"{Path(one.model.name).name}, {one.side}x{one.side}", INK, large)
    pen.text(
        (picture.width - GAP, 10),
        f"generation {step} of {len(truths) - 1}: "
        + (f"{wrong} of {truth.size} cells wrong" if wrong else "all cells right"),
        WRONG if wrong else INK,
        large,
        anchor="ra",
    )
    panels = {
        "truth": _alive(truth),
        "model, going on from its own answers": _alive(said),
        "difference": _difference(truth, said),
    }
    for number, (title, colours) in enumerate(panels.items()):
        left = GAP + number * (PANEL + GAP)
        pen.text((left, HEAD - 20), title, SOFT, small)
        picture.paste(Image.fromarray(draw(colours, (PANEL, PANEL))), (left, HEAD))
    shares = (truths != answers).mean(axis=(1, 2))
    _draw_bars(pen, shares, step, (GAP, 2 * (PANEL + GAP)), picture.height - 10)
    pen.text((GAP, HEAD + PANEL + 8), "share of cells wrong", SOFT, small)
    keys = {
        "alive in both": AGREED,
        "alive in the model only": WRONG,
        "alive in truth only": MISSING,
    }
    for number, (title, colour) in enumerate(keys.items()):
        left, top = GAP + 2 * (PANEL + GAP), HEAD + PANEL + 9 + 20 * number
        pen.rectangle((left, top, left + SWATCH, top + SWATCH), colour)
        pen.text((left + SWATCH + 8, top - 2), title, SOFT, small)
    return picture


def _draw_bars(
    pen: ImageDraw.ImageDraw, shares: Shares, step: int, ends: tuple[int, int], bottom: int
) -> None:
    """A bar for the share of wrong cells at every time, those up to now in colour."""
    left, right = ends
    edges = np.linspace(left, right, len(shares) + 1).round().astype(int).tolist()
    pen.line((left, bottom, right - 1, bottom), AGREED)
    for time, share in enumerate(shares.tolist()):
        colour = AGREED if time > step else WRONG
        if share:
            top = bottom - max(1, round(2 * BAR * min(share, 0.5)))
            pen.rectangle((edges[time], top, edges[time + 1] - 2, bottom), colour)
    pen.rectangle((edges[step], bottom + 2, edges[step + 1] - 2, bottom + 4), INK)


def _alive(cells: Grid) -> Colours:
    colours = np.full((*cells.shape, 3), DEAD, np.uint8)
    colours[cells] = ALIVE
    return colours


def _difference(truth: Grid, said: Grid) -> Colours:
    colours = np.full((*truth.shape, 3), DEAD, np.uint8)
    colours[truth & said] = AGREED
    colours[said & ~truth] = WRONG
    colours[truth & ~said] = MISSING
    return colours


def _slug(name: str) -> str:
    """A name that any file may have."""
    return re.sub(r"[^A-Za-z0-9.-]+", "_", name).strip("_.")
