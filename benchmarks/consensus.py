"""The same as `govchain bench consensus`, with options passed on."""

import sys

from govchain.cli.app import run

if __name__ == "__main__":
    sys.exit(run(["bench", "consensus", *sys.argv[1:]]))
