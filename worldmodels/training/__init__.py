"""What runs of any learner share; imports neither torch nor jax."""
