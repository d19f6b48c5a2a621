"""The ball and the cup: what mechanics says, contacts that hold, a task that can be solved."""

import functools
import runpy
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from trajectories import moved

from envs.control.bodies import ball_in_cup
from envs.control.bodies.ball_in_cup import CATCH, DROP, HEIGHT, KNOT, STRING
from envs.control.task import Scale

GRAVITY = 9.81
IN_CUP = DROP - 0.067  # the ball's place above the cup's, when it lies on its floor
CUP_MASS, BALL_MASS = 0.0651529, 0.0654498


def played(bodies: Any, actions: Any, scale: Scale | None = None) -> Any:
    """`moved` from many bodies at once: arrays led by (B, time), and "body" and "obs" last by 8."""
    run = jax.jit(jax.vmap(functools.partial(moved, CATCH, scale=scale)))
    return jax.tree.map(np.asarray, run(jnp.float32(bodies), jnp.float32(actions)))


def still(count: int, steps: int) -> Any:
    return np.zeros((count, steps, 2))


def starts(count: int) -> Any:
    keys = jax.random.split(jax.random.key(3), count)
    return jax.jit(jax.vmap(lambda key: jnp.stack(CATCH.start(key, Scale()))))(keys)


def jerks(count: int, steps: int, each: int = 10) -> Any:
    """Full forces either way, each kept for some steps: as wild as an agent can be."""
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (count, steps // each, 2))
    return np.repeat(signs, each, axis=1)


def offsets(bodies: Any) -> Any:
    """(x, z) of the balls from their cups, led by 2."""
    flat = jnp.asarray(bodies).reshape(-1, 8)
    x, z = jax.vmap(lambda body: ball_in_cup.offset_of(tuple(body), Scale()))(flat)
    return np.stack([x, z]).reshape(2, *bodies.shape[:-1])


def depths(bodies: Any) -> Any:
    """How deep the ball is in the bar that it is deepest in, m."""

    def deepest(x: Any, z: Any) -> Any:
        return jnp.stack([depth for _, depth in ball_in_cup.walls((x, z))]).max()

    x, z = offsets(bodies).reshape(2, -1)
    return np.asarray(jax.jit(jax.vmap(deepest))(x, z)).reshape(bodies.shape[:-1])


def lengths(bodies: Any) -> Any:
    """From the knot to the ball, m."""
    x, z = offsets(bodies)
    return np.hypot(x - KNOT[0], z - KNOT[1])


def energies(bodies: Any) -> Any:
    """Of motion, height and all springs, J."""
    cup_x, cup_z, _, ball_z, *speeds = np.moveaxis(bodies.astype(np.float64), -1, 0)
    moving = CUP_MASS * (speeds[0] ** 2 + speeds[1] ** 2)
    moving += BALL_MASS * (speeds[2] ** 2 + speeds[3] ** 2)
    springs = ball_in_cup.STIFFNESS * (cup_x**2 + cup_z**2)
    both = CUP_MASS * BALL_MASS / (CUP_MASS + BALL_MASS)
    springs += both * (ball_in_cup.CONTACT_RATE * np.maximum(depths(bodies), 0)) ** 2
    return (moving + springs) / 2 + GRAVITY * (CUP_MASS * cup_z + BALL_MASS * ball_z)


def test_a_ball_that_nothing_holds_falls_along_a_parabola() -> None:
    thrown = [0, 0, 0.12, 0.3, 0, 0, 0.3, 1.0]
    path = played([thrown], still(1, 12))["body"][0]
    time = 0.02 * np.arange(13)
    np.testing.assert_allclose(path[:, 2], 0.12 + 0.3 * time, atol=1e-6)
    np.testing.assert_allclose(
        path[:, 3], 0.3 + time - GRAVITY / 2 * time * (time + 0.002), atol=2e-6
    )


def test_the_cup_sags_under_its_own_weight_and_under_that_of_a_ball_on_the_string(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hanging = [0, -0.06, 0, -0.08, 0, 0, 0, 0]
    end = played([hanging], still(1, 300))["body"][0, -1]
    sag = GRAVITY * (CUP_MASS + BALL_MASS) / ball_in_cup.STIFFNESS
    height = -sag + KNOT[1] - STRING + DROP
    np.testing.assert_allclose(end, [0, -sag, 0, height, 0, 0, 0, 0], atol=1e-5)
    monkeypatch.setattr(ball_in_cup, "STRING", 1.0)
    end = played([hanging], still(1, 300))["body"][0, -1]
    sag = GRAVITY * CUP_MASS / ball_in_cup.STIFFNESS
    on_ground = ball_in_cup.BALL - HEIGHT + DROP
    np.testing.assert_allclose(end, [0, -sag, 0, on_ground, 0, 0, 0, 0], atol=2e-4)


def test_motors_hold_the_cup_where_their_forces_meet_those_of_the_springs() -> None:
    hanging = [0, -0.06, 0, -0.08, 0, 0, 0, 0]
    action = np.broadcast_to([0.4, 0.2], (1, 600, 2))
    end = played([hanging], action)["body"][0, -1]
    sag = GRAVITY * (CUP_MASS + BALL_MASS) / ball_in_cup.STIFFNESS
    np.testing.assert_allclose(end[:2], [0.4 * 5 / 20, 0.2 * 5 / 20 - sag], atol=2e-3)


def test_neither_string_nor_bars_give_way_at_any_small_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ball_in_cup, "NUM_SUBSTEPS", 1)
    path = played(starts(32), jerks(32, 3000, each=100))["body"]
    assert lengths(path).max() < STRING + 0.001
    assert (lengths(path) > STRING - 0.001).mean() > 0.1, "it is taut much of the time"
    assert depths(path).max() < ball_in_cup.BALL / 4
    assert (depths(path) > 0).mean() > 0.01, "bars are met"
    assert path[..., 3].min() + HEIGHT - DROP > 0.7 * ball_in_cup.BALL, "nor does the ground"


def test_a_ball_laid_into_the_cup_rests_there_and_pays() -> None:
    out = played([[0, -0.06, 0.004, -0.06 + IN_CUP, 0, 0, 0, 0]], still(1, 500))
    assert out["reward"].sum() == 500
    np.testing.assert_allclose(out["body"][0, -1, 4:], 0, atol=1e-3)
    np.testing.assert_allclose(out["body"][0, -1, 3] - out["body"][0, -1, 1], IN_CUP, atol=1e-3)


def test_a_ball_dropped_into_the_cup_stays_out_of_its_walls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ball_in_cup, "NUM_SUBSTEPS", 1)
    aside = np.linspace(-0.016, 0.016, 7)
    bodies = np.zeros((7, 8))
    bodies[:, 2], bodies[:, 3] = aside, 0.5
    out = played(bodies, still(7, 1000))
    assert depths(out["body"]).max() < ball_in_cup.BALL / 8
    assert (out["reward"][:, -200:] == 1).all()
    assert (out["reward"][:, :50] == 0).all(), "it fell in"


