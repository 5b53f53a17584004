"""`python -m knk` is the `knk` command."""

import sys

from knk.cli import main

if __name__ == "__main__":
    sys.exit(main())
