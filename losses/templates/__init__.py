"""Templates of losses, one a family, each a loss that works: ``loss-geometry new-loss`` copies them.

A line with ``TODO`` is a place where the author of a loss has to think; ``loss-geometry verify`` lists those left.
"""
