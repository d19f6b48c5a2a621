"""Tasks by MuJoCo's engine in JAX: what needs no engine, and what does, where it is installed."""

import math
import runpy
import sys
from pathlib import Path
from typing import Any

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from trajectories import moved

import envs  # noqa: F401  # registers the ids
from envs.catalog import find_world, make_params
from envs.control.meta_params import MetaControlParams
from envs.control.mjx import ball_in_cup, finger
from envs.control.render import draw_body
from envs.control.task import Scale
from envs.control.tasks import MJX_TASKS, TASKS

SPIN, EASY, HARD = finger.SPIN, finger.TURN_EASY, finger.TURN_HARD
PLAIN = Scale()


def numbers(*given: float) -> Any:
    return tuple(jnp.float32(given))


@pytest.mark.parametrize("name", MJX_TASKS)
def test_without_its_extra_a_world_says_what_to_install(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mujoco", None)
    with pytest.raises(ImportError, match=r"pip install 'armillary\[mjx\]'"):
        gymnasium.make(f"Control/{name}-v0")
    with pytest.raises(ImportError, match=r"pip install 'armillary\[mjx\]'"):
        MetaControlParams(task_pool=("PointMassEasy", name))


def test_sizes_are_those_of_the_published_tasks() -> None:
    sizes = [(task.obs_dim, task.num_actions) for task in MJX_TASKS.values()]
    assert sizes == [(9, 2), (12, 2), (12, 2), (8, 2)]
    for task in MJX_TASKS.values():
        body = jax.jit(task.start)(jax.random.key(0), PLAIN)
        assert len(body) == len(task.body)
        assert len(task.observe(body, PLAIN)) == task.obs_dim


def test_a_finger_that_points_at_the_body_touches_it_and_one_that_hangs_does_not() -> None:
    free = jax.jit(finger.is_free)
    assert bool(free(*numbers(-math.pi / 2, 0, 0)))
    assert bool(free(*numbers(math.pi / 2, 0, 1)))
    assert not bool(free(*numbers(0, 0, 0))), "its tip ends beyond the first bar"
    # the tip at -0.4 + 0.18 + 0.161 = -0.059; bars of the body at -0.02, both together 0.07 thick
    upwards, level = 0.0, math.pi / 2
    assert not bool(free(*numbers(0, 0, upwards)))
    assert not bool(free(*numbers(0, 0, level)))
    assert bool(free(*numbers(0.8, 0, upwards)))


def test_fingers_start_anywhere_free_and_targets_lie_on_a_circle() -> None:
    keys = jax.random.split(jax.random.key(0), 1000)
    bodies = np.array(jax.jit(jax.vmap(lambda key: jnp.stack(EASY.start(key, PLAIN))))(keys))
    assert jax.vmap(finger.is_free)(*bodies[:, :3].T).all()
    bent = math.radians(110)
    np.testing.assert_allclose(bodies[:, :3].min(axis=0), [-bent, -bent, -math.pi], atol=0.05)
    np.testing.assert_allclose(bodies[:, :3].max(axis=0), [bent, bent, math.pi], atol=0.05)
    assert not bodies[:, 3:8].any()
    np.testing.assert_allclose(np.hypot(bodies[:, 8], bodies[:, 9]), 0.13, rtol=1e-5)
    np.testing.assert_allclose(bodies[:, 8:].mean(axis=0), 0, atol=0.01)


def test_what_a_finger_sees_and_is_paid() -> None:
    body = numbers(0.1, -0.2, math.pi / 2, 1, 2, -15.1, math.e - 1, 0, 0, 0.13)
    seen = [0.1, -0.2, -0.13, 0, 1, 2, -15.1, 1, 0, 0, 0.13, 0.13 * math.sqrt(2) - 0.07]
    np.testing.assert_allclose(EASY.observe(body, PLAIN), seen, atol=1e-6)
    np.testing.assert_allclose(SPIN.observe(body[:8], PLAIN), seen[:9], atol=1e-6)

    def paid(task: Any, hinge: float, spin: float) -> float:
        after = (*body[:2], jnp.float32(hinge), *body[3:5], jnp.float32(spin), *body[6:])
        return float(task.reward(after, numbers(0, 0), after, PLAIN))

    assert [paid(SPIN, 0, spin) for spin in (-15.1, -14.9, 15.1)] == [1, 0, 0]
    # a chord of 0.13 * 2 sin(angle / 2) between tip and target
    assert [paid(EASY, angle, 0) for angle in (0.53, -0.53, 0.56)] == [1, 1, 0]
    assert [paid(HARD, angle, 0) for angle in (0.22, 0.24)] == [1, 0]


def test_pictures_show_finger_body_target_and_touch() -> None:
    hanging = numbers(-1.5, 0, 0, 0, 0, 0, 0, 0)
    pictures = [
        draw_body("finger", body, PLAIN, "", 1.0, (96, 96), target)
        for body, target in (
            (hanging, 0.0),
            ((*hanging[:2], jnp.float32(1), *hanging[3:]), 0.0),
            ((*hanging[:6], jnp.float32(2), hanging[7]), 0.0),
            ((*hanging, *numbers(0.13, 0)), 0.07),
            ((*hanging, *numbers(0.13, 0)), 0.03),
        )
    ]
    assert len({picture.tobytes() for picture in pictures}) == 5


def needs_engine() -> Any:
    return pytest.importorskip("mujoco", reason="pip install 'armillary[mjx]'")


def test_starts_are_free_where_the_engine_finds_no_contact() -> None:
    mujoco = needs_engine()
    model = mujoco.MjModel.from_xml_string(finger.MODEL.format(damping=0.5))
    data = mujoco.MjData(model)
    spots = np.random.default_rng(0).uniform(-1, 1, (1000, 3)) * [1.9, 1.9, math.pi]
    free = jax.jit(jax.vmap(finger.is_free))(*np.float32(spots).T)
    for spot, is_free in zip(spots, free, strict=True):
        data.qpos[:] = spot
        mujoco.mj_kinematics(model, data)
        mujoco.mj_collision(model, data)
        assert (data.ncon == 0) == bool(is_free)


def test_a_strike_turns_the_body_and_is_felt() -> None:
    needs_engine()
    first = numbers(-0.9, 0, 0, 0, 0, 0, 0, 0)
    out = jax.jit(lambda body: moved(SPIN, body, jnp.tile(jnp.float32([1, 0]), (20, 1))))(first)
    path = np.asarray(out["body"])
    assert not path[:3, 6:8].any()
    assert path[:, 6:8].max() > 1
    assert not path[0, 2]
    assert abs(path[-1, 2]) > 0.01
    felt = path[:, 6:8].max(axis=1) > 0
    first_touch = int(felt.argmax())
    assert not path[: first_touch - 1, 5].any(), "nothing moves it before"


def test_the_cup_by_the_engine_falls_as_the_lite_one_until_the_string_is_taut() -> None:
    needs_engine()
    body = numbers(0, 0, 0.1, 0.4, 0, 0, 0, 0)
    actions = np.float32(np.random.default_rng(0).uniform(-1, 1, (6, 2)))
    ours = moved(TASKS["BallInCupLite"], body, actions)
    theirs = jax.jit(lambda body: moved(ball_in_cup.CATCH, body, actions))(body)
    np.testing.assert_allclose(theirs["body"], ours["body"], atol=2e-5)


def test_a_pool_may_mix_tasks_with_and_without_an_engine() -> None:
    needs_engine()
    pool = ["FingerTurnHardMjx", "PointMassEasy"]
    env: Any = gymnasium.make("MetaControl-v0", task_pool=pool, max_steps=3)
    seen = set()
    for seed in range(4):
        env.reset(seed=seed)
        obs, _, _, truncated, info = env.step(np.float32([1, -1]))
        assert np.isfinite(obs).all()
        assert not truncated
        seen.add(int(info["task_id"]))
    assert len(seen) == 2


def test_the_models_scale_is_fixed() -> None:
    needs_engine()
    with pytest.raises(ValueError, match="has neither masses nor lengths to scale"):
        make_params(find_world("Control/FingerSpinMjx-v0"), {"mass_scale": 2.0})


@pytest.mark.reproduction
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MJX_TASKS)
def test_steps_are_those_of_dm_control(name: str) -> None:
    needs_engine()
    pytest.importorskip("dm_control", reason="pip install dm_control==1.0.50")
    script = Path(__file__).with_name("golden") / "mjx.py"
    found = runpy.run_path(str(script))["differences"](name)
    assert found["one step, places"] < 1e-3
    assert found["one step, median of the speeds' largest"] < 1e-6
    assert found["100 steps, median"] < 1e-4
    assert found["100 steps, 0.9 quantile"] < 1e-2
    assert found["share of steps with the same reward"] > 0.99
