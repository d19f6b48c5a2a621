"""The plain tasks as worlds: rewards, starts, parameters, text, pictures, steering."""

import functools
import math
from typing import Any

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import TypeCheckError

import envs  # noqa: F401  # registers the ids
from envs.canvas import strip_height
from envs.catalog import CATALOG, find_world, load_core, make_params
from envs.classic_pictures import draw_pendulum
from envs.control.bodies import point_mass
from envs.control.env import Control, ControlState
from envs.control.params import ControlParams
from envs.control.steering import Steer
from envs.control.task import Scale
from envs.control.tasks import HELD_OUT, MJX_TASKS, TASK_IDS, TASKS, TRAINING
from envs.control.tolerance import SIGMOIDS, tolerance

CORE = Control()
KEY = jax.random.key(0)
COUNT = 2000


def test_every_task_has_an_id_and_every_id_a_task() -> None:
    rows = [row for row in CATALOG.values() if row.id.startswith("Control/")]
    assert {row.id: row.preset["task"] for row in rows} == {
        f"Control/{name}-v0": name for name in TASK_IDS
    }
    assert {row.preset["task"] for row in rows if row.extra == "mjx"} == set(MJX_TASKS)
    assert list(TASK_IDS.values()) == list(range(len(TASK_IDS)))
    preset = CATALOG["MetaControlHeldOut-v0"].preset
    assert preset == {"task_pool": HELD_OUT, "split": "test"}
    assert not set(TRAINING) & set(HELD_OUT)


def test_sizes_are_those_of_the_published_tasks() -> None:
    sizes = {name: (task.obs_dim, task.num_actions) for name, task in TASKS.items()}
    for name, size in {
        "Pendulum": (3, 1), "Cartpole": (5, 1), "Acrobot": (6, 1), "PointMass": (4, 2),
        "Reacher": (6, 2), "MountainCar": (2, 1), "BallInCup": (8, 2),
    }.items():  # fmt: skip
        of_family = [sizes[task] for task in sizes if task.startswith(name)]
        assert of_family == [size] * len(of_family)
    limits = {"MountainCarContinuous": 999, "Pendulum": 200}
    assert {name: task.max_steps for name, task in TASKS.items()} == {
        name: limits.get(name, 1000) for name in TASKS
    }


@pytest.mark.parametrize("sigmoid", SIGMOIDS)
def test_a_tolerance_is_one_inside_its_bounds_and_its_value_at_the_margin(sigmoid: str) -> None:
    numbers = jnp.float32([-2, -1, 0.5, 2, 2 + 3, -1 - 3, 2 + 60])
    values = jax.vmap(
        lambda number: tolerance(number, -1.0, 2.0, 3.0, value_at_margin=0.2, sigmoid=sigmoid)
    )(numbers)
    np.testing.assert_allclose(values[1:4], 1)
    np.testing.assert_allclose(values[4:6], 0.2, rtol=1e-5)
    assert 0.2 < values[0] < 1
    assert values[6] < 0.02
    bare = jax.vmap(lambda number: tolerance(number, -1.0, 2.0))(numbers)
    assert bare.tolist() == [0, 1, 1, 1, 0, 0, 0]


def test_an_unknown_tolerance_is_refused() -> None:
    with pytest.raises(ValueError, match=r"sigmoid is one of .*; got 'cubic'"):
        tolerance(jnp.float32(1), sigmoid="cubic")


