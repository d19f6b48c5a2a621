"""Agents that learn in context: how returns grow within a life, where and on what."""
