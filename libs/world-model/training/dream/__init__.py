"""`dream`: a world model that has its last four frames and where it believes to stand from one step to the next. The rest it dreams."""
