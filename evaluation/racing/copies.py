"""The races of small worlds: many copies under random actions, each life followed by another.

`control` is the cart-pole and the pendulum of Gymnasium beside gymnax, `memory` the card games of
POPGym, without a peer. Every contender runs in a process of its own on one core; they take turns,
and only one runs at a time. A call is `STEPS` steps of all copies in one compiled program. Random
actions are drawn inside it, the same way for everyone: those of all steps at once. Given ones are
drawn beforehand. Observations, rewards and ends are summed, so that none is left out.
"""

import functools
import importlib
import itertools
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import gymnasium
import numpy as np
from rich import box
from rich.table import Table

from evaluation.racing.batched import Seen
from evaluation.racing.walks import LIMIT, ONE_CORE, TURN_SECONDS, Actions, Lap, runner
from evaluation.racing.workers import Worker, WorkerError

if TYPE_CHECKING:
    from evaluation.record import Row

World = Literal["control", "memory"]

COPIES: Final = 4096
STEPS: Final = 200  # of a call; as many as a pendulum lives
POOL: Final = 1024  # first states of ours made at a time


class Batch(NamedTuple):
    """Copies of a world, stepped at once; pure functions, to be traced."""

    begin: Callable[[Any], Any]  # keys (B,) -> worlds
    step: Callable[[Any, Any, Any], tuple[Any, Seen]]  # key, worlds, actions (B, ...)
    draw: Callable[[Any, tuple[int, int]], Any]  # key, (T, B) -> actions (T, B, ...)


class Contender(NamedTuple):
    """One line of a heat."""

    name: str
    make: Callable[["Order"], Callable[[], None]]  # all steps of all copies, once a call
    world: str  # id, as `make` understands it
    package: str | None = None  # it needs; None: ours, or what is there in any case
    actions: tuple[Actions, ...] = ("random", "given")
    is_ours: bool = True


class Heat(NamedTuple):
    """One world, and what is wanted of the first contender under random actions."""

    name: str  # an id, where it is one
    contenders: tuple[Contender, ...]
    metric: str  # of a `Row`
    wanted: float


class Order(NamedTuple):
    """What to prepare."""

    make: Callable[["Order"], Callable[[], None]]
    world: str
    actions: Actions
    batch: int  # copies
    steps: int  # of a call
    seed: int


class Standing(NamedTuple):
    """What one contender reached; medians over the rounds."""

    heat: Heat
    actions: Actions
    contender: Contender
    per_second: float
    per_cpu_second: float
    ratio: float | None  # of ours: to the fastest package of others, in CPU time

    def metrics(self) -> dict[str, float]:
        """By the names of the record."""
        metrics = {
            "steps_per_second": self.per_second,
            "steps_per_cpu_second": self.per_cpu_second,
        }
        return metrics if self.ratio is None else {**metrics, "ratio": self.ratio}

    def row(self, rounds: int, copies: int = COPIES) -> "Row":
        """The same for the record."""
        from evaluation.record import Row

        name = f"{self.heat.name}, {copies} copies, {self.actions} actions: {self.contender.name}"
        return Row(name, self.metrics(), {}, rounds)

    def verdict(self) -> str:
        """As `>= 2 M missed`: of the first contender under random actions, of others nothing."""
        metrics = self.metrics()
        is_judged = self.contender is self.heat.contenders[0] and self.actions == "random"
        if not is_judged or self.heat.metric not in metrics:
            return ""
        reached = "ok" if metrics[self.heat.metric] >= self.heat.wanted else "missed"
        wanted = (
            f"{self.heat.wanted:g}"
            if self.heat.metric == "ratio"
            else f"{self.heat.wanted / 1e6:g} M"
        )
        return f">= {wanted} {reached}"


def ours(order: Order) -> Callable[[], None]:
    """A world of the catalog under `autoreset`."""
    from envs.catalog import find_world, load_core, make_params

    world = find_world(order.world)
    return in_jax(order, of_core(load_core(world), make_params(world, {}), order.batch))


def equations(order: Order) -> Callable[[], None]:
    """The cart-pole of `envs.classic`, all of it seen, under `autoreset`."""
    from evaluation.racing.cart import CartPole

    return in_jax(order, of_core(CartPole(), None, order.batch))


def of_core(core: Any, params: Any, batch: int) -> Batch:
    """So many copies of a core of ours."""
    from envs.core import autoreset

    copies, space = autoreset(core, batch, POOL), core.action_space(params)

    def step(key: Any, worlds: Any, actions: Any) -> tuple[Any, Seen]:
        del key  # the worlds have their own
        worlds, out = copies.step(worlds, actions, params)
        return worlds, Seen(out.obs, out.reward, out.terminated | out.truncated)

    draw = (
        drawn_below(int(space.n))
        if isinstance(space, gymnasium.spaces.Discrete)
        else drawn_in(float(space.high[0]))
    )
    return Batch(lambda keys: copies.reset(keys, params)[0], step, draw)


