"""The agent's networks, all behind one call along time.

Every axis order is T, B; `reset[t]` says that `features[t]` is the first of an episode, see
`worldmodels.incontext.memory.layer`.
"""

from typing import NamedTuple, Protocol, runtime_checkable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from worldmodels.incontext.actions import Categorical, DiagonalGaussian, Distribution
from worldmodels.incontext.config import PPOConfig
from worldmodels.incontext.dense import apply_linear, draw_linear
from worldmodels.incontext.memory.kinds import make_memory
from worldmodels.incontext.memory.layer import Carry, Resets
from worldmodels.incontext.memory.stack import Stack
from worldmodels.incontext.problem import Problem

HIDDEN_GAIN = 2**0.5
HEAD_GAIN = 2.0  # of hidden layers after a memory
ACTOR_GAIN = 0.01  # nearly uniform at first
CRITIC_GAIN = 1.0
ALIKE = 1e-6  # deviation of a feature that says nothing


class Judgement(NamedTuple):
    """What an agent makes of observations; axes are led by T, B."""

    choice: Distribution
    value: Float[Array, "time batch"]  # expected discounted return


@runtime_checkable
class Agent(Protocol):
    """A network that acts; arrays of its carry have B as second axis."""

    def init_carry(self, batch: int) -> Carry:
        """What is known before anything was seen."""
        ...

    def __call__(
        self, carry: Carry, features: Float[Array, "time batch features"], reset: Resets
    ) -> tuple[Carry, Judgement]:
        """Run along a sequence: what is known after it, and the judgement of every step."""
        ...


def make_agent(problem: Problem, config: PPOConfig, key: PRNGKeyArray) -> Agent:
    """Draw the networks that a configuration asks for; scales of features are not measured yet."""
    networks = ActorCritic if config.memory == "none" else MemoryActorCritic
    agent: Agent = networks(problem, config, key)
    if not config.scales_features:
        return agent
    return Scaled(agent, jnp.zeros(problem.num_features), jnp.ones(problem.num_features))


class Scaled(eqx.Module):
    """An agent that sees features less their mean, over their deviation; no training moves these.

    What tells worlds apart may be small beside flags of size 1: an agent would take long to see it.
    """

    agent: Agent
    mean: Float[Array, " features"]
    deviation: Float[Array, " features"]

    def init_carry(self, batch: int) -> Carry:
        """What is known before anything was seen."""
        return self.agent.init_carry(batch)

    def __call__(
        self, carry: Carry, features: Float[Array, "time batch features"], reset: Resets
    ) -> tuple[Carry, Judgement]:
        """Run along a sequence, see `Agent`."""
        mean, deviation = jax.lax.stop_gradient((self.mean[None, None], self.deviation[None, None]))
        return self.agent(carry, (features - mean) / deviation, reset)

    @classmethod
    def to(cls, agent: "Scaled", features: Float[Array, "time batch features"]) -> "Scaled":
        """The same agent for features like these; where all are alike they are not scaled."""
        mean, deviation = features.mean((0, 1)), features.std((0, 1))
        return cls(agent.agent, mean, jnp.where(deviation > ALIKE, deviation, 1.0))


class MLP(eqx.Module):
    """Layers with an activation between them; orthogonal weights, no bias at first."""

    layers: tuple[eqx.nn.Linear, ...]

    def __init__(
        self, sizes: tuple[int, ...], gain: float, last_gain: float, key: PRNGKeyArray
    ) -> None:
        """Draw the weights.

        Args:
            sizes: Units of every layer, inputs and outputs included.
            gain: Scale of the weights of all layers but the last.
            last_gain: Scale of the last layer's weights.
            key: Of all weights.
        """
        gains = [gain] * (len(sizes) - 2) + [last_gain]
        keys = jax.random.split(key, len(gains))
        pairs = zip(sizes[:-1], sizes[1:], gains, keys, strict=True)
        self.layers = tuple(
            draw_linear(wide, high, k, jax.nn.initializers.orthogonal(gain))
            for wide, high, gain, k in pairs
        )

    def __call__(
        self, inputs: Float[Array, "*axes inputs"], is_smooth: bool
    ) -> Float[Array, "*axes outputs"]:
        """Outputs of the last layer; tanh between the layers if smooth, else leaky rectifiers."""
        activate = jnp.tanh if is_smooth else jax.nn.leaky_relu
        *hidden, last = self.layers
        for layer in hidden:
            inputs = activate(apply_linear(layer, inputs))
        return apply_linear(last, inputs)


