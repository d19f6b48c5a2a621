"""What the four routing worlds have in common: a walk over nodes, one move a step."""

import abc
import dataclasses
from typing import Any, Final, TypeVar

import gymnasium
import jax.numpy as jnp
import numpy as np
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary
from jaxtyping import Array, Bool, Float32, PRNGKeyArray
from typing_extensions import override

from envs import saved
from envs.core import Frame, FunctionalEnv
from envs.routing import rules
from envs.routing.params import RoutingParams
from envs.routing.render import draw_walk, node_at
from envs.routing.solution import routes_of
from envs.routing.state import Layout, RouteState, selected

StateT = TypeVar("StateT", bound=RouteState)
ParamsT = TypeVar("ParamsT", bound=RoutingParams)
Obs = dict[str, Array]

PERCENT: Final = 100.0


class RoutingEnv(FunctionalEnv[StateT, ParamsT, Obs]):
    """Rules of one routing problem.

    Moves are certain, so transitions ignore their key. An illegal action changes nothing but the
    time and `is_refused`, and nothing at all changes once the episode has terminated.
    """

    state_type: type[StateT]

    @abc.abstractmethod
    def drawn(self, key: PRNGKeyArray, params: ParamsT) -> Layout:
        """A random instance."""

    @abc.abstractmethod
    def first(self, layout: Any, params: ParamsT) -> StateT:
        """The state in which an episode about an instance begins.

        Pass that of `layout_of(instance)` as `reset(options={"state": ...})` to begin with an
        instance of one's own.
        """

    @abc.abstractmethod
    def action_mask(self, state: StateT, params: ParamsT) -> rules.Mask:
        """Which actions are legal; some are until the episode ends."""

    @abc.abstractmethod
    def allows(self, state: StateT, action: rules.Action, params: ParamsT) -> Bool[Array, ""]:
        """Whether one action is legal, as the mask says, for less work."""

    @abc.abstractmethod
    def moved(self, state: StateT, action: rules.Action, params: ParamsT) -> StateT:
        """The state after a legal action."""

    def is_complete(self, state: StateT) -> Bool[Array, ""]:
        """Whether the walk is a solution."""
        return state.num_left == 0

    def objective(self, state: StateT) -> Float32[Array, ""]:
        """What the walk is worth; the sum of the rewards of legal moves."""
        return -state.cost

    def penalty(self, state: StateT, params: ParamsT) -> Float32[Array, ""]:
        """What an illegal action costs: more than any solution if it ends the episode."""
        legs = 1 if params.invalid == "noop" else 2 * params.num_nodes
        return state.layout.longest * legs

    def shortfall(self, state: StateT, optimum: Float32[Array, ""]) -> Float32[Array, ""]:
        """By how much a solution is worse than the optimum."""
        return state.cost - optimum

    @override
    def initial(self, key: PRNGKeyArray, params: ParamsT) -> StateT:
        layout = self.drawn(key, params) if params.instance is None else params.instance
        return self.first(layout, params)

    @override
    def transition(self, key: PRNGKeyArray, state: StateT, action: Any, params: ParamsT) -> StateT:
        del key
        action = jnp.asarray(action, jnp.int32)
        num_actions = int(self.action_space(params).n)  # type: ignore[attr-defined]  # Discrete
        is_over = self.terminated(state, params)
        is_known = (action >= 0) & (action < num_actions)
        is_legal = is_known & self.allows(state, action, params) & ~is_over
        after = selected(is_legal, self.moved(state, action, params), state)
        return dataclasses.replace(
            after,
            time=state.time + (~is_over).astype(jnp.int32),
            is_refused=jnp.where(is_over, state.is_refused, ~is_legal),
        )

    @override
    def reward(
        self, state: StateT, action: Any, next_state: StateT, params: ParamsT
    ) -> Float32[Array, ""]:
        del action
        is_over = self.terminated(next_state, params) | self.truncated(next_state, params)
        if params.reward == "dense":
            earned = self.objective(next_state) - self.objective(state)
        else:
            earned = jnp.where(is_over, self.objective(next_state), 0.0)
        fine = jnp.where(next_state.is_refused, self.penalty(state, params), 0.0)
        return jnp.where(self.terminated(state, params), 0.0, earned - fine)

    @override
    def terminated(self, state: StateT, params: ParamsT) -> Bool[Array, ""]:
        if params.invalid == "noop":
            return self.is_complete(state)
        return self.is_complete(state) | state.is_refused

    @override
    def raises_at_illegal(self, params: ParamsT) -> bool:
        return params.invalid == "raise"

    @override
    def truncated(self, state: StateT, params: ParamsT) -> Bool[Array, ""]:
        return state.time >= params.last_step

    @override
    def observe(self, state: StateT, params: ParamsT) -> Obs:
        layout = state.layout
        is_explicit = layout.metric == "EXPLICIT"
        places = {"dist": layout.matrix} if is_explicit else {"coords": layout.coords}
        return {
            **places,
            "current": state.current,
            "visited": rules.visits(state).astype(jnp.int8),
            "action_mask": self.action_mask(state, params).astype(jnp.int8),
        }

    @override
    def observation_space(self, params: ParamsT) -> gymnasium.Space[Any]:
        return Dict(self.parts(params))

    def parts(self, params: ParamsT) -> dict[str, gymnasium.Space[Any]]:
        """Spaces of what `observe` returns."""
        layout: Layout | None = params.instance
        places: dict[str, gymnasium.Space[Any]]
        if self.is_explicit(params):
            largest = 1.0 if layout is None else float(layout.longest)
            places = {"dist": box(0.0, largest, (params.size, params.size))}
        else:
            coords = np.array([0.0, 1.0]) if layout is None else np.asarray(layout.coords)
            places = {"coords": box(float(coords.min()), float(coords.max()), (params.size, 2))}
        actions: Any = self.action_space(params)
        return {
            **places,
            "current": Discrete(params.size),
            "visited": MultiBinary(params.size),
            "action_mask": MultiBinary(int(actions.n)),
        }

    def is_explicit(self, params: ParamsT) -> bool:
        """Whether agents see distances instead of places."""
        return params.instance is not None and params.instance.metric == "EXPLICIT"

    @override
    def action_space(self, params: ParamsT) -> gymnasium.Space[Any]:
        return Discrete(params.size)

    @override
    def info(self, state: StateT, params: ParamsT) -> dict[str, Any]:
        """Diagnostics.

        | key | meaning |
        |---|---|
        | `cost` | length of the walk so far |
        | `action_mask` | as in the observation |
        | `is_success` | whether the walk is a solution |
        | `invalid_action` | whether the last action was illegal |
        | `optimal` | the best cost known, where the instance knows one |
        | `gap` | by how many per cent a solution is worse than that; NaN before the end |
        """
        known: dict[str, Any] = {}
        optimum = state.layout.optimum
        if optimum is not None:
            gap = PERCENT * self.shortfall(state, optimum) / optimum
            gap = jnp.where(self.is_complete(state), gap, jnp.nan)
            known = {"optimal": optimum, "gap": gap}
        return {
            "cost": state.cost,
            "action_mask": self.action_mask(state, params).astype(jnp.int8),
            "is_success": self.is_complete(state),
            "invalid_action": state.is_refused,
            **known,
        }

    @override
    def dumps(self, state: StateT) -> str:
        return saved.dumps(state)

    @override
    def loads(self, text: str) -> StateT:
        state = saved.loads(text, self.state_type)
        if not 0 <= int(state.current) < len(state.order):
            raise ValueError(f"current is a node; got {int(state.current)}")
        return state

    @override
    def render(self, state: StateT, params: ParamsT, size: tuple[int, int]) -> Frame:
        mask = np.asarray(self.action_mask(state, params))
        nodes = range(params.size)
        is_open = np.array([mask[self.actions_to(node, params)].any() for node in nodes])
        return draw_walk(state, is_open, self.caption(state, params), size)

    @override
    def text(self, state: StateT, params: ParamsT) -> str:
        routes = [" ".join(map(str, route)) for route in routes_of(state)]
        return "\n".join([*routes, self.caption(state, params)])

    def caption(self, state: StateT, params: ParamsT) -> str:
        """One line about how far the walk has come."""
        parts = [f"cost {float(state.cost):.6g}"]
        info = self.info(state, params)
        if bool(info["is_success"]) and "gap" in info:
            parts.append(f"gap {float(info['gap']):.2f} %")
        return "   ".join([*parts, *self.details(state)])

    def details(self, state: StateT) -> list[str]:
        """What else is worth saying in the caption."""
        return [f"{int(state.num_left)} to visit"]

    @override
    def panel(self, state: StateT, params: ParamsT) -> dict[str, dict[str, Any]]:
        info = self.info(state, params)
        del info["action_mask"]
        values = {name: np.asarray(value).item() for name, value in info.items()}
        return {"walk": values}

    def action_at(
        self, state: StateT, params: ParamsT, spot: tuple[float, float], size: tuple[int, int]
    ) -> int | None:
        """The legal action that a person means who clicks at a spot; None for no such."""
        node = node_at(state, spot, size)
        if node is None:
            return None
        mask = np.asarray(self.action_mask(state, params))
        return next((action for action in self.actions_to(node, params) if mask[action]), None)

    def actions_to(self, node: int, params: ParamsT) -> list[int]:
        """The actions that lead to a node, the one that is taken if legal first."""
        del params
        return [node]


def box(low: float, high: float, shape: tuple[int, ...]) -> Box:
    """Numbers between two bounds; a little room above, where these are the same."""
    return Box(low, high if high > low else low + 1, shape, np.float32)
