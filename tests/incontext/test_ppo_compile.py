"""What it takes to compile training at the published size, and that layers are drawn as before."""

import time

import equinox as eqx
import jax
import numpy as np
import pytest

from worldmodels.incontext.config import PRESETS, PPOConfig, S5Config
from worldmodels.incontext.memory.kinds import make_memory
from worldmodels.incontext.memory.s5 import S5
from worldmodels.incontext.problem import find_problem
from worldmodels.incontext.train import compile_ppo

MOST_CPU_SECONDS = 20.0


def test_every_layer_of_a_stack_is_the_one_of_its_key():
    s5 = S5Config(state_size=8)
    config = PPOConfig(memory="s5", width=8, num_layers=3, s5=s5)
    stack = jax.jit(lambda key: make_memory(config, key))(jax.random.key(1))
    for number, key in enumerate(jax.random.split(jax.random.key(1), 3)):
        layer = S5(8, s5, key)
        leaves = jax.tree.leaves(eqx.filter(stack.layers, eqx.is_array))
        for found, expected in zip(leaves, jax.tree.leaves(layer), strict=True):
            np.testing.assert_allclose(found[number], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.reproduction
def test_the_published_size_of_s5_compiles_within_20_cpu_seconds():
    config = PRESETS["popgym"]
    problem = find_problem("PopRepeatPreviousEasy-v0", "onehot", {}, config.sees_action)
    before = time.process_time()
    program, key = compile_ppo(problem, config, 228), jax.random.key(0)
    jax.jit(program.start).lower(key).compile()
    jax.jit(program.update).lower(jax.eval_shape(program.start, key)).compile()
    assert time.process_time() - before < MOST_CPU_SECONDS
