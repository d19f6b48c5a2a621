"""Steps per second of the object engine, beside `crafter` where that is installed.

All run in this process on one core, in turns, with the same seeds and actions; processor time is
what counts, and the median over the rounds.
"""

import dataclasses
import functools
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, runtime_checkable

from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

if TYPE_CHECKING:  # everything else is imported when it is needed: --help must answer at once
    from evaluation.record import Row


@runtime_checkable
class Stepper(Protocol):
    """Something that steps one world."""

    def reset(self, seed: int) -> None:
        """Start an episode."""

    def step(self, action: int) -> bool:
        """Advance one step, and say whether the episode has ended."""


class Contender(NamedTuple):
    """One line of the race: a stepper, and what it is measured against."""

    name: str
    make: Callable[[], Stepper]
    package: str | None = None  # it needs; None: nothing but ours
    peer: str | None = None  # name of the contender it is compared with
    wanted: float | None = None  # times as many steps per CPU second as the peer
    wanted_reset: float | None = None  # the same of resets


@dataclasses.dataclass(frozen=True)
class Clock:
    """What one contender took in one round."""

    num_steps: int
    step_seconds: float  # wall clock
    step_cpu_seconds: float
    num_resets: int
    reset_seconds: float
    reset_cpu_seconds: float

    def rates(self) -> dict[str, float]:
        """Steps and resets per second, by wall clock and by processor time."""
        return {
            "steps_per_second": self.num_steps / self.step_seconds,
            "steps_per_cpu_second": self.num_steps / self.step_cpu_seconds,
            "resets_per_second": self.num_resets / self.reset_seconds,
            "resets_per_cpu_second": self.num_resets / self.reset_cpu_seconds,
        }


def race(
    contenders: Sequence[Contender], seeds: Sequence[int], rounds: int, quiet: bool
) -> dict[str, dict[str, float]]:
    """Let all take turns, and return the median rates of each.

    Args:
        contenders: who takes part.
        seeds: one episode each.
        rounds: turns of each contender.
        quiet: True: show no progress.
    """
    steppers = {contender.name: contender.make() for contender in contenders}
    turns = [name for _ in range(rounds) for name in steppers]
    clocks: dict[str, list[Clock]] = {name: [] for name in steppers}
    watched: Iterable[str] = track(
        turns, "racing", console=Console(stderr=True), transient=True, disable=quiet
    )
    for name in watched:
        clocks[name].append(measure(steppers[name], seeds))
    return {name: _medians([clock.rates() for clock in taken]) for name, taken in clocks.items()}


def measure(stepper: Stepper, seeds: Iterable[int]) -> Clock:
    """Play an episode of each seed to its end."""
    import numpy as np

    num_steps = num_resets = 0
    marks = np.zeros(4)  # step and reset, wall clock and processor time
    for seed in seeds:
        random = np.random.RandomState(1000 + seed)  # the legacy generator, as in the parity tests
        actions = random.randint(0, 17, size=10_000).tolist()
        wall, cpu = time.perf_counter(), time.process_time()
        stepper.reset(seed)
        marks[2:] += time.perf_counter() - wall, time.process_time() - cpu
        num_resets += 1
        wall, cpu = time.perf_counter(), time.process_time()
        for action in actions:
            num_steps += 1
            if stepper.step(action):
                break
        marks[:2] += time.perf_counter() - wall, time.process_time() - cpu
    step, step_cpu, reset, reset_cpu = marks.tolist()
    return Clock(num_steps, step, step_cpu, num_resets, reset, reset_cpu)


class Engine:
    """The object engine on a state of its own: in place, or as the pure function."""

    def __init__(self, *, pure: bool = False, image: bool = False) -> None:
        from envs.crafter_oo import engine, render

        self._engine = engine
        self._render = render.render if image else None
        self._pure = pure
        self._state: Any = None

    def reset(self, seed: int) -> None:
        """Make a new world."""
        self._state = self._engine.initial_state(seed=seed)
        self._health = self._state.player.health
        self._unlocked = 0

    def step(self, action: int) -> bool:
        """Step, reckon the reward, and draw if asked to."""
        if self._pure:
            self._state, _ = self._engine.transition(self._state, action)
        else:
            self._engine.advance(self._state, action, self._state.draws)
            self._reward()
        if self._render is not None:
            self._render(self._state)
        return bool(self._state.player.health <= 0)

    def _reward(self) -> float:
        player = self._state.player
        reward: float = (player.health - self._health) / 10
        self._health = player.health
        counts = player.achievements.values()
        unlocked = len(counts) - counts.count(0)
        if unlocked > self._unlocked:
            self._unlocked = unlocked
            reward += 1.0
        return reward


