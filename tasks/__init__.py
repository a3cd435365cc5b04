"""What differs from problem to problem: one file per task; `contract.py` says what a task is."""
