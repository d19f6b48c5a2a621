"""Travelling salesman, vehicle routing and orienteering, as environments."""
