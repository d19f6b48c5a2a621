"""Four tiny worlds, so that the house's promises are tested without any real world.

`Walk` is made of Python objects, `Drift` and `Dice` of jax functions, `Pair` has two agents.
"""

import dataclasses
from typing import Any

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from typing_extensions import override

from envs.catalog import World
from envs.core import FunctionalEnv, IntLike, pytree, static


@dataclasses.dataclass(frozen=True)
class WalkParams:
    width: int = 7
    length: int = 20
    span: tuple[int, int] = (0, 3)  # where the walk may start


@dataclasses.dataclass
class WalkState:
    place: int
    time: int = 0
    key: Any = None


class Walk(FunctionalEnv[WalkState, WalkParams, Any]):
    """Left (0), stay (1) or right (2) on a line; falling off its right end terminates."""

    traceable = False
    idle_action = 1

    @override
    def key(self, seed: int, episode: int) -> tuple[int, int]:
        return seed, episode

    @override
    def initial(self, key: Any, params: WalkParams) -> WalkState:
        place = np.random.default_rng(key).integers(*params.span)
        return WalkState(place=int(place), key=key)

    @override
    def transition(self, key: Any, state: WalkState, action: Any, params: WalkParams) -> WalkState:
        return WalkState(max(0, state.place + int(action) - 1), state.time + 1, state.key)

    @override
    def observe(self, state: WalkState, params: WalkParams) -> Any:
        return np.array([state.place], dtype=np.int64)

    @override
    def reward(self, state: WalkState, action: Any, next_state: WalkState, params: Any) -> float:
        return float(next_state.place - state.place)

    @override
    def terminated(self, state: WalkState, params: WalkParams) -> bool:
        return state.place >= params.width

    @override
    def truncated(self, state: WalkState, params: WalkParams) -> bool:
        return state.time >= params.length

    @override
    def observation_space(self, params: WalkParams) -> Any:
        return gymnasium.spaces.Box(0, params.width, (1,), np.int64)

    @override
    def action_space(self, params: WalkParams) -> Any:
        return gymnasium.spaces.Discrete(3)

    @override
    def info(self, state: WalkState, params: WalkParams) -> dict[str, Any]:
        return {"time": state.time, "marks": {"started": True}}

    @override
    def copy(self, state: WalkState) -> WalkState:
        return dataclasses.replace(state)

    @override
    def render(self, state: WalkState, params: WalkParams, size: tuple[int, int]) -> Any:
        frame = np.zeros((size[1], size[0], 3), np.uint8)
        frame[:, state.place * size[0] // (params.width + 1)] = 255
        return frame

    @override
    def text(self, state: WalkState, params: WalkParams) -> str:
        return "." * state.place + "@"

    @override
    def panel(self, state: WalkState, params: WalkParams) -> dict[str, dict[str, Any]]:
        return {
            "place": {"cell": (state.place, params.width), "time": state.time},
            "achievements": {"has_moved": state.place > 0, "is_far": state.place > 4},
        }

    @override
    def keys(self) -> dict[str, int]:
        return {"a": 0, "left": 0, "space": 1, "d": 2}

    @override
    def awaits_action(self, state: WalkState, params: WalkParams) -> bool:
        return state.place != 5  # the agent sleeps there


@pytree
class DriftParams:
    size: int = static(default=2)
    length: int = 20


@pytree
class DriftState:
    place: Float[Array, " size"]
    time: Int[Array, ""]


class Drift(FunctionalEnv[DriftState, DriftParams, Any]):
    """A point pushed along one axis (action), and by noise; leaving the unit box terminates."""

    @override
    def initial(self, key: Any, params: DriftParams) -> DriftState:
        place = jax.random.uniform(key, (params.size,), minval=-0.5, maxval=0.5)
        return DriftState(place=place, time=jnp.int32(0))

    @override
    def transition(self, key: Any, state: DriftState, action: Any, params: Any) -> DriftState:
        noise = 0.1 * jax.random.normal(key, (params.size,))
        push = 0.2 * jax.nn.one_hot(action, params.size)
        return DriftState(place=state.place + noise + push, time=state.time + 1)

    @override
    def observe(self, state: DriftState, params: DriftParams) -> Any:
        return jnp.clip(state.place, -2.0, 2.0)

    @override
    def reward(self, state: DriftState, action: Any, next_state: DriftState, params: Any) -> Any:
        return (next_state.place - state.place).sum()

    @override
    def terminated(self, state: DriftState, params: DriftParams) -> Any:
        return jnp.any(jnp.abs(state.place) > 1)

    @override
    def truncated(self, state: DriftState, params: DriftParams) -> Any:
        return state.time >= params.length

    @override
    def observation_space(self, params: DriftParams) -> Any:
        return gymnasium.spaces.Box(-2, 2, (params.size,), np.float32)

    @override
    def action_space(self, params: DriftParams) -> Any:
        return gymnasium.spaces.Discrete(params.size)

    @override
    def info(self, state: DriftState, params: DriftParams) -> dict[str, Any]:
        return {"distance": jnp.linalg.norm(state.place)}


@pytree
class DiceParams:
    width: IntLike = 5
    length: IntLike = 9


@pytree
class DiceStepperParams:
    world: DiceParams = DiceParams()
    bonus: IntLike = 0


@pytree
class DiceState:
    place: Int[Array, ""]
    face: Int[Array, ""]
    time: Int[Array, ""]


class Dice(FunctionalEnv[DiceState, DiceParams, Any]):
    """Go on by the action, and throw a die that decides nothing; whole numbers only.

    The die shows which key was used; `place` and `time` follow from the actions alone.
    """

    @override
    def initial(self, key: Any, params: DiceParams) -> DiceState:
        return DiceState(jnp.int32(0), jax.random.randint(key, (), 0, 10**6), jnp.int32(0))

    @override
    def transition(self, key: Any, state: DiceState, action: Any, params: Any) -> DiceState:
        face = jax.random.randint(key, (), 0, 10**6)
        return DiceState(state.place + action, face, state.time + 1)

    @override
    def observe(self, state: DiceState, params: DiceParams) -> Any:
        return {"place": state.place, "face": state.face[None]}

    @override
    def reward(self, state: DiceState, action: Any, next_state: DiceState, params: Any) -> Any:
        return (next_state.place - state.place).astype(jnp.float32)

    @override
    def terminated(self, state: DiceState, params: DiceParams) -> Any:
        return state.place >= params.width

    @override
    def truncated(self, state: DiceState, params: DiceParams) -> Any:
        return state.time >= params.length

    @override
    def observation_space(self, params: DiceParams) -> Any:
        place = gymnasium.spaces.Box(0, 99, (), np.int32)
        faces = gymnasium.spaces.Box(0, 10**6, (1,), np.int32)
        return gymnasium.spaces.Dict({"face": faces, "place": place})

    @override
    def action_space(self, params: DiceParams) -> Any:
        return gymnasium.spaces.Discrete(3)

    @override
    def info(self, state: DiceState, params: DiceParams) -> dict[str, Any]:
        return {"time": state.time, "marks": {"is_even": state.face % 2 == 0}}

    @override
    def render(self, state: DiceState, params: DiceParams, size: tuple[int, int]) -> Any:
        return np.full((size[1], size[0], 3), int(state.place), np.uint8)


class DiceStepper(Dice):
    """The stepper of a row whose params are of another class; a bonus shows which ran."""

    @override
    def reward(self, state: DiceState, action: Any, next_state: DiceState, params: Any) -> Any:
        return super().reward(state, action, next_state, params.world) + params.bonus

    @override
    def terminated(self, state: DiceState, params: Any) -> Any:
        return super().terminated(state, params.world)

    @override
    def truncated(self, state: DiceState, params: Any) -> Any:
        return super().truncated(state, params.world)


@dataclasses.dataclass(frozen=True)
class PairParams:
    lives: int = 3


class Pair(Walk):
    """Two walkers; the state is their places. Agent 1 leaves at 3, agent 0 at 6."""

    @override
    def num_agents(self, params: Any) -> int:
        return 2

    @override
    def initial(self, key: Any, params: Any) -> Any:
        return np.zeros(2, np.int64)

    @override
    def transition(self, key: Any, state: Any, action: Any, params: Any) -> Any:
        return np.maximum(0, state + action - 1)

    @override
    def observe(self, state: Any, params: Any) -> Any:
        return {"place": state[:, None].copy()}

    @override
    def reward(self, state: Any, action: Any, next_state: Any, params: Any) -> Any:
        return (next_state - state).astype(float)

    @override
    def terminated(self, state: Any, params: Any) -> Any:
        return state >= np.array([6, 3])

    @override
    def truncated(self, state: Any, params: Any) -> bool:
        return False

    @override
    def observation_space(self, params: Any) -> Any:
        return gymnasium.spaces.Dict({"place": gymnasium.spaces.Box(0, 99, (1,), np.int64)})

    @override
    def info(self, state: Any, params: Any) -> dict[str, Any]:
        return {}

    @override
    def copy(self, state: Any) -> Any:
        return state.copy()


WALK = World(
    id="ToyWalk-v0",
    core="toys:Walk",
    params="toys:WalkParams",
    versions="v0",
    variants=({}, {"width": 9}),
    render_size=(160, 90),
    render_fps=1000,
)
DRIFT = World(
    id="ToyDrift-v0",
    core="toys:Drift",
    params="toys:DriftParams",
    versions="v0",
    variants=({}, {"size": 3}),
    render_modes=(),
)
PAIR = World(id="ToyPair-v0", core="toys:Pair", params="toys:PairParams", versions="v0")
DICE = World(
    id="ToyDice-v0",
    core="toys:Dice",
    params="toys:DiceParams",
    versions="v0",
    render_modes=("rgb_array",),
    render_size=(4, 2),
)
TWIN = dataclasses.replace(
    DICE, id="ToyTwin-v0", stepper="toys:DiceStepper", stepper_params="toys:DiceStepperParams"
)
TOYS = (WALK, DRIFT, DICE)
