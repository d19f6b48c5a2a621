"""Homestead behind the interface of all worlds; the rules are in `rules/`."""

from typing import Any, Final

import gymnasium
from gymnasium.spaces import Discrete
from typing_extensions import override

from envs.core import Frame, FunctionalEnv
from envs.homestead.engine import initial_state, transition
from envs.homestead.observe import observe, space
from envs.homestead.params import HomesteadParams
from envs.homestead.render import render
from envs.homestead.serialise import dumps, loads
from envs.homestead.state import FarmState
from envs.homestead.tables import FULL, ITEMS, KEYS, NEEDS, Action
from envs.homestead.text import describe

PRODUCE: Final = ("brick", "grain", "egg")
VIGOUR_WEIGHT: Final = 0.1


class Homestead(FunctionalEnv[FarmState, HomesteadParams, Any]):
    """Keep a farm and stay alive.

    The random numbers of a transition follow from the state, so transitions ignore their key.
    """

    traceable = False

    @override
    def key(self, seed: int, episode: int) -> tuple[int, int]:
        return seed, episode

    @override
    def initial(self, key: tuple[int, int], params: HomesteadParams) -> FarmState:
        return initial_state(*key, params.size)

    @override
    def transition(
        self, key: Any, state: FarmState, action: Any, params: HomesteadParams
    ) -> FarmState:
        del key
        return transition(state, int(action))

    @override
    def observe(self, state: FarmState, params: HomesteadParams) -> Any:
        return observe(state)

    @override
    def reward(
        self, state: FarmState, action: Any, next_state: FarmState, params: HomesteadParams
    ) -> float:
        """Bricks, grains and eggs gained, and a tenth of the change of vigour."""
        old, new = state.farmer, next_state.farmer
        gained = sum(max(0, new.basket[item] - old.basket[item]) for item in PRODUCE)
        return gained + VIGOUR_WEIGHT * (new.vigour - old.vigour)

    @override
    def terminated(self, state: FarmState, params: HomesteadParams) -> bool:
        return state.is_over

    @override
    def truncated(self, state: FarmState, params: HomesteadParams) -> bool:
        return params.length is not None and state.hour >= params.length

    @override
    def observation_space(self, params: HomesteadParams) -> gymnasium.Space[Any]:
        return space(params)

    @override
    def action_space(self, params: HomesteadParams) -> gymnasium.Space[Any]:
        return Discrete(len(Action))

    @override
    def info(self, state: FarmState, params: HomesteadParams) -> dict[str, Any]:
        return {"hour": state.hour}

    @override
    def copy(self, state: FarmState) -> FarmState:
        return state.copy()

    @override
    def dumps(self, state: FarmState) -> str:
        return dumps(state)

    @override
    def loads(self, text: str) -> FarmState:
        return loads(text)

    @override
    def render(self, state: FarmState, params: HomesteadParams, size: tuple[int, int]) -> Frame:
        return render(state, size)

    @override
    def text(self, state: FarmState, params: HomesteadParams) -> str:
        return describe(state)

    @override
    def panel(self, state: FarmState, params: HomesteadParams) -> dict[str, dict[str, Any]]:
        me = state.farmer
        return {
            "farmer": {
                **{need: (getattr(me, need), FULL) for need in NEEDS},
                "resting": me.resting,
            },
            "sky": {"light": (round(state.light, 2), 1.0), "raining": state.raining},
            "basket": {item: me.basket[item] for item in ITEMS},
        }

    @override
    def keys(self) -> dict[str, int]:
        return KEYS

    @override
    def awaits_action(self, state: FarmState, params: HomesteadParams) -> bool:
        return not state.farmer.resting
