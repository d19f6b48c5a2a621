"""The four routing worlds."""

from typing import Any, TypeVar

import gymnasium
import jax.numpy as jnp
from gymnasium.spaces import Discrete
from jaxtyping import Array, Bool, Float32, PRNGKeyArray
from typing_extensions import override

from envs.routing import rules
from envs.routing.draw import draw_atsp, draw_cvrp, draw_op, draw_tsp
from envs.routing.params import ATSPParams, CVRPParams, OPParams, TSPParams
from envs.routing.state import (
    CVRPLayout,
    CVRPState,
    Layout,
    OPLayout,
    OPState,
    TourState,
    first_orienteering,
    first_routes,
    first_tour,
)
from envs.routing.walk import Obs, RoutingEnv, box

TourParamsT = TypeVar("TourParamsT", bound=ATSPParams)


class _Tours(RoutingEnv[TourState, TourParamsT]):
    """What TSP and ATSP have in common."""

    state_type = TourState

    @override
    def first(self, layout: Layout, params: TourParamsT) -> TourState:
        return first_tour(layout, params.size, is_free=params.free_start)

    @override
    def action_mask(self, state: TourState, params: TourParamsT) -> rules.Mask:
        return rules.tour_mask(state)

    @override
    def allows(
        self, state: TourState, action: rules.Action, params: TourParamsT
    ) -> Bool[Array, ""]:
        return rules.tour_allows(state, action)

    @override
    def moved(self, state: TourState, action: rules.Action, params: TourParamsT) -> TourState:
        return rules.tour_move(state, action)

    @override
    def observe(self, state: TourState, params: TourParamsT) -> Obs:
        return {**super().observe(state, params), "start": state.start}

    @override
    def parts(self, params: TourParamsT) -> dict[str, gymnasium.Space[Any]]:
        return {**super().parts(params), "start": Discrete(params.size)}


class TSP(_Tours[TSPParams]):
    """Visit every node once, and return."""

    @override
    def drawn(self, key: PRNGKeyArray, params: TSPParams) -> Layout:
        return draw_tsp(key, params)


class ATSP(_Tours[ATSPParams]):
    """TSP where the way back may differ; agents see the distances."""

    @override
    def drawn(self, key: PRNGKeyArray, params: ATSPParams) -> Layout:
        return draw_atsp(key, params)

    @override
    def is_explicit(self, params: ATSPParams) -> bool:
        return True


class CVRP(RoutingEnv[CVRPState, CVRPParams]):
    """Serve every customer by routes from the depot, none with more than it can carry."""

    state_type = CVRPState

    @override
    def drawn(self, key: PRNGKeyArray, params: CVRPParams) -> Layout:
        return draw_cvrp(key, params)

    @override
    def first(self, layout: CVRPLayout, params: CVRPParams) -> CVRPState:
        return first_routes(layout)

    @override
    def action_mask(self, state: CVRPState, params: CVRPParams) -> rules.Mask:
        return rules.via_mask(state) if params.action_mode == "via" else rules.route_mask(state)

    @override
    def allows(self, state: CVRPState, action: rules.Action, params: CVRPParams) -> Bool[Array, ""]:
        allows = rules.via_allows if params.action_mode == "via" else rules.route_allows
        return allows(state, action)

    @override
    def moved(self, state: CVRPState, action: rules.Action, params: CVRPParams) -> CVRPState:
        move = rules.via_move if params.action_mode == "via" else rules.route_move
        return move(state, action)

    @override
    def observe(self, state: CVRPState, params: CVRPParams) -> Obs:
        # times the inverse: a division comes out otherwise when it is compiled
        unit = 1.0 / state.layout.capacity.astype(jnp.float32)
        return {
            **super().observe(state, params),
            "demands": state.layout.demands.astype(jnp.float32) * unit,
            "capacity_left": (state.capacity_left.astype(jnp.float32) * unit)[None],
        }

    @override
    def parts(self, params: CVRPParams) -> dict[str, gymnasium.Space[Any]]:
        return {
            **super().parts(params),
            "demands": box(0.0, 1.0, (params.size,)),
            "capacity_left": box(0.0, 1.0, (1,)),
        }

    @override
    def action_space(self, params: CVRPParams) -> gymnasium.Space[Any]:
        return Discrete(2 * params.num_nodes if params.action_mode == "via" else params.size)

    @override
    def details(self, state: CVRPState) -> list[str]:
        load = f"{int(state.capacity_left)} of {int(state.layout.capacity)} left"
        return [load, *super().details(state)]

    @override
    def actions_to(self, node: int, params: CVRPParams) -> list[int]:
        if params.action_mode == "node":
            return [node]
        return [2 * node - 2, 2 * node - 1] if node else []


class OP(RoutingEnv[OPState, OPParams]):
    """Orienteering: collect prizes on a tour from the depot that is not too long."""

    state_type = OPState

    @override
    def drawn(self, key: PRNGKeyArray, params: OPParams) -> Layout:
        return draw_op(key, params)

    @override
    def first(self, layout: OPLayout, params: OPParams) -> OPState:
        return first_orienteering(layout)

    @override
    def action_mask(self, state: OPState, params: OPParams) -> rules.Mask:
        return rules.orienteering_mask(state)

    @override
    def allows(self, state: OPState, action: rules.Action, params: OPParams) -> Bool[Array, ""]:
        return rules.orienteering_allows(state, action)

    @override
    def moved(self, state: OPState, action: rules.Action, params: OPParams) -> OPState:
        return rules.orienteering_move(state, action)

    @override
    def is_complete(self, state: OPState) -> Bool[Array, ""]:
        return rules.is_home(state)

    @override
    def objective(self, state: OPState) -> Float32[Array, ""]:
        return state.prize

    @override
    def penalty(self, state: OPState, params: OPParams) -> Float32[Array, ""]:
        return jnp.zeros_like(state.prize)

    @override
    def shortfall(self, state: OPState, optimum: Float32[Array, ""]) -> Float32[Array, ""]:
        return optimum - state.prize

    @override
    def observe(self, state: OPState, params: OPParams) -> Obs:
        return {
            **super().observe(state, params),
            "prizes": state.layout.prizes,
            "length_left": jnp.maximum(state.length_left, 0.0)[None],
        }

    @override
    def parts(self, params: OPParams) -> dict[str, gymnasium.Space[Any]]:
        layout: OPLayout | None = params.instance
        prize = 1.0 if layout is None else float(layout.prizes.max())
        length = float(params.reach if layout is None else layout.max_length)
        return {
            **super().parts(params),
            "prizes": box(0.0, prize, (params.size,)),
            "length_left": box(0.0, length, (1,)),
        }

    @override
    def info(self, state: OPState, params: OPParams) -> dict[str, Any]:
        return {**super().info(state, params), "prize": state.prize}

    @override
    def details(self, state: OPState) -> list[str]:
        return [f"prize {float(state.prize):.6g}", f"length left {float(state.length_left):.4g}"]
