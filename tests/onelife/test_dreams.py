"""Dreams: a model decides what happens next, and nothing else."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typing_extensions import override

from envs.catalog import find_world, load_core, make_params
from envs.crafter_oo.engine import initial_state
from envs.episode import Episode
from envs.homestead.engine import initial_state as initial_farm
from worldmodels.interface import WorldModel
from worldmodels.onelife.dreams import ENVIRONMENTS, Dream, dream_in
from worldmodels.onelife.synthesis.laws import Book
from worldmodels.onelife.synthesis.storage import save_book
from worldmodels.onelife.synthesis.terms import Knowledge
from worldmodels.onelife.worlds import WORLDS, world_named

CRAFTER, HOMESTEAD = "CrafterOO-v0", "Homestead-v0"
KERNELS = {
    CRAFTER: "worldmodels.kernel:kernel_model",
    HOMESTEAD: "worldmodels.onelife.homestead.kernel:HomesteadKernel",
}
SMALL = {CRAFTER: {"area": [16, 16]}, HOMESTEAD: {}}

each_world = pytest.mark.parametrize("environment", [CRAFTER, HOMESTEAD])


class Standstill(WorldModel[Any, Any]):
    """Nothing ever happens; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, Any, Any]] = []

    @override
    def sample(self, key: int, state: Any, action: Any) -> Any:
        self.asked.append((key, state, action))
        return state

    @override
    def log_prob(self, state: Any, action: Any, next_state: Any) -> float:
        return 0.0


def core_of(environment: str) -> Any:
    return load_core(find_world(environment))


def params_of(environment: str) -> Any:
    return make_params(find_world(environment), SMALL[environment])


def kernel_dream(environment: str) -> Dream:
    return dream_in(environment, core_of(environment), KERNELS[environment])


def standstill(environment: str) -> tuple[Dream, Standstill]:
    name = next(name for name, each in ENVIRONMENTS.items() if each == environment)
    model = Standstill()
    return Dream(core_of(environment), world_named(name), model), model


def life(environment: str, seed: int, number: int, state: Any = None) -> list[str]:
    """What 30 steps of a dream look like, all written out."""
    dream = kernel_dream(environment)
    episode = Episode(dream, params_of(environment))
    episode.start(seed, number, state)
    seen = [dream.dumps(episode.state)]
    for time in range(30):
        episode.step(time % dream.action_space(episode.params).n)
        seen.append(dream.dumps(episode.state))
    return seen


@each_world
def test_the_same_seed_gives_the_same_dream(environment: str) -> None:
    assert life(environment, 5, 1) == life(environment, 5, 1)


@each_world
@pytest.mark.parametrize(("seed", "number"), [(6, 1), (5, 2)])
def test_other_seeds_and_episodes_are_other_dreams(
    environment: str, seed: int, number: int
) -> None:
    core = core_of(environment)
    start = core.initial(core.key(0, 1), params_of(environment))
    first, other = (life(environment, *each, start) for each in ((5, 1), (seed, number)))
    assert first[0] == other[0]
    assert first[-1] != other[-1]


@each_world
def test_a_dream_begins_as_the_world_does(environment: str) -> None:
    core, params = core_of(environment), params_of(environment)
    dream = kernel_dream(environment)
    assert core.dumps(dream.initial(dream.key(3, 2), params)) == core.dumps(
        core.initial(core.key(3, 2), params)
    )


@each_world
def test_a_model_gets_names_of_actions_and_a_key_of_its_own_for_each_step(
    environment: str,
) -> None:
    dream, model = standstill(environment)
    episode = Episode(dream, params_of(environment))
    actions = [0, 3, 2, 3]
    for seed, number in ((0, 1), (0, 2), (1, 1)):
        episode.start(seed, number)
        for action in actions:
            episode.step(action)
    world = world_named(next(n for n, each in ENVIRONMENTS.items() if each == environment))
    assert [action for _, _, action in model.asked[:4]] == [world.actions[i] for i in actions]
    keys = [key for key, _, _ in model.asked]
    assert len(set(keys)) == 12
    assert all(type(key) is int and 0 <= key < 2**63 for key in keys)


@each_world
def test_everything_but_transitions_is_the_worlds_own(environment: str) -> None:
    core, params = core_of(environment), params_of(environment)
    dream, _ = standstill(environment)
    state = core.initial(core.key(7, 1), params)
    following = core.transition(None, state, 1, params)
    np.testing.assert_equal(dream.observe(state, params), core.observe(state, params))
    size = (64, 64)
    np.testing.assert_array_equal(
        dream.render(state, params, size), core.render(state, params, size)
    )
    for hook in ("terminated", "truncated", "info", "text", "panel", "awaits_action"):
        assert getattr(dream, hook)(state, params) == getattr(core, hook)(state, params), hook
    for hook in ("observation_space", "action_space"):
        assert getattr(dream, hook)(params) == getattr(core, hook)(params), hook
    assert dream.reward(state, 1, following, params) == core.reward(state, 1, following, params)
    assert dream.keys() == core.keys()
    assert dream.idle_action == core.idle_action
    assert core.dumps(dream.loads(dream.dumps(state))) == core.dumps(state)
    copied = dream.copy(state)
    assert copied is not state
    assert core.dumps(copied) == core.dumps(state)


