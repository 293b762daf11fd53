"""`python -m proface` is `proface`."""

from proface.cli import main

if __name__ == "__main__":
    main()
