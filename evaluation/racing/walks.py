"""The race of the worlds of routing and of the knapsack, beside jumanji and rl4co.

A heat is 1024 instances of 100 nodes or items, stepped from their beginning for as long as none can
end. Actions are drawn at random among the legal ones, or given: drawn beforehand in the same way,
since the draw takes most programs longer than the step. Every contender runs in a process of its
own on one core; they take turns, and only one runs at a time.
"""

import functools
import importlib
import itertools
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol, runtime_checkable

from rich import box
from rich.table import Table

from evaluation.racing.workers import Setting, Worker, WorkerError

if TYPE_CHECKING:
    from evaluation.record import Row

World = Literal["tsp", "cvrp", "knapsack"]
Actions = Literal["random", "given"]

SIZE: Final = 100  # nodes or items
BATCH: Final = 1024
STEPS: Final[Mapping[World, int]] = {"tsp": SIZE - 1, "cvrp": SIZE, "knapsack": 25}
"""In which no episode ends: 25 items of the largest weight fill the sack."""
ONE_CORE: Final = Setting("1 core", 1)
LIMIT: Final = 240.0  # seconds that a worker may take for one order
TURN_SECONDS: Final = 0.7
LEAST: Final = -3.4e38  # a logit of what is not legal
WANTED: Final = 6.0  # times as many steps per CPU second as the faster peer, random actions


class Order(NamedTuple):
    """What to prepare."""

    make: Callable[["Order"], Callable[[], None]]  # all steps of all instances, once a call
    world: World
    actions: Actions
    batch: int
    size: int
    steps: int
    seed: int


class Contender(NamedTuple):
    """One line of the race."""

    name: str
    make: Callable[[Order], Callable[[], None]]
    worlds: tuple[World, ...]
    package: str | None = None  # it needs; None: ours


class Lap(NamedTuple):
    """One turn."""

    amount: int  # steps of single instances
    seconds: float
    cpu_seconds: float


class Standing(NamedTuple):
    """What one contender reached; medians over the rounds."""

    world: World
    actions: Actions
    contender: Contender
    per_second: float
    per_cpu_second: float
    ratio: float | None  # of ours: to the fastest peer, in CPU time

    def row(self, rounds: int) -> "Row":
        """The same for the record."""
        from evaluation.record import Row

        metrics = {
            "steps_per_second": self.per_second,
            "steps_per_cpu_second": self.per_cpu_second,
        }
        if self.ratio is not None:
            metrics["ratio"] = self.ratio
        name = f"{self.world}, {self.actions} actions: {self.contender.name}"
        return Row(name, metrics, {}, rounds)


class _Walk(NamedTuple):
    """A world of jax: functions of one instance."""

    begin: Callable[[Any], tuple[Any, Any]]  # key -> state, observation
    step: Callable[[Any, Any], tuple[Any, Any, Any]]  # state, action -> state, observation, reward
    mask: Callable[[Any], Any]  # observation -> legal actions
    draw: Callable[[Any, Any], Any]  # key, masks of a batch -> actions


def ours(order: Order) -> Callable[[], None]:
    """Ours, with our draw of a legal action."""
    import jax

    from envs.routing.rules import random_action

    env, params = _world_of_ours(order)
    key = jax.random.key(0)  # moves are certain

    def step(state: Any, action: Any) -> tuple[Any, Any, Any]:
        state, out = env.step(key, state, action, params)
        return state, out.obs, out.reward

    walk = _Walk(
        lambda key: env.reset(key, params),
        step,
        lambda obs: obs["action_mask"].astype(bool),
        random_action,
    )
    return _in_jax(order, walk)


def _world_of_ours(order: Order) -> tuple[Any, Any]:
    if order.world == "knapsack":
        from envs.knapsack.env import KnapsackEnv
        from envs.knapsack.params import KnapsackParams

        return KnapsackEnv(), KnapsackParams(num_items=order.size)
    from envs.routing.env import CVRP, TSP
    from envs.routing.params import CVRPParams, TSPParams

    if order.world == "cvrp":
        return CVRP(), CVRPParams(num_nodes=order.size)
    return TSP(), TSPParams(num_nodes=order.size)


