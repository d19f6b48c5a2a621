"""Learners that predict or infer the dynamics of worlds."""
