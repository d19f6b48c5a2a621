"""The worlds of a training run: mapped over seeds they stay one batch, and devices share them."""

from typing import Any, Final, TypeVar

import jax
from jax.custom_batching import custom_vmap
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Bool

from envs.core import AutoReset, Step, Worlds, autoreset
from worldmodels.incontext.config import PPOConfig
from worldmodels.incontext.problem import Problem

T = TypeVar("T")

AXIS: Final = "worlds"


def make_worlds(problem: Problem, num_envs: int, mesh: Mesh | None = None) -> AutoReset:
    """`autoreset` of a problem; under `jax.vmap`, a step is that of one batch of all seeds.

    A loop that is mapped goes on for all seeds until the last one is done, and copies all worlds in
    every round; so resets would cost more than steps.

    Args:
        problem: The world and its parameters.
        num_envs: Copies of each seed.
        mesh: The devices that share them; see `find_mesh`.
    """
    alone = autoreset(problem.core, num_envs, mesh=mesh)

    @custom_vmap
    def step(worlds: Worlds, actions: Array) -> tuple[Worlds, Step]:
        return alone.step(worlds, actions, problem.params)

    @step.def_vmap
    def step_all(
        num_seeds: int, is_mapped: Any, worlds: Worlds, actions: Array
    ) -> tuple[tuple[Worlds, Step], Any]:
        del is_mapped  # worlds and actions are
        together = autoreset(problem.core, num_seeds * num_envs)
        worlds, actions = jax.tree.map(
            lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), (worlds, actions)
        )
        result = jax.tree.map(
            lambda leaf: leaf.reshape(num_seeds, num_envs, *leaf.shape[1:]),
            together.step(worlds, actions, problem.params),
        )
        return result, jax.tree.map(lambda leaf: True, result)

    def step_any(worlds: Worlds, actions: Array, params: Any) -> tuple[Worlds, Step]:
        del params  # those of the problem
        result: tuple[Worlds, Step] = step(worlds, actions)
        return result

    return AutoReset(alone.reset, step_any)


@custom_vmap
def is_any(flags: Bool[Array, " *axes"]) -> Bool[Array, ""]:
    """Whether one is set; under `jax.vmap` one of any seed, so that a `cond` on it stays one."""
    return flags.any()


@is_any.def_vmap
def _is_any_of_all(
    num_seeds: int, is_mapped: Any, flags: Bool[Array, " *axes"]
) -> tuple[Bool[Array, ""], bool]:
    del num_seeds, is_mapped
    return is_any(flags), False


def find_mesh(num_devices: int, config: PPOConfig) -> Mesh | None:
    """The devices that share the worlds of a run; None for one.

    Args:
        num_devices: How many; 0: all there are.
        config: Of the run.

    Raises:
        ValueError: there are fewer, or they cannot have equal shares of worlds and minibatches.
    """
    present = jax.devices()
    wanted = num_devices or len(present)
    if not 0 < wanted <= len(present):
        raise ValueError(
            f"devices is in 0..{len(present)}, the devices that jax sees here, got {num_devices}"
        )
    columns = config.num_columns // config.num_minibatches
    for name, count in (("num_envs", config.num_envs), ("a minibatch", columns)):
        if count % wanted:
            unit = "worlds" if name == "num_envs" or config.memory != "none" else "steps"
            raise ValueError(
                f"{wanted} devices need equal shares, but {name} has {count} {unit}; choose a "
                f"multiple of {wanted}, by --num-envs and --num-minibatches"
            )
    if wanted == 1:
        return None
    return jax.make_mesh((wanted,), (AXIS,), (AxisType.Auto,), devices=present[:wanted])


def deal(tree: T, mesh: Mesh | None, axis: int | None) -> T:
    """Give each device its share along an axis, or the whole of all arrays for None."""
    if mesh is None:
        return tree
    names = () if axis is None else (*[None] * axis, AXIS)
    where = NamedSharding(mesh, PartitionSpec(*names))  # type: ignore[no-untyped-call]  # jax
    dealt: T = jax.lax.with_sharding_constraint(tree, where)  # type: ignore[no-untyped-call]  # jax
    return dealt
