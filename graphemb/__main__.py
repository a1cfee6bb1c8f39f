"""`python -m graphemb`: the command line."""

import sys

from graphemb.cli import main

if __name__ == "__main__":
    sys.exit(main())
