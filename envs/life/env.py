"""Life behind the interface of all worlds: an edit, some generations, and a task."""

import dataclasses
from typing import Any, Final

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
from gymnasium.spaces import Box
from jaxtyping import Array, Bool, Float32, PRNGKeyArray, UInt8
from typing_extensions import override

from envs.core import Frame, FunctionalEnv
from envs.life import tasks
from envs.life.actions import action_space, claimed, edited, idle_action
from envs.life.agent import AGENT_KEYS, Place, stilled
from envs.life.dynamics import Cells, generation
from envs.life.params import LifeParams, pattern_cells
from envs.life.patterns import PATTERNS
from envs.life.render import colours_of, draw
from envs.life.serialise import dumps, loads
from envs.life.state import LifeState, first_state, grid_hash, period

BRUSHES: Final = {
    "1": "block",
    "2": "blinker",
    "3": "glider",
    "4": "lwss",
    "5": "r-pentomino",
    "6": "pulsar",
    "7": "acorn",
    "8": "pentadecathlon",
    "9": "gosper gun",
}
"""Keys that choose which pattern a click stamps; 0 goes back to single cells."""
AGENT_MARK: Final = 2  # in observations of obs="grid"


class ToroidalLife(FunctionalEnv[LifeState, LifeParams, UInt8[Array, "..."]]):
    """Edit the grid, let it live, and be rewarded by one of several tasks.

    Everything but the first grid is certain, so transitions ignore their key. An action outside
    its space leaves the grid alone.
    """

    @override
    def initial(self, key: PRNGKeyArray, params: LifeParams) -> LifeState:
        density_key, cells_key = jax.random.split(key)
        shape = params.height, params.width
        if params.init == "bernoulli":
            cells = jax.random.bernoulli(cells_key, params.density, shape)
        elif params.init == "broad":
            cells = jax.random.bernoulli(cells_key, jax.random.uniform(density_key), shape)
        else:
            cells = jnp.asarray(pattern_cells(params.init, params))
        return first_state(cells, params)

    @override
    def transition(
        self, key: PRNGKeyArray, state: LifeState, action: Any, params: LifeParams
    ) -> LifeState:
        del key
        cells, agent = edited(state.cells, state.agent, action, params)
        cells, crossed = _live(cells, agent, params)
        untouched = state.untouched
        if params.task == "safe":
            bystander = first_state(state.cells, params).agent
            untouched, _ = _live(untouched, bystander, params)
        held, accuracy = state.held, state.accuracy
        if params.task in ("target", "safe"):
            held = jnp.where(tasks.is_target(cells, params), held + 1, 0)
        if params.task == "predict":
            accuracy = (claimed(cells, action) == cells).mean(dtype=jnp.float32)
        return LifeState(
            cells=cells,
            previous=state.cells,
            untouched=untouched,
            agent=agent,
            time=state.time + 1,
            held=held,
            crossed=crossed,
            accuracy=accuracy,
            hashes=jnp.roll(state.hashes, 1).at[0].set(grid_hash(state.cells)),
        )

    @override
    def observe(self, state: LifeState, params: LifeParams) -> UInt8[Array, "..."]:
        grid = state.cells.astype(jnp.uint8)
        body = jnp.zeros_like(grid)
        if params.action_mode == "agent":
            body = body.at[state.agent[0], state.agent[1]].set(1)
        if params.obs == "grid":
            return grid + np.uint8(AGENT_MARK) * body
        target = jnp.asarray(tasks.target_cells(params, grid.shape), jnp.uint8)
        layers = [grid, target, state.previous.astype(jnp.uint8)]
        return jnp.stack([*layers, body] if params.action_mode == "agent" else layers, axis=-1)

    @override
    def reward(
        self, state: LifeState, action: Any, next_state: LifeState, params: LifeParams
    ) -> Float32[Array, ""]:
        is_over = self.terminated(next_state, params) | self.truncated(next_state, params)
        return tasks.reward(state, action, next_state, params, is_over)

    @override
    def terminated(self, state: LifeState, params: LifeParams) -> Bool[Array, ""]:
        return tasks.is_over_by_itself(state, params)

    @override
    def truncated(self, state: LifeState, params: LifeParams) -> Bool[Array, ""]:
        return state.time >= params.max_steps

    @override
    def observation_space(self, params: LifeParams) -> gymnasium.Space[Any]:
        has_agent = params.action_mode == "agent"
        if params.obs == "grid":
            largest = AGENT_MARK if has_agent else 1
            return Box(0, largest, (params.height, params.width), np.uint8)
        return Box(0, 1, (params.height, params.width, 4 if has_agent else 3), np.uint8)

    @override
    def action_space(self, params: LifeParams) -> gymnasium.Space[Any]:
        return action_space(params)

    @override
    def info(self, state: LifeState, params: LifeParams) -> dict[str, Any]:
        """Diagnostics of one grid.

        | key | meaning |
        |---|---|
        | `generation` | since the reset |
        | `population` | live cells |
        | `births`, `deaths` | cells that are alive now and were not a step ago, and the reverse |
        | `period` | steps since the grid was last the same, up to 32; 1 still, 0 unknown |
        | `exact` | task predict only: whether the last claim was right everywhere |
        """
        info = {
            "generation": state.time * params.steps_per_action,
            "population": state.cells.sum(dtype=jnp.int32),
            "births": (state.cells & ~state.previous).sum(dtype=jnp.int32),
            "deaths": (state.previous & ~state.cells).sum(dtype=jnp.int32),
            "period": period(state),
        }
        if params.task == "predict":
            info["exact"] = state.accuracy == 1
        return info

    @override
    def dumps(self, state: LifeState) -> str:
        return dumps(state)

    @override
    def loads(self, text: str) -> LifeState:
        return loads(text)

    @override
    def render(self, state: LifeState, params: LifeParams, size: tuple[int, int]) -> Frame:
        cells, previous = np.asarray(state.cells), np.asarray(state.previous)
        target = tasks.target_cells(params, cells.shape)
        return draw(colours_of(cells, previous, target, _agent_of(state, params)), size)

    @override
    def text(self, state: LifeState, params: LifeParams) -> str:
        marks = np.where(np.asarray(state.cells), "O", ".")
        agent = _agent_of(state, params)
        if agent is not None:
            marks[agent] = "@"
        return "\n".join("".join(row) for row in marks)

    @override
    def panel(self, state: LifeState, params: LifeParams) -> dict[str, dict[str, Any]]:
        numbers = {name: int(value) for name, value in self.info(state, params).items()}
        population = (numbers.pop("population"), state.cells.size)
        return {
            "grid": {"population": population, **numbers},
            "rule": {params.rule: "", "boundary": params.boundary, "task": params.task},
        }

    @override
    def keys(self) -> dict[str, int]:
        return AGENT_KEYS

    def keys_under(self, params: LifeParams) -> dict[str, int]:
        """Keys to actions; of no use but in the action mode "agent"."""
        return AGENT_KEYS if params.action_mode == "agent" else {}

    def idle_under(self, params: LifeParams) -> Any:
        """The action that leaves the grid alone."""
        return idle_action(params)

    def brushes(self) -> dict[str, str]:
        """Keys to what a click paints; without one it paints single cells."""
        return {"0": "cell", **BRUSHES}

    def paint(
        self,
        state: LifeState,
        params: LifeParams,
        brush: str,
        spot: tuple[float, float],
        is_erasing: bool,
    ) -> LifeState:
        """The state after a click at `spot` = (x, y), shares of the picture in 0..1."""
        rows, columns = state.cells.shape
        row, column = int(spot[1] * rows), int(spot[0] * columns)
        cells = np.array(state.cells)
        stamp = PATTERNS[BRUSHES[brush]].cells() if brush in BRUSHES else np.ones((1, 1), np.bool_)
        down, right = np.nonzero(stamp)
        down = (down + row - stamp.shape[0] // 2) % rows
        right = (right + column - stamp.shape[1] // 2) % columns
        cells[down, right] = not is_erasing
        agent = _agent_of(state, params)
        if agent is not None:
            cells[agent] = False
        return dataclasses.replace(state, cells=jnp.asarray(cells))


def _live(cells: Cells, agent: Place, params: LifeParams) -> tuple[Cells, Any]:
    """The generations of one step, and how many gliders crossed the line meanwhile."""
    rule, boundary = params.parsed_rule(), params.boundary
    mask = stilled(cells, agent, boundary) if params.action_mode == "agent" else None

    def live(_: Any, progress: tuple[Cells, Any]) -> tuple[Cells, Any]:
        now, crossed = progress
        after = generation(now, rule, boundary)
        if mask is not None:
            after = jnp.where(mask, now, after)
        if params.task == "gun":
            crossed = crossed + tasks.count_crossing(after)
        return after, crossed

    begin = cells, jnp.int32(0)
    if params.steps_per_action == 1:
        return live(0, begin)
    cells, crossed = jax.lax.fori_loop(0, params.steps_per_action, live, begin)
    return cells, crossed


def _agent_of(state: LifeState, params: LifeParams) -> tuple[int, int] | None:
    if params.action_mode != "agent":
        return None
    row, column = np.asarray(state.agent).tolist()
    return row, column
