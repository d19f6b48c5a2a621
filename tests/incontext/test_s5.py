"""S5 beside its published numbers, a plain loop, and the published operator."""

import copy
import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from incontext.probes import Probe, ProbeParams

from worldmodels.incontext.config import POPGYM, S5Config
from worldmodels.incontext.memory.hippo import diagonal_system
from worldmodels.incontext.memory.linear_scan import (
    Pair,
    compose,
    scan_in_parallel,
    scan_in_turn,
)
from worldmodels.incontext.memory.s5 import S5
from worldmodels.incontext.model import make_agent
from worldmodels.incontext.problem import make_problem

TIME, CASES, WIDTH = 16, 1000, 3
SMALL = S5Config(state_size=8)
draw = eqx.filter_jit(S5)


def test_eigenvalues_of_hippo_are_the_published_ones():
    eight = diagonal_system("hippo", 8, 1, True).eigenvalues
    np.testing.assert_allclose(eight.imag, [-19.857416, -5.354207, -1.957794, -0.427488], atol=1e-4)
    np.testing.assert_allclose(eight.real, -0.5, atol=1e-12)
    many = diagonal_system("hippo", 256, 1, True).eigenvalues.imag
    np.testing.assert_allclose(many[:5], [-20860.2, -6952.0, -4169.5, -2976.4, -2313.2], atol=0.06)
    np.testing.assert_allclose(many[-5:], [-2.5177, -1.8599, -1.2477, -0.6917, -0.2125], atol=1e-3)


@pytest.mark.parametrize("init", ["hippo", "s4d-lin", "s4d-inv"])
@pytest.mark.parametrize("blocks", [1, 3])
def test_a_basis_turns_modes_into_a_real_system(init: str, blocks: int):
    values, basis = diagonal_system(init, 12, blocks, False)
    np.testing.assert_allclose(basis @ basis.conj().T, np.eye(12), atol=1e-9)
    system = basis @ np.diag(values) @ basis.conj().T
    np.testing.assert_allclose(system.imag, 0, atol=1e-9)
    half, half_basis = diagonal_system(init, 12, blocks, True)
    np.testing.assert_allclose(
        2 * (half_basis @ np.diag(half) @ half_basis.conj().T).real, system.real, atol=1e-9
    )


def test_frequencies_of_s4d_are_the_published_ones():
    linear = diagonal_system("s4d-lin", 8, 1, True).eigenvalues.imag
    np.testing.assert_allclose(linear, np.pi * np.arange(4))
    inverse = diagonal_system("s4d-inv", 8, 1, True).eigenvalues.imag
    np.testing.assert_allclose(inverse[:2], [8 / np.pi * 7, 8 / np.pi * (8 / 3 - 1)])


@pytest.mark.parametrize("parallel", [False, True])
def test_a_layer_is_the_recurrence_of_a_plain_loop(parallel: bool):
    generator = np.random.default_rng(0)
    config = dataclasses.replace(SMALL, parallel=parallel, activation="gelu")
    layer = draw(WIDTH, config, jax.random.key(0))
    inputs = generator.normal(size=(TIME, CASES, WIDTH)).astype(np.float32)
    reset = generator.random((TIME, CASES)) < 0.2
    start = generator.normal(size=(2, CASES, 4)).astype(np.float32)
    carry, outputs = jax.jit(lambda *args: layer(*args))(
        Pair(*jnp.asarray(start)), jnp.asarray(inputs), jnp.asarray(reset)
    )

    def complex_of(parts: Any) -> Any:
        return np.asarray(parts[..., 0], np.complex128) + 1j * np.asarray(parts[..., 1])

    rate, b, c = map(complex_of, (layer.eigenvalues, layer.inputs, layer.outputs))
    delta = np.exp(np.asarray(layer.log_step, np.float64))
    decay = np.exp(rate * delta)
    b = ((decay - 1) / rate)[:, None] * b
    state = start[0] + 1j * start[1]
    for t in range(TIME):
        state = decay * np.where(reset[t, :, None], 0, state) + inputs[t] @ b.T
        seen = 2 * (state @ c.T).real + np.asarray(layer.feedthrough) * inputs[t]
        expected = inputs[t] + np.asarray(jax.nn.gelu(seen.astype(np.float32)))
        np.testing.assert_allclose(outputs[t], expected, atol=1e-4)
    np.testing.assert_allclose(np.asarray(carry.re) + 1j * np.asarray(carry.im), state, atol=1e-4)


