"""The race of Life steppers: cell updates per CPU second, beside what the processor could do.

Every contender runs in a process of its own on one core; they take turns, and only one runs at a
time. Each turn is one call of a compiled loop over several generations.
"""

import importlib
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from rich import box
from rich.table import Table

from evaluation.racing.workers import Setting, Worker, WorkerError

if TYPE_CHECKING:
    from evaluation.record import Row

ONE_CORE: Final = Setting("1 core", 1)
LIMIT: Final = 240.0  # seconds that a worker may take for one order
TURN_SECONDS: Final = 0.5
DENSITY: Final = 0.4
WORD: Final = 32  # cells
LOGIC_WORDS: Final = 2**12  # small enough for the first cache
LOGIC: Final = ("and", "or", "xor", "not", "shift_left", "shift_right_logical")


class Heat(NamedTuple):
    """One setting of the race."""

    name: str
    grids: int
    size: int  # of the side of a grid
    wanted: Mapping[str, float]  # contender -> times as many updates per CPU second as it


class Contender(NamedTuple):
    """One line of the race."""

    name: str
    make: Callable[[Any, int], "Loop"]  # cells (grids, rows, columns), generations a call
    package: str | None = None  # it needs; None: nothing but ours
    generations: int = 64  # a call; few where one takes long


class Loop(NamedTuple):
    """Some generations, compiled."""

    run: Callable[[Any], Any]
    state: Any  # the argument of the first call, and what a call returns
    num_operations: int = 0  # on whole words, for 32 cells; 0: not known


def packed(cells: Any, generations: int) -> Loop:
    """Ours, on bits."""
    import jax
    import jax.numpy as jnp

    from envs.life.packed import generation, pack
    from envs.life.packed import generations as live
    from envs.life.rules import LIFE

    width = cells.shape[2]
    words = pack(jnp.asarray(cells))
    run = jax.jit(lambda now: live(now, width, LIFE, "torus", generations), donate_argnums=0)
    trace = jax.make_jaxpr(lambda now: generation(now, width, LIFE, "torus"))(words)
    whole = [
        equation
        for equation in trace.jaxpr.eqns
        if equation.primitive.name in LOGIC and 2 * equation.outvars[0].aval.size > words.size
    ]
    return Loop(run, words, len(whole))


def rolls(cells: Any, generations: int) -> Loop:
    """Ours, on bytes; the readable one."""
    import jax
    import jax.numpy as jnp

    from envs.life.dynamics import roll_generation
    from envs.life.rules import LIFE

    def live(_: Any, now: Any) -> Any:
        return jax.vmap(lambda grid: roll_generation(grid, LIFE, "torus"))(now)

    run = jax.jit(lambda now: jax.lax.fori_loop(0, generations, live, now))
    return Loop(run, jnp.asarray(cells))


def cax(cells: Any, generations: int) -> Loop:
    """CAX's Life: a convolution of floats, which are the state."""
    import jax.numpy as jnp

    life_class = importlib.import_module("cax.cs.life").Life
    rngs = importlib.import_module("flax.nnx").Rngs(0)
    birth, survival = life_class.birth_survival_from_string("B3/S23")
    life = life_class(birth=birth, survival=survival, rngs=rngs)
    state = jnp.asarray(cells, jnp.float32)[..., None]
    return Loop(lambda now: life(now, num_steps=generations), state)


def logic(cells: Any, generations: int) -> Loop:
    """Not Life: as many logical operations on words in the cache as the processor can do."""
    import jax
    import jax.numpy as jnp

    del cells
    words = jnp.arange(LOGIC_WORDS, dtype=jnp.uint32)

    def mix(_: Any, now: Any) -> Any:
        for _ in range(8):
            now = (now ^ words) & ~(now << 1)
        return now

    run = jax.jit(lambda now: jax.lax.fori_loop(0, generations, mix, now))
    return Loop(run, words, 8 * 4)


ROLLS: Final = "rolls of bytes"
PEER: Final = "CAX"
CONTENDERS: Final = (
    Contender("packed bits", packed),
    Contender(ROLLS, rolls, generations=4),
    Contender(PEER, cax, "cax", generations=1),
)
BOUND: Final = Contender("logic alone", logic, generations=2**14)
HEATS: Final = (
    Heat("4096 grids of 32x32", 4096, 32, {ROLLS: 20.0, PEER: 500.0}),
    Heat("1 grid of 1024x1024", 1, 1024, {ROLLS: 10.0, PEER: 500.0}),
)


class Order(NamedTuple):
    """What to prepare."""

    contender: Contender
    heat: Heat
    seed: int


class Lap(NamedTuple):
    """One turn."""

    generations: int
    seconds: float
    cpu_seconds: float


