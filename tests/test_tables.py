"""Tables on the terminal: lines break between words, and nothing is wider than the terminal where that can be."""

import pytest

from stages import terminal

ROWS = [{"group": "learning_rate=0.0001 head=crf", "interval": "[-0.2776, -0.1272]", "p": 0.014}]


@pytest.mark.parametrize("room", [30, 31, 44, 45, 60, 80])
def test_words_stay_whole_where_there_is_room(room):
    """Longest words 20 + 9 + 6 and 10 for the borders: 45. Whole texts: 29 + 18 + 6."""
    widths = terminal._widths(ROWS, room)
    if room < 45:
        assert widths == {}
        return
    assert sum(widths.values()) + 10 == min(room, 29 + 18 + 6 + 10)
    assert widths["group"] >= 20 and widths["interval"] >= 9 and widths["p"] == 6


def test_a_table_of_a_narrow_terminal(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "50")
    terminal.console.cache_clear()
    try:
        terminal.table("a title", ROWS)
    finally:
        terminal.console.cache_clear()
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 50 and any("learning_rate=0.0001" in line for line in lines)
    assert any("-0.2776," in line for line in lines) and any("-0.1272]" in line for line in lines)
