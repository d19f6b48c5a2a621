"""What is measured: each model at a size, at many sizes, and on the published test grids."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Int

from evaluation.automata import scores
from evaluation.automata.grids import Start, broad, lives, patterns, rows_of_label, soups
from evaluation.automata.models import Simulator
from evaluation.automata.scores import Rollouts
from evaluation.record import Row
from worldmodels.lifegpt.benchmark import NAMES, SIDE, published_grids

DEFAULT_SIDE: Final = 16  # where no checkpoint says otherwise
LARGEST_SQUARES: Final = 16  # side of the largest grids on which all neighbourhoods are tried
GRIDS_OF_SIZE: Final = 3  # for each grid of a density
ROLLOUTS: Final = "rollouts"  # names of parts of rows
SQUARES: Final = "neighbourhoods"


class Settings(NamedTuple):
    """How much is measured."""

    grids: int  # of each density and of each pattern; of each size more
    lives: int  # grids of rollouts
    steps: int  # of a rollout
    sizes: tuple[int, ...]  # sides, of the comparison of sizes
    seed: int


class Measured(NamedTuple):
    """A model at one size."""

    model: Simulator
    side: int
    row: Row
    rollouts: Rollouts


class Sized(NamedTuple):
    """A model at many sizes, and why it cannot be asked about some."""

    model: Simulator
    row: Row
    refusals: Mapping[int, str]


class Study(NamedTuple):
    """Everything that was measured."""

    measured: tuple[Measured, ...]
    sized: tuple[Sized, ...]
    published: tuple[Measured, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        """For the record."""
        sized = tuple(one.row for one in self.sized)
        return (*(m.row for m in self.measured), *sized, *(m.row for m in self.published))


def sides_of(models: Sequence[Simulator], side: int) -> tuple[int, ...]:
    """Sides of the detailed measurements, ascending: the given one, or those of training.

    Args:
        models: all of them.
        side: 0 for those of training.

    Raises:
        ValueError: a model cannot be asked about the given side.
    """
    if not side:
        trained = {max(model.sides) for model in models if model.sides}
        return tuple(sorted(trained or {DEFAULT_SIDE}))
    for model in models:
        refusal = model.refusal(side)
        if refusal is not None:
            raise ValueError(f"{model.name}: {refusal}; or leave --side out")
    return (side,)


def study(
    models: Sequence[Simulator],
    sides: Sequence[int],
    settings: Settings,
    on_begin: Callable[[str], None],
) -> Study:
    """Measure everything.

    Args:
        models: all of them; where one cannot be asked about a size, it is left out.
        sides: of the detailed measurements.
        settings: how much.
        on_begin: called with the name of a model before each of `num_pieces` pieces of work.
    """
    measured, sized, published = [], [], []
    for model in models:
        for side in sides:
            on_begin(model.name)
            if model.refusal(side) is None:
                measured.append(_measure(model, side, settings))
        on_begin(model.name)
        sized.append(_compare_sizes(model, settings))
        on_begin(model.name)
        if model.refusal(SIDE) is None:
            published.append(_measure_published(model, settings.steps))
    measured.sort(key=lambda one: one.side)
    return Study(tuple(measured), tuple(sized), tuple(published))


def num_pieces(models: Sequence[Simulator], sides: Sequence[int]) -> int:
    """How often `study` reports."""
    return len(models) * (len(sides) + 2)


def _measure(model: Simulator, side: int, settings: Settings) -> Measured:
    random = soups(settings.seed, side, settings.grids)
    wrong = scores.wrong_cells(model, random.grids)
    shapes = patterns(settings.seed, side, settings.grids)
    first = [indices[0] for indices in rows_of_label(shapes.labels).values()]
    shapes_right = scores.roll_out(model, shapes.grids[first], settings.steps).right_steps
    rollouts = scores.roll_out(model, lives(settings.seed, side, settings.lives), settings.steps)
    parts = [
        *_parts(random, wrong),
        *_with_lives(_parts(shapes, scores.wrong_cells(model, shapes.grids)), shapes_right),
    ]
    if side <= LARGEST_SQUARES:
        parts.append(scores.neighbourhood_row(SQUARES, scores.right_neighbourhoods(model, side)))
    return Measured(
        model, side, _row(f"{side}x{side}/{model.name}", wrong, rollouts, parts), rollouts
    )


def _row(name: str, wrong: scores.Wrong, rollouts: Rollouts, parts: Sequence[Row]) -> Row:
    """One generation of all grids, and how long grids stay right in rollouts."""
    num_cells = rollouts.truth[0, 0].size
    lived = scores.rollout_row(ROLLOUTS, rollouts)
    row = scores.one_step_row(name, wrong, num_cells, [*parts, lived])
    later = {name: lived.metrics[name] for name in ("steps_to_first_error", "never_wrong_rate")}
    return Row(name, {**row.metrics, **later}, row.stderr, row.n, by=row.by)


def _parts(start: Start, wrong: scores.Wrong) -> list[Row]:
    """One generation of the grids of each label."""
    num_cells = start.grids[0].size
    return [
        scores.one_step_row(label, wrong[rows], num_cells)
        for label, rows in rows_of_label(start.labels).items()
    ]


def _with_lives(rows: Sequence[Row], right_steps: Int[np.ndarray, " rows"]) -> list[Row]:
    """The same, with the rollout of one grid each."""
    return [
        Row(row.name, {**row.metrics, "steps_to_first_error": float(steps)}, row.stderr, row.n)
        for row, steps in zip(rows, right_steps, strict=True)
    ]


def _compare_sizes(model: Simulator, settings: Settings) -> Sized:
    parts, refusals = [], {}
    count = GRIDS_OF_SIZE * settings.grids
    for side in settings.sizes:
        refusal = model.refusal(side)
        if refusal is None:
            wrong = scores.wrong_cells(model, broad(settings.seed, side, count))
            parts.append(scores.one_step_row(f"{side}x{side}", wrong, side * side))
        else:
            refusals[side] = refusal
    return Sized(model, Row(f"sizes/{model.name}", {}, {}, len(parts), by=tuple(parts)), refusals)


def _measure_published(model: Simulator, num_steps: int) -> Measured:
    start = Start(NAMES, published_grids())
    rollouts = scores.roll_out(model, start.grids, num_steps)
    wrong = (rollouts.said[:, 1] != rollouts.truth[:, 1]).sum(axis=(1, 2))
    parts = _with_lives(_parts(start, wrong), rollouts.right_steps)
    return Measured(model, SIDE, _row(f"published/{model.name}", wrong, rollouts, parts), rollouts)
