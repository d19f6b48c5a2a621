"""Whole episodes of the games: some copies play as well as can be, the others at random."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from envs.catalog import find_world, load_core, make_params

PERFECT = 16  # copies
RANDOM = 240
LEVELS = ("Easy", "Medium", "Hard")

Player = Callable[[Any, Any, Any], Any]  # (core, state, params) -> action


class Plays(NamedTuple):
    """Of each copy and step, both led by the copy; `obs` has one more, the first."""

    obs: Any
    action: Any
    reward: Any
    ended: Any
    truncated: Any

    def lengths(self) -> Any:
        return self.ended.argmax(axis=1) + 1

    def returns(self) -> Any:
        before_end = np.cumsum(self.ended, axis=1) - self.ended == 0
        return (self.reward * before_end).sum(axis=1)


def told(core: Any, state: Any, params: Any) -> Any:
    return jnp.maximum(core.info(state, params)["answer"], 0)


def clearing(core: Any, state: Any, params: Any) -> Any:
    return jnp.argmax(~state.is_open & ~state.is_mine).astype(jnp.int32)


def sinking(core: Any, state: Any, params: Any) -> Any:
    return jnp.argmax(state.is_ship & ~state.is_shot).astype(jnp.int32)


def pairing(core: Any, state: Any, params: Any) -> Any:
    is_waiting = (state.first >= 0) & (state.second < 0)
    places = jnp.arange(params.num_cards)
    is_like = (state.cards == state.cards[state.first]) & (places != state.first)
    return jnp.argmax(~state.is_up & (is_like | ~is_waiting)).astype(jnp.int32)


PLAYERS: dict[str, Player] = {
    "Autoencode": told,
    "RepeatFirst": told,
    "RepeatPrevious": told,
    "CountRecall": told,
    "Minesweeper": clearing,
    "Battleship": sinking,
    "Concentration": pairing,
}
LONGEST = {"RepeatFirst": 831, "RepeatPrevious": 156}
"""Steps that are played where levels share what is compiled, or are followed beyond the end."""


@functools.cache
def plays(game: str, level: str, steps: int, **keywords: Any) -> Plays:
    """So many steps of a game; what is after the end is part of no episode."""
    world = find_world(f"Pop{game}{level}-v0")
    core, params = load_core(world), make_params(world, keywords)
    copies, num_actions = PERFECT + RANDOM, int(core.action_space(params).n)
    # drawn outside, so that nothing but the game is compiled for each of them
    keys = jax.random.split(jax.random.key(1), (copies, steps + 1))
    guesses = np.random.default_rng(2).integers(0, num_actions, (copies, steps), np.int32)
    out = _compiled(game)(keys, guesses, np.arange(copies) < PERFECT, params)
    return Plays(*jax.tree.map(np.asarray, out))


@functools.cache
def _compiled(game: str) -> Any:
    core, player = load_core(find_world(f"Pop{game}Easy-v0")), PLAYERS[game]

    def play(keys: Any, guesses: Any, is_perfect: Any, params: Any) -> Any:
        state, first_obs = core.reset(keys[0], params)

        def advance(state: Any, drawn: Any) -> Any:
            key, guess = drawn
            action = jnp.where(is_perfect, player(core, state, params), guess)
            state, out = core.step(key, state, action, params)
            ended = out.terminated | out.truncated
            return state, (out.obs, action, out.reward, ended, out.truncated)

        _, (obs, *rest) = jax.lax.scan(advance, state, (keys[1:], guesses))
        return jnp.concatenate([first_obs[None], obs]), *rest

    return jax.jit(jax.vmap(play, in_axes=(0, 0, 0, None)))
