"""CARD.md of `gallery`, with its two pictures, from one evaluation report."""

from pathlib import Path

from evaluate.report import Report

from .pictures import contact_sheet, drift_plot

SHEET, DRIFT = "contact-sheet.png", "drift.png"
TEMPLATE = (Path(__file__).parent / "gallery_card.md").read_text()


def write(folder: Path, version: str, report: Report, trained_at: str) -> None:
    """CARD.md, contact-sheet.png and drift.png into `folder`."""
    contact_sheet(folder / SHEET, report.sheet)
    drift_plot(folder / DRIFT, report.curves)
    figures = "\n".join(f"| `{name}` | {value:.4g} |" for name, value in sorted(report.figures.items()))
    size_kb = (folder / "gallery.onnx").stat().st_size // 1000
    text = TEMPLATE.replace("@VERSION@", version).replace("@TRAINED_AT@", trained_at)
    (folder / "CARD.md").write_text(text.replace("@FIGURES@", figures).replace("@SIZE_KB@", str(size_kb)))
