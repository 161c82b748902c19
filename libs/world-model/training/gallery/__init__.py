"""`gallery`: a state-space world model. State is a pose; a learned transition moves it, a learned view draws it."""
