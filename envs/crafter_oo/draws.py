"""Where random numbers come from.

Every rule asks for its random numbers through a `Draws`, naming who draws (`owner`) and which of
its draws it is (`slot`). A sequential source ignores the names; a keyed source computes the
number from them, so that the array stepper can compute the same one in any order.
"""

import abc
import base64
import json
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

MT_WORDS: Final = 624  # words in one state of the Mersenne Twister MT19937


class Draws(abc.ABC):
    """A source of random numbers that belongs to one state."""

    __slots__ = ()

    @abc.abstractmethod
    def uniform(self, owner: int, slot: int) -> float:
        """A number in [0, 1)."""

    @abc.abstractmethod
    def integer(self, owner: int, slot: int, n: int) -> int:
        """A whole number in [0, n), n >= 1."""

    def chance(self, probability: float, owner: int, slot: int) -> bool:
        """True with the given probability: `u < probability`."""
        return self.uniform(owner, slot) < probability

    def at_step(self, step: int) -> None:  # noqa: B027  # only keyed sources care
        """Tell the source which step begins."""

    @abc.abstractmethod
    def copy(self) -> "Draws":
        """A source that will give the same numbers, independent of this one."""

    @abc.abstractmethod
    def dumps(self) -> str:
        """Serialise to JSON text; `loads_draws` is the inverse."""


def balance_owner(chunk_index: int, class_index: int) -> int:
    """Owner number of the balance draws of one chunk and class; negative, so never an entity."""
    return -1 - (3 * chunk_index + class_index)


class _Block:
    """One state of MT19937 and its 624 outputs. Immutable; the next block is made on demand."""

    __slots__ = ("_next", "key", "words")

    def __init__(self, key: NDArray[np.uint32]) -> None:
        self.key = key
        self.words: list[int] = _tempered(key).tolist()
        self._next: _Block | None = None

    @property
    def next(self) -> "_Block":
        if self._next is None:
            self._next = _Block(_twisted(self.key))
        return self._next


