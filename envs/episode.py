"""One running episode of a core: where the seed and the current state live, for every adapter."""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from envs.core import FunctionalEnv, Step


class Episode:
    """Holds what a core does not: its parameters, the seed, the count of episodes, the state.

    The same seed, episode number and actions give the same states. What is returned is numpy and
    Python, whatever the core is made of.
    """

    def __init__(self, core: FunctionalEnv[Any, Any, Any], params: Any) -> None:
        self.core = core
        self.params = params
        self.seed = 0
        self.number = 0  # 1 for the first episode of a seed
        self.time = 0  # steps since the reset
        self.state: Any = None  # None: not started
        self._key: Any = None
        self._hooks = _compiled(core) if core.traceable else _plain(core)

    def start(self, seed: int, number: int, state: Any = None) -> tuple[Any, dict[str, Any]]:
        """Begin the episode `number` of a seed, or begin from a copy of `state`.

        Returns:
            The observation and the info of the first state.
        """
        self.seed, self.number, self.time = seed, number, 0
        self._key = self.core.key(seed, number)
        if state is None:
            self.state = self._hooks.initial(self._key, self.params)
        else:
            self.state = self.core.copy(state)
        return self._hooks.look(self.state, self.params)

    def step(self, action: Any) -> Step:
        """Advance one step.

        Raises:
            ValueError: the action is illegal, in a world that raises at such.
        """
        if self.core.raises_at_illegal(self.params) and not self.action_mask()[action]:
            legal = np.flatnonzero(self.action_mask()).tolist()
            raise ValueError(f"action {action} is illegal now; legal are {legal}")
        self.time += 1
        self.state, step = self._hooks.step(self._key, self.time, self.state, action, self.params)
        return step

    def action_mask(self) -> Any:
        """Which actions are legal now, as booleans; None: all of them."""
        return self._hooks.mask(self.state, self.params)


class _Hooks(NamedTuple):
    initial: Callable[[Any, Any], Any]
    look: Callable[[Any, Any], tuple[Any, dict[str, Any]]]
    step: Callable[[Any, int, Any, Any, Any], tuple[Any, Step]]
    mask: Callable[[Any, Any], Any]


def _plain(core: FunctionalEnv[Any, Any, Any]) -> _Hooks:
    def look(state: Any, params: Any) -> tuple[Any, dict[str, Any]]:
        return core.observe(state, params), core.info(state, params)

    def step(key: Any, time: int, state: Any, action: Any, params: Any) -> tuple[Any, Step]:
        return core.step((key, time), state, action, params)

    return _Hooks(core.initial, look, step, core.action_mask)


@cache  # cores are shared, so every environment of a world uses one compilation
def _compiled(core: FunctionalEnv[Any, Any, Any]) -> _Hooks:
    import jax

    initial_jit, mask_jit = jax.jit(core.initial), jax.jit(core.action_mask)
    look_jit = jax.jit(
        lambda state, params: (core.observe(state, params), core.info(state, params))
    )
    step_jit = jax.jit(
        lambda key, time, state, action, params: core.step(
            jax.random.fold_in(key, time), state, action, params
        )
    )

    def to_numpy(tree: Any) -> Any:
        return jax.tree.map(np.array, tree)  # a copy: jax's own buffers are read-only

    def initial(key: Any, params: Any) -> Any:
        return initial_jit(jax.random.fold_in(key, 0), params)

    def look(state: Any, params: Any) -> tuple[Any, dict[str, Any]]:
        obs, info = to_numpy(look_jit(state, params))
        return obs, info

    def step(key: Any, time: int, state: Any, action: Any, params: Any) -> tuple[Any, Step]:
        next_state, out = step_jit(key, time, state, action, params)
        return next_state, to_numpy(out)

    def mask(state: Any, params: Any) -> Any:
        return to_numpy(mask_jit(state, params))

    return _Hooks(initial, look, step, mask)
