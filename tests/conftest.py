"""One thread a test process: two processes with two threads each wait for one another on two cores.

The command line speaks English, whatever the machine does.
"""

import os

import torch

torch.set_num_threads(1)
os.environ["LANGUAGE"] = "en"
