"""Agents trained by PPO on thousands of worlds at once; everything here is JAX."""
