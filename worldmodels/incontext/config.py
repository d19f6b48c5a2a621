"""What can be chosen about the agent and its training."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Final, Literal, get_args, get_type_hints

Preset = Literal[
    "paper", "laptop", "laptop-memory", "laptop-meta", "popgym", "meta-cartpole", "memory-chain"
]
Memory = Literal["none", "mlp", "s5", "gru", "lstm", "attention", "delta"]


@dataclasses.dataclass(frozen=True)
class S5Config:
    """Parameters of an S5 layer; the defaults are those of the published POPGym runs.

    Source: in-context-rl.md 1.1-1.5.

    Raises:
        ValueError: a number is out of range, or a word unknown.
    """

    state_size: int = 256
    """Real numbers in the state (N); with conjugate symmetry half as many complex ones are kept."""
    blocks: int = 1
    """Equal and independent systems that make up the state."""
    init: Literal["hippo", "s4d-lin", "s4d-inv"] = "hippo"
    """Eigenvalues of a new layer."""
    conj_sym: bool = True
    """Whether one of each pair of conjugate modes is enough."""
    discretisation: Literal["zoh", "bilinear"] = "zoh"
    """How the continuous system becomes one of steps."""
    clip_eigs: bool = False
    """Whether eigenvalues are kept from growing modes; helps beyond the trained length."""
    dt_min: float = 0.001
    """Smallest step size of a new layer."""
    dt_max: float = 0.1
    """Largest step size of a new layer."""
    step_rescale: float = 1.0
    """Factor of all step sizes."""
    c_init: Literal["lecun_normal", "trunc_standard_normal", "complex_normal"] = "lecun_normal"
    """Distribution of a new output matrix."""
    activation: Literal["full_glu", "half_glu1", "half_glu2", "gelu"] = "full_glu"
    """What follows the linear system."""
    norm: bool = False
    """Whether features are normalised."""
    prenorm: bool = False
    """With norm: before the system, instead of after the sum."""
    gtrxl_norm: bool = False
    """Whether features are normalised between system and activation."""
    resets: bool = True
    """False forgets nothing at the start of an episode, to compare with."""
    parallel: bool = False
    """Scan in log2(T) rounds, for accelerators; slower on CPUs, the same result."""

    def __post_init__(self) -> None:
        _check_words(type(self), vars(self))
        for name in ("state_size", "blocks"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is at least 1, got {getattr(self, name)}")
        if self.state_size % (2 * self.blocks):
            raise ValueError(
                f"state_size is a multiple of 2 * blocks = {2 * self.blocks}, got {self.state_size}"
            )
        if not 0 < self.dt_min <= self.dt_max:
            raise ValueError(f"dt_min is in 0..dt_max = {self.dt_max}, got {self.dt_min}")
        if not self.step_rescale > 0:
            raise ValueError(f"step_rescale is positive, got {self.step_rescale}")


@dataclasses.dataclass(frozen=True)
class PPOConfig:
    """Parameters of PPO; the defaults are Craftax's published baseline.

    Without a memory the agent is an actor and a critic that share nothing. With one, actor and
    critic are heads of a network with a memory, and minibatches are parts of the worlds, each
    with its whole rollout.

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
    """Units of a hidden layer; with a memory, its features."""
    num_layers: int = 3
    """Hidden layers, of the actor and of the critic each; with a memory, its layers."""
    memory: Memory = "none"
    """What remembers earlier steps; "mlp" is the network around a memory, without one."""
    sees_action: bool = False
    """Whether the last action, and whether the episode begins, are part of the observation."""
    scales_features: bool = False
    """Whether what is seen is shifted and scaled to mean 0 and deviation 1 under random actions."""
    encoder: tuple[int, ...] = (128,)
    """Units of the layers before a memory; one more, of its width, follows."""
    heads: tuple[int, ...] = (128, 128)
    """Units of the hidden layers of actor and critic each, after a memory."""
    num_heads: int = 4
    """Of attention, and of the delta rule."""
    window: int = 128
    """Steps back that attention sees."""
    s5: S5Config = dataclasses.field(default_factory=S5Config)

    def __post_init__(self) -> None:
        _check_words(type(self), vars(self))
        for name in _COUNTS:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is at least 1, got {getattr(self, name)}")
        for name in ("learning_rate", "adam_epsilon", "max_grad_norm", "clip"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is positive, got {getattr(self, name)}")
        for name in ("discount", "trace"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is in 0..1, got {getattr(self, name)}")
        for name in ("encoder", "heads"):
            if any(units < 1 for units in getattr(self, name)):
                raise ValueError(f"{name} are numbers of at least 1, got {getattr(self, name)}")
        if self.num_columns % self.num_minibatches:
            whole = "num_envs * rollout_steps" if self.memory == "none" else "num_envs"
            raise ValueError(
                f"num_minibatches divides {whole} = {self.num_columns}, got {self.num_minibatches}"
            )
        share = {"attention": 2 * self.num_heads, "delta": self.num_heads}.get(self.memory, 1)
        if self.width % share:
            raise ValueError(
                f"width is a multiple of {share} with {self.num_heads} heads of {self.memory}, "
                f"got {self.width}"
            )

    @property
    def steps_per_update(self) -> int:
        """Steps of single worlds in one rollout."""
        return self.num_envs * self.rollout_steps

    @property
    def num_columns(self) -> int:
        """Parts of a rollout that minibatches are dealt: with a memory, time is never cut."""
        return self.steps_per_update if self.memory == "none" else self.num_envs


def read_config(values: Mapping[str, Any]) -> PPOConfig:
    """A configuration from JSON values; other names among them are left out.

    Raises:
        ValueError: a value is missing or refused.
    """
    names = [field.name for field in dataclasses.fields(PPOConfig)]
    missing = [name for name in names if name not in values]
    if missing:
        raise ValueError(f"the configuration lacks {', '.join(missing)}")
    own = {name: values[name] for name in names}
    _check_words(PPOConfig, own)
    try:
        _check_words(S5Config, dict(own["s5"]))
        parts = {"encoder": tuple(own["encoder"]), "heads": tuple(own["heads"])}
        return PPOConfig(**{**own, **parts, "s5": S5Config(**own["s5"])})
    except TypeError as error:
        raise ValueError(f"the configuration has a value of another kind: {error}") from error


def _check_words(config: type, values: Mapping[str, Any]) -> None:
    for name, hint in get_type_hints(config).items():
        words = get_args(hint)
        if words and isinstance(words[0], str) and values.get(name, words[0]) not in words:
            raise ValueError(f"{name} is one of {', '.join(words)}, got {values[name]!r}")


_COUNTS: Final = (
    "num_envs",
    "rollout_steps",
    "epochs",
    "num_minibatches",
    "width",
    "num_layers",
    "num_heads",
    "window",
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

LAPTOP_MEMORY: Final = PPOConfig(
    num_envs=64,
    rollout_steps=128,
    epochs=4,
    num_minibatches=4,
    learning_rate=1e-3,
    max_grad_norm=0.5,
    trace=0.95,
    entropy_weight=0.01,
    width=64,
    num_layers=2,
    memory="s5",
    sees_action=True,
    encoder=(64,),
    heads=(64,),
    s5=S5Config(state_size=64, clip_eigs=True),
)
"""For CPUs: an agent with a memory that learns small problems in minutes."""

LAPTOP_META: Final = dataclasses.replace(
    LAPTOP_MEMORY,
    rollout_steps=512,
    num_minibatches=8,
    learning_rate=3e-4,
    anneal=False,
    trace=1.0,
    entropy_weight=0.005,
    value_weight=1.0,
    scales_features=True,
)
"""For CPUs: cart-poles behind random projections, where an agent adapts within a life.

Of the published settings it has the trace, the weight of the value loss and the constant rate.
"""

POPGYM: Final = PPOConfig(
    num_envs=64,
    rollout_steps=1024,
    epochs=30,
    num_minibatches=8,
    learning_rate=5e-5,
    anneal=False,
    max_grad_norm=0.5,
    trace=1.0,
    entropy_weight=0.0,
    value_weight=1.0,
    width=256,
    num_layers=4,
    memory="s5",
    sees_action=True,
)
"""POPGym as published, with 15 million steps; GRUs had one layer.

Source: in-context-rl.md 5, arXiv 2303.03982 table 3.
"""

META_CARTPOLE: Final = POPGYM
"""Cart-poles behind random projections as published, with 50 million steps."""

MEMORY_CHAIN: Final = PPOConfig(
    num_envs=1,
    rollout_steps=32,
    epochs=1,
    num_minibatches=1,
    learning_rate=3e-4,
    anneal=False,
    max_grad_norm=0.5,
    trace=0.9,
    entropy_weight=0.0,
    width=256,
    num_layers=1,
    memory="s5",
    encoder=(256,),
    heads=(),
)
"""bsuite's memory chain as published: one gradient step per rollout of one world, as in A2C.

Source: in-context-rl.md 2 and 5, arXiv 2303.03982 table 2. Length of gradients and weight of the
value loss are not published: 0.5 each.
"""

PRESETS: Final[Mapping[Preset, PPOConfig]] = {
    "paper": PPOConfig(),
    "laptop": LAPTOP,
    "laptop-memory": LAPTOP_MEMORY,
    "laptop-meta": LAPTOP_META,
    "popgym": POPGYM,
    "meta-cartpole": META_CARTPOLE,
    "memory-chain": MEMORY_CHAIN,
}
