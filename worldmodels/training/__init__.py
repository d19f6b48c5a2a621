"""What runs of any learner share: `run_folder` without torch and jax, `torch_runs` with torch."""