def gymnax(order: Order) -> Callable[[], None]:
    """Gymnax's world of the same equations; each copy has a key, and a reset for every step."""
    import jax
    import jax.numpy as jnp

    from envs.classic import PENDULUM_TORQUE

    env, params = importlib.import_module("gymnax").make(order.world)
    draw = drawn_in(PENDULUM_TORQUE) if order.world == "Pendulum-v1" else drawn_below(2)

    def step(key: Any, worlds: Any, actions: Any) -> tuple[Any, Seen]:
        keys = jax.random.split(key, order.batch)
        advance = jax.vmap(env.step, in_axes=(0, 0, 0, None))
        obs, worlds, reward, terminated, truncated, _ = advance(keys, worlds, actions, params)
        return worlds, Seen(obs, jnp.asarray(reward), terminated | truncated)

    def begin(keys: Any) -> Any:
        return jax.vmap(env.reset, in_axes=(0, None))(keys, params)[1]

    return in_jax(order, Batch(begin, step, draw))


def arrays_of_gymnasium(order: Order) -> Callable[[], None]:
    """Gymnasium's own batch, of numpy; it has given actions only."""
    env = gymnasium.make_vec(
        order.world, num_envs=order.batch, vectorization_mode="vector_entry_point"
    )
    env.reset(seed=order.seed)
    given = np.random.default_rng(order.seed).integers(0, 2, (order.steps, order.batch))

    def run() -> None:
        total = 0.0
        for actions in given:
            obs, reward, terminated, truncated, _ = env.step(actions)
            total += obs.sum() + reward.sum() + (terminated | truncated).sum()
        _check_finite(total)

    return run


def in_jax(order: Order, batch: Batch) -> Callable[[], None]:
    """Compiled; the worlds go on from call to call."""
    import jax
    import jax.numpy as jnp

    begin_key, given_key, key = jax.random.split(jax.random.key(order.seed), 3)
    shape = order.steps, order.batch

    def step(progress: tuple[Any, Any], turn: tuple[Any, Any]) -> tuple[tuple[Any, Any], None]:
        worlds, total = progress
        worlds, seen = batch.step(turn[0], worlds, turn[1])
        obs, reward = seen.obs.astype(jnp.float32), seen.reward.astype(jnp.float32)
        return (worlds, total + obs.sum() + reward.sum() + seen.ended.sum(dtype=jnp.float32)), None

    @functools.partial(jax.jit, donate_argnums=1)
    def advance(key: Any, worlds: Any, given: Any) -> tuple[Any, Any]:
        draw_key, step_key = jax.random.split(key)
        actions = batch.draw(draw_key, shape) if given is None else given
        turns = jax.random.split(step_key, order.steps), actions
        return jax.lax.scan(step, (worlds, jnp.float32(0)), turns)[0]

    given = batch.draw(given_key, shape) if order.actions == "given" else None
    state = [jax.jit(batch.begin)(jax.random.split(begin_key, order.batch))]
    numbers = itertools.count()

    def run() -> None:
        state[0], total = advance(jax.random.fold_in(key, next(numbers)), state[0], given)
        _check_finite(total)

    return run


def drawn_below(num_actions: int) -> Callable[[Any, tuple[int, int]], Any]:
    """Numbered actions, each as often up to 2**-23; half as dear as `jax.random.randint`."""
    import jax
    import jax.numpy as jnp

    return lambda key, shape: (jax.random.uniform(key, shape) * num_actions).astype(jnp.int32)


def drawn_in(bound: float) -> Callable[[Any, tuple[int, int]], Any]:
    """Vectors of one number, uniform in -bound..bound."""
    import jax

    return lambda key, shape: jax.random.uniform(key, (*shape, 1), minval=-bound, maxval=bound)


def _check_finite(total: Any) -> None:
    if not np.isfinite(total):
        raise ValueError("an observation or a reward is not finite")


