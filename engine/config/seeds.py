"""Where randomness comes from: one generator for each purpose, made from the seed of the experiment."""

import hashlib

import torch


def generator(seed: int, purpose: str) -> torch.Generator:
    """Make the generator for a purpose; different purposes draw from unrelated streams."""
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
