"""One `gymnasium.Env` for every core, and the entry points of Gymnasium."""

from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium.spaces import Dict, Discrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv
from jaxtyping import Bool
from typing_extensions import override

from envs.catalog import World, find_world, load_core, make_params, stepper_row
from envs.core import Frame
from envs.episode import Episode


def make_env(
    world: str,
    render_mode: str | None = None,
    render_size: tuple[int, int] | None = None,
    state_in_info: bool = False,
    **keywords: Any,
) -> "FunctionalGymEnv":
    """Entry point of `gymnasium.make`.

    Args:
        world: Id of a row of the catalog.
        render_mode: One of the row's modes, or None.
        render_size: Pixels (width, height) of the pictures; None takes the row's.
        state_in_info: Whether `info["state"]` holds a copy of the whole state.
        **keywords: Fields of the world's parameters.

    Raises:
        TypeError: a keyword is no field; the message lists the fields.
        ValueError: a value is refused.
    """
    row = find_world(world)
    params = make_params(row, keywords)
    return FunctionalGymEnv(row, params, render_mode, render_size, state_in_info)


def make_vector_env(
    world: str,
    num_envs: int = 1,
    autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    **keywords: Any,
) -> VectorEnv[Any, Any, Any]:
    """Entry point of `gymnasium.make_vec`: `num_envs` copies of a world.

    A world made of jax functions, or with a stepper that is, advances all copies in one compiled
    call; the copies of any other are stepped one after the other.

    Args:
        world: Id of a row of the catalog.
        num_envs: Number of copies; seeded with s, s + 1, ...
        autoreset_mode: When an ended episode is replaced; see `AutoresetMode`.
        **keywords: Those of `make_env`. Copies in one call have the fields of their stepper's
            parameters too, and `state_in_info` not: see `JaxVectorEnv.state`.
    """
    mode = AutoresetMode(autoreset_mode)
    row = stepper_row(find_world(world))
    if load_core(row).traceable:
        from envs.vector_adapter import make_jax_vector_env

        return make_jax_vector_env(world, num_envs, mode, **keywords)
    copies = [lambda: make_env(world, **keywords) for _ in range(num_envs)]
    return SyncVectorEnv(copies, autoreset_mode=mode)


