"""What samples draw by chance, the same everywhere: by `random()` alone, whose sequence Python promises to keep."""


def pick(rng, options):
    """One of `options`."""
    return options[int(rng.random() * len(options))]


def unseen(size, seen, key, make, *given):
    """`size` rows as `make(*given)` gives them, without those whose `key` is in `seen`, which grows by theirs."""
    rows = []
    while len(rows) < size:
        row = make(*given)
        if key(row) not in seen:
            seen.add(key(row))
            rows.append(row)
    return rows
