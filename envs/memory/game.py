"""What the games have in common: observations made of symbols, saved states, the side panel."""

import abc
from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar, TypeVar

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
from gymnasium.spaces import Box, Discrete, MultiDiscrete
from jaxtyping import Array, Bool, Float32, Int32
from typing_extensions import override

from envs import saved
from envs.core import Frame, FunctionalEnv, IntLike, pytree
from envs.memory.params import SymbolParams
from envs.memory.table import Table, draw_table, words_of

StateT = TypeVar("StateT")
ParamsT = TypeVar("ParamsT")
SymbolParamsT = TypeVar("SymbolParamsT", bound=SymbolParams)
JudgedStateT = TypeVar("JudgedStateT", bound="JudgedState")

Number = Int32[Array, ""]
Flag = Bool[Array, ""]


def never() -> Flag:
    """A flag that is not set."""
    return jnp.zeros((), jnp.bool_)


class Game(FunctionalEnv[StateT, ParamsT, Array]):
    """A game of which a person who plays it is told what `info` says, less the answer."""

    state_class: ClassVar[type]

    @override
    def truncated(self, state: StateT, params: ParamsT) -> Flag:
        return never()

    def facts(self, state: StateT, params: ParamsT) -> dict[str, Any]:
        """`info` as Python numbers, of one state outside compiled code."""
        info = compiled(self.info)(state, params)
        return {name: np.asarray(value).item() for name, value in info.items()}

    @override
    def panel(self, state: StateT, params: ParamsT) -> dict[str, dict[str, Any]]:
        facts = self.facts(state, params)
        return {"game": {name: value for name, value in facts.items() if name != "answer"}}

    @override
    def dumps(self, state: StateT) -> str:
        return saved.dumps(state)

    @override
    def loads(self, text: str) -> StateT:
        state: StateT = saved.loads(text, self.state_class)
        return state


class SymbolGame(Game[StateT, SymbolParamsT]):
    """A game that shows symbols, as numbers or one-hot; see `SymbolParams.obs`."""

    @abc.abstractmethod
    def symbols(self, params: SymbolParamsT) -> tuple[int, ...]:
        """How many kinds there are of each symbol that is shown."""

    @abc.abstractmethod
    def shown(self, state: StateT, params: SymbolParamsT) -> Int32[Array, " symbols"]:
        """The symbols, each from 0."""

    @override
    def observe(self, state: StateT, params: SymbolParamsT) -> Array:
        shown, counts = self.shown(state, params), self.symbols(params)
        if params.obs == "index":
            return shown if len(counts) > 1 else shown[0]
        if len(set(counts)) == 1:
            return jax.nn.one_hot(shown, counts[0], dtype=jnp.float32).ravel()
        parts = [
            jax.nn.one_hot(*each, dtype=jnp.float32) for each in zip(shown, counts, strict=True)
        ]
        return jnp.concatenate(parts)

    @override
    def observation_space(self, params: SymbolParamsT) -> gymnasium.Space[Any]:
        counts = self.symbols(params)
        if params.obs == "onehot":
            return Box(0.0, 1.0, (sum(counts),), np.float32)
        return MultiDiscrete(list(counts), np.int32) if len(counts) > 1 else Discrete(counts[0])


@pytree
class JudgedState:
    """What is kept of the answers."""

    verdict: Number  # on the last answer: 1 right, -1 wrong, 0 not judged
    score: Number  # sum of the verdicts


class CardGame(SymbolGame[JudgedStateT, SymbolParamsT]):
    """A game in which cards are dealt and answers are right or wrong."""

    @abc.abstractmethod
    def num_answers(self, params: SymbolParamsT) -> IntLike:
        """Right answers that are worth 1 together."""

    @abc.abstractmethod
    def table(self, state: JudgedStateT, params: SymbolParamsT) -> Table:
        """What lies on the table, of one state outside compiled code."""

    @override
    def reward(
        self, state: JudgedStateT, action: Any, next_state: JudgedStateT, params: SymbolParamsT
    ) -> Float32[Array, ""]:
        return share(next_state.verdict, self.num_answers(params))

    @override
    def render(self, state: JudgedStateT, params: SymbolParamsT, size: tuple[int, int]) -> Frame:
        return draw_table(self.table(state, params), size)

    @override
    def text(self, state: JudgedStateT, params: SymbolParamsT) -> str:
        return words_of(self.table(state, params))


@cache  # cores are shared, so each hook is compiled once
def compiled(hook: Callable[..., Any]) -> Callable[..., Any]:
    """A hook for pictures; one by one, its operations would each be compiled at the first."""
    return jax.jit(hook)


def as_number(action: Any) -> Number:
    """An action as the games compare it."""
    return jnp.asarray(action, jnp.int32)


def verdict(is_right: Flag) -> Number:
    """1 for a right answer, -1 for a wrong one."""
    return jnp.where(is_right, jnp.int32(1), jnp.int32(-1))


def share(number: Number, total: Any) -> Float32[Array, ""]:
    """A number of parts as a reward: all `total` parts together are worth 1."""
    # times the inverse: a division comes out otherwise when it is compiled
    return number.astype(jnp.float32) * (1.0 / jnp.asarray(total, jnp.float32))
