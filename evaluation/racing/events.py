"""What the race of array steppers measures: contenders, settings, and the figures wanted."""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from evaluation.racing import batched
from evaluation.racing.batched import Program
from evaluation.racing.rollouts import Job
from evaluation.racing.workers import Setting

ONE_CORE: Final = Setting("1 core", 1)
SHARDED: Final = Setting("2 cores, sharded", 2, 2)
SETTINGS: Final = (ONE_CORE, Setting("2 cores", 2), SHARDED)
DEFAULT: Final = (Setting("default"),)
"""What jax chooses by itself: an accelerator, where it sees one."""

ACCELERATOR_BATCHES: Final = (1024, 4096, 16384, 65536)
BATCH: Final = 1024  # for which figures are wanted; smaller ones gain nothing by a second core


class Contender(NamedTuple):
    """A program in the race."""

    name: str
    program: Callable[[int], Program]
    package: str | None = None  # it needs; None: it is ours
    num_envs: int | None = None  # its batch, if not that of the heat


class Wanted(NamedTuple):
    """A figure to be reached."""

    metric: str
    bound: float
    at_least: bool = True

    def __str__(self) -> str:
        """As `ratio >= 4`."""
        return f"{self.metric} {'>=' if self.at_least else '<='} {self.bound:g}"

    def is_met(self, metrics: Mapping[str, float]) -> bool:
        """Whether a contender reached it."""
        compare = operator.ge if self.at_least else operator.le
        return bool(compare(metrics[self.metric], self.bound))


class Event(NamedTuple):
    """One discipline: contenders and the batches they are measured at, one heat each."""

    name: str
    contenders: Sequence[Contender]
    batches: Sequence[int]
    wanted: Mapping[int, Sequence[Wanted]] = {}  # of ours, by batch
    settings: Sequence[Setting] = SETTINGS
    worlds: bool = False  # True: worlds are made, not stepped
    resets: bool = False  # True: by the programs themselves
    warm_up: int = 0  # steps before the first turn, of ours; the peer costs the same in any state
    timed: int | None = None  # batch whose compilation is timed, one program after the other

    def job(self, contender: Contender, batch: int, seed: int) -> Job:
        """What to tell the worker of a contender in the heat of a batch."""
        return Job(
            contender.program,
            "worlds" if self.worlds else "steps",
            contender.num_envs or batch,
            seed,
            self.resets,
            warm_up=0 if contender.package else self.warm_up,
        )

    def lanes(self, batch: int) -> list[tuple[Contender, Setting]]:
        """Who runs where: small batches, and the making of worlds, in the first setting only."""
        return [
            (contender, setting)
            for contender in self.contenders
            for setting in self.settings[: None if self._is_large(contender, batch) else 1]
        ]

    def _is_large(self, contender: Contender, batch: int) -> bool:
        num_envs = contender.num_envs or batch
        return not self.worlds and num_envs >= BATCH and num_envs % 2 == 0


OURS: Final = Contender("stepper", batched.stepper)
PEER: Final = Contender("craftax", batched.craftax, "craftax")


def events(batches: Sequence[int]) -> tuple[Event, ...]:
    """What is measured on processor cores."""
    steps = Event(
        "steps",
        (OURS, PEER),
        sorted(batches),
        {BATCH: (Wanted("ratio", 4.0), Wanted("compile_seconds", 15.0, at_least=False))},
        timed=BATCH,
    )
    resets = Event(
        "steps with resets",
        (
            Contender("stepper, autoreset", batched.stepper_resets),
            Contender("craftax, optimistic resets", batched.craftax_optimistic, "craftax"),
            Contender("craftax, its own, 64 worlds", batched.craftax_resets, "craftax", 64),
        ),
        (BATCH,),
        {BATCH: (Wanted("ratio", 10.0),)},
        settings=(ONE_CORE, SHARDED),
        resets=True,
        warm_up=320,
    )
    limit = Wanted("milliseconds_per_world", 0.4, at_least=False)
    worlds = Event(
        "worlds made", (OURS, PEER), (64, 256), {64: (limit,), 256: (limit,)}, worlds=True
    )
    return steps, resets, worlds


def accelerator_event(platform: str) -> Event:
    """What is measured on an accelerator."""
    return Event(f"steps on {platform}", (OURS, PEER), ACCELERATOR_BATCHES, settings=DEFAULT)
