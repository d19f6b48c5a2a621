"""What a worker of the race does: compile a program, and run it for about so many seconds."""

import resource
import sys
import time
from collections.abc import Callable
from typing import Any, Final, Literal, NamedTuple

import numpy as np

from evaluation.racing.batched import Program

AXIS: Final = "worlds"  # of a batch, over devices

LIFE: Final = 160
"""Steps after which worlds without resets are begun anew; a life lasts about as long."""
CHUNK: Final = 64
"""Worlds made at a time; many more are slower on a CPU, whoever makes them."""


class Job(NamedTuple):
    """What to measure."""

    program: Callable[[int], Program]  # of a number of worlds; a function that can be pickled
    what: Literal["steps", "worlds"]  # to step them, or to make them
    num_envs: int
    seed: int
    resets: bool = False  # by the program itself, so that the same worlds go on for ever
    warm_up: int = 0  # steps before the first turn


class Prepared(NamedTuple):
    """What is known once a job is compiled and its worlds are made."""

    compile_seconds: float  # wall clock, tracing included
    compile_cpu_seconds: float
    bytes_per_world: float
    peak_bytes: int  # memory of the process at its highest so far


class Lap(NamedTuple):
    """One turn."""

    amount: int  # steps of single worlds, or worlds made
    seconds: float
    cpu_seconds: float  # over all threads
    num_objects: float  # mean of a world when the turn ended


Order = Job | float | None
"""A job to prepare, seconds to run it, or None: say what jax runs on."""


def racer() -> Callable[[Order], Prepared | Lap | str]:
    """The function that answers orders: with `Prepared`, a `Lap`, or the name of a platform."""
    running: list[Rollout | Generation] = []  # one at most
    makers: dict[Callable[[int], Program], Callable[[Any], Any]] = {}

    def answer(order: Order) -> Prepared | Lap | str:
        if isinstance(order, float):
            return running[0].turn(order)
        running.clear()  # frees its memory before the next takes any
        if order is None:
            import jax

            return str(jax.devices()[0].platform)
        if order.what == "worlds":
            running.append(Generation(order))
        else:
            if order.program not in makers:
                makers[order.program] = _maker(order.program)
            running.append(Rollout(order, makers[order.program]))
        return running[0].prepared

    return answer


