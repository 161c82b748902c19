"""Model cards: what a model is, how each figure was made, and what it is not."""
