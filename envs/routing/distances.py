"""Distances between places, as TSPLIB defines them: bq-nco.md 6.4."""

from typing import Final, Literal, get_args

import numpy as np
from jaxtyping import Float64

Metric = Literal["EUCLIDEAN", "EUC_2D", "CEIL_2D", "ATT", "GEO", "EXPLICIT"]
"""EUCLIDEAN is not rounded; EXPLICIT is a matrix; the others are TSPLIB's."""
METRICS: Final = get_args(Metric)

EARTH_RADIUS: Final = 6378.388  # km, of GEO
PI: Final = 3.141592  # of GEO: with more digits, published lengths come out wrong


def between(
    first: Float64[np.ndarray, "... 2"], second: Float64[np.ndarray, "... 2"], metric: str
) -> Float64[np.ndarray, "..."]:
    """Distances between places; shapes broadcast.

    By GEO two nodes at one place are 1 apart; `distances()` of an instance puts 0 on the diagonal.

    Raises:
        ValueError: the metric does not follow from coordinates.
    """
    if metric == "GEO":
        return _great_circle(first, second)
    offsets = first - second
    squared = np.asarray((offsets**2).sum(-1))
    match metric:
        case "EUCLIDEAN":
            lengths = np.sqrt(squared)
        case "EUC_2D":
            lengths = nearest_integer(np.asarray(np.sqrt(squared)))
        case "CEIL_2D":
            lengths = np.ceil(np.sqrt(squared))
        case "ATT":  # rounded up, from a tenth of the square
            lengths = np.ceil(np.sqrt(squared / 10))
        case _:
            raise ValueError(f"distances of metric {metric!r} do not follow from coordinates")
    return np.asarray(lengths)


def nearest_integer(values: Float64[np.ndarray, "..."]) -> Float64[np.ndarray, "..."]:
    """TSPLIB's nint: halves go up."""
    return np.asarray(np.floor(values + 0.5))


def _great_circle(
    first: Float64[np.ndarray, "... 2"], second: Float64[np.ndarray, "... 2"]
) -> Float64[np.ndarray, "..."]:
    latitude1, longitude1 = np.moveaxis(_radians(first), -1, 0)
    latitude2, longitude2 = np.moveaxis(_radians(second), -1, 0)
    q1 = np.cos(longitude1 - longitude2)
    q2 = np.cos(latitude1 - latitude2)
    q3 = np.cos(latitude1 + latitude2)
    cosine = np.clip(0.5 * ((1 + q1) * q2 - (1 - q1) * q3), -1, 1)
    return np.asarray(np.trunc(EARTH_RADIUS * np.arccos(cosine) + 1))


def _radians(degrees: Float64[np.ndarray, "... 2"]) -> Float64[np.ndarray, "... 2"]:
    """From DDD.MM, degrees and minutes."""
    whole = np.trunc(degrees)
    return np.asarray(PI * (whole + 5 * (degrees - whole) / 3) / 180)