def test_an_ended_life_ends_the_dream() -> None:
    dream, _ = standstill(HOMESTEAD)
    dead, params = initial_farm(0), params_of(HOMESTEAD)
    dead.farmer.vigour = 0
    assert dream.terminated(dead, params)
    late, params = initial_farm(0), make_params(find_world(HOMESTEAD), {"length": 9})
    late.hour = 9
    assert dream.truncated(late, params)


def test_saplings_are_as_rare_in_a_dream_of_the_kernel_as_in_crafter() -> None:
    state = initial_state(area=(16, 16), seed=1)
    state.set_facing_material("grass")
    dream, params = kernel_dream(CRAFTER), params_of(CRAFTER)
    found = sum(
        dream.transition((dream.key(seed, 1), time), state, 5, params).player.inventory.sapling
        for seed in range(20)
        for time in range(30)
    )
    assert 600 * 0.1 - 4 * 7.4 < found < 600 * 0.1 + 4 * 7.4  # four standard deviations


@each_world
def test_a_true_step_differs_in_nothing(environment: str) -> None:
    core, params = core_of(environment), params_of(environment)
    dream, _ = standstill(environment)
    state = core.initial(core.key(7, 1), params)
    for action in (1, 2, 3, 4, 0):
        following = core.transition(None, state, action, params)
        assert dream.num_differences(state, action, following, params) == 0
        state = following


def test_differences_are_counted() -> None:
    core, params = core_of(HOMESTEAD), params_of(HOMESTEAD)
    dream, _ = standstill(HOMESTEAD)
    state = core.initial(core.key(7, 1), params)
    odd = core.transition(None, state, 0, params)
    counts = []
    odd.farmer.basket["egg"] += 1
    counts.append(dream.num_differences(state, 0, odd, params))
    odd.things.pop()
    counts.append(dream.num_differences(state, 0, odd, params))
    odd.cells[0, 0] = (odd.cells[0, 0] + 1) % 2
    counts.append(dream.num_differences(state, 0, odd, params))
    assert counts == [1, 2, 3]


def test_a_creature_that_is_gone_is_one_difference() -> None:
    dream, _ = standstill(CRAFTER)
    core, params = core_of(CRAFTER), params_of(CRAFTER)
    state = initial_state(area=(16, 16), seed=1)
    odd = core.transition(None, state, 0, params)
    odd.remove_object(odd.objects[-1])
    assert dream.num_differences(state, 0, odd, params) == 1


@each_world
def test_a_learned_model_is_read_from_its_folder_or_file(environment: str, tmp_path: Path) -> None:
    folder = learned(environment, tmp_path)
    for path in (folder, folder / "laws.json"):
        dream = dream_in(environment, core_of(environment), str(path))
        state = initial_state(seed=0) if environment == CRAFTER else initial_farm(0)
        following = dream.transition(((0, 1), 1), state, 0, params_of(environment))
        assert dream.num_differences(state, 0, following, params_of(environment)) > 0
        assert dream.dumps(following) == dream.dumps(state), "no law says that anything changes"


def learned(environment: str, folder: Path) -> Path:
    """A model that has learned nothing."""
    world = world_named(next(n for n, each in ENVIRONMENTS.items() if each == environment))
    known = Knowledge("farmer", None, {}, {})
    save_book(folder / "laws.json", Book(world, [], known), weights={}, inertia=1.0)
    return folder


def test_laws_of_another_world_are_refused(tmp_path: Path) -> None:
    folder = str(learned(CRAFTER, tmp_path))
    with pytest.raises(ValueError, match="laws of the world 'crafter_oo', expected 'homestead'"):
        dream_in(HOMESTEAD, core_of(HOMESTEAD), folder)


@pytest.mark.parametrize("text", ["", "[]", '{"world": 3}', None])
def test_a_folder_without_laws_is_refused(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "laws.json").write_text(text)
    with pytest.raises(ValueError, match=r"python -m \S+ run --world crafter_oo"):
        dream_in(CRAFTER, core_of(CRAFTER), str(tmp_path))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("nowhere", "'nowhere' is neither a folder .* nor package.module:factory"),
        ("nowhere:model", "could not be made: ModuleNotFoundError"),
        ("worldmodels.kernel:nothing", "could not be made: AttributeError"),
        ("math:sqrt", "could not be made: TypeError"),
        ("json:JSONDecoder", "is a JSONDecoder; its factory must return"),
        (KERNELS[HOMESTEAD], "cannot dream of crafter_oo: \\w+Error: [^\\n]*$"),
        ("test_dreams:Confused", "dreams of int where crafter_oo has WorldState"),
    ],
)
def test_what_is_no_model_of_the_world_is_refused(model: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dream_in(CRAFTER, core_of(CRAFTER), model)


class Confused(Standstill):
    """Dreams of a number."""

    @override
    def sample(self, key: int, state: Any, action: Any) -> Any:
        return key


def test_worlds_without_things_cannot_be_dreamt() -> None:
    with pytest.raises(ValueError, match="dreams of CrafterOO-v0, Homestead-v0; got ToyWalk-v0"):
        dream_in("ToyWalk-v0", core_of(CRAFTER), KERNELS[CRAFTER])


def test_every_world_that_can_be_learned_can_be_dreamt() -> None:
    assert set(ENVIRONMENTS) == set(WORLDS)
    assert [find_world(each).id for each in ENVIRONMENTS.values()] == list(ENVIRONMENTS.values())
