"""One `gymnasium.vector.VectorEnv` for every core made of jax functions."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space, iterate
from jaxtyping import Bool
from typing_extensions import override

from envs import batch
from envs.catalog import World, find_world, load_core, make_stepper_params, stepper_row
from envs.core import POOL, Frame, FunctionalEnv, Step, Worlds, seed_keys
from envs.gym_adapter import check_action, check_one_agent, metadata_of

Seeds = int | Sequence[int | None] | None
Mask = Bool[np.ndarray, " envs"]

_LOOP: Final = (
    'pass vectorization_mode="sync" to gymnasium.make_vec, which steps copies one after the other'
)


def make_jax_vector_env(
    world: str,
    num_envs: int,
    autoreset_mode: AutoresetMode = AutoresetMode.NEXT_STEP,
    render_mode: str | None = None,
    render_size: tuple[int, int] | None = None,
    **keywords: Any,
) -> "JaxVectorEnv":
    """Copies of a world of the catalog, by its stepper if it names one.

    Args:
        world: Id of a row of the catalog.
        num_envs: Number of copies.
        autoreset_mode: When an ended episode is replaced.
        render_mode: One of the row's modes but "human", or None.
        render_size: Pixels (width, height) of the pictures; None takes the row's.
        **keywords: Fields of the parameters of the world, and of its stepper.

    Raises:
        TypeError: a keyword is no field; the message lists the fields.
        ValueError: a value is refused.
    """
    row = find_world(world)
    params = make_stepper_params(row, keywords)
    return JaxVectorEnv(
        stepper_row(row), params, num_envs, autoreset_mode, render_mode, render_size
    )


class JaxVectorEnv(VectorEnv[Any, Any, Any]):
    """Copies of a jax core, all advanced in one compiled call.

    Copy e after `reset(seed=s)` plays the episodes of seed s + e, and after a reset without a
    seed the next ones: what a `FunctionalGymEnv` of that seed plays. Autoreset modes, infos and
    their masks are those of Gymnasium's `SyncVectorEnv`. `reset(options={"state": state})` starts
    every copy from the state of one world.

    Raises:
        ValueError: the render mode, the autoreset mode or the number of copies is refused, the
            world has several agents, or its observations are no arrays of fixed size.
    """

    def __init__(
        self,
        world: World,
        params: Any,
        num_envs: int,
        autoreset_mode: AutoresetMode = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
        render_size: tuple[int, int] | None = None,
    ) -> None:
        core = load_core(world)
        check_one_agent(world, core.num_agents(params))
        if num_envs < 1:
            raise ValueError(f"num_envs is at least 1, got {num_envs}")
        if autoreset_mode is AutoresetMode.DISABLED:
            raise ValueError(
                f"copies of {world.id} in one call reset themselves, in the mode NEXT_STEP or "
                f"SAME_STEP; for DISABLED {_LOOP}"
            )
        if core.raises_at_illegal(params):
            raise ValueError(
                f"copies of {world.id} in one call cannot raise at illegal actions; to have that "
                f"{_LOOP}"
            )
        modes = [mode for mode in world.render_modes if _shows(core, mode)]
        if render_mode not in (None, *modes):
            raise ValueError(
                f"copies of {world.id} in one call have the render modes {modes}, got "
                f"{render_mode!r}; for others {_LOOP}"
            )
        self.num_envs = num_envs
        self.metadata = {
            **metadata_of(world),
            "render_modes": modes,
            "autoreset_mode": autoreset_mode,
        }
        self.render_mode = render_mode
        self.render_size = render_size or world.render_size
        self.params = params
        self.single_observation_space = core.observation_space(params)
        self.single_action_space = core.action_space(params)
        if not _is_of_arrays(self.single_observation_space):
            raise ValueError(
                f"copies of {world.id} in one call observe arrays of fixed size, got the space "
                f"{self.single_observation_space}; for others {_LOOP}"
            )
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._core = core
        self._mode = autoreset_mode
        self._batch = _compiled(core, num_envs, autoreset_mode)
        self._worlds: Worlds | None = None
        self._ended: Mask = np.zeros(num_envs, np.bool_)

    @property
    def state(self) -> Any:
        """A copy of the states, every leaf led by B; None before the first reset."""
        # the next step writes into the batch itself
        return None if self._worlds is None else jax.tree.map(jnp.copy, self._worlds.states)

    @override
    def reset(
        self, *, seed: Seeds = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        unknown = sorted(set(options or {}) - {"state"})
        if unknown:
            raise ValueError(f'reset knows one option, "state"; got {", ".join(unknown)}')
        keys, episode = self._lives(self._seeds(seed))
        state = (options or {}).get("state")
        if state is None:
            self._worlds, obs, info = self._batch.reset(keys, episode, self.params)
        else:
            self._worlds, obs, info = self._batch.start(state, keys, episode, self.params)
        self._ended = np.zeros(self.num_envs, np.bool_)
        return _as_member(self.observation_space, obs), _masked(info, ~self._ended)

    @override
    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        if self._worlds is None:
            raise gymnasium.error.ResetNeeded("call reset() before step()")
        actions = self._checked(actions)
        self._worlds, out, final = self._batch.step(self._worlds, self._ended, actions, self.params)
        terminated, truncated = np.array(out.terminated), np.array(out.truncated)
        self._ended = terminated | truncated
        info = _masked(out.info, np.ones(self.num_envs, np.bool_))
        if final and self._ended.any():
            info |= _final(final["final_obs"], final["final_info"], self._ended)
        obs = _as_member(self.observation_space, out.obs)
        return obs, np.array(out.reward, np.float64), terminated, truncated, info

    @override
    def render(self) -> tuple[Any, ...]:
        if self._worlds is None:
            raise gymnasium.error.ResetNeeded("call reset() before render()")
        states = self._worlds.states
        return tuple(
            self._picture(jax.tree.map(lambda leaf, copy=copy: leaf[copy], states))
            for copy in range(self.num_envs)
        )

    def _picture(self, state: Any) -> Frame | str | None:
        if self.render_mode == "rgb_array":
            return np.asarray(self._core.render(state, self.params, self.render_size))
        if self.render_mode == "ansi":
            text: str = self._core.text(state, self.params)
            return text
        return None

    def _seeds(self, seed: Seeds) -> list[int | None]:
        """One seed per copy; None goes on to the copy's next episode."""
        if seed is None:
            return [None] * self.num_envs
        if isinstance(seed, int | np.integer):
            super().reset(seed=int(seed))
            return [int(seed) + copy for copy in range(self.num_envs)]
        if len(seed) != self.num_envs:
            raise ValueError(f"reset needs a seed per copy, {self.num_envs}, got {len(seed)}")
        if any(each is not None and each < 0 for each in seed):
            raise ValueError(f"seeds are whole numbers >= 0, got {list(seed)}")
        return [None if each is None else int(each) for each in seed]

    def _lives(self, seeds: list[int | None]) -> tuple[Any, Any]:
        """The key of each copy and the number of its episode, from the seeds."""
        if self._worlds is None:
            drawn = self.np_random.integers(2**31 - 1, size=self.num_envs).tolist()
            seeds = [new if seed is None else seed for seed, new in zip(seeds, drawn, strict=True)]
        keys, episode = seed_keys([seed or 0 for seed in seeds]), np.ones(self.num_envs, np.int32)
        if self._worlds is not None:
            goes_on = np.array([seed is None for seed in seeds])
            keys = jnp.where(goes_on, self._worlds.keys, keys)
            episode = np.where(goes_on, np.asarray(self._worlds.episode) + 1, episode)
        return keys, episode

    def _checked(self, actions: Any) -> Any:
        """The actions as arrays.

        Raises:
            ValueError: one is outside the space, of a copy whose action is not ignored.
        """
        if not isinstance(actions, dict | tuple):
            actions = np.asarray(actions)
        ignored = self._ended & (self._mode is AutoresetMode.NEXT_STEP)
        if self.action_space.contains(actions):
            return actions
        if not ignored.any():
            check_action(self.action_space, actions)
        for is_ignored, action in zip(ignored, iterate(self.action_space, actions), strict=True):
            if not is_ignored:
                check_action(self.single_action_space, action)
        return actions


