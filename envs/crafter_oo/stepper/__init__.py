"""The array stepper: the rules of Crafter-OO in jax, for thousands of worlds at once.

Equal to the object engine, field by field, on the same `KeyedDraws`; a test compares the two.
"""
