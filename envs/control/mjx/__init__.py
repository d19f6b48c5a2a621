"""Tasks whose bodies touch each other, by MuJoCo's own engine in JAX: the extra `mjx`."""