CARD_GAMES: Final = (
    "Autoencode", "RepeatFirst", "RepeatPrevious", "CountRecall", "HigherLower", "Concentration",
)  # fmt: skip
HEATS: Final[Mapping[World, tuple[Heat, ...]]] = {
    "control": (
        Heat(
            "CartPole",
            (
                Contender("envs.classic", equations, "CartPole-v1"),
                Contender("StatelessCartPole", ours, "PopStatelessCartPoleHard-v0"),
                Contender("gymnax", gymnax, "CartPole-v1", "gymnax", is_ours=False),
                Contender(
                    "Gymnasium, numpy",
                    arrays_of_gymnasium,
                    "CartPole-v1",
                    actions=("given",),
                    is_ours=False,
                ),
            ),
            "ratio",
            3.0,
        ),
        Heat(
            "Pendulum",
            (
                Contender("Control/Pendulum-v0", ours, "Control/Pendulum-v0"),
                Contender("gymnax", gymnax, "Pendulum-v1", "gymnax", is_ours=False),
            ),
            "ratio",
            3.0,
        ),
    ),
    "memory": tuple(
        Heat(
            f"Pop{game}{level}-v0",
            (Contender("ours", ours, f"Pop{game}{level}-v0", actions=("random",)),),
            "steps_per_cpu_second",
            2e6,
        )
        for game in CARD_GAMES
        for level in ("Easy", "Medium", "Hard")
    ),
}


def race(
    heats: Sequence[Heat],
    takes_part: Callable[[str | None], bool],
    rounds: int,
    seed: int,
    say: Callable[[str], None],
    on_turn: Callable[[], None],
    batch: int = COPIES,
    steps: int = STEPS,
) -> list[Standing]:
    """Run one heat after the other, with random actions and then with given ones.

    Args:
        heats: what to run.
        takes_part: whether the package of a contender is there.
        rounds: turns of each contender.
        seed: of worlds and actions.
        say: told about every worker that is lost; its contender is left out.
        on_turn: called before each turn; `num_turns` times, if no worker is lost.
        batch: copies stepped at once.
        steps: of a call.
    """
    standings: list[Standing] = []
    kinds: tuple[Actions, ...] = ("random", "given")
    for heat in heats:
        for actions in kinds:
            entrants = _entrants(heat, actions, takes_part)
            workers = {each: Worker(each.name, ONE_CORE, runner) for each in entrants}
            laps: dict[Contender, list[Lap]] = {}
            try:
                for turn, each in itertools.product(range(-1, rounds), entrants):
                    on_turn()
                    if each not in workers:
                        continue
                    order = Order(each.make, each.world, actions, batch, steps, seed)
                    try:
                        lap = workers[each].ask(order if turn < 0 else TURN_SECONDS, LIMIT)
                    except WorkerError as error:
                        say(f"{error}; skipped")
                        del workers[each]
                        laps.pop(each, None)
                        continue
                    if lap is not None:
                        laps.setdefault(each, []).append(lap)
            finally:
                for worker in workers.values():
                    worker.close()
            standings += _standings(heat, actions, laps)
    return standings


def num_turns(heats: Sequence[Heat], takes_part: Callable[[str | None], bool], rounds: int) -> int:
    """How often `race` calls `on_turn`, preparation included."""
    kinds: tuple[Actions, ...] = ("random", "given")
    pairs = itertools.product(heats, kinds)
    return (rounds + 1) * sum(len(_entrants(heat, kind, takes_part)) for heat, kind in pairs)


def _entrants(
    heat: Heat, actions: Actions, takes_part: Callable[[str | None], bool]
) -> list[Contender]:
    return [
        each for each in heat.contenders if actions in each.actions and takes_part(each.package)
    ]


def _standings(
    heat: Heat, actions: Actions, laps: Mapping[Contender, Sequence[Lap]]
) -> list[Standing]:
    median = statistics.median
    cpu = {
        each: median(lap.amount / lap.cpu_seconds for lap in taken) for each, taken in laps.items()
    }
    peers = [rate for each, rate in cpu.items() if each.package is not None]
    return [
        Standing(
            heat,
            actions,
            each,
            median(lap.amount / lap.seconds for lap in taken),
            cpu[each],
            cpu[each] / max(peers) if peers and each.is_ours else None,
        )
        for each, taken in laps.items()
    ]


def table(title: str, standings: Sequence[Standing]) -> Table:
    """One line per heat, kind of actions and contender."""
    lines = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    lines.show_edge = False
    for name in ("world", "actions", "program"):
        lines.add_column(name, no_wrap=True)
    for name in ("M steps/s", "/CPU s", "x peer", "wanted"):
        lines.add_column(name, justify="right")
    for one in standings:
        lines.add_row(
            one.heat.name,
            one.actions,
            one.contender.name,
            f"{one.per_second / 1e6:.2f}",
            f"{one.per_cpu_second / 1e6:.2f}",
            "" if one.ratio is None else f"{one.ratio:.2f}",
            one.verdict(),
        )
    return lines
