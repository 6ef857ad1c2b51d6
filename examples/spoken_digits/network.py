"""Two strided conv1d over a word's log-mel spectrum, a GRU over their 16 frames, a classifier: 19,002 parameters."""

from __future__ import annotations

import torch
from torch import nn

STRETCHES = 4  # of a word, each of which the classifier sees by the mean of its states


class Words(nn.Module):
    """Convolutions with batch norm and ReLU, states of a GRU, their means over stretches of the word, scores."""

    def __init__(self, channels: int, length: int, classes: int, features: int = 32, hidden: int = 40) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv1d(channels, features, 5, 2, 2),
            nn.BatchNorm1d(features),
            nn.ReLU(),
            nn.Conv1d(features, features, 5, 2, 2),
            nn.BatchNorm1d(features),
            nn.ReLU(),
        )
        self.gru = nn.GRU(features, hidden, batch_first=True)
        self.head = nn.Sequential(
            nn.AvgPool1d(length // 4 // STRETCHES),
            nn.Flatten(),
            nn.Dropout(0.2),
            nn.Linear(STRETCHES * hidden, classes),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores [N, classes] of words [N, mel bands, frames]."""
        states = self.gru(self.convolutions(x).transpose(1, 2))[0]
        scores: torch.Tensor = self.head(states.transpose(1, 2))
        return scores


def network(channels: int, length: int, classes: int) -> nn.Module:
    """The network, fresh; a word has a multiple of 16 frames."""
    return Words(channels, length, classes)