class Standing(NamedTuple):
    """What one contender reached in one heat; medians over the rounds."""

    heat: Heat
    name: str
    per_second: float  # cell updates
    per_cpu_second: float
    bound: float | None  # the same, were nothing but its logical operations to be done
    ratios: Mapping[str, float]  # to others, in CPU time

    def row(self, rounds: int) -> "Row":
        """The same for the record."""
        from evaluation.record import Row

        metrics = {
            "cell_updates_per_second": self.per_second,
            "cell_updates_per_cpu_second": self.per_cpu_second,
            **{f"ratio_to_{name}": ratio for name, ratio in self.ratios.items()},
        }
        if self.bound is not None:
            metrics["bound_per_cpu_second"] = self.bound
        return Row(f"{self.heat.name}: {self.name}", metrics, {}, rounds)

    def verdicts(self) -> list[str]:
        """As `packed bits: 900.0 x CAX (500 wanted, ok)`."""
        return [
            f"{self.name}: {ratio:,.1f} x {name} ({self.heat.wanted[name]:g} wanted, "
            f"{'ok' if ratio >= self.heat.wanted[name] else 'missed'})"
            for name, ratio in self.ratios.items()
        ]


def runner() -> Callable[[Order | float], int | Lap]:
    """The function that answers orders in a worker: with operations of a loop, or a lap."""
    running: list[Any] = []  # the loop, its state, generations a call

    def answer(order: Order | float) -> int | Lap:
        import jax

        if isinstance(order, Order):
            heat, contender = order.heat, order.contender
            shape = heat.grids, heat.size, heat.size
            cells = np.random.default_rng(order.seed).random(shape) < DENSITY
            loop = contender.make(cells, contender.generations)
            running[:] = loop.run, loop.run(loop.state), contender.generations
            jax.block_until_ready(running[1])  # type: ignore[no-untyped-call]  # jax
            return loop.num_operations
        run, state, generations = running
        calls, wall, cpu = 0, time.perf_counter(), time.process_time()
        while not calls or time.perf_counter() - wall < order:
            state = run(state)
            jax.block_until_ready(state)  # type: ignore[no-untyped-call]  # jax
            calls += 1
        running[1] = state
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        return Lap(calls * generations, wall, cpu)

    return answer


def race(
    contenders: Sequence[Contender],
    heats: Sequence[Heat],
    rounds: int,
    seed: int,
    say: Callable[[str], None],
) -> list[Standing]:
    """Let all take turns.

    Args:
        contenders: Who takes part; those whose package is missing must not. The first is ours, and
            compared with the others.
        heats: What is run.
        rounds: Turns of each contender.
        seed: Of the first cells.
        say: Told about every worker that is lost; its contender goes on no more.
    """
    entrants = (*contenders, BOUND)
    workers: dict[str, Worker] = {}
    standings = []
    try:
        for entrant in entrants:
            workers[entrant.name] = Worker(entrant.name, ONE_CORE, runner)
        for heat in heats:
            operations: dict[str, int] = {}
            laps: dict[str, list[Lap]] = {entrant.name: [] for entrant in entrants}
            for turn in range(-1, rounds):
                for entrant in entrants:
                    if entrant.name not in workers:
                        continue
                    try:
                        if turn < 0:
                            order = Order(entrant, heat, seed)
                            operations[entrant.name] = workers[entrant.name].ask(order, LIMIT)
                        else:
                            lap = workers[entrant.name].ask(TURN_SECONDS, LIMIT)
                            laps[entrant.name].append(lap)
                    except WorkerError as error:
                        say(f"{error}; skipped")
                        del workers[entrant.name]
            standings += _standings(heat, contenders, operations, laps)
    finally:
        for worker in workers.values():
            worker.close()
    return standings


def _standings(
    heat: Heat,
    contenders: Sequence[Contender],
    operations: Mapping[str, int],
    laps: Mapping[str, Sequence[Lap]],
) -> list[Standing]:
    num_cells = heat.grids * heat.size**2
    speeds = {
        name: statistics.median(lap.generations / lap.cpu_seconds for lap in taken)
        for name, taken in laps.items()
        if taken
    }
    # loops of the bound times the operations of one, on each of its words
    logic_per_second = speeds.get(BOUND.name, 0.0) * operations.get(BOUND.name, 0) * LOGIC_WORDS
    ours = contenders[0].name
    found = []
    for name in (contender.name for contender in contenders if contender.name in speeds):
        wall = statistics.median(lap.generations / lap.seconds for lap in laps[name])
        others = [other for other in heat.wanted if other in speeds and name == ours]
        needed = operations[name]
        found.append(
            Standing(
                heat,
                name,
                wall * num_cells,
                speeds[name] * num_cells,
                logic_per_second * WORD / needed if needed and logic_per_second else None,
                {other: speeds[ours] / speeds[other] for other in others},
            )
        )
    return found


def table(title: str, standings: Sequence[Standing]) -> Table:
    """The cell updates of one heat, one line per contender."""
    lines = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    lines.show_edge = False
    lines.add_column("cell updates", no_wrap=True)
    for column in ("/s", "/CPU s", "bound", "of bound"):
        lines.add_column(column, justify="right")
    for standing in standings:
        bound = standing.bound
        lines.add_row(
            standing.name,
            f"{standing.per_second:.2e}",
            f"{standing.per_cpu_second:.2e}",
            "" if bound is None else f"{bound:.2e}",
            "" if bound is None else f"{standing.per_cpu_second / bound:.0%}",
        )
    return lines
