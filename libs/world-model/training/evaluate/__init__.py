"""Figures of an exported model: onnxruntime and numpy only, so that they can be made wherever the worker runs."""
