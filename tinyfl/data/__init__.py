"""Recordings to learn from: load them by name or folder, cut them into windows, split them honestly."""

from tinyfl.data.dataset import Dataset, Recording, Windows, windows
from tinyfl.data.registry import load_dataset
from tinyfl.data.splits import labelled, split_in_time, split_users

__all__ = ["Dataset", "Recording", "Windows", "labelled", "load_dataset", "split_in_time", "split_users", "windows"]
