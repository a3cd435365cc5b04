"""What every run does, one file per step."""
