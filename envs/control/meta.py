"""Many tasks of continuous control behind random projections: the agent must find out which."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
from gymnasium.spaces import Box
from jaxtyping import Array, Bool, Float32, Int32, PRNGKeyArray
from typing_extensions import override

from envs import saved
from envs.control import projections
from envs.control.inner import Progress, advanced, beginning, described
from envs.control.meta_params import MetaControlParams
from envs.control.projections import SPLITS, Projection, projected
from envs.control.render import draw_body
from envs.control.steering import KEYS, clipped, parts, steered
from envs.control.task import Action, Body, Scale, Task
from envs.control.tasks import TASK_IDS, find_task
from envs.core import Frame, FunctionalEnv, IntLike, pytree

Obs = Float32[Array, " features"]


@pytree
class MetaControlState:
    """One task of the pool, its projection, and the body in motion."""

    task: Int32[Array, ""]  # number in the pool
    body: tuple[Float32[Array, ""], ...]  # as long as the largest of the pool, 0 where unused
    first: tuple[Float32[Array, ""], ...]  # where every inner episode starts; empty if it varies
    mass_scale: Float32[Array, ""]
    length_scale: Float32[Array, ""]
    projection: Projection
    action: Float32[Array, " given"]  # the agent's last
    progress: Progress

    @property
    def scale(self) -> Scale:
        """By what the body is scaled."""
        return Scale(self.mass_scale, self.length_scale)


class MetaControl(FunctionalEnv[MetaControlState, MetaControlParams, Obs]):
    """One meta-episode is a task, a projection, and `num_episodes` inner episodes.

    The key of a first state is split into those of the task, the projection, the first start and
    the scale, in this order; the key of a transition draws the start of the next inner episode,
    if one begins. Actions beyond -1..1 are clipped, before they are projected and after.
    """

    @override
    def initial(self, key: PRNGKeyArray, params: MetaControlParams) -> MetaControlState:
        task_key, projection_key, start_key, scale_key = jax.random.split(key, 4)
        task = jax.random.randint(task_key, (), 0, len(params.tasks), jnp.int32)
        least, most = params.dynamics
        mass, length = jax.random.uniform(scale_key, (2,), minval=least, maxval=most)
        body = _started(start_key, task, Scale(mass, length), params)
        return MetaControlState(
            task=task,
            body=body,
            first=() if params.fresh_start else body,
            mass_scale=mass,
            length_scale=length,
            projection=_drawn_projection(projection_key, task, params),
            action=jnp.zeros(params.act_dim),
            progress=beginning(),
        )

    @override
    def transition(
        self, key: PRNGKeyArray, state: MetaControlState, action: Any, params: MetaControlParams
    ) -> MetaControlState:
        given = clipped(action, params.act_dim)
        done = jnp.clip(
            projected(parts(given, params.act_dim), state.projection.action_matrix), -1.0, 1.0
        )
        action_parts = parts(done, params.largest_action)
        body, reward, terminated = jax.lax.switch(
            state.task, _branches(params).moves, state.body, action_parts, state.scale
        )
        progress = advanced(state.progress, reward, terminated, _max_steps(state.task, params))
        if params.num_episodes > 1:
            fresh = state.first or _started(key, state.task, state.scale, params)
            goes_on = progress.has_ended & (progress.episode < params.num_episodes)
            body = tuple(jnp.where(goes_on, new, now) for new, now in zip(fresh, body, strict=True))
        return MetaControlState(
            task=state.task,
            body=body,
            first=state.first,
            mass_scale=state.mass_scale,
            length_scale=state.length_scale,
            projection=state.projection,
            action=given.astype(jnp.float32),
            progress=progress,
        )

    @override
    def observe(self, state: MetaControlState, params: MetaControlParams) -> Obs:
        shown = jax.lax.switch(state.task, _branches(params).looks, state.body, state.scale)
        seen = projected(shown, state.projection.obs_matrix)
        progress = state.progress
        flags = [progress.reward, progress.has_ended.astype(jnp.float32)]
        if params.layout == "paper":
            return jnp.concatenate([seen, jnp.stack(flags)])
        flags.append(progress.is_first.astype(jnp.float32))
        return jnp.concatenate([seen, state.action, jnp.stack(flags)])

    @override
    def reward(
        self,
        state: MetaControlState,
        action: Any,
        next_state: MetaControlState,
        params: MetaControlParams,
    ) -> Float32[Array, ""]:
        return next_state.progress.reward

    @override
    def terminated(self, state: MetaControlState, params: MetaControlParams) -> Bool[Array, ""]:
        return jnp.zeros((), jnp.bool_)

    @override
    def truncated(self, state: MetaControlState, params: MetaControlParams) -> Bool[Array, ""]:
        return state.progress.episode >= params.num_episodes

    @override
    def observation_space(self, params: MetaControlParams) -> gymnasium.Space[Any]:
        size = params.obs_dim + (2 if params.layout == "paper" else params.act_dim + 3)
        return Box(-np.inf, np.inf, (size,), np.float32)

    @override
    def action_space(self, params: MetaControlParams) -> gymnasium.Space[Any]:
        return Box(-1.0, 1.0, (params.act_dim,), np.float32)

    @override
    def info(self, state: MetaControlState, params: MetaControlParams) -> dict[str, Any]:
        """Diagnostics, among them what the agent must find out by itself.

        | key | meaning |
        |---|---|
        | `task_id` | number in `envs.control.tasks.TASK_IDS` |
        | `inner_*` | see `envs.control.inner.described` |
        | `split` | 0 "train", 1 "test" |
        | `projection` | a number that is the same where the projection is; the matrix of \
