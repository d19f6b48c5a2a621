"""Many tasks behind projections: what is drawn when, what the agent sees, where episodes end."""

import dataclasses
import functools
from typing import Any

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import envs  # noqa: F401  # registers the ids
from envs.catalog import find_world, make_params
from envs.control.bodies import ball_in_cup
from envs.control.meta import MetaControl
from envs.control.meta_params import MetaControlParams
from envs.control.projections import draw_projection, split_key
from envs.control.task import Scale
from envs.control.tasks import HELD_OUT, TASK_IDS, TASKS, TRAINING

CORE = MetaControl()
KEY = jax.random.key(0)
COUNT = 64
STEPS = 9
SHORT = MetaControlParams(
    num_episodes=3, max_steps=3, expose_projection=True, dynamics=(0.75, 1.25)
)


@functools.cache
def played(params: MetaControlParams = SHORT) -> tuple[Any, Any, Any]:
    """First states, then what random actions led to and the actions, led by (time, B)."""

    @jax.jit
    def run(key: Any) -> Any:
        start_key, action_key, step_key = jax.random.split(key, 3)
        keys = jax.random.split(start_key, COUNT)
        first = jax.vmap(CORE.reset, in_axes=(0, None))(keys, params)
        shape = (STEPS, COUNT, params.act_dim)
        actions = jax.random.uniform(action_key, shape, minval=-1.2, maxval=1.2)

        def step(states: Any, given: Any) -> Any:
            key, action = given
            keys = jax.random.split(key, COUNT)
            after, out = jax.vmap(CORE.step, in_axes=(0, 0, 0, None))(keys, states, action, params)
            return after, (after, out)

        steps = jax.lax.scan(step, first[0], (jax.random.split(step_key, STEPS), actions))[1]
        return first, steps, actions

    return jax.tree.map(np.asarray, run(jax.random.key(5)))


def test_every_task_of_the_pool_is_drawn_and_stays_for_the_meta_episode() -> None:
    (first, _), (states, out), _ = played()
    assert set(first.task.tolist()) == {0, 1, 2, 3}
    assert (states.task == first.task).all()
    names = [TRAINING[task] for task in first.task]
    assert out.info["task_id"][0].tolist() == [TASK_IDS[name] for name in names]
    assert out.info["split"].max() == 0


def test_projections_stay_inside_a_meta_episode_and_differ_between_them() -> None:
    (first, _), (states, out), _ = played()
    for name in ("obs_matrix", "action_matrix", "mark"):
        before, after = getattr(first.projection, name), getattr(states.projection, name)
        assert (after == before).all()
    matrices = first.projection.obs_matrix.reshape(COUNT, -1)
    assert len(np.unique(matrices, axis=0)) == COUNT
    assert len(set(first.projection.mark.tolist())) == COUNT
    np.testing.assert_array_equal(out.info["projection"][2], first.projection.obs_matrix)
    np.testing.assert_array_equal(out.info["action_projection"][2], first.projection.action_matrix)


def test_the_agent_sees_the_projection_of_what_the_task_shows_and_nothing_of_which_it_is() -> None:
    _, (states, out), actions = played()
    for copy in range(12):
        task = TASKS[TRAINING[int(states.task[0, copy])]]
        scale = Scale(states.mass_scale[0, copy], states.length_scale[0, copy])
        body = [number[1, copy] for number in states.body[: len(task.body)]]
        shown = np.array(task.observe(tuple(map(jnp.asarray, body)), scale))
        seen = out.obs[1, copy, :12]
        matrix = states.projection.obs_matrix[1, copy][: task.obs_dim]
        np.testing.assert_allclose(seen, shown @ matrix, atol=1e-5)
        norm = np.linalg.norm(shown)
        assert np.linalg.norm(seen) == pytest.approx(np.sqrt(2) * norm, rel=1e-4)
        again = seen @ np.linalg.pinv(matrix)
        np.testing.assert_allclose(again, shown, atol=1e-4)
        clipped = np.clip(actions[1, copy], -1, 1)
        np.testing.assert_array_equal(out.obs[1, copy, 12:14], clipped)
    np.testing.assert_array_equal(out.obs[..., 14], out.reward)


