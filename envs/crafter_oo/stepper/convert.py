"""From the objects of a `WorldState` to the arrays of a `StepperState`, and back, without loss."""

from typing import Any

import numpy as np
from jaxtyping import Int
from numpy.typing import NDArray

from envs.crafter_oo.draws import KeyedDraws
from envs.crafter_oo.state import (
    CHUNK_SIZE,
    DIRECTIONS,
    OBJECT_TYPES,
    Achievements,
    ArrowState,
    ChunkState,
    Inventory,
    MaterialGrid,
    ObjectState,
    PlantState,
    PlayerState,
    Position,
    SkeletonState,
    WorldState,
    ZombieState,
    check_invariants,
    chunk_key_of,
    daylight_at,
)
from envs.crafter_oo.stepper.state import EMPTY, Objects, StepperParams, StepperState
from envs.crafter_oo.tables import ACHIEVEMENTS, ACTION_SLUGS, ITEMS, OBJECT_KINDS

_TIMERS = {ZombieState: "cooldown", SkeletonState: "reload", PlantState: "grown"}


def to_arrays(state: WorldState, params: StepperParams) -> StepperState:
    """The arrays (numpy) that say the same as a state.

    Args:
        state: any state that `check_invariants` accepts, with `KeyedDraws`.
        params: those of the stepper; area and view must be those of the state.

    Raises:
        ValueError: the state breaks an invariant, holds more objects than there are slots, or
            says something that arrays cannot; the message says what and what to do.
    """
    _check(state, params)
    draws, player = state.draws, state.player
    assert isinstance(draws, KeyedDraws), "checked above"
    objects, occupant = _slots(state, params)
    ranks = np.full(params.chunk_grid, -1, np.int16)
    for rank, chunk in enumerate(state.chunks):
        ranks[chunk.chunk_key[0] // CHUNK_SIZE[0], chunk.chunk_key[2] // CHUNK_SIZE[1]] = rank
    fields: dict[str, Any] = dict(  # numpy, which jax takes for its own
        materials=state.materials.array.copy(),
        occupant=occupant,
        objects=objects,
        num_slots=_int(len(state.objects)),
        next_id=_int(state.entity_id_counter_state),
        chunk_rank=ranks.ravel(),
        action=_int(ACTION_SLUGS.index(player.action)),
        sleeping=np.array(player.sleeping),
        hunger=_float(player.hunger, "hunger"),
        thirst=_float(player.thirst, "thirst"),
        fatigue=_float(player.fatigue, "fatigue"),
        recover=_float(player.recover, "recover"),
        last_health=_int(player.last_health),
        inventory=np.array(player.inventory.values(), np.int32),
        achievements=np.array(player.achievements.values(), np.int32),
        step_count=_int(state.step_count),
        key=np.array([draws.key >> 32, draws.key & 0xFFFFFFFF], np.uint32),
        overflow=_int(0),
    )
    return StepperState(**fields)


def _check(state: WorldState, params: StepperParams) -> None:
    check_invariants(state)
    world = params.world
    if (state.size, state.view, state.chunk_size) != (world.area, world.view, CHUNK_SIZE):
        raise ValueError(
            f"the parameters are for area {world.area}, view {world.view}, chunks {CHUNK_SIZE}; "
            f"the state has {state.size}, {state.view}, {state.chunk_size}"
        )
    if not isinstance(state.draws, KeyedDraws):
        raise ValueError(
            f"the stepper needs KeyedDraws, the state has {type(state.draws).__name__}: set "
            "state.draws = KeyedDraws(key), or begin with initial_state(draws=KeyedDraws(key))"
        )
    if len(state.objects) > params.max_objects:
        raise ValueError(
            f"{len(state.objects)} objects do not fit into {params.max_objects} slots; "
            "give StepperParams a larger max_objects"
        )
    if state.event_bus:
        raise ValueError(f"arrays hold no events; empty event_bus, it has {len(state.event_bus)}")


def _slots(state: WorldState, params: StepperParams) -> tuple[Objects, NDArray[np.uint8]]:
    """The table of objects, and the slot of who stands on each cell."""
    rows = np.zeros((params.max_objects, 7), np.int64)
    occupant = np.zeros(state.size, np.uint8)
    for slot, entity in enumerate(state.objects):
        facing = entity.facing if isinstance(entity, PlayerState | ArrowState) else DIRECTIONS[0]
        if facing not in DIRECTIONS:
            raise ValueError(
                f"object {entity.entity_id} ({entity.name}) faces {tuple(facing)}, which is none "
                "of the four directions"
            )
        timer = getattr(entity, _TIMERS[type(entity)]) if type(entity) in _TIMERS else 0
        if not 0 <= entity.health < 2**15 or not 0 <= timer < 2**31:
            raise ValueError(f"object {entity.entity_id} is beyond what arrays hold: {entity}")
        kind = 1 + OBJECT_KINDS.index(entity.name)
        rows[slot] = kind, *entity.position, entity.health, timer, DIRECTIONS.index(facing), 0
        rows[slot, 6] = entity.entity_id
        occupant[entity.position] = slot + 1
    dtypes = (np.int8, np.int16, np.int16, np.int16, np.int32, np.int8, np.int32)
    columns: list[Any] = [
        column.astype(dtype) for column, dtype in zip(rows.T, dtypes, strict=True)
    ]
    return Objects(*columns), occupant


def from_arrays(arrays: StepperState, params: StepperParams) -> WorldState:
    """The objects that say the same as the arrays of one world.

    `to_arrays` gives the same arrays again, but for slots that were left empty and the count of
    `overflow`, which are no part of the world.

    Raises:
        ValueError: the arrays are a batch; index one world out of it.
    """
    import jax

    arrays = jax.tree.map(np.asarray, arrays)
    if arrays.step_count.ndim:
        raise ValueError(
            f"from_arrays takes one world, got a batch of shape {arrays.step_count.shape}; take "
            "one with jax.tree.map(lambda leaf: leaf[index], arrays)"
        )
    step, (high, low) = int(arrays.step_count), arrays.key.tolist()
    objects = _entities(arrays)
    return WorldState(
        size=params.world.area,
        view=params.world.view,
        materials=MaterialGrid(*params.world.area, bytearray(arrays.materials.tobytes())),
        objects=objects,
        chunks=_chunks(arrays, objects, params),
        draws=KeyedDraws(high << 32 | low, step),
        step_count=step,
        daylight=daylight_at(step),
        entity_id_counter_state=int(arrays.next_id),
    )


def _entities(arrays: StepperState) -> list[ObjectState]:
    table = arrays.objects
    entities: list[ObjectState] = []
    for slot in np.flatnonzero(table.kind != EMPTY).tolist():
        kind = OBJECT_TYPES[OBJECT_KINDS[int(table.kind[slot]) - 1]]
        extra: dict[str, Any] = {}
        if kind in _TIMERS:
            extra[_TIMERS[kind]] = int(table.timer[slot])
        if kind in (PlayerState, ArrowState):
            extra["facing"] = DIRECTIONS[int(table.facing[slot])]
        if kind is PlayerState:
            extra |= _player(arrays)
        place = Position(int(table.x[slot]), int(table.y[slot]))
        entity_id, health = int(table.entity_id[slot]), int(table.health[slot])
        entities.append(kind(entity_id, place, health=health, **extra))
    return entities


def _player(arrays: StepperState) -> dict[str, Any]:
    reached = zip(ACHIEVEMENTS, arrays.achievements.tolist(), strict=True)
    return {
        "action": ACTION_SLUGS[int(arrays.action)],
        "sleeping": bool(arrays.sleeping),
        "achievements": Achievements(**dict(reached)),
        "inventory": Inventory(**dict(zip(ITEMS, arrays.inventory.tolist(), strict=True))),
        "hunger": float(arrays.hunger),
        "thirst": float(arrays.thirst),
        "fatigue": float(arrays.fatigue),
        "recover": float(arrays.recover),
        "last_health": int(arrays.last_health),
    }


def _chunks(
    arrays: StepperState, objects: list[ObjectState], params: StepperParams
) -> list[ChunkState]:
    ranks = arrays.chunk_rank.reshape(params.chunk_grid)
    cells = [(x * CHUNK_SIZE[0], y * CHUNK_SIZE[1]) for x, y in np.argwhere(ranks >= 0).tolist()]
    order = np.argsort(ranks[ranks >= 0]).tolist()
    keys = [
        chunk_key_of(x, y, params.world.area, CHUNK_SIZE) for x, y in map(cells.__getitem__, order)
    ]
    members: dict[tuple[int, int, int, int], list[int]] = {key: [] for key in keys}
    for entity in objects:
        key = chunk_key_of(*entity.position, params.world.area, CHUNK_SIZE)
        members[key].append(entity.entity_id)
    return [ChunkState(key, ids) for key, ids in members.items()]


def _int(value: int) -> Int[np.ndarray, ""]:
    if not -(2**31) <= value < 2**31:
        raise ValueError(f"{value} is beyond the 32-bit numbers that arrays hold")
    return np.array(value, np.int32)


def _float(value: float, name: str) -> NDArray[np.float32]:
    """A counter in halves is exact in 32 bits."""
    if float(np.float32(value)) != value:
        raise ValueError(f"player.{name} is {value!r}, which 32 bits cannot hold; expected halves")
    return np.array(value, np.float32)
