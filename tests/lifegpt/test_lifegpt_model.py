"""The transformer: its size, what it may see, and its cache."""

import dataclasses

import numpy as np
import pytest
import torch
from lifegpt.small_models import BYTES, COMPACT, random_gpt, several

from worldmodels.lifegpt import model as model_module
from worldmodels.lifegpt.config import GPTConfig
from worldmodels.lifegpt.model import LifeGPT
from worldmodels.lifegpt.objective import (
    all_tokens_loss,
    answer_loss,
    forgotten,
    loss_floor,
    parallel_loss,
)
from worldmodels.lifegpt.tokenizer import BYTES as BYTES_TOKENIZER

CONFIGS = [COMPACT, BYTES, dataclasses.replace(COMPACT, positions="rotary")]


def tokens_of(config: GPTConfig, batch: int = 3, seed: int = 1) -> torch.Tensor:
    """Sequences of random states and next states, whole."""
    rng = np.random.default_rng(seed)
    states, after = rng.integers(0, 2, (2, batch, config.num_cells))
    return torch.from_numpy(config.tokens.encode(states, after))


def test_the_published_model_has_the_published_number_of_weights():
    model = LifeGPT(GPTConfig())
    assert sum(weight.numel() for weight in model.parameters()) == 12_735_744
    assert model.config.length == 2070
    assert model.config.rotary_dim == 32


@pytest.mark.parametrize("config", CONFIGS)
def test_no_token_sees_what_comes_after_it(config: GPTConfig):
    model, tokens = random_gpt(config), tokens_of(config)[:, :-1]
    before = model(tokens)
    place = tokens.shape[1] // 2
    changed = tokens.clone()
    changed[:, place] = config.tokens.mask
    after = model(changed)
    assert torch.equal(before[:, :place], after[:, :place])
    assert not torch.allclose(before[:, place:], after[:, place:])


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("pieces", [(1,), (3, 1, 2), (4, 4)])
def test_logits_with_a_cache_are_those_without(config: GPTConfig, pieces: tuple[int, ...]):
    model, tokens = random_gpt(config), tokens_of(config)[:, :-1]
    whole = model(tokens)
    cache = model.new_cache(len(tokens), tokens.shape[1])
    found, start = [], 0
    for piece in (*pieces, tokens.shape[1] - sum(pieces)):
        found.append(model(tokens[:, start : start + piece], cache=cache))
        start += piece
    torch.testing.assert_close(torch.cat(found, dim=1), whole)
    cache.length -= 2  # forget, and read again
    torch.testing.assert_close(model(tokens[:, -2:], cache=cache), whole[:, -2:])


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("start", [1, 5, 7])
def test_logits_from_a_place_on_are_the_same(config: GPTConfig, start: int):
    model, tokens = random_gpt(config), tokens_of(config)[:, :-1]
    hidden = torch.zeros_like(tokens, dtype=torch.bool)
    hidden[:, 2] = True
    for mask in (None, hidden):
        whole = model(tokens, hidden=mask)
        torch.testing.assert_close(model(tokens, start=start, hidden=mask), whole[:, start:])


def test_an_answer_shares_the_cells_of_the_question_and_has_a_side_of_its_own():
    model, tokens = random_gpt(COMPACT), tokens_of(COMPACT)
    used = []
    for length in (4, 5, 8):
        model.zero_grad()
        model(tokens[:, :length]).pow(2).sum().backward()
        tables = (model.side_embedding, model.cell_embedding)
        used.append([(table.weight.grad != 0).any(dim=1).tolist() for table in tables])
    assert used[0] == [[True, False], [True] * 4]
    assert used[1] == used[2] == [[True, True], [True] * 4]
    model.zero_grad()
    hidden = torch.zeros(3, 6, dtype=torch.bool)
    hidden[:, 1] = True
    model(tokens[:, :6], start=5, hidden=hidden).pow(2).sum().backward()
    assert (model.cell_embedding.weight.grad[1] != 0).any()  # of the answer's second cell


def test_rotary_logits_depend_on_distances_alone():
    generator = torch.Generator().manual_seed(0)
    query, key = torch.randn((2, 1, 1, 1, 16), generator=generator, dtype=torch.float64)
    products = []
    for shift in (0, 1, 50):
        places = torch.tensor([shift, shift + 7])
        cosines, sines = model_module._rotation(places, 8, torch.float64)
        turned = [
            model_module._rotate(x, cosines[i : i + 1], sines[i : i + 1])
            for i, x in enumerate((query, key))
        ]
        products.append((turned[0] * turned[1]).sum())
        torch.testing.assert_close(turned[0].norm(), query.norm())
        assert torch.equal(turned[0][..., 8:], query[..., 8:])
    torch.testing.assert_close(products[1], products[0])
    torch.testing.assert_close(products[2], products[0])
    assert not torch.allclose(products[0], (query * key).sum())


