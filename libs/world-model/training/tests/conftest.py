"""Tests import the packages beside them, from wherever pytest is started, and leave the machine's other cores alone."""

import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
torch.set_num_threads(1)
