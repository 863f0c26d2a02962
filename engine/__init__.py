"""Trains, measures, records and replays; knows no screen."""

from engine.config.edits import Edit
from engine.config.experiment import Experiment, Panel
from engine.frames.frame import Frame, PanelFrame
from engine.nets import NETS
from engine.recording.reader import Recording
from engine.running.record_to_file import record
from engine.state.points import Points
from engine.training.loop import train
from engine.training.trainer import Trainer

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
