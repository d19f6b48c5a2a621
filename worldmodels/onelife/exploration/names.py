"""What the name of an action gives away: the things that it mentions."""

from collections.abc import Mapping, Sequence

from worldmodels.onelife.scenes import Scene


class Names:
    """Words shared by the names of actions, items and materials.

    An action whose name holds the names of several items, one within the other, is taken to make
    the longest from the others: `make_wood_spade` makes a `wood_spade` from `wood`. One that
    mentions an item or a material at all is not expected to make it from nothing. In a world
    whose names share no words, nothing is known, and nothing is expected.

    Args:
        actions: Names of the actions.
        first: The first scene of a life; a number of the agent that is 0 there counts an item.
    """

    def __init__(self, actions: Sequence[str], first: Scene) -> None:
        agent = first.agent
        items = {
            name: _words(name.rsplit(".", 1)[-1])
            for name, value in agent.attributes.items()
            if value == 0 and not isinstance(value, bool | float) and name not in agent.records
        }
        self._items = frozenset(items)
        self._mentioned: dict[str, frozenset[str]] = {}
        self._ingredients: dict[str, frozenset[str]] = {}
        self._with_things: set[str] = set()  # actions that mention an item or a material
        self._targets: dict[str, frozenset[str]] = {}
        verbs = {action: action.split("_")[0] for action in actions if "_" in action}
        self.kin = {
            action: frozenset(o for o in verbs if o != action and verbs[o] == verbs.get(action))
            for action in actions
        }
        """Actions whose names begin with the same word."""
        for action in actions:
            words = _words(action)
            mentioned = {name: parts for name, parts in items.items() if parts <= words}
            self._mentioned[action] = frozenset(mentioned)
            self._ingredients[action] = frozenset(
                name
                for name, parts in mentioned.items()
                if any(parts < other for other in mentioned.values())
            )
            found = {name for name in first.materials if _words(name) <= words}
            self._targets[action] = frozenset(n for n in found if _words(n) not in items.values())
            if mentioned or found:
                self._with_things.add(action)

    def ingredients(self, action: str) -> frozenset[str]:
        """Items that an action's name mentions as ingredients."""
        return self._ingredients[action]

    def targets(self, action: str) -> frozenset[str]:
        """Materials that an action's name mentions, no items: it may be done to them."""
        return self._targets[action]

    def lacks(self, action: str, held: Mapping[str, int]) -> bool:
        """Whether something is not at hand that the action's name lets expect to be needed."""
        if action in self._with_things and not any(held.get(item) for item in self._items):
            return True
        return any(not held.get(item) for item in self._ingredients[action])

    def fits(self, action: str, held: Mapping[str, int]) -> bool:
        """Whether the name mentions something at hand, and nothing that is not."""
        return any(held.get(item) for item in self._mentioned[action]) and not self.lacks(
            action, held
        )

    def is_ingredient(self, item: str, action: str, held: Mapping[str, int]) -> bool:
        """Whether the action's name mentions an item as an ingredient, and no other is missing."""
        ingredients = self._ingredients[action]
        return item in ingredients and all(held.get(i) for i in ingredients - {item})


def _words(name: str) -> frozenset[str]:
    return frozenset(name.split("_"))
