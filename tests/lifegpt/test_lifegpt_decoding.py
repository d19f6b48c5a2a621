"""Three decoders: what they write, and how often they read."""

import dataclasses

import numpy as np
import pytest
import torch
from lifegpt.small_models import BYTES, COMPACT, TORUS, random_gpt, several

from worldmodels.lifegpt import decoding as decoding_module
from worldmodels.lifegpt.config import GPTConfig
from worldmodels.lifegpt.decoding import Choice, Decoding, write_answers
from worldmodels.lifegpt.model import LifeGPT
from worldmodels.lifegpt.simulate import log_probabilities, next_grids, rollout, states_of
from worldmodels.lifegpt.tokenizer import ALIVE, PADDING
from worldmodels.lifegpt.torus_model import TorusTransformer

CONFIGS = [
    several(COMPACT, 4),
    several(BYTES, 3),
    dataclasses.replace(several(COMPACT, 3, 2), positions="rotary"),
]


def states_for(config: GPTConfig, batch: int, seed: int = 2) -> torch.Tensor:
    """Random states; of several sizes, every second one is of the smaller."""
    rng = np.random.default_rng(seed)
    states = rng.integers(0, 2, (batch, config.num_cells))
    if len(config.sides) > 1:
        states[1::2, min(config.sides) ** 2 :] = PADDING
    return torch.from_numpy(states)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("is_constrained", [True, False])
@pytest.mark.parametrize("temperature", [0.0, 1.5])
@pytest.mark.parametrize("config", CONFIGS)
def test_fixed_points_are_what_is_written_one_by_one(
    config: GPTConfig, temperature: float, is_constrained: bool, monkeypatch: pytest.MonkeyPatch
):
    total_rounds, slots = 0.0, config.tokens.answer_length(config.num_cells)
    for seed in range(3):  # times 6 states, 3 models, 2 temperatures, 2 alphabets: 216 cases
        model, states = random_gpt(config, seed), states_for(config, 6, seed)
        options = {"temperature": temperature, "is_constrained": is_constrained, "top_k": 4}
        one, point = (
            write_answers(model, states, Decoding(method, **options), generator(seed))
            for method in ("sequential", "fixed-point")
        )
        assert torch.equal(one.states, point.states)
        assert torch.equal(one.is_whole, point.is_whole)
        assert (one.rounds == (config.num_cells if is_constrained else slots)).all()
        assert (point.rounds <= one.rounds).all()
        total_rounds += float(point.rounds.double().mean())
        with monkeypatch.context() as patch:
            patch.setattr(decoding_module, "WINDOW", 4)
            windows = write_answers(
                model, states, Decoding("fixed-point", **options), generator(seed)
            )
        assert torch.equal(one.states, windows.states)
        assert (windows.rounds <= one.rounds).all()
    assert 2 < total_rounds / 3 < slots  # neither trivial nor useless


def test_the_likeliest_answer_is_written_as_without_a_cache():
    config = several(COMPACT, 3)
    model, states = random_gpt(config), states_for(config, 4)
    tokens = torch.from_numpy(config.tokens.prompt(states.numpy()))
    for _ in range(config.num_cells):
        chosen = model(tokens)[:, -1, :2].argmax(dim=-1)
        tokens = torch.cat([tokens, chosen[:, None]], dim=1)
    written = write_answers(model, states, Decoding("sequential")).states
    assert torch.equal(written, tokens[:, -config.num_cells :])
    assert 0 < written.double().mean() < 1


def test_temperature_zero_is_the_limit_of_low_temperatures():
    config = several(COMPACT, 3)
    model, states = random_gpt(config), states_for(config, 4)
    cold = write_answers(model, states, Decoding(temperature=1e-9), generator())
    assert torch.equal(cold.states, write_answers(model, states, Decoding()).states)


def test_padding_stays_padding_and_cells_stay_cells():
    config = CONFIGS[2]
    states = states_for(config, 6)
    for method in ("sequential", "fixed-point", "parallel"):
        written = write_answers(random_gpt(config), states, Decoding(method)).states
        assert torch.equal(written == PADDING, states == PADDING)


def test_an_untrained_model_without_constraints_writes_no_grids():
    config = several(BYTES, 3)
    answers = write_answers(
        random_gpt(config), states_for(config, 4), Decoding(is_constrained=False)
    )
    assert not answers.is_whole.any()
    assert write_answers(random_gpt(config), states_for(config, 4), Decoding()).is_whole.all()


