"""How bodies move: against MuJoCo, Gymnasium, and what mechanics says without either."""

import functools
import math
import runpy
from pathlib import Path
from typing import Any

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from trajectories import moved

from envs.control.bodies import acrobot, cartpole
from envs.control.mechanics import held
from envs.control.task import Scale
from envs.control.tasks import TASKS

GOLDEN = Path(__file__).with_name("golden")
PARTS = ("body", "obs", "reward")
TRACES = np.load(GOLDEN / "traces.npz")
TRACED = sorted({name.split("/")[0] for name in TRACES})


@functools.cache
def replayed() -> dict[str, Any]:
    """Every trace again, by our equations; one compilation for all."""
    firsts = {name: TRACES[f"{name}/body"][0] for name in TRACED}
    actions = {name: TRACES[f"{name}/action"] for name in TRACED}

    @jax.jit
    def run(firsts: Any, actions: Any) -> Any:
        return {name: moved(TASKS[name], firsts[name], actions[name]) for name in TRACED}

    return run(firsts, actions)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", TRACED)
def test_a_hundred_steps_are_those_of_mujoco(name: str, part: str) -> None:
    truth = TRACES[f"{name}/{part}"]
    assert len(truth) >= 100
    np.testing.assert_allclose(replayed()[name][part], truth, rtol=0, atol=1e-4)


@pytest.mark.reproduction
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", TRACED)
def test_a_thousand_steps_are_those_of_mujoco(name: str) -> None:
    pytest.importorskip("dm_control", reason="pip install mujoco==3.17.0 dm_control==1.0.50")
    truth = runpy.run_path(str(GOLDEN / "record.py"))["record"](name, 1000)
    with jax.enable_x64(True):
        ours = jax.jit(functools.partial(moved, TASKS[name]))(truth["body"][0], truth["action"])
    for part in PARTS:
        error = np.abs(np.asarray(ours[part]) - truth[part]).max()
        assert error < 1e-6, part


@pytest.mark.parametrize(
    ("name", "peer", "largest"),
    [("Pendulum", "Pendulum-v1", 2.0), ("MountainCarContinuous", "MountainCarContinuous-v0", 1.0)],
)
def test_a_hundred_steps_are_those_of_gymnasium(name: str, peer: str, largest: float) -> None:
    env: Any = gymnasium.make(peer).unwrapped
    env.reset(seed=0)
    first = np.array([-0.5, 0.0] if name == "MountainCarContinuous" else [2.5, 0.4])
    env.state = first.copy()
    actions = np.random.default_rng(0).uniform(-1, 1, (100, 1)).astype(np.float32)
    steps = [(*env.step(largest * action)[:2], env.state) for action in actions]
    ours = jax.jit(functools.partial(moved, TASKS[name]))(first.astype(np.float32), actions)
    obs, rewards, bodies = (np.array(column) for column in zip(*steps, strict=True))
    np.testing.assert_allclose(ours["obs"][1:], obs, atol=1e-4)
    np.testing.assert_allclose(ours["reward"], rewards, atol=1e-4)
    np.testing.assert_allclose(ours["body"][1:], bodies, atol=1e-4)


def test_the_car_stops_at_the_left_and_ends_at_the_flag() -> None:
    task = TASKS["MountainCarContinuous"]
    assert task.terminated is not None
    driven = moved(task, np.float32([-1.19, -0.05]), np.full((1, 1), -1, np.float32))
    np.testing.assert_allclose(driven["body"][1], [-1.2, 0.0], atol=1e-6)
    up = moved(task, np.float32([0.44, 0.05]), np.ones((1, 1), np.float32))
    assert bool(task.terminated(tuple(up["body"][1])))
    assert float(up["reward"][0]) == pytest.approx(100 - 0.1)
    assert not bool(task.terminated(tuple(jnp.float32([0.5, -0.01]))))


REST = {
    "PendulumSwingup": ([0, 0], [math.pi, 0]),
    "CartpoleSwingup": ([0, 0, 0, 0], [0.3, math.pi, 0, 0]),
    "AcrobotSwingup": ([0, 0, 0, 0], [math.pi, 0, 0, 0]),
    "PointMassEasy": ([0.1, -0.2, 0, 0],),
    "ReacherEasy": ([1.0, 0.4, 0, 0, 0.1, 0.1],),
    "Pendulum": ([0, 0], [math.pi, 0]),
}


def test_a_body_at_rest_in_balance_stays_there() -> None:
    @jax.jit
    def run() -> Any:
        return {
            name: [
                moved(TASKS[name], jnp.float32(body), jnp.zeros((20, TASKS[name].num_actions)))
                for body in bodies
            ]
            for name, bodies in REST.items()
        }

    for name, places in run().items():
        for place, body in zip(places, REST[name], strict=True):
            np.testing.assert_allclose(place["body"][-1], body, atol=2e-5, err_msg=name)


