"""From outcomes to rows, and from rows to tables for the terminal."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from rich import box
from rich.table import Table

from evaluation.plans.choices import CHOICES
from evaluation.plans.goals import GOALS
from evaluation.plans.jobs import ChoiceOutcome, EpisodeOutcome, Outcome, Samples
from evaluation.record import Reference, Row

REFERENCE_MODEL: Final = "kernel"  # whose planner the others are compared with


def rows_of(names: Iterable[str], outcomes: Sequence[Outcome]) -> tuple[Row, ...]:
    """A row per model or random policy, with nested rows per scenario and per goal."""
    episodes = [outcome for outcome in outcomes if isinstance(outcome, EpisodeOutcome)]
    best = {goal: _mean_reward(episodes, REFERENCE_MODEL, goal) for goal in GOALS}
    return tuple(_row(name, outcomes, best) for name in names)


def preferred(samples: tuple[Samples, Samples]) -> int | None:
    """Which plan had the higher mean reward: 0, 1, or None for neither."""
    first, second = (float(np.mean(of_plan.rewards)) for of_plan in samples)
    if math.isclose(first, second, abs_tol=1e-9):
        return None
    return 0 if first > second else 1


def reward_error(outcome: ChoiceOutcome) -> float:
    """How far the mean rewards in the model are off, relative to the better plan's true one."""
    true = [float(np.mean(samples.rewards)) for samples in outcome.true]
    model = [float(np.mean(samples.rewards)) for samples in outcome.model]
    off = [abs(m - t) for m, t in zip(model, true, strict=True)]
    return float(np.mean(off)) / max(true)


def _row(name: str, outcomes: Sequence[Outcome], best: Mapping[str, float | None]) -> Row:
    choices = [
        _choice_row(outcome)
        for outcome in outcomes
        if isinstance(outcome, ChoiceOutcome) and outcome.job.model == name
    ]
    goals = [
        _goal_row(goal, lived, best[goal])
        for goal in GOALS
        if (lived := _episodes(outcomes, name, goal))
    ]
    metrics = {}
    if choices:
        metrics["preferences_right"] = sum(row.metrics["agrees"] for row in choices)
        metrics["preference_agreement"] = _mean_of(choices, "agrees")
        metrics["relative_reward_error"] = _mean_of(choices, "relative_reward_error")
    if goals:
        metrics["success_rate"] = _mean_of(goals, "success_rate")
    compared = [row for row in goals if "fraction_of_kernel" in row.metrics]
    if compared:
        metrics["fraction_of_kernel"] = _mean_of(compared, "fraction_of_kernel")
    return Row(name, metrics, {}, len(choices) + len(goals), by=(*choices, *goals))


def _choice_row(outcome: ChoiceOutcome) -> Row:
    choice = CHOICES[outcome.job.choice]
    wanted = preferred(outcome.true)
    plans = []
    for option, true, model in zip(choice.options, outcome.true, outcome.model, strict=True):
        columns = {
            "true_reward": true.rewards,
            "model_reward": model.rewards,
            "true_steps": true.steps,
            "model_steps": model.steps,
        }
        plans.append(_sampled(option.name, columns, {"tables_lost": float(model.tables_lost)}))
    metrics = {
        "agrees": float(preferred(outcome.model) == wanted),
        "relative_reward_error": reward_error(outcome),
    }
    return Row(choice.name, metrics, {}, outcome.job.rollouts, by=tuple(plans))


def _goal_row(goal: str, lived: Sequence[EpisodeOutcome], best: float | None) -> Row:
    episodes = [outcome.episode for outcome in lived]
    columns = {
        "success_rate": [float(episode.is_success) for episode in episodes],
        "reward": [episode.reward for episode in episodes],
        "steps": [float(episode.num_steps) for episode in episodes],
    }
    row = _sampled(goal, columns, {})
    if not best:
        return row
    metrics = {**row.metrics, "fraction_of_kernel": row.metrics["reward"] / best}
    return Row(goal, metrics, row.stderr, row.n)


def _sampled(name: str, columns: Mapping[str, list[float]], extra: Mapping[str, float]) -> Row:
    n = len(next(iter(columns.values())))
    means = {metric: float(np.mean(values)) for metric, values in columns.items()}
    stderr = {}
    if n > 1:
        stderr = {k: float(np.std(v, ddof=1)) / math.sqrt(n) for k, v in columns.items()}
    return Row(name, {**means, **extra}, stderr, n)


def _episodes(outcomes: Iterable[Outcome], policy: str, goal: str) -> list[EpisodeOutcome]:
    return [
        outcome
        for outcome in outcomes
        if isinstance(outcome, EpisodeOutcome)
        and (outcome.job.policy, outcome.job.goal) == (policy, goal)
    ]


def _mean_reward(outcomes: Iterable[Outcome], policy: str, goal: str) -> float | None:
    lived = _episodes(outcomes, policy, goal)
    return float(np.mean([o.episode.reward for o in lived])) if lived else None


def _mean_of(rows: Sequence[Row], metric: str) -> float:
    return float(np.mean([row.metrics[metric] for row in rows]))


def choices_table(row: Row, reference: Reference) -> Table:
    """One line per plan: rewards and steps in both worlds, the published ones beside them."""
    table = _table(
        row.name,
        "means, ± standard error where rollouts differ; published: true / model / steps",
    )
    for title in ("reward", "in model", "steps", "in model", "published"):
        table.add_column(title, justify="right", no_wrap=True)
    for part in (part for part in row.by if part.name in CHOICES):
        table.add_row(part.name, "", "agrees" if part.metrics["agrees"] else "[red]differs")
        for plan in part.by:
            theirs = reference.by[f"{part.name}/{plan.name}"]
            names = ("true_reward", "model_reward", "true_steps", "model_steps")
            cells = (_cell(plan, name, 2 if "reward" in name else 1) for name in names)
            published = (
                f"{theirs['true_reward']:g} / {theirs['model_reward']:g} / {theirs['steps']:g}"
            )
            table.add_row(f"  {plan.name}", *cells, published)
    return table


def goals_table(rows: Iterable[Row]) -> Table:
    """One line per goal and policy."""
    table = _table("goal", "mean ± standard error over episodes in the true world")
    for title in ("planned in", "success", "reward", "steps", "of kernel"):
        table.add_column(title, justify="left" if title == "planned in" else "right")
    lines = [(part.name, row.name, part) for row in rows for part in row.by if part.name in GOALS]
    for goal in GOALS:
        for name, policy, part in lines:
            if name == goal:
                share = part.metrics.get("fraction_of_kernel")
                cells = (_cell(part, metric, 2) for metric in ("success_rate", "reward"))
                steps = _cell(part, "steps", 1)
                table.add_row(goal, policy, *cells, steps, "" if share is None else f"{share:.2f}")
    return table


def notes_of(rows: Iterable[Row]) -> list[str]:
    """A sentence for each plan in which a model lost the table that was placed."""
    return [
        f"{row.name}: {part.name}, {plan.name}: the placed table is missing in "
        f"{plan.metrics['tables_lost']:.0f} of {plan.n} imagined rollouts"
        for row in rows
        for part in row.by
        for plan in part.by
        if plan.metrics["tables_lost"]
    ]


def _cell(row: Row, metric: str, decimals: int) -> str:
    spread = row.stderr.get(metric)
    around = f" ±{spread:.{decimals}f}" if spread else ""
    return f"{row.metrics[metric]:.{decimals}f}{around}"


def _table(first: str, caption: str) -> Table:
    table = Table(
        caption=caption,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        show_edge=False,
    )
    table.add_column(first, no_wrap=True)
    return table