observations if `expose_projection`, and that of actions as `action_projection` |
        """
        ids = np.array([TASK_IDS[name] for name in params.task_pool], np.int32)
        matrices = state.projection
        known: dict[str, Any] = {"projection": matrices.mark}
        if params.expose_projection:
            known = {
                "projection": matrices.obs_matrix,
                "action_projection": matrices.action_matrix,
            }
        return {
            "task_id": jnp.asarray(ids)[state.task],
            "split": jnp.int32(SPLITS.index(params.split)),
            **known,
            **described(state.progress),
        }

    @override
    def dumps(self, state: MetaControlState) -> str:
        return saved.dumps(state)

    @override
    def loads(self, text: str) -> MetaControlState:
        return saved.loads(text, MetaControlState)

    @override
    def render(
        self, state: MetaControlState, params: MetaControlParams, size: tuple[int, int]
    ) -> Frame:
        task = params.tasks[int(state.task)]
        last = int(_max_steps(state.task, params))
        left = 1 - min(1.0, int(state.progress.time) / last)
        body, words = state.body[: len(task.body)], self._caption(state, params)
        return draw_body(task.family, body, state.scale, words, left, size, task.target)

    @override
    def text(self, state: MetaControlState, params: MetaControlParams) -> str:
        numbers = params.tasks[int(state.task)].named(state.body)
        lines = [f"{name}: {value:.3f}" for name, value in numbers.items()]
        return "\n".join([self._caption(state, params), *lines])

    def _caption(self, state: MetaControlState, params: MetaControlParams) -> str:
        progress = state.progress
        return (
            f"{params.task_pool[int(state.task)]}   episode {int(progress.episode) + 1} of "
            f"{params.num_episodes}   step {int(progress.time)}"
        )

    @override
    def panel(
        self, state: MetaControlState, params: MetaControlParams
    ) -> dict[str, dict[str, Any]]:
        name = params.task_pool[int(state.task)]
        numbers = params.tasks[int(state.task)].named(state.body)
        progress = state.progress
        meta = {
            "inner episode": (int(progress.episode), params.num_episodes),
            "inner return": round(float(progress.gained), 2),
            "projection": f"{params.projection}, {params.split}",
        }
        return {
            "meta-episode": meta,
            name: {label: round(value, 3) for label, value in numbers.items()},
        }

    @override
    def keys(self) -> dict[str, int]:
        return KEYS

    @override
    def action_of(self, number: int, params: MetaControlParams) -> Any:
        return steered(number, params.act_dim)


class _Branches(NamedTuple):
    """Functions of every task of a pool, alike in what they take and return."""

    starts: tuple[Callable[..., Body], ...]
    moves: tuple[Callable[..., Any], ...]
    looks: tuple[Callable[..., Body], ...]


def _branches(params: MetaControlParams) -> _Branches:
    return _branches_of(
        params.task_pool, params.largest_body, params.largest_obs, params.is_prescaled
    )


@functools.cache  # the same functions again, so that jax need not trace them anew
def _branches_of(
    names: tuple[str, ...], body_size: int, obs_size: int, is_prescaled: bool
) -> _Branches:
    tasks = [find_task(name) for name in names]
    return _Branches(
        starts=tuple(functools.partial(_begun, task, body_size) for task in tasks),
        moves=tuple(functools.partial(_moved, task, body_size) for task in tasks),
        looks=tuple(functools.partial(_observed, task, obs_size, is_prescaled) for task in tasks),
    )


def _begun(task: Task, size: int, key: PRNGKeyArray, scale: Scale) -> Body:
    return _padded(task.start(key, scale), size)


def _moved(
    task: Task, size: int, body: Body, action: Action, scale: Scale
) -> tuple[Body, Float32[Array, ""], Bool[Array, ""]]:
    """The body of one task after a step, what that pays in 0..1, and whether it ends."""
    own, forces = body[: len(task.body)], action[: task.num_actions]
    after = task.step(own, forces, scale)
    least, most = task.pays
    reward = (task.reward(own, forces, after, scale) - least) / (most - least)
    ends = jnp.zeros((), jnp.bool_) if task.terminated is None else task.terminated(after)
    return _padded(after, size), reward.astype(jnp.float32), ends


def _observed(task: Task, size: int, is_prescaled: bool, body: Body, scale: Scale) -> Body:
    shown = task.observe(body[: len(task.body)], scale)
    if is_prescaled:
        shown = tuple(number / unit for number, unit in zip(shown, task.sees.values(), strict=True))
    return _padded(shown, size)


def _started(key: PRNGKeyArray, task: Any, scale: Scale, params: MetaControlParams) -> Body:
    body: Body = jax.lax.switch(task, _branches(params).starts, key, scale)
    return body


def _padded(numbers: Body, size: int) -> Body:
    """As float32, with zeros at the end."""
    zeros = (jnp.zeros(()),) * (size - len(numbers))
    return tuple(number.astype(jnp.float32) for number in numbers) + zeros


def _drawn_projection(key: PRNGKeyArray, task: Any, params: MetaControlParams) -> Projection:
    if params.projection_seed is not None:
        key = jax.random.key(params.projection_seed)
    return projections.draw_projection(
        projections.split_key(key, params.split),
        params.projection,
        (
            _of_task(task, [each.obs_dim for each in params.tasks]),
            params.largest_obs,
            params.obs_dim,
        ),
        (
            _of_task(task, [each.num_actions for each in params.tasks]),
            params.largest_action,
            params.act_dim,
        ),
    )


def _max_steps(task: Any, params: MetaControlParams) -> IntLike:
    if params.max_steps is not None:
        return params.max_steps
    return _of_task(task, [each.max_steps for each in params.tasks])


def _of_task(task: Any, numbers: list[int]) -> IntLike:
    """The number that belongs to a task; a Python number where all are alike."""
    if len(set(numbers)) == 1:
        return numbers[0]
    number: IntLike = jnp.asarray(np.array(numbers, np.int32))[task]
    return number
