"""Continuous control as equations, under random projections, and the classic tasks."""
