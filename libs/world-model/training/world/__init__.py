"""The place a model learns: solids, light, camera, motion. Numpy only, so that evaluation needs no torch."""
