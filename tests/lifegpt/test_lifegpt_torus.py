"""The model that is told about the torus."""

import dataclasses

import pytest
import torch
from lifegpt.small_models import TORUS

from worldmodels.lifegpt.config import TorusConfig
from worldmodels.lifegpt.torus_model import TorusTransformer, window_offsets


def random_model(config: TorusConfig = TORUS) -> TorusTransformer:
    torch.manual_seed(0)
    model = TorusTransformer(config).double()
    with torch.no_grad():
        for block in model.blocks:
            block.offset_bias.normal_()
    return model


def random_grids(rows: int, columns: int) -> torch.Tensor:
    return torch.rand(3, rows, columns, generator=torch.Generator().manual_seed(1)) < 0.5


@pytest.mark.parametrize("shape", [(5, 5), (6, 9)])
@pytest.mark.parametrize("shift", [(1, 0), (0, 1), (-2, 3)])
def test_it_commutes_with_shifts_over_the_edges(shape: tuple[int, int], shift: tuple[int, int]):
    model, grids = random_model(), random_grids(*shape)
    moved = model(grids.roll(shift, (1, 2)))
    torch.testing.assert_close(moved, model(grids).roll(shift, (1, 2)))


def test_a_block_hears_nothing_from_outside_its_window():
    model, grids = random_model(), random_grids(9, 9)
    changed = grids.clone()
    changed[:, 4, 4] ^= True
    differs = (model(grids) != model(changed)).any(dim=0)
    expected = torch.zeros(9, 9, dtype=torch.bool)
    expected[2:7, 2:7] = True
    assert torch.equal(differs, expected)


def test_directions_are_told_apart():
    model, grids = random_model(), torch.zeros(4, 7, 7, dtype=torch.bool)
    for index, (down, right) in enumerate(((-1, 0), (1, 0), (0, -1), (0, 1))):
        grids[index, 3 + down, 3 + right] = True
    assert len(set(model(grids)[:, 3, 3].tolist())) == 4


def test_offsets_are_counted_by_hand():
    offsets = window_offsets(3, 4, 1)
    assert offsets[0].tolist() == [4, 5, 9, 3, 7, 8, 9, 6, 1, 2, 9, 0]


def test_a_grid_that_is_smaller_than_the_window_is_refused():
    with pytest.raises(ValueError, match="at least 5 rows and columns; got 4x8"):
        random_model()(random_grids(4, 8))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sides": (4,)}, "at least 5, the width of the window"),
        ({"sides": (8, 16)}, "sides is one number"),
        ({"heads": 3}, "multiple of heads"),
        ({"radius": 0}, "radius is at least 1"),
    ],
)
def test_an_impossible_model_is_refused(change: dict[str, object], message: str):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(TORUS, **change)
