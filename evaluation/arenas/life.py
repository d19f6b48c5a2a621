"""Conway's Life on a torus, put together for the evaluation, on grids of several sizes."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool

from envs.life.actions import edited, idle_action
from envs.life.dynamics import generation
from envs.life.env import ToroidalLife
from envs.life.params import LifeParams
from envs.life.patterns import PATTERNS, place
from envs.life.render import colours_of, draw
from envs.life.rules import Boundary, parse_rule
from envs.life.state import LifeState, first_state
from evaluation.arena import EVERYTHING, Arena, Mutator, Picture, Recording, recording_of
from evaluation.baselines import Random, null
from evaluation.metrics import canonical_text
from worldmodels.lifegpt.adapters import (
    LifeWorldModel,
    convolution,
    fits,
    lifegpt,
    majority,
    shipped_checkpoints,
    true_rule,
)

Grid = Bool[np.ndarray, "rows columns"]
Cells = Bool[Array, "rows columns"]
Change = Callable[[LifeState, Grid, np.random.Generator], Grid | None]

SIDES: Final = {"life": 8, "life-16": 16, "life-32": 32}
"""Rows and columns of each world; many models know one size only."""
NUM_STEPS: Final = 3  # transitions of a scenario
DENSITIES: Final = (10, 20, 30, 40, 50, 70)  # percent
EDITED_DENSITY: Final = 30
HIGHLIFE: Final = "B36/S23"
OTHER_RULES: Final = ("B34/S23", "B3/S123", "B3/S234")  # each differs from Life in one count
PICTURE_SIDE: Final = 160  # pixels


def life_arena(name: str = "life") -> Arena[LifeState, int]:
    """The strict protocol on patterns, on random grids, and on one that is edited at every step."""
    side = SIDES[name]
    params = LifeParams(height=side, width=side)
    labels = (
        *(pattern.replace(" ", "_") for pattern in _patterns(side)),
        *(f"soup/{density}" for density in DENSITIES),
        "edited",
    )
    shipped = {n: path for n, path in shipped_checkpoints().items() if fits(path, params)}
    return Arena(
        name=name,
        title=f"Life on a torus of {side}x{side}",
        note="States are compared by their cells: raw edit counts the wrong ones, per leaf is "
        "their share of the grid.",
        state_type=LifeState,
        copy=lambda state: state,  # its arrays cannot be changed
        text_of=text_of,
        action_name=lambda action: _action_name(action, params),
        draw=_draw,
        record=functools.cache(lambda label: _record(label, params)),
        scenario_sets={EVERYTHING: labels},
        default_set={"strict": EVERYTHING},
        mutators={"strict": _mutators(params)},
        models={
            "rule": lambda observables: true_rule(params),
            **{n: functools.partial(_shipped, path, params) for n, path in shipped.items()},
            "convolution": lambda observables: convolution(params),
            "majority": lambda observables: majority(params),
            "null": lambda observables: null(lambda state: state, text_of),
            "random": lambda observables: Random(lambda state: state),
        },
        load=functools.partial(load_run, world=name),
    )


life_arena_16 = functools.partial(life_arena, "life-16")
life_arena_32 = functools.partial(life_arena, "life-32")


def load_run(path: Path, world: str) -> LifeWorldModel:
    """A model from the folder of a run, or one of its checkpoints.

    Raises:
        ValueError: it is broken, or of other grids or another rule than the world.
    """
    params = LifeParams(height=SIDES[world], width=SIDES[world])
    try:
        return lifegpt(path, params)
    except ValueError as error:
        sizes = ", ".join(f"{name} {side}x{side}" for name, side in SIDES.items())
        raise ValueError(f"{error} (of --world, {sizes})") from error


def text_of(state: LifeState) -> str:
    """The cells, each under its row and column, so that a wrong cell is one difference."""
    rows = np.asarray(state.cells).astype(int).tolist()
    return canonical_text({"cells": {str(i): _numbered(row) for i, row in enumerate(rows)}})


def _numbered(row: Sequence[int]) -> dict[str, int]:
    return {str(column): cell for column, cell in enumerate(row)}


def _shipped(path: Path, params: LifeParams, observables: object) -> LifeWorldModel:
    del observables  # there is one set
    return lifegpt(path, params)


def _patterns(side: int) -> list[str]:
    """Names of those that fit."""
    return [name for name, known in PATTERNS.items() if max(known.cells().shape) <= side]


def _action_name(action: int, params: LifeParams) -> str:
    if action == idle_action(params):
        return "one generation"
    row, column = divmod(action, params.width)
    return f"cell ({row}, {column}) changed, one generation"


def _draw(state: LifeState) -> Picture:
    cells = np.asarray(state.cells)
    colours = colours_of(cells, cells, np.zeros_like(cells), None)
    return draw(colours, (PICTURE_SIDE, PICTURE_SIDE))


def _record(label: str, params: LifeParams) -> Recording[LifeState, int]:
    """Let the grid of a scenario live."""
    side = params.height
    kind, _, density = label.partition("/")
    random = np.random.default_rng([side, int(density or EDITED_DENSITY)])
    actions = [idle_action(params)] * NUM_STEPS
    category = "random grid"
    if kind == "soup":
        cells = random.random((side, side)) < int(density) / 100
    elif kind == "edited":
        cells = random.random((side, side)) < EDITED_DENSITY / 100
        actions = random.choice(side * side, NUM_STEPS, replace=False).tolist()
    else:
        cells, category = place(PATTERNS[kind.replace("_", " ")].cells(), side, side), "pattern"
    step = _transition(params)
    states = [first_state(jnp.asarray(cells), params)]
    for action in actions:
        states.append(step(states[-1], action))
    return recording_of(label, states, actions, text_of, category)


@functools.cache
def _transition(params: LifeParams) -> Callable[[LifeState, int], LifeState]:
    """The world itself; it is certain, so any key will do."""
    return jax.jit(
        lambda state, action: ToroidalLife().transition(jax.random.key(0), state, action, params)
    )


def _mutators(params: LifeParams) -> tuple[Mutator[LifeState, int], ...]:
    """What a model that has not understood the rule may take for the next grid.

    Each change is given the true next state and the grid that the generation began with.
    """
    changes: dict[str, Change] = {
        "flip_near": lambda state, before, random: _flipped(state, random, is_near=True),
        "flip_anywhere": lambda state, before, random: _flipped(state, random, is_near=False),
        "unchanged": lambda state, before, random: np.asarray(state.previous),
        "action_ignored": lambda state, before, random: _lived(
            np.asarray(state.previous), params.rule
        ),
        "moved": _moved,
        "no_births": lambda state, before, random: np.asarray(state.cells) & before,
        "no_deaths": lambda state, before, random: np.asarray(state.cells) | before,
        "two_generations": lambda state, before, random: _lived(
            np.asarray(state.cells), params.rule
        ),
        "dead_edges": lambda state, before, random: _lived(before, params.rule, "dead"),
        "highlife": lambda state, before, random: _lived(before, HIGHLIFE),
        "other_rule": lambda state, before, random: _lived(before, str(random.choice(OTHER_RULES))),
    }
    return tuple(Mutator(name, _edit(change, params)) for name, change in changes.items())


def _edit(
    change: Change, params: LifeParams
) -> Callable[[LifeState, int, np.random.Generator], LifeState | None]:
    touched = jax.jit(lambda state, action: edited(state.previous, state.agent, action, params)[0])

    def edit(state: LifeState, action: int, random: np.random.Generator) -> LifeState | None:
        cells = change(state, np.asarray(touched(state, action)), random)
        return None if cells is None else dataclasses.replace(state, cells=jnp.asarray(cells))

    return edit


def _flipped(state: LifeState, random: np.random.Generator, *, is_near: bool) -> Grid | None:
    """One cell is wrong; near: a live cell, or one beside a live cell."""
    cells = np.array(state.cells)
    may_be_wrong = np.ones_like(cells)
    if is_near:
        around = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
        may_be_wrong = np.any([np.roll(cells, shift, axis=(0, 1)) for shift in around], axis=0)
    spots = np.argwhere(may_be_wrong)
    if not len(spots):
        return None
    row, column = spots[random.integers(len(spots))]
    cells[row, column] ^= True
    return cells


def _moved(state: LifeState, before: Grid, random: np.random.Generator) -> Grid:
    """Everything is one cell off, in one of eight directions."""
    del before
    steps = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if down or right]
    return np.roll(np.asarray(state.cells), steps[random.integers(len(steps))], axis=(0, 1))


def _lived(cells: Grid, rule: str, boundary: Boundary = "torus") -> Grid:
    return np.asarray(_stepper(rule, boundary)(jnp.asarray(cells)))


@functools.cache
def _stepper(rule: str, boundary: Boundary) -> Callable[[Cells], Any]:
    parsed = parse_rule(rule)
    return jax.jit(lambda cells: generation(cells, parsed, boundary))
