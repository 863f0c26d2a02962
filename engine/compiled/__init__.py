"""Optional speed: records of exact steps, and the whole step compiled. Everything works without this folder."""
