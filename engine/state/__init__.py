"""What a run has: data on the device, batches, the schedule, weights with Adam, families, checkpoints."""
