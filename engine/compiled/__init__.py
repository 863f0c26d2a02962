"""Optional speed: exact steps by recorded functions, and whole steps by PyTorch's compiler. All works without it."""
