"""Measurements: one runnable module each."""