def test_actions_are_projected_and_clipped_before_they_move_the_body() -> None:
    (first, _), (states, out), actions = played()
    for copy in range(12):
        task = TASKS[TRAINING[int(first.task[copy])]]
        matrix = first.projection.action_matrix[copy][:, : task.num_actions]
        done = np.clip(np.clip(actions[0, copy], -1, 1) @ matrix, -1, 1)
        body = tuple(jnp.asarray(number[copy]) for number in first.body[: len(task.body)])
        scale = Scale(first.mass_scale[copy], first.length_scale[copy])
        forces = tuple(jnp.asarray(done))
        after = task.step(body, forces, scale)
        ours = [number[0, copy] for number in states.body[: len(task.body)]]
        np.testing.assert_allclose(ours, after, atol=1e-5)
        reward = float(task.reward(body, forces, after, scale))
        assert float(out.reward[0, copy]) == pytest.approx(reward, abs=1e-5)


def test_inner_ends_are_flags_and_the_last_one_truncates() -> None:
    (_, first_obs), (states, out), _ = played()
    ends = (np.arange(1, STEPS + 1) % 3 == 0)[:, None]
    assert (out.info["inner_done"] == ends).all()
    assert (out.obs[..., -2] == ends).all()
    assert (out.info["inner_truncated"] == ends).all()
    assert not out.info["inner_terminated"].any()
    assert not out.terminated.any()
    last = (np.arange(1, STEPS + 1) == STEPS)[:, None]
    assert (out.truncated == last).all()
    assert (out.obs[..., -1] == 0).all()
    assert (first_obs[:, -1] == 1).all()
    assert (first_obs[:, 12:16] == 0).all()
    assert out.info["inner_episode"][:, 0].tolist() == [0, 0, 1, 1, 1, 2, 2, 2, 3]
    assert out.info["inner_step"][:, 0].tolist() == [1, 2, 0] * 3
    sums = out.reward.reshape(3, 3, COUNT).sum(axis=1)
    np.testing.assert_allclose(out.info["inner_return"][2::3], sums, rtol=1e-5)
    np.testing.assert_allclose(out.info["inner_return"][4], out.reward[3:5].sum(axis=0), rtol=1e-5)
    del states


def bodies(states: Any) -> Any:
    return np.stack(states.body)


def test_inner_episodes_start_anew_but_for_the_last_end() -> None:
    (first, _), (states, _), _ = played()
    third, sixth = bodies(states)[:, 2], bodies(states)[:, 5]
    assert (np.abs(third - bodies(first)).sum(axis=0) > 1e-4).all()
    assert (np.abs(third - sixth).sum(axis=0) > 1e-4).all()
    spins = third[2:4][:, first.task == TRAINING.index("AcrobotSwingup")]
    assert (spins == 0).all(), "at rest again"
    spins = bodies(states)[2:4, -1][:, first.task == TRAINING.index("AcrobotSwingup")]
    assert (spins != 0).all(), "the last end shows where it ended"


def test_without_fresh_starts_every_inner_episode_starts_as_the_first() -> None:
    params = dataclasses.replace(SHORT, fresh_start=False)
    (first, _), (states, _), _ = played(params)
    np.testing.assert_array_equal(bodies(states)[:, 2], bodies(first))
    np.testing.assert_array_equal(bodies(states)[:, 5], bodies(first))


def test_scales_are_drawn_within_their_range() -> None:
    (first, _), _, _ = played()
    scales = np.stack([first.mass_scale, first.length_scale])
    assert scales.min() >= 0.75
    assert scales.max() <= 1.25
    assert (np.ptp(scales, axis=1) > 0.3).all()
    assert (scales[0] != scales[1]).all()


def test_the_key_is_split_into_task_projection_start_and_scale() -> None:
    params, key = MetaControlParams(), jax.random.key(11)
    state = jax.jit(CORE.initial)(key, params)
    task_key, projection_key, start_key, _ = jax.random.split(key, 4)
    number = int(jax.random.randint(task_key, (), 0, 4))
    task = TASKS[TRAINING[number]]
    assert int(state.task) == number
    start = task.start(start_key, Scale())
    np.testing.assert_allclose(state.body[: len(task.body)], start, atol=1e-6)
    sizes = (task.obs_dim, 6, 12), (task.num_actions, 2, 2)
    expected = draw_projection(split_key(projection_key, "train"), "orthogonal", *sizes)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), state.projection, expected
    )


