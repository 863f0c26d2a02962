"""The trainer and the training loop."""
