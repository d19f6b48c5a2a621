"""A farm in letters and words."""

from typing import Final

from envs.homestead.state import FarmState
from envs.homestead.tables import NEEDS

MATERIAL_LETTERS: Final = '.:~"TO%B#^|o'
"""One per material id."""
THING_LETTERS: Final = {"hen": "h", "fox": "F", "sprout": "s", "pebble": "*"}


def describe(state: FarmState) -> str:
    """The map, north above, and what the farmer feels and carries."""
    width, height = state.size
    letters = [[MATERIAL_LETTERS[state.cells[x, y]] for x in range(width)] for y in range(height)]
    for thing in state.things:
        x, y = thing.position
        letters[y][x] = THING_LETTERS[thing.kind]
    me = state.farmer
    letters[me.position[1]][me.position[0]] = "@"
    needs = ", ".join(f"{need} {getattr(me, need)}" for need in NEEDS)
    held = ", ".join(f"{count} {item}" for item, count in me.basket.items() if count)
    weather = f"light {state.light:.2f}, {'rain' if state.raining else 'dry'}"
    last = f"hour {state.hour}, {weather}; {needs}; {held or 'nothing'} in the basket"
    return "\n".join([*("".join(row) for row in letters), last])