def test_a_seed_fixes_the_projection_and_tests_have_others() -> None:
    pool = ("CartpoleBalance",)
    start = jax.jit(CORE.initial)
    marks: dict[str, set[Any]] = {"train": set(), "test": set(), "free": set()}
    for split in ("train", "test"):
        params = MetaControlParams(task_pool=pool, split=split, projection_seed=3)
        for seed in range(3):
            state = start(jax.random.key(seed), params)
            marks[split].add(np.asarray(state.projection.obs_matrix).tobytes())
            free = dataclasses.replace(params, projection_seed=None)
            state = start(jax.random.key(seed), free)
            marks["free"].add(np.asarray(state.projection.obs_matrix).tobytes())
    assert [len(marks[name]) for name in ("train", "test", "free")] == [1, 1, 6]
    assert len(set.union(*marks.values())) == 8


def test_identity_shows_the_plain_task() -> None:
    plain: Any = gymnasium.make("Control/ReacherEasy-v0")
    meta: Any = gymnasium.make(
        "MetaControl-v0", task_pool=["ReacherEasy"], obs_dim=6, projection="identity"
    )
    obs, _ = meta.reset(seed=3)
    state = meta.unwrapped.state
    plain.reset(seed=0)
    plain.unwrapped.state = dataclasses.replace(plain.unwrapped.state, body=state.body)
    action = np.float32([0.3, -0.8])
    ours, reward, *_ = meta.step(action)
    theirs, expected, *_ = plain.step(action)
    np.testing.assert_allclose(ours[:6], theirs, atol=1e-6)
    assert reward == expected
    assert obs.shape == (6 + 2 + 3,)


def test_the_paper_sees_no_action_and_no_start() -> None:
    params = dataclasses.replace(SHORT, layout="paper")
    (_, first_obs), (_, out), _ = played(params)
    assert first_obs.shape == (COUNT, 14)
    assert CORE.observation_space(params).shape == (14,)
    np.testing.assert_array_equal(out.obs[..., 12], out.reward)
    np.testing.assert_array_equal(out.obs[..., 13], out.info["inner_done"])


def test_prescaled_speeds_are_about_one() -> None:
    params = MetaControlParams(
        task_pool=("ReacherEasy",), obs_dim=6, projection="identity", is_prescaled=True
    )
    state = CORE.initial(jax.random.key(0), params)
    units = list(TASKS["ReacherEasy"].sees.values())
    moving = dataclasses.replace(state, body=tuple(jnp.float32([0.1, 0.2, 3, 4, 0.1, 0])))
    plain = dataclasses.replace(params, is_prescaled=False)
    left, right = CORE.observe(moving, params)[:6], CORE.observe(moving, plain)[:6]
    np.testing.assert_allclose(left * np.float32(units), right, rtol=1e-6)
    assert (np.array(units)[-2:] != 1).all()


def test_the_car_ends_an_inner_episode_but_never_the_meta_episode() -> None:
    params = MetaControlParams(
        task_pool=("MountainCarContinuous",), obs_dim=2, act_dim=1, projection="identity",
        num_episodes=2,
    )  # fmt: skip
    state = CORE.initial(jax.random.key(0), params)
    top = tuple(jnp.float32([0.449, 0.03]))
    step = jax.jit(CORE.step)
    ends = []
    for _ in range(2):
        placed = dataclasses.replace(state, body=top)
        state, out = step(jax.random.key(1), placed, np.float32([1]), params)
        assert float(out.reward) == pytest.approx((100 - 0.1) / 100)
        assert bool(out.info["inner_terminated"])
        assert not bool(out.info["inner_truncated"])
        ends.append((bool(out.terminated), bool(out.truncated)))
    assert ends == [(False, False), (False, True)]


def test_only_the_tasks_of_the_pool_are_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*given: Any) -> Any:
        raise NotImplementedError("contacts")

    monkeypatch.setattr(ball_in_cup, "off_walls", refused)

    def trace(*pool: str) -> None:  # of no other test, for jax would not trace it again
        params = MetaControlParams(task_pool=pool)
        state = jax.eval_shape(functools.partial(CORE.initial, params=params), KEY)
        jax.eval_shape(functools.partial(CORE.step, params=params), KEY, state, jnp.zeros(2))

    trace("ReacherHard", "CartpoleBalanceSparse")
    with pytest.raises(NotImplementedError, match="contacts"):
        trace("ReacherHard", "BallInCupLite")