class _Batch(NamedTuple):
    """Jitted functions; infos without masks."""

    reset: Callable[[Any, Any, Any], tuple[Worlds, Any, Any]]
    """(keys, episode, params) -> (worlds, obs, info)"""
    start: Callable[[Any, Any, Any, Any], tuple[Worlds, Any, Any]]
    """(state, keys, episode, params) -> (worlds, obs, info), all copies in one state"""
    step: Callable[[Worlds, Any, Any, Any], tuple[Worlds, Step, dict[str, Any]]]
    """(worlds, ended, actions, params) -> (worlds, out, final), `ended` at the last step"""


@cache  # cores are shared, so equal batches use one compilation
def _compiled(core: FunctionalEnv[Any, Any, Any], num_envs: int, mode: AutoresetMode) -> _Batch:
    pool = min(POOL, num_envs)
    look = jax.vmap(core.info, in_axes=(0, None))

    def reset(keys: Any, episode: Any, params: Any) -> tuple[Worlds, Any, Any]:
        worlds, obs = batch.begin(core, keys, episode, params)
        return worlds, obs, look(worlds.states, params)

    def start(state: Any, keys: Any, episode: Any, params: Any) -> tuple[Worlds, Any, Any]:
        def repeat(leaf: Any) -> Any:
            return jnp.broadcast_to(leaf, (num_envs, *jnp.shape(leaf)))

        states = jax.tree.map(repeat, state)
        obs = jax.vmap(core.observe, in_axes=(0, None))(states, params)
        return batch.worlds_of(states, keys, episode), obs, look(states, params)

    def next_step(
        worlds: Worlds, ended: Any, actions: Any, params: Any
    ) -> tuple[Worlds, Step, dict[str, Any]]:
        worlds, out = batch.advance(core, worlds, actions, params)
        out = Step(
            obs=out.obs,
            reward=jnp.where(ended, jnp.zeros_like(out.reward), out.reward),
            terminated=out.terminated & ~ended,
            truncated=out.truncated & ~ended,
            info={},
        )
        worlds, out = batch.restart(core, pool, worlds, out, ended, params)
        return worlds, out._replace(info=look(worlds.states, params)), {}

    def same_step(
        worlds: Worlds, ended: Any, actions: Any, params: Any
    ) -> tuple[Worlds, Step, dict[str, Any]]:
        del ended  # already replaced
        worlds, out = batch.advance(core, worlds, actions, params)
        out = out._replace(info={"final_obs": out.obs, "final_info": out.info})
        worlds, out = batch.restart(core, pool, worlds, out, out.terminated | out.truncated, params)
        return worlds, out._replace(info=look(worlds.states, params)), out.info

    step = same_step if mode is AutoresetMode.SAME_STEP else next_step
    return _Batch(jax.jit(reset), jax.jit(start), jax.jit(step, donate_argnums=0))


