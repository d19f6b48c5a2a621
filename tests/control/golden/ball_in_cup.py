"""Prints how far BallInCupLite is from dm_control's ball_in_cup under the same starts and actions.

Needs `pip install mujoco==3.17.0 dm_control==1.0.50` beside this package; then
`python tests/control/golden/ball_in_cup.py` from the root of the repository.
"""

import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from envs.control.bodies.ball_in_cup import CATCH, STRING
from envs.control.task import Scale

NUM_STARTS = 200
NUM_STEPS = 100  # 2 s
EACH = 5  # steps that a random action is kept
NUM_TRIES = 400  # sequences, from as many starts, of full forces that may catch the ball
TRY_EACH = 10
REST = 50  # steps without action, at the end of a try


def differences() -> dict[str, float]:
    """The figures of envs/control/README.md, by name; lengths in mm."""
    rng = np.random.default_rng(0)
    bodies = peer_starts(NUM_STARTS)
    actions = rng.uniform(-1, 1, (NUM_STARTS, NUM_STEPS // EACH, 2)).repeat(EACH, axis=1)
    theirs, ours = peer(bodies, actions), lite(bodies, actions)
    apart = 1000 * np.abs(ours["body"] - theirs["body"])[..., :4].max(axis=2)
    has_met, was_taut = theirs["has_met"], theirs["was_taut"]
    flying = ~(has_met | was_taut)
    swinging = was_taut & ~has_met
    signs = rng.choice([-1.0, 1.0], (NUM_TRIES, NUM_STEPS // TRY_EACH, 2)).repeat(TRY_EACH, axis=1)
    tries = np.concatenate([signs, np.zeros((NUM_TRIES, REST, 2))], axis=1)
    bodies = peer_starts(NUM_TRIES)
    their_catch, our_catch = (
        run(bodies, tries)["reward"][:, -REST // 2 :].min(axis=1) == 1 for run in (peer, lite)
    )
    return {
        "steps in free flight": int(flying[:, 1:].sum()),
        "most, in free flight": float(apart[flying].max()),
        "steps on the string, before the first contact": int(swinging.sum()),
        "median, on the string": float(np.median(apart[swinging])),
        "0.9 quantile, on the string": float(np.quantile(apart[swinging], 0.9)),
        "median, after 1 s": float(np.median(apart[:, 50])),
        "0.9 quantile, after 1 s": float(np.quantile(apart[:, 50], 0.9)),
        "median, after 2 s": float(np.median(apart[:, 100])),
        "0.9 quantile, after 2 s": float(np.quantile(apart[:, 100], 0.9)),
        "longest string of dm_control": 1000 * float(theirs["longest"]),
        "share of steps with the same reward": float((ours["reward"] == theirs["reward"]).mean()),
        "share of random tries that catch": float(our_catch.mean()),
        "of dm_control": float(their_catch.mean()),
        "share of both, of those that catch here": float(their_catch[our_catch].mean()),
    }


def lite(bodies: Any, actions: Any) -> dict[str, Any]:
    """What our equations make of it, in float64."""

    def step(before: Any, action: Any) -> Any:
        forces = tuple(action)
        after = CATCH.step(before, forces, Scale())
        return after, (jnp.stack(after), CATCH.reward(before, forces, after, Scale()))

    with jax.enable_x64(True):
        run = jax.jit(jax.vmap(lambda body, acts: jax.lax.scan(step, tuple(body), acts)[1]))
        path, rewards = run(jnp.asarray(bodies), jnp.asarray(actions))
    path = np.concatenate([bodies[:, None], np.asarray(path)], axis=1)
    return {"body": path, "reward": np.asarray(rewards)}


def peer_starts(count: int) -> Any:
    """Starts of dm_control, places and speeds."""
    from dm_control import suite

    env = suite.load("ball_in_cup", "catch", {"random": 0})
    bodies = []
    for _ in range(count):
        env.reset()
        bodies.append(np.concatenate([env.physics.data.qpos, env.physics.data.qvel]))
    return np.array(bodies)


def peer(bodies: Any, actions: Any) -> dict[str, Any]:
    """What dm_control makes of it; every small step is looked at."""
    from dm_control import suite

    physics = suite.load("ball_in_cup", "catch", {"random": 0}).physics
    shape = len(bodies), actions.shape[1]
    path = np.concatenate([bodies[:, None], np.zeros((*shape, 8))], axis=1)
    rewards = np.zeros(shape)
    has_met, was_taut = np.zeros((2, shape[0], shape[1] + 1), bool)
    longest = 0.0
    for row, body in enumerate(bodies):
        with physics.reset_context():
            physics.data.qpos[:], physics.data.qvel[:] = body[:4], body[4:]
        for time in range(shape[1]):
            physics.set_control(actions[row, time])
            met, taut = has_met[row, time], was_taut[row, time]
            for _ in range(10):
                physics.step()
                length = float(physics.data.ten_length[0])
                met, taut = met or physics.data.ncon > 0, taut or length > STRING - 0.002
                longest = max(longest, length)
            path[row, time + 1] = np.concatenate([physics.data.qpos, physics.data.qvel])
            has_met[row, time + 1], was_taut[row, time + 1] = met, taut
            rewards[row, time] = physics.in_target()
    return {
        "body": path, "reward": rewards, "has_met": has_met, "was_taut": was_taut,
        "longest": longest,
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(differences(), indent=1))  # noqa: T201  # its purpose