def jumanji(order: Order) -> Callable[[], None]:
    """Jumanji's, with the draw of its random agent; the first node of a tour is free."""
    import jax
    import jax.numpy as jnp

    env = _world_of_jumanji(order)

    def begin(key: Any) -> tuple[Any, Any]:
        state, timestep = env.reset(key)
        return state, timestep.observation

    def step(state: Any, action: Any) -> tuple[Any, Any, Any]:
        state, timestep = env.step(state, action)
        return state, timestep.observation, timestep.reward

    def draw(key: Any, masks: Any) -> Any:
        logits = jnp.where(masks, 0.0, LEAST)
        return jax.random.categorical(key, logits)

    return _in_jax(order, _Walk(begin, step, lambda obs: obs.action_mask, draw))


def _world_of_jumanji(order: Order) -> Any:
    environments = importlib.import_module("jumanji.environments")
    if order.world == "knapsack":
        name = "jumanji.environments.packing.knapsack.generator"
        generator = importlib.import_module(name).RandomGenerator(order.size, order.size / 4)
        return environments.Knapsack(generator=generator)
    name = f"jumanji.environments.routing.{order.world}.generator"
    uniform = importlib.import_module(name).UniformGenerator
    if order.world == "tsp":
        return environments.TSP(generator=uniform(num_cities=order.size))
    from envs.routing.generators import LARGEST_DEMAND, capacity_for

    capacity = capacity_for(order.size)
    return environments.CVRP(generator=uniform(order.size, capacity, LARGEST_DEMAND))


def _in_jax(order: Order, walk: _Walk) -> Callable[[], None]:
    """Compiled; what an agent sees and the rewards are carried along, so that both are made."""
    import jax
    import jax.numpy as jnp

    begin_key, key = jax.random.split(jax.random.key(order.seed))
    keys = jax.random.split(begin_key, order.batch)
    first = jax.block_until_ready(jax.jit(jax.vmap(walk.begin))(keys))  # type: ignore[no-untyped-call]  # jax
    step, mask = jax.vmap(walk.step), jax.vmap(walk.mask)

    def move(carry: Any, action: Any) -> Any:
        (state, _), total = carry
        state, obs, reward = step(state, action)
        return (state, obs), total + reward

    def draw(carry: Any, key: Any) -> tuple[Any, Any]:
        action = walk.draw(key, mask(carry[0][1]))
        return move(carry, action), action

    total = jnp.zeros(order.batch)

    @jax.jit
    def at_random(key: Any) -> Any:
        return jax.lax.scan(draw, (first, total), jax.random.split(key, order.steps))

    @jax.jit
    def as_given(actions: Any) -> Any:
        def follow(carry: Any, action: Any) -> tuple[Any, None]:
            return move(carry, action), None

        return jax.lax.scan(follow, (first, total), actions)

    numbers = itertools.count()
    actions = at_random(key)[1]

    def run() -> None:
        is_random = order.actions == "random"
        found = (
            at_random(jax.random.fold_in(key, next(numbers))) if is_random else as_given(actions)
        )
        jax.block_until_ready(found)  # type: ignore[no-untyped-call]  # jax

    return run


def rl4co(order: Order) -> Callable[[], None]:
    """rl4co's, with the draw of its random policy, on one thread of torch."""
    import torch

    torch.set_num_threads(1)
    names = {"tsp": "TSPEnv", "cvrp": "CVRPEnv"}
    world = getattr(importlib.import_module("rl4co.envs"), names[order.world])
    env = world(generator_params={"num_loc": order.size}, check_solution=False, seed=order.seed)
    first = env.reset(batch_size=[order.batch])
    generator = torch.Generator().manual_seed(order.seed)
    given: list[Any] = []

    def run(*, is_random: bool, is_noted: bool = False) -> None:
        state = first.clone()
        for number in range(order.steps):
            if is_random:
                chances = state["action_mask"].float()
                action = torch.multinomial(chances, 1, generator=generator).squeeze(-1)
            else:
                action = given[number]
            if is_noted:
                given.append(action)
            state.set("action", action)
            state = env.step(state)["next"]

    run(is_random=True, is_noted=True)
    return functools.partial(run, is_random=order.actions == "random")


CONTENDERS: Final = (
    Contender("ours", ours, ("tsp", "cvrp", "knapsack")),
    Contender("jumanji", jumanji, ("tsp", "cvrp", "knapsack"), "jumanji"),
    Contender("rl4co", rl4co, ("tsp", "cvrp"), "rl4co"),
)