def _shows(core: Any, render_mode: str) -> bool:
    """Whether copies in one call have this mode: no window, and a picture only if the core has."""
    draws = type(core).render is not FunctionalEnv.render
    tells = type(core).text is not FunctionalEnv.text
    return {"rgb_array": draws, "ansi": tells}.get(render_mode, False)


def _is_of_arrays(space: gymnasium.Space[Any]) -> bool:
    if isinstance(space, spaces.Dict | spaces.Tuple):
        parts = space.values() if isinstance(space, spaces.Dict) else space.spaces
        return all(_is_of_arrays(part) for part in parts)
    return isinstance(
        space, spaces.Box | spaces.Discrete | spaces.MultiDiscrete | spaces.MultiBinary
    )


def _as_member(space: gymnasium.Space[Any], obs: Any) -> Any:
    """A numpy copy of the observations, in the types of their space."""
    if isinstance(space, spaces.Dict):
        return {name: _as_member(part, obs[name]) for name, part in space.items()}
    if isinstance(space, spaces.Tuple):
        return tuple(map(_as_member, space.spaces, obs))
    return np.array(obs, space.dtype)


def _masked(info: dict[str, Any], mask: Mask) -> dict[str, Any]:
    """Infos in Gymnasium's layout: 0 where the mask is False, and beside each value its mask."""
    infos: dict[str, Any] = {}
    for name, value in info.items():
        if isinstance(value, dict):
            infos[name] = _masked(value, mask)
        else:
            infos[name] = np.array(value)
            infos[name][~mask] = 0
        infos[f"_{name}"] = mask.copy()
    return infos


def _final(obs: Any, info: dict[str, Any], ended: Mask) -> dict[str, Any]:
    """The last observations, as an array of objects, and the last infos of what ended."""
    obs = jax.tree.map(np.asarray, obs)
    final_obs = np.full(ended.shape, None, dtype=object)
    for copy in np.flatnonzero(ended):
        final_obs[copy] = jax.tree.map(lambda leaf, copy=copy: np.array(leaf[copy]), obs)
    return {
        **_masked({"final_info": info}, ended),
        "final_obs": final_obs,
        "_final_obs": ended.copy(),
    }
