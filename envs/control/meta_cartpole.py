"""A cart-pole whose speeds are hidden and whose places are projected, over many trials.

Source: in-context-rl.md 4.3 and 7.
"""

from typing import Any, Final

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
from gymnasium.spaces import Box, Discrete
from jaxtyping import Array, Bool, Float32, PRNGKeyArray
from typing_extensions import override

from envs import classic, saved
from envs.classic_pictures import draw_cart
from envs.control.inner import Progress, advanced, beginning, described
from envs.control.meta_params import MetaCartPoleParams
from envs.control.projections import SPLITS, Projection, draw_projection, projected, split_key
from envs.control.task import Body
from envs.core import Frame, FunctionalEnv, pytree

START: Final = 0.05  # places and speeds start within -START..START
NUM_ACTIONS: Final = 2
NUM_SHOWN: Final = 2  # place and angle
PARTS: Final = ("place", "speed", "angle", "spin")

Obs = Float32[Array, " features"]


@pytree
class MetaCartPoleState:
    """The cart, and what the agent must find out about what it sees of it."""

    body: tuple[Float32[Array, ""], ...]  # `PARTS`
    first: tuple[Float32[Array, ""], ...]  # where every trial starts; empty if that varies
    projection: Projection
    action: Float32[Array, ""]  # the last; -1 before the first
    progress: Progress


class MetaCartPole(FunctionalEnv[MetaCartPoleState, MetaCartPoleParams, Obs]):
    """Push a cart left (0) or right (1) for `num_episodes` trials under one projection.

    Every step pays the same, so all that is at stake is how many steps there are. A meta-episode
    that is over is therefore `terminated`: one that would count as cut short, and be valued as if
    it went on, leaves nothing to learn.

    The key of a first state is split into those of the projection and of the first start; the key
    of a transition draws the start of the next trial, if one begins.
    """

    @override
    def initial(self, key: PRNGKeyArray, params: MetaCartPoleParams) -> MetaCartPoleState:
        projection_key, start_key = jax.random.split(key)
        if params.projection_seed is not None:
            projection_key = jax.random.key(params.projection_seed)
        body = _start(start_key)
        sizes = NUM_SHOWN, NUM_SHOWN, params.obs_dim
        return MetaCartPoleState(
            body=body,
            first=body if params.parity else (),
            projection=draw_projection(
                split_key(projection_key, params.split), params.projection, sizes, (1, 1, 1)
            ),
            action=jnp.float32(-1),
            progress=beginning(),
        )

    @override
    def transition(
        self, key: PRNGKeyArray, state: MetaCartPoleState, action: Any, params: MetaCartPoleParams
    ) -> MetaCartPoleState:
        chosen = jnp.asarray(action)
        force = jnp.where(chosen == 1, classic.CART_FORCE, -classic.CART_FORCE)
        cart = classic.push(classic.Cart(*state.body), force)
        reward = jnp.float32(1 / params.max_steps)
        progress = advanced(state.progress, reward, classic.has_fallen(cart), params.max_steps)
        goes_on = progress.has_ended & (progress.episode < params.num_episodes)
        fresh = state.first or _start(key)
        body = tuple(jnp.where(goes_on, new, now) for new, now in zip(fresh, cart, strict=True))
        return MetaCartPoleState(
            body=body,
            first=state.first,
            projection=state.projection,
            action=chosen.astype(jnp.float32),
            progress=progress,
        )

    @override
    def observe(self, state: MetaCartPoleState, params: MetaCartPoleParams) -> Obs:
        seen = projected((state.body[0], state.body[2]), state.projection.obs_matrix)
        progress = state.progress
        has_ended = progress.has_ended.astype(jnp.float32)
        is_first = progress.is_first.astype(jnp.float32)
        if params.parity:
            shown = [jnp.maximum(state.action, 0.0), has_ended, is_first]
        else:
            pushes = [(state.action == side).astype(jnp.float32) for side in range(NUM_ACTIONS)]
            shown = [*pushes, progress.reward, has_ended, is_first]
        return jnp.concatenate([seen, jnp.stack(shown)])

    @override
    def reward(
        self,
        state: MetaCartPoleState,
        action: Any,
        next_state: MetaCartPoleState,
        params: MetaCartPoleParams,
    ) -> Float32[Array, ""]:
        return next_state.progress.reward

    @override
    def terminated(self, state: MetaCartPoleState, params: MetaCartPoleParams) -> Bool[Array, ""]:
        return state.progress.episode >= params.num_episodes

    @override
    def truncated(self, state: MetaCartPoleState, params: MetaCartPoleParams) -> Bool[Array, ""]:
        return jnp.zeros((), jnp.bool_)

    @override
    def observation_space(self, params: MetaCartPoleParams) -> gymnasium.Space[Any]:
        others = 3 if params.parity else NUM_ACTIONS + 3
        return Box(-np.inf, np.inf, (params.obs_dim + others,), np.float32)

    @override
    def action_space(self, params: MetaCartPoleParams) -> gymnasium.Space[Any]:
        return Discrete(NUM_ACTIONS)

    @override
    def info(self, state: MetaCartPoleState, params: MetaCartPoleParams) -> dict[str, Any]:
        """Diagnostics: `projection`, `split` and `inner_*`, as in `MetaControl`."""
        return {
            "split": jnp.int32(SPLITS.index(params.split)),
            "projection": state.projection.mark,
            **described(state.progress),
        }

    @override
    def dumps(self, state: MetaCartPoleState) -> str:
        return saved.dumps(state)

    @override
    def loads(self, text: str) -> MetaCartPoleState:
        return saved.loads(text, MetaCartPoleState)

    @override
    def render(
        self, state: MetaCartPoleState, params: MetaCartPoleParams, size: tuple[int, int]
    ) -> Frame:
        left = 1 - min(1.0, int(state.progress.time) / params.max_steps)
        words = self._caption(state, params)
        place, _, angle, _ = state.body
        return draw_cart(float(place), float(angle), words, left, size)

    @override
    def text(self, state: MetaCartPoleState, params: MetaCartPoleParams) -> str:
        lines = [f"{name}: {value:.3f}" for name, value in _numbers(state.body).items()]
        return "\n".join([self._caption(state, params), *lines])

    def _caption(self, state: MetaCartPoleState, params: MetaCartPoleParams) -> str:
        progress = state.progress
        trial = f"trial {int(progress.episode) + 1} of {params.num_episodes}"
        return f"{trial}   step {int(progress.time)} of {params.max_steps}"

    @override
    def panel(
        self, state: MetaCartPoleState, params: MetaCartPoleParams
    ) -> dict[str, dict[str, Any]]:
        progress = state.progress
        meta = {
            "trial": (int(progress.episode), params.num_episodes),
            "step": (int(progress.time), params.max_steps),
            "return of the trial": round(float(progress.gained), 3),
        }
        numbers = {name: round(value, 3) for name, value in _numbers(state.body).items()}
        return {"meta-episode": meta, "cart": numbers}

    @override
    def keys(self) -> dict[str, int]:
        return {"left": 0, "a": 0, "right": 1, "d": 1}


def _start(key: PRNGKeyArray) -> Body:
    return tuple(jax.random.uniform(key, (len(PARTS),), minval=-START, maxval=START))


def _numbers(body: Body) -> dict[str, float]:
    return {name: float(value) for name, value in zip(PARTS, body, strict=True)}
