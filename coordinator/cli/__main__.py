"""`python -m coordinator.cli`: the same as `tidegate`."""

from coordinator.cli.main import main

if __name__ == "__main__":
    main()
