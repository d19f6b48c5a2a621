"""The formats of states, and their exact lengths."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from worldmodels.lifegpt.tokenizer import (
    BYTES,
    COMPACT,
    PADDING,
    TOKENIZERS,
    Tokenizer,
    from_text,
    to_text,
)


@pytest.mark.parametrize(("side", "length"), [(32, 2071), (16, 535), (1, 25)])
def test_published_sequences_have_the_published_lengths(side: int, length: int):
    assert BYTES.length(side * side) == length
    assert BYTES.num_cells(length) == side * side


def test_the_published_prompt_and_answer_have_1043_and_1028_tokens():
    assert BYTES.prompt_length(1024) == 1043
    assert BYTES.answer_length(1024) == 1028
    assert BYTES.num_tokens == 256


def test_a_compact_sequence_has_a_token_a_cell_and_one_more():
    assert COMPACT.length(64) == 129


def test_the_published_text_is_written_to_the_letter():
    text = "@PredictNextState<0110> [100p]$"
    tokens = BYTES.encode(np.array([[0, 1, 1, 0]]), np.array([[1, 0, 0, PADDING]]))
    assert to_text(tokens[0]) == text
    assert (from_text(text) == tokens[0]).all()
    assert to_text(BYTES.prompt(np.array([[0, 1, 1, 0]]))[0]) == text[: text.index(">") + 1]
    assert tokens.shape[1] == BYTES.length(4)
    assert BYTES.first_cell(4) == text.index("[") + 1


pairs = st.tuples(st.integers(1, 3), st.integers(1, 20)).flatmap(
    lambda shape: st.tuples(*[arrays(np.int64, shape, elements=st.integers(0, 2))] * 2)
)


@pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS)
@given(pair=pairs)
def test_decoding_gives_back_what_was_encoded(
    tokenizer: Tokenizer, pair: tuple[np.ndarray, np.ndarray]
):
    tokens = tokenizer.encode(*pair)
    assert all((a == b).all() for a, b in zip(tokenizer.decode(tokens), pair, strict=True))
    answers = tokens[:, tokenizer.prompt_length(pair[0].shape[1]) :]
    cells, is_whole = tokenizer.read_answers(answers, pair[0].shape[1])
    assert is_whole.all()
    assert (cells == pair[1]).all()


@pytest.mark.parametrize(
    ("place", "token", "wanted"),
    [(0, 65, r"\(64,\), got 65"), (20, 50, r"\(48, 49, 112\), got 50"), (-1, 0, r"\(36,\), got 0")],
)
def test_the_first_wrong_token_is_named(place: int, token: int, wanted: str):
    blank = np.zeros((2, 4), np.int64)
    tokens = BYTES.encode(blank, blank)
    tokens[1, place] = token
    where = place % tokens.shape[1]
    with pytest.raises(ValueError, match=rf"sequence 1, token {where}: expected one of {wanted}"):
        BYTES.decode(tokens)


@pytest.mark.parametrize("length", [23, 24, 26])
def test_a_length_that_no_state_has_is_refused(length: int):
    with pytest.raises(ValueError, match=f"23 tokens and two for each cell, got {length}"):
        BYTES.decode(np.zeros((1, length), np.int64))


def test_a_state_of_other_values_is_refused():
    with pytest.raises(ValueError, match="got values from 0 to 3"):
        COMPACT.prompt(np.array([[0, 3]]))


def test_a_text_beyond_bytes_is_refused():
    with pytest.raises(ValueError, match="got '✓' at 1"):
        from_text("@✓")


@pytest.mark.parametrize(
    ("answer", "cells"),
    [
        (" [101]$", [1, 0, 1, 0]),  # too short
        (" [10110]$", [1, 0, 1, 1]),  # too long
        (" [1x11]$", [1, 0, 1, 1]),  # a foreign character
        (" [1[1]$", [1, 0, 1, 0]),  # begins twice
        (" 1011]$", [0, 0, 0, 0]),  # never begins
        ("", [0, 0, 0, 0]),
    ],
)
def test_a_broken_answer_is_filled_or_cut_and_flagged(answer: str, cells: list[int]):
    found, is_whole = BYTES.read_answers(from_text(answer)[None], 4)
    assert found.tolist() == [cells]
    assert not is_whole[0]


def test_an_answer_need_not_end_in_order():
    found, is_whole = BYTES.read_answers(from_text("> [1011]]]")[None], 4)
    assert found.tolist() == [[1, 0, 1, 1]]
    assert is_whole[0]
