"""The one interface every environment implements: pure functions over an explicit state.

jax is imported inside the functions that need it, so a world of plain Python objects loads none.
"""

import abc
import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar, dataclass_transform, final

import gymnasium
import numpy as np
from jaxtyping import Float, Int, UInt8

T = TypeVar("T")
StateT = TypeVar("StateT")
ParamsT = TypeVar("ParamsT")
ObsT = TypeVar("ObsT")
IntLike = int | Int[Any, ""]  # a Python number outside jit, a traced scalar inside
FloatLike = float | Float[Any, ""]
Frame = UInt8[np.ndarray, "height width 3"]


class Step(NamedTuple):
    """What the agent sees after one transition; the state is returned beside it.

    Scalars are Python numbers in a world of objects, and arrays of shape () in a jax world; a
    world of several agents has a leading agent axis on `obs` and `reward`.
    """

    obs: Any
    reward: Any
    terminated: Any
    truncated: Any
    info: dict[str, Any]


class FunctionalEnv(abc.ABC, Generic[StateT, ParamsT, ObsT]):
    """Rules of one environment. Holds no episode state; instances are safe to share.

    A core writes the eight abstract hooks; the ones after them have defaults. No hook changes
    its arguments.
    """

    traceable: ClassVar[bool] = True
    """True: the hooks are jax functions, to be jitted and vmapped. False: plain Python."""

    idle_action: ClassVar[int] = 0
    """What a person who presses no key does; worlds of discrete actions only."""

    @abc.abstractmethod
    def initial(self, key: Any, params: ParamsT) -> StateT:
        """First state of an episode."""

    @abc.abstractmethod
    def transition(self, key: Any, state: StateT, action: Any, params: ParamsT) -> StateT:
        """State after one action; what a world model replaces."""

    @abc.abstractmethod
    def observe(self, state: StateT, params: ParamsT) -> ObsT:
        """What the agent sees of a state."""

    @abc.abstractmethod
    def reward(self, state: StateT, action: Any, next_state: StateT, params: ParamsT) -> Any:
        """Reward of a transition, a scalar."""

    @abc.abstractmethod
    def terminated(self, state: StateT, params: ParamsT) -> Any:
        """Whether the episode has come to its own end."""

    @abc.abstractmethod
    def truncated(self, state: StateT, params: ParamsT) -> Any:
        """Whether the episode's time is up."""

    @abc.abstractmethod
    def observation_space(self, params: ParamsT) -> gymnasium.Space[Any]:
        """Space of one agent's observations."""

    @abc.abstractmethod
    def action_space(self, params: ParamsT) -> gymnasium.Space[Any]:
        """Space of one agent's actions."""

    def key(self, seed: int, episode: int) -> Any:
        """Where the randomness of one episode comes from.

        Args:
            seed: What a person gave, >= 0.
            episode: 1 for the reset with that seed, 2 for the next reset without one, ...
        """
        import jax

        low, high = seed % 2**32, (seed >> 32) % 2**32  # jax itself would drop the high half
        return jax.random.fold_in(jax.random.fold_in(jax.random.key(low), high), episode)

    def num_agents(self, params: ParamsT) -> int:
        """How many agents act; above 1, actions, obs and rewards have a leading agent axis."""
        del params
        return 1

    def info(self, state: StateT, params: ParamsT) -> dict[str, Any]:
        """Diagnostics; never what an agent needs in order to act."""
        del state, params
        return {}

    def copy(self, state: StateT) -> StateT:
        """A state that shares nothing mutable with `state`; itself where states are immutable."""
        return state

    def dumps(self, state: StateT) -> str:
        """Write a state as text, for a file."""
        raise NotImplementedError(f"{type(self).__name__} cannot save its states")

    def loads(self, text: str) -> StateT:
        """Read what `dumps` wrote.

        Raises:
            ValueError: the text is no such thing; the message names the field.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot load states")

    def render(self, state: StateT, params: ParamsT, size: tuple[int, int]) -> Frame:
        """Picture of a state, `size` = (width, height) in pixels."""
        raise NotImplementedError(f"{type(self).__name__} draws no pictures")

    def text(self, state: StateT, params: ParamsT) -> str:
        """Description of a state in words."""
        raise NotImplementedError(f"{type(self).__name__} has no text")

    def panel(self, state: StateT, params: ParamsT) -> dict[str, dict[str, Any]]:
        """Sections to show beside the picture: title -> label -> value.

        The type of a value says how it looks: a bool is a tick box, a pair (value, largest) a
        bar, anything else is written out.
        """
        del state, params
        return {}

    def keys(self) -> dict[str, int]:
        """Key names, as pygame spells them, to actions; for people."""
        return {}

    def awaits_action(self, state: StateT, params: ParamsT) -> bool:
        """False while the agent's choice has no effect, so that a turn-based game runs on."""
        del state, params
        return True

    @final
    def reset(self, key: Any, params: ParamsT) -> tuple[StateT, ObsT]:
        """Start an episode."""
        state = self.initial(key, params)
        return state, self.observe(state, params)

    @final
    def step(self, key: Any, state: StateT, action: Any, params: ParamsT) -> tuple[StateT, Step]:
        """Advance one step; never resets."""
        next_state = self.transition(key, state, action, params)
        return next_state, Step(
            obs=self.observe(next_state, params),
            reward=self.reward(state, action, next_state, params),
            terminated=self.terminated(next_state, params),
            truncated=self.truncated(next_state, params),
            info=self.info(next_state, params),
        )


