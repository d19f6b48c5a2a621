"""What can be chosen about the agent and its training."""

import dataclasses
from typing import Final


@dataclasses.dataclass(frozen=True)
class PPOConfig:
    """Parameters of PPO; the defaults are Craftax's published baseline.

    Source: arXiv 2402.16801 and the defaults of the code released with it. `adam_epsilon` is that
    of PureJaxRL, on which it builds.

    Raises:
        ValueError: a number is out of range, or the minibatches do not divide the rollout.
    """

    num_envs: int = 1024
    """Worlds stepped at once."""
    rollout_steps: int = 64
    """Steps of every world between two updates."""
    epochs: int = 4
    """Passes over a rollout."""
    num_minibatches: int = 8
    """Parts of a rollout, one gradient step each."""
    learning_rate: float = 2e-4
    """Of Adam, at the start of training."""
    anneal: bool = True
    """Whether the learning rate falls linearly to 0, update by update."""
    adam_epsilon: float = 1e-5
    """Added to Adam's denominator."""
    max_grad_norm: float = 1.0
    """Longer gradients are shortened to this norm."""
    discount: float = 0.99
    """Weight of a reward one step later (gamma)."""
    trace: float = 0.8
    """Decay of the advantage estimate (lambda)."""
    clip: float = 0.2
    """How far the probability ratio, and the value, may move from the old one."""
    entropy_weight: float = 0.01
    """Of the entropy bonus in the loss."""
    value_weight: float = 0.5
    """Of the value loss in the loss."""
    width: int = 512
    """Units of a hidden layer."""
    num_layers: int = 3
    """Hidden layers, of the actor and of the critic each."""

    def __post_init__(self) -> None:
        for name in _COUNTS:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is at least 1, got {getattr(self, name)}")
        for name in ("learning_rate", "adam_epsilon", "max_grad_norm", "clip"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is positive, got {getattr(self, name)}")
        for name in ("discount", "trace"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is in 0..1, got {getattr(self, name)}")
        if self.steps_per_update % self.num_minibatches:
            raise ValueError(
                f"num_minibatches divides num_envs * rollout_steps = {self.steps_per_update}, "
                f"got {self.num_minibatches}"
            )

    @property
    def steps_per_update(self) -> int:
        """Steps of single worlds in one rollout."""
        return self.num_envs * self.rollout_steps


_COUNTS: Final = (
    "num_envs",
    "rollout_steps",
    "epochs",
    "num_minibatches",
    "width",
    "num_layers",
)

LAPTOP: Final = PPOConfig(
    num_envs=128,
    epochs=2,
    num_minibatches=8,
    learning_rate=5e-4,
    width=128,
    num_layers=2,
)
"""For CPUs: of Crafter-OO's time, stepping the worlds and learning take about half each."""

PRESETS: Final = {"paper": PPOConfig(), "laptop": LAPTOP}
