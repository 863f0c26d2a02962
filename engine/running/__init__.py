"""Live runs: the worker process, its runs and their pace, and the client that talks to it."""
