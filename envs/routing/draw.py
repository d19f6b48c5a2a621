"""Instances drawn by jax at the start of an episode, from the formulas of `generators`."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, PRNGKeyArray

from envs.routing.generators import (
    LARGEST_DEMAND,
    LARGEST_PRIZE,
    NUM_CLUSTERS,
    PlaceDraws,
    coords_of,
    prizes_of,
    shortened,
    without_diagonal,
)
from envs.routing.params import ATSPParams, CVRPParams, Generator, OPParams, TSPParams
from envs.routing.state import (
    CVRPLayout,
    Layout,
    OPLayout,
    distances_from,
    layout_in_square,
)


def draw_tsp(key: PRNGKeyArray, params: TSPParams) -> Layout:
    """Places of a tour."""
    return Layout(**layout_in_square(_draw_coords(key, params.size, params.generator)))


def draw_atsp(key: PRNGKeyArray, params: ATSPParams) -> Layout:
    """Distances in [0, 1) that no detour shortens."""
    shape = params.size, params.size
    matrix = without_diagonal(jax.random.uniform(key, shape), jnp)
    matrix = jax.lax.fori_loop(
        0, params.size, lambda node, shorter: shortened(shorter, node, jnp), matrix
    )
    return Layout(
        coords=jnp.zeros((0, 2), jnp.float32),
        matrix=matrix,
        longest=jnp.float32(1.0),
        optimum=None,
        metric="EXPLICIT",
    )


def draw_cvrp(key: PRNGKeyArray, params: CVRPParams) -> CVRPLayout:
    """Places and demands of customers."""
    coords_key, demand_key = jax.random.split(key)
    drawn = jax.random.randint(demand_key, (params.size,), 1, LARGEST_DEMAND + 1, jnp.int32)
    return CVRPLayout(
        **layout_in_square(_draw_coords(coords_key, params.size, params.generator)),
        demands=drawn.at[0].set(0),
        capacity=jnp.asarray(params.load, jnp.int32),
    )


def draw_op(key: PRNGKeyArray, params: OPParams) -> OPLayout:
    """Places and prizes."""
    coords_key, prize_key = jax.random.split(key)
    shared = layout_in_square(_draw_coords(coords_key, params.size, params.generator))
    way_home = distances_from(Layout(**shared), 0)
    hundredths = jax.random.randint(prize_key, (params.size,), 1, LARGEST_PRIZE + 1, jnp.int32)
    return OPLayout(
        **shared,
        prizes=prizes_of(params.prize_type, way_home, hundredths, jnp),
        max_length=jnp.asarray(params.reach, jnp.float32),
        way_home=way_home,
    )


def _draw_coords(
    key: PRNGKeyArray, num_nodes: int, generator: Generator
) -> Float32[Array, "nodes 2"]:
    if not isinstance(generator, str):
        coords = jnp.asarray(generator(key, num_nodes), jnp.float32)
        if coords.shape != (num_nodes, 2):
            raise ValueError(
                f"a generator returns places of shape ({num_nodes}, 2), got {coords.shape}"
            )
        return jnp.clip(coords, 0.0, 1.0)
    uniform_key, normal_key, centre_key, choice_key, distance_key = jax.random.split(key, 5)
    draws = PlaceDraws(
        uniform=jax.random.uniform(uniform_key, (num_nodes, 2)),
        normal=jax.random.normal(normal_key, (num_nodes, 2)),
        centres=jax.random.uniform(centre_key, (NUM_CLUSTERS, 2)),
        choices=jax.random.uniform(choice_key, (num_nodes, 2)),
        exponential=jax.random.exponential(distance_key, (num_nodes,)),
    )
    return jnp.asarray(coords_of(generator, draws, jnp))
