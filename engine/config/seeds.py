"""Random generators: one for each purpose, from the seed of the experiment."""

import hashlib

import torch


def generator(seed: int, purpose: str) -> torch.Generator:
    """Return the generator for a purpose; different purposes draw unrelated numbers."""
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