def test_parallel_decoding_reads_once_and_takes_each_cell_by_itself():
    config = several(COMPACT, 3)
    model, states = random_gpt(config), states_for(config, 3)
    answers = write_answers(model, states, Decoding("parallel"))
    assert answers.rounds.tolist() == [1, 1, 1]
    tokens = torch.from_numpy(config.tokens.encode(states.numpy(), states.numpy()))
    tokens[:, config.tokens.first_cell(9) :] = config.tokens.mask
    logits = model(tokens[:, :-1])[:, 9:, :2]
    assert torch.equal(answers.states, logits.argmax(dim=-1))


def test_noise_is_that_of_gumbel():
    choice = decoding_module._task(
        random_gpt(COMPACT), states_for(COMPACT, 4000), Decoding(temperature=1.0), generator()
    )[1]
    assert choice.noise is not None
    assert float(choice.noise.mean()) == pytest.approx(0.5772, abs=0.03)
    assert float(choice.noise.exp().reciprocal().mean()) == pytest.approx(1, abs=0.03)


def test_top_k_forbids_all_other_tokens():
    logits = torch.tensor([[[3.0, 2.0, 1.0, 0.0]]]).expand(500, 1, 4)
    uniform = torch.rand(500, 1, 4, generator=generator()).double()
    noise = -(-uniform.log()).log()
    blank = torch.zeros(500, 1, dtype=torch.long)
    choice = Choice(torch.arange(4), blank, blank == 0, 5.0, 2, noise)
    assert set(choice(logits.double(), 0).flatten().tolist()) == {0, 1}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"temperature": -1.0}, "temperature is at least 0"),
        ({"temperature": float("nan")}, "temperature is at least 0"),
        ({"top_k": -1}, "top_k is at least 0"),
        ({"method": "parallel", "is_constrained": False}, "always constrained"),
    ],
)
def test_an_impossible_decoding_is_refused(arguments: dict[str, object], message: str):
    with pytest.raises(ValueError, match=message):
        Decoding(**arguments)


def test_what_a_model_cannot_decode_is_refused():
    model = random_gpt(COMPACT)
    with pytest.raises(ValueError, match="states of 4 cells, got 9"):
        write_answers(model, states_for(several(COMPACT, 3), 1), Decoding())
    with pytest.raises(ValueError, match="needs a generator"):
        write_answers(model, states_for(COMPACT, 1), Decoding(temperature=1.0))
    with pytest.raises(ValueError, match=r"made for grids of 2x2, got 1x4; .* --sides"):
        next_grids(model, torch.zeros(1, 1, 4, dtype=torch.bool), Decoding())


def both_models() -> list[LifeGPT | TorusTransformer]:
    torch.manual_seed(3)
    return [random_gpt(several(COMPACT, 5)), TorusTransformer(TORUS)]


@pytest.mark.parametrize("model", both_models(), ids=["gpt", "torus"])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_rollout_is_one_answer_after_another(
    model: LifeGPT | TorusTransformer, temperature: float
):
    decoding = Decoding(temperature=temperature)
    grids = torch.rand(3, 5, 5, generator=generator()) < 0.5
    states = rollout(model, grids, 4, decoding, generator(1))
    assert states.shape == (3, 5, 5, 5)
    noise, now = generator(1), grids
    for time in range(5):
        assert torch.equal(states[:, time], now)
        now = next_grids(model, now, decoding, noise).grids
    assert rollout(model, grids, 1, decoding, generator(9)).shape == (3, 2, 5, 5)


def test_probabilities_of_all_next_grids_add_up_to_one():
    model = random_gpt(COMPACT, scale=1.5)
    every = (torch.arange(16)[:, None] >> torch.arange(4) & 1).bool().view(16, 2, 2)
    for question in every[[0, 6, 15]]:
        before = question.expand(16, 2, 2)
        for is_parallel in (False, True):
            found = log_probabilities(model, before, every, is_parallel=is_parallel)
            assert float(found.exp().sum()) == pytest.approx(1)
    with_padding = dataclasses.replace(COMPACT, sides=(3, 2))
    found = log_probabilities(random_gpt(with_padding), before, every)
    assert float(found.exp().sum()) == pytest.approx(1)


def test_the_chain_of_probabilities_is_that_of_the_cells():
    model = random_gpt(COMPACT)
    grids, after = (torch.rand(2, 3, 2, 2, generator=generator()) < 0.5).unbind()
    states, answers = states_of(model, grids), states_of(model, after)
    tokens = torch.from_numpy(model.config.tokens.encode(states.numpy(), answers.numpy()))
    logits = model(tokens[:, :-1])[:, 4:, :2].log_softmax(dim=-1)
    wanted = logits.gather(2, (answers == ALIVE).long()[..., None]).sum(dim=(1, 2))
    torch.testing.assert_close(log_probabilities(model, grids, after), wanted.detach())
