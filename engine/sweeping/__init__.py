"""Sweeps: a grid of settings trained into one table."""