REWARDS: list[tuple[str, list[float], list[float], float]] = [
    ("PendulumSwingup", [math.radians(7.9), 3], [1], 1),
    ("PendulumSwingup", [math.radians(8.1), 0], [0], 0),
    ("CartpoleSwingup", [0, 0, 0, 0], [0], 1),
    ("CartpoleSwingup", [0, 0, 9, 0], [1], 0.8),
    ("CartpoleSwingup", [2, 0, 0, 0], [0], 0.55),
    ("CartpoleBalance", [0, math.pi / 2, 0, 0], [0], 0.5),
    ("CartpoleBalance", [0, 0, 0, -5], [0.5], 0.55 * (4 + 0.75) / 5),
    ("CartpoleSwingupSparse", [0.24, math.acos(0.996), 5, 5], [1], 1),
    ("CartpoleBalanceSparse", [0.26, 0, 0, 0], [0], 0),
    ("CartpoleBalanceSparse", [0, math.acos(0.994), 0, 0], [0], 0),
    ("AcrobotSwingup", [0, 0, 3, 3], [1], 1),
    ("AcrobotSwingup", [0, math.acos(1 - 1.2**2 / 2), 0, 0], [0], 0.1),
    ("AcrobotSwingupSparse", [0, 0.21, 0, 0], [0], 0),
    ("AcrobotSwingupSparse", [0, 0.19, 0, 0], [0], 1),
    ("PointMassEasy", [0.009, 0.012, 0, 0], [0, 0], 1),
    ("PointMassEasy", [0.018, 0.024, 0, 0], [1, 0], 0.1 * 4.5 / 5),
    ("PointMassHard", [0.0, 0.0, 0, 0, 1, 0, 0, 1], [1, 1], 0.8),
    ("ReacherEasy", [0, 0, 0, 0, 0.181, 0], [0, 0], 1),
    ("ReacherEasy", [0, 0, 0, 0, 0.179, 0], [0, 0], 0),
    ("ReacherHard", [math.pi / 2, 0, 0, 0, 0, 0.216], [0, 0], 1),
    ("ReacherHard", [math.pi / 2, 0, 0, 0, 0, 0.214], [0, 0], 0),
    ("BallInCupLite", [0.1, 0, 0.124, 0.374, 0, 0, 0, 0], [1, 1], 1),
    ("BallInCupLite", [0.1, 0, 0.124, 0.376, 0, 0, 0, 0], [0, 0], 0),
    ("BallInCupLite", [0, 0.1, 0.024, 0.426, 0, 0, 9, 9], [0, 0], 1),
    ("BallInCupLite", [0, 0.1, -0.026, 0.426, 0, 0, 0, 0], [0, 0], 0),
    ("MountainCarContinuous", [0.45, 0.0], [0.5], 100 - 0.025),
    ("MountainCarContinuous", [0.44, 0.01], [-1], -0.1),
]


@pytest.mark.parametrize(("name", "body", "action", "expected"), REWARDS)
def test_rewards_at_chosen_places(
    name: str, body: list[float], action: list[float], expected: float
) -> None:
    after = tuple(jnp.float32(body))
    reward = TASKS[name].reward(after, tuple(jnp.float32(action)), after, Scale())
    assert float(reward) == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_the_classic_pendulum_is_paid_for_where_it_was() -> None:
    body, after = tuple(jnp.float32([math.pi + 0.5, 2])), tuple(jnp.float32([0, 0]))
    reward = TASKS["Pendulum"].reward(body, (jnp.float32(0.5),), after, Scale())
    assert float(reward) == pytest.approx(-((math.pi - 0.5) ** 2 + 0.4 + 0.001), rel=1e-5)


@functools.cache
def random_steps() -> dict[str, Any]:
    """Starts of every task and ten steps of each under random actions, led by (time, B)."""

    @jax.jit
    def run(key: Any) -> dict[str, Any]:
        out = {}
        for name in TASKS:
            params = ControlParams(task=name)
            states = jax.vmap(CORE.initial, in_axes=(0, None))(jax.random.split(key, COUNT), params)
            shape = (10, COUNT, TASKS[name].num_actions)
            actions = jax.random.uniform(key, shape, minval=-1.5, maxval=1.5)

            def step(states: Any, action: Any, params: ControlParams = params) -> Any:
                stepped = jax.vmap(CORE.step, in_axes=(None, 0, 0, None))
                return stepped(KEY, states, action, params)

            out[name] = jnp.stack(states.body), jax.lax.scan(step, states, actions)[1]
        return out

    return jax.tree.map(np.asarray, run(jax.random.key(1)))


@pytest.mark.parametrize("name", TASKS)
def test_rewards_of_random_steps_are_within_what_the_task_pays(name: str) -> None:
    _, out = random_steps()[name]
    least, most = TASKS[name].pays
    least = -0.1 if name == "MountainCarContinuous" else least
    assert out.reward.dtype == np.float32
    assert out.reward.min() >= least - 1e-6
    assert out.reward.max() <= most
    assert np.isfinite(out.obs).all()
    assert not (out.terminated | out.truncated).any()


def uniform(low: float, high: float) -> tuple[float, float, float, float]:
    """Mean, standard deviation, least and largest."""
    return (low + high) / 2, (high - low) / math.sqrt(12), low, high


def normal(mean: float, std: float) -> tuple[float, float, float, float]:
    return mean, std, mean - 6 * std, mean + 6 * std


