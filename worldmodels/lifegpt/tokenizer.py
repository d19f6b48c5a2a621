"""How a state and its successor become one sequence of tokens, and back.

A state is a row of cells in row-major order: `DEAD`, `ALIVE`, or `PADDING` behind the cells of a
grid that is smaller than others of its batch.
"""

import dataclasses
from typing import Any, Final, Literal

import numpy as np
from jaxtyping import Bool, Int, Int64

DEAD: Final = 0
ALIVE: Final = 1
PADDING: Final = 2

States = Int[np.ndarray, "batch cells"]
Tokens = Int64[np.ndarray, "batch tokens"]
TokenizerName = Literal["bytes", "compact"]


@dataclasses.dataclass(frozen=True)
class Tokenizer:
    """`before`, the cells, `question_end`, `answer_start`, the cells of the answer, `after`.

    The prompt ends with `question_end`; what follows is what a model has to write.
    """

    name: TokenizerName
    num_tokens: int  # size of the vocabulary
    before: tuple[int, ...]
    question_end: tuple[int, ...]
    answer_start: tuple[int, ...]
    after: tuple[int, ...]
    cells: tuple[int, int, int]  # tokens of DEAD, ALIVE and PADDING
    mask: int  # stands for a cell that is not known

    def length(self, num_cells: int) -> int:
        """Tokens of a prompt and its answer."""
        return self.prompt_length(num_cells) + self.answer_length(num_cells)

    def prompt_length(self, num_cells: int) -> int:
        """Tokens that a model is given."""
        return len(self.before) + num_cells + len(self.question_end)

    def answer_length(self, num_cells: int) -> int:
        """Tokens that a model has to write."""
        return len(self.answer_start) + num_cells + len(self.after)

    def first_cell(self, num_cells: int) -> int:
        """Index of the first cell of the answer in the whole sequence."""
        return self.prompt_length(num_cells) + len(self.answer_start)

    def num_cells(self, length: int) -> int:
        """Cells of a state in whole sequences of this length.

        Raises:
            ValueError: no state makes such a sequence.
        """
        count, odd = divmod(length - self.length(0), 2)
        if count < 1 or odd:
            raise ValueError(
                f"a sequence of the tokenizer {self.name!r} has {self.length(0)} tokens and two "
                f"for each cell, got {length}"
            )
        return count

    def prompt(self, states: States) -> Tokens:
        """What a model is given.

        Raises:
            ValueError: a state holds something that is no cell.
        """
        return self._joined(self.before, self._cell_tokens(states), self.question_end)

    def encode(self, states: States, next_states: States) -> Tokens:
        """Prompts and their answers.

        Raises:
            ValueError: a state holds something that is no cell.
        """
        answer = self._joined(self.answer_start, self._cell_tokens(next_states), self.after)
        return np.concatenate([self.prompt(states), answer], axis=1)

    def decode(self, tokens: Tokens) -> tuple[States, States]:
        """What `encode` was given.

        Raises:
            ValueError: names the sequence and the place of the first token that is wrong.
        """
        num_cells = self.num_cells(tokens.shape[1])
        blank = np.zeros((1, num_cells), np.int64)
        template = self.encode(blank, blank)[0]
        is_cell = np.zeros(len(template), np.bool_)
        first = self.first_cell(num_cells)
        for start in (len(self.before), first):
            is_cell[start : start + num_cells] = True
        is_right = np.where(is_cell, np.isin(tokens, self.cells), tokens == template)
        if not is_right.all():
            row, place = np.argwhere(~is_right)[0].tolist()
            wanted = self.cells if is_cell[place] else (int(template[place]),)
            raise ValueError(
                f"sequence {row}, token {place}: expected one of {wanted}, got "
                f"{tokens[row, place]}; were the tokens made by the tokenizer {self.name!r}?"
            )
        cells = self._cell_values(tokens[:, is_cell])
        return cells[:, :num_cells], cells[:, num_cells:]

    def read_answers(
        self, answers: Tokens, num_cells: int
    ) -> tuple[States, Bool[np.ndarray, " batch"]]:
        """Cells of answers that a model wrote freely, and whether each is well formed.

        In an answer that is not, missing cells and foreign tokens are dead, and what is too much
        is cut off.
        """
        cells = np.full((len(answers), num_cells), DEAD, np.int64)
        is_whole = np.ones(len(answers), np.bool_)
        for row, answer in enumerate(answers):
            found = self._between_marks(answer)
            known = np.isin(found, self.cells)
            is_whole[row] = len(found) == num_cells and known.all()
            kept = np.where(known, found, self.cells[DEAD])[:num_cells]
            cells[row, : len(kept)] = self._cell_values(kept)
        return cells, is_whole

    def _between_marks(self, answer: Int64[np.ndarray, " tokens"]) -> Int64[np.ndarray, " found"]:
        if self.answer_start:
            places = np.flatnonzero(answer == self.answer_start[-1])
            answer = answer[places[0] + 1 :] if len(places) else answer[:0]
        if self.after:
            places = np.flatnonzero(answer == self.after[0])
            answer = answer[: places[0]] if len(places) else answer
        return answer

    def _cell_tokens(self, states: States) -> Tokens:
        if states.size and not (states.min() >= DEAD and states.max() <= PADDING):
            raise ValueError(
                f"a cell is {DEAD} (dead), {ALIVE} (alive) or {PADDING} (padding), got values from "
                f"{states.min()} to {states.max()}"
            )
        found: Tokens = np.array(self.cells, np.int64)[states]
        return found

    def _cell_values(self, tokens: Int64[np.ndarray, "..."]) -> Int64[np.ndarray, "..."]:
        values = np.zeros(self.num_tokens, np.int64)
        values[list(self.cells)] = (DEAD, ALIVE, PADDING)
        return np.take(values, tokens)

    def _joined(
        self,
        before: tuple[int, ...],
        cells: Int64[np.ndarray, "batch cells"],
        after: tuple[int, ...],
    ) -> Tokens:
        rows = len(cells)
        parts: list[Any] = [np.tile(before, (rows, 1)), cells, np.tile(after, (rows, 1))]
        return np.concatenate(parts, axis=1).astype(np.int64)


