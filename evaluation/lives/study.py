"""What a study judges, and the rows that come of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from evaluation.arena import Arena
from evaluation.arenas import arena_named
from evaluation.lives.judging import Cell, Judged, Task, read
from evaluation.lives.learning import Lesson, Life
from evaluation.lives.models import FILES, INDUCTIVE, POE, model_names
from evaluation.lives.summary import compared, curve_row, mechanics_of, row_between
from evaluation.record import Row


class Plan(NamedTuple):
    """All tasks of a study."""

    arena: Arena[Any, Any]
    cells: tuple[Cell, ...]  # the first is that of the curve
    tasks: Mapping[str, Sequence[Task]]  # model -> one a life and set of observables, or a set
    points: Mapping[int, Sequence[Task]]  # transitions -> one for each life that has so many

    @property
    def all_tasks(self) -> list[Task]:
        """Each once."""
        groups = (*self.tasks.values(), *self.points.values())
        return list(dict.fromkeys(task for group in groups for task in group))


def lessons_of(lives: Sequence[Life], points: Sequence[int]) -> list[Lesson]:
    """The laws to be learned, the longest lessons first; `lives` have been lived."""
    lessons = [
        Lesson(life, transitions)
        for life in lives
        for transitions in dict.fromkeys((life.num_steps, *points))
        if transitions <= life.num_steps
    ]
    return sorted(lessons, key=lambda lesson: -lesson.transitions)


def plan_of(
    world: str, lives: Sequence[Life], points: Sequence[int], trials: int, seed: int, out: Path
) -> Plan:
    """Every model in every way that the world can be judged.

    Args:
        world: as in `evaluation.arenas.ARENAS`.
        lives: which have been lived.
        points: numbers of transitions after which the inductive model is judged, too.
        trials: of state ranking.
        seed: of state ranking.
        out: where judgements go that depend on no life.
    """
    arena = arena_named(world)
    protocols = tuple(sorted(arena.mutators, reverse=True))  # strict before compat
    cells = tuple(Cell(p, o) for p in protocols for o in arena.observable_sets)
    first = cells[0]
    tasks = {
        model: [
            Task(world, model, home, observables, protocols, trials, seed)
            for observables in arena.observable_sets
            for home in ([life.home for life in lives] if model in FILES else [out])
        ]
        for model in model_names(arena)
    }
    partial = Task(world, INDUCTIVE, out, first.observables, (first.protocol,), trials, seed)
    curve = {
        number: [
            partial._replace(home=life.folder(number))
            if number < life.num_steps
            else partial._replace(home=life.home, protocols=protocols)  # as in `tasks`
            for life in lives
            if number <= life.num_steps
        ]
        for number in points
    }
    return Plan(arena, cells, tasks, {number: group for number, group in curve.items() if group})


def rows_of(plan: Plan, lessons: Sequence[Lesson]) -> list[Row]:
    """The lives; models in every cell; comparisons by mechanic; the curve, if there is one.

    They are named `lives`, `<protocol>/<observables>/<model>`,
    `mechanics/<protocol>/<observables>`, `curve/<protocol>/<observables>`.

    Raises:
        ValueError: a judgement is not there.
    """
    rows = [_lives_row(lessons)]
    for cell in plan.cells:
        rows += [
            row_between(f"{cell.name}/{model}", _judged(tasks, cell))
            for model, tasks in plan.tasks.items()
        ]
    mechanics = mechanics_of(plan.arena)
    for cell in plan.cells:
        ours, theirs = _judged(plan.tasks[INDUCTIVE], cell), _judged(plan.tasks[POE], cell)
        rows.append(compared(f"mechanics/{cell.name}", ours, theirs, mechanics))
    if plan.points:
        first = plan.cells[0]
        points = {number: _judged(tasks, first) for number, tasks in plan.points.items()}
        rows.append(curve_row(f"curve/{first.name}", points))
    return rows


def _lives_row(lessons: Sequence[Lesson]) -> Row:
    """How long the lives were, and how many laws came of them."""
    whole = [lesson for lesson in lessons if lesson.folder == lesson.life.home]
    by = tuple(
        Row(
            lesson.life.home.name,
            {"transitions": float(lesson.transitions), "laws": float(lesson.num_laws)},
            {},
            1,
        )
        for lesson in sorted(whole, key=lambda lesson: lesson.life.exploration.seed)
    )
    return Row("lives", {}, {}, len(by), by=by)


def _judged(tasks: Sequence[Task], cell: Cell) -> list[Judged]:
    """The judgements of one cell, in the order of the tasks."""
    found = []
    for task in tasks:
        if task.observables != cell.observables:
            continue
        judged = read(task, cell.protocol)
        if judged is None:
            raise ValueError(
                f"{task.home} holds no judgement of {task.model} by {cell.name} any more, or its "
                "laws have changed meanwhile; run the same command again"
            )
        found.append(judged)
    return found
