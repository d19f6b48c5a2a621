"""Games on a board, in which a person points at squares."""

import abc
from typing import Any

from typing_extensions import override

from envs.core import Frame
from envs.memory.game import StateT, SymbolGame, SymbolParamsT
from envs.memory.pictures import Board, draw_board, square_at


class BoardGame(SymbolGame[StateT, SymbolParamsT]):
    """A game whose action is the number of a square, counted row by row."""

    @abc.abstractmethod
    def board(self, state: StateT, params: SymbolParamsT) -> Board:
        """What is drawn, of one state outside compiled code."""

    @override
    def render(self, state: StateT, params: SymbolParamsT, size: tuple[int, int]) -> Frame:
        return draw_board(self.board(state, params), size)

    @override
    def text(self, state: StateT, params: SymbolParamsT) -> str:
        board = self.board(state, params)
        marks = [f"{square.mark or '-':>2}" for square in board.squares]
        starts = range(0, len(marks), board.columns)
        rows = [" ".join(marks[start : start + board.columns]) for start in starts]
        return "\n".join([*rows, board.words])

    def action_at(
        self, state: StateT, params: Any, spot: tuple[float, float], size: tuple[int, int]
    ) -> int | None:
        """The square at a spot of the picture; None beside the board."""
        return square_at(self.board(state, params), spot, size)