def test_without_action_the_energy_never_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ball_in_cup, "NUM_SUBSTEPS", 1)
    bodies = np.array(starts(64))
    bodies[:, 4:] = np.random.default_rng(1).normal(size=(64, 4))
    energy = energies(played(bodies, still(64, 2000))["body"])
    grown = energy - np.minimum.accumulate(energy, axis=1)
    lost = energy[:, 0] - energy[:, -1]
    assert lost.min() > 0.02
    assert grown.max() < 0.005


def test_contacts_and_string_keep_the_momentum(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GRAVITY", "STIFFNESS", "DAMPING"):
        monkeypatch.setattr(ball_in_cup, name, 0.0)
    bodies = [
        [0, 0, 0, 0.6, 0, 0, 0.05, -2],  # into the cup
        [0, 0, 0.2, 0.35, 0, 0, -2, 0.1],  # against its side
        [0, 0, 0.2, 0.2, 0, 0.1, 1.5, -1],  # off, until the string holds it
    ]
    path = played(bodies, still(3, 12))["body"]
    speeds = path[..., 4:].reshape(3, -1, 2, 2)
    momentum = CUP_MASS * speeds[:, :, 0] + BALL_MASS * speeds[:, :, 1]
    np.testing.assert_allclose(momentum, momentum[:, :1].repeat(13, axis=1), atol=1e-6)
    assert (np.ptp(speeds[:, :, 0], axis=1).max(axis=-1) > 0.3).all(), "the cup was moved"


@pytest.mark.parametrize("speed", [1.0, 3.0, 5.0])
def test_a_ball_gets_a_millimetre_deep_for_each_metre_a_second(speed: float) -> None:
    deepest, fastest = 0.0, 0.0
    for share in np.linspace(0, 1, 11):
        depth = jnp.float32(-share * speed * ball_in_cup.TIMESTEP)
        now = jnp.float32(0), jnp.float32(-speed)
        for _ in range(40):
            now = ball_in_cup.after_contact(now, ball_in_cup.UP, depth)
            depth = depth - ball_in_cup.TIMESTEP * now[1]
            deepest = max(deepest, float(depth))
        fastest = max(fastest, float(now[1]))
    assert deepest == pytest.approx(0.001 * speed, rel=0.05)
    assert fastest == pytest.approx(speed / 12, rel=0.05)


def test_friction_stops_a_slow_ball_and_slows_a_fast_one_by_what_presses() -> None:
    normal, depth = (-0.6, 0.8), jnp.float32(0.0)
    along = np.array([0.8, 0.6])
    for sideways, left in ((0.2, 0.0), (-0.2, 0.0), (3.0, None), (-3.0, None)):
        speed = np.float32(-1.0 * np.array(normal) + sideways * along)
        after = np.array(ball_in_cup.after_contact(tuple(map(jnp.asarray, speed)), normal, depth))
        pressed = after @ normal + 1.0
        assert 0.5 < pressed < 1.1
        expected = sideways - np.sign(sideways) * pressed if left is None else left
        assert after @ along == pytest.approx(expected, abs=1e-5)


def test_a_gap_that_is_not_closed_within_the_step_changes_nothing() -> None:
    speed = jnp.float32(0.3), jnp.float32(-1.0)
    for depth, is_met in ((-0.0021, False), (-0.0019, True)):
        after = ball_in_cup.after_contact(speed, ball_in_cup.UP, jnp.float32(depth))
        assert (after[1] != speed[1]) == is_met
    leaving = speed[0], jnp.float32(5.0)
    assert ball_in_cup.after_contact(leaving, ball_in_cup.UP, jnp.float32(0.001)) == leaving


def test_the_start_is_the_first_of_many_places_that_is_free() -> None:
    bodies = np.array(starts(2000))
    assert (depths(bodies) < 0).all()
    assert (bodies[:, [0, 1, 4, 5, 6, 7]] == 0).all()
    are_free = jax.jit(jax.vmap(ball_in_cup.is_free))
    retried = 0
    for body, key in zip(bodies[:60], jax.random.split(jax.random.key(3), 2000), strict=False):
        x_key, z_key = jax.random.split(key)
        xs = jax.random.uniform(x_key, (ball_in_cup.NUM_DRAWS,), minval=-0.2, maxval=0.2)
        zs = jax.random.uniform(z_key, (ball_in_cup.NUM_DRAWS,), minval=0.2, maxval=0.5)
        first = are_free(xs, zs - DROP).tolist().index(True)
        retried += first > 0
        np.testing.assert_allclose(body[2:4], [xs[first], zs[first]], rtol=1e-6)
    assert retried > 3


def test_a_thousand_steps_of_many_worlds_stay_finite() -> None:
    actions = np.random.default_rng(0).uniform(-1, 1, (256, 1000, 2))
    actions[128:] = jerks(128, 1000)
    out = played(starts(256), actions)
    assert np.isfinite(out["body"]).all()
    assert np.abs(out["body"]).max() < 15
    caught = out["reward"][:, -1] == 1
    assert 0 < caught.mean() < 0.5


def test_some_of_a_few_random_sequences_catches_the_ball_from_every_start() -> None:
    count, tries = 12, 64
    actions = np.zeros((tries, 150, 2))
    actions[:, :100] = jerks(tries, 100)
    bodies = np.repeat(np.array(starts(count)), tries, axis=0)
    rewards = played(bodies, np.tile(actions, (count, 1, 1)))["reward"]
    is_caught = rewards.reshape(count, tries, 150)[..., -30:].min(axis=2) == 1
    assert is_caught.any(axis=1).all()
    assert is_caught.mean() < 0.5, "it takes a search"


def test_a_larger_and_heavier_cup_catches_its_ball_too() -> None:
    scale = Scale(1.5, 1.25)
    sag = 1.5 * GRAVITY * (CUP_MASS + BALL_MASS) / ball_in_cup.STIFFNESS
    laid = [0, -sag, 0, -sag + 1.25 * IN_CUP, 0, 0, 0, 0]
    out = played([laid], still(1, 100), scale)
    assert out["reward"].sum() == 100
    np.testing.assert_allclose(out["body"][0, -1], laid, atol=1.5e-3)
    hung = [0, -sag, 0, -sag + 1.25 * (DROP + KNOT[1] - STRING), 0, 0, 0, 0]
    np.testing.assert_allclose(played([hung], still(1, 100), scale)["body"][0, -1], hung, atol=1e-4)


@pytest.mark.reproduction
@pytest.mark.filterwarnings("ignore")
def test_it_is_as_far_from_dm_control_as_its_readme_says() -> None:
    pytest.importorskip("dm_control", reason="pip install mujoco==3.17.0 dm_control==1.0.50")
    script = Path(__file__).with_name("golden") / "ball_in_cup.py"
    found = runpy.run_path(str(script))["differences"]()
    assert found["most, in free flight"] < 1e-4
    assert found["median, on the string"] == pytest.approx(8.6, rel=0.1)
    assert found["0.9 quantile, on the string"] == pytest.approx(28, rel=0.1)
    assert found["median, after 2 s"] == pytest.approx(14, rel=0.1)
    assert found["share of steps with the same reward"] > 0.97
    assert found["share of random tries that catch"] == pytest.approx(
        found["of dm_control"], abs=0.05
    )
