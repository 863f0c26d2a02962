"""Measurements of speed and memory, side by side on one machine. Tests never assert them."""