STILL = (0.0, 0.0, 0.0, 0.0)
ANYWHERE = uniform(-math.pi, math.pi)
BOX = uniform(-0.29, 0.29)
STARTS = {
    "PendulumSwingup": [ANYWHERE, STILL],
    "Pendulum": [ANYWHERE, uniform(-1, 1)],
    "CartpoleBalance": [uniform(-0.1, 0.1), uniform(-0.034, 0.034), *[normal(0, 0.01)] * 2],
    "CartpoleSwingup": [normal(0, 0.01), normal(math.pi, 0.01), *[normal(0, 0.01)] * 2],
    "AcrobotSwingup": [ANYWHERE, ANYWHERE, STILL, STILL],
    "PointMassEasy": [BOX, BOX, STILL, STILL],
    "PointMassHard": [BOX, BOX, STILL, STILL],
    "ReacherEasy": [ANYWHERE, uniform(-math.radians(160), math.radians(160)), STILL, STILL],
    "MountainCarContinuous": [uniform(-0.6, -0.4), STILL],
}


@pytest.mark.parametrize("name", STARTS)
def test_episodes_start_where_the_task_says(name: str) -> None:
    bodies, _ = random_steps()[name]
    for number, (mean, std, low, high) in zip(bodies, STARTS[name], strict=False):
        assert number.min() >= low - 1e-6
        assert number.max() <= high + 1e-6
        assert number.mean() == pytest.approx(mean, abs=0.1 * std + 1e-9)
        assert number.std() == pytest.approx(std, rel=0.06, abs=1e-9)


def test_targets_and_motors_are_drawn_as_the_tasks_say() -> None:
    *_, x, y = random_steps()["ReacherHard"][0]
    radius = np.hypot(x, y)
    assert radius.min() == pytest.approx(0.05, abs=2e-3)
    assert radius.max() == pytest.approx(0.2, abs=2e-3)
    assert radius.mean() == pytest.approx(0.125, abs=4e-3)
    first, second = np.split(random_steps()["PointMassHard"][0][4:], 2)
    np.testing.assert_allclose(np.hypot(*first), 1, atol=1e-5)
    np.testing.assert_allclose(np.hypot(*second), 1, atol=1e-5)
    alike = (first * second).sum(axis=0)
    assert np.abs(alike).max() <= point_mass.MOST_ALIKE + 1e-5
    assert np.abs(alike).max() > 0.89
    assert abs(alike.mean()) < 0.05
    turned = np.sign(first[0] * second[1] - first[1] * second[0])
    assert abs(turned.mean()) < 0.1, "to either side"


def test_episodes_are_cut_short_and_only_the_car_ends_one() -> None:
    params = ControlParams(task="MountainCarContinuous", max_steps=2)
    state = CORE.initial(KEY, params)
    at_top = type(state)(body=(jnp.float32(0.449), jnp.float32(0.02)), time=state.time)
    _, out = CORE.step(KEY, at_top, np.float32([1]), params)
    assert (bool(out.terminated), bool(out.truncated)) == (True, False)
    assert float(out.reward) == pytest.approx(99.9)
    for expected in (False, True):
        state, out = CORE.step(KEY, state, np.float32([0]), params)
        assert (bool(out.terminated), bool(out.truncated)) == (False, expected)


def test_forces_beyond_the_range_are_clipped() -> None:
    params = ControlParams(task="PointMassEasy")
    state = CORE.initial(KEY, params)
    for wild, tame in (([5.0, -9.0], [1.0, -1.0]), ([7, 0], [1.0, 0.0])):
        left, right = (CORE.step(KEY, state, jnp.asarray(a), params) for a in (wild, tame))
        jax.tree.map(np.testing.assert_array_equal, left, right)


@pytest.mark.parametrize("action", [[0.0], [0.0, 0.0, 0.0], 0.5, [np.nan, 0.0], [1.5, 0.0]])
def test_a_wrong_action_is_refused_at_the_rim(action: Any) -> None:
    env = gymnasium.make("Control/ReacherEasy-v0", disable_env_checker=True).unwrapped
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"an action is a member of Box\(-1.0, 1.0, \(2,\)"):
        env.step(np.array(action, np.float32))


def test_a_wrong_number_of_forces_is_refused_by_the_core() -> None:
    params = ControlParams(task="ReacherEasy")
    with pytest.raises(ValueError, match=r"has the shape \(2,\); got \(3,\)"):
        CORE.step(KEY, CORE.initial(KEY, params), np.zeros(3, np.float32), params)