def test_both_scans_agree_with_the_published_operator_of_triples():
    generator = np.random.default_rng(1)
    decay = Pair(*jnp.asarray(generator.uniform(-0.7, 0.7, (2, 5)), jnp.float32))
    drive = Pair(*jnp.asarray(generator.normal(size=(2, TIME, 50, 5)), jnp.float32))
    start = Pair(*jnp.asarray(generator.normal(size=(2, 50, 5)), jnp.float32))
    reset = jnp.asarray(generator.random((TIME, 50)) < 0.3)

    @jax.jit
    def find(*args: Any) -> Any:
        return scan_in_turn(*args), scan_in_parallel(*args)

    a = np.asarray(decay.re) + 1j * np.asarray(decay.im)
    total = np.ones((50, 5)), np.asarray(start.re) + 1j * np.asarray(start.im), np.zeros((50, 1))
    found = jax.tree.map(np.asarray, find(decay, drive, reset, start))
    for t in range(TIME):
        element = a + np.zeros((50, 5)), np.asarray(drive.re[t]) + 1j * np.asarray(drive.im[t])
        total = triple(total, (*element, np.asarray(reset[t], float)[:, None]))
        for states in found:
            np.testing.assert_allclose(states.re[t] + 1j * states.im[t], total[1], atol=1e-5)


def triple(i: Any, j: Any) -> Any:
    """The operator on (a, b, c), c = 1 at a reset. Source: in-context-rl.md 1.4."""
    a = (j[0] * i[0]) * (1 - j[2]) + j[0] * j[2]
    b = (j[0] * i[1] + j[1]) * (1 - j[2]) + j[1] * j[2]
    return a, b, i[2] * (1 - j[2]) + j[2]


def test_the_operators_are_associative():
    generator = np.random.default_rng(2)

    def element() -> Any:
        a, b = generator.normal(size=(2, 300)) + 1j * generator.normal(size=(2, 300))
        return a, b, (generator.random(300) < 0.5).astype(float)

    x, y, z = element(), element(), element()
    for left, right in zip(triple(triple(x, y), z), triple(x, triple(y, z)), strict=True):
        np.testing.assert_allclose(left, right, atol=1e-5)

    def pairs(each: Any) -> Any:
        return tuple(
            Pair(jnp.asarray(p.real, jnp.float32), jnp.asarray(p.imag, jnp.float32))
            for p in each[:2]
        )

    x, y, z = map(pairs, (x, y, z))
    for left, right in zip(
        *map(jax.tree.leaves, (compose(compose(x, y), z), compose(x, compose(y, z)))), strict=True
    ):
        np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-5)


def test_both_ways_to_discretise_agree_for_small_steps():
    layer = draw(WIDTH, S5Config(state_size=8, dt_min=1e-4, dt_max=1e-4), jax.random.key(0))
    other = with_config(layer, discretisation="bilinear")
    for ours, theirs in zip(
        *map(jax.tree.leaves, (layer.discretise(), other.discretise())), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
    assert np.abs(layer.discretise()[1].re).max() > 1e-5


def with_config(layer: S5, **changes: Any) -> S5:
    """The same weights otherwise used."""
    changed = copy.copy(layer)
    object.__setattr__(changed, "config", dataclasses.replace(layer.config, **changes))
    return changed


def test_clipped_eigenvalues_never_grow():
    layer = draw(WIDTH, SMALL, jax.random.key(0))
    growing = eqx.tree_at(lambda it: it.eigenvalues, layer, layer.eigenvalues + jnp.asarray(1.0))
    clipped = with_config(growing, clip_eigs=True)
    sizes = [np.hypot(*each.discretise()[0]) for each in (growing, clipped)]
    assert (sizes[0] > 1).all()
    assert (sizes[1] < 1).all()


@pytest.mark.parametrize(
    ("c_init", "std"),
    [("lecun_normal", 1 / 80), ("trunc_standard_normal", 1 / 10), ("complex_normal", 0.5**0.5)],
)
def test_new_weights_have_the_published_spread(c_init: str, std: float):
    layer = draw(64, S5Config(state_size=100, c_init=c_init), jax.random.key(0))
    assert float(layer.outputs.std()) == pytest.approx(std, rel=0.05)
    assert float(layer.inputs.std()) == pytest.approx(1 / np.sqrt(100) / np.sqrt(2), rel=0.05)
    assert np.log(0.001) <= layer.log_step.min() < layer.log_step.max() <= np.log(0.1)


@pytest.mark.parametrize(
    ("memory", "num_layers", "count"), [("s5", 4, 1_186_949), ("gru", 1, 528_005)]
)
def test_agents_have_as_many_parameters_as_the_published_ones(
    memory: Any, num_layers: int, count: int
):
    problem = make_problem(Probe(), ProbeParams(num_contexts=4, num_actions=4), sees_action=True)
    config = dataclasses.replace(POPGYM, memory=memory, num_layers=num_layers)
    agent = eqx.filter_eval_shape(make_agent, problem, config, jax.random.key(0))
    assert problem.num_features == 9
    assert sum(leaf.size for leaf in jax.tree.leaves(agent)) == count
