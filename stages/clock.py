"""Where a run's time goes: seconds by phase, and seconds in words."""

import time


class Clock:
    """`started`: seconds since the epoch. `clock.lap("training")` says that the time since the lap before was training,
    and adds it to `seconds`."""

    def __init__(self):
        self.started, self.seconds, self._last = time.time(), {}, time.monotonic()

    def lap(self, phase):
        now = time.monotonic()
        self.seconds[phase] = round(self.seconds.get(phase, 0.0) + now - self._last, 2)
        self._last = now

    def give(self, phase, parts):
        """Say that of what was one phase so far, these seconds were others: {"evaluation": 2.5}."""
        for name, seconds in parts.items():
            self.seconds[phase] = round(self.seconds[phase] - seconds, 2)
            self.seconds[name] = round(self.seconds.get(name, 0.0) + seconds, 2)


def duration(seconds):
    """Seconds in words: 40 s, 3 min, 2 h 05 min."""
    minutes = round(seconds / 60)
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02} min"
