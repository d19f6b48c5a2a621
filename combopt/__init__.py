"""Learned solvers of combinatorial problems."""
