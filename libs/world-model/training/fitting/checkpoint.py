"""Checkpoints: written beside, then renamed, so that a kill at any moment leaves the last whole one."""

import os
from pathlib import Path
from typing import Any

import torch


def save(path: Path, content: dict[str, Any]) -> None:
    part = path.with_suffix(".part")
    torch.save(content, part)
    os.replace(part, path)


def load(path: Path) -> dict[str, Any] | None:
    """The content, or nothing where there is no checkpoint yet."""
    return torch.load(path, map_location="cpu", weights_only=True) if path.exists() else None
