"""The same as `govchain bench hotpath`, with options passed on."""

import sys

from govchain.cli.app import run

if __name__ == "__main__":
    sys.exit(run(["bench", "hotpath", *sys.argv[1:]]))
