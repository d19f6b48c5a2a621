"""The object engine: pure functions from state and action to the next state.

Equal, number by number, to danijar/crafter 1.8.3 with rendering switched off; deviations are
listed in this folder's README.
"""

import dataclasses
import functools
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from envs.crafter_oo.draws import Draws, SequentialDraws
from envs.crafter_oo.rules.arrow import update_arrow
from envs.crafter_oo.rules.balance import BALANCE_EVERY, balance_chunk
from envs.crafter_oo.rules.cow import update_cow
from envs.crafter_oo.rules.plant import update_plant
from envs.crafter_oo.rules.player import update_player
from envs.crafter_oo.rules.skeleton import update_skeleton
from envs.crafter_oo.rules.world import World
from envs.crafter_oo.rules.zombie import update_zombie
from envs.crafter_oo.state import (
    FIRST_DAYLIGHT,
    ArrowState,
    CowState,
    FenceState,
    Inventory,
    ObjectState,
    PlantState,
    PlayerState,
    Position,
    SkeletonState,
    WorldState,
    ZombieState,
    daylight_at,
)
from envs.crafter_oo.tables import ACHIEVEMENTS, ACTION_SLUGS, MAX_ITEM, VITALS
from envs.crafter_oo.worldgen import generate

Stage = Callable[[World, Draws], None]


def initial_state(
    area: tuple[int, int] = (64, 64),
    view: tuple[int, int] = (9, 9),
    seed: int | None = None,
    episode: int = 1,
    draws: Draws | None = None,
) -> WorldState:
    """A new world: that of Crafter's `Env(area, view, seed=seed)` after `episode` resets.

    Args:
        area: cells (x, y), at least 1 each.
        view: cells the player sees; objects within twice the larger number are updated.
        seed: any integer; None draws one.
        episode: counts from 1.
        draws: where the random numbers of this life come from, in place of `seed` and `episode`;
            the state takes a copy.
    """
    if min(area) < 1 or min(view) < 1:
        raise ValueError(f"area and view are pairs of positive numbers, got {area} and {view}")
    if draws is not None:
        return _populated(area, view, draws.copy())
    seed = random.SystemRandom().randrange(2**31 - 1) if seed is None else int(seed)
    draws = SequentialDraws.from_seed(hash((seed, episode)) % (2**31 - 1))
    return _populated(area, view, draws)


