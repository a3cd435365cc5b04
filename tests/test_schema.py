"""The schema: what it checks exists."""

from stages.schema import KEYS, MORE, TRACKING, VALUES
from stages.trackers import KEYS as TRACKER_KEYS


def test_checked_values_are_keys():
    known = {f"{place.split('.')[0]}.{k}" for place, kinds in KEYS.items() for ks in kinds.values() for k in ks.split()}
    known |= (
        {f"tracking.{name}" for name in TRACKING.split()}
        | {f"{group}.{name}" for group, names in MORE.items() for name in names}
        | {"batch_size", "batching", "batch_tokens", "seed", "rerun", "output_root"}
    )
    known |= {f"tracking.{tracker}.{name}" for tracker, names in TRACKER_KEYS.items() for name in names.split()}
    assert {k for keys in VALUES.values() for k in keys.split()} <= known
