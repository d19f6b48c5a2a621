"""The ten published test grids, 32x32: random ones, the empty and the full one, and patterns.

Source: lifegpt.md 1.2. A row is 8 hexadecimal digits, the highest bit is column 0.
"""

from typing import Final

import numpy as np

from worldmodels.lifegpt.data import Grids

SIDE: Final = 32

_QUARTER: Final = (
    "390433800061b20564100400023c03c11b2440241024119189349810e4a1b490"
    "09dc868a254522111183016830a00180a0e90800185028c4249014000000a818"
    "9080541400285a2c60142ca9928941404c2802381c0885000004280005b2100a"
    "94a04b8004000008c01004424000c9a0080000610400e8450680088016110480"
)
_HALF: Final = (
    "331c6897fbaf976749a19f29012a504c607acd119cb7e27d2f054a037960d47a"
    "295420a4684444f85f15d202fa4adcec5acab7beba1149c8568a0c482345d7d6"
    "6f39288fa7d09ccde9df827fea4c6ef62e17f92b43f696390c2631e67953c1e5"
    "ab152f0ba4180d1638a1eabcb73e9917e0ad8877a5650b8f5503ef22bdcb348f"
)
_THREE_QUARTERS: Final = (
    "db5fffaf7dffe21eea3fffb7d9f6bf9f4bb55eecffbbfcbffbfc39fceeef9ffe"
    "2fdf3fdff3d771bdfcf75bffffffef7f4f7efbf5d7fff7ddd7dba56effc7fdee"
    "d7bdfee77bff5f4c6fd24ea4db5fc5ff79bbfebe75bb677bc7f7eedf67ae57fe"
    "dbd79e77dfcfdf5fbd7bf4771f5dfad74fbf7d6fedefdefbde5ffd7def7f5a9f"
)
_PATTERNS: Final[dict[str, dict[int, str]]] = {  # rows that are not empty
    "glider": {
        9: "000c0000",
        10: "00060000",
        11: "00080000",
    },
    "cloverleaf": {
        6: "00063000",
        7: "00094800",
        8: "000b6800",
        9: "00180c00",
        10: "00055000",
        11: "00180c00",
        12: "000b6800",
        13: "00094800",
        14: "00063000",
    },
    "hammerhead": {
        6: "01f00000",
        7: "01080c00",
        8: "01001b80",
        9: "00803780",
        10: "0031b300",
        11: "00084800",
        12: "00055000",
        13: "00020000",
        14: "00020000",
        15: "00055000",
        16: "00084800",
        17: "0031b300",
        18: "00803780",
        19: "01001b80",
        20: "01080c00",
        21: "01f00000",
    },
    "blinkers": {
        0: "e0000000",
        3: "01c00000",
        7: "01c00000",
        8: "00010000",
        9: "00010000",
        10: "00010000",
    },
    "r-pentomino": {
        0: "60000000",
        1: "c0000000",
        2: "40000000",
    },
}

NAMES: Final = ("empty", "quarter", "half", "three quarters", "full", *_PATTERNS)
"""Of the ten grids, in the published order."""


def published_grids() -> Grids:
    """The ten grids."""
    digits = ["0" * 256, _QUARTER, _HALF, _THREE_QUARTERS, "f" * 256]
    digits += [
        "".join(rows.get(row, "0" * 8) for row in range(SIDE)) for rows in _PATTERNS.values()
    ]
    octets = np.frombuffer(bytes.fromhex("".join(digits)), np.uint8)
    return np.unpackbits(octets).reshape(len(NAMES), SIDE, SIDE).astype(np.bool_)
