"""What the fitting of every model shares: descent with Muon and Adam, a running average, checkpoints."""
