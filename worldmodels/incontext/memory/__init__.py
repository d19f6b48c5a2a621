"""Layers that remember what an episode has shown so far, behind one interface."""
