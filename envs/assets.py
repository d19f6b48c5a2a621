"""Finds files of `assets/`, in a checkout and in an installed wheel alike."""

from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parent
_FOLDERS: Final = (_PACKAGE / "_assets", _PACKAGE.parent / "assets")  # installed, checkout


def asset_path(*parts: str) -> Path:
    """Find a file or a folder of the assets, such as `asset_path("sprites", "cow.png")`.

    Raises:
        FileNotFoundError: it is in none of the places where assets live.
    """
    candidates = [folder.joinpath(*parts) for folder in _FOLDERS]
    for candidate in candidates:
        if candidate.exists():
            return candidate
    raise FileNotFoundError(
        f"no asset {'/'.join(parts)!r}; looked at {' and '.join(map(str, candidates))}. "
        "Install the package again, or run `python assets/make_sprites.py` in a checkout "
        "if sprites are missing."
    )
