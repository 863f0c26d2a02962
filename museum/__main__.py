"""``python -m museum FILE`` writes the document into a file; without a name it is printed."""

import sys
from pathlib import Path

from museum.book import markdown

if len(sys.argv) > 1:
    Path(sys.argv[1]).write_text(markdown(), encoding="utf-8")
else:
    sys.stdout.write(markdown())
