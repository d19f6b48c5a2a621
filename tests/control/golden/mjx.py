"""Prints how far the tasks by MJX are from dm_control under the same starts and actions.

Needs `pip install -c constraints.txt -e '.[mjx]' dm_control==1.0.50`; then
`python tests/control/golden/mjx.py` from the root of the repository. Of other tasks, by name, it
prints the speed.
"""

import functools
import json
import sys
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from envs.control.task import Scale
from envs.control.tasks import find_task

PEERS = {
    "FingerSpinMjx": ("finger", "spin"),
    "FingerTurnEasyMjx": ("finger", "turn_easy"),
    "FingerTurnHardMjx": ("finger", "turn_hard"),
    "BallInCupCatchMjx": ("ball_in_cup", "catch"),
}
NUM_EPISODES = 20
NUM_STEPS = 100
NUM_COPIES = 64  # whose steps are timed


def differences(name: str) -> dict[str, float]:
    """The figures of envs/control/README.md about one task, by name."""
    theirs = [recorded(name, seed) for seed in range(NUM_EPISODES)]
    bodies, actions, obs, rewards = (np.array(part) for part in zip(*theirs, strict=True))
    task = find_task(name)

    @jax.jit
    @jax.vmap
    def step(body: Any, action: Any) -> Any:
        forces = tuple(action)
        after = task.step(tuple(body), forces, Scale())
        seen = jnp.stack(task.observe(after, Scale()))
        return jnp.stack(after), seen, task.reward(tuple(body), forces, after, Scale())

    @jax.jit
    def roll(bodies: Any, actions: Any) -> Any:
        def both(now: Any, action: Any) -> Any:
            after, seen, reward = step(now, action)
            return after, (after, seen, reward)

        return jax.lax.scan(both, bodies, actions.swapaxes(0, 1))[1]

    bodies, actions = bodies.astype(np.float32), actions.astype(np.float32)
    path, _, paid = (np.asarray(part).swapaxes(0, 1) for part in roll(bodies[:, 0], actions))
    each, seen, _ = step(bodies[:, :-1].reshape(-1, bodies.shape[2]), actions.reshape(-1, 2))
    num = 4 if "Cup" in name else 3  # joints
    apart = np.abs(path[..., :num] - bodies[:, 1:, :num]).max(axis=2)
    one = np.abs(np.asarray(each).reshape(path.shape) - bodies[:, 1:])[..., :num].max(axis=2)
    fast = np.abs(np.asarray(each).reshape(path.shape) - bodies[:, 1:])[..., num : 2 * num]
    felt = (bodies[:, 1:, 6:8] > 0).any(axis=2) if num == 3 else np.zeros(one.shape)
    looks = np.abs(np.asarray(seen).reshape(obs[:, 1:].shape) - obs[:, 1:])
    return {
        "one step, places": float(one.max()),
        "one step, speeds": float(fast.max()),
        "one step, median of the speeds' largest": float(np.median(fast.max(axis=2))),
        "one step, observations": float(looks.max()),
        "100 steps, median": float(np.median(apart[:, -1])),
        "100 steps, 0.9 quantile": float(np.quantile(apart[:, -1], 0.9)),
        "100 steps, largest": float(apart.max()),
        "share of steps that a finger feels": float(felt.mean()),
        "share of steps with the same reward": float((paid == rewards).mean()),
    }


def recorded(name: str, seed: int) -> tuple[Any, Any, Any, Any]:
    """Bodies, actions, observations and rewards of an episode of dm_control."""
    from dm_control import suite

    env = suite.load(*PEERS[name], {"random": seed}, environment_kwargs={"flat_observation": True})
    physics, rng = env.physics, np.random.default_rng(seed)

    def body() -> Any:
        parts = [physics.data.qpos, physics.data.qvel]
        if name.startswith("Finger"):
            parts.append(physics.named.data.sensordata[["touchtop", "touchbottom"]])
        if name.startswith("FingerTurn"):
            parts.append(physics.target_position())
        return np.concatenate(parts)

    first = env.reset()
    bodies, obs = [body()], [first.observation["observations"]]
    actions = rng.uniform(-1, 1, (NUM_STEPS // 5, 2)).repeat(5, axis=0).astype(np.float32)
    rewards = []
    for action in actions:
        step = env.step(action)
        bodies.append(body())
        obs.append(step.observation["observations"])
        rewards.append(step.reward)
    return np.array(bodies), actions, np.array(obs), np.array(rewards)


def speed(name: str) -> dict[str, float]:
    """Seconds to compile, and control steps a second under random actions."""
    task = find_task(name)
    keys = jax.random.split(jax.random.key(0), NUM_COPIES)
    bodies = jax.jit(jax.vmap(lambda key: jnp.stack(task.start(key, Scale()))))(keys)
    actions = jax.random.uniform(jax.random.key(1), (50, NUM_COPIES, 2), minval=-1, maxval=1)
    step = jax.vmap(lambda body, action: jnp.stack(task.step(tuple(body), tuple(action), Scale())))
    run = functools.partial(jax.lax.scan, lambda now, action: (step(now, action),) * 2)
    begun = time.perf_counter()
    compiled = jax.jit(run).lower(bodies, actions).compile()
    ready = time.perf_counter()
    jax.block_until_ready(compiled(bodies, actions))
    seconds = time.perf_counter() - ready
    return {"seconds to compile": ready - begun, "steps/s": 50 * NUM_COPIES / seconds}


if __name__ == "__main__":
    for each in sys.argv[1:] or PEERS:
        found = {**(differences(each) if each in PEERS else {}), **speed(each)}
        print(each, json.dumps(found, indent=1))  # noqa: T201  # its purpose
