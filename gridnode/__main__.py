"""`python -m gridnode` is the command `gridnode`."""

from gridnode.cli.main import main

if __name__ == "__main__":
    main()