@pytest.mark.parametrize(
    ("keywords", "why"),
    [
        ({"task": "Walk"}, "no task is called 'Walk'; there are: PendulumSwingup, Cart"),
        ({"mass_scale": 0.0}, "mass_scale is a number above 0; got 0.0"),
        ({"length_scale": math.nan}, "length_scale is a number above 0; got nan"),
        ({"task": "Pendulum", "mass_scale": 2.0}, "Pendulum has neither masses nor lengths"),
        ({"max_steps": 0}, "max_steps is 1 or more; got 0"),
    ],
)
def test_a_wrong_parameter_is_refused_in_one_line(keywords: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        make_params(find_world("Control/CartpoleSwingup-v0"), keywords)


def test_a_saved_state_is_read_back_and_a_spoilt_one_refused() -> None:
    params = ControlParams(task="ReacherEasy")
    state = CORE.initial(KEY, params)
    text = CORE.dumps(state)
    again = CORE.loads(text)
    assert jax.tree.structure(again) == jax.tree.structure(state)
    jax.tree.map(np.testing.assert_array_equal, again, state)
    with pytest.raises(ValueError, match="body is a list; got 3"):
        CORE.loads('{"body": 3, "time": 0}')
    with pytest.raises(ValueError, match=r"body is made of .*numbers"):
        CORE.loads('{"body": ["x"], "time": 0}')
    with pytest.raises(ValueError, match="numbers place, angle, speed, spin; the state has 6"):
        CORE.observe(again, ControlParams(task="CartpoleBalance"))


@pytest.mark.parametrize("name", TASKS)
def test_every_task_is_drawn_and_told_and_the_picture_moves(name: str) -> None:
    params = ControlParams(task=name)
    bodies, out = random_steps()[name]
    first = CORE.initial(KEY, params)
    state = type(first)(body=tuple(jnp.asarray(bodies[:, 0])), time=first.time)
    other = type(first)(body=tuple(jnp.asarray(bodies[:, 1])), time=first.time)
    picture = CORE.render(state, params, (120, 90))
    assert picture.shape == (90, 120, 3)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 20
    if not name.startswith("CartpoleSwingup"):  # starts differ by less than a pixel
        assert (picture != CORE.render(other, params, (120, 90))).any()
    words = CORE.text(state, params)
    assert words.startswith(f"{name}, step 0\n{TASKS[name].body[0]}: ")
    assert list(CORE.panel(state, params)[name]) == list(TASKS[name].body)
    del out


def test_the_pendulum_of_gymnasium_is_drawn_as_in_games_of_memory() -> None:
    angle, spin = jnp.float32(2.0), jnp.float32(0.0)
    state = ControlState(body=(angle, spin), time=jnp.int32(0))
    ours = CORE.render(state, ControlParams(task="Pendulum"), (100, 100))
    theirs = draw_pendulum(2.0, "", 1.0, (100, 100))
    foot = int(strip_height((100, 100)))
    np.testing.assert_array_equal(ours[: -foot - 1], theirs[: -foot - 1])
    left, right = ours[:-foot, :45], ours[:-foot, 55:]
    assert left.std() > right.std(), "an angle above 0 is to the left of upright"


def test_the_picture_of_a_body_that_is_lost_is_still_drawn() -> None:
    params = ControlParams(task="AcrobotSwingup")
    state = CORE.initial(KEY, params)
    lost = type(state)(body=(jnp.float32(np.nan),) * 4, time=state.time)
    assert CORE.render(lost, params, (64, 64)).shape == (64, 64, 3)


def test_arrow_keys_steer_one_axis_each_and_no_key_lets_go() -> None:
    plane, line = ControlParams(task="ReacherEasy"), ControlParams(task="PendulumSwingup")
    assert CORE.keys()["left"] == Steer.LEFT
    steered = {step: CORE.action_of(step, plane).tolist() for step in Steer}
    assert list(steered.values()) == [[0, 0], [-1, 0], [1, 0], [0, -1], [0, 1]]
    assert [CORE.action_of(step, line).tolist() for step in Steer] == [[0], [-1], [1], [0], [0]]
    assert CORE.action_of(CORE.idle_action, plane).tolist() == [0, 0]
    env: Any = gymnasium.make("Control/ReacherEasy-v0").unwrapped
    actions = list(env.get_keys_to_action().values())
    assert all(env.action_space.contains(action) for action in actions)


def test_bodies_are_checked_where_types_are() -> None:
    with pytest.raises(TypeCheckError):
        tolerance("near")  # type: ignore[arg-type]  # on purpose
    assert load_core(find_world("Control/Pendulum-v0")) is load_core(
        find_world("Control/ReacherHard-v0")
    )
