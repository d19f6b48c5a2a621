"""What memories cost along sequences of growing length, at matched numbers of weights."""

import bisect
import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from worldmodels.incontext.config import Memory, PPOConfig, S5Config
from worldmodels.incontext.memory.kinds import make_memory
from worldmodels.incontext.memory.stack import Stack

MEMORIES: Final[tuple[Memory, ...]] = ("s5", "gru", "lstm", "attention", "delta", "mlp")
LENGTHS: Final = (64, 256, 1024, 4096, 8192)
WIDTH: Final = 128  # of S5, whose number of weights the others come near to
NUM_LAYERS: Final = 2
BATCH: Final = 4
MOST_SCORES: Final = 2**31  # bytes of attention's scores; longer sequences are left out
LEAST_SECONDS: Final = 0.3  # of a measurement
STEP: Final = 8  # between widths that are tried; heads need even shares


class Cost(NamedTuple):
    """Of one gradient along a sequence, averaged over repeats."""

    memory: Memory
    length: int  # steps
    num_weights: int
    cpu_seconds: float
    mebibytes: float  # of what is computed on the way, as the compiler plans it


def matched(memory: Memory) -> PPOConfig:
    """A memory whose number of weights is nearest to that of S5 with `WIDTH` features."""
    wanted = num_weights(_config("s5", WIDTH, 1))
    widths = range(STEP, 4 * WIDTH, STEP)

    def count(width: int) -> int:
        return num_weights(_config(memory, width, 1))

    if memory == "s5":
        return _config("s5", WIDTH, 1)
    place = bisect.bisect_left(widths, wanted, key=count)  # more features, more weights
    nearest = min(
        widths[max(place - 1, 0) : place + 1], key=lambda width: abs(count(width) - wanted)
    )
    return _config(memory, nearest, 1)


def num_weights(config: PPOConfig) -> int:
    """How many numbers the layers learn."""
    layers = eqx.filter_eval_shape(make_memory, config, jax.random.key(0))
    return sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(layers))


def measure(
    memories: Sequence[Memory],
    lengths: Sequence[int],
    seed: int,
    on_begin: Callable[[str], None],
) -> Iterator[Cost]:
    """Costs of every memory at every length; what would not fit into memory is left out."""
    for memory in memories:
        config = matched(memory)
        for length in lengths:
            on_begin(f"{memory}, {length} steps")
            if memory == "attention":
                if 4 * BATCH * config.num_heads * length * (2 * length) > MOST_SCORES:
                    continue
                config = dataclasses.replace(config, window=length)
            yield _cost(config, length, seed)


def _config(memory: Memory, width: int, window: int) -> PPOConfig:
    return PPOConfig(
        width=width,
        num_layers=NUM_LAYERS,
        memory=memory,
        num_heads=4,
        window=window,
        s5=S5Config(state_size=width),
    )


def _cost(config: PPOConfig, length: int, seed: int) -> Cost:
    weights_key, features_key = jax.random.split(jax.random.key(seed))
    weights, rest = eqx.partition(make_memory(config, weights_key), eqx.is_array)
    features = jax.random.normal(features_key, (length, BATCH, config.width))
    reset = jnp.zeros((length, BATCH), jnp.bool_).at[0].set(True)

    def loss(weights: Any, features: Any, reset: Any) -> Any:
        layers: Stack = eqx.combine(weights, rest)
        return (layers(layers.init_carry(BATCH), features, reset)[1] ** 2).mean()

    compiled = jax.jit(jax.grad(loss)).lower(weights, features, reset).compile()

    def run() -> None:
        jax.tree.map(np.asarray, compiled(weights, features, reset))  # which waits for the end

    run()
    repeats, before = 0, time.process_time()
    while not repeats or time.process_time() - before < LEAST_SECONDS:
        run()
        repeats += 1
    seconds = (time.process_time() - before) / repeats
    plan = compiled.memory_analysis()
    assert plan is not None, "every compiled program has a plan"
    mebibytes = plan.temp_size_in_bytes / 2**20
    return Cost(config.memory, length, num_weights(config), seconds, mebibytes)
