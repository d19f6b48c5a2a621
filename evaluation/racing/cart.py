"""Gymnasium's cart-pole with all four numbers seen: no world of the catalog, but one to race."""

from typing import Any

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float32, Int32, PRNGKeyArray
from typing_extensions import override

from envs.classic import CART_FORCE, Cart, has_fallen, push
from envs.core import FunctionalEnv, pytree

START = 0.05  # all four numbers start within -START..START
LAST_STEP = 500


@pytree
class CartState:
    """The cart and its age."""

    cart: Cart
    time: Int32[Array, ""]  # steps since the reset


class CartPole(FunctionalEnv[CartState, None, Float32[Array, "4"]]):
    """As CartPole-v1: 1 for every step, 500 steps at most."""

    @override
    def initial(self, key: PRNGKeyArray, params: None) -> CartState:
        numbers = jax.random.uniform(key, (4,), minval=-START, maxval=START)
        return CartState(cart=Cart(*numbers), time=jnp.int32(0))

    @override
    def transition(
        self, key: PRNGKeyArray, state: CartState, action: Any, params: None
    ) -> CartState:
        del key  # all is drawn at the start
        force = jnp.where(action == 1, CART_FORCE, -CART_FORCE)
        return CartState(cart=push(state.cart, force), time=state.time + 1)

    @override
    def observe(self, state: CartState, params: None) -> Float32[Array, "4"]:
        return jnp.stack(state.cart)

    @override
    def reward(
        self, state: CartState, action: Any, next_state: CartState, params: None
    ) -> Float32[Array, ""]:
        return jnp.ones((), jnp.float32)

    @override
    def terminated(self, state: CartState, params: None) -> Bool[Array, ""]:
        return has_fallen(state.cart)

    @override
    def truncated(self, state: CartState, params: None) -> Bool[Array, ""]:
        return state.time >= LAST_STEP

    @override
    def observation_space(self, params: None) -> gymnasium.spaces.Box:
        return gymnasium.spaces.Box(-np.inf, np.inf, (4,), np.float32)

    @override
    def action_space(self, params: None) -> gymnasium.spaces.Discrete:
        return gymnasium.spaces.Discrete(2)
