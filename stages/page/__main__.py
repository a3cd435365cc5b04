"""Draw the page of finished runs again: `python -m stages.page runs/FOLDER ...`"""

import sys
from pathlib import Path

from stages.config import register_open_nodes
from stages.page.document import draw
from stages.terminal import fail, say

register_open_nodes()
if not sys.argv[1:]:
    fail("no folder given. Name finished runs: python -m stages.page runs/FOLDER ...")
for word in sys.argv[1:]:
    if not (Path(word) / "metrics.json").is_file():
        fail(f"{word}: there is no metrics.json in it. Name the folder of a finished run.")
    say(str(draw(Path(word))))