class FunctionalGymEnv(gymnasium.Env[Any, Any]):
    """A core as a Gymnasium environment.

    `reset(seed=s)` starts the first episode of seed s, and each reset without a seed its next
    one. `reset(options={"state": state})` starts from a copy of that state. `state` is the
    current state; what is assigned to it is where the next step starts.

    Raises:
        ValueError: the render mode is not one of the world's, or the world has several agents.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["human", "rgb_array", "ansi"]}  # type: ignore[misc]  # the base declares no ClassVar

    def __init__(
        self,
        world: World,
        params: Any,
        render_mode: str | None = None,
        render_size: tuple[int, int] | None = None,
        state_in_info: bool = False,
    ) -> None:
        check_render_mode(world, render_mode)
        core = load_core(world)
        check_one_agent(world, core.num_agents(params))
        self.world = world
        self.metadata = metadata_of(world)  # type: ignore[misc]  # this instance's own
        self.render_mode = render_mode
        self.render_size = render_size or world.render_size
        self.observation_space = core.observation_space(params)
        self.action_space = core.action_space(params)
        self._state_in_info = state_in_info
        self._episode = Episode(core, params)
        self._seed: int | None = None
        self._window: Any = None

    @property
    def state(self) -> Any:
        """The current state of the world; None before the first reset."""
        return self._episode.state

    @state.setter
    def state(self, state: Any) -> None:
        self._episode.state = state

    @property
    def params(self) -> Any:
        """The world's parameters."""
        return self._episode.params

    @override
    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        unknown = sorted(set(options or {}) - {"state"})
        if unknown:
            raise ValueError(f'reset knows one option, "state"; got {", ".join(unknown)}')
        if seed is not None or self._seed is None:
            self._seed = int(self.np_random.integers(2**31 - 1)) if seed is None else seed
            self._episode.number = 0
        state = (options or {}).get("state")
        obs, info = self._episode.start(self._seed, self._episode.number + 1, state)
        self._show()
        return as_member(self.observation_space, obs), self._with_state(info)

    @override
    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if self._episode.state is None:
            raise gymnasium.error.ResetNeeded("call reset() before step()")
        check_action(self.action_space, action)
        obs, reward, terminated, truncated, info = self._episode.step(action)
        self._show()
        obs, info = as_member(self.observation_space, obs), self._with_state(info)
        return obs, float(reward), bool(terminated), bool(truncated), info

    def action_masks(self) -> Bool[np.ndarray, " actions"]:
        """Which actions are legal now, as MaskablePPO of sb3-contrib asks for.

        Raises:
            ValueError: actions of this world are no `Discrete` space.
        """
        if self._episode.state is None:
            raise gymnasium.error.ResetNeeded("call reset() before action_masks()")
        if not isinstance(self.action_space, Discrete):
            raise ValueError(f"masks are of actions in a Discrete space, not {self.action_space}")
        mask = self._episode.action_mask()
        return np.ones(self.action_space.n, np.bool_) if mask is None else np.asarray(mask)

    @override
    def render(self) -> Any:
        if self._episode.state is None:
            raise gymnasium.error.ResetNeeded("call reset() before render()")
        return render(self._episode, self.render_mode, self.render_size)

    @override
    def close(self) -> None:
        if self._window is not None:
            self._window.close()
            self._window = None

    def get_keys_to_action(self) -> dict[tuple[int, ...], Any]:
        """Key codes for `gymnasium.utils.play`."""
        from envs.viewer import key_code

        core, params = self._episode.core, self._episode.params
        return {
            (key_code(name),): core.action_of(int(number), params)
            for name, number in core.keys().items()
        }

    def _with_state(self, info: dict[str, Any]) -> dict[str, Any]:
        if self._state_in_info:
            info = {**info, "state": self._episode.core.copy(self._episode.state)}
        return info

    def _show(self) -> None:
        if self.render_mode != "human":
            return
        if self._window is None:
            from envs.viewer import Window

            self._window = Window(self.world.id, self.render_size)
        frame = render(self._episode, "rgb_array", self.render_size)
        core, state, params = self._episode.core, self._episode.state, self._episode.params
        self._window.show(frame, core.panel(state, params))
        self._window.wait(self.world.render_fps)


def as_member(space: gymnasium.Space[Any], obs: Any) -> Any:
    """The observation with numbers for arrays where a space is `Discrete`, as Gymnasium asks."""
    if isinstance(space, Discrete) and isinstance(obs, np.ndarray):
        return space.dtype.type(obs)
    if isinstance(space, Dict):
        return {name: as_member(part, obs[name]) for name, part in space.items()}
    return obs


def metadata_of(world: World) -> dict[str, Any]:
    """Gymnasium's metadata of one row."""
    return {"render_modes": list(world.render_modes), "render_fps": world.render_fps}


def check_render_mode(world: World, render_mode: str | None) -> None:
    """Refuse a render mode that the world does not have.

    Raises:
        ValueError: lists the modes.
    """
    if render_mode is not None and render_mode not in world.render_modes:
        raise ValueError(
            f"{world.id} has the render modes {', '.join(world.render_modes)}; got {render_mode!r}"
        )


def check_one_agent(world: World, num_agents: int) -> None:
    """Refuse a world of several agents.

    Raises:
        ValueError: says what to use instead.
    """
    if num_agents != 1:
        raise ValueError(
            f"{world.id} has {num_agents} agents; a Gymnasium environment has one. "
            "Use envs.parallel_adapter.make_parallel_env."
        )


def check_action(space: gymnasium.Space[Any], action: Any) -> None:
    """Refuse an action outside its space.

    Raises:
        ValueError: says which actions there are.
    """
    if not space.contains(action):
        kind = type(action).__name__
        raise ValueError(f"an action is a member of {space}; got {action!r} of type {kind}")


def render(episode: Episode, render_mode: str | None, size: tuple[int, int]) -> Frame | str | None:
    """What `render()` returns in each mode; None where a window shows it instead."""
    if render_mode == "rgb_array":
        return np.asarray(episode.core.render(episode.state, episode.params, size))
    if render_mode == "ansi":
        text: str = episode.core.text(episode.state, episode.params)
        return text
    return None
