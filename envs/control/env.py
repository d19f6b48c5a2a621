"""One task of continuous control behind the interface of all worlds."""

from typing import Any

import gymnasium
import jax.numpy as jnp
import numpy as np
from gymnasium.spaces import Box
from jaxtyping import Array, Bool, Float32, Int32, PRNGKeyArray
from typing_extensions import override

from envs import saved
from envs.control.params import ControlParams
from envs.control.render import draw_body
from envs.control.steering import KEYS, clipped, parts, steered
from envs.control.task import Action, Body, Task
from envs.core import Frame, FunctionalEnv, pytree

Obs = Float32[Array, " features"]


@pytree
class ControlState:
    """A body in motion; `Task.body` names its numbers."""

    body: tuple[Float32[Array, ""], ...]
    time: Int32[Array, ""]  # steps since the reset


class Control(FunctionalEnv[ControlState, ControlParams, Obs]):
    """Act on a body by forces in -1..1.

    All is certain but the start, so transitions ignore their key. Actions beyond -1..1 are
    clipped; NaN makes the body NaN.
    """

    @override
    def initial(self, key: PRNGKeyArray, params: ControlParams) -> ControlState:
        body = params.rules.start(key, params.scale)
        return ControlState(body=_single(body), time=jnp.int32(0))

    @override
    def transition(
        self, key: PRNGKeyArray, state: ControlState, action: Any, params: ControlParams
    ) -> ControlState:
        del key
        task = params.rules
        body = task.step(own_body(state.body, task), acted(action, task), params.scale)
        return ControlState(body=_single(body), time=state.time + 1)

    @override
    def observe(self, state: ControlState, params: ControlParams) -> Obs:
        task = params.rules
        return jnp.stack(_single(task.observe(own_body(state.body, task), params.scale)))

    @override
    def reward(
        self, state: ControlState, action: Any, next_state: ControlState, params: ControlParams
    ) -> Float32[Array, ""]:
        task = params.rules
        value = task.reward(state.body, acted(action, task), next_state.body, params.scale)
        return value.astype(jnp.float32)

    @override
    def terminated(self, state: ControlState, params: ControlParams) -> Bool[Array, ""]:
        ends = params.rules.terminated
        return jnp.zeros((), jnp.bool_) if ends is None else ends(state.body)

    @override
    def truncated(self, state: ControlState, params: ControlParams) -> Bool[Array, ""]:
        return state.time >= params.last_step

    @override
    def observation_space(self, params: ControlParams) -> gymnasium.Space[Any]:
        return Box(-np.inf, np.inf, (params.rules.obs_dim,), np.float32)

    @override
    def action_space(self, params: ControlParams) -> gymnasium.Space[Any]:
        return Box(-1.0, 1.0, (params.rules.num_actions,), np.float32)

    @override
    def dumps(self, state: ControlState) -> str:
        return saved.dumps(state)

    @override
    def loads(self, text: str) -> ControlState:
        return saved.loads(text, ControlState)

    @override
    def render(self, state: ControlState, params: ControlParams, size: tuple[int, int]) -> Frame:
        task = params.rules
        words = f"{params.task}   step {int(state.time)} of {int(params.last_step)}"
        left = 1 - min(1.0, int(state.time) / int(params.last_step))
        return draw_body(task.family, state.body, params.scale, words, left, size, task.target)

    @override
    def text(self, state: ControlState, params: ControlParams) -> str:
        numbers = params.rules.named(state.body)
        lines = [f"{name}: {value:.3f}" for name, value in numbers.items()]
        return "\n".join([f"{params.task}, step {int(state.time)}", *lines])

    @override
    def panel(self, state: ControlState, params: ControlParams) -> dict[str, dict[str, Any]]:
        numbers = params.rules.named(state.body)
        return {params.task: {name: round(value, 3) for name, value in numbers.items()}}

    @override
    def keys(self) -> dict[str, int]:
        return KEYS

    @override
    def action_of(self, number: int, params: ControlParams) -> Any:
        return steered(number, params.rules.num_actions)


def acted(action: Any, task: Task) -> Action:
    """An agent's action as the task takes it."""
    return parts(clipped(action, task.num_actions), task.num_actions)


def own_body(body: Body, task: Task) -> Body:
    """The body as the task takes it.

    Raises:
        ValueError: it is that of another task.
    """
    if len(body) != len(task.body):
        raise ValueError(
            f"the body of this task has the numbers {', '.join(task.body)}; the state has "
            f"{len(body)} numbers, so it is of another task"
        )
    return body


def _single(numbers: Body) -> Body:
    return tuple(number.astype(jnp.float32) for number in numbers)
