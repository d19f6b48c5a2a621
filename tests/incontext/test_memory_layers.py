"""What holds for every layer with a memory."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from worldmodels.incontext.config import PPOConfig, S5Config
from worldmodels.incontext.memory.kinds import make_memory

WIDTH, TIME, BATCH, WINDOW = 8, 12, 6, 4
LAST_RESET = 7  # of every world in the second half of the batch; the others have none after it
KINDS = ("s5", "s5-other", "gru", "lstm", "attention", "delta", "mlp")


class Seen(NamedTuple):
    """What one compiled function finds out about a layer."""

    whole: Any  # (carry, outputs) of a sequence at once
    stepwise: Any  # the same, step by step
    other_past: Any  # where all before the last reset is another
    gradient: Any  # of the outputs from the last reset on, by carry and features
    reset: np.ndarray


def config_of(kind: str) -> PPOConfig:
    sizes = {"width": WIDTH, "num_layers": 2, "num_heads": 2, "window": WINDOW}
    if kind == "s5-other":
        s5 = S5Config(
            state_size=8,
            blocks=2,
            init="s4d-lin",
            conj_sym=False,
            discretisation="bilinear",
            clip_eigs=True,
            c_init="complex_normal",
            activation="half_glu2",
            norm=True,
            gtrxl_norm=True,
            parallel=True,
        )
        return PPOConfig(memory="s5", s5=s5, **sizes)
    return PPOConfig(memory=kind, s5=S5Config(state_size=8), **sizes)


@pytest.fixture(scope="module", params=KINDS)
def seen(request: pytest.FixtureRequest) -> Seen:
    config = config_of(request.param)

    @jax.jit
    def find(key: Any, reset: Any) -> Any:
        model_key, carry_key, key, other_key = jax.random.split(key, 4)
        layer = make_memory(config, model_key)
        features, other = (jax.random.normal(k, (TIME, BATCH, WIDTH)) for k in (key, other_key))
        carry, other_carry = (_known(layer, k) for k in jax.random.split(carry_key))
        past = jnp.arange(TIME)[:, None, None] < LAST_RESET
        changed = jnp.where(past, other, features)

        def step(carry: Any, inputs: Any) -> Any:
            features, reset = inputs
            carry, out = layer(carry, features[None], reset[None])
            return carry, out[0]

        def later(carry: Any, features: Any) -> Any:
            outputs = layer(carry, features, reset)[1][LAST_RESET:]
            return (outputs[:, BATCH // 2 :] ** 2).sum()

        return (
            layer(carry, features, reset),
            jax.lax.scan(step, carry, (features, reset)),
            layer(other_carry, changed, reset),
            eqx.filter_grad(lambda both: later(*both))((carry, features)),
        )

    reset = np.random.default_rng(0).random((TIME, BATCH)) < 0.2
    reset[LAST_RESET:] = False
    reset[LAST_RESET, BATCH // 2 :] = True
    found = find(jax.random.key(1), jnp.asarray(reset))
    return Seen(*jax.tree.map(np.asarray, found), reset)


def _known(layer: Any, key: Any) -> Any:
    """A carry after some random steps."""
    features = jax.random.normal(key, (WINDOW + 1, BATCH, WIDTH))
    carry = layer.init_carry(BATCH)
    return layer(carry, features, jnp.zeros(features.shape[:2], bool))[0]


def test_a_sequence_at_once_is_the_same_step_by_step(seen: Seen):
    for whole, stepwise in zip(*map(jax.tree.leaves, (seen.whole, seen.stepwise)), strict=True):
        np.testing.assert_allclose(whole, stepwise, atol=1e-4)
    assert np.abs(seen.whole[1]).max() > 0.05


def test_nothing_from_before_a_reset_matters_after_it(seen: Seen):
    outputs, others = (each[1][LAST_RESET:, BATCH // 2 :] for each in (seen.whole, seen.other_past))
    np.testing.assert_array_equal(outputs, others)


def test_the_past_matters_where_nothing_was_reset(seen: Seen, request: pytest.FixtureRequest):
    outputs, others = (each[1][LAST_RESET, : BATCH // 2] for each in (seen.whole, seen.other_past))
    assert (outputs != others).any() == ("[mlp]" not in request.node.name)


def test_gradients_through_a_reset_are_zero(seen: Seen):
    carry, features = seen.gradient
    assert not any(leaf.any() for leaf in jax.tree.leaves(carry))
    assert not features[:LAST_RESET].any()
    assert features[LAST_RESET:, BATCH // 2 :].any()


def test_the_flag_of_the_first_step_forgets_the_carry():
    layer = eqx.filter_jit(make_memory)(config_of("gru"), jax.random.key(0))
    features = jnp.ones((1, BATCH, WIDTH))
    run = eqx.filter_jit(layer)
    known = eqx.filter_jit(_known)(layer, jax.random.key(1))
    first = jnp.ones((1, BATCH), bool)
    begun, new = run(known, features, first)[1], run(layer.init_carry(BATCH), features, ~first)[1]
    np.testing.assert_array_equal(begun, new)


def test_attention_sees_its_window_and_no_further():
    layer = eqx.filter_jit(make_memory)(
        PPOConfig(memory="attention", width=8, num_layers=1, num_heads=2, window=4),
        jax.random.key(0),
    )
    features = jax.random.normal(jax.random.key(1), (9, 2, WIDTH))
    features = features.at[:, 1].set(features[:, 0]).at[2, 1, 0].add(1.0)  # world 1: another step 2
    _, outputs = eqx.filter_jit(layer)(layer.init_carry(2), features, jnp.zeros((9, 2), bool))
    differs = (np.asarray(outputs[:, 0]) != np.asarray(outputs[:, 1])).any(axis=1)
    assert differs.tolist() == [False] * 2 + [True] * 5 + [False] * 2
