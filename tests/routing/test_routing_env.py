"""The four routing worlds: their rules against plain numpy, rewards, refusals, instances."""

import dataclasses
import functools
import warnings
from pathlib import Path
from typing import Any

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from routing_reference import Orienteering, Routes, Tour, ViaRoutes

import envs  # noqa: F401  # registers the ids
from envs.catalog import find_world, load_core, make_params
from envs.routing.generators import generate
from envs.routing.instances import ATSP, CVRP, OP, TSP
from envs.routing.rules import random_action
from envs.routing.solution import routes_of
from envs.routing.state import layout_of

KEY = jax.random.key(0)  # transitions use none
EPISODES = 1000

KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "tsp": ("TSP-v0", {"num_nodes": 9}),
    "tsp-free": ("TSP-v0", {"num_nodes": 9, "free_start": True, "generator": "cluster"}),
    "atsp": ("ATSP-v0", {"num_nodes": 9}),
    "cvrp": ("CVRP-v0", {"num_nodes": 8, "generator": "mixed"}),
    "cvrp-via": ("CVRP-v0", {"num_nodes": 8, "action_mode": "via"}),
    "op": ("OP-v0", {"num_nodes": 9, "generator": "explosion"}),
}


def world(name: str, **keywords: Any) -> tuple[Any, Any]:
    """Core and params of an id."""
    row = find_world(name)
    return load_core(row), make_params(row, keywords)


@functools.cache
def jitted(core: Any, hook: str) -> Any:
    """A hook of a core, compiled; eagerly each operation would be compiled by itself."""
    return jax.jit(getattr(core, hook))


def layout_distances(layout: Any) -> Any:
    if layout.metric != "EUCLIDEAN":
        return np.asarray(layout.matrix, np.float64)
    coords = np.asarray(layout.coords, np.float64)
    return np.sqrt(((coords[:, None] - coords[None]) ** 2).sum(-1))


def reference_of(kind: str, layout: Any) -> Any:
    distances = layout_distances(layout)
    if kind.startswith("cvrp"):
        rules = ViaRoutes if kind == "cvrp-via" else Routes
        return rules(distances, np.asarray(layout.demands), int(layout.capacity))
    if kind == "op":
        return Orienteering(
            distances, np.asarray(layout.prizes, np.float64), float(layout.max_length)
        )
    return Tour(distances, None if kind == "tsp-free" else 0)


def instance_of(kind: str, layout: Any) -> Any:
    """The instance that a drawn layout is about."""
    if kind == "atsp":
        return ATSP(np.asarray(layout.matrix, np.float64))
    coords = np.asarray(layout.coords, np.float64)
    if kind.startswith("tsp"):
        return TSP(coords)
    if kind == "op":
        prizes = np.asarray(layout.prizes, np.float64)
        return OP(coords, prizes, float(layout.max_length) + 1e-5)
    return CVRP(coords, np.asarray(layout.demands, np.int64), int(layout.capacity))


@functools.cache
def episodes(kind: str) -> tuple[Any, Any, Any]:
    """First states, and what random legal actions led to: states and steps, led by (time, B)."""
    core, params = world(KINDS[kind][0], **KINDS[kind][1])

    @jax.jit
    def run(key: Any) -> Any:
        first_key, walk_key = jax.random.split(key)
        keys = jax.random.split(first_key, EPISODES)
        states = jax.vmap(core.initial, in_axes=(0, None))(keys, params)
        mask_of = jax.vmap(core.action_mask, in_axes=(0, None))

        def advance(states: Any, key: Any) -> Any:
            actions = random_action(key, mask_of(states, params))
            step = jax.vmap(core.step, in_axes=(None, 0, 0, None))
            after, out = step(KEY, states, actions, params)
            return after, (after, out, actions)

        return states, *jax.lax.scan(advance, states, jax.random.split(walk_key, 17))[1]

    states, after, out, actions = run(jax.random.key(7))
    return jax.tree.map(np.asarray, (states, (after, out), actions))


def at(tree: Any, *index: int) -> Any:
    return jax.tree.map(lambda leaf: leaf[index], tree)