BYTES: Final = Tokenizer(
    name="bytes",
    num_tokens=256,
    before=tuple(b"@PredictNextState<"),
    question_end=tuple(b">"),
    answer_start=tuple(b" ["),
    after=tuple(b"]$"),
    cells=(ord("0"), ord("1"), ord("p")),
    mask=ord("_"),
)
"""The published format: a token is a byte of `@PredictNextState<0110...> [1001...]$`.

Source: lifegpt.md 1.3.
"""

COMPACT: Final = Tokenizer(
    name="compact",
    num_tokens=5,
    before=(),
    question_end=(3,),
    answer_start=(),
    after=(),
    cells=(0, 1, 2),
    mask=4,
)
"""A token a cell, and one between question and answer."""

TOKENIZERS: Final = {tokenizer.name: tokenizer for tokenizer in (BYTES, COMPACT)}


def to_text(tokens: Int64[np.ndarray, " tokens"]) -> str:
    """A sequence of the tokenizer `BYTES` as text."""
    return bytes(tokens.astype(np.uint8)).decode("latin-1")


def from_text(text: str) -> Int64[np.ndarray, " tokens"]:
    """Tokens of `BYTES`.

    Raises:
        ValueError: the text has a character that is no byte.
    """
    try:
        return np.frombuffer(text.encode("latin-1"), np.uint8).astype(np.int64)
    except UnicodeEncodeError as error:
        raise ValueError(
            f"a text of the published format is made of bytes, got {text[error.start]!r} at "
            f"{error.start}"
        ) from error
