"""What can be chosen about the games; the catalog's rows are presets of these."""

from typing import Any, Final

import jax

from envs.core import IntLike, pytree, static
from envs.memory.cards import DECK, KINDS

MOST_DECKS: Final = 1000
LARGEST_BOARD: Final = 64  # squares on a side
SMALLEST_SEA: Final = 6  # on which the last ship always finds a place
MOST_ARMS: Final = 1000
_CHOICES: Final = {
    "obs": ("onehot", "index"),
    "cards": tuple(KINDS),
    "shows": ("position", "velocity"),
}


@pytree
class SymbolParams:
    """Parameters of a game whose observations are symbols.

    Raises:
        ValueError: names the field, what it may be, and what came; so do those below.
    """

    obs: str = static(default="onehot")

    def __post_init__(self) -> None:
        _check_choice("obs", self.obs)


@pytree
class DeckParams(SymbolParams):
    """Of a game that is over when the deck is: RepeatFirst and HigherLower."""

    decks: IntLike = 1

    def __post_init__(self) -> None:
        SymbolParams.__post_init__(self)
        _check_whole("decks", self.decks, 1, MOST_DECKS)

    @property
    def num_cards(self) -> IntLike:
        """Cards of all decks."""
        return DECK * self.decks


@pytree
class RepeatPreviousParams(DeckParams):
    """Parameters of RepeatPrevious."""

    k: int = static(default=4)  # which card to name: 1 is the last one seen
    compat: bool = static(default=False)  # as published: one card further back, one step more

    def __post_init__(self) -> None:
        DeckParams.__post_init__(self)
        most = self.num_cards - 1 if isinstance(self.decks, int) else None
        _check_size("k", self.k, 1, most)


@pytree
class CountRecallParams(DeckParams):
    """Parameters of CountRecall."""

    cards: str = static(default="colours")  # what is told apart

    def __post_init__(self) -> None:
        DeckParams.__post_init__(self)
        _check_choice("cards", self.cards)

    @property
    def num_kinds(self) -> int:
        """Kinds of cards."""
        return KINDS[self.cards]

    @property
    def num_each(self) -> IntLike:
        """Cards of each kind, the largest answer."""
        return self.num_cards // self.num_kinds


@pytree
class AutoencodeParams(SymbolParams):
    """Parameters of Autoencode."""

    decks: int = static(default=1)

    def __post_init__(self) -> None:
        SymbolParams.__post_init__(self)
        _check_size("decks", self.decks, 1, MOST_DECKS)

    @property
    def num_cards(self) -> int:
        """Cards of all decks."""
        return DECK * self.decks


@pytree
class ConcentrationParams(SymbolParams):
    """Parameters of Concentration."""

    decks: int = static(default=1)
    cards: str = static(default="colours")  # what makes a pair

    def __post_init__(self) -> None:
        SymbolParams.__post_init__(self)
        _check_size("decks", self.decks, 1, MOST_DECKS)
        _check_choice("cards", self.cards)

    @property
    def num_kinds(self) -> int:
        """Kinds of cards."""
        return KINDS[self.cards]

    @property
    def num_cards(self) -> int:
        """Cards on the table."""
        return DECK * self.decks

    @property
    def last_step(self) -> int:
        """Steps after which an episode is cut short: two for each card, but half of one."""
        return 2 * self.num_cards


@pytree
class BattleshipParams(SymbolParams):
    """Parameters of Battleship."""

    size: int = static(default=8)  # squares on a side

    def __post_init__(self) -> None:
        SymbolParams.__post_init__(self)
        _check_size("size", self.size, SMALLEST_SEA, LARGEST_BOARD)


@pytree
class MinesweeperParams(SymbolParams):
    """Parameters of Minesweeper."""

    size: int = static(default=4)  # squares on a side
    mines: int = static(default=2)

    def __post_init__(self) -> None:
        SymbolParams.__post_init__(self)
        _check_size("size", self.size, 2, LARGEST_BOARD)
        _check_size("mines", self.mines, 1, self.size**2 - 3)

    @property
    def num_clear(self) -> int:
        """Squares without a mine, and steps after which an episode is cut short."""
        return self.size**2 - self.mines


@pytree
class BanditParams(SymbolParams):
    """Parameters of MultiArmedBandit."""

    arms: int = static(default=10)
    max_steps: IntLike = 200

    def __post_init__(self) -> None:
        SymbolParams.__post_init__(self)
        _check_size("arms", self.arms, 1, MOST_ARMS)
        _check_whole("max_steps", self.max_steps, 1)


@pytree
class CartPoleParams:
    """Parameters of the cart-pole of which half is seen."""

    max_steps: IntLike = 200
    shows: str = static(default="position")  # which half
    noise: float = static(default=0.0)  # standard deviation of what is added, m and rad
    compat: bool = static(default=False)  # as published: a time that is up terminates

    def __post_init__(self) -> None:
        _check_whole("max_steps", self.max_steps, 1)
        _check_choice("shows", self.shows)
        _check_noise(self.noise)


@pytree
class PendulumParams:
    """Parameters of the pendulum whose speed is not seen."""

    max_steps: IntLike = 200
    noise: float = static(default=0.0)  # standard deviation of what is added to cosine and sine
    compat: bool = static(default=False)  # as published: a time that is up terminates

    def __post_init__(self) -> None:
        _check_whole("max_steps", self.max_steps, 1)
        _check_noise(self.noise)


@pytree
class MemoryChainParams:
    """Parameters of the memory chain."""

    memory_length: IntLike = 10  # steps from what is to be remembered to the answer
    num_bits: int = static(default=1)  # of what is to be remembered
    legacy_obs: bool = static(default=False)  # as published: what was there before the step

    def __post_init__(self) -> None:
        _check_whole("memory_length", self.memory_length, 1)
        _check_size("num_bits", self.num_bits, 1, None)


def _check_choice(name: str, value: Any) -> None:
    if value not in _CHOICES[name]:
        raise ValueError(f"{name} is one of {_CHOICES[name]}; got {value!r}")


def _check_whole(name: str, value: Any, least: int, most: int | None = None) -> None:
    """Refuse a number out of range; one that is traced is not looked at."""
    if not isinstance(value, jax.Array):
        _check_size(name, value, least, most)


def _check_size(name: str, value: Any, least: int, most: int | None) -> None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or value < least or (most is not None and value > most):
        limits = f"{least} or more" if most is None else f"in {least}..{most}"
        raise ValueError(f"{name} is a whole number, {limits}; got {value!r}")


def _check_noise(value: Any) -> None:
    if not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ValueError(f"noise is a number, 0 or more; got {value!r}")
