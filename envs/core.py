"""The one interface every environment implements: pure functions over an explicit state.

jax is imported inside the functions that need it, so a world of plain Python objects loads none.
"""

import abc
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final, Generic, NamedTuple, TypeVar, dataclass_transform, final

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
    """What a person who presses no key does; a number as in `keys`."""

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
        """Where the randomness of one episode comes from; a jax core leaves this as it is.

        Args:
            seed: What a person gave, >= 0.
            episode: 1 for the reset with that seed, 2 for the next reset without one, ...
        """
        import jax

        return jax.random.fold_in(seed_key(seed), episode)

    def num_agents(self, params: ParamsT) -> int:
        """How many agents act; above 1, actions, obs and rewards have a leading agent axis."""
        del params
        return 1

    def info(self, state: StateT, params: ParamsT) -> dict[str, Any]:
        """Diagnostics; never what an agent needs in order to act."""
        del state, params
        return {}

    def action_mask(self, state: StateT, params: ParamsT) -> Any:
        """Which actions of a `Discrete` space are legal, as booleans; None: all of them."""
        del state, params

    def raises_at_illegal(self, params: ParamsT) -> bool:
        """Whether an action that `action_mask` leaves out is an error, which adapters raise."""
        del params
        return False

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

    def action_of(self, number: int, params: ParamsT) -> Any:
        """The action that a number of `keys`, or `idle_action`, stands for.

        In a world of discrete actions it is the number itself.
        """
        del params
        return number

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


def seed_key(seed: int) -> Any:
    """The jax key of a seed, 0 <= seed < 2**64; the keys of its episodes are folded from it."""
    return _key_of_halves(seed % 2**32, (seed >> 32) % 2**32)


def seed_keys(seeds: Sequence[int]) -> Any:
    """`seed_key` of each: what `AutoReset.reset` takes, shape (num_seeds,)."""
    import jax

    halves = np.array([(seed % 2**32, (seed >> 32) % 2**32) for seed in seeds], np.uint32)
    return jax.vmap(_key_of_halves)(halves[:, 0], halves[:, 1])


def _key_of_halves(low: Any, high: Any) -> Any:
    """A key of 64 bits; `jax.random.key` itself would drop the high half."""
    import jax

    return jax.random.fold_in(jax.random.key(low), high)


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


class Worlds(NamedTuple):
    """Copies of one world, each in a life of its own; every axis is led by B.

    What copy e draws in its n-th episode depends on `keys[e]` and n alone: with
    `episode_key = fold_in(keys[e], n)`, the first state on `fold_in(episode_key, 0)` and step
    t = 1, 2, ... on `fold_in(episode_key, t)`, as in an `Episode` of the same seed.
    """

    states: Any
    keys: Any  # jax keys, shape (B,); see `seed_keys`
    episode: Any  # int32, shape (B,), from 1
    time: Any  # int32, shape (B,), steps since the reset
    prepared: Any  # first states of the next episodes, made ahead of time
    is_prepared: Any  # bool, shape (B,): whether that of a copy is made


class AutoReset(NamedTuple):
    """Batched functions of one core, to be jitted; every axis is led by B."""

    reset: Callable[[Any, Any], tuple[Worlds, Any]]  # (keys, params) -> (worlds, obs)
    step: Callable[[Worlds, Any, Any], tuple[Worlds, Step]]  # (worlds, actions, params)


POOL: Final = 16
"""Fresh states generated at a time, unless told otherwise; see `autoreset`."""


def autoreset(
    env: FunctionalEnv[Any, Any, Any], num_envs: int, pool: int = POOL, mesh: Any = None
) -> AutoReset:
    """Step `num_envs` copies of a jax core, and replace every episode that ended.

    In `step`, `Step.obs` is the first observation of the new episode where one ended, and
    `info["final_obs"]` has what was seen before the replacement, of every copy. Reward, both
    flags and the rest of `info` are those of the step.

    Cost: where an episode ends whose successor is not prepared, `pool` first states are generated:
    that one, and those of other copies, which will need theirs later. So every state that is
    generated is used, and a step in which all are prepared generates none. Rows are overwritten,
    the batch is never copied: jit with the worlds donated,
    `jax.jit(batch.step, donate_argnums=0)`. The prepared states take as much memory again as the
    batch.

    Args:
        env: A core made of jax functions.
        num_envs: Number of copies, B.
        pool: Fresh states generated at a time, on each device.
        mesh: A `jax.sharding.Mesh` of one axis; each of its devices then holds an equal share of
            the copies and steps them by itself, which gives the same numbers as one device.

    Raises:
        ValueError: a number makes no sense, or the core is not made of jax functions.
    """
    if not env.traceable:
        raise ValueError(f"autoreset needs a jax core, {type(env).__name__} is made of objects")
    if num_envs < 1 or pool < 1:
        raise ValueError(f"autoreset needs num_envs >= 1 and pool >= 1, got {num_envs=}, {pool=}")
    num_devices = 1 if mesh is None else mesh.size
    if mesh is not None and (len(mesh.axis_names) != 1 or num_envs % num_devices):
        raise ValueError(
            f"autoreset needs a mesh of one axis whose size divides num_envs, got {num_envs=} and "
            f"the mesh {dict(mesh.shape)}"
        )
    import jax.numpy as jnp

    from envs import batch

    pool = min(pool, num_envs // num_devices)

    def begin(keys: Any, params: Any) -> tuple[Worlds, Any]:
        episode = jnp.ones_like(keys, jnp.int32)
        return batch.begin(env, keys, episode, params)

    def step(worlds: Worlds, actions: Any, params: Any) -> tuple[Worlds, Step]:
        worlds, out = batch.advance(env, worlds, actions, params)
        final_obs = out.obs  # not through `restart`, so that it costs nothing where nobody looks
        worlds, out = batch.restart(env, pool, worlds, out, out.terminated | out.truncated, params)
        return worlds, out._replace(info={**out.info, "final_obs": final_obs})

    begin_all = begin if mesh is None else batch.spread(begin, mesh, num_batched=1)
    step_all = step if mesh is None else batch.spread(step, mesh, num_batched=2)

    def reset(keys: Any, params: Any) -> tuple[Worlds, Any]:
        if keys.shape != (num_envs,):
            raise ValueError(f"reset needs jax keys of shape ({num_envs},), got {keys.shape}")
        worlds, obs = begin_all(keys, params)
        return worlds, obs

    return AutoReset(reset, step_all)
