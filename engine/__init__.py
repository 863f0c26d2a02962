"""Trains, measures, records and replays; knows no screen."""

from engine.experiment import Experiment, Panel
from engine.frame import Edit, Frame, PanelFrame, Points
from engine.nets import NETS
from engine.record import record
from engine.recording import Recording
from engine.train import train
from engine.trainer import Trainer

__all__ = [
    "NETS",
    "Edit",
    "Experiment",
    "Frame",
    "Panel",
    "PanelFrame",
    "Points",
    "Recording",
    "Trainer",
    "record",
    "train",
]
