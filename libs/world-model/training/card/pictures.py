"""Small PNGs for a card, drawn with Pillow alone: a contact sheet and a drift plot."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

INK, GRID, PAPER = (40, 40, 46), (222, 222, 226), (255, 255, 255)
LINES = ((178, 58, 38), (120, 124, 134), (36, 96, 160), (52, 128, 72), (150, 90, 170))  # the first is the model's


def contact_sheet(path: Path, rows: list[tuple[str, np.ndarray]], gap: int = 2) -> None:
    """One row of frames [T, 72, 128, 3] each, on white, quantised to 256 colours to stay small."""
    count = len(rows[0][1])
    height, width = rows[0][1].shape[1:3]
    sheet = Image.new("RGB", (count * (width + gap) - gap, len(rows) * (height + gap) - gap), PAPER)
    for r, (_, frames) in enumerate(rows):
        for c, frame in enumerate(frames):
            sheet.paste(Image.fromarray(frame), (c * (width + gap), r * (height + gap)))
    sheet.quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)


def drift_plot(path: Path, curves: dict[str, dict[int, float]]) -> None:
    """PSNR in dB against frames of free run (logarithmic), one line a name."""
    width, height, left, top, right, bottom = 640, 320, 52, 24, 120, 44
    low, high, last = 5.0, 40.0, 256
    image = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(image)

    def at(frames: float, db: float) -> tuple[float, float]:
        x = left + np.log2(frames) / np.log2(last) * (width - left - right)
        return x, top + (high - min(max(db, low), high)) / (high - low) * (height - top - bottom)

    for db in range(10, 41, 5):
        draw.line([at(1, db), at(last, db)], GRID)
        draw.text((left - 24, at(1, db)[1] - 6), str(db), INK)
    for frames in (1, 2, 4, 8, 16, 32, 64, 128, 256):
        draw.line([at(frames, low), at(frames, high)], GRID)
        draw.text((at(frames, low)[0] - 6, height - bottom + 6), str(frames), INK)
    draw.text((left, height - 20), "frames of free run on held-out walks", INK)
    draw.text((8, 6), "PSNR, dB", INK)
    ends = []
    for (name, curve), colour in reversed(list(zip(curves.items(), LINES, strict=False))):  # the model's line on top
        points = [at(frames, db) for frames, db in sorted(curve.items())]
        draw.line(points, colour, 3)
        ends.append((points[-1][1] - 6, name, colour))
    free = 0.0
    for y, name, colour in sorted(ends):
        free = max(y, free)
        draw.text((width - right + 8, free), name, colour)
        free += 12
    image.quantize(32).save(path, optimize=True)
