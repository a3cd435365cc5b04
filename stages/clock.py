"""Where a run's time goes: seconds by phase."""

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
