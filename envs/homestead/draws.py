"""Where random numbers come from: every rule asks a `Draws`, and only when it needs to."""

import abc
import hashlib
from typing import Final

from typing_extensions import override

NUM_KEYS: Final = 2**64


class Draws(abc.ABC):
    """A source of random choices."""

    @abc.abstractmethod
    def chance(self, probability: float) -> bool:
        """True with the given probability."""

    @abc.abstractmethod
    def integer(self, n: int) -> int:
        """A whole number in [0, n), n >= 1, all equally likely."""


class KeyedDraws(Draws):
    """Counter-based numbers: the i-th draw of a step is a function of (key, step, i).

    Raises:
        ValueError: the key is not in [0, 2**64).
    """

    def __init__(self, key: int, step: int) -> None:
        if not 0 <= key < NUM_KEYS:
            raise ValueError(f"a key is a whole number in [0, 2**64), got {key}")
        self._key = key
        self._step = step
        self._count = 0

    @override
    def chance(self, probability: float) -> bool:
        return self._uniform() < probability

    @override
    def integer(self, n: int) -> int:
        return int(self._uniform() * n)

    def _uniform(self) -> float:
        word = derive_key(self._key, self._step, self._count)
        self._count += 1
        return (word >> 11) / 2**53


def derive_key(*numbers: int) -> int:
    """Mix whole numbers into one key in [0, 2**64) by BLAKE2b."""
    digest = hashlib.blake2b(repr(numbers).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")
