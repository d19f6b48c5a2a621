"""The first state, and the transition: in which order the rules run."""

from collections.abc import Callable, Iterator
from functools import partial

from envs.homestead.draws import Draws, KeyedDraws, derive_key
from envs.homestead.rules import country, farmer, things
from envs.homestead.state import Cell, FarmState
from envs.homestead.tables import Action
from envs.homestead.worldgen import generate

Stage = Callable[[FarmState, Draws], None]
"""A part of a step; it changes the state it is given."""


def initial_state(seed: int, episode: int = 1, size: Cell = (14, 14)) -> FarmState:
    """A generated farm; the same arguments give the same farm and the same life.

    Args:
        seed: 0 or more.
        episode: 1 for the first life of a seed, 2 for the next, ...
        size: Width and height in cells.
    """
    state = generate(derive_key(seed, episode, 0), size)
    state.key = derive_key(seed, episode, 1)
    return state


def transition(state: FarmState, action: int | str, draws: Draws | None = None) -> FarmState:
    """The state after one action; `state` is as it was.

    When the farmer's life is over nothing changes any more.

    Args:
        state: Any state.
        action: Index or slug.
        draws: Where random numbers come from; by default from the state's own key.

    Raises:
        ValueError: there is no such action.
    """
    after = state.copy()
    source = KeyedDraws(state.key, state.hour) if draws is None else draws
    for stage in stages(state, action):
        stage(after, source)
    return after


def stages(state: FarmState, action: int | str) -> Iterator[Stage]:
    """The parts of a step from `state`: the farmer, each thing, the hour, each region."""
    chosen = _action(action)
    if state.is_over:
        return
    yield partial(_farm, chosen)
    for thing in state.things:
        yield partial(_act, thing.id)
    yield country.pass_hour
    if country.is_populated_after(state.hour):
        for region in state.regions():
            yield partial(country.populate, region)


def _farm(action: Action, state: FarmState, draws: Draws) -> None:
    farmer.act(state, action, draws)
    farmer.live(state)


def _act(number: int, state: FarmState, draws: Draws) -> None:
    thing = state.find(number)
    if thing is not None:
        things.act(state, thing, draws)


def _action(action: int | str) -> Action:
    try:
        return Action[action.upper()] if isinstance(action, str) else Action(action)
    except (KeyError, ValueError):
        known = ", ".join(each.slug for each in Action)
        raise ValueError(
            f"an action is 0..{len(Action) - 1} or one of {known}; got {action!r}"
        ) from None
