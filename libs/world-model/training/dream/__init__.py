"""`dream`: a world model that remembers nothing but its last four frames, and therefore drifts. That is its point."""