@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_random_episodes_are_those_of_the_reference(kind: str) -> None:
    states, (after, out), actions = episodes(kind)
    for episode in range(EPISODES):
        plain = reference_of(kind, at(states.layout, episode))
        expected: dict[str, list[Any]] = {"mask": [], "over": []}
        while not plain.over():
            plain.step(int(actions[len(expected["over"]), episode]))
            expected["mask"].append(plain.mask() & (not plain.over()))
            expected["over"].append(plain.over())
            for name, value in plain.numbers().items():
                expected.setdefault(name, []).append(value)
        steps = len(expected["over"])
        found = {"mask": out.obs["action_mask"] != 0, "over": out.terminated}
        found |= {name: getattr(after, name) for name in plain.numbers()}
        for name, values in expected.items():
            seen, wanted = found[name][:steps, episode], np.array(values)
            is_exact = wanted.dtype.kind != "f"
            assert np.allclose(seen, wanted, 0.0, 0.0 if is_exact else 1e-5), (episode, name)


@pytest.mark.parametrize("kind", KINDS)
def test_rewards_add_up_to_what_the_instance_says_of_the_solution(kind: str) -> None:
    states, (after, out), _ = episodes(kind)
    total = out.reward.astype(np.float64).sum(0)
    for episode in range(0, EPISODES, 10):
        routes = routes_of(at(after, -1, episode))
        instance = instance_of(kind, at(states.layout, episode))
        if kind == "op":
            value = instance.prize(routes[0] if routes else [])
        elif kind.startswith("cvrp"):
            value = -instance.cost(routes)
        else:
            value = -instance.cost(routes[0])
        assert total[episode] == pytest.approx(value, abs=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_some_action_is_legal_until_the_end_and_none_after_it(kind: str) -> None:
    _, (_, out), _ = episodes(kind)
    has_action = out.obs["action_mask"].any(-1)
    np.testing.assert_array_equal(has_action, ~out.terminated)
    assert out.terminated[-1].all()
    assert not out.truncated.any(), "no solution takes longer than the time limit"
    assert out.info["is_success"][-1].all()
    assert not out.info["invalid_action"].any()


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_changes_and_nothing_is_paid_after_the_end(kind: str) -> None:
    _, (after, out), _ = episodes(kind)
    for episode in range(0, EPISODES, 50):
        end = int(out.terminated[:, episode].argmax())
        for time in range(end + 1, len(out.reward)):
            jax.tree.map(
                np.testing.assert_array_equal, at(after, time, episode), at(after, end, episode)
            )
            assert out.reward[time, episode] == 0


@pytest.mark.parametrize(
    ("kind", "invalid"),
    [*((kind, "terminate") for kind in ("tsp", "cvrp", "cvrp-via", "op")), ("tsp", "noop")],
)
def test_every_illegal_action_is_refused_and_changes_nothing(kind: str, invalid: str) -> None:
    name, fields = KINDS[kind]
    core, params = world(name, **fields, invalid=invalid)
    state = middle(core, params)
    mask = np.asarray(jitted(core, "action_mask")(state, params))
    illegal = [*np.flatnonzero(~mask).tolist(), -1, mask.size, 10**6]
    step = jitted(core, "step")
    for action in illegal:
        after, out = step(KEY, state, action, params)
        expected = dataclasses.replace(state, time=state.time + 1, is_refused=jnp.bool_(True))
        jax.tree.map(np.testing.assert_array_equal, after, expected)
        assert bool(out.terminated) == (invalid == "terminate")
        assert bool(out.info["invalid_action"])
        legs = {"terminate": 2 * params.num_nodes, "noop": 1}[invalid]
        fine = 0.0 if kind == "op" else legs * 2**0.5
        assert float(out.reward) == pytest.approx(-fine)
    legal = int(np.flatnonzero(mask)[-1])
    later, out = step(KEY, after, legal, params)
    assert bool(out.terminated) == (invalid == "terminate"), "what has ended stays ended"
    assert (int(later.current) == int(state.current)) == (invalid == "terminate")


def middle(core: Any, params: Any) -> Any:
    """A state after two legal moves, the last one to a node."""
    state = jitted(core, "initial")(jax.random.key(1), params)
    for _ in range(2):
        action = int(np.flatnonzero(jitted(core, "action_mask")(state, params))[-1])
        state = jitted(core, "transition")(KEY, state, action, params)
    return state


@pytest.mark.parametrize("kind", ["tsp", "cvrp", "op"])
def test_sparse_rewards_pay_at_the_end_what_dense_ones_pay_on_the_way(kind: str) -> None:
    name, fields = KINDS[kind]
    core, dense = world(name, **fields)
    sparse = dataclasses.replace(dense, reward="sparse")
    step = jitted(core, "step")
    for breaks_off in (False, True):
        state, total, paid = jitted(core, "initial")(jax.random.key(2), dense), 0.0, []
        for _ in range(20):
            mask = np.asarray(jitted(core, "action_mask")(state, dense))
            action = int(np.flatnonzero(mask)[-1])
            if breaks_off and len(paid) == 2:
                action = -1
            total += float(step(KEY, state, action, dense)[1].reward)
            state, out = step(KEY, state, action, sparse)
            paid.append(float(out.reward))
            if out.terminated:
                break
        assert bool(out.terminated)
        assert len(paid) > 1
        assert not any(paid[:-1])
        assert paid[-1] == pytest.approx(total, abs=1e-5)


def test_a_time_limit_cuts_an_episode_short() -> None:
    core, params = world("TSP-v0", num_nodes=4, invalid="noop", max_steps=2)
    state = jitted(core, "initial")(KEY, params)
    state, first = jitted(core, "step")(KEY, state, 0, params)
    state, second = jitted(core, "step")(KEY, state, 1, params)
    assert [bool(out.truncated) for out in (first, second)] == [False, True]
    assert make_params(find_world("CVRP-v0"), {"num_nodes": 7}).last_step == 28


@pytest.mark.parametrize("kind", ["tsp", "cvrp", "op"])
def test_renaming_nodes_changes_neither_cost_nor_masks(kind: str) -> None:
    name, fields = KINDS[kind]
    core, params = world(name, **fields)
    states, _, actions = episodes(kind)
    layout = at(states.layout, 3)
    renamed = np.concatenate([[0], 1 + np.random.default_rng(0).permutation(params.size - 1)])
    changes = {
        field: getattr(layout, field)[np.argsort(renamed)]
        for field in ("coords", "demands", "prizes", "way_home")
        if hasattr(layout, field)
    }
    layout, changes = jax.tree.map(jnp.asarray, (layout, changes))
    moved = dataclasses.replace(layout, **changes)
    first, second = (core.first(each, params) for each in (layout, moved))
    step = jitted(core, "step")
    for action in actions[:, 3]:
        first, out = step(KEY, first, action, params)
        second, other = step(KEY, second, renamed[action], params)
        assert float(out.reward) == pytest.approx(float(other.reward), abs=1e-6)
        np.testing.assert_array_equal(out.obs["action_mask"], other.obs["action_mask"][renamed])


def test_the_three_examples_worked_out_by_hand() -> None:
    square = np.array([[0.0, 0.0], [3.0, 0.0], [3.0, 4.0], [0.0, 4.0]])
    core, params = world("TSP-v0", instance=TSP(square, optimum=14.0))
    env: Any = gymnasium.make("TSP-v0", instance=TSP(square, optimum=14.0))
    obs, info = env.reset(seed=0)
    np.testing.assert_array_equal(obs["coords"], square)
    assert np.isnan(info["gap"])
    steps = [env.step(action) for action in (2, 1, 3)]
    assert [step[1] for step in steps] == [-5.0, -4.0, -9.0]
    assert steps[-1][2]
    assert (steps[-1][4]["optimal"], steps[-1][4]["cost"]) == (14, 18)
    assert steps[-1][4]["gap"] == pytest.approx(100 * 4 / 14)
    del core, params

    demands = np.array([0, 4, 3, 2])
    env = gymnasium.make("CVRP-v0", instance=CVRP(square, demands, 6))
    obs, _ = env.reset(seed=0)
    np.testing.assert_allclose(obs["demands"], demands / 6, rtol=1e-6)
    assert obs["action_mask"].tolist() == [0, 1, 1, 1]
    obs, reward, *_ = env.step(1)
    assert (reward, obs["capacity_left"].tolist()) == (-3, [pytest.approx(1 / 3)])
    assert obs["action_mask"].tolist() == [1, 0, 0, 1]
    assert env.step(3)[1] == -5
    obs, reward, *_ = env.step(0)
    assert (reward, obs["capacity_left"].tolist()) == (-4, [1.0])
    assert obs["action_mask"].tolist() == [0, 0, 1, 0]
    assert env.step(2)[1:3] == (-10, True)
    assert routes_of(env.unwrapped.state) == [[1, 3], [2]]

    square[3] = 0.0, 5.0
    env = gymnasium.make("OP-v0", instance=OP(square, np.array([0.0, 1.0, 5.0, 2.0]), 12.0))
    obs, _ = env.reset(seed=0)
    assert obs["action_mask"].tolist() == [1, 1, 1, 1]
    obs, reward, *_ = env.step(2)
    assert (reward, obs["length_left"].tolist()) == (5, [7])
    assert obs["action_mask"].tolist() == [1, 1, 0, 0], "by node 3 the way home is too long"
    assert env.step(1)[1:3] == (1, False)
    assert env.step(0)[1:3] == (0, True)


def test_rounded_distances_are_exact_and_observed_as_places() -> None:
    coords = np.random.default_rng(0).integers(0, 100_000, (6, 2)) + 0.25
    instance = TSP(coords, metric="EUC_2D")
    core, params = world("TSP-v0", instance=instance)
    state = jitted(core, "initial")(KEY, params)
    for node in range(1, 6):
        state = jitted(core, "transition")(KEY, state, node, params)
    assert float(state.cost) == instance.cost(range(6))
    assert core.observation_space(params).contains(
        {name: numpy_of(value) for name, value in core.observe(state, params).items()}
    )
    assert "dist" not in core.observe(state, params)


def numpy_of(value: Any) -> Any:
    array = np.asarray(value)
    return np.int64(array) if array.shape == () else array


@pytest.mark.parametrize("name", ["TSP-v0", "CVRP-v0", "OP-v0"])
def test_of_an_instance_of_distances_the_distances_are_observed(name: str) -> None:
    matrix = np.asarray(generate("tsp", 5, 1, 0)[0].distances() * 1000 // 1)
    prizes, demands = np.array([0.0, 1, 2, 3, 4]), np.array([0, 1, 2, 3, 4])
    given = {
        "TSP-v0": TSP(None, "EXPLICIT", matrix),
        "CVRP-v0": CVRP(None, demands, 5, "EXPLICIT", matrix),
        "OP-v0": OP(None, prizes, 1e4, "EXPLICIT", matrix),
    }
    core, params = world(name, instance=given[name])
    state = middle(core, params)
    obs = {key: numpy_of(value) for key, value in core.observe(state, params).items()}
    np.testing.assert_array_equal(obs["dist"], matrix)
    assert "coords" not in obs
    assert core.observation_space(params).contains(obs)
    assert core.render(state, params, (64, 64)).shape == (64, 64, 3)
    again = core.loads(core.dumps(state))
    assert jax.tree.structure(again) == jax.tree.structure(state)
    jax.tree.map(np.testing.assert_array_equal, again, state)


def test_resources_can_be_set_and_override_those_of_an_instance() -> None:
    cvrp = generate("cvrp", 5, 1, 0)[0]
    op = generate("op", 5, 1, 0)[0]
    for name, given in (("CVRP-v0", {"capacity": 77}), ("OP-v0", {"max_length": 2.5})):
        for instance in (None, {"CVRP-v0": cvrp, "OP-v0": op}[name]):
            core, params = world(name, num_nodes=5, instance=instance, **given)
            layout = jitted(core, "initial")(KEY, params).layout
            (field, value), *_ = given.items()
            assert float(getattr(layout, field)) == value
            assert layout.optimum is None


@pytest.mark.parametrize(
    ("name", "keywords", "why"),
    [
        ("TSP-v0", {"num_nodes": 1}, "num_nodes is a whole number, 2 or more; got 1"),
        ("CVRP-v0", {"num_nodes": 0}, "num_nodes is a whole number, 1 or more; got 0"),
        ("TSP-v0", {"generator": "spiral"}, "generator is one of .*; got 'spiral'"),
        ("ATSP-v0", {"reward": "rich"}, "reward is one of .*; got 'rich'"),
        ("TSP-v0", {"invalid": "ignore"}, "invalid is one of .*; got 'ignore'"),
        ("CVRP-v0", {"action_mode": "fly"}, "action_mode is one of .*; got 'fly'"),
        ("CVRP-v0", {"capacity": 8}, "capacity is 9 or more, the largest demand; got 8"),
        ("OP-v0", {"prize_type": "gold"}, "prize_type is one of .*; got 'gold'"),
        ("OP-v0", {"max_length": -1.0}, "max_length is finite, 0 or more; got -1.0"),
        ("TSP-v0", {"max_steps": 0}, "max_steps is 1 or more; got 0"),
        ("TSP-v0", {"instance": "no/such.tsp"}, "cannot be read from no/such.tsp: No such file"),
        ("TSP-v0", {"instance": 3}, "instance is a TSP of .* file with one; got int"),
        ("ATSP-v0", {"instance": TSP(np.eye(2))}, "instance is a ATSP .*; got TSP"),
    ],
)
def test_a_wrong_parameter_is_refused_in_one_line(
    name: str, keywords: dict[str, Any], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        world(name, **keywords)


@pytest.mark.parametrize("kind", ["tsp-free", "atsp", "cvrp", "op"])
def test_a_saved_state_is_read_back(kind: str) -> None:
    core, params = world(KINDS[kind][0], **KINDS[kind][1])
    state = middle(core, params)
    again = core.loads(core.dumps(state))
    assert jax.tree.structure(again) == jax.tree.structure(state)
    jax.tree.map(np.testing.assert_array_equal, again, state)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('"current": 7', '"current": 99', "current is a node; got 99"),
        ('"current": 7', '"current": 1.5', "current is a Int32|current is made of"),
        ('"current": 7', '"current": "x"', "current is a Int32|current is made of"),
        ('"current"', '"curent"', "a state is a JSON object of the fields layout, order"),
        ('"demands": [', '"demands": [1,', r"order is a .* as elsewhere; got the shape \(9,\)"),
        ('"metric": "EUCLIDEAN"', '"metric": 3', "metric is text; got 3"),
        ("{", "", "a state is a JSON object; "),
    ],
)
def test_a_spoilt_state_is_refused_with_the_field_named(old: str, new: str, why: str) -> None:
    core, params = world("CVRP-v0", num_nodes=8)
    text = core.dumps(middle(core, params))
    assert old in text
    with pytest.raises(ValueError, match=why):
        core.loads(text.replace(old, new, 1))


@pytest.mark.parametrize("name", ["TSP-v0", "Knapsack-v0"])
def test_an_illegal_action_raises_where_that_is_asked_for(name: str) -> None:
    env: Any = gymnasium.make(name, invalid="raise").unwrapped
    obs, _ = env.reset(seed=0)
    legal, illegal = int(obs["action_mask"].argmax()), int(obs["action_mask"].argmin())
    if name == "Knapsack-v0":
        illegal = legal
        env.step(legal)
    before = env.state
    with pytest.raises(ValueError, match=f"action {illegal} is illegal now; legal are"):
        env.step(illegal)
    assert env.state is before
    with pytest.raises(ValueError, match=r"cannot raise at illegal actions; .*sync"):
        gymnasium.make_vec(name, num_envs=2, invalid="raise")


def test_places_may_come_from_a_function() -> None:
    def ring(key: Any, num_nodes: int) -> Any:
        turn = jnp.linspace(0, 2 * jnp.pi, num_nodes) + jax.random.uniform(key)
        return 0.5 + 0.7 * jnp.stack([jnp.cos(turn), jnp.sin(turn)], axis=1)

    for name, size in (("TSP-v0", 8), ("CVRP-v0", 9), ("OP-v0", 9)):
        core, params = world(name, num_nodes=8, generator=ring)
        places = np.asarray(core.initial(KEY, params).layout.coords)
        assert places.shape == (size, 2)
        assert places.min() >= 0
        assert places.max() <= 1
        assert (np.abs(np.hypot(*(places - 0.5).T) - 0.6) < 0.11).all(), "0.7, or on the edge"
    core, params = world("TSP-v0", num_nodes=8, generator=lambda key, size: jnp.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"returns places of shape \(8, 2\), got \(3, 2\)"):
        core.initial(KEY, params)


@pytest.mark.parametrize(
    ("name", "key", "size"), [("TSP50-v0", "visited", 50), ("Knapsack100-v0", "packed", 100)]
)
def test_an_id_may_name_a_size(name: str, key: str, size: int) -> None:
    env = gymnasium.make(name)
    assert env.observation_space[key].shape == (size,)  # type: ignore[index]  # a Dict
    assert gymnasium.make(name, max_steps=3).unwrapped.params.max_steps == 3  # type: ignore[attr-defined]


def test_an_episode_may_begin_with_another_instance() -> None:
    env: Any = gymnasium.make("TSP-v0", num_nodes=5).unwrapped
    other = TSP(np.random.default_rng(0).random((5, 2)))
    core, params = world("TSP-v0", num_nodes=5)
    obs, _ = env.reset(options={"state": core.first(layout_of(other), params)})
    np.testing.assert_allclose(obs["coords"], other.coords, rtol=1e-6)


@pytest.mark.parametrize("name", ["TSP-v0", "ATSP-v0", "CVRP-v0", "OP-v0"])
def test_action_masks_are_the_observed_ones_and_sampling_by_them_solves(name: str) -> None:
    env: Any = gymnasium.make(name, num_nodes=5)
    env.action_space.seed(0)
    obs, info = env.reset(seed=0)
    for _ in range(11):
        masks = env.get_wrapper_attr("action_masks")()
        assert masks.dtype == np.bool_
        np.testing.assert_array_equal(masks, obs["action_mask"])
        np.testing.assert_array_equal(masks, info["action_mask"])
        obs, _, terminated, _, info = env.step(env.action_space.sample(mask=obs["action_mask"]))
        if terminated:
            break
    assert info["is_success"]


def test_action_masks_of_a_world_without_any_are_all_true() -> None:
    env: Any = gymnasium.make("ToroidalLife-v0", height=3, width=3).unwrapped
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.action_masks()
    env.reset(seed=0)
    assert env.action_masks().tolist() == [True] * 10
    boxed: Any = gymnasium.make("ToroidalLife-v0", action_mode="multi").unwrapped
    boxed.reset(seed=0)
    with pytest.raises(ValueError, match="masks are of actions in a Discrete space"):
        boxed.action_masks()


def test_random_actions_are_legal_and_equally_likely() -> None:
    mask = np.array([[0, 1, 1, 0, 1], [1, 0, 0, 0, 0], [0, 0, 0, 0, 1], [1] * 5], bool)
    many = jnp.asarray(np.tile(mask, (3000, 1, 1)))
    drawn = np.asarray(random_action(jax.random.key(0), many))
    for row, allowed in enumerate(mask):
        counts = np.bincount(drawn[:, row], minlength=5)
        assert not counts[~allowed].any()
        expected = 3000 / allowed.sum()
        assert (abs(counts[allowed] - expected) < 5 * np.sqrt(expected)).all()
    assert int(random_action(KEY, jnp.zeros(5, bool))) == 4


def test_an_instance_is_read_from_a_file(tmp_path: Path) -> None:
    places = "1 0 0\n2 30 0\n3 30 40\n4 0 41\n"
    lines = ("NAME: four", "TYPE: TSP", "DIMENSION: 4", "EDGE_WEIGHT_TYPE: EUC_2D")
    path = tmp_path / "four.tsp"
    path.write_text("\n".join([*lines, "NODE_COORD_SECTION", f"{places}EOF\n"]), encoding="utf-8")
    env: Any = gymnasium.make("TSP-v0", instance=str(path))
    obs, _ = env.reset(seed=0)
    assert obs["coords"].tolist() == [[0, 0], [30, 0], [30, 40], [0, 41]]
    assert [env.step(action)[1] for action in (1, 2, 3)] == [-30, -40, -30 - 41]
    with pytest.raises(ValueError, match=r"instance is a CVRP of .*; got TSP"):
        gymnasium.make("CVRP-v0", instance=str(path))


@pytest.mark.parametrize("name", ["TSP-v0", "ATSP-v0", "CVRP-v0", "OP-v0", "Knapsack-v0"])
def test_maskable_ppo_trains(name: str) -> None:
    from sb3_contrib import MaskablePPO

    size = "num_items" if name == "Knapsack-v0" else "num_nodes"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the learner, about its own dependencies
        env = gymnasium.make(name, **{size: 5})
        model = MaskablePPO("MultiInputPolicy", env, n_steps=64, device="cpu")
        model.learn(128)
    assert model.num_timesteps == 128