class Rollout:
    """Worlds under uniformly random actions.

    Each observation is multiplied with a fixed vector, as the first layer of a policy would, so
    that it must be written out; products, rewards and ends are summed, so that none is left out.
    """

    def __init__(self, job: Job, make: Callable[[Any], Any]) -> None:
        import jax

        self._job = job
        program = job.program(job.num_envs // jax.device_count())
        self._key, world_key = jax.random.split(jax.random.key(job.seed))
        self._fresh = _fresh(make, world_key, job.num_envs)
        run = jax.jit(_on_every_device(_advance(program)), donate_argnums=1)
        wall, cpu = time.perf_counter(), time.process_time()
        self._run = run.lower(self._key, self._fresh, np.int32(1)).compile()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        size = sum(leaf.nbytes for leaf in jax.tree.leaves(self._fresh)) / job.num_envs
        self._count = jax.jit(lambda worlds: program.count(worlds).mean())
        self._worlds = _copy(self._fresh)
        self._pace = 0.0  # seconds for a step of the batch
        for num_steps in (1, 2, *[LIFE] * -(-job.warm_up // LIFE)):  # the first touches memory
            self._pace = self._steps(num_steps).seconds / num_steps
        self.prepared = Prepared(wall, cpu, size, _peak_bytes())

    def turn(self, seconds: float) -> Lap:
        """Step for about so long; from fresh worlds, unless the program resets them itself."""
        amount, wall, cpu = 0, 0.0, 0.0
        while wall < seconds:
            if not self._job.resets:
                self._worlds = _copy(self._fresh)
            num_steps = round((seconds - wall) / self._pace)
            lap = self._steps(max(1, min(LIFE, num_steps)))
            amount, wall, cpu = amount + lap.amount, wall + lap.seconds, cpu + lap.cpu_seconds
        self._pace = wall * self._job.num_envs / amount
        return Lap(amount, wall, cpu, float(self._count(self._worlds)))

    def _steps(self, num_steps: int) -> Lap:
        import jax

        self._key, key = jax.random.split(self._key)
        _wait((key, self._worlds))
        wall, cpu = time.perf_counter(), time.process_time()
        self._worlds, total = self._run(key, self._worlds, np.int32(num_steps))
        _wait((self._worlds, total))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        if not np.isfinite(np.asarray(total)).all():
            raise ValueError("an observation or a reward is not finite")
        return Lap(num_steps * self._job.num_envs, wall, cpu, 0.0)


class Generation:
    """Worlds made from scratch, `num_envs` at a time."""

    def __init__(self, job: Job) -> None:
        import jax

        self._job = job
        program = job.program(job.num_envs)
        self._key = jax.random.key(job.seed)
        keys = jax.random.split(self._key, job.num_envs)
        make = jax.jit(program.begin)
        wall, cpu = time.perf_counter(), time.process_time()
        self._make = make.lower(keys).compile()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        worlds = _wait(self._make(keys))
        size = sum(leaf.nbytes for leaf in jax.tree.leaves(worlds)) / job.num_envs
        self._num_objects = float(program.count(worlds).mean())
        self.prepared = Prepared(wall, cpu, size, _peak_bytes())

    def turn(self, seconds: float) -> Lap:
        """Make worlds for at least so long."""
        import jax

        amount, wall, cpu = 0, 0.0, 0.0
        while wall < seconds:
            self._key, key = jax.random.split(self._key)
            keys = _wait(jax.random.split(key, self._job.num_envs))
            mark, cpu_mark = time.perf_counter(), time.process_time()
            _wait(self._make(keys))
            wall += time.perf_counter() - mark
            cpu += time.process_time() - cpu_mark
            amount += self._job.num_envs
        return Lap(amount, wall, cpu, self._num_objects)


def _advance(program: Program) -> Callable[[Any, Any, Any], tuple[Any, Any]]:
    """(key, worlds, num_steps) -> (worlds, sum of all that was seen, of shape (1,))."""
    import jax
    import jax.numpy as jnp

    def run(key: Any, worlds: Any, num_steps: Any) -> tuple[Any, Any]:
        key, weight_key = jax.random.split(key)
        num_envs = program.count(worlds).shape[0]

        def step(time: Any, progress: tuple[Any, Any]) -> tuple[Any, Any]:
            worlds, total = progress
            action_key, step_key = jax.random.split(jax.random.fold_in(key, time))
            actions = jax.random.randint(action_key, (num_envs,), 0, program.num_actions)
            worlds, seen = program.step(step_key, worlds, actions)
            obs = seen.obs.reshape(num_envs, -1)
            weights = jax.random.normal(weight_key, (obs.shape[1],))
            total = total + (obs @ weights).sum() + seen.reward.sum()
            return worlds, total + seen.ended.sum().astype(jnp.float32)

        begin = worlds, jnp.zeros(1, jnp.float32)
        worlds, total = jax.lax.fori_loop(0, num_steps, step, begin)
        return worlds, total

    return run


def _on_every_device(run: Callable[..., Any]) -> Callable[..., Any]:
    """Let each device step an equal share of the worlds by itself."""
    import jax

    if jax.device_count() == 1:
        return run
    same, share = _spec(), _spec(AXIS)

    def run_share(key: Any, worlds: Any, num_steps: Any) -> Any:
        return run(jax.random.fold_in(key, jax.lax.axis_index(AXIS)), worlds, num_steps)

    return jax.shard_map(
        run_share,
        mesh=_mesh(),
        in_specs=(same, share, same),
        out_specs=(share, share),
        check_vma=False,
    )


def _spec(*axes: str) -> Any:
    from jax.sharding import PartitionSpec

    return PartitionSpec(*axes)  # type: ignore[no-untyped-call]  # jax leaves it untyped


def _mesh() -> Any:
    import jax
    from jax.sharding import Mesh

    return Mesh(np.array(jax.devices()), (AXIS,))


def _maker(program: Callable[[int], Program]) -> Callable[[Any], Any]:
    """Compiled: keys (CHUNK,) -> as many worlds."""
    import jax

    return jax.jit(program(CHUNK).begin)


def _fresh(make: Callable[[Any], Any], key: Any, num_envs: int) -> Any:
    """So many worlds, spread over the devices."""
    import jax
    import jax.numpy as jnp
    from jax.sharding import NamedSharding

    keys = jax.random.split(key, (-(-num_envs // CHUNK), CHUNK))
    chunks = [make(chunk) for chunk in keys]
    worlds = jax.tree.map(lambda *leaves: jnp.concatenate(leaves)[:num_envs], *chunks)
    if jax.device_count() > 1:
        worlds = jax.device_put(worlds, NamedSharding(_mesh(), _spec(AXIS)))
    return _wait(worlds)


def _copy(worlds: Any) -> Any:
    import jax
    import jax.numpy as jnp

    return _wait(jax.tree.map(jnp.copy, worlds))


def _wait(arrays: Any) -> Any:
    """The arrays, once they are computed."""
    import jax

    return jax.block_until_ready(arrays)  # type: ignore[no-untyped-call]  # jax leaves it untyped


def _peak_bytes() -> int:
    """The most memory this process has held so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
