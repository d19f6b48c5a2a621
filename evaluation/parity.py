"""Statistics of Crafter-OO beside those of Crafter 1.8.3: worlds, episodes, creatures.

Equality step by step is tested in `tests/reproduction/test_crafter_peer.py`; this compares what
many episodes look like with figures that were taken from the reference program.
"""

import dataclasses
import math
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, NamedTuple

import tyro
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

if TYPE_CHECKING:  # everything else is imported when it is needed: --help must answer at once
    from envs.crafter_oo.state import WorldState
    from evaluation.published import Figure
    from evaluation.record import Result

BENCHMARK: Final = "parity"
ERRORS: Final = 4  # standard errors that may lie between two means
NUM_WORLDS: Final = 30
NUM_LONG_RUNS: Final = 24
LONG_RUN_STEPS: Final = 600
NUM_ARRAY_WORLDS: Final = 300
MOST_STEPS: Final = 600  # of an episode in the stepper; with random actions none lasts so long
POLICIES: Final = {"uniform": 17, "noop": 1, "moves": 6}
"""Each policy is uniform over the first so many actions."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Compare many episodes of Crafter-OO with the figures of Crafter 1.8.3.

    Actions of the episode with seed s come from numpy's RandomState(1000 + s). Exit status: 0, 1
    when a quantity is out of tolerance, 2 for bad usage.
    """

    episodes: int = 300
    """Episodes of the uniform policy, with seeds from --seed on; a third of it for the others."""
    seed: int = 0
    """First seed of the episodes, at least 0. New worlds always have the seeds 0 to 29."""
    engine: Literal["objects", "arrays"] = "objects"
    """Whose episodes: those of the object engine, or of the array stepper with its own draws."""
    out: Path = Path("results")
    """Folder for parity.json."""
    quiet: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Print nothing but errors."""


class Line(NamedTuple):
    """One quantity: ours beside the reference."""

    name: str
    ours: float
    reference: float
    tolerance: float  # allowed distance between the two
    n: int  # samples of ours

    @property
    def ok(self) -> bool:
        """Whether ours lies within the tolerance."""
        return abs(self.ours - self.reference) <= self.tolerance


class Episode(NamedTuple):
    """What is kept of one episode."""

    length: int
    total: float  # sum of rewards
    unlocked: list[str]
    mobs: dict[int, dict[str, int]]  # step: creatures by kind, while alive


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    config = tyro.cli(Config, args=arguments, prog=f"python -m evaluation.{BENCHMARK}")
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    if config.episodes < 6 or config.seed < 0:
        errors.print(
            f"error: expected --episodes of at least 6 and --seed of at least 0, got "
            f"{config.episodes} and {config.seed}"
        )
        return 2
    start = time.perf_counter()
    lines = compare(config) if config.engine == "objects" else compare_arrays(config)
    result = _result(config, lines, time.perf_counter() - start)
    console = Console(quiet=config.quiet, highlight=False)
    console.print(_table(lines))
    wrong = [line.name for line in lines if not line.ok]
    try:
        path = result.write(config.out)
    except OSError as error:
        errors.print(f"error: {error}")
        return 1
    console.print(
        f"{len(lines) - len(wrong)} of {len(lines)} quantities within tolerance; "
        f"{result.seconds:.0f} s; wrote {path}"
    )
    if wrong:
        errors.print(f"error: out of tolerance: {', '.join(wrong)}")
    return 1 if wrong else 0


def compare(config: Config) -> list[Line]:
    """Play everything and put it beside the reference figures."""
    sizes = {
        "uniform": config.episodes,
        "noop": config.episodes // 3,
        "moves": config.episodes // 3,
    }
    total = NUM_WORLDS + sum(sizes.values()) + NUM_LONG_RUNS
    with Progress(console=Console(stderr=True), transient=True, disable=config.quiet) as progress:
        task = progress.add_task("new worlds", total=total)

        def watched(seeds: range, what: str) -> Iterable[int]:
            progress.update(task, description=what)
            for seed in seeds:
                yield seed
                progress.advance(task)

        lines = _world_lines([count_world(s) for s in watched(range(NUM_WORLDS), "new worlds")])
        played = {}
        for policy, size in sizes.items():
            seeds = watched(range(config.seed, config.seed + size), policy)
            played[policy] = [play(seed, POLICIES[policy]) for seed in seeds]
            lines += _episode_lines(policy, played[policy])
        long_seeds = range(config.seed, config.seed + NUM_LONG_RUNS)
        runs = [long_run(seed) for seed in watched(long_seeds, "long runs")]
    return lines + _common_lines(played, runs)


def compare_arrays(config: Config) -> list[Line]:
    """The same for the array stepper; its worlds are others, and are compared by their means."""
    from evaluation import published
    from evaluation.array_lives import Lives, live, new_worlds, odd_cells

    def episodes(lives: Lives) -> list[Episode]:
        refused.append(int(lives.overflow.sum()))
        steps = tuple(published.CRAFTER_MOBS)
        return [
            Episode(
                int(lives.length[i]),
                float(lives.total[i]),
                lives.achievements(i),
                lives.mobs(i, steps),
            )
            for i in range(len(lives.length))
        ]

    lines, played, refused = [], {}, list[int]()
    with Progress(console=Console(stderr=True), transient=True, disable=config.quiet) as progress:
        task = progress.add_task("cells", total=3 + len(POLICIES))
        odd = odd_cells(range(NUM_ARRAY_WORLDS))
        progress.update(task, description="new worlds", advance=1)
        worlds = new_worlds(range(NUM_ARRAY_WORLDS))
        for name, figure in published.CRAFTER_WORLDS.items():
            counts = [float(world[name]) for world in worlds]
            lines.append(_mean_line(f"new world: {name}", counts, figure))
        for policy, num_actions in POLICIES.items():
            progress.update(task, description=policy, advance=1)
            size = config.episodes if policy == "uniform" else config.episodes // 3
            seeds = range(config.seed, config.seed + size)
            played[policy] = episodes(live(seeds, num_actions, MOST_STEPS))
            lines += _episode_lines(policy, played[policy])
        progress.update(task, description="long runs", advance=1)
        long_seeds = range(config.seed, config.seed + NUM_LONG_RUNS)
        fed = live(long_seeds, POLICIES["moves"], LONG_RUN_STEPS + 1, is_fed=True)
    refused.append(int(fed.overflow.sum()))
    num_lives = sum(map(len, played.values())) + NUM_LONG_RUNS
    lines += [
        Line("new world: cells unlike the object engine's", sum(odd) / len(odd), 0, 1, len(odd)),
        Line("objects for which no slot was left", sum(refused), 0, 0, num_lives),
    ]
    steps = [step for step in published.CRAFTER_LONG_RUN if step <= LONG_RUN_STEPS]
    return lines + _common_lines(played, [fed.mobs(i, steps) for i in range(NUM_LONG_RUNS)])


def _common_lines(
    played: Mapping[str, Sequence[Episode]], runs: Sequence[Mapping[int, Mapping[str, int]]]
) -> list[Line]:
    from evaluation import published

    mobs = [episode.mobs for episode in played["uniform"]]
    return [
        *_rate_lines("uniform", played["uniform"], published.CRAFTER_RATES, 29_784),
        *_rate_lines("moves", played["moves"], published.CRAFTER_MOVES_RATES, 100),
        *_mob_lines("uniform", mobs, published.CRAFTER_MOBS),
        *_mob_lines("long run", runs, published.CRAFTER_LONG_RUN),
    ]


def count_world(seed: int) -> dict[str, int]:
    """Cells of each material and creatures of each kind in a new world."""
    from envs.crafter_oo.engine import initial_state
    from envs.crafter_oo.tables import Material

    state = initial_state(seed=seed)
    cells = {m.slug: state.materials.cells.count(m) for m in Material}
    return cells | count_creatures(state)


def count_creatures(state: "WorldState") -> dict[str, int]:
    """Objects of each kind."""
    from envs.crafter_oo.tables import OBJECT_KINDS

    names = [entity.name for entity in state.objects]
    return {kind: names.count(kind) for kind in OBJECT_KINDS}


def play(seed: int, num_actions: int) -> Episode:
    """One episode until death, uniform over the first `num_actions` actions."""
    import numpy as np

    from envs.crafter_oo.engine import initial_state, transition
    from evaluation.published import CRAFTER_MOBS

    random = np.random.RandomState(1000 + seed)  # the legacy generator: as in the reference runs
    state, total = initial_state(seed=seed), 0.0
    mobs = {0: count_creatures(state)}
    while state.player.health > 0 and state.step_count < 10_000:
        state, reward = transition(state, int(random.randint(0, num_actions)))
        total += reward
        if state.step_count in CRAFTER_MOBS and state.player.health > 0:
            mobs[state.step_count] = count_creatures(state)
    return Episode(state.step_count, total, state.player.achievements.unlocked(), mobs)


def long_run(seed: int) -> dict[int, dict[str, int]]:
    """Creatures around a player that lava alone can kill; counts by step."""
    import numpy as np

    from envs.crafter_oo.engine import advance, initial_state
    from envs.crafter_oo.tables import MAX_ITEM, VITALS
    from evaluation.published import CRAFTER_LONG_RUN

    random = np.random.RandomState(1000 + seed)  # the legacy generator: as in the reference runs
    state = initial_state(seed=seed)
    player, mobs = state.player, {}
    while player.health > 0 and state.step_count < LONG_RUN_STEPS:
        for vital in VITALS:
            setattr(player.inventory, vital, MAX_ITEM)
        player.health, player.sleeping = MAX_ITEM, False
        advance(state, int(random.randint(0, POLICIES["moves"])), state.draws)
        if state.step_count in CRAFTER_LONG_RUN:
            mobs[state.step_count] = count_creatures(state)
    return mobs


def _world_lines(worlds: Sequence[Mapping[str, int]]) -> list[Line]:
    """The same seeds make the same worlds, so only the rounding of the figures may differ."""
    from evaluation.published import CRAFTER_WORLDS

    return [
        Line(
            f"new world: {name}",
            sum(world[name] for world in worlds) / len(worlds),
            figure.mean,
            0.051 if figure.mean > 30 or name == "iron" else 0.0051,
            len(worlds),
        )
        for name, figure in CRAFTER_WORLDS.items()
    ]


def _episode_lines(policy: str, episodes: Sequence[Episode]) -> list[Line]:
    from evaluation.published import CRAFTER_POLICIES

    samples: dict[str, list[float]] = {
        "length": [episode.length for episode in episodes],
        "return": [episode.total for episode in episodes],
        "unlocked": [len(episode.unlocked) for episode in episodes],
    }
    figures = CRAFTER_POLICIES[policy]
    return [_mean_line(f"{policy}: {name}", samples[name], figures[name]) for name in samples]


def _rate_lines(
    policy: str, episodes: Sequence[Episode], rates: Mapping[str, float], num_reference: int
) -> list[Line]:
    from envs.crafter_oo.tables import ACHIEVEMENTS

    names = ACHIEVEMENTS if policy == "uniform" else tuple(rates)
    lines = []
    for name in names:
        rate, n = rates.get(name, 0.0), len(episodes)
        ours = sum(name in episode.unlocked for episode in episodes) / n
        error = math.sqrt(rate * (1 - rate) * (1 / n + 1 / num_reference))
        # one episode more or less is allowed: rates near 0 are far from normal
        lines.append(Line(f"{policy}: {name} rate", ours, rate, ERRORS * error + 1 / n, n))
    return lines


def _mob_lines(
    name: str,
    episodes: Sequence[Mapping[int, Mapping[str, int]]],
    figures: "Mapping[int, Mapping[str, Figure]]",
) -> list[Line]:
    lines = []
    for step, kinds in figures.items():
        alive = [mobs[step] for mobs in episodes if step in mobs]
        if len(alive) < 2:
            continue
        for kind, figure in kinds.items():
            counts = [float(mobs[kind]) for mobs in alive]
            lines.append(_mean_line(f"{name}: {kind} at step {step}", counts, figure))
    return lines


def _mean_line(name: str, samples: Sequence[float], figure: "Figure") -> Line:
    import numpy as np

    n = len(samples)
    error = math.sqrt(np.var(samples, ddof=1) / n + figure.sd**2 / figure.n)
    return Line(name, float(np.mean(samples)), figure.mean, ERRORS * error + 1e-9, n)


def _result(config: Config, lines: Sequence[Line], seconds: float) -> "Result":
    from evaluation import published
    from evaluation.record import Reference, Result, Row

    rows = tuple(
        Row(
            line.name,
            {
                "ours": line.ours,
                "reference": line.reference,
                "tolerance": line.tolerance,
                "ok": float(line.ok),
            },
            {},
            line.n,
        )
        for line in lines
    )
    source = f"{published.CRAFTER_SOURCE}; {published.CRAFTER_SCORES_SOURCE}"
    reference = Reference(
        "Crafter 1.8.3", {line.name: line.reference for line in lines}, source, "seeds from 0 on"
    )
    settings = dataclasses.asdict(config) | {"out": str(config.out)}
    return Result(BENCHMARK, settings, config.seed, seconds, rows, (reference,))


def _table(lines: Sequence[Line]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("quantity", no_wrap=True)
    for title in ("n", "ours", "reference", "tolerance", "ok"):
        table.add_column(title, justify="right")
    for line in lines:
        figures = (f"{value:.4g}" for value in (line.ours, line.reference, line.tolerance))
        table.add_row(line.name, str(line.n), *figures, "yes" if line.ok else "[red]no")
    return table


if __name__ == "__main__":
    sys.exit(main())
