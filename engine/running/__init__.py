"""Runs: the worker process that trains them live, the client that talks to it, and training straight into a file."""
