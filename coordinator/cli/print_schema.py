"""`python -m coordinator.cli.print_schema`: what `tidegate schema` becomes; needs no coordinator."""

import argparse
import json
import sys

from config.schema import process_schema
from tasks.catalog import KindError, parameters


def main() -> int:
    argparse.ArgumentParser(
        prog="tidegate schema",
        description="Print the JSON Schema of the process file, for editors that complete and check it.",
        epilog="Begin tidegate.yaml with: # yaml-language-server: $schema=./tidegate.schema.json",
    ).parse_args()
    try:
        schema = process_schema(parameters())
    except KindError as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    sys.stdout.write(json.dumps(schema, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
