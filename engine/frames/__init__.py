"""What is seen of a state: its inputs, how a frame is built, metrics, and the bytes of a frame."""