def _populated(area: tuple[int, int], view: tuple[int, int], draws: Draws) -> WorldState:
    ground = generate(area, draws)
    player = PlayerState(
        0,
        Position(area[0] // 2, area[1] // 2),
        health=MAX_ITEM,
        inventory=Inventory(**dict.fromkeys(VITALS, MAX_ITEM)),
        last_health=MAX_ITEM,
    )
    state = WorldState(
        size=area,
        view=view,
        materials=ground.materials,
        objects=[],
        chunks=[],
        draws=draws,
        daylight=FIRST_DAYLIGHT,
        entity_id_counter_state=0,
    )
    state.objects.append(player)
    world = World(state)
    state.objects.clear()
    world.add(player)
    for kind, position in ground.creatures:
        world.add(kind(state.entity_id_counter_state, position))
    return state


def transition(
    state: WorldState,
    action: int | str,
    draws: Draws | None = None,
    *,
    fix_edge_nearby: bool = False,
) -> tuple[WorldState, float]:
    """The next state and the reward. The input is not changed; equal inputs, equal outputs.

    Args:
        state: any state, also an edited one.
        action: index 0..16 or slug, see `tables.Action`.
        draws: where random numbers come from; by default from the state itself.
        fix_edge_nearby: let crafting work on the left column and the top row too.

    Raises:
        ValueError: there is no such action.
    """
    after = state.copy()
    advance(after, action, after.draws if draws is None else draws, fix_edge_nearby)
    return after, reward_of(state, after)


@dataclasses.dataclass(frozen=True)
class StepResult:
    """What one step of an episode gives."""

    state: WorldState
    reward: float
    terminated: bool
    truncated: bool
    info: dict[str, Any]


def transition_full(
    state: WorldState, action: int | str, draws: Draws | None = None, length: int | None = 10_000
) -> StepResult:
    """`transition` with the flags of an episode of `length` steps, and diagnostics."""
    after, reward = transition(state, action, draws)
    dead = after.player.health <= 0
    info = {
        "inventory": dataclasses.asdict(after.player.inventory),
        "achievements": dataclasses.asdict(after.player.achievements),
        "discount": 1.0 - float(dead),
        "semantic": after.semantic_map(),
        "player_pos": tuple(after.player.position),
        "reward": reward,
    }
    return StepResult(after, reward, dead, bool(length and after.step_count >= length), info)


def reward_of(before: WorldState, after: WorldState) -> float:
    """A tenth of the change in health, and 1 if anything was achieved for the first time."""
    reward = (after.player.health - before.player.health) / 10
    old, new = before.player.achievements, after.player.achievements
    if old != new and any(getattr(new, a) and not getattr(old, a) for a in ACHIEVEMENTS):
        reward += 1.0
    return reward


def advance(
    state: WorldState, action: int | str, draws: Draws, fix_edge_nearby: bool = False
) -> None:
    """Step a state in place."""
    world = World(state, fix_edge_nearby=fix_edge_nearby)
    entities = tuple(state.objects)  # what appears during the step waits for the next
    _begin(action_slug(action), world, draws)
    _update(entities, world, draws)
    if state.step_count % BALANCE_EVERY == 0:
        for rank in range(len(state.chunks)):
            balance_chunk(world, rank, draws)
    _end(world)


def stages(state: WorldState, action: int | str) -> Iterator[Stage]:
    """The parts of `advance` one by one: begin, each object, each chunk's balance, end.

    Whoever runs them may stop between two of them: the exact kernel does, to follow every way the
    random draws can fall.
    """
    slug = action_slug(action)
    ids = [entity.entity_id for entity in state.objects]
    columns, rows = (
        -(-size // step) for size, step in zip(state.size, state.chunk_size, strict=True)
    )
    balance_due = (state.step_count + 1) % BALANCE_EVERY == 0
    yield lambda world, draws: _begin(slug, world, draws)
    for entity_id in ids:
        yield functools.partial(_update_by_id, entity_id)
    for rank in range(columns * rows if balance_due else 0):
        yield functools.partial(_balance_by_rank, rank)
    yield lambda world, draws: _end(world)


def _update_by_id(entity_id: int, world: World, draws: Draws) -> None:
    _update([world.find(entity_id)], world, draws)


def _balance_by_rank(rank: int, world: World, draws: Draws) -> None:
    if rank < len(world.state.chunks):
        balance_chunk(world, rank, draws)


def action_slug(action: int | str) -> str:
    """The slug of an action given by index or slug.

    Raises:
        ValueError: there is no such action.
    """
    if isinstance(action, str):
        if action in ACTION_SLUGS:
            return action
    elif 0 <= action < len(ACTION_SLUGS):
        return ACTION_SLUGS[action]
    raise ValueError(
        f"an action is an index 0..{len(ACTION_SLUGS) - 1} or one of {', '.join(ACTION_SLUGS)}; "
        f"got {action!r}"
    )


def _begin(slug: str, world: World, draws: Draws) -> None:
    state, player = world.state, world.player
    state.step_count += 1
    state.daylight = daylight_at(state.step_count)
    draws.at_step(state.step_count)
    player.action = slug


def _update(entities: Sequence[ObjectState], world: World, draws: Draws) -> None:
    """Let objects act one after the other: those near the player, wherever it has just gone."""
    player, reach = world.player, world.state.update_distance
    center_x, center_y = player.position
    for entity in entities:
        x, y = entity.position
        if abs(x - center_x) + abs(y - center_y) < reach:
            _UPDATES[type(entity)](world, entity, draws)
            if entity is player:
                center_x, center_y = player.position


_UPDATES: Final[dict[type[ObjectState], Callable[[World, Any, Draws], None]]] = {
    PlayerState: update_player,
    CowState: update_cow,
    ZombieState: update_zombie,
    SkeletonState: update_skeleton,
    ArrowState: update_arrow,
    PlantState: update_plant,
    FenceState: lambda world, fence, draws: None,
}


def _end(world: World) -> None:
    world.player.inventory.health = world.player.health
