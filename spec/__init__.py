"""Knobs, and every text that a person reads. Imports nothing of ours."""

from spec.knobs import Knob, choice, help_of, knobs_of, param, switch, word
from spec.messages import LANGUAGES, Message, Refusal, has_text, text

__all__ = [
    "LANGUAGES",
    "Knob",
    "Message",
    "Refusal",
    "choice",
    "has_text",
    "help_of",
    "knobs_of",
    "param",
    "switch",
    "text",
    "word",
]
