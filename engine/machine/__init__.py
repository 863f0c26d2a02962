"""The machine: device, threads, memory, precision, folders. Knows nothing of nets or losses."""
