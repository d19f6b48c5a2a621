"""Crafter-OO behind the interface of all worlds; the rules are in `engine.py`."""

from typing import Any

import gymnasium
from gymnasium.spaces import Discrete
from typing_extensions import override

from envs.core import Frame, FunctionalEnv
from envs.crafter_oo.engine import initial_state, reward_of, transition
from envs.crafter_oo.observe import observe, space
from envs.crafter_oo.params import CrafterParams
from envs.crafter_oo.render import render
from envs.crafter_oo.serialise import dumps, loads
from envs.crafter_oo.state import WorldState
from envs.crafter_oo.tables import ACHIEVEMENTS, ITEMS, KEYS, MAX_ITEM, VITALS, Action
from envs.crafter_oo.text import describe


class CrafterOO(FunctionalEnv[WorldState, CrafterParams, Any]):
    """Survive, gather, craft: an open world of materials and creatures.

    The episode n of seed s is Crafter's `Env(seed=s)` after its n-th reset. The random numbers of
    a transition live in the state, so transitions ignore their key.
    """

    traceable = False

    @override
    def key(self, seed: int, episode: int) -> tuple[int, int]:
        return seed, episode

    @override
    def initial(self, key: tuple[int, int], params: CrafterParams) -> WorldState:
        seed, episode = key
        return initial_state(params.area, params.view, seed, episode)

    @override
    def transition(
        self, key: Any, state: WorldState, action: Any, params: CrafterParams
    ) -> WorldState:
        del key
        return transition(state, int(action), fix_edge_nearby=params.fix_edge_nearby)[0]

    @override
    def observe(self, state: WorldState, params: CrafterParams) -> Any:
        return observe(state, params)

    @override
    def reward(
        self, state: WorldState, action: Any, next_state: WorldState, params: CrafterParams
    ) -> float:
        return reward_of(state, next_state)

    @override
    def terminated(self, state: WorldState, params: CrafterParams) -> bool:
        return state.player.health <= 0

    @override
    def truncated(self, state: WorldState, params: CrafterParams) -> bool:
        return bool(params.length) and state.step_count >= (params.length or 0)

    @override
    def observation_space(self, params: CrafterParams) -> gymnasium.Space[Any]:
        return space(params)

    @override
    def action_space(self, params: CrafterParams) -> gymnasium.Space[Any]:
        return Discrete(len(Action))

    @override
    def info(self, state: WorldState, params: CrafterParams) -> dict[str, Any]:
        """Crafter's diagnostics, the map aside: `state.semantic_map()` has that."""
        player = state.player
        return {
            "inventory": dict(zip(ITEMS, player.inventory.values(), strict=True)),
            "achievements": dict(zip(ACHIEVEMENTS, player.achievements.values(), strict=True)),
            "discount": float(player.health > 0),
            "player_pos": (player.position.x, player.position.y),
        }

    @override
    def copy(self, state: WorldState) -> WorldState:
        return state.copy()

    @override
    def dumps(self, state: WorldState) -> str:
        return dumps(state)

    @override
    def loads(self, text: str) -> WorldState:
        return loads(text)

    @override
    def render(self, state: WorldState, params: CrafterParams, size: tuple[int, int]) -> Frame:
        return render(state, size=size)

    @override
    def text(self, state: WorldState, params: CrafterParams) -> str:
        return describe(state)

    @override
    def panel(self, state: WorldState, params: CrafterParams) -> dict[str, dict[str, Any]]:
        player = state.player
        held = dict(zip(ITEMS, player.inventory.values(), strict=True))
        reached = zip(ACHIEVEMENTS, player.achievements.values(), strict=True)
        unlocked = {name: count > 0 for name, count in reached}
        return {
            "vitals": {
                **{name: (held[name], MAX_ITEM) for name in VITALS},
                "daylight": (round(state.daylight, 2), 1.0),
                "asleep": player.sleeping,
            },
            "inventory": {name: held[name] for name in ITEMS if name not in VITALS},
            f"achievements {sum(unlocked.values())}/{len(unlocked)}": unlocked,
        }

    @override
    def keys(self) -> dict[str, int]:
        return KEYS

    @override
    def awaits_action(self, state: WorldState, params: CrafterParams) -> bool:
        return not state.player.sleeping