@runtime_checkable
class Makes(Protocol):
    """An order of a race of this kind."""

    @property
    def make(self) -> Callable[[Any], Callable[[], None]]:
        """From the order, what takes all steps of the batch, once a call."""
        ...

    @property
    def batch(self) -> int:
        """Worlds stepped at once."""
        ...

    @property
    def steps(self) -> int:
        """Of each, in a call."""
        ...


def runner() -> Callable[[Makes | float], Lap | None]:
    """The function that answers orders in a worker: with None once prepared, or a lap."""
    prepared: list[Any] = []  # what to call, and the steps of a call

    def answer(order: Makes | float) -> Lap | None:
        if not isinstance(order, float):
            run = order.make(order)
            run()  # compiles, and touches memory
            prepared[:] = run, order.batch * order.steps
            return None
        run, amount = prepared
        calls, wall, cpu = 0, time.perf_counter(), time.process_time()
        while not calls or time.perf_counter() - wall < order:
            run()
            calls += 1
        return Lap(calls * amount, time.perf_counter() - wall, time.process_time() - cpu)

    return answer


def race(
    world: World,
    contenders: Sequence[Contender],
    rounds: int,
    seed: int,
    say: Callable[[str], None],
    batch: int = BATCH,
) -> list[Standing]:
    """Let all take turns, with random actions and then with given ones.

    Args:
        world: what is stepped.
        contenders: who takes part; those whose package is missing must not.
        rounds: turns of each.
        seed: of instances and given actions.
        say: told about every worker that is lost; its contender goes on no more.
        batch: instances stepped at once.
    """
    entrants = [each for each in contenders if world in each.worlds]
    workers: dict[str, Worker] = {}
    standings: list[Standing] = []
    try:
        for entrant in entrants:
            workers[entrant.name] = Worker(entrant.name, ONE_CORE, runner)
        kinds: tuple[Actions, ...] = ("random", "given")
        for actions in kinds:
            laps: dict[Contender, list[Lap]] = {}
            for turn in range(-1, rounds):
                for entrant in [each for each in entrants if each.name in workers]:
                    order = Order(entrant.make, world, actions, batch, SIZE, STEPS[world], seed)
                    try:
                        lap = workers[entrant.name].ask(order if turn < 0 else TURN_SECONDS, LIMIT)
                    except WorkerError as error:
                        say(f"{error}; skipped")
                        del workers[entrant.name]
                        laps.pop(entrant, None)
                        continue
                    if lap is not None:
                        laps.setdefault(entrant, []).append(lap)
            standings += _standings(world, actions, laps)
    finally:
        for worker in workers.values():
            worker.close()
    return standings


def _standings(
    world: World, actions: Actions, laps: Mapping[Contender, Sequence[Lap]]
) -> list[Standing]:
    median = statistics.median
    cpu = {
        contender: median(lap.amount / lap.cpu_seconds for lap in taken)
        for contender, taken in laps.items()
    }
    peers = [rate for contender, rate in cpu.items() if contender.package is not None]
    return [
        Standing(
            world,
            actions,
            contender,
            median(lap.amount / lap.seconds for lap in taken),
            cpu[contender],
            cpu[contender] / max(peers) if peers and contender.package is None else None,
        )
        for contender, taken in laps.items()
    ]


def table(standings: Sequence[Standing]) -> Table:
    """One line per contender, for random actions and for given ones."""
    lines = Table(
        title=f"{standings[0].world}, {SIZE} nodes or items" if standings else None,
        title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False,
    )  # fmt: skip
    lines.show_edge = False
    for title in ("actions", "program"):
        lines.add_column(title, no_wrap=True)
    for title in ("steps/s", "/CPU s", "x peer", "wanted"):
        lines.add_column(title, justify="right")
    for one in standings:
        is_judged = one.ratio is not None and one.actions == "random"
        reached = "ok" if one.ratio is not None and one.ratio >= WANTED else "missed"
        lines.add_row(
            one.actions,
            one.contender.name,
            f"{one.per_second:,.0f}",
            f"{one.per_cpu_second:,.0f}",
            "" if one.ratio is None else f"{one.ratio:.2f}",
            f"{WANTED:g} {reached}" if is_judged else "",
        )
    return lines
