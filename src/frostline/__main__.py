"""`python -m frostline`: the same command line as `frostline`."""

from frostline.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
