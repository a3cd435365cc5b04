"""Synthetic sample data that lets a run start without a download: one module per task, each with `generate()`."""