def static(*, default: Any) -> Any:
    """A field fixed at compile time: shapes, counts, flags. Changing it recompiles."""
    return dataclasses.field(default=default, metadata={"static": True})


@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field, static))
def pytree(cls: type[T]) -> type[T]:
    """Frozen dataclass that jax can trace, map and carry through a scan.

    jax rebuilds it without calling __init__: a mapped state has a batch axis, and must not
    fail the shape checks that hold for a single state.
    """
    import jax
    from jax.tree_util import GetAttrKey

    cls = dataclasses.dataclass(frozen=True)(cls)
    fields = dataclasses.fields(cls)  # type: ignore[arg-type]  # a dataclass by now
    fixed = [field.name for field in fields if field.metadata.get("static")]
    traced = [field.name for field in fields if field.name not in fixed]

    def flatten(node: Any) -> tuple[list[tuple[Any, Any]], tuple[Any, ...]]:
        leaves = [(GetAttrKey(name), getattr(node, name)) for name in traced]
        return leaves, tuple(getattr(node, name) for name in fixed)

    def unflatten(fixed_values: Any, leaves: Any) -> Any:
        node = object.__new__(cls)
        for name, value in zip(fixed + traced, [*fixed_values, *leaves], strict=True):
            object.__setattr__(node, name, value)
        return node

    jax.tree_util.register_pytree_with_keys(cls, flatten, unflatten)
    return cls


class AutoReset(NamedTuple):
    """Batched functions of one core, for a training loop; all axes below are led by B."""

    reset: Callable[[Any, Any], tuple[Any, Any]]  # (key, params) -> (states, obs)
    step: Callable[[Any, Any, Any, Any], tuple[Any, Step]]  # (key, states, actions, params)


def autoreset(env: FunctionalEnv[Any, Any, Any], num_envs: int, pool: int) -> AutoReset:
    """Step `num_envs` copies of a jax core, and replace every episode that ended.

    Each step generates `pool` fresh states and deals them in turn to the episodes that ended;
    where more ended than that, some begin in the same state and part by their later draws.
    `Step.obs` is then the first observation of the new episode, and `info["final_obs"]` has what
    was seen before the replacement, of every copy. Reward and both flags are those of the step.

    Raises:
        ValueError: `pool` is not in 1..num_envs, or the core is not made of jax functions.
    """
    if not env.traceable:
        raise ValueError(f"autoreset needs a jax core, {type(env).__name__} is made of objects")
    if not 1 <= pool <= num_envs:
        raise ValueError(f"autoreset needs 1 <= pool <= num_envs, got pool={pool}, {num_envs=}")
    import jax
    import jax.numpy as jnp

    start = jax.vmap(env.reset, in_axes=(0, None))
    advance = jax.vmap(env.step, in_axes=(0, 0, 0, None))

    def reset(key: Any, params: Any) -> tuple[Any, Any]:
        return start(jax.random.split(key, num_envs), params)

    def step(key: Any, states: Any, actions: Any, params: Any) -> tuple[Any, Step]:
        step_key, fresh_key = jax.random.split(key)
        states, out = advance(jax.random.split(step_key, num_envs), states, actions, params)
        ended = out.terminated | out.truncated
        fresh = start(jax.random.split(fresh_key, pool), params)
        turn = (jnp.cumsum(ended) - 1) % pool

        def deal(new: Any, old: Any) -> Any:
            chosen = ended.reshape(num_envs, *[1] * (old.ndim - 1))
            return jnp.where(chosen, new[turn], old)

        next_states, obs = jax.tree.map(deal, fresh, (states, out.obs))
        return next_states, out._replace(obs=obs, info={**out.info, "final_obs": out.obs})

    return AutoReset(reset, step)
