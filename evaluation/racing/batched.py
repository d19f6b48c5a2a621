"""Programs that step a batch of worlds at once with jax: ours, and those of others.

Imports jax only inside functions, so that a worker can first decide what jax may use.
"""

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from envs.core import FunctionalEnv

RESET_RATIO: Final = 16
"""Worlds of the peer's batch per fresh world it makes each step, where resets are optimistic."""


class Seen(NamedTuple):
    """What a step gives besides the next worlds; all axes are led by B."""

    obs: Any
    reward: Any
    ended: Any


class Program(NamedTuple):
    """One way to step B worlds; pure functions, to be traced."""

    num_actions: int
    begin: Callable[[Any], Any]  # keys (B,) -> worlds
    step: Callable[[Any, Any, Any], tuple[Any, Seen]]  # key, worlds, actions (B,)
    count: Callable[[Any], Any]  # worlds -> number of objects in each, (B,)


def stepper(num_envs: int) -> Program:
    """Our array stepper without resets, with the observation of the peer's layout."""
    del num_envs
    return of_core(*_crafter(), count=_count_objects)


def stepper_resets(num_envs: int) -> Program:
    """Our array stepper under `autoreset`."""
    return of_autoreset(*_crafter(), num_envs, count=_count_objects)


def of_core(
    env: "FunctionalEnv[Any, Any, Any]", params: Any, count: Callable[[Any], Any]
) -> Program:
    """A core of ours that goes on after its end; worlds are begun 64 at a time."""
    import jax

    def begin(keys: Any) -> Any:
        return jax.lax.map(lambda key: env.initial(key, params), keys, batch_size=64)

    def step(key: Any, worlds: Any, actions: Any) -> tuple[Any, Seen]:
        keys = jax.random.split(key, actions.shape[0])
        worlds, out = jax.vmap(env.step, in_axes=(0, 0, 0, None))(keys, worlds, actions, params)
        return worlds, Seen(out.obs, out.reward, out.terminated | out.truncated)

    return Program(int(env.action_space(params).n), begin, step, count)  # type: ignore[attr-defined]  # Discrete


def of_autoreset(
    env: "FunctionalEnv[Any, Any, Any]", params: Any, num_envs: int, count: Callable[[Any], Any]
) -> Program:
    """A core of ours, every episode that ends being replaced by a new one."""
    from envs.core import autoreset

    batch = autoreset(env, num_envs)

    def step(key: Any, worlds: Any, actions: Any) -> tuple[Any, Seen]:
        del key  # the worlds have their own
        worlds, out = batch.step(worlds, actions, params)
        return worlds, Seen(out.obs, out.reward, out.terminated | out.truncated)

    return of_core(env, params, count)._replace(
        begin=lambda keys: batch.reset(keys, params)[0],
        step=step,
        count=lambda worlds: count(worlds.states),
    )


def _crafter() -> tuple[Any, Any]:
    from envs.crafter_oo.params import CrafterParams
    from envs.crafter_oo.stepper.env import CrafterStepper
    from envs.crafter_oo.stepper.state import StepperParams

    return CrafterStepper(), StepperParams(world=CrafterParams(obs="classic1345"))


def _count_objects(worlds: Any) -> Any:
    return (worlds.objects.kind > 0).sum(axis=-1)


def craftax(num_envs: int) -> Program:
    """Craftax-Classic-Symbolic without resets.

    What it computes that ours does not: nothing of weight. What ours computes and it does not:
    its worlds begin without creatures and hold at most 3 cows, 3 zombies, 2 skeletons, 3 arrows
    and 10 plants, all near the player, where ours begins with some 50 over the whole map; it has no
    balance of chunks, plants that nothing eats, and noise of one octave in its worlds. Its cost
    per step is the same in every state.
    """
    del num_envs
    return _craftax(auto_reset=False)


def craftax_resets(num_envs: int) -> Program:
    """The same as published: a fresh world for every world of the batch at every step."""
    del num_envs
    return _craftax(auto_reset=True)


def craftax_optimistic(num_envs: int) -> Program:
    """The same with optimistic resets: num_envs / 16 fresh worlds a step, shared out in turn.

    The idea is that of Craftax_Baselines (arXiv 2402.16801); its program is another one.
    """
    import jax
    import jax.numpy as jnp

    plain = _craftax(auto_reset=False)
    pool = max(1, num_envs // RESET_RATIO)
    env, params = _craftax_env(auto_reset=False)

    def step(key: Any, worlds: Any, actions: Any) -> tuple[Any, Seen]:
        step_key, fresh_key = jax.random.split(key)
        worlds, seen = plain.step(step_key, worlds, actions)
        fresh_keys = jax.random.split(fresh_key, pool)
        fresh_obs, fresh = jax.vmap(env.reset, in_axes=(0, None))(fresh_keys, params)
        turn = (jnp.cumsum(seen.ended) - 1) % pool

        def replaced(new: Any, old: Any) -> Any:
            return jnp.where(seen.ended.reshape(-1, *[1] * (old.ndim - 1)), new[turn], old)

        obs = replaced(fresh_obs, seen.obs)
        return jax.tree.map(replaced, fresh, worlds), seen._replace(obs=obs)

    return plain._replace(step=step)


def _craftax_env(*, auto_reset: bool) -> tuple[Any, Any]:
    make = importlib.import_module("craftax.craftax_env").make_craftax_env_from_name
    env = make("Craftax-Classic-Symbolic-v1", auto_reset=auto_reset)
    return env, env.default_params


def _craftax(*, auto_reset: bool) -> Program:
    import jax

    env, params = _craftax_env(auto_reset=auto_reset)

    def begin(keys: Any) -> Any:
        return jax.vmap(env.reset, in_axes=(0, None))(keys, params)[1]

    def step(key: Any, worlds: Any, actions: Any) -> tuple[Any, Seen]:
        keys = jax.random.split(key, actions.shape[0])
        advance = jax.vmap(env.step, in_axes=(0, 0, 0, None))
        obs, worlds, reward, done, _ = advance(keys, worlds, actions, params)
        return worlds, Seen(obs, reward, done)

    def count(worlds: Any) -> Any:
        creatures = (worlds.zombies, worlds.cows, worlds.skeletons, worlds.arrows)
        masks = [mobs.mask for mobs in creatures] + [worlds.growing_plants_mask]
        return 1 + sum(mask.sum(axis=-1) for mask in masks)

    return Program(env.num_actions, begin, step, count)
