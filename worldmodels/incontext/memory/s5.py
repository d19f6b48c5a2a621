"""S5: a linear system with a diagonal matrix per layer, whose state a reset forgets.

`reset[t]` belongs to `features[t]`: see `worldmodels.incontext.memory.layer`.

Source: in-context-rl.md 1.1-1.5; arXiv 2208.04933 (S5), arXiv 2303.03982 (resets).
"""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from worldmodels.incontext.config import S5Config
from worldmodels.incontext.dense import apply_linear, apply_norm, draw_linear
from worldmodels.incontext.memory.hippo import DiagonalSystem, diagonal_system
from worldmodels.incontext.memory.layer import Resets, Sequence
from worldmodels.incontext.memory.linear_scan import Pair, scan_in_parallel, scan_in_turn

LARGEST_REAL_PART = -1e-4  # of an eigenvalue, with `clip_eigs`


class S5(eqx.Module):
    """One layer: the system, an activation, and the way round them."""

    eigenvalues: Float[Array, "modes 2"]  # of the continuous system; the last axis is (re, im)
    inputs: Float[Array, "modes width 2"]  # B
    outputs: Float[Array, "width modes 2"]  # C
    feedthrough: Float[Array, " width"]  # D
    log_step: Float[Array, " modes"]  # log of the step size
    values: eqx.nn.Linear | None
    gates: eqx.nn.Linear | None
    norm: eqx.nn.LayerNorm | None  # one for both places, as published
    config: S5Config = eqx.field(static=True)

    def __init__(self, width: int, config: S5Config, key: PRNGKeyArray) -> None:
        """Draw the weights.

        Args:
            width: Features per step.
            config: The rest.
            key: Of all weights.
        """
        b_key, c_key, d_key, step_key, values_key, gates_key = jax.random.split(key, 6)
        size, conj_sym = config.state_size, config.conj_sym
        system = diagonal_system(config.init, size, config.blocks, conj_sym)
        self.eigenvalues = jnp.asarray(_parts(system.eigenvalues))
        self.inputs = _draw_inputs(system, width, b_key)
        self.outputs = _draw_outputs(system, width, config.c_init, c_key)
        self.feedthrough = jax.random.normal(d_key, (width,))
        low, high = float(np.log(config.dt_min)), float(np.log(config.dt_max))
        shape = system.eigenvalues.shape
        self.log_step = jax.random.uniform(step_key, shape, minval=low, maxval=high)
        has_values, has_gates = config.activation == "full_glu", config.activation != "gelu"
        self.values = draw_linear(width, width, values_key) if has_values else None
        self.gates = draw_linear(width, width, gates_key) if has_gates else None
        has_norm = config.norm or config.gtrxl_norm
        self.norm = eqx.nn.LayerNorm(width) if has_norm else None
        self.config = config

    def init_carry(self, batch: int) -> Pair:
        """A state of zeros, shape (batch, modes)."""
        config = self.config
        modes = config.state_size // 2 if config.conj_sym else config.state_size
        return Pair(jnp.zeros((batch, modes)), jnp.zeros((batch, modes)))

    def __call__(self, carry: Pair, features: Sequence, reset: Resets) -> tuple[Pair, Sequence]:
        """Run along a sequence, see `SequenceLayer`."""
        config = self.config
        inner = features
        if config.norm and config.prenorm:
            inner = self._normalise(inner)
        carry, inner = self._run(carry, inner, reset)
        if config.gtrxl_norm:
            inner = self._normalise(inner)
        features = features + self._activate(inner)
        if config.norm and not config.prenorm:
            features = self._normalise(features)
        return carry, features

    def discretise(self) -> tuple[Pair, Pair]:
        """The system of one step: decay, shape (modes,), and B, shape (modes, width)."""
        real, imaginary = self.eigenvalues.T
        if self.config.clip_eigs:
            real = jnp.minimum(real, LARGEST_REAL_PART)
        rate = jax.lax.complex(real, imaginary)
        step = jnp.exp(self.log_step) * self.config.step_rescale
        step = jax.lax.complex(step, jnp.zeros_like(step))
        if self.config.discretisation == "zoh":
            decay, scale = jnp.exp(rate * step), jnp.expm1(rate * step) / rate
        else:
            half = rate * step / 2
            decay, scale = (1 + half) / (1 - half), step / (1 - half)
        b = scale[:, None] * jax.lax.complex(self.inputs[..., 0], self.inputs[..., 1])
        return Pair(decay.real, decay.imag), Pair(b.real, b.imag)

    def _run(self, carry: Pair, features: Sequence, reset: Resets) -> tuple[Pair, Sequence]:
        decay, b = self.discretise()
        if not self.config.resets:
            reset = jnp.zeros_like(reset)
        scan = scan_in_parallel if self.config.parallel else scan_in_turn
        state = scan(decay, Pair(features @ b.re.T, features @ b.im.T), reset, carry)
        pairs = 2.0 if self.config.conj_sym else 1.0  # what is left out has the same real part
        seen = state.re @ self.outputs[..., 0].T - state.im @ self.outputs[..., 1].T
        through = features * jnp.broadcast_to(self.feedthrough, features.shape)
        outputs: Sequence = pairs * seen + through
        return Pair(state.re[-1], state.im[-1]), outputs

    def _activate(self, inner: Sequence) -> Sequence:
        if self.config.activation != "half_glu2":
            inner = jax.nn.gelu(inner)
        if self.gates is None:
            return inner
        gated = jax.nn.gelu(inner) if self.config.activation == "half_glu2" else inner
        values = inner if self.values is None else apply_linear(self.values, inner)
        return values * jax.nn.sigmoid(apply_linear(self.gates, gated))

    def _normalise(self, features: Sequence) -> Sequence:
        assert self.norm is not None
        return apply_norm(self.norm, features)


def _parts(values: np.ndarray) -> Float[np.ndarray, "*axes 2"]:
    return np.stack([values.real, values.imag], axis=-1).astype(np.float32)


def _draw_inputs(
    system: DiagonalSystem, width: int, key: PRNGKeyArray
) -> Float[Array, "modes width 2"]:
    size = system.basis.shape[0]
    real = jax.nn.initializers.lecun_normal()(key, (size, width), jnp.float32)
    inverse = jnp.asarray(_parts(system.basis.conj().T))
    return jnp.stack([inverse[..., 0] @ real, inverse[..., 1] @ real], axis=-1)


def _draw_outputs(
    system: DiagonalSystem, width: int, c_init: str, key: PRNGKeyArray
) -> Float[Array, "width modes 2"]:
    """C; only "complex_normal" is drawn for the modes, the others for N states."""
    size, modes = system.basis.shape
    if c_init == "complex_normal":
        return jax.random.normal(key, (width, modes, 2)) * math.sqrt(0.5)
    # the published initialiser counts the width as receptive field, and so divides by it
    fan_in = size * width if c_init == "lecun_normal" else size
    draw = jax.nn.initializers.variance_scaling(1.0, "fan_in", "truncated_normal", 1, 0)
    c = draw(key, (2 * width, size), jnp.float32) * math.sqrt(size / fan_in)
    real, imaginary = c[:width], c[width:]
    basis = jnp.asarray(_parts(system.basis))
    re = real @ basis[..., 0] - imaginary @ basis[..., 1]
    im = real @ basis[..., 1] + imaginary @ basis[..., 0]
    return jnp.stack([re, im], axis=-1)
