"""Lockstep with the `crafter` package: after every step the whole of both worlds must be equal.

Two things are switched off in the peer, both listed in `envs/crafter_oo/README.md`: pictures, which
take random numbers from the world at night, and the order in which creatures are taken from a
chunk, which depends on memory addresses there.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from envs.crafter_oo.engine import initial_state, transition_full
from envs.crafter_oo.state import (
    OBJECT_TYPES,
    ArrowState,
    ObjectState,
    PlantState,
    Position,
    SkeletonState,
    WorldState,
    ZombieState,
)
from envs.crafter_oo.tables import ACHIEVEMENTS, ACTION_SLUGS, ITEMS, Action, Material

crafter = pytest.importorskip("crafter", reason="pip install 'armillary[dev]'")

pytestmark = pytest.mark.reproduction

NUM_SEEDS = 20
EXTRAS = {"zombie": "cooldown", "skeleton": "reload", "plant": "grown", "arrow": "facing"}
SOLID = [material.slug for material in Material if material]


class BlindEnv(crafter.Env):  # type: ignore[misc]  # the package has no types
    """Crafter without pictures, its creatures counted off in the order of creation."""

    def render(self, size: object = None) -> None:
        del size

    def _balance_object(self, chunk: Any, creatures: Any, *rule: Any) -> None:
        index = self._world._obj_map
        ordered = sorted(creatures, key=lambda creature: index[tuple(creature.pos)])
        super()._balance_object(chunk, ordered, *rule)


def peer_facts(env: BlindEnv) -> dict[str, Any]:
    """Everything there is in the peer, by name."""
    world, player = env._world, env._player
    numbers = {id(thing): index - 1 for index, thing in enumerate(world._objects) if thing}
    _, key, position, *_ = world.random.get_state()
    return {
        "materials": world._mat_map.tobytes(),
        "objects": [peer_object(numbers[id(thing)], thing) for thing in world._objects if thing],
        "player": {
            "facing": tuple(player.facing),
            "action": player.action,
            "sleeping": player.sleeping,
            "hunger": player._hunger,
            "thirst": player._thirst,
            "fatigue": player._fatigue,
            "recover": player._recover,
            "last_health": player._last_health,
        },
        "inventory": dict(player.inventory),
        "achievements": dict(player.achievements),
        "chunks": [
            (tuple(map(int, chunk)), sorted(numbers[id(member)] for member in members))
            for chunk, members in world._chunks.items()
        ],
        "num_created": len(world._objects) - 1,
        "step": env._step,
        "daylight": world.daylight,
        "random": (key.tobytes(), position),
    }


def peer_object(number: int, thing: Any) -> tuple[Any, ...]:
    name = type(thing).__name__.lower()
    extra = getattr(thing, EXTRAS[name]) if name in EXTRAS else None
    return (
        number,
        name,
        tuple(map(int, thing.pos)),
        thing.health,
        tuple(map(int, extra)) if name == "arrow" else extra,
    )


def our_facts(state: WorldState) -> dict[str, Any]:
    """The same of ours."""
    player = state.player
    _, key, position, *_ = state.random_state.get_state(legacy=True)
    counters = ("sleeping", "hunger", "thirst", "fatigue", "recover", "last_health")
    return {
        "materials": bytes(state.materials.cells),
        "objects": [our_object(entity) for entity in state.objects],
        "player": {
            "facing": tuple(player.facing),
            "action": player.action,
            **{name: getattr(player, name) for name in counters},
        },
        "inventory": dict(zip(ITEMS, player.inventory.values(), strict=True)),
        "achievements": dict(zip(ACHIEVEMENTS, player.achievements.values(), strict=True)),
        "chunks": [(chunk.chunk_key, sorted(chunk.objects)) for chunk in state.chunks],
        "num_created": state.entity_id_counter_state,
        "step": state.step_count,
        "daylight": state.daylight,
        "random": (np.asarray(key).tobytes(), position),
    }


def our_object(entity: ObjectState) -> tuple[Any, ...]:
    extra = getattr(entity, EXTRAS[entity.name]) if entity.name in EXTRAS else None
    return entity.entity_id, entity.name, tuple(entity.position), entity.health, extra


class Twins:
    """One world in both programs; every edit and every step is done to both."""

    def __init__(self, seed: int, episode: int = 1) -> None:
        self.env = BlindEnv(seed=seed)
        for _ in range(episode):
            self.env.reset()
        self.state = initial_state(seed=seed, episode=episode)
        self.num_steps = 0
        self.differences: list[str] = []
        self.done = False
        self.compare("reset", {})

    @property
    def target(self) -> Position:
        """The cell the player faces."""
        return self.state.player.position + self.state.player.facing

    def step(self, action: int) -> None:
        _, peer_reward, peer_done, peer_info = self.env.step(action)
        result = transition_full(self.state, action)
        self.state, self.done = result.state, result.terminated or result.truncated
        self.num_steps += 1
        ours, peers = dict(result.info), dict(peer_info)
        found = {
            "reward": (result.reward, peer_reward),
            "done": (self.done, bool(peer_done)),
            "info.semantic": (ours.pop("semantic").tobytes(), peers.pop("semantic").tobytes()),
            "info.player_pos": (ours.pop("player_pos"), tuple(peers.pop("player_pos"))),
            "info": (ours, peers),
        }
        self.compare(ACTION_SLUGS[action], found)

    def compare(self, event: str, found: dict[str, tuple[Any, Any]]) -> None:
        ours, peers = our_facts(self.state), peer_facts(self.env)
        found = found | {name: (ours[name], peers[name]) for name in ours}
        for name, (mine, other) in found.items():
            if mine != other:
                where = f"step {self.state.step_count} ({event}), {name}"
                text = "" if isinstance(mine, bytes) else f": {mine} is not the peer's {other}"
                self.differences.append(where + text)

    def give(self, **items: int) -> None:
        for item, count in items.items():
            setattr(self.state.player.inventory, item, count)
            self.env._player.inventory[item] = count
        self.state.player.health = self.state.player.inventory.health
        self.env._last_health = self.state.player.health

    def feed(self) -> None:
        self.give(health=9, food=9, drink=9, energy=9)

    def lay(self, material: str, cell: Position) -> None:
        self.state.set_material(*cell, material)
        self.env._world[cell] = material

    def clear(self, cell: Position) -> None:
        """Remove what stands on a cell, the player aside."""
        _, entity = self.state.get_tile(cell)
        if entity is not None and entity is not self.state.player:
            self.state.remove_object(entity)
            self.env._world.remove(self.env._world[cell][1])

    def place(self, kind: str, cell: Position, **attributes: Any) -> None:
        self.clear(cell)
        world, player = self.env._world, self.env._player
        peer_type = getattr(crafter.objects, kind.capitalize())
        extra = {"arrow": (attributes.get("facing"),), "cow": (), "plant": ()}.get(kind, (player,))
        peer = peer_type(world, cell, *extra)
        entity = self.state.create_object(OBJECT_TYPES[kind], cell, **attributes)
        peer.health = entity.health
        match entity:
            case ZombieState():
                peer.cooldown = entity.cooldown
            case SkeletonState():
                peer.reload = entity.reload
            case PlantState():
                peer.grown = entity.grown
            case ArrowState():
                peer.facing = tuple(entity.facing)
        world.add(peer)

    def teleport(self, cell: Position) -> None:
        if cell != self.state.player.position:
            self.clear(cell)
            self.state.relocate(self.state.player, cell)
            self.env._world.move(self.env._player, cell)

    def set_step(self, step: int) -> None:
        self.state.step_count = self.env._step = step


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Any:
    """Print what was compared, and fail on the first differences."""

    def judge(name: str, twins: list[Twins]) -> None:
        num_steps = sum(pair.num_steps for pair in twins)
        differences = [text for pair in twins for text in pair.differences]
        with capsys.disabled():
            print(f"\n{name}: {num_steps} transitions, {len(differences)} differences")  # noqa: T201  # the point of the run
        assert differences[:3] == []

    return judge


def episode(seed: int, number: int = 1) -> Twins:
    """A whole episode under the uniform random policy."""
    twins, random = Twins(seed, number), np.random.RandomState(1000 + seed)
    while not twins.done:
        twins.step(int(random.randint(0, 17)))
    return twins


def test_random_episodes_equal_crafter_in_everything(report: Any):
    report(f"{NUM_SEEDS} random episodes", [episode(seed) for seed in range(NUM_SEEDS)])


def test_second_episodes_of_a_seed_equal_crafter(report: Any):
    report("second episodes", [episode(seed, number=2) for seed in range(3)])


TOOLS = {name: 1 for name in ITEMS if name.endswith(("pickaxe", "sword"))}
COLLECT = {
    "collect_wood": "tree",
    "collect_stone": "stone",
    "collect_coal": "coal",
    "collect_iron": "iron",
    "collect_diamond": "diamond",
    "collect_drink": "water",
}
CREATURES = {"defeat_zombie": "zombie", "defeat_skeleton": "skeleton", "eat_cow": "cow"}


def reach(twins: Twins, achievement: str) -> None:
    """Edit both worlds so that the achievement is a few actions away, and act."""
    twins.feed()
    twins.clear(twins.target)
    twins.lay("grass", twins.target)
    if achievement in COLLECT:
        twins.give(**TOOLS)
        twins.lay(COLLECT[achievement], twins.target)
        twins.step(Action.DO)
    elif achievement in CREATURES:
        twins.give(food=2)
        twins.place(CREATURES[achievement], twins.target, health=5)
        twins.step(Action.DO)
    elif achievement == "collect_sapling":
        for _ in range(100):
            twins.step(Action.DO)
    elif achievement == "eat_plant":
        twins.give(food=2)
        twins.place("plant", twins.target, grown=301)
        twins.step(Action.DO)
    elif achievement == "wake_up":
        twins.give(energy=8)
        for _ in range(14):
            twins.step(Action.SLEEP)
    else:
        twins.give(sapling=1, wood=9, stone=9, coal=9, iron=9)
        for material, offset in (("table", (-1, -1)), ("furnace", (1, -1))):
            twins.lay(material, twins.state.player.position + offset)
        twins.step(ACTION_SLUGS.index(achievement))


def test_every_achievement_is_reached_in_lockstep(report: Any):
    twins = Twins(3)
    for achievement in ACHIEVEMENTS:
        reach(twins, achievement)
    assert twins.state.player.achievements.unlocked() == list(ACHIEVEMENTS)
    report("every achievement", [twins])


def test_a_long_night_asleep_equals_crafter(report: Any):
    pairs = []
    for seed in range(4):
        twins = Twins(seed)
        twins.set_step(175)
        twins.give(energy=0)
        for time in range(150):
            if time % 30 == 0:
                twins.give(health=9, food=3, drink=1)
            twins.step(Action.SLEEP if time < 100 else Action.NOOP)
        pairs.append(twins)
    report("nights asleep", pairs)


def test_walking_into_lava_and_on_after_death_equals_crafter(report: Any):
    twins = Twins(5)
    for move in (Action.MOVE_LEFT, Action.MOVE_RIGHT, Action.MOVE_UP, Action.MOVE_DOWN):
        twins.step(move)
        twins.clear(twins.target)
        twins.lay("lava", twins.target)
        twins.step(move)
        assert twins.done
        twins.step(Action.NOOP)
        twins.feed()
    report("lava", [twins])


def nearby(random: np.random.RandomState, twins: Twins, reach: int) -> Iterator[Position]:
    """Cells around the player, inside the area, its own excepted."""
    center = twins.state.player.position
    for _ in range(int(random.randint(1, 8))):
        cell = center + tuple(random.randint(-reach, reach + 1, size=2).tolist())
        if cell != center and twins.state.contains(cell):
            yield cell


def meddle(random: np.random.RandomState, twins: Twins) -> None:
    """One random edit of both worlds."""
    choice = int(random.randint(0, 6))
    if choice == 0:
        twins.give(**{item: int(random.randint(0, 10)) for item in ITEMS})
    elif choice == 1:
        for cell in nearby(random, twins, 2):
            twins.lay(SOLID[random.randint(len(SOLID))], cell)
    elif choice == 2:
        for cell in nearby(random, twins, 6):
            twins.lay(("grass", "path", "sand")[random.randint(3)], cell)
    elif choice == 3:
        for cell in nearby(random, twins, 4):
            kind, number = random.randint(5), int(random.randint(0, 5))
            facing = ((-1, 0), (1, 0), (0, -1), (0, 1))[random.randint(4)]
            twins.place(
                ("cow", "zombie", "skeleton", "plant", "arrow")[kind],
                cell,
                **(
                    {"health": number},
                    {"health": number, "cooldown": number},
                    {"health": number, "reload": number},
                    {"grown": 298 + number},
                    {"facing": Position(*facing)},
                )[kind],
            )
    elif choice == 4:
        twins.feed()
    elif random.random_sample() < 0.2:
        edge = (0, 1, 12, 32, 62, 63)
        x, y = edge[random.randint(len(edge))], edge[random.randint(len(edge))]
        twins.teleport(Position(x, y))


def test_meddled_worlds_equal_crafter_and_reach_everything(report: Any):
    pairs, reached = [], set()
    for seed in range(10):
        twins, random = Twins(seed), np.random.RandomState(2000 + seed)
        twins.set_step(int(random.randint(0, 300)))
        for _ in range(1000):
            if random.random_sample() < 0.3:
                meddle(random, twins)
            twins.step(int(random.choice([*range(17), Action.DO, Action.DO, Action.DO])))
        pairs.append(twins)
        reached.update(twins.state.player.achievements.unlocked())
    assert reached == set(ACHIEVEMENTS)
    report("meddled worlds", pairs)
