"""Diagonal systems for a state space layer to start from; numpy in 64 bits, made once.

Single precision loses digits of the larger eigenvalues.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Complex


class DiagonalSystem(NamedTuple):
    """Eigenvalues, and the matrix V that turns diagonal states into N real ones; read only."""

    eigenvalues: Complex[np.ndarray, " modes"]
    basis: Complex[np.ndarray, "state modes"]


@cache
def diagonal_system(init: str, state_size: int, blocks: int, conj_sym: bool) -> DiagonalSystem:
    """The system of one layer.

    Args:
        init: "hippo" (the normal part of HiPPO-LegS), "s4d-lin" or "s4d-inv".
        state_size: N, real numbers in the state.
        blocks: Equal and independent systems that make up the whole.
        conj_sym: Keep one mode of each conjugate pair, N/2 in all.

    Source: in-context-rl.md 1.1; arXiv 2206.11893 (S4D) for the other two.
    """
    size = state_size // blocks
    eigenvalues, basis = _hippo(size) if init == "hippo" else _s4d(init, size)
    if conj_sym:
        eigenvalues, basis = eigenvalues[: size // 2], basis[:, : size // 2]
    system = DiagonalSystem(np.tile(eigenvalues, blocks), np.kron(np.eye(blocks), basis))
    for array in system:
        array.setflags(write=False)  # it is shared
    return system


def _hippo(size: int) -> DiagonalSystem:
    """The normal part of HiPPO-LegS; eigenvalues by ascending imaginary part."""
    scale = np.sqrt(2 * np.arange(size) + 1)
    hippo = -np.tril(np.outer(scale, scale), -1) - np.diag(np.arange(size) + 1.0)
    low_rank = np.sqrt(np.arange(size) + 0.5)
    normal = hippo + np.outer(low_rank, low_rank)  # a skew matrix minus half the identity
    imaginary, basis = np.linalg.eigh(-1j * normal)
    return DiagonalSystem(np.diag(normal).mean() + 1j * imaginary, basis)


def _s4d(init: str, size: int) -> DiagonalSystem:
    """Pairs of real states that turn; one mode of every pair comes first."""
    mode = np.arange(size // 2)
    inverse = size / np.pi * (size / (2 * mode + 1) - 1)
    half = -0.5 + 1j * (np.pi * mode if init == "s4d-lin" else inverse)
    turn = np.concatenate([np.eye(size // 2), -1j * np.eye(size // 2)]) / np.sqrt(2)
    return DiagonalSystem(
        np.concatenate([half, half.conj()]), np.concatenate([turn, turn.conj()], axis=1)
    )