@pytest.mark.parametrize("config", CONFIGS)
def test_a_hidden_token_changes_no_logits_but_its_own(config: GPTConfig):
    model, tokens = random_gpt(config), tokens_of(config)[:, :-1]
    hidden = torch.zeros_like(tokens, dtype=torch.bool)
    hidden[:, 3] = True
    changed = tokens.clone()
    changed[:, 3] = config.tokens.mask
    rest = [place for place in range(tokens.shape[1]) if place != 3]
    before, after = (model(t, hidden=hidden)[:, rest] for t in (tokens, changed))
    assert torch.equal(before, after)
    assert not torch.allclose(model(tokens)[:, rest], before)


def test_forgetting_hides_the_published_number_and_never_the_first():
    generator = torch.Generator().manual_seed(0)
    hidden = forgotten(generator, 40, 2071, 0.15)
    assert hidden.shape == (40, 2070)
    assert set(hidden.sum(dim=1).tolist()) == {310}
    assert not hidden[:, 0].any()
    assert hidden.any(dim=0)[1:].double().mean() > 0.99
    assert not torch.equal(hidden[0], hidden[1])
    assert forgotten(generator, 2, 3, 0.99).sum(dim=1).tolist() == [1, 1]


def test_the_loss_floor_is_the_published_one():
    assert loss_floor(BYTES_TOKENIZER, 1024, (0.5, 0.5)) == pytest.approx(0.34289, abs=5e-6)
    assert loss_floor(BYTES_TOKENIZER, 1024, (0.0, 1.0)) == pytest.approx(0.2473, abs=5e-5)
    assert loss_floor(BYTES_TOKENIZER, 1024, (1.0, 1.0)) == 0
    narrow = loss_floor(BYTES_TOKENIZER, 1024, (0.3, 0.3 + 1e-6))
    assert narrow == pytest.approx(loss_floor(BYTES_TOKENIZER, 1024, (0.3, 0.3)), rel=1e-5)


class Oracle(LifeGPT):
    """Knows the format and the next state; cells of prompts are half alive to it."""

    def forward(self, tokens: torch.Tensor, **_: object) -> torch.Tensor:
        """Logits from the sequence it was made with."""
        del tokens
        wanted = torch.nn.functional.one_hot(self.whole[:, 1:], 256).double()
        wanted[:, 17 : 17 + 1024] = 0
        wanted[:, 17 : 17 + 1024, 48:50] = 0.5
        return wanted.log().clamp(min=-1e9)


def test_an_oracle_reaches_the_floor_and_nothing_is_lost_on_its_answers():
    config = several(BYTES, 32)
    model = Oracle(config)
    model.whole = tokens_of(config, batch=2)
    assert float(all_tokens_loss(model, model.whole)) == pytest.approx(0.34289, abs=1e-5)


def test_answers_are_scored_where_they_are():
    config = COMPACT
    model, tokens = random_gpt(config), tokens_of(config)
    logits = model(tokens[:, :-1])[:, config.num_cells :]
    chosen = logits.log_softmax(-1).gather(2, tokens[:, -config.num_cells :, None])
    torch.testing.assert_close(answer_loss(model, tokens), -chosen.mean())
    changed = tokens.clone()
    changed[:, 5] = 1 - changed[:, 5]  # the first cell of the answer
    logits = model(tokens[:, :-1].scatter(1, torch.tensor([[5, 6, 7]] * 3), 4))[:, 4:]
    chosen = logits.log_softmax(-1).gather(2, tokens[:, -4:, None])
    torch.testing.assert_close(parallel_loss(model, tokens), -chosen.mean())


@pytest.mark.parametrize("config", [COMPACT, BYTES])
def test_the_parallel_loss_sees_no_cell_of_the_answer(config: GPTConfig):
    model, tokens = random_gpt(config), tokens_of(config)
    first = config.tokens.first_cell(config.num_cells)
    gradient = {}
    for name, loss in (("answer", answer_loss), ("parallel", parallel_loss)):
        model.zero_grad()
        loss(model, tokens).backward()
        shown = model.token_embedding.weight.grad[config.tokens.mask]
        gradient[name] = bool(shown.abs().sum() > 0)
    assert gradient == {"answer": False, "parallel": True}
    assert first == tokens.shape[1] - config.num_cells - len(config.tokens.after)


def test_a_sequence_that_is_too_long_is_refused():
    model = random_gpt(COMPACT)
    with pytest.raises(ValueError, match=r"reads sequences of 8 tokens, 4 cells .* got 9 tokens"):
        model(torch.zeros(1, 9, dtype=torch.long))


def test_half_precision_is_kept_throughout():
    model = random_gpt(BYTES).to(torch.bfloat16)
    logits = model(tokens_of(BYTES)[:, :-1])
    assert logits.dtype == torch.bfloat16
    assert torch.isfinite(logits).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dim": 0}, "dim is at least 1, got 0"),
        ({"sides": ()}, "sides are numbers of at least 1"),
        ({"tokenizer": "bytes"}, "needs the tokenizer 'compact'"),
        ({"positions": "rotary", "head_dim": 7}, "even head_dim, got 7"),
    ],
)
def test_an_impossible_model_is_refused(change: dict[str, object], message: str):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(COMPACT, **change)