def cartpole_energy(body: Any) -> Any:
    _, angle, speed, spin = body.T
    lever = cartpole.POLE_MASS * cartpole.CENTRE
    inertia = cartpole.POLE_MASS * cartpole.CENTRE**2 + cartpole.INERTIA
    total = cartpole.CART_MASS + cartpole.POLE_MASS
    moving = total * speed**2 / 2 + lever * np.cos(angle) * speed * spin + inertia * spin**2 / 2
    return moving + cartpole.GRAVITY * lever * np.cos(angle)


def acrobot_energy(body: Any) -> Any:
    upper, lower, spin, bend = body.T
    half = acrobot.CENTRE
    tip_spin = spin + bend
    squared = spin**2 + (half * tip_spin) ** 2 + 2 * half * np.cos(lower) * spin * tip_spin
    moving = (half**2 + acrobot.UPPER_INERTIA) * spin**2 + squared
    moving = (moving + acrobot.LOWER_INERTIA * tip_spin**2) / 2
    return moving + acrobot.GRAVITY * (1.5 * np.cos(upper) + half * np.cos(upper + lower))


@pytest.mark.parametrize(
    ("name", "body", "energy"),
    [
        ("CartpoleSwingup", [0.1, 1.0, 0.4, -1.0], cartpole_energy),
        ("AcrobotSwingup", [2.0, -1.0, 1.0, 2.0], acrobot_energy),
    ],
)
def test_without_damping_and_force_the_energy_stays(
    name: str, body: list[float], energy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cartpole, "CART_DAMPING", 0.0)
    monkeypatch.setattr(cartpole, "POLE_DAMPING", 0.0)
    monkeypatch.setattr(acrobot, "DAMPING", 0.0)
    run = jax.jit(functools.partial(moved, TASKS[name]))
    path = np.asarray(run(np.float32(body), np.zeros((100, 1), np.float32))["body"])
    assert np.ptp(path[:, 1]) > 0.5, "it moves"
    energies = energy(path.astype(np.float64))
    np.testing.assert_allclose(energies, energies[0], rtol=1e-4)


def test_one_step_worked_out_by_hand() -> None:
    level = moved(TASKS["PendulumSwingup"], np.float32([math.pi / 2, 0]), np.zeros((1, 1), "f4"))
    spin = 0.02 * 4.905 / (0.251 + 0.02 * 0.1)
    np.testing.assert_allclose(level["body"][1], [math.pi / 2 + 0.02 * spin, spin], rtol=1e-6)
    hard = np.float32([0, 0, 0, 0, 0.6, 0.8, 0, 1])
    pushed = moved(TASKS["PointMassHard"], hard, np.float32([[1.0, -0.5]]))
    speed = 0.02 * 0.1 / 0.32 * np.array([0.6, 0.8 - 0.5])
    np.testing.assert_allclose(pushed["body"][1][2:4], speed, rtol=1e-5)
    np.testing.assert_allclose(pushed["body"][1][:2], 0.02 * speed, rtol=1e-5)


def test_a_joint_stops_at_its_limit_and_may_leave_it_again() -> None:
    for place, speed, expected in (
        (2.0, 1.0, (1.8, 0)),
        (2.0, -1.0, (1.8, -1)),
        (0.5, 3, (0.5, 3)),
    ):
        for side in (1, -1):
            out = held(jnp.float32(side * place), jnp.float32(side * speed), 1.8)
            np.testing.assert_allclose(out, [side * expected[0], side * expected[1]])
    body = np.float32([1.79, 0, 3, 0])
    path = moved(TASKS["CartpoleBalance"], body, np.ones((3, 1), np.float32))["body"]
    assert path[-1, 0] == np.float32(1.8)
    assert path[-1, 2] == 0


def test_scales_of_masses_and_lengths_change_how_fast_things_fall() -> None:
    body, still = np.float32([1.0, 0]), np.zeros((1, 1), np.float32)
    run = jax.jit(lambda scale: moved(TASKS["PendulumSwingup"], body, still, scale)["body"][1, 1])
    heavy, plain = run(Scale(2.0, 1.0)), run(Scale(1.0, 1.0))
    torque = 4.905 * math.sin(1)
    assert float(plain) == pytest.approx(0.02 * torque / (0.251 + 0.002), rel=1e-5)
    assert float(heavy) == pytest.approx(0.02 * 2 * torque / (2 * 0.251 + 0.002), rel=1e-5)
    long = 0.02 * 1.25 * torque / (1.25**2 * 0.251 + 0.002)
    assert float(run(Scale(1.0, 1.25))) == pytest.approx(long, rel=1e-5)
