"""Pictures of states for an HTML page, each embedded once however often it is shown."""

import base64
import html
import io
from collections.abc import Callable
from typing import Any

from evaluation.arena import Picture


class Gallery:
    """Collects pictures as CSS classes; equal states share one.

    Args:
        draw: makes the picture of a state.
    """

    def __init__(self, draw: Callable[[Any], Picture]) -> None:
        self._draw = draw
        self._classes: dict[str, str] = {}  # canonical text of a state: class
        self._rules: list[str] = []

    def show(self, state: Any, text: str, caption: str) -> str:
        """HTML of a picture.

        Args:
            state: what to draw.
            text: its canonical text.
            caption: what a screen reader says.
        """
        name = self._classes.get(text)
        if name is None:
            name = self._classes[text] = f"p{len(self._classes)}"
            self._rules.append(f".{name}{{background-image:url({_data_url(self._draw(state))})}}")
        return f'<i class="pic {name}" role="img" aria-label="{html.escape(caption)}"></i>'

    @property
    def style(self) -> str:
        """The CSS rules that hold the pictures."""
        return "\n".join(self._rules)


def _data_url(picture: Picture) -> str:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture).quantize(64).save(file, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
