"""The command line ``loss-geometry``."""