def test_the_ball_and_the_cup_may_be_in_a_pool() -> None:
    pool = ("BallInCupLite", "CartpoleSwingup", "PendulumSwingup")
    params = dataclasses.replace(SHORT, task_pool=pool)
    (first, _), (states, out), _ = played(params)
    of_ball = first.task == 0
    assert 0 < of_ball.sum() < COUNT
    assert set(out.info["task_id"][0, of_ball].tolist()) == {TASK_IDS["BallInCupLite"]}
    assert np.isfinite(out.obs).all()
    fallen = bodies(states)[7, 0, of_ball]
    assert (fallen != 0).all(), "the ball moves"
    assert (bodies(states)[4:, :, ~of_ball] == 0).all(), "no other body has so many numbers"


def test_held_out_tasks_come_with_projections_of_their_own() -> None:
    row = find_world("MetaControlHeldOut-v0")
    params = make_params(row, {})
    assert (params.task_pool, params.split) == (HELD_OUT, "test")


@pytest.mark.parametrize(
    ("keywords", "why"),
    [
        ({"task_pool": []}, r"task_pool is one or more names of tasks; got \(\)"),
        ({"task_pool": "ReacherEasy"}, "task_pool is one or more names"),
        ({"task_pool": ["Walk"]}, "no task is called 'Walk'; there are: "),
        ({"task_pool": ["ReacherEasy", "ReacherEasy"]}, "names each task once"),
        ({"obs_dim": 4}, "CartpoleSwingup needs obs_dim of 5 or more; got 4"),
        ({"act_dim": 1}, "PointMassEasy needs act_dim of 2 or more; got 1"),
        ({"obs_dim": 0}, "obs_dim is a whole number, 1 or more; got 0"),
        ({"num_episodes": 0}, "num_episodes is a whole number, 1 or more; got 0"),
        ({"projection": "square"}, "projection is one of .*; got 'square'"),
        ({"projection": "identity"}, "'identity' of CartpoleSwingup needs obs_dim of 5; got 12"),
        ({"split": "both"}, "split is one of .*; got 'both'"),
        ({"layout": "rich"}, "layout is one of .*; got 'rich'"),
        ({"projection_seed": -1}, "projection_seed is in 0..2147483647; got -1"),
        ({"dynamics": [2.0, 1.0]}, r"dynamics is \(least, largest\) scale; got \(2.0, 1.0\)"),
        ({"dynamics": [0.0, 1.0]}, "dynamics is a number above 0; got 0.0"),
        (
            {"task_pool": ["Pendulum"], "dynamics": [0.5, 1.0]},
            "Pendulum has neither masses nor lengths to scale",
        ),
        ({"max_steps": 0}, "max_steps is 1 or more; got 0"),
    ],
)
def test_a_wrong_parameter_is_refused_in_one_line(keywords: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        make_params(find_world("MetaControl-v0"), keywords)


@pytest.mark.parametrize("fresh_start", [True, False])
def test_a_saved_state_is_read_back(fresh_start: bool) -> None:
    params = dataclasses.replace(SHORT, fresh_start=fresh_start)
    (first, _), _, _ = played(params)
    state = jax.tree.map(lambda leaf: jnp.asarray(leaf[0]), first)
    again = CORE.loads(CORE.dumps(state))
    assert jax.tree.structure(again) == jax.tree.structure(state)
    jax.tree.map(np.testing.assert_array_equal, again, state)
    assert CORE.render(again, params, (64, 64)).shape == (64, 64, 3)
    assert CORE.text(again, params).splitlines()[0].endswith("episode 1 of 3   step 0")
    assert CORE.panel(again, params)["meta-episode"]["inner episode"] == (0, 3)


def test_a_row_of_the_vector_environment_is_the_single_one() -> None:
    keywords: dict[str, Any] = {"num_episodes": 2, "max_steps": 3}
    rows = gymnasium.make_vec("MetaControl-v0", num_envs=3, **keywords)
    obs, _ = rows.reset(seed=20)
    actions = np.random.default_rng(0).uniform(-1, 1, (5, 3, 2)).astype(np.float32)
    seen = [obs, *(rows.step(action)[0] for action in actions)]
    one = gymnasium.make("MetaControl-v0", **keywords)
    first, _ = one.reset(seed=22)
    alone = [first, *(one.step(action[2])[0] for action in actions)]
    for together, single in zip(seen, alone, strict=True):
        np.testing.assert_allclose(together[2], single, atol=1e-6)
