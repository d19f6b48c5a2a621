"""Draw every sprite of the game, 16x16 RGBA, and write them as PNG files.

Run `python assets/make_sprites.py`. Ground and rock are made of seeded noise on a torus, so that
neighbouring tiles join without a seam; figures and icons are pixel sheets drawn by hand below,
one letter a colour.
"""

import argparse
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from PIL import Image

Sprite = UInt8[np.ndarray, "16 16 4"]
Mask = Bool[np.ndarray, "16 16"]
Colour = tuple[int, int, int]

SIZE: Final = 16  # pixels
SEED: Final = 20240607

PALETTE: Final[dict[str, Colour]] = {
    "k": (33, 28, 40),  # outline
    "w": (248, 246, 238),
    "W": (206, 210, 216),
    "g": (152, 155, 163),
    "G": (102, 105, 115),
    "v": (150, 166, 190),
    "d": (62, 62, 74),
    "r": (219, 62, 68),
    "R": (156, 34, 52),
    "p": (243, 158, 166),
    "o": (240, 146, 52),
    "O": (190, 96, 36),
    "y": (252, 219, 96),
    "b": (74, 134, 222),
    "B": (42, 80, 158),
    "c": (150, 236, 242),
    "C": (62, 168, 200),
    "l": (150, 214, 96),
    "n": (76, 160, 66),
    "N": (36, 98, 50),
    "s": (240, 194, 154),
    "S": (204, 146, 108),
    "h": (116, 70, 40),
    "H": (78, 47, 30),
    "t": (190, 140, 84),
    "T": (140, 94, 52),
    "z": (164, 196, 150),
    "Z": (108, 144, 108),
    "u": (86, 84, 128),
    "U": (58, 56, 92),
    "m": (236, 230, 212),
    "M": (178, 168, 148),
    "e": (232, 196, 160),
    "i": (246, 224, 202),
    "j": (222, 168, 130),
    "J": (164, 106, 80),
}


def draw_sprites(seed: int = SEED) -> dict[str, Sprite]:
    """Draw the whole set; the same seed gives the same pixels.

    Returns:
        Name (of the file, without its suffix) to picture, indexed [row, column, rgba].
    """
    figures = _figures()
    sprites = _grounds(np.random.default_rng(seed), figures)
    for name, figure in figures.items():
        if not name.startswith("on_"):
            sprites[name] = figure
    sprites["player-right"] = sprites["player-left"][:, ::-1]
    for quarter_turns, facing in enumerate(("left", "down", "right"), start=1):
        sprites[f"arrow-{facing}"] = np.rot90(sprites["arrow-up"], quarter_turns)
    for material, (light, mid, dark) in _TOOL_COLOURS.items():
        colours = {"1": PALETTE[light], "2": PALETTE[mid], "3": PALETTE[dark]}
        for tool, rows in _sheet(_TOOLS).items():
            sprites[f"{material}_{tool}"] = _figure(rows, colours)
    for name, glyph in (_sheet(_GLYPHS) | _sheet(_MORE_GLYPHS)).items():
        sprites[name] = _outlined(_figure(glyph, {}))
    return {name: np.ascontiguousarray(sprites[name]) for name in sorted(sprites)}


def main() -> None:
    """Write the sprites into a folder, one PNG each."""
    parser = argparse.ArgumentParser(description="Draw the sprites of the game as PNG files.")
    default = Path(__file__).parent / "sprites"
    parser.add_argument("--out", type=Path, default=default, help=f"folder (default: {default})")
    parser.add_argument(
        "--seed", type=int, default=SEED, help="of the noise (default: %(default)s)"
    )
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, sprite in draw_sprites(arguments.seed).items():
        Image.fromarray(sprite).save(arguments.out / f"{name}.png", optimize=True)


# Ground and rock


def _grounds(random: np.random.Generator, figures: dict[str, Sprite]) -> dict[str, Sprite]:
    """The twelve materials; each is opaque."""
    grass = _grass(random)
    stone = _cells(random, ((112, 114, 122), (128, 130, 138), (142, 144, 151)), (88, 90, 99), 9)
    path = _cells(random, ((154, 132, 99), (160, 138, 104), (149, 127, 95)), (131, 110, 82), 14)
    grounds = {
        "water": _water(random),
        "grass": grass,
        "stone": stone,
        "path": _speckled(path, random, (178, 158, 124), 6),
        "sand": _sand(random),
        "lava": _cells(random, ((226, 84, 28), (210, 62, 26), (240, 110, 34)), (255, 206, 74), 7),
    }
    for name, under in (
        ("tree", grass),
        ("coal", stone),
        ("iron", stone),
        ("diamond", stone),
        ("table", grass),
        ("furnace", stone),
    ):
        grounds[name] = _over(under, figures[f"on_{name}"])
    return grounds


