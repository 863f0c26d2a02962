"""One thread a test process: two processes with two threads each wait for one another on two cores."""

import torch

torch.set_num_threads(1)
