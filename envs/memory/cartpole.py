"""The cart-pole of which positions or velocities are seen, but never both."""

from typing import Any, Final

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
from gymnasium.spaces import Box, Discrete
from jaxtyping import Array, Float32, PRNGKeyArray
from typing_extensions import override

from envs.classic import CART_FORCE, CART_TILT, CART_TRACK, Cart, has_fallen, push
from envs.classic_pictures import draw_cart
from envs.core import Frame, pytree
from envs.memory.game import Flag, Game, Number, as_number, never, share
from envs.memory.params import CartPoleParams

SPREAD: Final = 0.05  # of all four numbers at the start, to either side
LIMITS: Final = np.array([2 * CART_TRACK, 2 * CART_TILT], np.float32)  # of positions, as seen

Pair = Float32[Array, "2"]


@pytree
class CartPoleState:
    """All four numbers, of which two are seen."""

    position: Float32[Array, ""]  # m, 0 in the middle
    velocity: Float32[Array, ""]  # m/s
    angle: Float32[Array, ""]  # rad, 0 upright
    spin: Float32[Array, ""]  # rad/s
    error: Pair  # what is added to the two that are seen
    time: Number  # steps since the reset


class CartPole(Game[CartPoleState, CartPoleParams]):
    """Balance a pole, with half of what there is to know.

    Source: in-context-rl.md 3.1.
    """

    state_class = CartPoleState

    @override
    def initial(self, key: PRNGKeyArray, params: CartPoleParams) -> CartPoleState:
        cart_key, error_key = jax.random.split(key)
        cart = Cart(*jax.random.uniform(cart_key, (4,), jnp.float32, -SPREAD, SPREAD))
        return _state(cart, drawn_error(error_key, params.noise), jnp.int32(0))

    @override
    def transition(
        self, key: PRNGKeyArray, state: CartPoleState, action: Any, params: CartPoleParams
    ) -> CartPoleState:
        force = jnp.where(as_number(action) == 1, CART_FORCE, -CART_FORCE)
        cart = push(_cart(state), force)
        return _state(cart, drawn_error(key, params.noise), state.time + 1)

    @override
    def observe(self, state: CartPoleState, params: CartPoleParams) -> Array:
        if params.shows == "velocity":
            return jnp.stack([state.velocity, state.spin]) + state.error
        return jnp.clip(jnp.stack([state.position, state.angle]) + state.error, -LIMITS, LIMITS)

    @override
    def reward(
        self, state: CartPoleState, action: Any, next_state: CartPoleState, params: CartPoleParams
    ) -> Float32[Array, ""]:
        return share(jnp.int32(1), params.max_steps)

    @override
    def terminated(self, state: CartPoleState, params: CartPoleParams) -> Flag:
        has_failed = has_fallen(_cart(state))
        return has_failed | (state.time >= params.max_steps) if params.compat else has_failed

    @override
    def truncated(self, state: CartPoleState, params: CartPoleParams) -> Flag:
        return never() if params.compat else state.time >= params.max_steps

    @override
    def observation_space(self, params: CartPoleParams) -> gymnasium.Space[Any]:
        if params.shows == "velocity":
            return Box(-np.inf, np.inf, (2,), np.float32)
        return Box(-LIMITS, LIMITS, dtype=np.float32)

    @override
    def action_space(self, params: CartPoleParams) -> gymnasium.Space[Any]:
        return Discrete(2)

    @override
    def info(self, state: CartPoleState, params: CartPoleParams) -> dict[str, Any]:
        """Diagnostics: all four numbers, without noise, by the names of the state."""
        return _cart(state)._asdict()

    @override
    def render(self, state: CartPoleState, params: CartPoleParams, size: tuple[int, int]) -> Frame:
        words = f"{int(state.time)} of {int(params.max_steps)} steps"
        level = 1 - int(state.time) / int(params.max_steps)
        return draw_cart(float(state.position), float(state.angle), words, level, size)

    @override
    def text(self, state: CartPoleState, params: CartPoleParams) -> str:
        return "\n".join(
            f"{name} {float(value):+.3f}" for name, value in _cart(state)._asdict().items()
        )

    @override
    def keys(self) -> dict[str, int]:
        return {"left": 0, "right": 1}


def drawn_error(key: PRNGKeyArray, noise: float) -> Pair:
    """Normal noise of this standard deviation; none is drawn for 0."""
    if noise == 0:
        return jnp.zeros(2, jnp.float32)
    return noise * jax.random.normal(key, (2,), jnp.float32)


def _cart(state: CartPoleState) -> Cart:
    return Cart(state.position, state.velocity, state.angle, state.spin)


def _state(cart: Cart, error: Pair, time: Number) -> CartPoleState:
    return CartPoleState(
        position=cart.position,
        velocity=cart.velocity,
        angle=cart.angle,
        spin=cart.spin,
        error=error,
        time=time,
    )
