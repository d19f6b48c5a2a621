"""Pictures of states for an HTML page, each embedded once however often it is shown."""

import base64
import html
import io

from envs.crafter_oo.state import DIRECTIONS, DOWN, ArrowState, PlayerState, WorldState

SIDE = 198  # pixels of a picture, 22 a cell


class Gallery:
    """Collects pictures as CSS classes; equal states share one."""

    def __init__(self) -> None:
        self._classes: dict[str, str] = {}  # canonical text of a state: class
        self._rules: list[str] = []

    def show(self, state: WorldState, text: str, caption: str) -> str:
        """HTML of a picture.

        Args:
            state: what to draw.
            text: its canonical text.
            caption: what a screen reader says.
        """
        name = self._classes.get(text)
        if name is None:
            name = self._classes[text] = f"p{len(self._classes)}"
            self._rules.append(f".{name}{{background-image:url({_data_url(state)})}}")
        return f'<i class="pic {name}" role="img" aria-label="{html.escape(caption)}"></i>'

    @property
    def style(self) -> str:
        """The CSS rules that hold the pictures."""
        return "\n".join(self._rules)


def _data_url(state: WorldState) -> str:
    from PIL import Image

    from envs.crafter_oo.render import render

    picture = Image.fromarray(render(_drawable(state), size=(SIDE, SIDE)))
    file = io.BytesIO()
    picture.quantize(64).save(file, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _drawable(state: WorldState) -> WorldState:
    """A copy in which who faces no direction, as a wrong prediction may say, faces south."""
    copied = state.copy()
    for entity in copied.objects:
        if isinstance(entity, PlayerState | ArrowState) and entity.facing not in DIRECTIONS:
            entity.facing = DOWN
    return copied
