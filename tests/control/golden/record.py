"""Writes traces.npz: what dm_control's tasks do for 100 steps under random actions.

Needs a virtual environment of its own: `pip install mujoco==3.17.0 dm_control==1.0.50`, then
`python tests/control/golden/record.py` from the root of the repository.
"""

from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).with_name("traces.npz")
PARTS = ("body", "action", "obs", "reward")

TASKS = {
    "PendulumSwingup": ("pendulum", "swingup"),
    "CartpoleBalance": ("cartpole", "balance"),
    "CartpoleBalanceSparse": ("cartpole", "balance_sparse"),
    "CartpoleSwingup": ("cartpole", "swingup"),
    "CartpoleSwingupSparse": ("cartpole", "swingup_sparse"),
    "AcrobotSwingup": ("acrobot", "swingup"),
    "AcrobotSwingupSparse": ("acrobot", "swingup_sparse"),
    "PointMassEasy": ("point_mass", "easy"),
    "PointMassHard": ("point_mass", "hard"),
    "ReacherEasy": ("reacher", "easy"),
    "ReacherHard": ("reacher", "hard"),
}
LIMITS = {"cartpole": (1.75, np.inf), "point_mass": (0.28, 0.28), "reacher": (np.inf, 2.75)}
"""Traces keep within these, for dm_control's joint limits are soft and ours are hard."""


def record(name: str, steps: int) -> dict[str, Any]:
    """Body, action, observation and reward of each step, float64; no joint comes to its limit."""
    for seed in range(1000):
        trace = _record(name, steps, seed)
        if trace is not None:
            return trace
    raise RuntimeError(f"{name} always comes to a limit")


def _record(name: str, steps: int, seed: int) -> dict[str, Any] | None:
    from dm_control import suite

    domain, task = TASKS[name]
    env = suite.load(domain, task, {"random": seed}, environment_kwargs={"flat_observation": True})
    rng = np.random.default_rng(seed)
    size = env.action_spec().shape[0]
    first = env.reset()
    bodies, actions = [_body(env, name)], []
    seen, rewards = [first.observation["observations"]], []
    for _ in range(steps):
        action = rng.uniform(-1, 1, size)
        if domain == "cartpole":  # a nudge to the middle, or it leaves the rail
            action = np.clip(action - bodies[-1][0] - 0.5 * bodies[-1][2], -1, 1)
        step = env.step(action)
        actions.append(action)
        bodies.append(_body(env, name))
        seen.append(step.observation["observations"])
        rewards.append(step.reward)
        if (np.abs(bodies[-1][:2]) > LIMITS.get(domain, (np.inf, np.inf))).any():
            return None
    return dict(zip(PARTS, map(np.array, (bodies, actions, seen, rewards)), strict=True))


def _body(env: Any, name: str) -> Any:
    """The numbers of `envs.control.task.Body`."""
    physics = env.physics
    fixed: list[float] = []
    if name == "PointMassHard":
        fixed = physics.model.wrap_prm[:4].tolist()
    if name.startswith("Reacher"):
        fixed = physics.named.model.geom_pos["target", :2].tolist()
    return np.concatenate([physics.data.qpos, physics.data.qvel, fixed])


def main() -> None:
    """Write the file."""
    arrays = {
        f"{name}/{part}": numbers.astype(np.float32)
        for name in TASKS
        for part, numbers in record(name, 100).items()
    }
    np.savez_compressed(FILE, **arrays)


if __name__ == "__main__":
    main()
