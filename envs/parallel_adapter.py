"""One PettingZoo `ParallelEnv` for every core."""

from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium.utils import seeding
from pettingzoo import ParallelEnv
from typing_extensions import override

from envs.catalog import World, find_world, load_core, make_params
from envs.episode import Episode
from envs.gym_adapter import as_member, check_action, check_render_mode, metadata_of, render


def make_parallel_env(
    world: str, render_mode: str | None = None, **keywords: Any
) -> "FunctionalParallelEnv":
    """A world of the catalog as a PettingZoo environment.

    Args:
        world: Id of a row of the catalog.
        render_mode: "rgb_array", "ansi" or None.
        **keywords: Fields of the world's parameters.

    Raises:
        TypeError: a keyword is no field; the message lists the fields.
        ValueError: a value is refused.
    """
    row = find_world(world)
    return FunctionalParallelEnv(row, make_params(row, keywords), render_mode)


class FunctionalParallelEnv(ParallelEnv[str, Any, Any]):  # type: ignore[misc]  # pettingzoo is untyped
    """A core as a PettingZoo environment, with agents `agent_0`, `agent_1`, ...

    A core of one agent has the one agent `agent_0`. In a core of several, actions, observations
    and rewards have a leading agent axis, and the flags may have one; agents leave one by one
    where they do.
    """

    metadata: ClassVar[dict[str, Any]] = {"name": "armillary", "render_modes": []}

    def __init__(self, world: World, params: Any, render_mode: str | None = None) -> None:
        check_render_mode(world, render_mode)
        if render_mode == "human":
            raise ValueError('the parallel adapter opens no window; use "rgb_array"')
        core = load_core(world)
        modes = [mode for mode in world.render_modes if mode != "human"]
        self.metadata = {  # type: ignore[misc]  # this instance's own
            **metadata_of(world),
            "name": world.id,
            "render_modes": modes,
            "is_parallelizable": True,
        }
        self.render_mode = render_mode
        self.num_players = core.num_agents(params)
        self.possible_agents = [f"agent_{index}" for index in range(self.num_players)]
        self.agents: list[str] = []
        self._observation_spaces: dict[str, gymnasium.Space[Any]] = {
            agent: core.observation_space(params) for agent in self.possible_agents
        }
        self._action_spaces: dict[str, gymnasium.Space[Any]] = {
            agent: core.action_space(params) for agent in self.possible_agents
        }
        self._world = world
        self._episode = Episode(core, params)
        self._seed: int | None = None
        self._np_random, _ = seeding.np_random()

    @override
    def observation_space(self, agent: str) -> gymnasium.Space[Any]:
        return self._observation_spaces[agent]

    @override
    def action_space(self, agent: str) -> gymnasium.Space[Any]:
        return self._action_spaces[agent]

    @override
    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """Start the first episode of a seed, or without one the next; see the Gymnasium adapter.

        Options other than "state" are ignored, as PettingZoo's own tests pass such.
        """
        if seed is not None or self._seed is None:
            if seed is not None:
                self._np_random, _ = seeding.np_random(seed)
            self._seed = int(self._np_random.integers(2**31 - 1)) if seed is None else seed
            self._episode.number = 0
        state = (options or {}).get("state")
        obs, info = self._episode.start(self._seed, self._episode.number + 1, state)
        self.agents = list(self.possible_agents)
        return self._deal(obs), {agent: dict(info) for agent in self.agents}

    @override
    def step(
        self, actions: dict[str, Any]
    ) -> tuple[
        dict[str, Any],
        dict[str, float],
        dict[str, bool],
        dict[str, bool],
        dict[str, dict[str, Any]],
    ]:
        missing = [agent for agent in self.agents if agent not in actions]
        if missing or not self.agents:
            raise ValueError(
                f"step needs an action of every live agent, {self.agents}; "
                + (f"none came from {missing}" if missing else "all have left: call reset()")
            )
        for agent in self.agents:
            check_action(self._action_spaces[agent], actions[agent])
        obs, reward, terminated, truncated, info = self._episode.step(self._gather(actions))
        live = self.agents
        ended = {agent: bool(flag) for agent, flag in self._spread(terminated).items()}
        timed_out = {agent: bool(flag) for agent, flag in self._spread(truncated).items()}
        rewards = {agent: float(share) for agent, share in self._spread(reward).items()}
        self.agents = [agent for agent in live if not (ended[agent] or timed_out[agent])]
        return (
            {agent: part for agent, part in self._deal(obs).items() if agent in live},
            {agent: rewards[agent] for agent in live},
            {agent: ended[agent] for agent in live},
            {agent: timed_out[agent] for agent in live},
            {agent: dict(info) for agent in live},
        )

    @override
    def render(self) -> Any:
        if self._episode.state is None:
            raise gymnasium.error.ResetNeeded("call reset() before render()")
        return render(self._episode, self.render_mode, self._world.render_size)

    @override
    def state(self) -> Any:
        """The whole state of the world, for centralised training."""
        return self._episode.state

    def _gather(self, actions: dict[str, Any]) -> Any:
        if self.num_players == 1:
            return actions["agent_0"]
        # an agent that has left plays zero, the idle action
        blank = {
            agent: np.zeros(space.shape or (), space.dtype)
            for agent, space in self._action_spaces.items()
        }
        return np.stack([actions.get(agent, blank[agent]) for agent in self.possible_agents])

    def _deal(self, obs: Any) -> dict[str, Any]:
        if self.num_players == 1:
            parts = [obs]
        else:
            parts = [_take(obs, index) for index in range(self.num_players)]
        return {
            agent: as_member(self._observation_spaces[agent], part)
            for agent, part in zip(self.possible_agents, parts, strict=True)
        }

    def _spread(self, value: Any) -> dict[str, Any]:
        shares = np.broadcast_to(value, (self.num_players,))
        return dict(zip(self.possible_agents, shares, strict=True))


def _take(obs: Any, index: int) -> Any:
    """One agent's part of an observation with a leading agent axis."""
    if isinstance(obs, dict):
        return {name: _take(part, index) for name, part in obs.items()}
    return obs[index]