class Gymnasium:
    """`gymnasium.make` with some keywords, wrappers included."""

    def __init__(self, name: str, **keywords: Any) -> None:
        import gymnasium

        import envs  # noqa: F401  # registers the ids

        self._env = gymnasium.make(name, **keywords)

    def reset(self, seed: int) -> None:
        """Reset with a seed."""
        self._env.reset(seed=seed)

    def step(self, action: int) -> bool:
        """Step."""
        _, _, terminated, truncated, _ = self._env.step(action)
        return terminated or truncated


class Crafter:
    """The `crafter` package."""

    def __init__(self, *, image: bool) -> None:
        self._image = image
        self._env: Any = None

    def reset(self, seed: int) -> None:
        """Make a new environment of this seed."""
        import crafter

        self._env = crafter.Env(seed=seed)
        if not self._image:
            self._env.render = lambda size=None: None
        self._env.reset()

    def step(self, action: int) -> bool:
        """Step."""
        _, _, done, _ = self._env.step(action)
        return bool(done)


PIXELS: Final = "crafter, 64x64 image"
BLIND: Final = "crafter, no image"

WORLDS: Final[Mapping[str, tuple[Contender, ...]]] = {
    "crafter_oo": (
        Contender(BLIND, functools.partial(Crafter, image=False), "crafter"),
        Contender("engine in place, no image", Engine, None, BLIND, 5, 25),
        Contender(
            "pure transition, no image", functools.partial(Engine, pure=True), None, BLIND, 1
        ),
        Contender("gym.make, obs='entities'", functools.partial(Gymnasium, "CrafterOO-v0")),
        Contender(PIXELS, functools.partial(Crafter, image=True), "crafter"),
        Contender(
            "engine in place, 64x64 image",
            functools.partial(Engine, image=True),
            None,
            PIXELS,
            8,
            25,
        ),
        Contender(
            "gym.make, obs='pixels'",
            functools.partial(Gymnasium, "CrafterOO-v0", obs="pixels"),
            None,
            PIXELS,
        ),
    ),
}
"""Who takes part, world by world; a new stepper or peer is a new line."""


def rows(
    contenders: Sequence[Contender], rates: Mapping[str, Mapping[str, float]], rounds: int
) -> list["Row"]:
    """The same for the record."""
    from evaluation.record import Row

    found = []
    for contender in contenders:
        ratios = {what: _ratio(contender, rates, what) for what in ("step", "reset")}
        compared = {f"{what}_ratio": r for what, r in ratios.items() if r is not None}
        found.append(Row(contender.name, {**rates[contender.name], **compared}, {}, rounds))
    return found


def table(
    contenders: Sequence[Contender], rates: Mapping[str, Mapping[str, float]], what: str
) -> Table:
    """One line per contender; `what` is `step` or `reset`."""
    lines = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    lines.add_column(what, no_wrap=True)
    for title in ("/s", "/CPU s", "CPU ms", "x peer", "wanted"):
        lines.add_column(title, justify="right")
    for contender in contenders:
        rate, cpu_rate = (rates[contender.name][f"{what}s_per_{s}second"] for s in ("", "cpu_"))
        ratio = _ratio(contender, rates, what)
        wanted = contender.wanted if what == "step" else contender.wanted_reset
        reached = "ok" if ratio is not None and wanted and ratio >= wanted else "missed"
        lines.add_row(
            contender.name,
            f"{rate:,.4g}" if rate < 100 else f"{rate:,.0f}",
            f"{cpu_rate:,.4g}" if cpu_rate < 100 else f"{cpu_rate:,.0f}",
            f"{1000 / cpu_rate:.3f}",
            "" if ratio is None else f"{ratio:.2f}",
            "" if ratio is None or wanted is None else f"{wanted:g} {reached}",
        )
    return lines


def _medians(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: statistics.median(clock[name] for clock in rounds) for name in rounds[0]}


def _ratio(
    contender: Contender, rates: Mapping[str, Mapping[str, float]], what: str
) -> float | None:
    if contender.peer is None or contender.peer not in rates:
        return None
    metric = f"{what}s_per_cpu_second"
    return rates[contender.name][metric] / rates[contender.peer][metric]
