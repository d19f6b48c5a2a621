"""Which materials can be walked on, and which had better not be."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from typing import Final

from worldmodels.onelife.exploration.contexts import Target
from worldmodels.onelife.exploration.practice import Practice, has
from worldmodels.onelife.exploration.routes import Terrain
from worldmodels.onelife.scenes import Cell, Scene

_COMMON: Final = 0.05  # share of the map from which a material is worth the risk of entering it
_EVERYWHERE: Final = 0.25  # share of the map from which a material is found everywhere
_RELIABLE: Final = 0.7  # share of tries from which a deed is counted on


class Ground:
    """What was learned about materials by walking, and by seeing others walk."""

    def __init__(self, first: Scene) -> None:
        self.entered = {first.material(first.agent.position) or ""}
        self._stood: defaultdict[str, set[str]] = defaultdict(set)  # material -> kinds that stayed
        self._missiles: Collection[str] = ()
        self.refused: Counter[str] = Counter()  # times it could not be entered
        self._shares = {
            name: float((first.cells == index).mean()) for index, name in enumerate(first.materials)
        }

    @property
    def stood(self) -> set[str]:
        """Materials that something stayed on alive; what flies need not stand."""
        return {name for name, kinds in self._stood.items() if kinds - set(self._missiles)}

    def notice(self, scene: Scene, after: Scene, missiles: Collection[str]) -> None:
        """Learn from things that stay alive where they stand."""
        self._missiles = missiles
        for thing in scene.things:
            now = after.by_id.get(thing.id)
            if now is not None and now.position == thing.position:
                self._stood[scene.material(thing.position) or ""].add(thing.kind)

    def walked(self, target: Target, *, has_moved: bool) -> None:
        """Learn from a step of the agent."""
        sort, name = target
        if sort == "material":
            if has_moved:
                self.entered.add(name)
            else:
                self.refused[name] += 1

    def is_new(self, material: str) -> bool:
        """Whether nothing is known about entering it."""
        return material not in self.entered and not self.refused[material]

    def is_common(self, name: str) -> bool:
        """Whether much of the map was made of it at first."""
        return self._shares.get(name, 0.0) >= _EVERYWHERE

    def is_risky(self, material: str, practice: Practice) -> bool:
        """Whether stepping on it might be the end: nothing was seen there, and it is rare.

        What the agent has made, or has taken away, is an obstacle and not a trap.
        """
        if not self.is_new(material) or material in self.stood:
            return False
        return self._shares[material] < _COMMON and not self._is_barrier(material, practice)

    def _is_barrier(self, material: str, practice: Practice) -> bool:
        """Whether it is believed to be shut: it was walked against, made, or taken away."""
        if material in self.stood:
            return False
        if self.refused[material] or material in practice.stations:
            return True
        return any(
            target == ("material", material) and deed.makes and deed.gains
            for _, target, deed in practice.all_deeds()
        )

    def terrain(self, scene: Scene, practice: Practice, held: Mapping[str, int]) -> Terrain:
        """What the cells of a scene are to the agent now."""
        present = [name for name in scene.materials if name not in self.entered]
        shut = {name for name in present if not self.is_risky(name, practice)}
        barriers = set(present) - self.stood
        moves: dict[Cell, str] = {}
        for action, step in practice.directions.items():
            moves.setdefault(step, action)
        return Terrain(scene, self.entered, shut, barriers, self._clearings(practice, held), moves)

    def _clearings(self, practice: Practice, held: Mapping[str, int]) -> dict[str, str]:
        """Materials that known deeds turn into what can be entered."""
        found: dict[str, str] = {}
        for action, (sort, name), deed in practice.all_deeds():
            if sort != "material" or name in self.entered or not deed.makes:
                continue
            is_open = all(m in self.entered or (deed.gains and self.is_new(m)) for m in deed.makes)
            if not is_open or not deed.last_worked:
                continue
            needed, _ = practice.requirements(action, (sort, name))
            if has(held, needed) and deed.successes >= _RELIABLE * (
                deed.tries - len(deed.failures)
            ):
                found[name] = action
        return found
