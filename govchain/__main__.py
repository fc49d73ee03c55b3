"""`python -m govchain` is the `govchain` command. Nothing else may live here."""

from govchain.cli import main

if __name__ == "__main__":
    main()
