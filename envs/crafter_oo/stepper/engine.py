"""One step of one world of arrays; `jax.vmap` makes it one of thousands."""

import dataclasses

import jax.numpy as jnp

from envs.core import IntLike
from envs.crafter_oo.stepper.balance import balance
from envs.crafter_oo.stepper.creatures import update_objects
from envs.crafter_oo.stepper.player import HEALTH, update_player
from envs.crafter_oo.stepper.state import StepperParams, StepperState
from envs.crafter_oo.stepper.tidy import tidy
from envs.crafter_oo.tables import Action


def transition(state: StepperState, action: IntLike, params: StepperParams) -> StepperState:
    """The next state: what `engine.transition` of the object engine gives, as arrays.

    Args:
        state: one world.
        action: index 0..16, see `tables.Action`; anything else is a noop.
        params: those the state was made with.
    """
    action = jnp.asarray(action, jnp.int32)
    is_known = (action >= 0) & (action < len(Action))
    state = tidy(state, params)
    num_slots = state.num_slots
    state = dataclasses.replace(
        state,
        action=jnp.where(is_known, action, int(Action.NOOP)),
        step_count=state.step_count + 1,
    )
    state = update_player(state, params)
    state = update_objects(state, num_slots, params)
    state = balance(state, params)
    health = state.objects.health[0].astype(jnp.int32)
    return dataclasses.replace(state, inventory=state.inventory.at[HEALTH].set(health))