class ActorCritic(eqx.Module):
    """An actor and a critic that share nothing and remember nothing."""

    actor: MLP
    critic: MLP
    log_std: Float[Array, " actions"] | None  # None: actions are numbered

    def __init__(self, problem: Problem, config: PPOConfig, key: PRNGKeyArray) -> None:
        """Draw the weights."""
        actor_key, critic_key = jax.random.split(key)
        hidden = (problem.num_features, *[config.width] * config.num_layers)
        self.actor = MLP((*hidden, problem.num_actions), HIDDEN_GAIN, ACTOR_GAIN, actor_key)
        self.critic = MLP((*hidden, 1), HIDDEN_GAIN, CRITIC_GAIN, critic_key)
        self.log_std = jnp.zeros(problem.num_actions) if problem.is_continuous else None

    def init_carry(self, batch: int) -> tuple[()]:
        """Nothing."""
        del batch
        return ()

    def __call__(
        self, carry: tuple[()], features: Float[Array, "time batch features"], reset: Resets
    ) -> tuple[tuple[()], Judgement]:
        """Judge every step by itself, see `Agent`."""
        del reset
        choice = _choice(self.actor(features, is_smooth=True), self.log_std)
        return carry, Judgement(choice, self.critic(features, is_smooth=True)[..., 0])


class MemoryActorCritic(eqx.Module):
    """An encoder, a memory, and actor and critic as two heads.

    Source: in-context-rl.md 1.6, arXiv 2303.03982 table 3.
    """

    encoder: MLP
    memory: Stack
    actor: MLP
    critic: MLP
    log_std: Float[Array, " actions"] | None  # None: actions are numbered

    def __init__(self, problem: Problem, config: PPOConfig, key: PRNGKeyArray) -> None:
        """Draw the weights."""
        encoder_key, memory_key, actor_key, critic_key = jax.random.split(key, 4)
        sizes = (problem.num_features, *config.encoder, config.width)
        hidden = (config.width, *config.heads)
        self.encoder = MLP(sizes, HIDDEN_GAIN, HIDDEN_GAIN, encoder_key)
        self.memory = make_memory(config, memory_key)
        self.actor = MLP((*hidden, problem.num_actions), HEAD_GAIN, ACTOR_GAIN, actor_key)
        self.critic = MLP((*hidden, 1), HEAD_GAIN, CRITIC_GAIN, critic_key)
        self.log_std = jnp.zeros(problem.num_actions) if problem.is_continuous else None

    def init_carry(self, batch: int) -> Carry:
        """What is known before anything was seen."""
        return self.memory.init_carry(batch)

    def __call__(
        self, carry: Carry, features: Float[Array, "time batch features"], reset: Resets
    ) -> tuple[Carry, Judgement]:
        """Run along a sequence, see `Agent`."""
        encoded = jax.nn.leaky_relu(self.encoder(features, is_smooth=False))
        carry, known = self.memory(carry, encoded, reset)
        choice = _choice(self.actor(known, is_smooth=False), self.log_std)
        return carry, Judgement(choice, self.critic(known, is_smooth=False)[..., 0])


def _choice(
    output: Float[Array, "*axes actions"], log_std: Float[Array, " actions"] | None
) -> Distribution:
    if log_std is None:
        return Categorical(output)
    return DiagonalGaussian(output, jnp.broadcast_to(log_std, output.shape))