def _twisted(key: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The next state of MT19937.

    numpy can do this too, but takes eight times as long to set up the generator for it.
    Source: Matsumoto and Nishimura, "Mersenne Twister", ACM TOMACS 8(1), 1998.
    """
    mixed = (key[:-1] & 0x80000000) | (key[1:] & 0x7FFFFFFF)
    step = (mixed >> 1) ^ (mixed & 1) * np.uint32(0x9908B0DF)
    new = np.empty_like(key)
    new[:227] = key[397:] ^ step[:227]
    new[227:454] = new[:227] ^ step[227:454]
    new[454:623] = new[227:396] ^ step[454:]
    last = (int(key[623]) & 0x80000000) | (int(new[0]) & 0x7FFFFFFF)
    new[623] = int(new[396]) ^ (last >> 1) ^ (0x9908B0DF if last & 1 else 0)
    return new


def _tempered(key: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The outputs of a state of MT19937."""
    words = key.copy()
    words ^= words >> 11
    words ^= (words << 7) & np.uint32(0x9D2C5680)
    words ^= (words << 15) & np.uint32(0xEFC60000)
    words ^= words >> 18
    return words


class SequentialDraws(Draws):
    """One stream of MT19937 numbers, equal to numpy's legacy `RandomState` draw by draw.

    The outputs of a block are computed once and shared, so a copy costs two references: this is
    what makes a pure transition cheap.
    """

    __slots__ = ("_block", "position")

    def __init__(self, block: _Block, position: int) -> None:
        self._block = block
        self.position = position  # words used of the current block, 0..624

    @classmethod
    def from_seed(cls, seed: int) -> "SequentialDraws":
        """The stream of `numpy.random.RandomState(seed)`, 0 <= seed < 2**32."""
        return cls.from_random_state(
            np.random.RandomState(seed)
        )  # the legacy generator, for parity

    @classmethod
    def from_random_state(cls, random: np.random.RandomState) -> "SequentialDraws":
        """Continue where `random` stands; `random` itself is not touched."""
        _, key, position, *_ = random.get_state(legacy=True)
        return cls(_Block(np.array(key, dtype=np.uint32)), int(position))

    def random_state(self) -> np.random.RandomState:
        """A numpy `RandomState` that would give the same numbers."""
        random = np.random.RandomState()  # the legacy generator, for parity
        random.set_state(("MT19937", self._block.key, self.position, 0, 0.0))
        return random

    def _word(self) -> int:
        if self.position == MT_WORDS:
            self._block = self._block.next
            self.position = 0
        word = self._block.words[self.position]
        self.position += 1
        return word

    @override
    def uniform(self, owner: int, slot: int) -> float:
        position = self.position
        if position < MT_WORDS - 1:  # both words in this block: the usual case, kept short
            words = self._block.words
            self.position = position + 2
            high, low = words[position], words[position + 1]
        else:
            high, low = self._word(), self._word()
        return ((high >> 5) * 67108864 + (low >> 6)) / 9007199254740992  # 53 bits, as numpy

    @override
    def chance(self, probability: float, owner: int, slot: int) -> bool:
        position = self.position
        if position >= MT_WORDS - 1:
            return self.uniform(owner, slot) < probability
        words = self._block.words
        self.position = position + 2
        return ((words[position] >> 5) * 67108864 + (words[position + 1] >> 6)) < (
            probability * 9007199254740992
        )

    @override
    def integer(self, owner: int, slot: int, n: int) -> int:
        if n == 1:
            return 0  # numpy draws nothing here
        mask = (1 << (n - 1).bit_length()) - 1
        while (value := self._word() & mask) >= n:
            pass
        return value

    @override
    def copy(self) -> "SequentialDraws":
        return SequentialDraws(self._block, self.position)

    def __reduce__(self) -> tuple[Any, ...]:
        return loads_draws, (self.dumps(),)  # without the chain of later blocks

    @override
    def dumps(self) -> str:
        key = base64.b64encode(self._block.key.astype("<u4").tobytes()).decode()
        return json.dumps({"kind": "sequential", "key": key, "position": self.position})


class KeyedDraws(Draws):
    """Counter-based numbers: a pure function of (key, step, owner, slot).

    Threefry-2x32 with 20 rounds, key = the two halves of `key`, counter = (step, 8 * owner +
    slot) modulo 2**32; a uniform is the first word's top 24 bits over 2**24, exact in float32;
    an integer in [0, n) is floor(u * n). `jax.extend.random.threefry_2x32` gives the same words.

    Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
    """

    __slots__ = ("__dict__", "key", "step")

    def __init__(self, key: int, step: int = 0) -> None:
        if not 0 <= key < 2**64:
            raise ValueError(f"a key is a 64-bit number in [0, 2**64), got {key}")
        self.key = key
        self.step = step

    @cached_property
    def _halves(self) -> tuple[int, int]:
        return self.key >> 32, self.key & 0xFFFFFFFF

    @override
    def at_step(self, step: int) -> None:
        self.step = step

    @override
    def uniform(self, owner: int, slot: int) -> float:
        counter = (8 * owner + slot) & 0xFFFFFFFF
        word, _ = threefry_2x32(self._halves, (self.step & 0xFFFFFFFF, counter))
        return (word >> 8) / 16777216

    @override
    def integer(self, owner: int, slot: int, n: int) -> int:
        return int(self.uniform(owner, slot) * n)

    @override
    def copy(self) -> "KeyedDraws":
        return KeyedDraws(self.key, self.step)

    @override
    def dumps(self) -> str:
        return json.dumps({"kind": "keyed", "key": self.key, "step": self.step})


ROTATIONS: Final = ((13, 15, 26, 6), (17, 29, 16, 24))  # of Threefry-2x32, in turn
SKEIN_PARITY: Final = 0x1BD11BDA


def threefry_2x32(key: tuple[int, int], counter: tuple[int, int]) -> tuple[int, int]:
    """Threefry-2x32-20 of one counter; all numbers are 32-bit unsigned.

    Source: Salmon et al., SC 2011; constants as in Random123.
    """
    schedule = (key[0], key[1], key[0] ^ key[1] ^ SKEIN_PARITY)
    x = (counter[0] + schedule[0]) & 0xFFFFFFFF
    y = (counter[1] + schedule[1]) & 0xFFFFFFFF
    for group in range(5):
        for rotation in ROTATIONS[group % 2]:
            x = (x + y) & 0xFFFFFFFF
            y = ((y << rotation) | (y >> (32 - rotation))) & 0xFFFFFFFF
            y ^= x
        x = (x + schedule[(group + 1) % 3]) & 0xFFFFFFFF
        y = (y + schedule[(group + 2) % 3] + group + 1) & 0xFFFFFFFF
    return x, y


def loads_draws(text: str) -> Draws:
    """Read what `Draws.dumps` wrote.

    Raises:
        ValueError: the text is no such thing.
    """
    try:
        data: dict[str, Any] = json.loads(text)
        if data["kind"] == "keyed":
            return KeyedDraws(int(data["key"]), int(data["step"]))
        if data["kind"] == "sequential":
            key = np.frombuffer(base64.b64decode(data["key"], validate=True), dtype="<u4")
            position = int(data["position"])
            if key.shape == (MT_WORDS,) and 0 <= position <= MT_WORDS:
                return SequentialDraws(_Block(key.astype(np.uint32)), position)
    except (ValueError, KeyError, TypeError):
        pass
    raise ValueError(
        'a random state is JSON text: {"kind": "sequential", "key": <base64 of 624 words>, '
        f'"position": 0..624}} or {{"kind": "keyed", "key": .., "step": ..}}; got {text[:60]!r}'
    )