def _cells(
    random: np.random.Generator, tones: tuple[Colour, ...], seam: Colour, count: int
) -> Sprite:
    """Voronoi cells on a torus: cobbles, pebbles, crusts; seams between them."""
    centers = random.uniform(0, SIZE, (count, 2))
    rows, columns = np.mgrid[0:SIZE, 0:SIZE] + 0.5
    down = _around(rows[..., None] - centers[:, 0])
    right = _around(columns[..., None] - centers[:, 1])
    distance: Float[np.ndarray, "16 16 count"] = np.hypot(down, right)
    order = np.sort(distance, axis=-1)
    owner: Int[np.ndarray, "16 16"] = distance.argmin(axis=-1)
    colours = np.array(tones)[np.arange(count) % len(tones)][owner].astype(np.float64)
    lit = np.take_along_axis(down + right, owner[..., None], axis=-1)  # light from the north-west
    colours -= 2.2 * lit
    colours += random.normal(0, 3, (SIZE, SIZE, 1))
    is_seam = order[..., 1] - order[..., 0] < 0.85
    colours[is_seam] = np.array(seam) + random.normal(0, 3, (int(is_seam.sum()), 1))
    return _opaque(colours)


def _around(offset: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """The shorter way round the torus."""
    return (offset + SIZE / 2) % SIZE - SIZE / 2


def _grass(random: np.random.Generator) -> Sprite:
    base = _flat((97, 166, 71), random, 3)
    blades = np.arange(SIZE * SIZE)
    for cell in random.choice(blades, 13, replace=False):
        row, column = divmod(int(cell), SIZE)
        base[row, column, :3] = (72, 140, 58)
        base[row - 1, column, :3] = (128, 190, 88)
    return base


def _sand(random: np.random.Generator) -> Sprite:
    base = _flat((228, 210, 148), random, 3)
    for row, column in ((3, 1), (7, 8), (12, 3), (14, 11), (1, 10)):  # ripples of the wind
        for step in range(4):
            ripple = (row - (step in (1, 2))) % SIZE, (column + step) % SIZE
            base[ripple][:3] = (206, 184, 122)
    return _speckled(base, random, (246, 234, 184), 9)


def _water(random: np.random.Generator) -> Sprite:
    base = _flat((54, 120, 200), random, 2)
    for row, column, length in ((2, 9, 5), (5, 2, 6), (9, 10, 4), (12, 4, 5), (15, 12, 3)):
        for step in range(length):
            is_crest = 0 < step < length - 1
            crest = (row - is_crest) % SIZE, (column + step) % SIZE
            base[crest][:3] = (120, 182, 236) if is_crest else (88, 154, 222)
            base[(crest[0] + 1) % SIZE, crest[1], :3] = (40, 98, 178)
    return base


def _flat(colour: Colour, random: np.random.Generator, grain: float) -> Sprite:
    return _opaque(np.array(colour) + random.normal(0, grain, (SIZE, SIZE, 1)))


def _speckled(sprite: Sprite, random: np.random.Generator, colour: Colour, count: int) -> Sprite:
    """Single pixels of another colour."""
    for cell in random.choice(SIZE * SIZE, count, replace=False):
        sprite[divmod(int(cell), SIZE)] = (*colour, 255)
    return sprite


def _opaque(colours: Float[np.ndarray, "16 16 3"]) -> Sprite:
    pixels = np.full((SIZE, SIZE, 4), 255, dtype=np.uint8)
    pixels[..., :3] = np.clip(np.rint(colours), 0, 255)
    return pixels


# Figures and icons


def _figures() -> dict[str, Sprite]:
    return {
        name: _figure(rows, {})
        for sheet in (_PEOPLE, _CREATURES, _THINGS, _ROCKS, _WORKS, _VITALS, _LUMPS)
        for name, rows in _sheet(sheet).items()
    }


def _sheet(text: str) -> dict[str, list[str]]:
    """Cut a sheet into pictures: a line of names, then 16 lines of pixels side by side."""
    header, *lines = text.strip().splitlines()
    names = header.split()
    rows = [line.split() for line in lines]
    assert len(rows) == SIZE, f"{header}: {len(rows)} rows"
    for number, row in enumerate(rows):
        assert [len(part) for part in row] == [SIZE] * len(names), f"{header}: row {number}"
    return {name: [row[index] for row in rows] for index, name in enumerate(names)}


def _figure(rows: list[str], colours: dict[str, Colour]) -> Sprite:
    """Letters to colours; a dot is transparent."""
    pixels = np.zeros((SIZE, SIZE, 4), dtype=np.uint8)
    known = PALETTE | colours
    for row, letters in enumerate(rows):
        for column, letter in enumerate(letters):
            if letter != ".":
                pixels[row, column] = (*known[letter], 255)
    return pixels


def _outlined(sprite: Sprite) -> Sprite:
    """Surround the opaque pixels with a dark line."""
    solid: Mask = sprite[..., 3] > 0
    padded = np.pad(solid, 1)
    near = np.zeros_like(solid)
    for down in range(3):
        for right in range(3):
            near |= padded[down : down + SIZE, right : right + SIZE]
    result = sprite.copy()
    result[near & ~solid] = (*PALETTE["k"], 255)
    return result


def _over(under: Sprite, figure: Sprite) -> Sprite:
    """Put a figure of full or no opacity upon a ground."""
    return np.where(figure[..., 3:] > 0, figure, under)


_TOOL_COLOURS: Final = {
    "wood": ("e", "t", "T"),
    "stone": ("g", "g", "G"),
    "iron": ("w", "W", "v"),
}

_PEOPLE: Final = """
player-down      player-up        player-left      player-sleep
................ ................ ................ ................
.....kkkkkk..... .....kkkkkk..... ....kkkkkkk..... ...........wwww.
....khhhhhhk.... ....khhhhhhk.... ...khhhhhhhk.... .............ww.
...khhhhhhhhk... ...khhhhhhhhk... ..khhhhhhhhhk... ......www..ww...
...khhssssshk... ...khhhhhhhhk... ..kssshhhhhhk... ........w..wwww.
...khskssksHk... ...khhhhhhhhk... ..kskssShhhhk... .......w........
...ksssssssSk... ...khHhhhhHhk... ..kssssShhHk.... ......www.......
....kSsssSSk.... ....kHHHHHHk.... ...kssSShHk..... ..kkkkk.........
...kkrryyrrkk... ...kkrrrrrrkk... ....kryrrk...... .khhhhhkkkkkkk..
..krrrryyrrrRk.. ..krrRrrrrRrRk.. ..kkrrrrrrRk.... khhssssrrrrrrrk.
..krkrrrrrRkRk.. ..krkrRrrRrkRk.. .kssrrrrrrRk.... khskkssrrrrrrRRk
..kskRrrrRRksk.. ..kskRrRRrRksk.. ..kkRrrrrRRk.... khsssssrrrrrrRRk
...kkkBBBBkkk... ...kkkBBBBkkk... ....kBBBBBk..... khhsSSsRrrrrRRRk
....kBBkkBBk.... ....kBBkkBBk.... ....kBBkBBk..... .khhhhkRRRRRRRk.
....kHHkkHHk.... ....kHHkkHHk.... ...kHHkkHHk..... ..kkkkkkkkkkkkk.
.....kk..kk..... .....kk..kk..... ....kk..kk...... ................
"""

_CREATURES: Final = """
cow              zombie           skeleton         fence
................ .....kkkkkk..... .....kkkkkkk.... ................
................ ....kzzzzzzk.... ....kmmmmmmmk... ..kkk......kkk..
.k...k.......... ....kzzzzzZk.... ....kmmmmmmMk... ..kek......kek..
kek.kek......... ....krkzzkrk.... ....kmkkmkkMk... .kkekkkkkkkkekk.
kwkkkwkkkkkkkkk. ....kzzzzzZk.... ....kmkkmkkMk... kettteettteetttk
kwwwwwkwwhhhhwwk ....kzzzzzZk.... ....kmmmmmmMk... kTTtTTTTTTTtTTTk
kwkwkwkwwhhhhhwk ....kzkwkwZk.... .....kmkmkMk.... .kktkkkkkkkktkk.
kwkwkwkhwwhhhwwk .kkkkkzzzZkkkkk. ..kkkkkmmkkkkkT. ..ktk......ktk..
kpppppkhhwwwwwwk kzzzuuuuuuuuzzZk .kmmmmmmmmmmMkT. ..ktk......ktk..
kpRpRpkhhhwwwwwk kzzkuuuuuuuUkzZk .kmkkkkmmkkkmkwT .kktkkkkkkkktkk.
.kpppkwwhhwwhhWk .kk.kuuuuuUk.kk. .kmkmmmmmmmkmkwT kettteettteetttk
..kkkkwwwwwhhhWk ....kuuuuUUk.... .kkkkkkmMkkkmmwT kTTtTTTTTTTtTTTk
......kwWkkkkwWk ....kHHHHHHk.... ...kkmmmmmMkkkwT .kktkkkkkkkktkk.
......kwWk..kwWk ....kHHkkHHk.... ....kmMkkkmMk.T. ..kTk......kTk..
......kddk..kddk ....kzZkkzZk.... ....kmMk.kmMk... ..kkk......kkk..
.......kk....kk. .....kk..kk..... ....kkkk.kkkk... ................
"""

_THINGS: Final = """
arrow-up         plant            plant-ripe       sapling
................ ................ .....kkkkkk..... ................
.......kk....... ................ ....kllllnnk.... .....kk..kkk....
......kWgk...... ................ ...kllrrnnnnk... ....kllkklllk...
.....kWWggk..... ................ ..kllrpRnnrrnk.. ...klnnkllnnk...
.....kkWgkk..... ...kkkk..kkkk... ..klnrRRnrpRNk.. ...kNnnklnNk....
......kttk...... ..klllnkklllnk.. ..klnnnnnrRRNk.. ....kNnknNk.....
......kttk...... ..knnnNkknnnNk.. ..knrrnnnnnNNk.. .....kknkk......
......kTtk...... ...kkNnnnnNkk... ...krpRnrrNNk... ......knk.......
......kTtk...... .....kknnkk..... ...kNRRrpRNk.... ......knk.......
......kTtk...... ......knNk...... ....kNNrRNk..... ......knk.......
......kTtk...... ......knNk...... .....kkTHk...... .....kkTkk......
.....krTtRk..... ....kkknNkkk.... ......kTHk...... ....kTTTTHk.....
....krrTtRRk.... ...kTTTnNTHTk... ....kkkTHkkk.... ...kTHTTHTHk....
....krkTtkRk.... ...kHHTTHTHHk... ...kTTTTHTTk.... ...kkHHHHHkk....
....kk.kk.kk.... ....kkkkkkkkk... ...kHHTHHTHk.... .....kkkkk......
................ ................ ....kkkkkkk..... ................
"""

_ROCKS: Final = """
on_tree          on_coal          on_iron          on_diamond
.....NNNNNN..... ................ ................ ................
...NNnnnnnnNN... ....kkkk........ .........GGG.... ........kkk.....
..NnnllnnnnnnN.. ...kdddkk....... ..GGG...GijJG... ...kk..kwwck....
.NnnlllnnllnnnN. ...kdGddkk...... .GiijG..GjjJG... ..kwck.kwccCk...
.NnlllnnnlllnnN. ...kddddkk...... .GijJG...GJJG... .kwccCkkccCk....
NnnllnnnnnnlnnnN ....kkkkk..kkk.. .GjjJG....GG.... .kccCk..kCk.....
NnnnnnnnnnnnnnNN ..........kdddk. ..GGG........... ..kCk....k......
NnnllnnnnNnnnnNN ..........kdGddk ................ ...k............
.NnnlnnNNnnnnNN. .kkk......kddddk .......GGG..GGG. .........kk.....
.NnnnnnnnnnnNNN. kdddk......kkkk. ......GiijGGijJG .kk.....kwck....
..NNnnNnnnNNNN.. kdGdk.....kk.... ..GG..GijjGGjJJG kwck...kwccCk...
...NNNNNNNNNN... kdddk...kkddk... .GijG.GjjJG.GGG. kcCk...kccCCk...
.....kTTHk...... .kkk...kdGddk... .GjJG..GJJG..... .kk.....kcCk....
.....kTTHk...... .......kddddk... ..GG....GG...... .........kk.....
....kTTHHHk..... ........kkkk.... ................ ................
.....kkkkk...... ................ ................ ................
"""

_WORKS: Final = """
on_table         on_furnace
kkkkkkkkkkkkkkkk kkkkkkkkkkkkkkkk
keeeeeeeeeeeeeek kWWWWWWWWWWWWWgk
kettttttttttttTk kWgggggkgggggkGk
ketGGGGttttwwtTk kWgggggkgggggkGk
ketGddGtttwWWtTk kkkkkkkkkkkkkkkk
kettThttttwWgtTk kWggkkkkkkkkggGk
kettThtttwWgttTk kWgkHRrRRrRHkgGk
kettThtttwWgttTk kkkkRrorrorRkkkk
kettThttttHHttTk kWgkroyooyorkgGk
kettThttttHHtTTk kWgkoyywyyyokgGk
kTTTTTTTTTTTTTTk kkkkkkkkkkkkkkkk
kHHHHHHHHHHHHHHk kWggggkgggggggGk
kkkkkkkkkkkkkkkk kWggggkgggggggGk
kTHk........kTHk kgGGGGkGGGGGGGGk
kTHk........kTHk kGGGGGGGGGGGGGdk
kkkk........kkkk kkkkkkkkkkkkkkkk
"""

_VITALS: Final = """
health           food             drink            energy           wood
................ ................ .......kk....... .........kkkkk.. ................
..kkkk....kkkk.. .........kkkk... ......kbbk...... ........kyyyyk.. ................
.krrrrk..krrrRk. .......kkoooOk.. ......kbbk...... .......kyyyyk... ..........kkkk..
krpprrrkkrrrrRRk ......koyyoooOk. .....kbbbbk..... ......kyyyyk.... .......kkkTTTHk.
krpprrrrrrrrrRRk .....koyyooooOk. .....kbbbbk..... .....kyyyyk..... ....kkkTTTTTHHHk
krprrrrrrrrrrRRk .....koyoooooOk. ....kbcbbbbk.... ....kyyyykkkk... .kkkTTTTTHHHTTHk
krrrrrrrrrrrrRRk .....kooooooOOk. ...kbccbbbbBk... ....kyyyyyyyyk.. keekTTTHHHTTTTHk
krrrrrrrrrrrRRRk .....koooooOOk.. ...kbcbbbbbBk... ....kkkkyyyyk... etTekHHTTTTTHHHk
.krrrrrrrrrRRRk. .....kkoooOOk... ..kbccbbbbbBBk.. .......kyyyk.... eTteTkTTTTHHHHk.
.krrrrrrrrrRRRk. ....kwWkkkkk.... ..kbcbbbbbbBBk.. ......kyyyk..... etTekHTHHHHHkk..
..krrrrrrrRRRk.. .kkkwWk......... ..kbbbbbbbbBBk.. .....kyyyk...... keekTHHHHkkk....
...krrrrrRRRk... kwwwWk.......... ..kbbbbbbbBBBk.. .....kyyk....... .kkkHHkkk.......
....krrrRRRk.... kwwwwk.......... ...kbbbbbBBBk... ....kyyk........ ...kkk..........
.....krRRRk..... .kkwwk.......... ....kBBBBBBk.... ....kyk......... ................
......kRRk...... ...kk........... .....kkkkkk..... ....kk.......... ................
.......kk....... ................ ................ ................ ................
"""

_LUMPS: Final = """
stone-item       coal-item        iron-item        diamond-item
................ ................ ................ ................
................ ................ ................ ...kkkkkkkkkk...
.....kkkkkk..... .......kkkk..... ................ ..kwwcccccccCk..
....kWWWWggk.... .....kkdddGkk... .....kkkkkkkkk.. .kwwkcccccckCCk.
...kWWWWgggGk... ....kdGGddddkk.. ....kwwwiiiiijk. kwwckcccccckCCCk
..kWWWgggggGGk.. ..kkdGWGdddkkdk. ...kwiiiiiiijJk. kkkkkkkkkkkkkkkk
.kWWWggggkgGGGk. .kddddGddkkdddk. ..kwiiiiiiijJJk. kcccckwcccckCCCk
.kWWgggggkkgGGk. .kdGdddddkdGGddk .kkkkkkkkkkkJJk. .kccckwcccckCCk.
kWWggggggggGGGdk kdGGGddddkdGdddk kiiijjjjjjjjJJk. .kcccckwcckCCCk.
kWgggkggggGGGGdk kdGdddddkdddddkk kjjjjjjjjjjjkJk. ..kccckcccckCCk.
kggggkkggGGGGddk kdddddkkddddddk. kjjjjjjjjJJJkk.. ...kccckcckCCk..
.kgggggGGGGGddk. .kdddkdddddddkk. kJJJJJJJJJJJk... ....kcckcckCk...
..kGGGGGGGdddk.. ..kkkkkddddkk... .kkkkkkkkkkk.... .....kckckCk....
...kkkkkkkkkk... .......kkkk..... ................ ......kckCk.....
................ ................ ................ .......kkk......
................ ................ ................ ........k.......
"""

_TOOLS: Final = """
pickaxe          sword
................ .............kkk
...kkkkkkk...... ............k11k
..k11111112k.... ...........k112k
..k222222233kk.. ..........k112k.
...kkkkk3333tTk. .........k112k..
.......kkk3tTk.. ........k112k...
........ktTkk2k. .......k112k....
.......ktTk323k. ..k...k112k.....
......ktTk.k32k. .kTk.k112k......
.....ktTk..k32k. .kTTk112k.......
....ktTk...k32k. ..kTT23k........
...ktTk....k32k. ...kTTk.........
..ktTk.....k3k.. ..kTkTTk........
.ktTk.......k... .kTHk.kTk.......
.kTk............ kTHk...k........
..k............. .kk.............
"""

_GLYPHS: Final = """
1                2                3                4                5
................ ................ ................ ................ ................
.....www........ ..wwwwwwwww..... .wwwwwwwww...... .www....www..... .wwwwwwwwwww....
...wwwww........ .wwwwwwwwwww.... .wwwwwwwwwww.... .www....www..... .wwwwwwwwwww....
..wwwwww........ .www....wwww.... .........www.... .www....www..... .www............
.....www........ .........www.... .........www.... .www....www..... .www............
.....www........ ........wwww.... ....wwwwwww..... .www....www..... .wwwwwwww.......
.....www........ .......wwww..... ....wwwwwww..... .wwwwwwwwwwww... .wwwwwwwww......
.....www........ ......wwww...... ....wwwwwwww.... .wwwwwwwwwwww... .wwwwwwwwwww....
.....www........ .....wwww....... .........www.... .wwwwwwwwwwww... .........www....
.....www........ ....wwww........ .........www.... ........www..... .........www....
.....www........ ...wwww......... .........www.... ........www..... .........www....
.....www........ ..wwww.......... .........www.... ........www..... .........www....
.....www........ .wwwwwwwwwww.... .wwwwwwwwwww.... ........www..... .wwwwwwwwwww....
.wwwwwwwwwww.... .wwwwwwwwwww.... .wwwwwwwwwww.... ........www..... .wwwwwwwwwww....
.wwwwwwwwwww.... .wwwwwwwwwww.... .wwwwwwwww...... ........www..... .wwwwwwwww......
................ ................ ................ ................ ................
"""

_MORE_GLYPHS: Final = """
6                7                8                9                unknown
................ ................ ................ ................ ................
..wwwwwwwww..... .wwwwwwwwwww.... ..wwwwwwwww..... ..wwwwwwwww..... ...wwwwwwww.....
.wwwwwwwwww..... .wwwwwwwwwww.... .wwwwwwwwwww.... .wwwwwwwwwww.... ..wwwwwwwwww....
.www............ .........www.... .www...www...... .www....wwww.... ..www....www....
.www............ ........wwww.... .www....www..... .www.....www.... .........www....
.wwwwwwww....... ........www..... .www...www...... .www.....www.... ........wwww....
.wwwwwwwww...... .......wwww..... ..wwwwwwwww..... .wwwwwwwwwww.... .......wwww.....
.wwwwwwwwwww.... .......www...... .wwwwwwwwwww.... ..wwwwwwwwww.... ......wwww......
.www....wwww.... ......wwww...... .www.....www.... .........www.... ......www.......
.www.....www.... ......www....... .www.....www.... .........www.... ......www.......
.www.....www.... .....wwww....... .www.....www.... .........www.... ................
.www.....www.... .....www........ .www.....www.... .........www.... ................
.wwwwwwwwwww.... .....www........ .wwwwwwwwwww.... .........www.... ......www.......
.wwwwwwwwwww.... .....www........ .wwwwwwwwwww.... ..wwwwwwwww..... ......www.......
..wwwwwwwww..... .....www........ ..wwwwwwwww..... ..wwwwwwww...... ......www.......
................ ................ ................ ................ ................
"""


if __name__ == "__main__":
    main()
