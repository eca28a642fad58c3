"""`python -m clickcollect`, the same as the console script."""

from clickcollect.cli import main

if __name__ == "__main__":
    main()
