"""report.html: one self-contained page about a run, made from what the run left. `document.py` is the start."""
